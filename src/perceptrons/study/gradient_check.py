"""The procedure "gradient-check": backpropagation against two other derivatives.

One run is one combination of activation, loss and penalty on a small network in
float64. The gradient of an engine is compared with central differences, always, and
with Autograd where that is installed. The formulas in this module are written from the
mathematics and share nothing with the library's own.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perceptrons import _checks, engine
from perceptrons.activations import ACTIVATIONS
from perceptrons.losses import LOSSES
from perceptrons.network import Architecture
from perceptrons.objective import Problem
from perceptrons.penalties import Penalty
from perceptrons.study.result import Procedure, Result

Array = NDArray[np.float64]

#: Strengths (l1, l2) of each penalty that is checked.
PENALTIES = {
    "none": (0.0, 0.0),
    "l1": (0.01, 0.0),
    "l2": (0.0, 0.1),
    "both": (0.01, 0.1),
}

#: Largest difference from central differences that passes, relative to the largest
#: entry: their own error is about eps^(2/3) = 4e-11 times the third derivative.
TOLERANCE = 1e-7

#: Largest share of a case's parameters that may be skipped as kinks. With random
#: theta and data a kink lies within h of a parameter in about one case of 1000.
KINK_SHARE = 0.01

HINT = "install it with `pip install autograd` and run the same command again."

# Balances truncation (h^2) against rounding (eps / h): the cube root of eps.
_STEP = 6e-6

# One-sided differences of a smooth J differ by h J'', about 1e-5 here; across a kink
# they differ by a jump in slope, about 1e-2.
_KINK = 1e-3


def central_difference(
    value: Callable[[Array], float], theta: Array
) -> tuple[Array, NDArray[np.bool_]]:
    """Differentiate numerically, parameter by parameter.

    dJ/dtheta_i = (J(theta + h e_i) - J(theta - h e_i)) / (2 h), h = 6e-6

    Parameters
    ----------
    value : callable
        theta -> J(theta).
    theta : ndarray of shape (P,)

    Returns
    -------
    gradient : ndarray of shape (P,)
    kinks : ndarray of bool of shape (P,)
        Where J has a kink within h, so that the number is not a derivative.
    """
    gradient = np.empty_like(theta)
    kinks = np.zeros(theta.shape, bool)
    middle = value(theta)
    point = theta.copy()
    for i in range(theta.size):
        point[i] = theta[i] + _STEP
        above = value(point)
        point[i] = theta[i] - _STEP
        below = value(point)
        point[i] = theta[i]
        gradient[i] = (above - below) / (2.0 * _STEP)
        bend = abs(above - 2.0 * middle + below) / _STEP
        kinks[i] = bend > _KINK * max(1.0, abs(gradient[i]))
    return gradient, kinks


def has_autograd() -> bool:
    """Whether Autograd is installed."""
    return find_spec("autograd") is not None


def _autograd_activations(anp: Any) -> dict[str, Callable[[Any], Any]]:
    """Return each activation in Autograd's NumPy."""
    erf = import_module("autograd.scipy.special").erf
    # Klambauer et al. (2017), section 2.
    scale, alpha = 1.0507009873554805, 1.6732632423543772

    def sigmoid(z: Any) -> Any:
        return 1.0 / (1.0 + anp.exp(-z))

    return {
        "identity": lambda z: z,
        "sigmoid": sigmoid,
        "tanh": lambda z: 2.0 * sigmoid(2.0 * z) - 1.0,
        "relu": lambda z: anp.where(z > 0, z, 0.0),
        "leaky_relu": lambda z: anp.where(z > 0, z, 0.01 * z),
        "elu": lambda z: anp.where(z > 0, z, anp.exp(z) - 1.0),
        "selu": lambda z: scale * anp.where(z > 0, z, alpha * (anp.exp(z) - 1.0)),
        "gelu": lambda z: 0.5 * z * (1.0 + erf(z / math.sqrt(2.0))),
        "silu": lambda z: z * sigmoid(z),
        "softplus": lambda z: anp.log(1.0 + anp.exp(z)),
    }


