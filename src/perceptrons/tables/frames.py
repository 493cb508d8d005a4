"""Any table becomes columns: frames of pandas, polars and Arrow, and arrays.

Frames come through narwhals, so that none of the libraries is needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from perceptrons.tables.cells import DAY, Cells, from_array, objects, text
from perceptrons.tables.errors import DataError
from perceptrons.tables.names import check_unique, column_names, is_missing

Array = NDArray[Any]


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
        return text(name, series.to_list(), declared=True)
    if isinstance(dtype, nw.String):
        return text(name, series.to_list())
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
        return objects(name, series.to_list())
    if isinstance(dtype, nw.Duration):
        spans = series.to_numpy().astype("timedelta64[us]").astype(np.int64)
        return Cells(name, "duration", spans / DAY, missing)
    return from_array(name, series.to_numpy())


def _moments(series: nw.Series[Any]) -> Array:
    """Return points in time, to the microsecond."""
    found = series.to_numpy()
    return np.asarray(found, "datetime64[us]")
