"""Parts of the target: columns that are no leak alone, but whose sum is the target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perceptrons.comparison.leaks import OPENING, remedy, sample
from perceptrons.comparison.target import Target
from perceptrons.tables import Column
from perceptrons.tables.cells import Cells
from perceptrons.tables.values import numbers

Array = NDArray[np.floating[Any]]

#: Parts of a sum leave no more than this share of the variance of the target: it is 1 %
#: of its standard deviation, as by rounding.
MOST_ERROR_OF_PARTS = 1e-4
_MOST_PARTS = 3
#: Columns that follow the target and may be taken before its parts.
_MOST_STAND_INS = 3
#: A column with more gaps is not looked at.
_MOST_GAPS = 0.05


def find(
    table: Mapping[str, Cells], target: Target, used: Sequence[Column]
) -> tuple[str, ...]:
    """Return two or three numbers whose weighted sum is the target.

    They are found by matching pursuit: at each step the column that follows best what
    is left of the target (Mallat and Zhang 1993), all weights fitted anew.

    Parameters
    ----------
    table, target, used : as in :func:`perceptrons.comparison.leaks.find`

    Returns
    -------
    tuple of str
        Empty if there are none, if the target can do without one of them, or if no
        other column is left: then the sum is the question itself.
    """
    names = [column.name for column in used if column.kind in ("number", "boolean")]
    if target.task != "regression" or len(names) < 2:
        return ()
    rows = sample(len(target.values))
    Z = np.array([numbers(table[name].take(rows), None) for name in names]).T
    few = np.flatnonzero(np.isnan(Z).mean(axis=0) <= _MOST_GAPS)
    if few.size < 2:
        return ()
    Z, y = Z[:, few], target.values[rows]
    gaps = np.isnan(Z)
    filled = np.where(gaps, np.nanmedian(Z, axis=0), Z) if gaps.any() else Z
    tried = _pursue(_standardized(filled), _standardized(y))
    whole = ~gaps[:, tried].any(axis=1)
    if whole.sum() < 10 * _MOST_PARTS:
        return ()
    needed = _needed(_standardized(filled[whole][:, tried]), _standardized(y[whole]))
    if not 1 < len(needed) <= min(_MOST_PARTS, len(used) - 1):
        return ()
    return tuple(names[few[place]] for place in sorted(tried[i] for i in needed))


def _standardized(values: Array) -> Array:
    """Return columns of mean 0 and norm 1; constant ones are 0."""
    centered = values - values.mean(axis=0)
    norms = np.sqrt(np.square(centered).sum(axis=0))
    return np.asarray(centered / np.maximum(norms, np.finfo(float).tiny))


def _left(Z: Array, y: Array, chosen: list[int]) -> Array:
    """Return what the chosen columns of Z (n, d) leave of y (n,)."""
    weights = np.linalg.lstsq(Z[:, chosen], y, rcond=None)[0]
    return np.asarray(y - Z[:, chosen] @ weights)


def _pursue(Z: Array, y: Array) -> list[int]:
    """Return the columns that follow best what the ones before leave of y."""
    chosen: list[int] = []
    for _ in range(min(_MOST_PARTS + _MOST_STAND_INS, Z.shape[1])):
        place = int(np.abs(Z.T @ _left(Z, y, chosen)).argmax())
        if place in chosen:
            # Nothing is left.
            break
        chosen.append(place)
    return chosen


def _needed(Z: Array, y: Array) -> list[int]:
    """Return the columns whose weighted sum is y, none of which can be left out."""

    def error(chosen: list[int]) -> float:
        return float(np.square(_left(Z, y, chosen)).sum())

    found = list(range(Z.shape[1]))
    if error(found) > MOST_ERROR_OF_PARTS:
        return []
    for place in range(Z.shape[1]):
        # What was taken first may be a stand-in that the others do without.
        others = [other for other in found if other != place]
        if error(others) <= MOST_ERROR_OF_PARTS:
            found = others
    without = [error([other for other in found if other != place]) for place in found]
    # Columns that are each near the target, or whose mean is, are no parts of it.
    return found if min(without, default=0) >= 10 * MOST_ERROR_OF_PARTS else []


def sentence(columns: Sequence[str], target: str) -> str:
    """Warn of columns that add up to the target.

    Parameters
    ----------
    columns : sequence of str
        From :func:`find`.
    target : str
    """
    *first, last = map(repr, columns)
    listed = f"{', '.join(first)} and {last}"
    return (
        f"{OPENING}: the columns {listed} together give {target!r} all but exactly, as "
        f"parts give their sum. {remedy(columns)}"
    )
