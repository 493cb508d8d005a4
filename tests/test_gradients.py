"""Backpropagation against central differences and against Autograd, case by case.

Every activation x loss x penalty x {0, 1, 2} hidden layers x {1, 3} outputs in float64:
max abs(analytic - numeric) / max abs(numeric) <= 1e-7.
"""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from perceptrons.activations import ACTIVATIONS, Custom
from perceptrons.engine.reference import NumPyObjective
from perceptrons.losses import LOSSES, CrossEntropy, Huber, Pinball
from perceptrons.network import Architecture, layer_outputs
from perceptrons.objective import Problem
from perceptrons.penalties import Penalty
from perceptrons.study.gradient_check import autograd_gradient, problem_data

TOLERANCE = 1e-7
N_ROWS, N_FEATURES, WIDTH = 7, 3, 4

PENALTIES = {
    "none": Penalty(),
    "l1": Penalty(l1=0.03),
    "l2": Penalty(l2=0.2),
    "both": Penalty(l1=0.03, l2=0.2),
    "alpha": Penalty(alpha=0.5),
}

# Balances truncation (h^2 times the third derivative) and rounding (eps / h): the
# cube root of eps. The error of the difference is then about 1e-10.
STEP = 6e-6

# Across a kink the one-sided slopes of J differ by a jump (at least 0.01 times a
# weight, over 7 rows); where J is smooth, by h J'', at most 1e-4 here.
KINK = 5e-4


def central_difference(function, theta):
    """Return the numerical gradient and where a kink makes it none."""
    gradient, kinks = np.empty_like(theta), np.zeros(theta.shape, bool)
    middle, point = function(theta), theta.copy()
    for i, start in enumerate(theta):
        point[i] = start + STEP
        above = function(point)
        point[i] = start - STEP
        below = function(point)
        point[i] = start
        gradient[i] = (above - below) / (2 * STEP)
        kinks[i] = abs(above - 2 * middle + below) / STEP > KINK
    return gradient, kinks


def sizes_of(n_hidden, n_outputs):
    return (N_FEATURES, *[WIDTH] * n_hidden, n_outputs)


def outputs_of(loss):
    # A softmax over one output is constant: two outputs are its smallest network.
    return (2, 3) if LOSSES[loss].link.name == "softmax" else (1, 3)


def analytic(problem, theta, X, Y, weights=None, masks=None):
    """Return J as a function of theta, and its gradient at theta."""
    objective = NumPyObjective(problem, len(Y))
    grad, scratch = np.full_like(theta, np.nan), np.empty_like(theta)
    objective.value_and_grad(theta, X, Y, weights, masks, grad)

    def function(point):
        return objective.value_and_grad(point, X, Y, weights, masks, scratch)

    return function, grad


def relative_error(found, expected):
    return np.max(np.abs(found - expected)) / np.max(np.abs(expected))


def cases(activation, loss, hidden):
    """Yield every combination for one activation and one loss, with its name."""
    for n_hidden, n_outputs, penalty in itertools.product(
        hidden, outputs_of(loss), PENALTIES
    ):
        name = (
            f"{activation}, {loss}, {penalty}, {n_hidden} hidden, {n_outputs} outputs"
        )
        rng = np.random.default_rng([n_hidden, n_outputs, len(name)])
        architecture = Architecture(sizes_of(n_hidden, n_outputs))
        theta, X, Y = problem_data(loss, architecture.sizes, N_ROWS, rng)
        if LOSSES[loss].link.name == "exp":
            # Raw outputs near 1, or exp makes the third derivative of J huge.
            theta *= 0.4
        problem = Problem(
            architecture,
            (ACTIVATIONS[activation],) * n_hidden,
            LOSSES[loss],
            PENALTIES[penalty],
            np.float64,
        )
        yield name, problem, theta, X, Y


