"""Losses that are minus a log-likelihood, each with its canonical link.

So their slopes are prediction minus target: McCullagh and Nelder (1989), section 2.2.4.
What a loss offers is said in :mod:`perceptrons.losses`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, xlogy

from perceptrons import _checks
from perceptrons.links import (
    DISTRIBUTIONS,
    EXPONENTIAL,
    FRACTIONS,
    LOGISTIC,
    NON_NEGATIVE,
    SOFTMAX,
    Domain,
    Link,
)

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class PoissonDeviance:
    """Half the Poisson deviance with the log link, summed over outputs.

    l_i = sum_k [exp(z_ik) - y_ik z_ik + y_ik log(y_ik) - y_ik]; its slope is
    exp(z) - y. McCullagh and Nelder (1989), section 2.3.
    """

    code: ClassVar[int] = 5
    link: ClassVar[Link] = EXPONENTIAL
    domain: ClassVar[Domain] = NON_NEGATIVE

    def value(self, raw: Array, Y: Array) -> Array:
        """Return half the deviance of each row."""
        total: Array = (np.exp(raw) - Y * raw + xlogy(Y, Y) - Y).sum(axis=1)
        return total

    def slope(self, raw: Array, Y: Array, out: Array) -> Array:
        """Write exp(z) - y into out."""
        np.exp(raw, out=out)
        out -= Y
        return out

    def constant(self, Y: Array, weights: Array | None) -> Array:
        """Return the logarithm of the mean."""
        mean = np.average(Y, axis=0, weights=weights)
        logarithms: Array = np.log(np.maximum(mean, np.finfo(Y.dtype).tiny))
        return logarithms


@dataclass(frozen=True)
class BinaryCrossEntropy:
    """Binary cross-entropy on logits, summed over outputs: eq. (13) of the report.

    l_i = sum_k [log(1 + exp(z_ik)) - y_ik z_ik]; its slope is s(z) - y, s the
    logistic function. Equation (14) is the same in terms of s(z).
    """

    code: ClassVar[int] = 6
    link: ClassVar[Link] = LOGISTIC
    domain: ClassVar[Domain] = FRACTIONS

    def value(self, raw: Array, Y: Array) -> Array:
        """Return sum_k log(1 + exp(z)) - y z of each row."""
        # max(z, 0) - y z is exact, so nothing cancels where exp(-abs(z)) is tiny.
        value = np.log1p(np.exp(-np.abs(raw)))
        value += np.maximum(raw, 0) - Y * raw
        total: Array = value.sum(axis=1)
        return total

    def slope(self, raw: Array, Y: Array, out: Array) -> Array:
        """Write s(z) - y into out."""
        expit(raw, out=out)
        out -= Y
        return out

    def constant(self, Y: Array, weights: Array | None) -> Array:
        """Return the mean's log odds."""
        mean, eps = np.average(Y, axis=0, weights=weights), np.finfo(Y.dtype).eps
        odds: Array = logit(np.clip(mean, eps, 1 - eps))
        return odds


@dataclass(frozen=True)
class CrossEntropy:
    """Multiclass cross-entropy on logits: eqs. (17) and (18) of the report.

    l_i = log(sum_j exp(z_ij)) - sum_k t_ik z_ik, t the smoothed targets
    (1 - e) y_ik + e / K (Szegedy et al. 2016, section 7); its slope is s - t, s the
    softmax of z.

    Parameters
    ----------
    label_smoothing : float in [0, 1), default=0.0
        The e above.

    Raises
    ------
    ValueError
        If label_smoothing is outside [0, 1).
    """

    label_smoothing: float = 0.0

    code: ClassVar[int] = 7
    link: ClassVar[Link] = SOFTMAX
    domain: ClassVar[Domain] = DISTRIBUTIONS

    def __post_init__(self) -> None:
        """Check label_smoothing."""
        smoothing, remedy = self.label_smoothing, "0.1 is usual, 0.0 is none"
        _checks.real("label_smoothing", smoothing, remedy, low=0, high=1, closed="left")

    def _targets(self, Y: Array) -> Array:
        """Smooth the targets."""
        if self.label_smoothing == 0.0:
            return Y
        smoothed: Array = Y * (1.0 - self.label_smoothing)
        smoothed += self.label_smoothing / Y.shape[1]
        return smoothed

    def value(self, raw: Array, Y: Array) -> Array:
        """Return log(sum exp(z)) - sum t z of each row."""
        # Shifted by its largest entry, so that exp cannot overflow.
        shifted = raw - raw.max(axis=1, keepdims=True)
        normalizer = np.log(np.exp(shifted).sum(axis=1))
        total: Array = normalizer - (self._targets(Y) * shifted).sum(axis=1)
        return total

    def slope(self, raw: Array, Y: Array, out: Array) -> Array:
        """Write softmax(z) - t into out."""
        np.subtract(raw, raw.max(axis=1, keepdims=True), out=out)
        np.exp(out, out=out)
        out /= out.sum(axis=1, keepdims=True)
        out -= self._targets(Y)
        return out

    def constant(self, Y: Array, weights: Array | None) -> Array:
        """Return the logarithm of the mean of the targets."""
        mean = np.average(self._targets(Y), axis=0, weights=weights)
        logarithms: Array = np.log(np.maximum(mean, np.finfo(Y.dtype).eps))
        return logarithms
