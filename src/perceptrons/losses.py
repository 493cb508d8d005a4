"""Losses on raw outputs: value, slope and link, one record each.

A loss takes the *raw* outputs Z of the last layer and the targets Y, both of shape
(n, K). Its link turns raw outputs into predictions (identity, logistic, exponential,
softmax), so the slope is exact and stable for every loss:

``value(raw, Y)``
    The loss of each row, summed over outputs, shape (n,).
``slope(raw, Y, out)``
    The derivative of each row's loss by each raw output, written into ``out``,
    shape (n, K).
``link``
    The :class:`perceptrons.links.Link` from raw outputs to predictions.
``domain``
    What targets must be: a sentence and a test, checked once by the estimators.
``constant(Y, weights)``
    The raw outputs (K,) that a network without inputs would end at: what a score
    compares with. A loss of your own may lack it; its score is minus its mean then.
``outputs_per_target``
    How many raw outputs a column of the user's y has; 1 where a loss does not say.

Losses with another link than the identity, each minus a log-likelihood, are written in
``perceptrons.likelihoods``.

Safe for raw outputs within +-1e4; Poisson within +-80 in float32 and +-700 in
float64, beyond which exp overflows and training ends as diverged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from perceptrons import _checks
from perceptrons.likelihoods import BinaryCrossEntropy, CrossEntropy, PoissonDeviance
from perceptrons.links import ANY, IDENTITY, Domain, Link
from perceptrons.metrics import quantiles

Array = NDArray[np.floating[Any]]

__all__ = [
    "LOSSES",
    "SQUARES",
    "AbsoluteError",
    "BinaryCrossEntropy",
    "CrossEntropy",
    "HalfSquaredError",
    "Huber",
    "Loss",
    "MeanSquaredError",
    "Pinball",
    "PoissonDeviance",
    "outputs_per_target",
    "resolve",
]


def outputs_per_target(loss: Any) -> int:
    """Return how many raw outputs a column of the user's y has.

    Parameters
    ----------
    loss : Loss
    """
    return int(getattr(loss, "outputs_per_target", 1))


class Loss(Protocol):
    """The seam: what the objective and the estimators ask of a loss."""

    @property
    def link(self) -> Link:
        """From raw outputs to predictions."""
        ...

    @property
    def domain(self) -> Domain:
        """What targets must be."""
        ...

    def value(self, raw: Array, Y: Array) -> Array:
        """Return the loss of each row, shape (n,)."""
        ...

    def slope(self, raw: Array, Y: Array, out: Array) -> Array:
        """Write the derivative by each raw output into out, shape (n, K)."""
        ...


@dataclass(frozen=True)
class HalfSquaredError:
    """Half squared error, summed over outputs: "squared_error", as in scikit-learn.

    l_i = 1/2 sum_k (z_ik - y_ik)^2           Bishop (2006), eq. 5.11, one sample
    """

    code: ClassVar[int] = 0
    link: ClassVar[Link] = IDENTITY
    domain: ClassVar[Domain] = ANY

    def value(self, raw: Array, Y: Array) -> Array:
        """Return 1/2 sum_k (z - y)^2 of each row."""
        residual = raw - Y
        total: Array = 0.5 * np.einsum("ik,ik->i", residual, residual)
        return total

    def slope(self, raw: Array, Y: Array, out: Array) -> Array:
        """Write z - y into out."""
        return np.subtract(raw, Y, out=out)


@dataclass(frozen=True)
class MeanSquaredError:
    """Squared error, mean over outputs: eq. (6) of the report, no half.

    l_i = 1/K sum_k (z_ik - y_ik)^2; its slope is 2/K (z - y), eq. (7).
    """

    code: ClassVar[int] = 1
    link: ClassVar[Link] = IDENTITY
    domain: ClassVar[Domain] = ANY

    def value(self, raw: Array, Y: Array) -> Array:
        """Return the mean over outputs of (z - y)^2 of each row."""
        residual = raw - Y
        total: Array = np.einsum("ik,ik->i", residual, residual)
        total /= raw.shape[1]
        return total

    def slope(self, raw: Array, Y: Array, out: Array) -> Array:
        """Write 2/K (z - y) into out."""
        np.subtract(raw, Y, out=out)
        out *= 2.0 / raw.shape[1]
        return out


@dataclass(frozen=True)
class AbsoluteError:
    """Absolute error, summed over outputs; its slope at 0 is 0.

    l_i = sum_k abs(z_ik - y_ik)
    """

    code: ClassVar[int] = 2
    link: ClassVar[Link] = IDENTITY
    domain: ClassVar[Domain] = ANY

    def value(self, raw: Array, Y: Array) -> Array:
        """Return sum_k abs(z - y) of each row."""
        total: Array = np.abs(raw - Y).sum(axis=1)
        return total

    def slope(self, raw: Array, Y: Array, out: Array) -> Array:
        """Write sign(z - y) into out."""
        np.subtract(raw, Y, out=out)
        return np.sign(out, out=out)

    def constant(self, Y: Array, weights: Array | None) -> Array:
        """Return the medians."""
        return quantiles(Y, weights, 0.5)


@dataclass(frozen=True)
class Huber:
    """Huber's loss, summed over outputs (Huber 1964).

    l_i = sum_k h(z_ik - y_ik), h(r) = r^2 / 2 for abs(r) <= delta, else
    delta (abs(r) - delta / 2)

    Parameters
    ----------
    delta : float > 0, default=1.0
        Where the square turns into a line, in units of the target.

    Raises
    ------
    ValueError
        If delta is not positive.
    """

    delta: float = 1.0

    code: ClassVar[int] = 3
    link: ClassVar[Link] = IDENTITY
    domain: ClassVar[Domain] = ANY

    def __post_init__(self) -> None:
        """Check delta."""
        remedy = "1.0 suits a standardized target"
        _checks.real("delta", self.delta, remedy, low=0.0, closed="neither")

    def value(self, raw: Array, Y: Array) -> Array:
        """Return sum_k h(z - y) of each row."""
        size = np.abs(raw - Y)
        inside = np.minimum(size, self.delta)
        total: Array = (inside * (size - 0.5 * inside)).sum(axis=1)
        return total

    def slope(self, raw: Array, Y: Array, out: Array) -> Array:
        """Write z - y, limited to +-delta, into out."""
        np.subtract(raw, Y, out=out)
        return np.clip(out, -self.delta, self.delta, out=out)

    def constant(self, Y: Array, weights: Array | None) -> Array:
        """Return where the mean slope is 0, by bisection: it grows with z."""
        low, high = Y.min(axis=0), Y.max(axis=0)
        for _ in range(60):  # 60 halvings leave nothing of a float64
            middle = low + (high - low) / 2
            slope = self.slope(np.broadcast_to(middle, Y.shape), Y, np.empty_like(Y))
            above = np.average(slope, axis=0, weights=weights) > 0
            low, high = np.where(above, low, middle), np.where(above, middle, high)
        center: Array = low
        return center


@dataclass(frozen=True)
class Pinball:
    """Pinball loss of one or several quantiles (Koenker and Bassett 1978).

    l_i = sum_k max(q_k r_ik, (q_k - 1) r_ik), r = y - z; its slope at 0 is 0.

    With several quantiles the network has one raw output per quantile, all for one
    target, and ``predict`` gives one column per quantile. Of new rows the band between
    two of them holds its nominal share only after calibration: docs/quantiles.md.

    Parameters
    ----------
    quantiles : float or tuple of float, default=0.5
        Each in (0, 1).

    Raises
    ------
    ValueError
        If a quantile is outside (0, 1), or none is given.
    """

    quantiles: float | tuple[float, ...] = 0.5

    code: ClassVar[int] = 4
    link: ClassVar[Link] = IDENTITY
    domain: ClassVar[Domain] = ANY

    def __post_init__(self) -> None:
        """Check the quantiles and keep them as a tuple."""
        given = self.quantiles
        levels = tuple(given) if np.iterable(given) else (given,)
        if not levels:
            raise ValueError(
                "quantiles must hold at least one number, got (); use 0.5."
            )
        for level in levels:
            remedy = "0.5 is the median"
            _checks.real("quantiles", level, remedy, low=0, high=1, closed="neither")
        object.__setattr__(self, "quantiles", tuple(float(level) for level in levels))

    @property
    def outputs_per_target(self) -> int:
        """One output per quantile."""
        return len(self.levels)

    @property
    def levels(self) -> tuple[float, ...]:
        """The quantiles, always as a tuple."""
        return tuple(np.atleast_1d(self.quantiles).tolist())

    def value(self, raw: Array, Y: Array) -> Array:
        """Return sum_k max(q r, (q - 1) r) of each row, r = y - z."""
        q = np.asarray(self.quantiles, raw.dtype)
        residual = Y - raw
        total: Array = np.maximum(q * residual, (q - 1) * residual).sum(axis=1)
        return total

    def slope(self, raw: Array, Y: Array, out: Array) -> Array:
        """Write -q where y > z, 1 - q where y < z, 0 where equal, into out."""
        q = np.asarray(self.quantiles, raw.dtype)
        out[...] = (1 - q) * (raw > Y) - q * (raw < Y)
        return out

    def constant(self, Y: Array, weights: Array | None) -> Array:
        """Return the quantiles of the targets."""
        return quantiles(Y, weights, self.quantiles)


# Judged by R^2, as scikit-learn judges every regression.
SQUARES = (HalfSquaredError, MeanSquaredError)

LOSSES: dict[str, Loss] = {
    "squared_error": HalfSquaredError(),
    "mean_squared_error": MeanSquaredError(),
    "absolute_error": AbsoluteError(),
    "huber": Huber(),
    "pinball": Pinball(),
    "poisson": PoissonDeviance(),
    "binary_cross_entropy": BinaryCrossEntropy(),
    "cross_entropy": CrossEntropy(),
}


def resolve(loss: Any) -> Loss:
    """Turn a name of ``LOSSES`` or a record into a record.

    Raises
    ------
    ValueError
        For an unknown name.
    TypeError
        For anything that is neither.
    """
    if isinstance(loss, str):
        return LOSSES[_checks.choice("loss", loss, LOSSES)]
    parts = ("value", "slope", "link", "domain")
    if isinstance(loss, type) or not all(hasattr(loss, part) for part in parts):
        raise TypeError(
            "loss must be a name or a record of perceptrons.losses, got "
            f"{loss!r}; the names are {', '.join(LOSSES)}."
        )
    record: Loss = loss
    return record
