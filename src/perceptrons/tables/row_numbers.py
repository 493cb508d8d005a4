"""Whole numbers that only number the rows, and identifiers."""

from __future__ import annotations

import re

import numpy as np

from perceptrons.tables.cells import Cells
from perceptrons.tables.levels import MOST_LEVELS

_IDENTIFIER = re.compile(r"(.*[_\s.-])?(id|uuid|guid)|.*[a-z]I[Dd]", re.ASCII)
#: Names that Excel, R, pandas and databases give to the number of a row.
_ROW_NUMBER = re.compile(
    r"|unnamed:? \d+|index|level_0|row\.?names?|row[ _.]?(no|nr|num|number|id|index)?"
    r"|\.\.\.\d+|_?rowid_?|rn|#|no\.?|nr\.?|id"
)
_NO_NAME = re.compile(r"|unnamed:? \d+|index|level_0|row\.?names?|\.\.\.\d+")


def how_to_keep(name: str) -> str:
    """Return how to keep a column.

    Parameters
    ----------
    name : str
    """
    return f"--keep {name!r}, or keep=[{name!r}]"


def row_number(cells: Cells) -> str | None:
    """Say that whole numbers count the rows; None if they do not.

    Under any name where they are in order from 0 or 1; under the names that programs
    give, also shuffled, or with gaps where rows were left out.

    Parameters
    ----------
    cells : Cells
        Of whole numbers.
    """
    if cells.missing.any() or len(cells) < 2:
        return None
    values, name = cells.values, cells.name.strip().lower()
    remedy = f" If it measures something, keep it ({how_to_keep(cells.name)})."
    if values[0] in (0, 1) and bool((np.diff(values) == 1).all()):
        return "Not used: it counts the rows." + remedy
    if not _ROW_NUMBER.fullmatch(name) or values.min() < 0:
        return None
    n_distinct = np.unique(values).size
    # A sample with repeats keeps the numbers of the rows it was drawn from.
    repeats = bool(_NO_NAME.fullmatch(name)) and n_distinct > 0.5 * len(values)
    if n_distinct < len(values) and not (repeats and n_distinct > MOST_LEVELS):
        return None
    how = "shuffled" if np.ptp(values) == len(values) - 1 else "with gaps"
    if bool((np.diff(values) > 0).all()):
        how = "in order, with gaps"
    return f"Not used: by its name and values it numbers the rows, {how}." + remedy


def is_identifier(cells: Cells) -> bool:
    """Tell whether whole numbers are all different under an identifier's name.

    Parameters
    ----------
    cells : Cells
    """
    if cells.missing.any():
        return False
    name = cells.name
    named = _IDENTIFIER.fullmatch(name) or _IDENTIFIER.fullmatch(name.lower())
    return bool(named) and np.unique(cells.values).size == len(cells)
