"""CV+ intervals and cross-conformal sets, against all sums written down."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import KFold, TimeSeriesSplit

from perceptrons import MLPRegressor, fit_folds, intervals, predict_interval


def test_ends_are_order_statistics_of_all_sums():
    rng = np.random.default_rng(0)
    centers = rng.normal(size=(20, 3))
    misses = [rng.exponential(size=size) for size in (13, 12, 14)]
    n = 39
    for level in (0.5, 0.8, 0.9):
        above = np.concatenate([centers[:, [k]] + misses[k] for k in range(3)], axis=1)
        below = np.concatenate([centers[:, [k]] - misses[k] for k in range(3)], axis=1)
        rank = int(np.ceil(level * (n + 1)))
        expected = np.sort(below)[:, n - rank], np.sort(above)[:, rank - 1]
        got = intervals.ends(centers, misses, level=level)
        assert_allclose(got, np.column_stack(expected), atol=1e-12)


def test_weights_count_as_copies():
    rng = np.random.default_rng(1)
    centers, misses = rng.normal(size=(5, 2)), [rng.exponential(size=30)] * 2
    times = rng.integers(1, 4, size=30)
    copies = [np.repeat(part, times) for part in misses]
    for level in (0.5, 0.9):
        assert_allclose(
            intervals.ends(centers, misses, [times.astype(float)] * 2, level=level),
            intervals.ends(centers, copies, level=level),
            atol=1e-12,
        )


def test_too_few_rows_give_infinite_ends():
    got = intervals.ends(np.zeros((2, 2)), [np.ones(4), np.ones(4)], level=0.9)
    assert_array_equal(got, [[-np.inf, np.inf]] * 2)
    got = intervals.ends(np.zeros((2, 2)), [np.ones(5), np.ones(4)], level=0.9)
    assert_allclose(got, [[-1, 1]] * 2)


def test_sets_count_the_rows_that_are_less_strange():
    rng = np.random.default_rng(2)
    scores = rng.uniform(size=(10, 2, 3))
    known = [rng.uniform(size=15), rng.uniform(size=16)]
    less = sum((known[k][:, None, None] < scores[:, k]).sum(axis=0) for k in range(2))
    assert_array_equal(intervals.members(scores, known, level=0.8), less < 0.8 * 32)


def test_new_rows_are_held_as_often_as_asked():
    rng = np.random.default_rng(3)
    held = []
    for _ in range(150):
        X = rng.normal(size=(1060, 5))
        y = X[:, 0] + rng.standard_t(3, size=1060)
        folds = list(KFold(5).split(X[:60]))
        models = [LinearRegression().fit(X[kept], y[kept]) for kept, _ in folds]
        low, high = predict_interval(models, X[:60], y[:60], folds, X[60:]).T
        held.append(np.mean((low <= y[60:]) & (y[60:] <= high)))
    # The mean of 150 training sets has a standard error of 0.4 points.
    assert 0.885 < np.mean(held) < 0.94


def test_fit_folds_gives_intervals_that_hold():
    rng = np.random.default_rng(4)
    X = rng.uniform(-2, 2, (1400, 2))
    y = np.sin(2 * X[:, 0]) + X[:, 1] + 0.3 * rng.normal(size=1400)
    folds = list(KFold(5, shuffle=True, random_state=0).split(X[:400]))
    net = MLPRegressor(
        hidden_layer_sizes=(20,),
        learning_rate_init=0.02,
        schedule="cosine",
        max_iter=60,
        n_iter_no_change=60,
        batch_size=20,
        tol=0,
        random_state=0,
    )
    with pytest.warns():
        nets = fit_folds(net, X[:400], y[:400], folds)
    low, high = predict_interval(nets, X[:400], y[:400], folds, X[400:]).T
    assert 0.86 < np.mean((low <= y[400:]) & (y[400:] <= high)) < 0.95
    assert np.mean(high - low) < 1.4
    narrow = predict_interval(nets, X[:400], y[:400], folds, X[400:], level=0.5)
    assert (np.diff(narrow) < (high - low)[:, None]).all()


def test_what_gives_no_interval_is_refused():
    X = np.arange(20.0)[:, None]
    models = [LinearRegression().fit(X, X[:, 0])] * 4
    folds = list(KFold(4).split(X))
    with pytest.raises(ValueError, match="level must be in"):
        predict_interval(models, X, X[:, 0], folds, X, level=90)
    with pytest.raises(ValueError, match="folds must be a pair"):
        predict_interval(models[:3], X, X[:, 0], folds, X)
    with pytest.raises(ValueError, match="folds must leave out each of 20 rows once"):
        predict_interval(models, X, X[:, 0], TimeSeriesSplit(4).split(X), X)
