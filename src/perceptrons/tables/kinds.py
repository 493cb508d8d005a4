"""What a column is: number, category, boolean, date, or nothing a model can use."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from perceptrons.tables import dates
from perceptrons.tables.cells import Cells
from perceptrons.tables.dates import DateForm
from perceptrons.tables.errors import DataError
from perceptrons.tables.names import listed
from perceptrons.tables.numerals import GAP_WORDS, Form, parse
from perceptrons.tables.settle import Reading

#: Kinds of columns that become features.
Kind = Literal["number", "category", "boolean", "date"]

#: What a missing level is called.
MISSING = "(missing)"

#: Larger numbers count as infinite, as they do in float32, which trees compute in.
LARGEST = 1e38

#: Whole numbers from here on are not all different as float64.
EXACT = 2**53

#: A level of fewer rows says little about the target, and is pooled; in small tables
#: that is 5 % of the rows.
LEAST_LEVEL_ROWS = 10

#: More levels than this, and the rarest are pooled, so that one column of text cannot
#: outweigh all others.
MOST_LEVELS = 30

_IDENTIFIER = re.compile(r"(.*[_\s.-])?(id|uuid|guid)|.*[a-z]I[Dd]", re.ASCII)
#: Names that Excel, R, pandas and databases give to the number of a row.
_ROW_NUMBER = re.compile(
    r"|unnamed:? \d+|index|level_0|row\.?names?|row[ _.]?(no|nr|num|number|id|index)?"
    r"|\.\.\.\d+|_?rowid_?|rn|#|no\.?|nr\.?|id"
)
_NO_NAME = re.compile(r"|unnamed:? \d+|index|level_0|row\.?names?|\.\.\.\d+")


@dataclass(frozen=True)
class Column:
    """A column of the user's table and what was done with it.

    Parameters
    ----------
    name : str
    kind : str
        "number", "category", "boolean" or "date" for a feature; otherwise why it is
        none: "target", "dropped", "time", "groups", "missing", "constant",
        "duplicate", "row number", "identifier" or "other".
    action : str
        What, why, what was lost, and what to do if it is wrong.
    reading : Form or DateForm or None
        How its text was read.
    notable : bool
        Whether something was lost, or read in a way that could be wrong.
    """

    name: str
    kind: str
    action: str
    reading: Reading = field(default=None, repr=False)
    notable: bool = False

    def __str__(self) -> str:
        """Return it as a line of its own."""
        return f"Column {self.name!r}: {self.action}"

    @property
    def used(self) -> bool:
        """Whether it is a feature."""
        return self.kind in get_args(Kind)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        reading = self.reading and {
            "what": type(self.reading).__name__, **self.reading.as_dict()
        }  # fmt: skip
        return {
            "name": self.name, "kind": self.kind, "action": self.action,
            "reading": reading or None, "notable": self.notable,
        }  # fmt: skip

    @staticmethod
    def from_dict(state: Mapping[str, Any]) -> Column:
        """Return the column of what :meth:`as_dict` gave."""
        reading: Any = None
        if state["reading"]:
            fields = dict(state["reading"])
            known: dict[str, Any] = {"Form": Form, "DateForm": DateForm}
            reading = known[fields.pop("what")].from_dict(fields)
        return Column(**{**state, "reading": reading})


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
        return _category(cells)
    if cells.storage == "date":
        return _date(cells, reading)
    if cells.storage == "boolean" and not cells.missing.any():
        return Column(name, "boolean", "Used as 0 and 1.")
    if cells.storage in ("text", "boolean"):
        return _category(cells)
    if cells.storage == "integer":
        number_of = None if keep else _row_number(cells)
        if number_of is not None:
            return Column(name, "row number", number_of, reading, notable=True)
        if not keep and _is_identifier(cells):
            action = (
                "Not used: every row has its own whole number, under the name of an "
                f"identifier. If it measures something, keep it ({_kept(name)})."
            )
            return Column(name, "identifier", action, reading, notable=True)
        if _is_large(cells) and not keep:
            return _category(cells)
    return _number(cells, reading)


def _kept(name: str) -> str:
    """Return how to keep a column."""
    return f"--keep {name!r}, or keep=[{name!r}]"


def _is_large(cells: Cells) -> bool:
    """Tell whether float64 would not tell whole numbers apart."""
    values = cells.values[~cells.missing]
    return values.dtype == object or bool((np.abs(values) >= EXACT).any())


def _is_constant(cells: Cells) -> bool:
    """Tell whether all rows are equal; a gap beside a value is a difference."""
    if cells.missing.any():
        return False
    return bool((cells.values == cells.values[0]).all())


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
    if cells.storage == "integer" and not cells.missing.any() and _is_large(cells):
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


def _number(cells: Cells, reading: Reading) -> Column:
    """Describe a column of numbers."""
    name = cells.name
    values = numbers(cells, None)
    infinite = np.flatnonzero(np.abs(values) > LARGEST)
    if infinite.size:
        raise DataError(
            f"The column {name!r} holds {infinite.size} infinite "
            f"{plural('value', infinite.size)} (or beyond {LARGEST:g}), the first in "
            f"row {infinite[0] + 1} of the data; leave such cells empty if the value "
            "is missing, or drop the column."
        )
    action = "Used as a number" + (" of days." if cells.storage == "duration" else ".")
    special = reading.sentence() if isinstance(reading, Form) else ""
    if special:
        action += f" {special}"
    distinct = np.unique(values[~np.isnan(values)])
    if 2 < distinct.size <= MOST_LEVELS and (distinct == np.round(distinct)).all():
        action += (
            f" If its {distinct.size} whole numbers are codes, not amounts, make it a "
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


def _row_number(cells: Cells) -> str | None:
    """Say that whole numbers count the rows; None if they do not.

    Under any name where they are in order from 0 or 1; under the names that programs
    give, also shuffled, or with gaps where rows were left out.
    """
    if cells.missing.any() or len(cells) < 2:
        return None
    values, name = cells.values, cells.name.strip().lower()
    remedy = f" If it measures something, keep it ({_kept(cells.name)})."
    if values[0] in (0, 1) and bool((np.diff(values) == 1).all()):
        return "Not used: it counts the rows." + remedy
    named = _ROW_NUMBER.fullmatch(name)
    n_distinct = np.unique(values).size
    if not named or values.min() < 0:
        return None
    # A sample with repeats keeps the numbers of the rows it was drawn from.
    repeats = bool(_NO_NAME.fullmatch(name)) and n_distinct > 0.5 * len(values)
    if n_distinct < len(values) and not (repeats and n_distinct > MOST_LEVELS):
        return None
    how = "shuffled" if np.ptp(values) == len(values) - 1 else "with gaps"
    if bool((np.diff(values) > 0).all()):
        how = "in order, with gaps"
    return f"Not used: by its name and values it numbers the rows, {how}." + remedy


def _is_identifier(cells: Cells) -> bool:
    """Tell whether whole numbers are all different under an identifier's name."""
    if cells.missing.any():
        return False
    name = cells.name
    named = _IDENTIFIER.fullmatch(name) or _IDENTIFIER.fullmatch(name.lower())
    return bool(named) and np.unique(cells.values).size == len(cells)