def _autograd_losses(anp: Any) -> dict[str, Callable[[Any, Array], Any]]:
    """Return each loss, summed over outputs and averaged over rows."""

    def over_rows(loss: Callable[[Any, Array], Any]) -> Callable[[Any, Array], Any]:
        return lambda z, y: anp.sum(loss(z, y)) / y.shape[0]

    def huber(z: Any, y: Array) -> Any:
        size = anp.abs(z - y)
        return anp.where(size <= 1.0, 0.5 * size**2, size - 0.5)

    def binary(z: Any, y: Array) -> Any:
        p = 1.0 / (1.0 + anp.exp(-z))
        return -y * anp.log(p) - (1.0 - y) * anp.log(1.0 - p)

    def multiclass(z: Any, y: Array) -> Any:
        p = anp.exp(z) / anp.sum(anp.exp(z), axis=1, keepdims=True)
        return -y * anp.log(p)

    def poisson(z: Any, y: Array) -> Any:
        constant = np.where(y > 0, y * np.log(np.where(y > 0, y, 1.0)) - y, 0.0)
        return anp.exp(z) - y * z + constant

    losses = {
        "squared_error": lambda z, y: 0.5 * (y - z) ** 2,
        "mean_squared_error": lambda z, y: (y - z) ** 2 / y.shape[1],
        "absolute_error": lambda z, y: anp.abs(y - z),
        "huber": huber,
        "pinball": lambda z, y: 0.5 * anp.abs(y - z),
        "poisson": poisson,
        "binary_cross_entropy": binary,
        "cross_entropy": multiclass,
    }
    return {name: over_rows(loss) for name, loss in losses.items()}


def autograd_gradient(
    activation: str,
    loss: str,
    strengths: tuple[float, float],
    weights: list[NDArray[Any]],
    biases: list[NDArray[Any]],
    X: Array,
    Y: Array,
) -> tuple[list[Array], list[Array]]:
    """Differentiate the objective with Autograd.

    J = 1/n sum_i l_i + l1 sum abs(W) + 1/2 l2 sum W^2

    Parameters
    ----------
    activation, loss : str
        Names in the library's tables, with their default settings.
    strengths : (l1, l2)
    weights : list of ndarray of shape (n_in, n_out)
    biases : list of ndarray of shape (n_out,)
    X : ndarray of shape (n, d)
    Y : ndarray of shape (n, K)

    Returns
    -------
    weight gradients, bias gradients : lists of ndarray

    Raises
    ------
    ImportError
        If Autograd is not installed.
    """
    anp = import_module("autograd.numpy")
    activate = _autograd_activations(anp)[activation]
    mean_loss = _autograd_losses(anp)[loss]
    l1, l2 = strengths

    def objective(parameters: tuple[list[Any], list[Any]]) -> Any:
        A: Any = X
        last = len(parameters[0]) - 1
        penalty = 0.0
        for layer, (W, b) in enumerate(zip(*parameters, strict=True)):
            Z = anp.dot(A, W) + b
            A = Z if layer == last else activate(Z)
            penalty = penalty + l1 * anp.sum(anp.abs(W)) + 0.5 * l2 * anp.sum(W**2)
        return mean_loss(A, Y) + penalty

    gradient = import_module("autograd").grad(objective)
    result: tuple[list[Array], list[Array]] = gradient((weights, biases))
    return result


def problem_data(
    loss: str, sizes: tuple[int, ...], n_rows: int, rng: np.random.Generator
) -> tuple[Array, Array, Array]:
    """Draw theta, X and targets that suit the loss.

    Parameters
    ----------
    loss : str
    sizes : tuple of int
        Of all layers, features first.
    n_rows : int
    rng : Generator

    Returns
    -------
    theta, X, Y : ndarray of shapes (P,), (n, d) and (n, K), float64
    """
    theta = rng.normal(0.0, 0.7, Architecture(sizes).n_parameters)
    X = rng.standard_normal((n_rows, sizes[0]))
    shape = (n_rows, sizes[-1])
    link = LOSSES[loss].link.name
    if link == "exp":
        return theta, X, rng.poisson(2.0, shape).astype(np.float64)
    if link == "logistic":
        return theta, X, rng.integers(0, 2, shape).astype(np.float64)
    if link == "softmax":
        return theta, X, np.eye(sizes[-1])[rng.integers(0, sizes[-1], n_rows)]
    return theta, X, rng.standard_normal(shape)


def _problem(settings: Mapping[str, Any]) -> Problem:
    """Return the network, loss and penalty of these settings, in float64."""
    architecture = Architecture(tuple(settings["sizes"]))
    records = (ACTIVATIONS[settings["activation"]],) * (architecture.n_layers - 1)
    penalty = Penalty(*PENALTIES[settings["penalty"]])
    loss = LOSSES[settings["loss"]]
    return Problem(architecture, records, loss, penalty, np.float64)


