"""How rows held out are scored after each epoch: by raw outputs, larger is better.

Records, so that every engine can compute them; ``code`` is the row of the kernels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]


class Score(Protocol):
    """What scores raw outputs; NaN where one is not finite."""

    def __call__(
        self, raw: Array, Y: Array, weights: Array | None, mean_loss: float
    ) -> float:
        """Return the score of raw outputs (n, K) of these rows, and their mean loss."""
        ...


@dataclass(frozen=True)
class MinusLoss:
    """Minus the mean loss."""

    code: ClassVar[int] = 0

    def __call__(
        self, raw: Array, Y: Array, weights: Array | None, mean_loss: float
    ) -> float:
        """Return the score."""
        return -mean_loss


@dataclass(frozen=True)
class Explained:
    """D^2 = 1 - mean loss / mean loss of the best constant.

    Hastie, Tibshirani and Wainwright (2015), eq. 3.11, for any loss.

    Parameters
    ----------
    least : float
        Mean loss of the best constant.
    exact : bool
        Whether a constant gives the targets but for rounding: as scikit-learn's
        scores, it is 1 then for a model as good as the constant and 0 for others.
    """

    code: ClassVar[int] = 1
    least: float
    exact: bool

    def __call__(
        self, raw: Array, Y: Array, weights: Array | None, mean_loss: float
    ) -> float:
        """Return the score."""
        if self.exact:
            return float(mean_loss <= self.least)
        return 1.0 - mean_loss / self.least


@dataclass(frozen=True)
class R2:
    """R^2, averaged over outputs: scikit-learn's ``r2_score``.

    Parameters
    ----------
    totals : tuple of float
        Weighted sum of squares about the mean of each output; 0 for a constant
        output, which scores 1 if it is met and else 0; NaN leaves R^2 undefined.
    """

    code: ClassVar[int] = 2
    totals: tuple[float, ...]

    @staticmethod
    def of(Y: Array, weights: Array | None) -> R2:
        """Return the score of rows with these targets (n, K)."""
        if len(Y) < 2:
            return R2((np.nan,) * Y.shape[1])
        Y = Y.astype(np.float64)
        mean = np.average(Y, axis=0, weights=weights)
        return R2(tuple(_sums((Y - mean) ** 2, weights).tolist()))

    def __call__(
        self, raw: Array, Y: Array, weights: Array | None, mean_loss: float
    ) -> float:
        """Return the score."""
        if not np.isfinite(raw).all():
            return np.nan
        residuals = Y.astype(np.float64) - raw.astype(np.float64)
        lost, totals = _sums(residuals**2, weights), np.array(self.totals)
        with np.errstate(divide="ignore", invalid="ignore"):
            shares = np.where(totals == 0, lost == 0, 1.0 - lost / totals)
        return float(shares.mean())


@dataclass(frozen=True)
class Accuracy:
    """The share of rows whose class is right, by which scikit-learn stops, too.

    Parameters
    ----------
    by_sign : bool
        Each output is a class of its own, there where it is positive, and a row is
        right if all of them are; else the class is that of the largest output.
    """

    code: ClassVar[int] = 3
    by_sign: bool

    def __call__(
        self, raw: Array, Y: Array, weights: Array | None, mean_loss: float
    ) -> float:
        """Return the score."""
        if not np.isfinite(raw).all():
            return np.nan
        if self.by_sign:
            right = ((raw > 0) == (Y > 0.5)).all(axis=1)
        else:
            right = raw.argmax(axis=1) == Y.argmax(axis=1)
        return float(np.average(right, weights=weights))


SCORES: dict[str, type] = {
    "minus_loss": MinusLoss,
    "explained": Explained,
    "r2": R2,
    "accuracy": Accuracy,
}


def _sums(values: NDArray[np.float64], weights: Array | None) -> NDArray[np.float64]:
    """Return the weighted sum of each column."""
    sums: NDArray[np.float64] = (
        values.sum(axis=0) if weights is None else np.dot(weights, values)
    )
    return sums
