"""Levenberg-Marquardt finds least squares, and says truly by what it ended."""

import warnings

import numpy as np
import pytest
from curves import ENGINES, limit_reached
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import least_squares
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from perceptrons import Checkpoint, MLPClassifier, MLPRegressor, levenberg
from perceptrons.activations import resolve
from perceptrons.jacobians import weight_gradient
from perceptrons.losses import HalfSquaredError, MeanSquaredError
from perceptrons.network import Architecture, initialize, layer_outputs
from perceptrons.objective import Problem
from perceptrons.penalties import Penalty

POINTS = np.linspace(-1, 1, 200)[:, None]
RUNGE = 1 / (1 + 25 * POINTS[:, 0] ** 2)


def regressor(**settings):
    given = {"hidden_layer_sizes": (10,), "activation": "tanh", "alpha": 0.0}
    given |= {"dtype": "float64", "max_iter": 1000, "random_state": 0, "tol": 1e-9}
    return MLPRegressor(**{**given, "solver": "lm", **settings})


def rows(n=60, n_outputs=2, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3))
    return X, np.sin(X @ rng.normal(size=(3, n_outputs))) + 0.1 * X[:, :1]


@pytest.mark.parametrize("hidden", [(), (4,), (5, 3)])
def test_weight_gradient_equals_differences_of_the_raw_outputs(hidden):
    X, _ = rows(7)
    architecture = Architecture((3, *hidden, 2))
    activations = resolve("tanh", len(hidden))
    problem = Problem(
        architecture, activations, HalfSquaredError(), Penalty(), np.float64
    )
    rng = np.random.default_rng(1)
    theta = initialize(architecture, activations, "glorot_normal", rng, np.float64)

    def raw(theta):
        return layer_outputs(architecture, activations, theta, X)[-1]

    step = 1e-6
    moved = step * np.eye(len(theta))
    slopes = [(raw(theta + d) - raw(theta - d)) / (2 * step) for d in moved]
    expected = np.moveaxis(slopes, 0, -1)
    assert_allclose(weight_gradient(problem, theta, X), expected, atol=1e-9)


@limit_reached
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("activation", ["tanh", "logistic"])
def test_noiseless_runge_to_nine_digits(engine, activation):
    for seed in range(3):
        model = regressor(
            engine=engine,
            activation=activation,
            random_state=seed,
            tol=1e-12,
            max_iter=300,
        )
        error = np.mean((model.fit(POINTS, RUNGE).predict(POINTS) - RUNGE) ** 2)
        assert error < 1e-9


@pytest.mark.parametrize("loss", ["squared_error", "mean_squared_error"])
def test_a_network_without_hidden_layers_is_weighted_ridge(loss):
    X, Y = rows()
    weights = np.random.default_rng(2).uniform(0.1, 3.0, len(X))
    l2 = 0.03
    model = regressor(loss=loss, hidden_layer_sizes=(), l2=l2, tol=1e-12)
    model.fit(X, Y, sample_weight=weights)
    # Closed form: (A^T W A / n + l2 I / c) B = A^T W Y / n, the bias unpenalized; mean
    # weight 1; c = 1 for half the squares and 2 / K = 1 for their mean over 2 outputs.
    weights /= weights.mean()
    design = np.column_stack([X, np.ones(len(X))])
    penalty = np.diag([l2] * 3 + [0.0])
    normal = design.T @ (weights[:, None] * design) / len(X) + penalty
    expected = np.linalg.solve(normal, design.T @ (weights[:, None] * Y) / len(X))
    assert_allclose(model.coefs_[0], expected[:3], rtol=1e-9)
    assert_allclose(model.intercepts_[0], expected[3], rtol=1e-8, atol=1e-10)
    assert model.outcome_.reason == "converged"


def test_ends_at_no_worse_a_minimum_than_scipy_from_the_same_weights():
    X, Y = rows(n_outputs=1)
    y = Y[:, 0]
    model = regressor(hidden_layer_sizes=(3,), alpha=0.6, tol=1e-10)
    with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):
        first = clone(model).set_params(max_iter=1).fit(X, y)
    architecture = Architecture((3, 3, 1))
    n_weights = architecture.n_weights
    start = architecture.pack(first.coefs_, first.intercepts_, np.float64)
    activations = resolve("tanh", 1)

    def residuals(theta):
        raw = layer_outputs(architecture, activations, theta, X)[-1][:, 0]
        # J = 1/2 of the sum of their squares.
        penalty = np.sqrt(0.6 / len(X)) * theta[:n_weights]
        return np.concatenate([(raw - y) / np.sqrt(len(X)), penalty])

    model.set_params(init=(first.coefs_, first.intercepts_)).fit(X, y)
    theirs = least_squares(residuals, start, method="lm", xtol=1e-14, ftol=1e-14)
    ours = architecture.pack(model.coefs_, model.intercepts_, np.float64)
    cost = 0.5 * np.sum(residuals(ours) ** 2)
    assert cost == pytest.approx(model.loss_, rel=1e-12)
    assert cost <= theirs.cost * (1 + 1e-9)