def compare_with_central_differences(activation, loss, hidden):
    checked = skipped = 0
    for name, problem, theta, X, Y in cases(activation, loss, hidden):
        function, grad = analytic(problem, theta, X, Y)
        numeric, kinks = central_difference(function, theta)
        smooth = ~kinks
        error = relative_error(grad[smooth], numeric[smooth])
        assert error <= TOLERANCE, f"{name}: {error:.2g}"
        checked += theta.size
        skipped += kinks.sum()
    # A pre-activation or residual lies within h of a kink with probability 1e-5.
    assert skipped <= 0.01 * checked, f"{skipped} of {checked} entries have a kink"


def compare_with_autograd(activation, loss, hidden):
    for name, problem, theta, X, Y in cases(activation, loss, hidden):
        _, grad = analytic(problem, theta, X, Y)
        penalty = problem.penalty
        strengths = (penalty.l1, penalty.l2 + penalty.alpha / N_ROWS)
        expected = np.concatenate(
            [
                np.ravel(part)
                for group in autograd_gradient(
                    activation,
                    loss,
                    strengths,
                    *problem.architecture.views(theta),
                    X,
                    Y,
                )
                for part in group
            ]
        )
        error = relative_error(grad, expected)
        assert error <= TOLERANCE, f"{name}: {error:.2g}"


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradient_equals_central_difference(activation, loss):
    compare_with_central_differences(activation, loss, hidden=(1, 2))


@pytest.mark.parametrize("loss", LOSSES)
def test_gradient_without_hidden_layer_equals_central_difference(loss):
    compare_with_central_differences("identity", loss, hidden=(0,))


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradient_equals_autograd(activation, loss):
    pytest.importorskip("autograd")
    compare_with_autograd(activation, loss, hidden=(1, 2))


@pytest.mark.parametrize("loss", LOSSES)
def test_gradient_without_hidden_layer_equals_autograd(loss):
    pytest.importorskip("autograd")
    compare_with_autograd("identity", loss, hidden=(0,))


def tanh_problem(loss, n_outputs, penalty="both", n_hidden=2):
    return Problem(
        Architecture(sizes_of(n_hidden, n_outputs)),
        (ACTIVATIONS["tanh"],) * n_hidden,
        loss,
        PENALTIES[penalty],
        np.float64,
    )


@pytest.mark.parametrize(
    ("name", "loss"),
    [
        ("huber", Huber(0.3)),
        ("pinball", Pinball((0.1, 0.5, 0.9))),
        ("cross_entropy", CrossEntropy(0.2)),
    ],
)
def test_gradient_of_a_loss_with_settings_equals_central_difference(name, loss, rng):
    theta, X, Y = problem_data(name, sizes_of(2, 3), N_ROWS, rng)
    function, grad = analytic(tanh_problem(loss, 3), theta, X, Y)
    numeric, kinks = central_difference(function, theta)
    assert not kinks.any()
    assert relative_error(grad, numeric) <= TOLERANCE


def test_gradient_of_a_pair_of_functions_equals_central_difference(rng):
    theta, X, Y = problem_data("squared_error", sizes_of(1, 3), N_ROWS, rng)
    problem = Problem(
        Architecture(sizes_of(1, 3)),
        (Custom(np.sin, np.cos),),
        LOSSES["squared_error"],
        Penalty(),
        np.float64,
    )
    function, grad = analytic(problem, theta, X, Y)
    numeric, _ = central_difference(function, theta)
    assert relative_error(grad, numeric) <= TOLERANCE


def test_gradient_of_different_activations_equals_central_difference(rng):
    theta, X, Y = problem_data("squared_error", sizes_of(3, 1), N_ROWS, rng)
    problem = Problem(
        Architecture(sizes_of(3, 1)),
        (ACTIVATIONS["gelu"], ACTIVATIONS["sigmoid"], ACTIVATIONS["elu"]),
        LOSSES["squared_error"],
        Penalty(),
        np.float64,
    )
    function, grad = analytic(problem, theta, X, Y)
    numeric, kinks = central_difference(function, theta)
    assert not kinks.any()
    assert relative_error(grad, numeric) <= TOLERANCE


