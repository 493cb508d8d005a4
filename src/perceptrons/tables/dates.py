"""Dates and times as people write them, and what a model can use of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perceptrons.tables.errors import DataError
from perceptrons.tables.numerals import GAP_WORDS

_MONTHS = [
    *("jan", "feb", "mar", "apr", "may", "jun"),
    *("jul", "aug", "sep", "oct", "nov", "dec"),
]
_NAME = rf"(?P<name>{'|'.join(_MONTHS)})[a-z]*\.?"
_TIME = (
    r"(?:[T ,]+(?P<h>\d{1,2}):(?P<min>\d{2})(?::(?P<s>\d{2})(?P<f>[.,]\d+)?)?"
    r"\s*(?P<half>[ap]\.?m\.?)?\s*(?P<zone>Z|UTC|[+-]\d{2}(?::?\d{2})?)?)?"
)
_FORMS = {
    "year first": re.compile(
        rf"(?P<y>\d{{4}})(?P<sep>[-/.])(?P<a>\d{{1,2}})(?:(?P=sep)(?P<b>\d{{1,2}}))?{_TIME}",
        re.IGNORECASE,
    ),
    "year last": re.compile(
        rf"(?P<a>\d{{1,2}})(?P<sep>[-/.])(?P<b>\d{{1,2}})(?P=sep)(?P<y>\d{{4}}|\d\d){_TIME}",
        re.IGNORECASE,
    ),
    "day name year": re.compile(
        rf"(?P<a>\d{{1,2}})[ .-]+{_NAME}[ ,.-]+(?P<y>\d{{4}}|\d\d){_TIME}",
        re.IGNORECASE,
    ),
    "name day year": re.compile(
        rf"{_NAME} (?P<a>\d{{1,2}}),? (?P<y>\d{{4}}){_TIME}", re.IGNORECASE
    ),
    "clock": re.compile(
        r"(?P<h>\d{1,2}):(?P<min>\d{2})(?::(?P<s>\d{2})(?P<f>[.,]\d+)?)?"
        r"\s*(?P<half>[ap]\.?m\.?)?",
        re.IGNORECASE,
    ),
}


@dataclass(frozen=True)
class DateForm:
    """How the dates of a column of text are written.

    Parameters
    ----------
    form : str
        "year first", "year last", "day name year", "name day year" or "clock".
    day_first : bool
        Of "year last": whether the day comes before the month.
    """

    form: str
    day_first: bool = True

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return asdict(self)

    @staticmethod
    def from_dict(state: Mapping[str, Any]) -> DateForm:
        """Return the form of what :meth:`as_dict` gave."""
        return DateForm(**state)


def examine(
    name: str, levels: Sequence[str], day_first: bool | None
) -> DateForm | None:
    """Tell in which form a column of text is one of dates.

    Parameters
    ----------
    name : str
        Of the column, for the refusal.
    levels : sequence of str
        Its different texts.
    day_first : bool, optional
        What the user says of 01/02/2020; None: judged by the column.

    Returns
    -------
    DateForm or None
        None if it is no column of dates.

    Raises
    ------
    DataError
        If no cell tells which number is the month.
    """
    texts = [text for text in levels if text.lower() not in GAP_WORDS]
    form = next(
        (f for f, own in _FORMS.items() if texts and own.fullmatch(texts[0])), None
    )
    if form is None:
        return None
    matches = [_FORMS[form].fullmatch(text) for text in texts]
    if not all(matches):
        return None
    if form != "year last":
        found = DateForm(form)
        return found if _all_exist(texts, found) else None
    # Two orders at most, and often one.
    orders = [own for own in (True, False) if _all_exist(texts, DateForm(form, own))]
    if day_first is not None:
        return DateForm(form, day_first) if day_first in orders else None
    if not orders:
        return None
    if len(orders) == 1 or "." in texts[0].split()[0]:
        return DateForm(form, orders[0])
    both = [parse(texts, DateForm(form, own)) for own in orders]
    differ = np.flatnonzero(both[0] != both[1])
    if not differ.size:
        return DateForm(form, True)
    one, other = (own[differ[0]].astype("datetime64[D]") for own in both)
    raise DataError(
        f"The column {name!r} can be read in two ways: {texts[differ[0]]!r} as "
        f"{one} or as {other}, and no other cell tells. Say which: "
        "--dates day-first or --dates month-first (dates= in tables.read), or write "
        "dates as year-month-day."
    )


def _all_exist(texts: Sequence[str], form: DateForm) -> bool:
    """Tell whether all are days of the calendar and times of the clock."""
    return not bool(np.isnat(parse(texts, form)).any())


def parse(texts: Sequence[str], form: DateForm) -> NDArray[np.datetime64]:
    """Return texts as points in time, by their own clock; NaT for what is none.

    Times of day are those of 1 January 1970.

    Parameters
    ----------
    texts : sequence of str
    form : DateForm

    Returns
    -------
    ndarray of datetime64[us], of shape (n,)
    """
    return np.array([_moment(text, form) for text in texts], "datetime64[us]")


def _moment(text: str, form: DateForm) -> Any:
    """Return one point in time."""
    found = _FORMS[form.form].fullmatch(text.strip())
    if found is None:
        return np.datetime64("NaT")
    parts: dict[str, str | None] = {"name": None, "a": None, "b": None, "y": None}
    parts |= found.groupdict()
    day, month = _day_and_month(parts, form)
    written = parts["y"] or "1970"
    year = int(written)
    if len(written) == 2:
        # As POSIX does: 69 to 99 are of the last century.
        year += 1900 if year >= 69 else 2000
    hour, minute, second = (int(parts[key] or 0) for key in ("h", "min", "s"))
    if parts["half"]:
        if not 1 <= hour <= 12:
            return np.datetime64("NaT")
        hour = hour % 12 + 12 * (parts["half"][0].lower() == "p")
    if hour > 23 or minute > 59 or second > 59:
        return np.datetime64("NaT")
    try:
        date = np.datetime64(f"{year:04d}-{month:02d}-{day:02d}", "us")
    except ValueError:
        return np.datetime64("NaT")
    fraction = float((parts["f"] or ".0").replace(",", "."))
    micro = round(1e6 * (3600 * hour + 60 * minute + second + fraction))
    return date + np.timedelta64(micro, "us")


def _day_and_month(parts: Mapping[str, Any], form: DateForm) -> tuple[int, int]:
    """Return the day and the month of a match."""
    if parts["name"]:
        return int(parts["a"]), 1 + _MONTHS.index(parts["name"].lower())
    if form.form == "clock":
        return 1, 1
    if form.form == "year first":
        return int(parts["b"] or 1), int(parts["a"])
    first, second = int(parts["a"]), int(parts["b"])
    return (first, second) if form.day_first else (second, first)


#: Parts of a point in time that come back again, and the length of their cycle.
CYCLES = {"month": 12.0, "weekday": 7.0, "hour": 24.0}


def days(moments: NDArray[np.datetime64]) -> NDArray[np.float64]:
    """Return days since 1 January 1970; NaN for NaT.

    Parameters
    ----------
    moments : ndarray of datetime64[us], of shape (n,)
    """
    found = moments.astype("datetime64[us]").astype(np.int64) / 86_400_000_000
    found[np.isnat(moments)] = np.nan
    return found


def cycle(line: NDArray[np.float64], part: str) -> NDArray[np.float64]:
    """Return where days since 1970 are in a cycle, from 0 to its length.

    Parameters
    ----------
    line : ndarray of shape (n,)
        As from :func:`days`; NaN stays NaN.
    part : {"month", "weekday", "hour"}
    """
    if part == "hour":
        return np.asarray(24 * (line % 1.0))
    whole = np.floor(line)
    if part == "weekday":
        # 1 January 1970 was a Thursday; Monday is 0.
        return np.asarray((whole + 3) % 7)
    known = np.isfinite(whole)
    found = np.full(line.shape, np.nan)
    dates = whole[known].astype(np.int64).astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    found[known] = months.astype(np.int64) % 12
    return found


def varying(line: NDArray[np.float64]) -> list[str]:
    """Return the cycles that vary over a column, and mean something.

    Days of the week mean nothing where all are the first of a month, nor months where
    the days span less than two of them.

    Parameters
    ----------
    line : ndarray of shape (n,)
        As from :func:`days`.
    """
    known = line[np.isfinite(line)]
    if not known.size:
        return []
    found = []
    if np.ptp(known) >= 60 and np.unique(cycle(known, "month")).size > 1:
        found.append("month")
    dates = np.floor(known).astype(np.int64).astype("datetime64[D]")
    first_days = dates == dates.astype("datetime64[M]").astype("datetime64[D]")
    if not first_days.all() and np.unique(cycle(known, "weekday")).size > 1:
        found.append("weekday")
    if np.unique(cycle(known, "hour")).size > 1:
        found.append("hour")
    return found
