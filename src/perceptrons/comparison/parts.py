"""Parts of the target: columns that are no leak alone, but whose sum is the target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from perceptrons.comparison.encoding import Kind, to_numbers
from perceptrons.comparison.leaks import OPENING, remedy
from perceptrons.comparison.target import Target

Array = NDArray[np.floating[Any]]

#: Parts of a sum leave no more than this share of the variance of the target: it is 1 %
#: of its standard deviation, as by rounding.
MOST_ERROR_OF_PARTS = 1e-4
_MOST_PARTS = 3
_MOST_ROWS = 2_000
#: A column with more gaps is not looked at, so that rows without gaps are left.
_MOST_GAPS = 0.05


def find(X: pd.DataFrame, target: Target, kinds: Mapping[str, Kind]) -> tuple[str, ...]:
    """Return two or three numbers whose weighted sum is the target.

    They are found by matching pursuit: at each step the column that follows best what
    is left of the target (Mallat and Zhang 1993), all weights fitted anew.

    Parameters
    ----------
    X, target, kinds : as in :func:`perceptrons.comparison.leaks.find`

    Returns
    -------
    tuple of str
        Empty if there are none, if the target can do without one of them, or if no
        other column is left: then the sum is the question itself.
    """
    numbers = {name: to_numbers(X[name]) for name in kinds if kinds[name] == "number"}
    names = [n for n, z in numbers.items() if np.isnan(z).mean() <= _MOST_GAPS]
    if target.task != "regression" or len(names) < 2:
        return ()
    columns = np.array([numbers[name] for name in names]).T
    rows = np.random.default_rng(0).permutation(len(columns))
    rows = rows[~np.isnan(columns[rows]).any(axis=1)][:_MOST_ROWS]
    if rows.size < 10 * _MOST_PARTS:
        return ()
    chosen = _pursue(
        _standardized(columns[rows]),
        _standardized(target.values[rows]),
        min(_MOST_PARTS, len(kinds) - 1),
    )
    return tuple(names[place] for place in chosen)


def _standardized(values: Array) -> Array:
    """Return columns of mean 0 and norm 1; constant ones are 0."""
    centered = values - values.mean(axis=0)
    norms = np.sqrt(np.square(centered).sum(axis=0))
    return np.asarray(centered / np.maximum(norms, np.finfo(float).tiny))


def _pursue(Z: Array, y: Array, most: int) -> list[int]:
    """Return the few columns of Z (n, d) that y (n,) is a weighted sum of, or none."""

    def left(chosen: list[int]) -> Array:
        weights = np.linalg.lstsq(Z[:, chosen], y, rcond=None)[0]
        return np.asarray(y - Z[:, chosen] @ weights)

    def error(chosen: list[int]) -> float:
        return float(np.square(left(chosen)).sum())

    found: list[int] = []
    while error(found) > MOST_ERROR_OF_PARTS:
        if len(found) == most:
            return []
        found.append(int(np.abs(Z.T @ left(found)).argmax()))
    for place in list(found):
        # What was taken first may be a stand-in that the others do without.
        others = [other for other in found if other != place]
        if error(others) <= MOST_ERROR_OF_PARTS:
            found = others
    without = [error([other for other in found if other != place]) for place in found]
    # Columns that are each near the target, or whose mean is, are no parts of it.
    needed = len(found) > 1 and min(without) >= 10 * MOST_ERROR_OF_PARTS
    return found if needed else []


def sentence(columns: Sequence[str], target: str) -> str:
    """Warn of columns that add up to the target.

    Parameters
    ----------
    columns : sequence of str
        From :func:`find`.
    target : str
    """
    listed = " and ".join(map(repr, columns))
    return (
        f"{OPENING}: the columns {listed} together give {target!r} all but exactly, as "
        f"parts give their sum. {remedy(columns)}"
    )
