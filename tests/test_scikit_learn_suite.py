"""scikit-learn's own tests of its MLP, run on our classes.

The installed scikit-learn's test module is loaded with our estimators in the place of
its own. Left out are tests of what is deliberately different, each with its reason.
"""

import importlib.util
from unittest import mock

import pytest
import sklearn.neural_network

import perceptrons

LEFT_OUT = {
    "test_gradient": "calls a private method",
    "test_learning_rate_warmstart": "reads a private attribute",
    "test_adaptive_learning_rate": "reads a private attribute",
    "test_n_iter_no_change": "reads a private attribute",
    "test_n_iter_no_change_inf": "reads a private attribute",
    "test_mlp_param_dtypes": "asks for float64 weights; float32 is tested below",
    "test_early_stopping_stratified": "asks for a refusal; it trains, tested below",
    "test_preserve_feature_names": "trains a classifier on one class; tested below",
}

SPEC = importlib.util.find_spec("sklearn.neural_network.tests.test_mlp")
if SPEC is None or SPEC.loader is None:
    pytest.skip("this scikit-learn comes without its tests", allow_module_level=True)

suite = importlib.util.module_from_spec(SPEC)
with (
    mock.patch.object(
        sklearn.neural_network, "MLPClassifier", perceptrons.MLPClassifier
    ),
    mock.patch.object(sklearn.neural_network, "MLPRegressor", perceptrons.MLPRegressor),
):
    SPEC.loader.exec_module(suite)

assert set(LEFT_OUT) <= set(vars(suite)), "a test left out no longer exists"
globals().update(
    {
        name: pytest.mark.filterwarnings("default")(value)
        for name, value in vars(suite).items()
        if name.startswith("test_") and name not in LEFT_OUT
    }
)
ESTIMATORS = [perceptrons.MLPClassifier, perceptrons.MLPRegressor]


def test_suite_runs_on_our_classes():
    assert suite.MLPRegressor is perceptrons.MLPRegressor
    assert suite.MLPClassifier is perceptrons.MLPClassifier


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_param_dtypes_float32(estimator):
    suite.test_mlp_param_dtypes(dtype=suite.np.float32, Estimator=estimator)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_feature_names_survive_early_stopping(estimator):
    pd = pytest.importorskip("pandas")
    X = pd.DataFrame(suite.np.random.RandomState(0).randn(10, 2), columns=["a", "b"])
    y = pd.Series([0, 1] * 5, name="y")
    model = estimator(early_stopping=True, validation_fraction=0.2, random_state=0)
    model.set_params(max_iter=1000).fit(X, y)
    assert list(model.feature_names_in_) == ["a", "b"]


def test_early_stopping_trains_where_a_class_has_one_row():
    X = [[row, -row] for row in range(40)]
    net = perceptrons.MLPClassifier(early_stopping=True, max_iter=2, random_state=0)
    with pytest.warns(suite.ConvergenceWarning):
        net.fit(X, [0] * 39 + [1])
    assert net.classes_.tolist() == [0, 1]
    assert len(net.validation_scores_) == 2
