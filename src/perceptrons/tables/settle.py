"""Columns of text become numbers or dates, where all their cells are."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perceptrons.tables import dates, forms, numerals
from perceptrons.tables.cells import Cells, Storage
from perceptrons.tables.dates import DateForm
from perceptrons.tables.forms import Options
from perceptrons.tables.numerals import Form

Reading = Form | DateForm | None


def settle(
    columns: Sequence[Cells],
    options: Options | None = None,
    *,
    day_first: bool | None = None,
    decimals: Collection[str] = (),
    as_written: Collection[str] = (),
) -> list[tuple[Cells, Reading]]:
    """Return each column in its own type, and how its text was read.

    Parameters
    ----------
    columns : sequence of Cells
        Of one table: what one leaves open, another may tell.
    options : Options, optional
    day_first : bool, optional
        What the user says of 01/02/2020.
    decimals : collection of str, default=()
        Decimal signs seen in columns that are numbers already.
    as_written : collection of str, default=()
        Names of columns that stay text.

    Returns
    -------
    list of (Cells, Form or DateForm or None)
        None for a column that was no text, or stays text.

    Raises
    ------
    DataError
        If a column can be read in two ways.
    """
    options = options or Options()
    texts = {
        place: column
        for place, column in enumerate(columns)
        if column.storage == "text"
        and not column.declared
        and column.levels
        and column.name not in as_written
    }
    open_ = {
        place: found
        for place, column in texts.items()
        if (found := forms.examine(column.levels, column.counts(), options))
    }
    seen = {f.forms[0].decimal for f in open_.values() if f.decimal_seen} | set(
        decimals
    )
    settled: list[tuple[Cells, Reading]] = []
    for place, column in enumerate(columns):
        reading: Reading = None
        if place in open_:
            reading = forms.choose(column.name, open_[place], seen)
        elif place in texts:
            reading = dates.examine(column.name, column.levels, day_first)
        settled.append((read_as(column, reading), reading))
    return settled


def read_as(column: Cells, reading: Reading) -> Cells:
    """Return a column of text as the numbers or dates that it holds.

    Parameters
    ----------
    column : Cells
        Returned as it is where it is no text.
    reading : Form or DateForm or None
    """
    if reading is None or column.storage != "text":
        return column
    if isinstance(reading, DateForm):
        return _spread(column, "date", dates.parse(column.levels, reading))
    if reading.whole:
        gaps = set(reading.gaps)
        found = _spread(column, "integer", numerals.parse_whole(column.levels, reading))
        absent = np.array([level in gaps for level in column.levels] or [False])
        return replace(found, missing=found.missing | absent[column.values])
    return _spread(column, "float", numerals.parse(column.levels, reading))


def _spread(column: Cells, storage: Storage, values: NDArray[Any]) -> Cells:
    """Return a column whose levels have these values."""
    filler = np.zeros(1, values.dtype)
    spread = np.concatenate([values, filler])[column.values]
    missing = column.missing.copy()
    if storage == "date":
        missing |= np.isnat(spread)
    if storage == "float":
        spread[missing] = np.nan
        missing |= np.isnan(spread)
    return Cells(column.name, storage, spread, missing, blanks=column.blanks)
