"""Clipping: a gradient that is too long is shortened before the step."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class NormClipping:
    """Shorten the gradient of each group to a norm of at most ``limit``.

    g <- g limit / norm(g) where norm(g) > limit (Pascanu et al. 2013, algorithm 1).

    Parameters
    ----------
    limit : float > 0
    groups : sequence of sequence of slice
        Parts of the gradient whose norm is taken together: everything, or the
        weights and biases of each layer.
    """

    limit: float
    groups: Sequence[Sequence[slice]]

    def apply(self, grad: Array) -> None:
        """Shorten the gradient, in place."""
        for group in self.groups:
            factor = _shortening([grad[part] for part in group], self.limit)
            if factor < 1.0:
                for part in group:
                    grad[part] *= factor


def _shortening(parts: Sequence[Array], limit: float) -> float:
    """Return limit / norm of the parts together, also where a square overflows."""
    with np.errstate(over="ignore"):
        norm = math.sqrt(sum(_sum_of_squares(part) for part in parts))
    if math.isfinite(norm):
        return limit / norm if norm > limit else 1.0
    largest = max(float(np.abs(part).max(initial=0.0)) for part in parts)
    if not math.isfinite(largest):
        return 1.0  # diverged: the step shows it
    norm = math.sqrt(sum(_sum_of_squares(part / largest) for part in parts))
    return limit / largest / norm


def _sum_of_squares(g: Array) -> float:
    """Return the sum of g^2, in float64."""
    if g.dtype == np.float64:
        return float(np.dot(g, g))
    wide = g.astype(np.float64)
    return float(np.dot(wide, wide))
