"""A column that NumPy holds, in its own type, of an array or of Python's objects.

Whole numbers stay whole and text is kept as levels and their codes, until
:mod:`perceptrons.tables.encoder` makes numbers of them.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from numbers import Integral, Real
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from perceptrons.tables.names import is_missing

Array = NDArray[Any]

#: How a column is held: numbers; whole numbers; true and false; text; points in time,
#: also times of day; spans of time; or what no model can use.
Storage = Literal["float", "integer", "boolean", "text", "date", "duration", "other"]


@dataclass(frozen=True, eq=False)
class Cells:
    """One column.

    Parameters
    ----------
    name : str
    storage : str
        See ``Storage``.
    values : ndarray of shape (n,)
        float64, also days of a span; any integer type; bool;
        codes of text, intp; datetime64[us]. What stands in a gap means nothing.
    missing : ndarray of bool, of shape (n,)
    levels : tuple of str
        Of text, in order of their first row, without blanks at their ends.
    declared : bool
        Whether it was given as a category.
    blanks : int
        Cells that had blanks at their ends.
    what : str
        Of "other": what type it is.
    """

    name: str
    storage: Storage
    values: Array
    missing: NDArray[np.bool_]
    levels: tuple[str, ...] = ()
    declared: bool = False
    blanks: int = 0
    what: str = ""

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.values)

    def take(self, rows: Array) -> Cells:
        """Return some rows, or those where a mask is true."""
        return Cells(
            self.name, self.storage, self.values[rows], self.missing[rows],
            self.levels, self.declared, self.blanks, self.what,
        )  # fmt: skip

    def counts(self) -> NDArray[np.intp]:
        """Return the number of rows of each level of text."""
        return np.bincount(self.values[~self.missing], minlength=len(self.levels))

    def texts(self) -> Array:
        """Return every cell as text, None for gaps: an array of objects."""
        if self.storage == "text":
            return np.array([*self.levels, None], object)[
                np.where(self.missing, len(self.levels), self.values)
            ]
        found = np.array([written(value) for value in self.values.tolist()], object)
        found[self.missing] = None
        return found

    def as_text(self) -> Cells:
        """Return the same column as text."""
        if self.storage == "text":
            return self
        return text(self.name, self.texts().tolist(), self.declared)

    def plain(self) -> Array:
        """Return an array as a frame would hold it; gaps are NaN, NaT or None."""
        if self.storage == "text":
            return self.texts()
        if not self.missing.any():
            return self.values
        if self.storage == "date":
            return np.where(self.missing, np.datetime64("NaT"), self.values)
        if self.storage in ("float", "duration") or self._is_exact():
            return np.where(self.missing, np.nan, self.values)
        found = self.values.astype(object)
        found[self.missing] = None
        return found

    def _is_exact(self) -> bool:
        """Tell whether they are whole numbers that float64 holds as they are."""
        if self.storage != "integer" or self.values.dtype == object:
            return False
        return bool(np.abs(self.values).max(initial=0) < 2**53)


#: Microseconds of one.
DAY = 86_400_000_000


def from_array(name: str, array: Array) -> Cells:
    """Return one column of an array.

    Parameters
    ----------
    name : str
    array : ndarray of shape (n,)
    """
    if isinstance(array, np.ma.MaskedArray):
        return objects(name, array.tolist())
    array = np.asarray(array)
    whole = np.zeros(len(array), bool)
    if array.dtype.kind == "f":
        values = array.astype(np.float64)
        return Cells(name, "float", values, np.isnan(values))
    if array.dtype.kind in "iu":
        return Cells(
            name, "integer", array.astype(array.dtype.newbyteorder("=")), whole
        )
    if array.dtype.kind == "b":
        return Cells(name, "boolean", array, whole)
    if array.dtype.kind == "M":
        return Cells(name, "date", array.astype("datetime64[us]"), np.isnat(array))
    if array.dtype.kind == "m":
        spans = array.astype("timedelta64[us]").astype(np.int64) / DAY
        return Cells(name, "duration", spans, np.isnat(array))
    return objects(name, array.tolist())


def objects(name: str, cells: Sequence[Any]) -> Cells:
    """Return a column of Python's objects, by what they all are.

    Parameters
    ----------
    name : str
    cells : sequence
    """
    present = [cell for cell in cells if not is_missing(cell)]
    types = {type(cell) for cell in present}
    missing = np.array([is_missing(cell) for cell in cells], bool)

    def column(storage: Storage, values: Iterable[Any], dtype: Any) -> Cells:
        filled = np.zeros(len(cells), dtype)
        filled[~missing] = np.array(list(values), dtype)
        return Cells(name, storage, filled, missing)

    def all_are(*kinds: type) -> bool:
        return all(issubclass(own, kinds) for own in types)

    if not present:
        return Cells(name, "float", np.full(len(cells), np.nan), missing)
    if all_are(str):
        return text(name, cells)
    if all_are(bool, np.bool_):
        return column("boolean", present, bool)
    if all_are(Integral) and not types & {bool, np.bool_}:
        if all(-(2**63) <= cell < 2**63 for cell in present):
            return column("integer", present, np.int64)
        return column("integer", map(int, present), object)
    if all_are(Real, Decimal) and not types & {bool, np.bool_}:
        return column("float", map(float, present), np.float64)
    if all_are(datetime.date):
        return column("date", map(_naive, present), "datetime64[us]")
    if all(hasattr(own, "to_timestamp") for own in types):
        stamps = (cell.to_timestamp().to_datetime64() for cell in present)
        return column("date", stamps, "datetime64[us]")
    if all_are(datetime.time):
        clocks = (datetime.datetime.combine(_FIRST_DAY, cell) for cell in present)
        return column("date", map(_naive, clocks), "datetime64[us]")
    if all_are(datetime.timedelta):
        days = (cell / datetime.timedelta(days=1) for cell in present)
        return column("duration", days, np.float64)
    if all_are(str, Integral, Real, Decimal, np.bool_):
        return text(name, cells)
    odd = next(cell for cell in present if not isinstance(cell, (str, Real, Decimal)))
    return Cells(
        name, "other", missing.astype(float), missing, (str(odd),),
        what=type(odd).__name__,
    )  # fmt: skip


#: Times of day are those of this one.
_FIRST_DAY = datetime.date(1970, 1, 1)


def _naive(moment: datetime.date) -> Any:
    """Return a date or a point in time as its own clock shows it."""
    if isinstance(moment, datetime.datetime):
        return moment.replace(tzinfo=None)
    return moment


def written(value: Any) -> str:
    """Return a cell as text; a whole number is the same one beside gaps, as a float.

    Parameters
    ----------
    value : object
    """
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def text(name: str, cells: Sequence[Any], declared: bool = False) -> Cells:
    """Return a column of text; what is blank is missing.

    Parameters
    ----------
    name : str
    cells : sequence
    declared : bool, default=False
        Whether it was given as a category.
    """
    first: dict[Any, int] = {}
    raw = np.array([first.setdefault(cell, len(first)) for cell in cells], np.intp)
    given = [None if is_missing(cell) else written(cell) for cell in first]
    place: dict[str, int] = {}
    codes = np.zeros(len(given) or 1, np.intp)
    blank = np.zeros(len(given) or 1, bool)
    for number, text in enumerate(given):
        stripped = (text or "").strip()
        codes[number] = place.setdefault(stripped, len(place)) if stripped else -1
        blank[number] = bool(stripped) and stripped != text
    found = codes[raw]
    return Cells(
        name, "text", found, found < 0, tuple(place), declared, int(blank[raw].sum())
    )


def text_cells(name: str, codes: Array, levels: Sequence[str]) -> Cells:
    """Return a column of text from codes of levels that may have blanks at their ends.

    Parameters
    ----------
    name : str
    codes : ndarray of int, of shape (n,)
    levels : sequence of str
    """
    small = text(name, levels)
    counts = np.bincount(codes, minlength=len(levels))
    ends = [bool(own.strip()) and own != own.strip() for own in levels]
    blanks = int(counts[np.array(ends, bool)].sum()) if levels else 0
    found = small.values[codes] if levels else np.full(len(codes), -1)
    return Cells(name, "text", found, found < 0, small.levels, False, blanks)
