"""What stands beside X and y: groups, times and columns to drop, one form for each."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from numbers import Integral
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from perceptrons.comparison.options import Options
from perceptrons.tables import Column, DataError
from perceptrons.tables.frames import is_frame, names_of
from perceptrons.tables.names import place_of
from perceptrons.tables.read import take_column


def names(given: Any) -> tuple[str, ...]:
    """Return the names of columns, of which there may be one, numbers, or None.

    Parameters
    ----------
    given : str, int, iterable of them, or None
    """
    if given is None:
        return ()
    if isinstance(given, str) or not isinstance(given, Iterable):
        return (str(given),)
    return tuple(map(str, given))


def take_groups(X: Any, groups: Any) -> tuple[Any, NDArray[np.intp] | None]:
    """Return X without the column of groups, and a number per row, one per group.

    Parameters
    ----------
    X : DataFrame or array-like of shape (n, d)
    groups : str, int, array-like of shape (n,), or None
        The name of a column of X, or values of any type, mixed ones, too.

    Raises
    ------
    DataError
        If there is no such column, a value is missing, or values cannot be compared.
    TypeError
        If a column is named and X has no names.
    """
    X, values = take("groups", X, groups)
    if values is None:
        return X, None
    return X, told_apart("groups", values)[0]


def told_apart(option: str, values: pd.Series[Any]) -> tuple[NDArray[np.intp], Any]:
    """Return a number per row, one per value, and the values.

    Raises
    ------
    DataError
        If values cannot be compared.
    """
    try:
        codes, levels = pd.factorize(values)
    except TypeError as error:
        raise DataError(
            f"{option} must hold values that can be told apart, such as numbers, text "
            f"or tuples, got {values.iloc[0]!r} ({error}); give each of them a number."
        ) from None
    return codes.astype(np.intp), levels


def take_times(X: Any, time: Any) -> tuple[Any, NDArray[np.intp] | None]:
    """Return X without the column of times, and the rank of every row's time.

    Parameters
    ----------
    X : DataFrame or array-like of shape (n, d)
    time : str, int, array-like of shape (n,), or None
        The name of a column of X, or values: numbers or dates, also as text, or
        ordered categories.

    Returns
    -------
    X : DataFrame or array-like
    ranks : ndarray of int, of shape (n,), or None
        Equal for equal times.

    Raises
    ------
    DataError
        If there is no such column, a value is missing, or no order can be read.
    TypeError
        If a column is named and X has no names.
    """
    X, values = take("time", X, time)
    if values is None:
        return X, None
    return X, pd.factorize(ordered(values), sort=True)[0]


def apart(options: Options) -> list[Column]:
    """Return an account of the columns named for groups, for time and for weights.

    Parameters
    ----------
    options : Options

    Raises
    ------
    DataError
        If a column is named twice, or to be dropped as well.
    """
    named = (
        ("groups", options.groups, _GROUPS_ADVICE),
        ("time", options.time, _TIME_ADVICE),
        ("weights", options.weights, _WEIGHTS_ADVICE),
    )
    found = [
        Column(str(given), kind, action, notable=kind == "time")
        for kind, given, action in named
        if isinstance(given, (str, Integral))
    ]
    taken = names(options.drop)
    for column in found:
        if column.name in taken:
            raise DataError(
                f"{column.kind} must name a column of its own, got {column.name!r}, "
                "which is named once more; no model sees it in any case."
            )
        taken = (*taken, column.name)
    return found


_GROUPS_ADVICE = "No model sees it: rows of equal values stay together in every fold."
_WEIGHTS_ADVICE = "No model sees it: it says for how many each row stands."
_TIME_ADVICE = (
    "No model sees it: it orders the rows. Where season or trend matter, derive "
    "numbers from it, such as month, weekday or days since a fixed date, and compare "
    "again."
)


def take(name: str, X: Any, given: Any) -> tuple[Any, pd.Series[Any] | None]:
    """Return X without the column named, and the column; or the values given.

    Parameters
    ----------
    name : str
        Of the argument.
    X : DataFrame or array-like of shape (n, d)
    given : str, int, array-like of shape (n,), or None

    Raises
    ------
    DataError
        If there is no such column, or a value is missing.
    TypeError
        If a column is named and X has no names.
    """
    if given is None:
        return X, None
    if isinstance(given, (str, Integral)):
        if not is_frame(X):
            raise TypeError(
                f"{name} must hold one value per row where X has no named columns, got "
                f"{given!r}; give X as a DataFrame to name one of its columns."
            )
        X, given = _split(X, str(given), name)
    values = _series(name, given)
    if len(values) != len(X) or values.isna().any():
        raise DataError(
            f"{name} must hold one value per row of X, {len(X)} in all and none "
            f"missing, got {len(values)} with {values.isna().sum()} missing; fill them "
            "or leave their rows out."
        )
    return X, values


def _split(X: Any, column: str, option: str) -> tuple[Any, Any]:
    """Return a frame of any library without a column, and the column for pandas."""
    if isinstance(X, pd.DataFrame):
        return take_column(X, column, option)
    place = place_of(column, names_of(X), option)
    frame = nw.from_native(X, eager_only=True)
    own = frame.columns[place]
    values = frame[own]
    cells = values.to_list() if values.dtype.is_nested() else values.to_numpy()
    return frame.drop(own).to_native(), pd.Series(cells)


def _series(name: str, given: Any) -> pd.Series[Any]:
    """Return values of any type as one column."""
    if isinstance(given, pd.DataFrame) or getattr(given, "ndim", 1) > 1:
        shape = given.shape
        if len(shape) != 2 or shape[1] != 1:
            raise DataError(
                f"{name} must hold one value per row, got the shape {shape}; join the "
                "columns into one."
            )
        given = given.iloc[:, 0] if isinstance(given, pd.DataFrame) else given[:, 0]
    try:
        return pd.Series(given).reset_index(drop=True)
    except (TypeError, ValueError, NotImplementedError) as error:
        raise DataError(
            f"{name} must hold one value per row, or name a column, got "
            f"{type(given).__name__} ({error}); give a list, an array or a Series."
        ) from None


def ordered(time: pd.Series[Any]) -> pd.Series[Any]:
    """Return numbers or dates, which can be put in order.

    Parameters
    ----------
    time : Series
        Numbers or dates, also as text, or ordered categories.

    Raises
    ------
    DataError
        If no order can be read.
    """
    if isinstance(time.dtype, pd.CategoricalDtype):
        if time.cat.ordered:
            return time.cat.codes
        time = time.astype(time.cat.categories.dtype)
    if time.dtype.kind in "biufmM" or isinstance(
        time.dtype, (pd.PeriodDtype, pd.DatetimeTZDtype)
    ):
        return time
    found = pd.api.types.infer_dtype(time)
    if found in ("integer", "floating", "mixed-integer-float", "decimal"):
        return pd.to_numeric(time)
    if found not in ("string", "datetime", "date", "datetime64"):
        raise _no_order(time.iloc[0], 0)
    if found != "string":
        return _dates(time)
    time = time.str.strip()
    numbers = time.str.fullmatch(_NUMBER)
    if numbers.all():
        _refuse_months(time)
        return pd.to_numeric(time)
    if numbers.mean() >= 0.5:
        row = int(np.flatnonzero(~numbers)[0])
        raise _no_order(time.iloc[row], row)
    if not time.str.fullmatch(_CLOCK).all():
        _refuse_without_year(time)
    return _dates(time)


_NUMBER = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"
_CLOCK = r"[0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?"
_YEAR = r"(?<![0-9])[0-9]{4}(?![0-9])|^[0-9]{8}(?![0-9])"


def _refuse_without_year(time: pd.Series[Any]) -> None:
    """Refuse Jan-20, which may be a day, and 20.01.13, which may begin with it."""
    rows = np.flatnonzero(time.str.contains("[0-9]") & ~time.str.contains(_YEAR))
    if rows.size:
        raise DataError(
            f"time must hold dates with a year of four digits, got "
            f"{time.iloc[rows[0]]!r} in row {rows[0] + 1}; write dates as "
            "year-month-day or year-month."
        )


_WITH_POINT = r"^([0-9]{1,4})\.([0-9]{1,4})$"


def _refuse_months(time: pd.Series[Any]) -> None:
    """Refuse numbers that may be dates of another order: 2020.10, 31.12.

    Read as numbers, October comes with January, and December between days. Years with
    months of two digits each, and months with days of two digits, are in order either
    way. Numbers give themselves away by a row that is no date.
    """
    texts = time.drop_duplicates()
    texts = texts[texts.str.contains(".", regex=False)]
    # Whoever writes 2020.1 and 2020.10 means two things.
    twice = pd.to_numeric(texts).duplicated()
    parts = time.str.extract(_WITH_POINT)
    dates = bool(parts.notna().all(axis=None)) and _may_be_dates(parts)
    if not (dates or twice.any()):
        return
    suspect = texts[twice] if twice.any() else time[parts[1].str.len() >= 2]
    raise DataError(
        f"time must say whether {suspect.iloc[0]!r}, in row "
        f"{suspect.index[0] + 1}, is a number or a date with a month; write dates as "
        "year-month-day or year-month, and numbers with as many digits in every row."
    )


def _may_be_dates(parts: pd.DataFrame) -> bool:
    """Tell whether texts before and after a point are dates out of order as numbers."""
    before, after = (parts[place].astype(np.int64) for place in (0, 1))
    digits = parts[1].str.len()
    mixed, two = digits.nunique() > 1, digits.max() == 2
    days = range(1, 32)
    day_month = two and before.isin(days).all() and after.between(1, 12).all()
    month_day = mixed and before.between(1, 12).all() and after.isin(days).all()
    year_month = mixed and before.between(1000, 2999).all() and after.max() <= 12
    month_year = before.between(1, 12).all() and after.between(1000, 2999).all()
    return bool(day_month or month_day or year_month or month_year)


def _dates(time: pd.Series[Any]) -> pd.Series[Any]:
    """Return dates of one form, which must not leave open which number is the month."""
    iso = pd.to_datetime(time, format="ISO8601", errors="coerce", utc=True)
    if iso.notna().all():
        return iso
    with warnings.catch_warnings():
        # What pandas warns of, days that come first and forms that differ, is told
        # apart here.
        warnings.simplefilter("ignore")
        forms = [
            pd.to_datetime(time, errors="coerce", utc=True, dayfirst=day_first)
            for day_first in (False, True)
        ]
    whole = [dates for dates in forms if dates.notna().all()]
    if not whole:
        best = max(forms, key=lambda dates: dates.notna().sum())
        row = int(np.flatnonzero(best.isna())[0])
        raise _no_order(time.iloc[row], row)
    if len(whole) == 2 and not whole[0].equals(whole[1]):
        row = int(np.flatnonzero(whole[0] != whole[1])[0])
        raise DataError(
            f"time must say which number is the month, got {time.iloc[row]!r} in row "
            f"{row + 1}, and no other row tells; write dates as year-month-day."
        )
    return whole[0]


def _no_order(value: Any, row: int) -> DataError:
    """Return the refusal of a value that is neither number nor date."""
    return DataError(
        f"time must hold numbers or dates, all in one form, got {value!r} in row "
        f"{row + 1}; write dates as year-month-day."
    )
