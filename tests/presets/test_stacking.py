"""What the presets are made of: encodings, weights, intervals."""

import copy
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import minimize
from scipy.stats import norm, rankdata
from sklearn.linear_model import RidgeCV
from sklearn.metrics import root_mean_squared_error

from perceptrons.presets import (
    encodings,
    stacking,
    tabular_classifier,
    tabular_regressor,
)
from perceptrons.presets.encodings import ENCODINGS, Scaler


@pytest.fixture
def columns():
    """Return 200 rows: a skewed number, whole numbers, an indicator, a constant."""
    rng = np.random.default_rng(0)
    return np.column_stack(
        [
            rng.lognormal(size=200),
            rng.integers(5, size=200),
            rng.integers(2, size=200),
            np.full(200, 3.0),
        ]
    )


def encode(name, X, rows=None):
    encoder = ENCODINGS[name].of(Scaler.of(X), X, np.random.RandomState(0))
    return encoder(X if rows is None else rows)


@pytest.mark.parametrize("name", ENCODINGS)
def test_only_numbers_are_encoded_and_their_unit_does_not_matter(name, columns):
    plain, encoded = encode("plain", columns), encode(name, columns)
    assert encoded.dtype == np.float32
    assert_array_equal(encoded[:, 2:4], plain[:, 2:4])
    other = encode(name, columns * [1024, 0.5, 1, 1])
    assert_allclose(other, encoded, atol=1e-5)
    assert np.isfinite(encode(name, columns, columns * 1e30)).all()
    assert_array_equal(encode(name, columns[:, 2:]), encode("plain", columns[:, 2:]))


def test_bins_say_how_far_a_number_has_come_in_each(columns):
    edges = np.quantile(columns[:, 0], np.linspace(0, 1, 9))
    levels = np.unique(np.quantile(columns[:, 1], np.linspace(0, 1, 9)))
    bins = encode("bins", columns)[:, 4:]
    assert bins.shape[1] == 8 + len(levels) - 1
    share = (columns[:, [0]] - edges[:-1]) / np.diff(edges)
    assert_allclose(bins[:, :8], np.clip(share, 0, 1), atol=1e-6)


def test_many_columns_get_few_bins():
    X = np.random.default_rng(0).normal(size=(50, 100))
    assert encode("bins", X).shape[1] == 100 + 100 * encodings.LEAST_BINS


def test_ranks_become_those_of_a_normal(columns):
    expected = norm.ppf((rankdata(columns[:, 0]) - 0.5) / 200)
    inner = np.abs(expected) < 1.5
    assert_allclose(encode("normal", columns)[inner, 0], expected[inner], atol=0.03)
    assert_array_equal(
        rankdata(encode("normal", columns)[:, 0]), rankdata(columns[:, 0])
    )
    levels = np.unique(encode("normal", columns)[:, 1])
    ranks = (rankdata(columns[:, 1]) - 0.5) / 200
    assert_allclose(levels, norm.ppf(np.unique(ranks)), atol=1e-6)


def test_cosines_are_of_the_frequencies_drawn(columns):
    encoder = ENCODINGS["cosines"].of(
        Scaler.of(columns), columns, np.random.RandomState(0)
    )
    scaled = encode("plain", columns)
    for number in range(2):
        for k in range(encodings.COSINES):
            turns = scaled[:, number] * encoder.frequency[number, k]
            expected = np.cos(2 * np.pi * (turns + encoder.phase[number, k]))
            place = 4 + number * encodings.COSINES + k
            assert_allclose(encoder(columns)[:, place], expected, atol=1e-5)


def test_weights_of_least_squares_are_those_of_a_general_solver():
    rng = np.random.default_rng(1)
    y, weights = rng.normal(size=300), rng.uniform(size=300)
    members = y[:, None] + rng.normal(size=(300, 4)) * [0.5, 0.6, 0.7, 3.0]
    members[:, 1] = members[:, 0] + 0.3 * rng.normal(size=300)

    def loss(share):
        return np.average((members @ share - y) ** 2, weights=weights)

    best = minimize(
        loss,
        np.full(4, 0.25),
        bounds=[(0, 1)] * 4,
        constraints={"type": "eq", "fun": lambda share: share.sum() - 1},
        tol=1e-12,
    )
    got = stacking.squares(members, y, weights)
    assert_allclose(got.sum(), 1)
    assert_allclose(got, np.where(best.x < stacking.LEAST, 0, best.x), atol=0.02)


def test_weights_of_greatest_likelihood_are_those_of_a_general_solver():
    rng = np.random.default_rng(2)
    p, weights = rng.beta(2, 1, size=(400, 3)), rng.uniform(size=400)
    p[:, 2] *= 0.2

    def loss(share):
        return -np.average(np.log(p @ share), weights=weights)

    best = minimize(
        loss,
        np.full(3, 1 / 3),
        bounds=[(0, 1)] * 3,
        constraints={"type": "eq", "fun": lambda share: share.sum() - 1},
        tol=1e-12,
    )
    got = stacking.likelihood(p, weights)
    assert_allclose(got, np.where(best.x < stacking.LEAST, 0, best.x), atol=0.02)


def test_little_is_lost_to_a_line_where_the_truth_is_one():
    rng = np.random.default_rng(3)
    ratios = []
    for _ in range(3):
        X = rng.normal(size=(2120, 12))
        y = X @ rng.normal(size=12) + 3 * rng.normal(size=2120)
        ours = tabular_regressor(effort="small", random_state=0).fit(X[:120], y[:120])
        line = RidgeCV(np.logspace(-2, 3, 11)).fit(X[:120], y[:120])
        ratios.append(
            root_mean_squared_error(y[120:], ours.predict(X[120:]))
            / root_mean_squared_error(y[120:], line.predict(X[120:]))
        )
    assert np.mean(ratios) < 1.03


