"""Penalties on weights, never on biases: L1, L2, or both.

One formula with two strengths serves them all, so there is no table of penalties.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Penalty:
    """Omega(W) = 1/2 (l2 + alpha / n) sum W^2 + l1 sum abs(W).

    ``l2`` is the lambda of the report's eq. (10), ``l1`` that of eq. (12), neither
    divided by anything; ``alpha`` is divided by n, the rows of the batch, as in eq.
    (15) and in scikit-learn. Eq. (16), L1 divided by n, is ``l1 = lambda / n``. The
    slope of abs at 0 is 0.

    Parameters
    ----------
    l1, l2, alpha : float, default=0.0
        Strengths, at least 0.
    """

    l1: float = 0.0
    l2: float = 0.0
    alpha: float = 0.0

    @property
    def is_zero(self) -> bool:
        """Whether there is nothing to add."""
        return self.l1 == self.l2 == self.alpha == 0.0

    def value(self, W: Array, n_rows: int) -> float:
        """Return Omega for the flat vector of all weights."""
        total = 0.0
        lambda_2 = self.l2 + self.alpha / n_rows
        if lambda_2 > 0.0:
            total += 0.5 * lambda_2 * float(np.dot(W, W))
        if self.l1 > 0.0:
            total += self.l1 * float(np.abs(W).sum())
        return total

    def add_slope(self, W: Array, n_rows: int, grad: Array) -> None:
        """Add (l2 + alpha / n) W + l1 sign(W) to grad, in place: eq. (11)."""
        lambda_2 = self.l2 + self.alpha / n_rows
        if lambda_2 > 0.0:
            grad += lambda_2 * W
        if self.l1 > 0.0:
            grad += self.l1 * np.sign(W)
