"""A file becomes a table, or a sentence that says what is wrong with it."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perceptrons import _checks
from perceptrons.tables import columnar, decode, infer
from perceptrons.tables.column import Column, told
from perceptrons.tables.errors import DataError
from perceptrons.tables.forms import Options
from perceptrons.tables.layout import layout, separator_name
from perceptrons.tables.names import column_names, place_of
from perceptrons.tables.settle import Reading

if TYPE_CHECKING:
    import pandas as pd

_DAY_FIRST = {"day-first": True, "month-first": False}


@dataclass(frozen=True)
class Format:
    """What the user says of how a file is written; the rest is judged.

    Parameters
    ----------
    encoding, separator, decimal, thousands, dates, gaps
        As the arguments of :func:`read`.
    """

    encoding: str | None = None
    separator: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    dates: str | None = None
    gaps: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what means nothing."""
        for option, value, allowed in (
            ("decimal", self.decimal, (".", ",")),
            ("thousands", self.thousands, ("", ",", ".", "'", " ")),
            ("dates", self.dates, tuple(_DAY_FIRST)),
        ):
            if value is not None:
                _checks.choice(option, value, allowed)
        if self.decimal is not None and self.decimal == self.thousands:
            raise DataError(
                "decimal and thousands must be two signs, got "
                f"{self.decimal!r} for both."
            )
        if self.separator is not None and len(self.separator) != 1:
            raise DataError(f"separator must be one character, got {self.separator!r}.")

    @property
    def numbers(self) -> Options:
        """What is said of numbers."""
        return Options(self.decimal, self.thousands, self.gaps)

    @property
    def day_first(self) -> bool | None:
        """What is said of 01/02/2020."""
        return None if self.dates is None else _DAY_FIRST[self.dates]


@dataclass(frozen=True)
class Table:
    """A table and how it was read.

    Parameters
    ----------
    frame : DataFrame
        Columns with unique names and at least one row; numbers, dates
        and text, each column in its own type.
    source : str
        Name and checksum of the file, its encoding and separator.
    readings : dict of str to str
        Of columns whose text was read as something else: how, one sentence.
    forms : dict of str to Form or DateForm
        Of the same columns, for those who read later rows of them.
    told : list of str
        What could be wrong, a line each with its remedy.
    """

    frame: pd.DataFrame
    source: str
    readings: dict[str, str]
    forms: dict[str, Reading]
    told: list[str]

    def account(self, columns: Iterable[Column]) -> list[Column]:
        """Return an account of columns with how their text was read.

        Parameters
        ----------
        columns : iterable of Column
        """
        found = []
        for column in columns:
            if said := self.readings.get(column.name, ""):
                column = replace(column, action=f"{column.action} {said}")
            form = self.forms.get(column.name)
            found.append(column if form is None else replace(column, reading=form))
        return found


def read(
    path: str | Path,
    *,
    encoding: str | None = None,
    separator: str | None = None,
    decimal: str | None = None,
    thousands: str | None = None,
    dates: str | None = None,
    gaps: Collection[str] = (),
    form: Format | None = None,
    as_written: Collection[str] = (),
    features: bool = False,
) -> Table:
    """Read a CSV, Parquet or Arrow file, or one of them that gzip compressed.

    What is not said is judged from all that the file holds, and told.

    Parameters
    ----------
    path : str or Path
    encoding : str, optional
        Such as "cp1252"; None: UTF-8, or what the file says or shows.
    separator : str, optional
        Between fields; None: comma, semicolon, tab, bar or else space, whichever
        divides the lines most evenly.
    decimal : {".", ","}, optional
        Sign of decimals; None: by each column.
    thousands : {"", ",", ".", "'", " "}, optional
        Sign of thousands, "" for none; None: by each column.
    dates : {"day-first", "month-first"}, optional
        What 01/02/2020 means; None: by each column.
    gaps : collection of str, default=()
        Words that stand for missing cells in every column. Beside them the usual ones
        ("?", "n/a", "-", ...) are read so in columns of numbers and dates alone.
    form : Format, optional
        All of these in one record, in their place.
    as_written : collection of str, default=()
        Columns that stay text where the file is text: labels of groups, and codes, in
        which 1.10 is not 1.1.
    features : bool, default=False
        Whether they are features alone: one column is then a table, too.

    Returns
    -------
    Table

    Raises
    ------
    DataError
        If the file is missing, empty, damaged, no table, or can be read in two ways;
        the message names line or column and the remedy.
    """
    path = Path(path)
    if form is None:
        form = Format(encoding, separator, decimal, thousands, dates, tuple(gaps))
    start = decode.head(path)
    notes: list[str] = []
    readings: dict[str, str] = {}
    forms: dict[str, Reading] = {}
    if (stored := columnar.form(start)) is not None:
        frame, how = columnar.whole(path, stored), ""
    else:
        found = decode.find_encoding(path, form.encoding)
        notes += [found.note] if found.note else []
        file = layout(path, found.name, form.separator)
        labels = set(as_written)
        frame, columns = infer.typed(file, form.numbers, form.day_first, labels)
        readings = {c.name: c.action for c in columns if c.action}
        forms = {c.name: c.reading for c in columns}
        notes += told(columns)
        name = "utf-8" if found.name == "utf-8-sig" else found.name
        how = f", {separator_name(file.separator)}, {name}"
    if frame.empty:
        raise DataError(f"{path} has column names but no rows; give it data.")
    if frame.shape[1] < 2 and not features:
        raise DataError(
            f"{path} has one column, {frame.columns[0]!r}; a target and at least one "
            "other column are needed. If there are more, separate them by commas, or "
            "say what separates them (--separator)."
        )
    return Table(frame, _source(path) + how, readings, forms, notes)


def take_column(
    table: pd.DataFrame, name: str, option: str
) -> tuple[pd.DataFrame, pd.Series[Any]]:
    """Return a table without a column, and that column.

    Parameters
    ----------
    table : DataFrame
    name : str
    option : str
        What the user gave the name to.

    Raises
    ------
    DataError
        If there is no such column; the nearest name is offered.
    """
    place = place_of(name, column_names(table.columns), option)
    return table.drop(columns=table.columns[place]), table.iloc[:, place]


def _source(path: Path) -> str:
    """Return the name of a file and the checksum of what it holds."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return f"{path.name}, SHA-256 {digest}"
