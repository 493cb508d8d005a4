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
            parts = [grad[part] for part in group]
            for factor in _shortening(parts, self.limit):
                for part in parts:
                    part *= factor


def _shortening(parts: Sequence[Array], limit: float) -> tuple[float, ...]:
    """Return the factors that shorten the parts together to a norm of the limit."""
    unit, length = _norm(parts)
    factor = limit / unit / length if length else 1.0
    if not factor < 1.0:  # short enough, or diverged: the step shows it
        return ()
    if factor >= np.finfo(parts[0].dtype).tiny:
        return (factor,)
    # A factor that the dtype holds with few digits, or as 0, is multiplied in halves.
    root = math.sqrt(limit) / math.sqrt(unit) / math.sqrt(length)
    return root, root


def _norm(parts: Sequence[Array]) -> tuple[float, float]:
    """Return the norm of the parts together as unit times length; NaN if diverged."""
    with np.errstate(over="ignore"):
        norm = math.sqrt(sum(_sum_of_squares(part) for part in parts))
    if math.isfinite(norm):
        return 1.0, norm
    # The square overflows.
    largest = max(float(np.abs(part).max(initial=0.0)) for part in parts)
    if not math.isfinite(largest):
        return 1.0, math.nan
    unit = largest / 8  # as the compiled twin, for which 1 / unit must be normal
    return unit, math.sqrt(sum(_sum_of_squares(part / unit) for part in parts))


def _sum_of_squares(g: Array) -> float:
    """Return the sum of g^2, in float64."""
    if g.dtype == np.float64:
        return float(np.dot(g, g))
    wide = g.astype(np.float64)
    return float(np.dot(wide, wide))
