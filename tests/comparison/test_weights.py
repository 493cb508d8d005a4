"""Weights of rows: as good as rows repeated, in fits, metric and influence."""

import numpy as np
import pandas as pd
import pytest
from light import lighten
from numpy.testing import assert_allclose
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.metrics import mean_absolute_error
from sklearn.model_selection import GridSearchCV, LeaveOneOut, cross_val_predict
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import perceptrons
from perceptrons.comparison.folds import Links, make_folds
from perceptrons.comparison.measures import MEASURES
from perceptrons.comparison.ridge import STRENGTHS, ValidatedRidge
from perceptrons.comparison.splines import SplineClassifier
from perceptrons.comparison.ties import Ties, tied
from perceptrons.comparison.weights import take_weights
from perceptrons.tables import DataError


def rows(name, n, rng):
    """Return truths and predictions that suit a measure."""
    if MEASURES[name].classes:
        y = rng.permutation(np.arange(n) % 3)
        return y, rng.dirichlet(np.ones(3), n)
    return rng.poisson(3.0, n).astype(float), rng.gamma(3.0, size=n)


WEIGHTED = sorted(set(MEASURES) - {"1 - AUC"})


@pytest.mark.parametrize("name", WEIGHTED)
def test_a_row_of_weight_two_counts_as_two_rows(name, rng):
    y, predicted = rows(name, 60, rng)
    weights = rng.integers(1, 4, 60)
    value = MEASURES[name].value(y, predicted, weights.astype(float))
    twice = MEASURES[name].value(np.repeat(y, weights), predicted.repeat(weights, 0))
    assert_allclose(value, twice, rtol=1e-12)


@pytest.mark.parametrize("name", WEIGHTED)
def test_a_weighted_row_moves_the_value_by_its_influence(name, rng):
    n, measure = 600, MEASURES[name]
    y, predicted = rows(name, n, rng)
    weights = rng.uniform(0.5, 2, n)
    value, moved = measure.influence(y, predicted, weights)
    assert abs(moved.mean()) < 1e-12
    kept = ~np.eye(n, dtype=bool)[:30]
    left = [n * (value - measure.value(y[k], predicted[k], weights[k])) for k in kept]
    assert_allclose(left, moved[:30], atol=0.02 * np.abs(moved).max())


def test_equal_weights_change_no_ridge(rng):
    X, y = rng.normal(size=(40, 3)), rng.normal(size=40)
    free, equal = (ValidatedRidge().fit(X, y, w) for w in (None, np.ones(40)))
    np.testing.assert_allclose(free.coef_, equal.coef_, rtol=1e-12)
    assert free.alpha_ == equal.alpha_


def test_weighted_ridge_leaves_out_each_row_as_scikit_learn_would(rng):
    X, y = rng.normal(size=(30, 4)), rng.normal(size=30)
    weights = rng.uniform(0.2, 3, 30)
    ours = ValidatedRidge().fit(X, y, weights)
    errors = [
        np.average(
            (y - cross_val_predict(
                Ridge(alpha), X, y, cv=LeaveOneOut(), params={"sample_weight": weights}
            )) ** 2,
            weights=weights,
        )
        for alpha in STRENGTHS
    ]  # fmt: skip
    assert ours.alpha_ == STRENGTHS[int(np.argmin(errors))]
    assert_allclose(ours.error_, min(errors), rtol=1e-8)
    theirs = Ridge(ours.alpha_).fit(X, y, weights)
    assert_allclose(ours.coef_, theirs.coef_, rtol=1e-8)


def test_splines_of_classes_weigh_rows(rng):
    X, y = rng.normal(size=(90, 1)), np.arange(90) % 2
    weights = np.where(y, 9.0, 1.0)
    share = SplineClassifier().fit(X, y, weights).predict_proba(X)[:, 1].mean()
    assert share == pytest.approx(0.9, abs=0.02)


def test_weights_find_the_fit_in_pipelines_and_searches():
    ties = Ties(weights=np.ones(4))
    search = GridSearchCV(make_pipeline(StandardScaler(), Ridge()), {})
    for model, name in (
        (Ridge(), "sample_weight"),
        (make_pipeline(StandardScaler(), Ridge()), "ridge__sample_weight"),
        (search, "ridge__sample_weight"),
    ):
        given = tied(model, ties, np.zeros(4), 0, own=False, classes=False)
        assert list(given) == [name]
    assert tied(KNeighborsRegressor(), ties, np.zeros(4), 0, own=False, classes=0) == {}


def data(rng):
    X = pd.DataFrame(rng.normal(size=(90, 2)), columns=["a", "b"])
    X["stands for"] = rng.uniform(0.2, 3, 90)
    return X, X["a"].to_numpy() ** 2 + X["b"].to_numpy() + rng.normal(size=90)


def test_a_comparison_weighs_fits_and_metric_and_tells_who_does_not(monkeypatch, rng):
    lighten(monkeypatch)
    X, y = data(rng)
    weights = X["stands for"].to_numpy()
    found = perceptrons.compare(
        X, y, weights="stands for", candidates={"near": KNeighborsRegressor()},
        metric="MAE", repeats=2, n_folds=3, random_state=0, n_jobs=1,
    )  # fmt: skip
    assert "stands for" not in found.prepared.features
    assert any(text.startswith("near fits all rows alike") for text in found.caveats)
    own = found.scores.query("candidate == 'OLS'")["value"]
    Z, expected = X[["a", "b"]], []
    for fold in make_folds(y, Links(), classes=False, n_folds=3, repeats=2, seed=0):
        train, test = fold.train, fold.test
        model = LinearRegression().fit(Z.iloc[train], y[train], weights[train])
        guess = model.predict(Z.iloc[test])
        expected.append(
            mean_absolute_error(y[test], guess, sample_weight=weights[test])
        )
    assert_allclose(own, expected, rtol=1e-10)


class Keeps(RegressorMixin, BaseEstimator):
    """A weighted mean."""

    def fit(self, X, y, sample_weight=None):
        self.mean_ = np.average(y, weights=sample_weight)
        return self

    def predict(self, X):
        return np.full(len(X), self.mean_)


def test_the_winner_is_fitted_with_weights(monkeypatch, rng):
    lighten(monkeypatch)
    X, y = data(rng)
    found = perceptrons.compare(
        X, y, weights="stands for", candidates={"keeps": Keeps()}, repeats=1,
        n_folds=3, random_state=0, n_jobs=1,
    )  # fmt: skip
    mean = found.fitted("keeps")[-1].mean_
    assert mean == pytest.approx(np.average(y, weights=X["stands for"]))


@pytest.mark.parametrize("bad", [0.0, -1.0, np.inf, "much"])
def test_weights_must_be_above_0(bad):
    X = pd.DataFrame({"a": [1.0, 2.0], "w": pd.Series([1.0, bad], dtype=object)})
    with pytest.raises(ValueError, match=r"finite numbers above 0.*in row 2"):
        take_weights(X, "w")


def test_auc_takes_no_weights(rng):
    X, y = data(rng)
    with pytest.raises(ValueError, match="'AUC' takes no weights"):
        perceptrons.compare(X, y > 1, weights="stands for", metric="AUC")


def test_dates_are_no_weights(rng):
    X = pd.DataFrame({"a": rng.normal(size=40)})
    X["day"] = pd.date_range("2020-01-01", periods=40)
    with pytest.raises(DataError, match="weights must be numbers, got dates"):
        perceptrons.compare(X, X["a"], weights="day")
