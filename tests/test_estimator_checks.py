"""scikit-learn's checks of the estimator contract, with no expected failure."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from perceptrons import MLPClassifier, MLPRegressor

# Mini-batches: leaving a row out (or repeating it) changes which rows share a batch,
# so a weight cannot equal a repetition. Full-batch training in float64 must pass.
BY_MINI_BATCHES = (
    "check_sample_weight_equivalence_on_dense_data",
    "check_sample_weight_equivalence_on_sparse_data",
)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:y holds one class:UserWarning")
@parametrize_with_checks([MLPRegressor(), MLPClassifier()])
def test_default_configuration_keeps_the_contract(estimator, check):
    if check.func.__name__ in BY_MINI_BATCHES:
        pytest.skip("checked with full batches below: mini-batches cannot hold it")
    check(estimator)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:y holds one class:UserWarning")
@parametrize_with_checks(
    [
        MLPRegressor(solver="gd", dtype="float64", learning_rate_init=0.01),
        MLPClassifier(solver="gd", dtype="float64", learning_rate_init=0.1),
        MLPRegressor(solver="lbfgs", dtype="float64", max_iter=20),
    ]
)
def test_full_batch_float64_keeps_the_whole_contract(estimator, check):
    check(estimator)