def least_level_rows(n_rows: int) -> int:
    """Return the fewest rows of a level that is not pooled.

    Parameters
    ----------
    n_rows : int
        Of the table.
    """
    return max(2, min(LEAST_LEVEL_ROWS, n_rows // 20))


def kept_levels(counts: NDArray[np.intp], least: int) -> NDArray[np.bool_]:
    """Tell which levels have a column of their own; the others share one.

    Parameters
    ----------
    counts : ndarray of int, of shape (L,)
        Rows of each, in the order of their names.
    least : int
        Rows of a level that is not pooled.
    """
    kept = np.asarray(counts >= least)
    if kept.sum() + 1 > MOST_LEVELS:
        order = np.argsort(counts, kind="stable")
        kept[order[: -(MOST_LEVELS - 1)]] = False
    return kept


def _category(cells: Cells) -> Column:
    """Describe a column of categories."""
    name = cells.name
    codes, levels = level_codes(cells)
    n_missing = int(cells.missing.sum())
    all_counts = np.bincount(codes, minlength=len(levels))
    occurring = np.flatnonzero(all_counts)
    counts = all_counts[occurring]
    own = counts.size - bool(n_missing)
    least = least_level_rows(len(cells))
    # The pool is itself one of the most levels.
    most = MOST_LEVELS if counts.size <= MOST_LEVELS else MOST_LEVELS - 1
    kept = min(int((counts >= least).sum()), most)
    if kept == 0:
        action = (
            f"Not used: {own:,} different texts in {len(cells):,} rows, none of them "
            f"in {least} rows or more, as of an identifier or free text. Derive a "
            "coarser column to use it."
        )
        if own < len(cells) - n_missing:
            action += " If rows of one value belong together, name it for groups."
        return Column(name, "identifier", action, notable=True)
    by_rows = occurring[np.argsort(-counts, kind="stable")]
    pooled = {levels[place] for place in by_rows[kept:]}
    action = f"Used as a category of {own:,} {plural('level', own)}, one column each."
    lost = pooled - {MISSING}
    if lost:
        why = f"in fewer than {least} rows" if kept < most else f"beyond {most}"
        action += (
            f" The rarest ({len(lost):,}, {why}) share one column; pool them yourself "
            "where some belong together."
        )
    words = [w for w in levels if w != MISSING and w.lower() in GAP_WORDS]
    if words:
        are = "is a level" if len(words) == 1 else "are levels"
        action += (
            f" {listed(words, 5)} {are} of it; if that means missing, say so (--gaps)."
        )
    if cells.blanks:
        action += f" Blanks at the ends of {cells.blanks:,} cells are left out."
    if n_missing:
        own_level = (
            "counted with the rarest" if MISSING in pooled else "their own level"
        )
        share = 100 * n_missing / len(cells)
        action += f" {n_missing:,} missing ({share:.1f} %): {own_level}."
    notable = bool(lost or words or cells.blanks)
    return Column(name, "category", action, notable=notable)


def plural(word: str, count: int) -> str:
    """Return a word for one or many.

    Parameters
    ----------
    word : str
    count : int
    """
    return word if count == 1 else f"{word}s"


#: More columns of one fate than this are told in one line.
_MOST_LINES = 5


def told(columns: Sequence[Column]) -> list[str]:
    """Return a line for each column that the user should hear of, few for thousands.

    Parameters
    ----------
    columns : sequence of Column
    """
    lines: list[str] = []
    for kind in dict.fromkeys(column.kind for column in columns):
        own = [column for column in columns if column.kind == kind and column.notable]
        by_action: dict[str, list[Column]] = {}
        for column in own:
            by_action.setdefault(column.action, []).append(column)
        if len(own) <= _MOST_LINES:
            lines += [str(column) for column in own]
        elif len(by_action) == 1:
            names = listed([column.name for column in own], 5)
            lines.append(f"Columns {names} ({len(own):,} in all): {own[0].action}")
        else:
            lines += [str(column) for column in own[:_MOST_LINES]]
            names = listed([column.name for column in own[_MOST_LINES:]], 5)
            lines.append(
                f"Columns {names}: {len(own) - _MOST_LINES:,} more of kind {kind!r} "
                "with something to mind; the account of all columns says what of each."
            )
    return lines