@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("loss", LOSSES)
def test_gradient_with_sample_weights_equals_central_difference(loss, penalty, rng):
    theta, X, Y = problem_data(loss, sizes_of(2, 3), N_ROWS, rng)
    weights = rng.uniform(0.1, 3.0, N_ROWS)
    weights[2] = 0.0
    problem = tanh_problem(LOSSES[loss], 3, penalty)
    function, grad = analytic(problem, theta, X, Y, weights)
    numeric, kinks = central_difference(function, theta)
    assert not kinks.any()
    assert relative_error(grad, numeric) <= TOLERANCE


@pytest.mark.parametrize("loss", LOSSES)
def test_sample_weights_weigh_the_gradients_of_single_rows(loss, rng):
    theta, X, Y = problem_data(loss, sizes_of(2, 3), N_ROWS, rng)
    weights = rng.uniform(0.1, 3.0, N_ROWS)
    problem = tanh_problem(LOSSES[loss], 3, "none")
    function, grad = analytic(problem, theta, X, Y, weights)
    rows = [analytic(problem, theta, X[i : i + 1], Y[i : i + 1]) for i in range(N_ROWS)]
    values = [one(theta) for one, _ in rows]
    # Averages of seven numbers: a few roundings.
    expected = np.mean(weights * values)
    assert_allclose(function(theta), expected, rtol=1e-13)
    expected = np.mean(weights[:, None] * [row for _, row in rows], axis=0)
    assert_allclose(grad, expected, rtol=1e-12, atol=1e-14)


def test_alpha_is_divided_by_the_rows_and_l2_is_not(rng):
    theta, X, Y = problem_data("squared_error", sizes_of(1, 1), N_ROWS, rng)
    weights = rng.uniform(0.5, 2.0, N_ROWS)
    W = theta[: Architecture(sizes_of(1, 1)).n_weights]
    grads, values = {}, {}
    for penalty in ("none", "alpha", "l2"):
        problem = tanh_problem(LOSSES["squared_error"], 1, penalty, n_hidden=1)
        function, grads[penalty] = analytic(problem, theta, X, Y, weights)
        values[penalty] = function(theta)
    # Differences of numbers near 1: 1e-15, and a margin.
    close = {"rtol": 1e-12, "atol": 1e-14}
    half_square = 0.5 * np.sum(W**2)
    added = values["alpha"] - values["none"]
    assert_allclose(added, 0.5 / N_ROWS * half_square, **close)
    assert_allclose(values["l2"] - values["none"], 0.2 * half_square, **close)
    biases = grads["none"].size - W.size
    expected = np.concatenate([0.5 / N_ROWS * W, np.zeros(biases)])
    assert_allclose(grads["alpha"] - grads["none"], expected, **close)


def test_slope_of_l1_at_zero_is_zero():
    grad = np.zeros(3)
    Penalty(l1=0.5).add_slope(np.array([-2.0, 0.0, 3.0]), 1, grad)
    assert_array_equal(grad, [-0.5, 0.0, 0.5])


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradient_with_dropout_equals_central_difference(activation, rng):
    sizes = sizes_of(2, 3)
    theta, X, Y = problem_data("squared_error", sizes, N_ROWS, rng)
    masks = [2.0 * (rng.random((N_ROWS, WIDTH)) < 0.5), None]
    problem = Problem(
        Architecture(sizes),
        (ACTIVATIONS[activation],) * 2,
        LOSSES["squared_error"],
        Penalty(),
        np.float64,
    )
    function, grad = analytic(problem, theta, X, Y, masks=masks)
    numeric, kinks = central_difference(function, theta)
    assert kinks.mean() <= 0.05
    assert relative_error(grad[~kinks], numeric[~kinks]) <= TOLERANCE


