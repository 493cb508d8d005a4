"""Ridge by held-out rows, splines, and forecasts, against scikit-learn and by hand."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeCV
from sklearn.metrics import log_loss
from sklearn.model_selection import GroupKFold

from perceptrons.comparison.naive import LastValue, SeasonalNaive
from perceptrons.comparison.ridge import STRENGTHS, ValidatedRidge
from perceptrons.comparison.splines import Basis, SplineClassifier, SplineRegressor


@pytest.mark.parametrize("shape", [(80, 12), (30, 50)])
def test_ridge_is_that_of_ridge_cv(shape, rng):
    X = rng.normal(1.0, 2.0, size=shape)
    y = X[:, 0] - X[:, 1] + rng.normal(size=len(X))
    ours, theirs = ValidatedRidge().fit(X, y), RidgeCV(STRENGTHS).fit(X, y)
    assert ours.alpha_ == theirs.alpha_
    assert_allclose(ours.error_, -theirs.best_score_, rtol=1e-8)
    assert_allclose(ours.coef_, theirs.coef_, rtol=1e-6, atol=1e-10)
    assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-6, atol=1e-9)


def test_ridge_holds_out_given_folds(rng):
    X, groups = rng.normal(size=(90, 5)), np.repeat(np.arange(9), 10)
    y = X[:, 0] + rng.normal(size=9)[groups] + 0.3 * rng.normal(size=90)
    cv = list(GroupKFold(3).split(X, y, groups))
    found = ValidatedRidge(alphas=[1.0, 100.0], cv=cv).fit(X, y)
    theirs = RidgeCV([1.0, 100.0], cv=cv, scoring="neg_mean_squared_error").fit(X, y)
    assert found.alpha_ == theirs.alpha_
    assert_allclose(found.error_, -theirs.best_score_, rtol=1e-8)


def truth(X):
    return np.sin(2 * X[:, 0]) + np.abs(X[:, 1]) + X[:, 2] / 2


def test_splines_find_a_sum_of_curves(rng):
    X, new = rng.normal(size=(2, 500, 3))
    y = truth(X) + 0.3 * rng.normal(size=500)
    model = SplineRegressor().fit(X, y)
    # A hundred-odd freedoms of 500 rows cost a few per cent of the noise.
    assert np.sqrt(np.mean((model.predict(new) - truth(new)) ** 2)) < 0.12
    assert model.n_parameters_ == 3 * 16 + 1


def test_on_straight_lines_splines_lose_next_to_nothing(rng):
    X, new = rng.normal(size=(2, 300, 5))
    weights = np.array([1.0, -0.8, 0.6, -0.4, 0.2])
    y = X @ weights + rng.normal(size=300)
    errors = [
        np.sqrt(np.mean((model.fit(X, y).predict(new) - new @ weights) ** 2))
        for model in (SplineRegressor(), LinearRegression())
    ]
    assert errors[0] < errors[1] + 0.08


def test_columns_of_few_values_stay_straight(rng):
    X = np.column_stack([rng.integers(2, size=100), np.ones(100)]).astype(float)
    basis = Basis(X, 15)
    assert basis.transform(X, 1.0).shape == (100, 2)
    model = SplineRegressor(n_pairs=3).fit(X, X[:, 0] + 0.1 * rng.normal(size=100))
    assert model.predict(np.array([[1.0, 1.0]])) == pytest.approx(1.0, abs=0.1)


def test_beyond_the_training_rows_splines_go_on_straight(rng):
    x = rng.uniform(0, 1, size=(200, 1))
    model = SplineRegressor().fit(x, x[:, 0] ** 2)
    far = model.predict(np.array([[2.0], [3.0], [4.0]]))
    assert_allclose(np.diff(far, 2), 0.0, atol=1e-8)


def test_the_pairs_are_those_that_the_rest_follows(rng):
    X = rng.normal(size=(400, 6))
    y = X[:, 0] + X[:, 2] * X[:, 5] + 0.1 * rng.normal(size=400)
    model = SplineRegressor(n_pairs=1).fit(X, y)
    assert model._basis.pairs == [(2, 5)]
    new = rng.normal(size=(400, 6))
    alone = SplineRegressor().fit(X, y).predict(new)
    expected = new[:, 0] + new[:, 2] * new[:, 5]
    errors = [np.std(found - expected) for found in (model.predict(new), alone)]
    assert errors[0] < 0.2 * errors[1]


@pytest.mark.parametrize("labels", [["no", "yes"], [3, 1, 2]])
def test_classes_that_bend_are_told_apart(labels, rng):
    X, new = rng.uniform(-2, 2, size=(2, 300, 2))

    def classes(X):
        return np.array(labels)[
            np.digitize(X[:, 0] ** 2, [0.7, 2.0][: len(labels) - 1])
        ]

    y, y_new = classes(X), classes(new)
    ours = SplineClassifier().fit(X, y)
    lines = LogisticRegression().fit(X, y)
    shares = ours.predict_proba(new)
    assert_allclose(shares.sum(axis=1), 1.0)
    assert set(ours.predict(new)) <= set(labels)
    order = np.unique(labels)
    ours_loss, lines_loss = (
        log_loss(y_new, found, labels=order)
        for found in (shares, lines.predict_proba(new))
    )
    assert ours_loss < 0.5 * lines_loss
    columns = 2 * (1 + 8 + 2 - 2)
    assert ours.n_parameters_ == (columns + 1) * (1 if len(labels) == 2 else 3)


def test_exclusive_or_needs_products(rng):
    X, new = rng.uniform(-1, 1, size=(2, 300, 2))
    y, y_new = (rows[:, 0] * rows[:, 1] > 0 for rows in (X, new))
    losses = [
        log_loss(y_new, SplineClassifier(n).fit(X, y).predict_proba(new))
        for n in (0, 10)
    ]
    assert losses[0] > 0.6
    assert losses[1] < 0.2


def test_the_last_value_goes_on():
    model = LastValue().fit(np.zeros((4, 1)), np.array([1.0, 5.0, 2.0, 3.0]))
    assert_allclose(model.predict(np.zeros((2, 1))), [3.0, 3.0])


def test_the_season_is_found_and_goes_on(rng):
    wave = np.array([0.0, 2.0, 1.0, 5.0, 3.0, 1.0, 0.0])
    y = np.tile(wave, 9)[:60] + 0.05 * rng.normal(size=60)
    model = SeasonalNaive().fit(np.zeros((50, 1)), y[:50])
    assert model.n_parameters_ % 7 == 0
    assert_allclose(model.predict(np.zeros((10, 1))), y[50:], atol=0.3)
    # Too short for a season: the last value.
    assert_allclose(SeasonalNaive().fit(None, y[:2]).predict(np.zeros((2, 1))), y[1])
