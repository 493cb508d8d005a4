"""A table and a target become features, a task, and an account of every column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.compose import ColumnTransformer

from perceptrons.comparison import leaks, parts, target
from perceptrons.comparison.encoding import Kind, encoder, to_levels, to_numbers
from perceptrons.comparison.errors import DataError
from perceptrons.comparison.kinds import Column, inspect
from perceptrons.comparison.read import column_names, take_column

#: With fewer rows a fold tests on next to nothing.
LEAST_ROWS = 20


@dataclass(frozen=True)
class Prepared:
    """Data that candidates can be compared on.

    Parameters
    ----------
    X : DataFrame of shape (n, d)
        The columns that are used, as they were given.
    y : ndarray of shape (n,)
        float64 for regression; labels for classes.
    task : {"regression", "classification"}
    task_reason : str
        Why, one sentence.
    target : str
        Name of y.
    classes : ndarray or None
        Sorted labels.
    transformer : ColumnTransformer
        Not fitted; from columns of X, found by name, to a dense array of numbers.
    columns : list of Column
        Every column given, and what was done with it.
    warnings : list of str
        Leaks first.
    leaks : tuple of str
        Columns that predict the target almost alone, or add up to it.
    groups : ndarray of int, of shape (n,), or None
        Equal for rows that repeat each other; None if none do.
    rows : ndarray of int, of shape (n,)
        Places of these rows in what was given.
    """

    X: pd.DataFrame
    y: NDArray[Any]
    task: target.Task
    task_reason: str
    target: str
    classes: NDArray[Any] | None
    transformer: ColumnTransformer
    columns: list[Column]
    warnings: list[str]
    leaks: tuple[str, ...]
    groups: NDArray[np.intp] | None
    rows: NDArray[np.intp]

    @property
    def features(self) -> list[str]:
        """Names of the columns that are used."""
        return list(self.X.columns)

    @property
    def kinds(self) -> dict[str, Kind]:
        """Kind of every column that is used."""
        return _kinds(self.columns)


def prepare(
    X: pd.DataFrame | ArrayLike,
    y: ArrayLike,
    *,
    task: str | None = None,
    drop: Sequence[str] = (),
) -> Prepared:
    """Choose the task, decide about every column and look for leaks.

    Parameters
    ----------
    X : DataFrame or array of shape (n, d)
        Columns of an array are called x0, x1, ...
    y : array-like of shape (n,)
        A column of X of its name is never a feature.
    task : {"regression", "classification"}, optional
        By the target if not given: text, booleans and at most ten distinct whole
        numbers are classes.
    drop : sequence of str, default=()
        Columns to leave out.

    Returns
    -------
    Prepared

    Raises
    ------
    DataError
        If nothing can be compared on this data; the message says what to change.
    """
    table, goal = as_table(X), _column(y)
    if len(table) != len(goal):
        raise DataError(
            f"X has {len(table)} rows and y has {len(goal)}; give one target per row."
        )
    name = str(goal.name) if goal.name is not None else "y"
    chosen = target.choose(goal, name, task)
    if chosen.values.size < LEAST_ROWS:
        raise DataError(
            f"The data have {chosen.values.size} rows with a target; a comparison "
            f"needs at least {LEAST_ROWS}."
        )
    rows = np.flatnonzero(chosen.keep)
    table = table.iloc[rows].reset_index(drop=True)
    columns = _inspect_all(table, name, drop)
    kinds = _kinds(columns)
    if not kinds:
        raise DataError(_nothing_left(columns))
    coded = _coded(table, kinds)
    features = table[list(kinds)]
    groups = leaks.repeated_rows(coded)
    found = leaks.find(features, chosen, kinds, groups)
    together = () if found else parts.find(features, chosen, kinds)
    return Prepared(
        X=features,
        y=chosen.values,
        task=chosen.task,
        task_reason=chosen.reason,
        target=name,
        classes=np.unique(chosen.values) if chosen.task == "classification" else None,
        transformer=encoder(kinds, len(table)),
        columns=columns,
        warnings=[
            *(leaks.sentence(leak, name, chosen.task) for leak in found),
            *([parts.sentence(together, name)] if together else []),
            *leaks.repetition(groups, chosen.values),
            *chosen.warnings,
            *(str(column) for column in columns if column.kind in _TOLD),
        ],
        leaks=(*(leak.column for leak in found), *together),
        groups=groups,
        rows=rows,
    )


def _kinds(columns: Sequence[Column]) -> dict[str, Kind]:
    """Return the kind of every column that is used."""
    return {c.name: cast(Kind, c.kind) for c in columns if c.used}


#: Columns left out for reasons that the user should hear of.
_TOLD = ("target", "date", "identifier", "other")


def as_table(X: pd.DataFrame | ArrayLike) -> pd.DataFrame:
    """Return X as a table of unique names that are text.

    Parameters
    ----------
    X : DataFrame or array of shape (n, d)
        Columns of an array are called x0, x1, ...

    Raises
    ------
    DataError
        If X is sparse, has not two dimensions, or has equal names.
    """
    if hasattr(X, "toarray"):
        raise DataError("X must be a DataFrame or a dense array; call X.toarray().")
    if isinstance(X, pd.DataFrame):
        table = X.set_axis(column_names(X.columns), axis=1)
        twice = [name for name, count in Counter(table.columns).items() if count > 1]
        if twice:
            raise DataError(
                f"X has more than one column named {twice[0]!r}; rename them, so that "
                "each column has a name of its own."
            )
        return table.infer_objects()
    array = np.asarray(X)
    if array.ndim != 2:
        raise DataError(
            f"X must have rows and columns, got the shape {array.shape}; for one "
            "column give X.reshape(-1, 1)."
        )
    table = pd.DataFrame(array, columns=[f"x{i}" for i in range(array.shape[1])])
    return table.infer_objects()


def _column(y: ArrayLike) -> pd.Series[Any]:
    """Return y as one column."""
    if isinstance(y, pd.DataFrame) and y.shape[1] == 1:
        y = y.iloc[:, 0]
    if isinstance(y, pd.Series):
        return y
    array = np.asarray(y)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise DataError(f"y must be one column, got the shape {array.shape}.")
    return pd.Series(array).infer_objects()


def _inspect_all(
    table: pd.DataFrame, target_name: str, drop: Sequence[str]
) -> list[Column]:
    """Decide about every column, in order."""
    for name in drop:
        take_column(table, name, "drop")
    seen: dict[bytes, str] = {}
    found = []
    for name in table.columns:
        if name in drop:
            column = Column(name, "dropped", "Not used: left out as asked for.")
        elif name == target_name:
            column = Column(name, "target", "Not used: it has the target's name.")
        else:
            column = inspect(table[name], name)
        if column.used:
            first = seen.setdefault(_content(table[name], column.kind), name)
            if first != name:
                action = f"Not used: the same information as {first!r}, row by row."
                column = Column(name, "duplicate", action)
        found.append(column)
    return found


def _codes(column: pd.Series[Any], kind: str) -> NDArray[np.float64]:
    """Return a number per cell, equal for equal cells; levels by first occurrence."""
    if kind == "category":
        codes, _ = pd.factorize(to_levels(column))
        return codes.astype(np.float64)
    # Adding 0 turns -0 into 0, which is equal but has other bytes.
    return to_numbers(column) + 0.0


def _content(column: pd.Series[Any], kind: str) -> bytes:
    """Return bytes that are equal for columns of the same information."""
    form = b"levels" if kind == "category" else b"numbers"
    return form + _codes(column, kind).tobytes()


def _coded(table: pd.DataFrame, kinds: Mapping[str, Kind]) -> pd.DataFrame:
    """Return the features as numbers that are equal where the cells are."""
    return pd.DataFrame(
        {name: _codes(table[name], kind) for name, kind in kinds.items()}
    )


def _nothing_left(columns: Sequence[Column]) -> str:
    """Say why no column is a feature."""
    reasons = " ".join(f"{c.name!r}: {c.action}" for c in columns[:10])
    return f"No column is left to predict from. {reasons}".strip()
