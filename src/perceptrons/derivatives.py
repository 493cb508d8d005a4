"""Are derivatives right? Backpropagation against central differences."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from perceptrons import _checks
from perceptrons._base import learned_of
from perceptrons.engine.reference import NumPyObjective
from perceptrons.inspection import called, forward_pass
from perceptrons.planning import validated
from perceptrons.state import Learned

Array = NDArray[np.floating[Any]]

# Balances truncation and rounding of a central difference: the cube root of eps.
STEP = 6e-6
# One-sided slopes that differ by more, relative to themselves, have a kink between.
KINK = 1e-3


@dataclass(frozen=True)
class GradientCheck:
    """Backpropagation against central differences.

    Parameters
    ----------
    error : float
        Largest difference between the two, over the largest numeric entry.
    parts : dict of str to float
        The same of every activation's and the loss' own derivative, on the values that
        these rows give: the one that is wrong stands out.
    checked, kinks : int
        Entries compared, and those left out since a kink lies within the step.
    tolerance : float
    """

    error: float
    parts: dict[str, float]
    checked: int
    kinks: int
    tolerance: float

    @property
    def agrees(self) -> bool:
        """Whether everything is within the tolerance."""
        return all(e <= self.tolerance for e in [self.error, *self.parts.values()])

    def __str__(self) -> str:
        """Return a sentence, and what is wrong."""
        wrong = [n for n, e in self.parts.items() if not e <= self.tolerance]
        verdict = "agrees with" if self.agrees else "DIFFERS from"
        text = (
            f"The gradient {verdict} central differences: largest relative error "
            f"{self.error:.1e} over {self.checked} entries ({self.kinks} at a kink)."
        )
        return f"{text} Look at {', '.join(wrong)}." if wrong else text


def check_gradient(
    net: Any, X: Any, y: Any, *, tolerance: float = 1e-6, most: int = 300
) -> GradientCheck:
    """Compare backpropagation with central differences, in float64.

    For activations and losses of your own: a wrong derivative trains a little worse,
    and says nothing.

    Parameters
    ----------
    net : MLPRegressor or MLPClassifier
        Left as it is; where it is not fitted, its initial weights are taken, without
        dropout.
    X : array-like of shape (n, d)
        A few rows are enough; each entry compared costs two passes over them.
    y : array-like of shape (n,) or (n, K)
    tolerance : float > 0, default=1e-6
        Largest relative error of a gradient that agrees.
    most : int, default=300
        Entries compared; of larger networks they are drawn at random, always the same.

    Returns
    -------
    GradientCheck
        ``print`` it; ``agrees`` is the verdict.

    Raises
    ------
    ValueError, TypeError
        As ``net.fit`` for bad data.

    Examples
    --------
    >>> import numpy as np
    >>> from perceptrons import MLPRegressor, check_gradient
    >>> X = np.linspace(-1, 1, 20)[:, None]
    >>> wrong = MLPRegressor(hidden_layer_sizes=(3,), activation=(np.sin, np.sin))
    >>> check_gradient(wrong, X, X[:, 0]).agrees
    False
    """
    _checks.real("tolerance", tolerance, "1e-6 is usual", low=0, closed="neither")
    _checks.integer("most", most, 1, "300 is usual")
    twin = net if hasattr(net, "coefs_") else _barely_fitted(net, X, y)
    rows, Y = validated(twin, X, y)
    rows = rows.toarray() if hasattr(rows, "toarray") else rows
    rows, Y = np.asarray(rows, np.float64), np.asarray(Y, np.float64)
    learned = learned_of(twin)
    problem = replace(learned.problem, dtype=np.dtype(np.float64))
    theta = problem.architecture.pack(learned.coefs, learned.intercepts, np.float64)
    objective = NumPyObjective(problem, len(Y))
    grad, scratch = np.empty_like(theta), np.empty_like(theta)

    def value(point: Array) -> float:
        return objective.value_and_grad(point, rows, Y, None, None, scratch)

    middle = objective.value_and_grad(theta, rows, Y, None, None, grad)
    places = np.random.default_rng(0).permutation(theta.size)[:most]
    numeric, smooth = np.empty(len(places)), np.empty(len(places), bool)
    for entry, place in enumerate(places):
        start = theta[place]
        theta[place] = start + STEP
        above = value(theta)
        theta[place] = start - STEP
        below = value(theta)
        theta[place] = start
        numeric[entry] = (above - below) / (2 * STEP)
        smooth[entry] = not is_kink(above, middle, below, STEP)
    scale = np.abs(numeric[smooth]).max(initial=0.0) or 1.0
    far = np.abs(grad[places] - numeric)[smooth].max(initial=0.0)
    return GradientCheck(
        float(far / scale),
        _check_parts(learned, rows, Y),
        int(smooth.sum()),
        int((~smooth).sum()),
        tolerance,
    )


def _barely_fitted(net: Any, X: Any, y: Any) -> Any:
    """Return a copy at its initial weights, as good as."""
    twin = clone(net).set_params(
        solver="gd", learning_rate="constant", learning_rate_init=1e-12, schedule=None,
        max_iter=1, early_stopping=False, callbacks=None, dropout=0.0, verbose=False,
        engine="numpy", dtype="float64", clip_norm=None, max_time=None,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return twin.fit(X, y)


def _check_parts(learned: Learned, rows: Array, Y: Array) -> dict[str, float]:
    """Return the error of the derivative of each activation and of the loss."""
    problem = learned.problem
    z, _, slopes = forward_pass(problem, learned.coefs, learned.intercepts, rows)
    found = {}
    for layer, activation in enumerate(problem.activations):

        def value(points: Array, of: Any = activation) -> Array:
            return np.array(of.value(points.copy(), np.empty_like(points)))

        name = f"activation {layer + 1} ({called(activation)})"
        found[name] = _part_error(value, slopes[layer], z[layer])
    loss, raw = problem.loss, z[-1]
    error = 0.0
    slope = np.array(loss.slope(raw.copy(), Y, np.empty_like(raw)))
    for k in range(raw.shape[1]):

        def along(column: Array, k: int = k) -> Array:
            moved = raw.copy()
            moved[:, k] = column
            return np.asarray(loss.value(moved, Y))

        error = max(error, _part_error(along, slope[:, k], raw[:, k]))
    return {**found, f"loss ({called(loss)})": error}


def _part_error(value: Any, slope: Array, points: Array) -> float:
    """Return the largest relative error of a derivative, kinks left out."""
    above, below, middle = value(points + STEP), value(points - STEP), value(points)
    numeric = (above - below) / (2 * STEP)
    smooth = ~is_kink(above, middle, below, STEP)
    scale = np.abs(numeric[smooth]).max(initial=0.0) or 1.0
    return float(np.abs(slope - numeric)[smooth].max(initial=0.0) / scale)


def is_kink(above: Any, middle: Any, below: Any, step: float) -> Any:
    """Tell where one-sided slopes differ by more than curvature makes them."""
    jump = np.abs(above - 2 * middle + below) / step
    return jump > KINK * (1.0 + np.abs(above - below) / (2 * step))
