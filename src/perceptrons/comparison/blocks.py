"""Blocks of a column as folds: what a model makes of values that it has not seen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from perceptrons.comparison.inputs import ordered, take, told_apart
from perceptrons.tables import DataError

#: Folds where the values of a column are cut into blocks.
BLOCKS = 5
#: With more levels every fold would train on nearly all of them.
_MOST_LEVELS = 20


def take_blocks(
    X: Any, blocks: Any, n_blocks: int | None
) -> tuple[NDArray[np.intp] | None, str]:
    """Return the block of every row, and what a block is.

    Parameters
    ----------
    X : DataFrame or array-like of shape (n, d)
    blocks : str, int, array-like of shape (n,), or None
        The name of a column of X, or values. Numbers and dates of more than 20
        distinct values are cut into blocks of about as many rows, along their order;
        of others each is a block.
    n_blocks : int or None
        Into how many; None: 5.

    Raises
    ------
    DataError
        If there is no such column, a value is missing, all are equal, or there are
        more than 20 levels that have no order.
    TypeError
        If a column is named and X has no names.
    """
    _, values = take("blocks", X, blocks)
    if values is None:
        return None, ""
    name = repr(str(blocks)) if isinstance(blocks, (str, int)) else "blocks"
    codes, levels = told_apart("blocks", values)
    if len(levels) < 2:
        raise DataError(
            f"blocks must hold at least two different values, got {levels[0]!r} alone; "
            "name a column that varies."
        )
    if len(levels) > _MOST_LEVELS:
        return _cut(values, name, n_blocks)
    if n_blocks not in (None, len(levels)):
        raise DataError(
            f"n_folds must be the {len(levels)} levels of {name}, each of which is a "
            f"block, got {n_blocks}; leave it out."
        )
    return codes, f"a level of {name}"


def _cut(
    values: pd.Series[Any], name: str, n_blocks: int | None
) -> tuple[NDArray[np.intp], str]:
    """Cut values into blocks of about as many rows, equal ones on one side."""
    try:
        order = pd.factorize(ordered(values), sort=True)[0]
    except DataError:
        raise DataError(
            f"blocks must hold at most {_MOST_LEVELS} levels, or numbers or dates, got "
            f"{values.nunique():,} levels such as {values.iloc[0]!r}; use groups, "
            "which deals levels out to folds, or name a column of fewer."
        ) from None
    many = n_blocks or BLOCKS
    rows = np.bincount(order)
    middle = (np.cumsum(rows) - rows / 2) / len(order)
    block = (middle * many).astype(np.intp)[order]
    return np.unique(block, return_inverse=True)[1], f"a block of rows along {name}"
