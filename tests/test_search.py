"""GridSearch and RandomSearch against scikit-learn's, bit for bit."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from scipy.stats import loguniform
from sklearn.datasets import make_classification, make_regression
from sklearn.exceptions import FitFailedWarning, NotFittedError
from sklearn.linear_model import Ridge
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    RandomizedSearchCV,
)

import perceptrons
from perceptrons import GridSearch, MLPClassifier, MLPRegressor, RandomSearch

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture
def regression():
    """Return 90 rows."""
    return make_regression(90, 4, noise=5.0, random_state=0)


def net(**how):
    return MLPRegressor(
        **{"hidden_layer_sizes": (8,), "max_iter": 15, "random_state": 0, **how}
    )


def same_results(ours, theirs):
    """Compare everything but seconds."""
    timed = ("mean_fit_time", "std_fit_time", "mean_score_time", "std_score_time")
    assert set(ours.cv_results_) == set(theirs.cv_results_)
    for name, values in theirs.cv_results_.items():
        if name not in timed:
            assert_array_equal(ours.cv_results_[name], values)
    assert ours.best_index_ == theirs.best_index_
    assert ours.n_splits_ == theirs.n_splits_
    if theirs.refit:
        assert ours.best_params_ == theirs.best_params_
        for a, b in zip(
            ours.best_estimator_.coefs_, theirs.best_estimator_.coefs_, strict=True
        ):
            assert_array_equal(a, b)


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"cv": 3, "return_train_score": True},
        {"scoring": ["r2", "neg_mean_absolute_error"], "refit": "r2"},
        {"scoring": "neg_mean_squared_error", "refit": False},
        {"refit": lambda results: 1},
    ],
)
def test_grid_gives_the_numbers_of_scikit_learn(regression, how):
    grid = [
        {"alpha": [1e-4, 1.0], "hidden_layer_sizes": [(4,), (8, 4)]},
        {"solver": ["lbfgs"], "activation": ["tanh"]},
    ]
    ours = GridSearch(net(), grid, **how).fit(*regression)
    same_results(ours, GridSearchCV(net(), grid, **how).fit(*regression))


def test_classes_weights_groups_and_frames_are_handed_on():
    X, y = make_classification(90, 5, random_state=0)
    X = pd.DataFrame(X, columns=list("abcde"))
    names, rng = np.array(["no", "yes"])[y], np.random.default_rng(0)
    how = {"groups": np.arange(90) % 9, "sample_weight": rng.uniform(size=90)}
    model = MLPClassifier((6,), max_iter=10, random_state=0, batch_size=16)
    grid = {"learning_rate_init": [1e-3, 1e-2]}
    ours = GridSearch(model, grid, cv=GroupKFold(3)).fit(X, names, **how)
    same_results(ours, GridSearchCV(model, grid, cv=GroupKFold(3)).fit(X, names, **how))
    assert list(ours.feature_names_in_) == list("abcde")
    assert_array_equal(ours.predict(X), ours.best_estimator_.predict(X))
    assert list(ours.classes_) == ["no", "yes"]


def test_random_settings_are_those_of_scikit_learn(regression):
    space = {"alpha": loguniform(1e-5, 10), "hidden_layer_sizes": [(4,), (6,)]}
    how = {"n_iter": 5, "random_state": 3, "cv": KFold(3)}
    ours = RandomSearch(net(), space, **how).fit(*regression)
    same_results(ours, RandomizedSearchCV(net(), space, **how).fit(*regression))


def test_halving_leaves_the_worse_behind(regression):
    grid = {"learning_rate_init": list(np.geomspace(1e-5, 0.1, 9))}
    search = GridSearch(net(max_iter=45), grid, cv=3, halving=3).fit(*regression)
    results = pd.DataFrame(search.cv_results_)
    assert list(results["n_resources"]) == [5] * 9 + [15] * 3 + [45]
    assert list(results["iter"]) == [0] * 9 + [1] * 3 + [2]
    first = results[results["iter"] == 0].nlargest(3, "mean_test_score")
    kept = results[results["iter"] == 1]
    rate = "param_learning_rate_init"
    assert set(kept[rate]) == set(first[rate])
    assert search.best_index_ == 12
    assert search.best_params_["max_iter"] == 45
    assert search.best_estimator_.n_iter_ == 45


@pytest.mark.filterwarnings("ignore:One or more of the test scores")
def test_a_setting_that_cannot_be_fitted_gets_the_error_score(regression):
    grid = {"alpha": [1e-4, -1.0]}
    with pytest.warns(FitFailedWarning, match="5 of 10 fits failed, the first: alpha"):
        search = GridSearch(net(), grid).fit(*regression)
    assert np.isnan(search.cv_results_["mean_test_score"][1])
    assert search.best_params_ == {"alpha": 1e-4}
    with pytest.raises(ValueError, match="alpha must be in"):
        GridSearch(net(), grid, error_score="raise").fit(*regression)
    with pytest.raises(ValueError, match="All 5 of 5 fits failed"):
        GridSearch(net(), {"alpha": [-1.0]}).fit(*regression)


def test_what_it_is_not_for_is_refused(regression):
    with pytest.raises(TypeError, match="estimator must be an MLPRegressor"):
        GridSearch(Ridge(), {"alpha": [1.0]}).fit(*regression)
    with pytest.raises(ValueError, match="halving must be in"):
        GridSearch(net(), {"alpha": [1.0]}, halving=1).fit(*regression)


@pytest.mark.parametrize("refit", [False, lambda results: 0])
def test_halving_by_several_scores_needs_a_name(regression, refit):
    search = GridSearch(
        net(), {"alpha": [1.0, 2.0]}, halving=2, scoring=["r2", "neg_max_error"],
        refit=refit,
    )  # fmt: skip
    with pytest.raises(ValueError, match="refit must name the score"):
        search.fit(*regression)
    with pytest.raises(TypeError, match="fit takes groups and sample_weight"):
        GridSearch(net(), {"alpha": [1.0]}).fit(*regression, extra=1)


@pytest.mark.filterwarnings("ignore:One or more of the test scores")
def test_halving_bears_scores_that_are_no_numbers(regression):
    """A setting without a score is left behind, and all without one end in no error."""

    def score(model, X, y):
        return np.nan if model.alpha > 0.5 or model.max_iter > most else -model.alpha

    most = 30
    grid = {"alpha": [1.0, 0.1, 0.2, 2.0]}
    search = GridSearch(net(max_iter=20), grid, cv=3, halving=2, scoring=score)
    assert search.fit(*regression).best_params_["alpha"] == 0.1
    most = 0
    assert search.fit(*regression).best_params_["max_iter"] == 20


def test_halving_asks_a_callable_refit(regression):
    grid = {"alpha": [1.0, 2.0, 3.0]}
    search = GridSearch(net(), grid, cv=3, halving=3, refit=lambda results: 1)
    assert search.fit(*regression).best_index_ == 1
    assert search.best_params_["alpha"] == 2.0


def test_folds_may_be_masks_and_are_looked_at(regression):
    X, y = regression
    held = np.arange(90) < 30
    grid = {"alpha": [1e-4, 1.0]}
    masks, numbers = (
        GridSearch(net(), grid, cv=[pair]).fit(X, y)
        for pair in ((~held, held), (np.arange(30, 90), np.arange(30)))
    )
    same_results(masks, numbers)
    same_results(masks, GridSearchCV(net(), grid, cv=[(~held, held)]).fit(X, y))


@pytest.mark.parametrize(
    ("how", "match"),
    [
        ({"cv": [(np.ones(5, bool), np.arange(3))]}, "cv must hold one entry per row"),
        ({"cv": [(np.arange(50), np.arange(90, 95))]}, "cv must hold row numbers"),
        ({"cv": [(np.arange(50), [])]}, "cv must hold at least one row"),
        ({"cv": []}, "cv must yield at least one pair"),
        ({"n_jobs": 0}, "n_jobs must be None or an integer other than 0, got 0"),
        ({"n_jobs": "2"}, "'n_jobs' parameter of GridSearch"),
        ({"error_score": "x"}, "'error_score' parameter of GridSearch"),
        ({"return_train_score": "x"}, "'return_train_score' parameter of GridSearch"),
    ],
)
def test_bad_arguments_are_named(regression, how, match):
    with pytest.raises(ValueError, match=match):
        GridSearch(net(), {"alpha": [1.0]}, **how).fit(*regression)


def test_the_best_of_a_search_is_saved(regression, tmp_path):
    X, y = regression
    grid = {"alpha": [0.1, 1.0]}
    search = GridSearch(net(), grid, cv=2, refit=False).fit(X, y)
    with pytest.raises(NotFittedError):
        search.save(tmp_path / "best")
    search.set_params(refit=True).fit(X, y)
    found = perceptrons.load(search.save(tmp_path / "best"))
    assert_array_equal(found.predict(X), search.predict(X))
    assert found.get_params() == search.best_estimator_.get_params()
