"""Any table becomes columns that NumPy holds, each in its own type.

Frames of pandas, polars and Arrow come through narwhals; whole numbers stay whole and
text is kept as levels and their codes, until :mod:`perceptrons.tables.encoder` makes
numbers of them.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from numbers import Integral, Real
from typing import Any, Literal

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from perceptrons.tables.errors import DataError
from perceptrons.tables.names import check_unique, column_names, is_missing

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
        found = np.array([str(value) for value in self.values.tolist()], object)
        found[self.missing] = None
        return found

    def as_text(self) -> Cells:
        """Return the same column as text."""
        if self.storage == "text":
            return self
        return _text(self.name, self.texts().tolist(), self.declared)

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


def read_cells(X: Any) -> list[Cells]:
    """Return the columns of a table.

    Parameters
    ----------
    X : DataFrame or array-like of shape (n, d)
        Of pandas, polars or Arrow; columns of an array are called x0, x1, ...

    Raises
    ------
    DataError
        If X is sparse, has not two dimensions, or has equal names.
    """
    return list(iterate(X))


def iterate(X: Any, only: Iterable[str] | None = None) -> Iterator[Cells]:
    """Yield the columns of a table, all or only those named, in the table's order.

    Parameters
    ----------
    X : DataFrame or array-like of shape (n, d)
    only : iterable of str, optional
    """
    wanted = None if only is None else set(only)
    if hasattr(X, "toarray"):
        raise DataError("X must be a DataFrame or a dense array; call X.toarray().")
    if is_frame(X):
        frame, names = _named(X)
        if (
            wanted is None
            and len(names) >= _WIDE
            and nw.dependencies.is_pandas_dataframe(X)
        ):
            yield from _wide(X, names)
            return
        for name, series in zip(names, frame.iter_columns(), strict=True):
            if wanted is None or name in wanted:
                yield from_series(name, series)
        return
    array = X if isinstance(X, np.ndarray) else np.asarray(X)
    if array.ndim != 2:
        raise DataError(
            f"X must have rows and columns, got the shape {array.shape}; for one "
            "column give X.reshape(-1, 1)."
        )
    for place in range(array.shape[1]):
        if wanted is None or f"x{place}" in wanted:
            yield from_array(f"x{place}", array[:, place])


#: From so many columns on a pandas frame is taken apart by types: a Series costs as
#: much as the numbers of a few hundred rows.
_WIDE = 1000


def _wide(X: Any, names: Sequence[str]) -> Iterator[Cells]:
    """Yield the columns of a pandas frame, those of one plain type from one array."""
    plain: dict[Any, list[int]] = {}
    for place, own in enumerate(X.dtypes):
        if isinstance(own, np.dtype) and own.kind in "fiub":
            plain.setdefault(own, []).append(place)
    ready: dict[int, Array] = {}
    for places in plain.values():
        block = X.iloc[:, places].to_numpy()
        ready |= {place: block[:, own] for own, place in enumerate(places)}
    for place, name in enumerate(names):
        if place in ready:
            yield from_array(name, ready[place])
        else:
            series = nw.from_native(X.iloc[:, place], series_only=True)
            yield from_series(name, series)


def is_frame(X: Any) -> bool:
    """Tell whether X is a table of named columns, of any of the libraries.

    Parameters
    ----------
    X : object
    """
    return bool(nw.dependencies.is_into_dataframe(X))


def names_of(X: Any) -> list[str]:
    """Return the names of a table's columns.

    Parameters
    ----------
    X : DataFrame or array-like of shape (n, d)
    """
    if not is_frame(X):
        return [f"x{place}" for place in range(np.shape(X)[1])]
    given = getattr(X, "column_names", None)
    return column_names(X.columns if given is None else given)


def column_of(name: str, values: Any) -> Cells:
    """Return one column: a Series, a table of one column, an array or a list.

    Parameters
    ----------
    name : str
        What to call it where it has no name, and in the refusal.
    values : Series, DataFrame or array-like of shape (n,) or (n, 1)

    Raises
    ------
    DataError
        If it is no single column.
    """
    native: Any = nw.from_native(
        values, eager_only=True, allow_series=True, pass_through=True
    )
    if isinstance(native, nw.DataFrame):
        if native.shape[1] != 1:
            raise DataError(f"{name} must be one column, got the shape {native.shape}.")
        (only,) = read_cells(values)
        return only
    if isinstance(native, nw.Series):
        own = native.name
        return from_series(name if is_missing(own) or own == "" else str(own), native)
    array = values if isinstance(values, np.ndarray) else np.asarray(values)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise DataError(f"{name} must be one column, got the shape {array.shape}.")
    return from_array(name, array)


def _named(X: Any) -> tuple[Any, list[str]]:
    """Return a frame whose names are text, and the names."""
    names = names_of(X)
    check_unique("X", names)
    # pandas takes anything for a name, and several levels of them.
    frame = X.set_axis(names, axis=1) if hasattr(X, "set_axis") else X
    return nw.from_native(frame, eager_only=True), names


def from_series(name: str, series: nw.Series[Any]) -> Cells:
    """Return one column of a frame.

    Parameters
    ----------
    name : str
    series : narwhals Series
    """
    dtype = series.dtype
    if isinstance(dtype, (nw.Categorical, nw.Enum)):
        return _text(name, series.to_list(), declared=True)
    if isinstance(dtype, nw.String):
        return _text(name, series.to_list())
    if dtype.is_float():
        return from_array(name, np.asarray(series.to_numpy(), np.float64))
    if dtype.is_integer() and (whole := series.to_numpy()).dtype.kind in "iu":
        return from_array(name, whole)
    if isinstance(dtype, nw.Datetime) and dtype.time_zone is not None:
        # What the clock on the wall shows is what has seasons and hours.
        series = series.dt.replace_time_zone(None)
    missing = np.asarray(series.is_null().to_numpy(), bool)
    if isinstance(dtype, (nw.Date, nw.Datetime)):
        return Cells(name, "date", _moments(series), missing)
    if isinstance(dtype, (nw.Boolean, nw.Decimal)) or dtype.is_integer():
        return _objects(name, series.to_list())
    if isinstance(dtype, nw.Duration):
        spans = series.to_numpy().astype("timedelta64[us]").astype(np.int64)
        return Cells(name, "duration", spans / _DAY, missing)
    return from_array(name, series.to_numpy())


_DAY = 86_400_000_000


def _moments(series: nw.Series[Any]) -> Array:
    """Return points in time, to the microsecond."""
    found = series.to_numpy()
    return np.asarray(found, "datetime64[us]")


def from_array(name: str, array: Array) -> Cells:
    """Return one column of an array.

    Parameters
    ----------
    name : str
    array : ndarray of shape (n,)
    """
    if isinstance(array, np.ma.MaskedArray):
        return _objects(name, array.tolist())
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
        spans = array.astype("timedelta64[us]").astype(np.int64) / _DAY
        return Cells(name, "duration", spans, np.isnat(array))
    return _objects(name, array.tolist())


def _objects(name: str, cells: Sequence[Any]) -> Cells:
    """Return a column of Python's objects, by what they all are."""
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
        return _text(name, cells)
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
        return _text(name, cells)
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


def _text(name: str, cells: Sequence[Any], declared: bool = False) -> Cells:
    """Return a column of text; what is blank is missing."""
    first: dict[Any, int] = {}
    raw = np.array([first.setdefault(cell, len(first)) for cell in cells], np.intp)
    given = [None if is_missing(cell) else str(cell) for cell in first]
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
    small = _text(name, levels)
    counts = np.bincount(codes, minlength=len(levels))
    ends = [bool(own.strip()) and own != own.strip() for own in levels]
    blanks = int(counts[np.array(ends, bool)].sum()) if levels else 0
    found = small.values[codes] if levels else np.full(len(codes), -1)
    return Cells(name, "text", found, found < 0, small.levels, False, blanks)