def check(settings: Mapping[str, Any]) -> None:
    """Refuse settings that cannot be run.

    Parameters
    ----------
    settings : mapping
        As in :func:`run`.

    Raises
    ------
    ValueError, TypeError
        Naming the setting, the rule, what came, and a remedy.
    """
    for name, known in (
        ("activation", ACTIVATIONS), ("loss", LOSSES), ("penalty", PENALTIES)
    ):  # fmt: skip
        _checks.choice(name, settings.get(name), known)
    _checks.integer("n_rows", settings.get("n_rows"), 1, "7 are enough")
    sizes = settings.get("sizes")
    if not isinstance(sizes, list) or len(sizes) < 2:
        raise TypeError(
            "sizes must be a list of at least two layer sizes, features first, got "
            f"{sizes!r}; [3, 5, 1] has one hidden layer."
        )
    for size in sizes:
        _checks.integer("sizes", size, 1, "they are the widths of all layers")
    engine.choose(settings.get("engine", "auto"), _problem(settings), None, 1)


def memory(settings: Mapping[str, Any], shape: tuple[int, int]) -> int:
    """Return the bytes that a check needs, roughly; data sets have no part in it."""
    sizes = [int(size) for size in settings["sizes"]]
    n_parameters = sum((a + 1) * b for a, b in itertools.pairwise(sizes))
    # Gradients of three kinds, theta and its copy; outputs and derivatives.
    return 8 * (6 * n_parameters + 3 * int(settings["n_rows"]) * sum(sizes))


def run(settings: Mapping[str, Any], dataset: Any, seed: int) -> Result:
    """Check one combination; the data set is not used.

    Parameters
    ----------
    settings : mapping
        ``activation``, ``loss``, ``penalty``: names; ``sizes``: all layers, features
        first; ``n_rows``; ``engine``, "auto" (the one that would train) if not given.
    dataset : None
    seed : int
        Of theta, X and Y.

    Returns
    -------
    Result
        Metrics: ``numeric_abs`` and ``numeric_rel``, the largest difference from
        central differences and the same relative to their largest entry;
        ``autograd_abs`` and ``autograd_rel`` likewise, NaN without Autograd;
        ``kinks``, how many parameters were skipped. The differences from central
        differences are NaN if all were. Curves: ours minus Autograd's
        for every layer, "W1", "b1", ...
    """
    start = time.perf_counter()
    problem = _problem(settings)
    architecture = problem.architecture
    rng = np.random.default_rng(seed)
    theta, X, Y = problem_data(
        settings["loss"], architecture.sizes, settings["n_rows"], rng
    )
    choice = engine.choose(settings.get("engine", "auto"), problem, None, 1)
    objective = choice.bind(problem, len(X))

    def value_and_grad(point: Array, grad: Array) -> float:
        return float(objective.value_and_grad(point, X, Y, None, None, grad))

    ours, scratch = np.empty_like(theta), np.empty_like(theta)
    value_and_grad(theta, ours)
    numeric, kinks = central_difference(lambda p: value_and_grad(p, scratch), theta)
    metrics = {**_differences("numeric", ours[~kinks], numeric[~kinks])}
    metrics["kinks"] = float(kinks.sum())
    automatic = np.full_like(theta, math.nan)
    layers: dict[str, NDArray[Any]] = {}
    if has_autograd():
        W_grads, b_grads = autograd_gradient(
            settings["activation"],
            settings["loss"],
            PENALTIES[settings["penalty"]],
            *architecture.views(theta),
            X,
            Y,
        )
        automatic[...] = architecture.pack(W_grads, b_grads, np.float64)
        layers = _by_layer(architecture, ours - automatic)
    metrics |= _differences("autograd", ours, automatic)
    return Result(
        metrics=metrics,
        curves=layers,
        seconds=time.perf_counter() - start,
        n_parameters=architecture.n_parameters,
        engine=choice.name,
    )


def _by_layer(architecture: Architecture, theta: Array) -> dict[str, NDArray[Any]]:
    """Name the weights and biases of every layer: "W1", "b1", "W2", ..."""
    named: dict[str, NDArray[Any]] = {}
    layers = zip(*architecture.views(theta), strict=True)
    for layer, (W, b) in enumerate(layers, start=1):
        named |= {f"W{layer}": W, f"b{layer}": b}
    return named


def _differences(name: str, ours: Array, other: Array) -> dict[str, float]:
    """Return the largest difference, as it is and relative to the largest entry."""
    if not ours.size:
        return {f"{name}_abs": math.nan, f"{name}_rel": math.nan}
    largest = float(np.max(np.abs(ours - other)))
    scale = float(np.max(np.abs(other)))
    return {f"{name}_abs": largest, f"{name}_rel": largest / scale}


PROCEDURE = Procedure(
    run,
    check,
    memory,
    ("activation", "loss", "penalty", "sizes", "n_rows", "engine"),
    ("numeric_abs", "numeric_rel", "autograd_abs", "autograd_rel", "kinks"),
    needs_data=False,
    libraries=("autograd",),
)