def test_dropped_units_get_no_gradient(rng):
    theta, X, Y = problem_data("squared_error", sizes_of(1, 3), N_ROWS, rng)
    mask = np.ones((N_ROWS, WIDTH))
    mask[:, 1] = 0.0
    problem = tanh_problem(LOSSES["squared_error"], 3, "none", n_hidden=1)
    _, grad = analytic(problem, theta, X, Y, masks=[mask])
    (first, second), (bias, _) = problem.architecture.views(grad)
    assert_array_equal(first[:, 1], np.zeros(N_FEATURES))
    assert_array_equal(second[1], np.zeros(3))
    assert bias[1] == 0.0
    assert np.all(first[:, [0, 2, 3]] != 0.0)


@pytest.mark.parametrize("n_hidden", [0, 1, 2])
def test_sparse_rows_give_the_gradient_of_dense_rows(n_hidden, rng):
    theta, X, Y = problem_data("squared_error", sizes_of(n_hidden, 3), N_ROWS, rng)
    X[rng.random(X.shape) < 0.6] = 0.0
    problem = tanh_problem(LOSSES["squared_error"], 3, "both", n_hidden)
    dense_function, dense = analytic(problem, theta, X, Y)
    function, grad = analytic(problem, theta, sparse.csr_array(X), Y)
    # The same sums in another order.
    assert_allclose(function(theta), dense_function(theta), rtol=1e-14)
    assert_allclose(grad, dense, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("n_rows", [1, 3, 7])
def test_a_smaller_batch_uses_the_same_buffers(n_rows, rng):
    theta, X, Y = problem_data("squared_error", sizes_of(2, 3), N_ROWS, rng)
    problem = tanh_problem(LOSSES["squared_error"], 3)
    objective = NumPyObjective(problem, N_ROWS)
    grad = np.empty_like(theta)
    objective.value_and_grad(theta, X, Y, None, None, grad)
    value = objective.value_and_grad(theta, X[:n_rows], Y[:n_rows], None, None, grad)
    function, expected = analytic(problem, theta, X[:n_rows], Y[:n_rows])
    assert value == function(theta)
    assert_array_equal(grad, expected)


def test_float32_gradient_is_the_float64_one_rounded(rng):
    theta, X, Y = problem_data("squared_error", sizes_of(2, 3), N_ROWS, rng)
    problem = tanh_problem(LOSSES["squared_error"], 3)
    _, expected = analytic(problem, theta, X, Y)
    single = replace(problem, dtype=np.float32)
    _, found = analytic(single, *(array.astype(np.float32) for array in (theta, X, Y)))
    assert found.dtype == np.float32
    # Sums of about 30 products in float32: 30 eps at most, usually its root.
    assert relative_error(found, expected) <= 30 * np.finfo(np.float32).eps


def test_value_is_the_mean_loss_of_the_forward_pass_plus_the_penalty(rng):
    theta, X, Y = problem_data("squared_error", sizes_of(2, 3), N_ROWS, rng)
    problem = tanh_problem(LOSSES["squared_error"], 3, "both")
    function, _ = analytic(problem, theta, X, Y)
    weights, biases = problem.architecture.views(theta)
    A = X
    for W, b in zip(weights[:-1], biases[:-1], strict=True):
        A = np.tanh(A @ W + b)
    raw = A @ weights[-1] + biases[-1]
    found = layer_outputs(problem.architecture, problem.activations, theta, X)[-1]
    # A few roundings of numbers near 1, here and below.
    assert_allclose(found, raw, rtol=1e-13, atol=1e-14)
    expected = 0.5 * np.sum((raw - Y) ** 2) / N_ROWS
    for W in weights:
        expected += 0.03 * np.abs(W).sum() + 0.1 * np.sum(W**2)
    assert_allclose(function(theta), expected, rtol=1e-13)
