"""What a column is: number, category, boolean, date, or nothing a model can use."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from perceptrons.tables import dates
from perceptrons.tables.cells import Cells
from perceptrons.tables.column import Column, plural
from perceptrons.tables.dates import DateForm
from perceptrons.tables.levels import MOST_LEVELS, category
from perceptrons.tables.numerals import Form
from perceptrons.tables.row_numbers import how_to_keep, is_identifier, row_number
from perceptrons.tables.settle import Reading
from perceptrons.tables.values import check_finite, content, is_large, numbers


def account(
    settled: Sequence[tuple[Cells, Reading]],
    *,
    target: str | None = None,
    drop: Collection[str] = (),
    category: Collection[str] = (),
    keep: Collection[str] = (),
) -> list[Column]:
    """Decide about every column of a table, in order.

    Parameters
    ----------
    settled : sequence of (Cells, Form or DateForm or None)
        From :func:`perceptrons.tables.settle.settle`.
    target : str, optional
        A column of this name is no feature.
    drop, category, keep : collection of str
        Columns to leave out; whose numbers are codes; to use though they look like
        row numbers or identifiers.

    Returns
    -------
    list of Column

    Raises
    ------
    DataError
        For infinite values.
    """
    seen: dict[bytes, str] = {}
    found = []
    for cells, reading in settled:
        name = cells.name
        if name in drop:
            column = Column(name, "dropped", "Not used: left out as asked for.")
        elif name == target:
            action = "Not used: it has the target's name."
            column = Column(name, "target", action, notable=True)
        else:
            column = _inspect(cells, reading, name in category, name in keep)
        if column.used and name not in keep:
            first = seen.setdefault(content(cells, column.kind), name)
            if first != name:
                action = f"Not used: the same information as {first!r}, row by row."
                column = Column(name, "duplicate", action, notable=True)
        found.append(column)
    if not any(column.used for column in found):
        return [_alone(*each) for each in zip(settled, found, strict=True)]
    return found


def _alone(settled: tuple[Cells, Reading], column: Column) -> Column:
    """Use a row number where a table has no other column: it is the question itself."""
    return _number(*settled) if column.kind == "row number" else column


def _inspect(cells: Cells, reading: Reading, codes: bool, keep: bool) -> Column:
    """Tell what a column is and what becomes of it."""
    name = cells.name
    if cells.missing.all():
        action = "Not used: it holds no values."
        return Column(name, "missing", action, notable=True)
    if cells.storage == "other":
        action = f"Not used: values of type {cells.what}; make them numbers or text."
        return Column(name, "other", action, notable=True)
    if _is_constant(cells):
        action = "Not used: the same value in every row."
        return Column(name, "constant", action, notable=True)
    if codes or cells.declared:
        return category(cells)
    if cells.storage == "date":
        return _date(cells, reading)
    if cells.storage == "boolean" and not cells.missing.any():
        return Column(name, "boolean", "Used as 0 and 1.")
    if cells.storage in ("text", "boolean"):
        return category(cells)
    if cells.storage == "integer":
        number_of = None if keep else row_number(cells)
        if number_of is not None:
            return Column(name, "row number", number_of, reading, notable=True)
        if not keep and is_identifier(cells):
            action = (
                "Not used: every row has its own whole number, under the name of an "
                f"identifier. If it measures something, keep it ({how_to_keep(name)})."
            )
            return Column(name, "identifier", action, reading, notable=True)
        if is_large(cells) and not keep:
            return category(cells)
    return _number(cells, reading)


def _is_constant(cells: Cells) -> bool:
    """Tell whether all rows are equal; a gap beside a value is a difference."""
    if cells.missing.any():
        return False
    return bool((cells.values == cells.values[0]).all())


def _number(cells: Cells, reading: Reading) -> Column:
    """Describe a column of numbers."""
    name = cells.name
    values = numbers(cells, None)
    check_finite(name, values)
    action = "Used as a number" + (" of days." if cells.storage == "duration" else ".")
    special = reading.sentence() if isinstance(reading, Form) else ""
    if special:
        action += f" {special}"
    n_codes = _n_codes(values)
    if n_codes:
        action += (
            f" If its {n_codes} whole numbers are codes, not amounts, make it a "
            "category (--category, or the dtype category)."
        )
    gaps = int(np.isnan(values).sum())
    if gaps:
        share = 100 * gaps / values.size
        action += (
            f" {gaps} missing {plural('value', gaps)} ({share:.1f} %): the median of "
            "the training rows, marked in a column of its own."
        )
    return Column(name, "number", action, reading, notable=bool(special))


def _n_codes(values: NDArray[np.float64]) -> int:
    """Return how many whole numbers there are, if they may be codes; else 0."""
    known = values[~np.isnan(values)]
    if not (known == np.round(known)).all():
        return 0
    n_distinct = np.unique(known).size
    return n_distinct if 2 < n_distinct <= MOST_LEVELS else 0


def _date(cells: Cells, reading: Reading) -> Column:
    """Describe a column of dates or times of day."""
    line = numbers(cells, None)
    first = np.nanmin(line)
    parts = dates.varying(line)
    clock = bool(np.nanmax(line) < 1 and first >= 0)
    if np.nanmax(line) == first:
        # Only gaps vary.
        parts = []
    action = f"Used as a date: days since {_day(first)}"
    if clock:
        action = "Used as a time of day: its hours"
    if parts:
        cycles = "a cycle" if len(parts) == 1 else "cycles"
        action += f", and {' and '.join(parts)} as {cycles}"
    action += "."
    unsure = isinstance(reading, DateForm) and reading.form == "year last"
    if unsure and isinstance(reading, DateForm):
        order = "day" if reading.day_first else "month"
        action += f" The {order} comes first in its cells; --dates for another order."
    gaps = int(cells.missing.sum())
    if gaps:
        share = 100 * gaps / len(cells)
        action += (
            f" {gaps} missing {plural('value', gaps)} ({share:.1f} %): the median day "
            "of the training rows, marked in a column of its own."
        )
    return Column(cells.name, "date", action, reading, notable=unsure)


def _day(days: float) -> str:
    """Write a day that is counted from 1970."""
    return str(np.datetime64(int(np.floor(days)), "D"))
