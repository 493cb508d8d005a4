"""What a column is: number, category, boolean, or nothing a model can use."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
import pandas as pd

from perceptrons.comparison.encoding import (
    LARGEST,
    MISSING,
    MOST_LEVELS,
    Kind,
    least_level_rows,
    to_levels,
    to_numbers,
)
from perceptrons.comparison.errors import DataError

#: Text is a number with gaps if so much of it is, and the rest are few words.
_LEAST_NUMERIC = 0.9
_MOST_GAP_WORDS = 3

_MONTH = r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_TIME = r"([t ,]+\d{1,2}:\d{2}.*)?"
_YEAR, _DAY = r"(19|20)\d\d", r"(0?[1-9]|[12]\d|3[01])"
_DATE = re.compile(
    rf"({_YEAR}[-/.]{_DAY}([-/.]{_DAY})?{_TIME}"
    rf"|{_DAY}[-/.]{_DAY}[-/.]({_YEAR}|\d\d){_TIME}"
    rf"|{_DAY}[ -]{_MONTH}[ ,-]+({_YEAR}|\d\d){_TIME}"
    rf"|{_MONTH} {_DAY},? {_YEAR}{_TIME})",
    re.IGNORECASE,
)
_IDENTIFIER = re.compile(r"(.*[_\s.-])?(id|uuid|guid)|.*[a-z]I[Dd]", re.ASCII)


@dataclass(frozen=True)
class Column:
    """A column of the user's table and what was done with it.

    Parameters
    ----------
    name : str
    kind : str
        "number", "category" or "boolean" for a feature; otherwise why it is none:
        "target", "dropped", "time", "groups", "missing", "constant", "duplicate",
        "date", "identifier" or "other".
    action : str
        One sentence.
    """

    name: str
    kind: str
    action: str

    def __str__(self) -> str:
        """Return it as a line of its own."""
        return f"Column {self.name!r}: {self.action}"

    @property
    def used(self) -> bool:
        """Whether it is a feature."""
        return self.kind in get_args(Kind)


def inspect(column: pd.Series[Any], name: str) -> Column:
    """Tell what a column is and what becomes of it.

    Parameters
    ----------
    column : Series
    name : str

    Returns
    -------
    Column

    Raises
    ------
    DataError
        For infinite values.
    """
    if column.isna().all():
        return Column(name, "missing", "Not used: it holds no values.")
    inferred = pd.api.types.infer_dtype(column, skipna=True)
    if not _is_simple(column, inferred):
        action = f"Not used: values of type {inferred}; make them numbers or text."
        return Column(name, "other", action)
    if column.nunique(dropna=False) == 1:
        return Column(name, "constant", "Not used: the same value in every row.")
    if is_date(column, inferred):
        return Column(name, "date", _DATE_ADVICE)
    if inferred == "boolean" and not column.isna().any():
        return Column(name, "boolean", "Used as 0 and 1.")
    if inferred != "boolean" and is_numeric(column):
        return _number(column, name)
    return _category(column, name)


_DATE_ADVICE = (
    "Not used: a model cannot read dates. Derive numbers from it, such as days since a "
    "fixed date, month or weekday, and compare again; to test on later rows than those "
    "trained on, name it as the column of time."
)


def _is_simple(column: pd.Series[Any], inferred: str) -> bool:
    """Tell whether a column holds numbers, text, booleans or dates, not containers."""
    if inferred == "categorical":
        return True
    known = inferred in (
        "string", "integer", "floating", "mixed-integer-float", "mixed-integer",
        "decimal", "boolean", "datetime64", "datetime", "date",
    )  # fmt: skip
    if inferred != "mixed":
        return known
    scalars = (str, int, float, bool, np.generic)
    return all(isinstance(value, scalars) for value in column.dropna())


def is_date(column: pd.Series[Any], inferred: str) -> bool:
    """Tell whether a column holds dates, as such or as text.

    Parameters
    ----------
    column : Series
    inferred : str
        What `pandas.api.types.infer_dtype` calls it.
    """
    if inferred in ("datetime64", "datetime", "date"):
        return True
    if inferred not in ("string", "categorical"):
        return False
    found = column.dropna().unique()[:200]
    return all(_DATE.fullmatch(str(value).strip()) for value in found)


def is_numeric(column: pd.Series[Any]) -> bool:
    """Tell whether a column holds numbers, perhaps as text with a few words for gaps.

    Parameters
    ----------
    column : Series
    """
    if isinstance(column.dtype, pd.CategoricalDtype):
        return False
    if pd.api.types.is_numeric_dtype(column):
        return True
    present = column.notna()
    share = np.isfinite(to_numbers(column)[present]).mean()
    return bool(
        share >= _LEAST_NUMERIC and len(words_for_gaps(column)) <= _MOST_GAP_WORDS
    )


def words_for_gaps(column: pd.Series[Any]) -> list[str]:
    """Return the texts in a column of numbers that are not numbers.

    Parameters
    ----------
    column : Series
    """
    odd = column.notna().to_numpy() & np.isnan(to_numbers(column))
    return [str(word) for word in column[odd].unique()]


def _number(column: pd.Series[Any], name: str) -> Column:
    """Describe a column of numbers."""
    values = to_numbers(column)
    infinite = np.flatnonzero(np.abs(values) > LARGEST)
    if infinite.size:
        raise DataError(
            f"The column {name!r} holds {infinite.size} infinite "
            f"{_plural('value', infinite.size)} (or beyond {LARGEST:g}), the first in "
            f"row {infinite[0] + 1} of the data; leave such cells empty if the value "
            "is missing, or drop the column."
        )
    if _is_identifier(values, name):
        action = (
            "Not used: every row has its own whole number, in order or under the name "
            "of an identifier. Rename it if it measures something."
        )
        return Column(name, "identifier", action)
    words = words_for_gaps(column)
    gaps = int(np.isnan(values).sum())
    action = "Used as a number."
    distinct = np.unique(values[~np.isnan(values)])
    if 2 < distinct.size <= MOST_LEVELS and (distinct == np.round(distinct)).all():
        action += (
            f" If its {distinct.size} whole numbers are codes, not amounts, make it a "
            "category (--category, or the dtype category)."
        )
    if words:
        listed = ", ".join(map(repr, words))
        action += f" {listed} is read as missing."
    if gaps:
        share = 100 * gaps / values.size
        action += (
            f" {gaps} missing {_plural('value', gaps)} ({share:.1f} %): the median of "
            "the training rows, marked in a column of its own."
        )
    return Column(name, "number", action)


def _is_identifier(values: np.ndarray[Any, Any], name: str) -> bool:
    """Tell whether numbers count the rows, or are all different under an ID's name."""
    if np.isnan(values).any() or (values != np.round(values)).any():
        return False
    counts_rows = values[0] in (0, 1) and bool((np.diff(values) == 1).all())
    named = _IDENTIFIER.fullmatch(name) or _IDENTIFIER.fullmatch(name.lower())
    return counts_rows or bool(named and np.unique(values).size == values.size)


