"""Cells as numbers and codes: what is computed with, compared and told apart."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perceptrons.tables import dates
from perceptrons.tables.cells import Cells
from perceptrons.tables.column import plural
from perceptrons.tables.dates import DateForm
from perceptrons.tables.errors import DataError
from perceptrons.tables.numerals import Form, parse
from perceptrons.tables.settle import Reading

#: What a missing level is called.
MISSING = "(missing)"

#: Larger numbers count as infinite, as they do in float32, which trees compute in.
LARGEST = 1e38

#: Whole numbers from here on are not all different as float64.
EXACT = 2**53


def is_large(cells: Cells) -> bool:
    """Tell whether float64 would not tell whole numbers apart.

    Parameters
    ----------
    cells : Cells
    """
    values = cells.values[~cells.missing]
    return values.dtype == object or bool((np.abs(values) >= EXACT).any())


def check_finite(name: str, values: NDArray[np.float64]) -> None:
    """Refuse infinite values of a column.

    Parameters
    ----------
    name : str
        Of the column.
    values : ndarray of shape (n,)

    Raises
    ------
    DataError
        Naming the column and the first row.
    """
    infinite = np.flatnonzero(np.abs(values) > LARGEST)
    if infinite.size:
        raise DataError(
            f"The column {name!r} holds {infinite.size} infinite "
            f"{plural('value', infinite.size)} (or beyond {LARGEST:g}), the first in "
            f"row {infinite[0] + 1} of the data; leave such cells empty if the value "
            "is missing, or drop the column."
        )


def numbers(cells: Cells, reading: Reading) -> NDArray[np.float64]:
    """Return one column as numbers; NaN for what is missing or is not a number.

    Parameters
    ----------
    cells : Cells
    reading : Form or DateForm or None
        How text is read; dates become days since 1970.

    Returns
    -------
    ndarray of shape (n,)
    """
    if cells.storage == "text":
        if isinstance(reading, DateForm):
            levels = dates.days(dates.parse(cells.levels, reading))
        else:
            levels = parse(cells.levels, reading or Form())
        return np.asarray(np.append(levels, np.nan)[cells.values])
    if cells.storage == "date":
        return dates.days(np.where(cells.missing, np.datetime64("NaT"), cells.values))
    found = cells.values.astype(np.float64)
    found[cells.missing] = np.nan
    return found


def level_codes(cells: Cells) -> tuple[NDArray[np.intp], list[str]]:
    """Return one column as levels, the missing one among them, and their codes.

    Parameters
    ----------
    cells : Cells
    """
    text = cells.as_text()
    if not text.missing.any():
        return text.values, list(text.levels)
    levels = [*text.levels, MISSING]
    if MISSING in text.levels:
        return np.where(text.missing, levels.index(MISSING), text.values), levels[:-1]
    return np.where(text.missing, len(levels) - 1, text.values), levels


def cell_codes(cells: Cells, kind: str) -> NDArray[Any]:
    """Return a number per cell, equal for equal cells; levels by first occurrence.

    Parameters
    ----------
    cells : Cells
    kind : str
    """
    if kind == "category":
        codes, _ = level_codes(cells)
        _, first, found = np.unique(codes, return_index=True, return_inverse=True)
        return np.argsort(np.argsort(first))[found].astype(np.float64)
    if cells.storage == "integer" and not cells.missing.any() and is_large(cells):
        return np.unique(cells.values, return_inverse=True)[1].astype(np.float64)
    # Adding 0 turns -0 into 0, which is equal but has other bytes.
    return numbers(cells, None) + 0.0


def content(cells: Cells, kind: str) -> bytes:
    """Return a digest that is equal for columns of the same information.

    Parameters
    ----------
    cells : Cells
    kind : str
    """
    form = {"category": b"levels", "date": b"dates"}.get(kind, b"numbers")
    codes = np.ascontiguousarray(cell_codes(cells, kind))
    return blake2b(form + codes.data, digest_size=16).digest()
