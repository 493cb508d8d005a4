"""What columns are worth, against scikit-learn's permutation importance."""

import warnings

import numpy as np
import pandas as pd
import pytest
from light import lighten
from numpy.testing import assert_allclose
from scipy import stats
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LinearRegression

import perceptrons
from perceptrons.comparison import importance
from perceptrons.comparison.dependence import MOST_FEATURES
from perceptrons.comparison.importance import summary
from perceptrons.comparison.worth import strongest_columns, worth


def table(n, rng):
    X = pd.DataFrame(rng.normal(size=(n, 3)), columns=["weak", "strong", "idle"])
    X["town"] = rng.choice(["here", "there", "far"], n)
    y = 3 * X["strong"] + 0.5 * X["weak"] + 2 * (X["town"] == "far")
    return X, y.to_numpy() + 0.3 * rng.normal(size=n)


SHORT = {"repeats": 2, "n_folds": 3, "random_state": 0, "n_jobs": 1}


@pytest.fixture(scope="module")
def found():
    with pytest.MonkeyPatch.context() as patch:
        lighten(patch)
        yield perceptrons.compare(*table(240, np.random.default_rng(0)), **SHORT)


def test_every_fold_of_the_first_repeat_asks_every_column_of_every_model(found):
    rises = found.importance
    models = set(found.candidates.index) - {"constant"}
    assert set(rises["candidate"]) == models
    assert set(rises["repeat"]) == {0}
    assert len(rises) == 3 * 4 * len(models)


def test_the_strongest_columns_come_first_and_an_idle_one_is_worth_nothing(found):
    assert strongest_columns(found) == ["strong", "town", "weak", "idle"]
    means = summary(found.importance, 0.5).set_index(["candidate", "column"])
    for model in ("network", "OLS"):
        idle, strong = means.loc[(model, "idle")], means.loc[(model, "strong")]
        assert idle["low"] < 0.05
        assert idle["high"] > -0.05
        assert strong["low"] > 0.5


def test_a_line_is_worth_what_scikit_learn_says(monkeypatch, rng):
    # One permutation scatters; the mean over folds is close to that of many.
    lighten(monkeypatch)
    X = pd.DataFrame(rng.normal(size=(600, 2)), columns=["a", "b"])
    y = (2 * X["a"] + X["b"]).to_numpy() + 0.5 * rng.normal(size=600)
    rises = perceptrons.compare(X, y, **SHORT).importance
    ours = rises.query("candidate == 'OLS'").groupby("column")["rise"].mean()
    line = LinearRegression().fit(X[:300], y[:300])
    theirs = permutation_importance(
        line, X[300:], y[300:], n_repeats=20, random_state=0,
        scoring="neg_root_mean_squared_error",
    )  # fmt: skip
    assert_allclose(ours[["a", "b"]], theirs.importances_mean, rtol=0.12)


def test_intervals_are_those_of_the_corrected_t_test():
    rises = np.array([1.0, 2.0, 4.0])
    frame = pd.DataFrame({"candidate": "m", "column": "a", "rise": rises})
    (row,) = summary(frame, 0.5).to_dict("records")
    half = stats.t.ppf(0.975, 2) * np.sqrt((1 / 3 + 0.5) * rises.var(ddof=1))
    assert_allclose([row["low"], row["high"]], rises.mean() + np.array([-half, half]))


def test_importance_changes_no_score(found, monkeypatch):
    lighten(monkeypatch)
    monkeypatch.setattr(importance, "MOST_COLUMNS", 3)
    X, y = table(240, np.random.default_rng(0))
    without = perceptrons.compare(X, y, **SHORT)
    assert without.importance.empty
    columns = ["value", "second"]
    pd.testing.assert_frame_equal(found.scores[columns], without.scores[columns])
    assert list(worth(without)) == []
    assert strongest_columns(without) == []


def test_the_pictures_show_both_models_along_the_strongest_columns(found):
    strengths, effects = worth(found)
    names = {found.network, found.reference}
    assert set(strengths["table"]["candidate"]) == names
    assert len(strengths["figure"].axes[0].get_yticklabels()) == 4
    features = list(dict.fromkeys(effects["table"]["feature"]))
    assert features == strongest_columns(found)[:MOST_FEATURES]
    assert set(effects["table"]["candidate"]) == names


def test_classes_have_importances_too(monkeypatch, rng):
    lighten(monkeypatch)
    X, y = table(150, rng)
    assert strongest_columns(perceptrons.compare(X, y > 0, **SHORT))[0] == "strong"


def test_rare_classes_have_a_rise_under_auc(monkeypatch, rng):
    lighten(monkeypatch)
    X = pd.DataFrame(rng.normal(size=(1300, 2)), columns=["self", "idle"])
    y = np.where(X["self"].rank(ascending=False) <= 13, "rare", "usual")
    asked = {**SHORT, "metric": "AUC", "repeats": 1}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        rises = perceptrons.compare(X, y, **asked).importance
    assert np.isfinite(rises["rise"]).all()