def _category(column: pd.Series[Any], name: str) -> Column:
    """Describe a column of categories."""
    n_missing = int(column.isna().sum())
    counts = pd.Series(to_levels(column)).value_counts()
    own = counts.size - bool(n_missing)
    least = least_level_rows(len(column))
    # The pool is itself one of the most levels.
    most = MOST_LEVELS if counts.size <= MOST_LEVELS else MOST_LEVELS - 1
    kept = min(int((counts >= least).sum()), most)
    if kept == 0:
        action = (
            f"Not used: {own:,} different texts in {len(column):,} rows, none of them "
            f"in {least} rows or more, as of an identifier or free text. Derive a "
            "coarser column to use it."
        )
        if own < len(column) - n_missing:
            action += " If rows of one value belong together, name it for groups."
        return Column(name, "identifier", action)
    pooled = set(counts.index[kept:])
    action = f"Used as a category of {own:,} {_plural('level', own)}, one column each."
    if pooled - {MISSING}:
        why = f"in fewer than {least} rows" if kept < most else f"beyond {most}"
        action += f" The rarest ({len(pooled - {MISSING}):,}, {why}) share one column."
    if n_missing:
        own_level = (
            "counted with the rarest" if MISSING in pooled else "their own level"
        )
        share = 100 * n_missing / len(column)
        action += f" {n_missing:,} missing ({share:.1f} %): {own_level}."
    return Column(name, "category", action)


def _plural(word: str, count: int) -> str:
    """Return a word for one or many."""
    return word if count == 1 else f"{word}s"