def test_bends_along_columns_are_found():
    rng = np.random.default_rng(4)
    X = rng.uniform(size=(1200, 6))
    y = np.sin(12 * X[:, 0]) + (X[:, 1] > 0.37) + 0.1 * rng.normal(size=1200)
    model = tabular_regressor(effort="small", random_state=0).fit(X[:600], y[:600])
    assert model.score(X[600:], y[600:]) > 0.93
    assert model.chosen_[0]["encoding"] != "plain"


def test_intervals_hold_what_they_say():
    rng = np.random.default_rng(5)
    X = rng.uniform(-2, 2, (3300, 3))
    y = 50 + 10 * (np.sin(2 * X[:, 0]) + X[:, 1] + 0.5 * rng.standard_t(4, size=3300))
    model = tabular_regressor(effort="small", random_state=0).fit(X[:300], y[:300])
    for level in (0.5, 0.9):
        low, high = model.predict_interval(X[300:], level).T
        assert abs(np.mean((low <= y[300:]) & (y[300:] <= high)) - level) < 0.05
    mean, std = model.predict(X[300:], return_std=True)
    assert_array_equal(mean, model.predict(X[300:]))
    error = np.sqrt(np.mean((mean - y[300:]) ** 2))
    assert abs(np.sqrt(np.mean(std**2)) / error - 1) < 0.15
    assert (np.diff(model.predict_interval(X[:5], 0.5)) > 0).all()


def test_sets_hold_what_they_say():
    rng = np.random.default_rng(6)
    X = rng.normal(size=(2400, 2))
    centers = np.array([[0, 0], [1.5, 0], [0, 1.5]])
    y = (
        -((X[:, None] - centers) ** 2).sum(axis=2) + rng.gumbel(size=(2400, 3))
    ).argmax(axis=1)
    model = tabular_classifier(effort="small", random_state=0).fit(X[:400], y[:400])
    for level in (0.8, 0.95):
        sets = model.predict_set(X[400:], level)
        held = sets[np.arange(2000), y[400:]].mean()
        assert level - 0.04 < held < level + 0.05
        assert sets.any(axis=1).all()
    assert (
        model.predict_set(X[400:], 0.8).sum() < model.predict_set(X[400:], 0.95).sum()
    )


@pytest.fixture(scope="module")
def fitted():
    """Return a regressor and a classifier of the left half of a curve."""
    rng = np.random.default_rng(7)
    X = rng.uniform(-2, 2, (1200, 2))
    y = np.sin(2 * X[:, 0]) + 0.5 * X[:, 1] + 0.1 * rng.normal(size=1200)
    left = X[:, 0] < 0
    regressor = tabular_regressor(effort="small", random_state=0)
    classifier = tabular_classifier(effort="small", random_state=0)
    labels = np.array(["high", "low"])[(y < 0).astype(int)]
    regressor.fit(X[left][:300], y[left][:300])
    return regressor, classifier.fit(X[:300], labels[:300]), X, y, labels


def test_a_predictor_asks_all_networks_in_one_call(fitted):
    regressor, classifier, X, _, _ = fitted
    for model, slow in (
        (regressor, regressor.predict),
        (classifier, classifier.predict_proba),
    ):
        fast = model.predictor()
        assert_allclose(fast(X), slow(X), rtol=1e-4, atol=1e-5)
        assert_allclose(fast(X[:1]), slow(X[:1]), rtol=1e-4, atol=1e-5)
        with ThreadPoolExecutor(8) as pool:
            rows = [X[k : k + 1 + k % 3] for k in range(400)]
            together = list(pool.map(fast, rows))
        for given, got in zip(rows, together, strict=True):
            assert_array_equal(got, fast(given))
        with pytest.raises(ValueError, match="X must have shape \\(n, 2\\)"):
            fast(X[0])


def test_refining_follows_a_shift_and_keeps_the_shape(fitted):
    regressor, classifier, X, y, labels = fitted
    model, left = copy.deepcopy(regressor), X[:, 0] < 0
    X_new, y_new = X[left], y[left] + 0.8
    known = len(model._misses)
    before = model.score(X_new[300:], y_new[300:])
    assert model.refine(X_new[:300], y_new[:300]) is model
    assert model.score(X_new[300:], y_new[300:]) > 0.9 > 0.5 > before
    assert len(model._misses) == known + 300
    low, high = model.predict_interval(X_new).T
    assert np.isfinite(high - low).all()
    other = copy.deepcopy(classifier).refine(X[300:600], labels[300:600])
    assert other.score(X[600:], labels[600:]) > 0.9
    with pytest.raises(ValueError, match="y must hold classes that fit has seen"):
        other.refine(X[:2], ["low", "middle"])


@pytest.mark.parametrize("indicators", [0, 2])
def test_quantiles_found_by_bisection_are_the_same_bits(indicators):
    rng = np.random.default_rng(7)
    X = np.c_[rng.normal(size=(300, 3)), rng.integers(4, size=(300, 1))]
    X = np.hstack([X, rng.integers(2, size=(300, indicators))])
    encoder = ENCODINGS["normal"].of(Scaler.of(X), X, np.random.RandomState(0))
    beyond = np.array([X.min(axis=0) - 1, X.max(axis=0) + 1, X.max(axis=0)])
    for rows in (X[:1], X[5:12], beyond, X, 0.5 * (X[:8] + X[8:16])):
        assert_array_equal(encoder.fast()(rows), encoder(rows))