def test_sparse_rows_and_weights_of_zero_change_nothing():
    X, Y = rows()
    X[np.abs(X) < 0.5] = 0.0
    model = regressor(hidden_layer_sizes=(4,), alpha=0.1)
    dense = clone(model).fit(X, Y)
    assert_allclose(clone(model).fit(csr_matrix(X), Y).loss_, dense.loss_, rtol=1e-9)
    more = np.vstack([X, 9 + X[:5]]), np.vstack([Y, Y[:5]])
    weights = np.r_[np.ones(len(X)), np.zeros(5)]
    weighted = clone(model).fit(*more, sample_weight=weights)
    assert_allclose(weighted.loss_, dense.loss_, rtol=1e-9)


def test_the_objective_falls_in_every_iteration():
    model = regressor(tol=1e-6).fit(POINTS, RUNGE)
    losses = model.history_.columns["loss"]
    assert len(losses) == model.n_iter_ > 5
    assert np.all(np.diff(losses) < 0)
    assert "converged" in model.outcome_.message
    assert "is at most tol=1e-06" in model.outcome_.message


@limit_reached
@pytest.mark.parametrize("limit", ["max_iter", "max_fun"])
def test_a_limit_is_named(limit):
    model = regressor(**{limit: 3}, tol=0.0).fit(POINTS, RUNGE)
    assert model.outcome_.reason == "limit reached"
    assert f"Increase {limit}" in model.outcome_.message


def test_what_no_longer_falls_is_converged_and_said_to_be_above_tol():
    X, Y = rows(12)
    model = regressor(hidden_layer_sizes=(), tol=0.0).fit(X, Y)
    assert model.outcome_.reason == "converged"
    assert "as far as float64 goes" in model.outcome_.message


def test_early_stopping_keeps_the_best_iteration():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(80, 4))
    y = X[:, 0] + rng.normal(size=80)
    model = regressor(hidden_layer_sizes=(20,), early_stopping=True, tol=1e-6)
    model.fit(X, y)
    scores = model.history_.columns["validation_score"]
    assert model.outcome_.reason == "no improvement"
    assert model.outcome_.best_epoch == 1 + int(np.argmax(scores))
    assert model.n_iter_ == model.outcome_.best_epoch + model.n_iter_no_change + 1


@limit_reached
def test_an_end_before_any_step_is_an_iteration():
    X, Y = rows(30)
    best = regressor(hidden_layer_sizes=(), tol=1e-10).fit(X, Y)
    start = (best.coefs_, best.intercepts_)
    for how in ({"tol": 0.0}, {"max_fun": 1, "tol": 0.0}):
        again = regressor(hidden_layer_sizes=(), init=start, **how).fit(X, Y)
        assert again.n_iter_ >= 1
        assert again.loss_ == pytest.approx(best.loss_, rel=1e-9)
        assert len(again.loss_curve_) == again.n_iter_


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_columns_that_say_nothing_cost_no_warning(activation):
    X, Y = rows(80)
    X = np.column_stack([X, np.zeros(80), X[:, 0]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = regressor(activation=activation, tol=0.0, max_iter=150).fit(X, Y)
    assert model.loss_ < 0.05
    assert all(np.isfinite(W).all() for W in model.coefs_)


def test_a_callback_ends_it():
    class Second:
        def on_epoch_end(self, state):
            return state.epoch == 2

    model = regressor(callbacks=[Second()]).fit(POINTS, RUNGE)
    assert model.n_iter_ == 2
    assert model.outcome_.reason == "interrupted"


def test_same_seed_same_bits():
    first, second = (regressor(tol=1e-6).fit(POINTS, RUNGE) for _ in range(2))
    for ours, theirs in zip(first.coefs_, second.coefs_, strict=True):
        assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"loss": "poisson"}, "loss must be a squared error for solver='lm'"),
        ({"l1": 0.1}, "l1 must be 0 for solver='lm'"),
        ({"dropout": 0.1}, "dropout must be 0 for solver='lm'"),
        ({"hidden_layer_sizes": (70, 70)}, "at most 5,000 weights and biases"),
        ({"callbacks": [Checkpoint("never.ckpt")]}, "Checkpoint for solver='lm'"),
    ],
)
def test_what_it_cannot_do_is_refused_by_name(settings, words):
    with pytest.raises(ValueError, match=words):
        regressor(**settings).fit(POINTS, RUNGE)


def test_classes_have_no_squares_and_partial_fit_no_iteration():
    with pytest.raises(ValueError, match="got BinaryCrossEntropy"):
        MLPClassifier(solver="lm").fit(POINTS, RUNGE > 0.5)
    assert not hasattr(regressor(), "partial_fit")


def test_the_check_knows_both_losses_of_squares():
    problem = Problem(Architecture((1, 1)), (), MeanSquaredError(), Penalty(), float)
    levenberg.check(problem)
