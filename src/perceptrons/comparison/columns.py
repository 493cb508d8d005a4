"""A table and a target become features, a task, and an account of every column."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from perceptrons.comparison import leaks, parts, target
from perceptrons.tables import Column, DataError, TableEncoder
from perceptrons.tables.cells import Cells
from perceptrons.tables.column import Kind, told
from perceptrons.tables.encoder import nothing_left
from perceptrons.tables.frames import column_of, read_cells
from perceptrons.tables.kinds import account
from perceptrons.tables.names import place_of
from perceptrons.tables.read import Format
from perceptrons.tables.settle import Reading, settle
from perceptrons.tables.values import cell_codes

#: With fewer rows a fold tests on next to nothing.
LEAST_ROWS = 20


@dataclass(frozen=True)
class Prepared:
    """Data that candidates can be compared on.

    Parameters
    ----------
    X : DataFrame of shape (n, d)
        The columns that are used, each in its own type: text that is numbers or dates
        is read.
    y : ndarray of shape (n,)
        float64 for regression; labels for classes.
    task : {"regression", "classification"}
    task_reason : str
        Why, one sentence.
    target : str
        Name of y.
    classes : ndarray or None
        Sorted labels.
    transformer : TableEncoder
        Not fitted; from columns of X, found by name, to a dense array of numbers.
    columns : list of Column
        Every column given, and what was done with it.
    warnings : list of str
        Leaks first.
    suspicions : list of str
        Those of them that tell of leaks.
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
    transformer: TableEncoder
    columns: list[Column]
    warnings: list[str]
    suspicions: list[str]
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
        return {c.name: cast(Kind, c.kind) for c in self.columns if c.used}


def prepare(
    X: Any,
    y: Any,
    *,
    task: str | None = None,
    drop: Sequence[str] = (),
    category: Sequence[str] = (),
    keep: Sequence[str] = (),
    form: Format | None = None,
) -> Prepared:
    """Choose the task, decide about every column and look for leaks.

    Parameters
    ----------
    X : DataFrame or array-like of shape (n, d)
        Of pandas, polars or Arrow; columns of an array are called x0, x1, ...
    y : array-like of shape (n,)
        A column of X of its name is never a feature.
    task : {"regression", "classification"}, optional
        By the target if not given: text, booleans and at most ten distinct whole
        numbers are classes.
    drop, category, keep : sequence of str, default=()
        Columns to leave out; whose numbers are codes; to use though they look like
        row numbers, identifiers or repetitions.
    form : Format, optional
        What the user says of how text is written.

    Returns
    -------
    Prepared

    Raises
    ------
    DataError
        If nothing can be compared on this data; the message says what to change.
    """
    given, goal = _given(X, y, drop=drop, category=category, keep=keep)
    # The target may tell how its table is written, but is of no kind of column.
    known = Format() if form is None else form
    settled = settle(
        [*(cells for cells in given if cells.name not in drop), goal],
        known.numbers,
        day_first=known.day_first,
        as_written=category,
    )
    chosen = _chosen(*settled.pop(), task)
    kept = _kept(given, settled, chosen.keep)
    columns = account(kept, target=goal.name, drop=drop, category=category, keep=keep)
    used = [column for column in columns if column.used]
    if not used:
        raise DataError(nothing_left(columns))
    by_name = {cells.name: cells for cells, _ in kept}
    table = {column.name: by_name[column.name] for column in used}
    groups = leaks.repeated_rows(_coded(table, used))
    leaking, suspicions = _suspicions(table, chosen, used, groups, goal.name)
    warned = [*suspicions, *leaks.repetition(groups, chosen.values)]
    warned += [*chosen.warnings, *told(columns)]
    return Prepared(
        X=_frame(table, used),
        y=chosen.values,
        task=chosen.task,
        task_reason=chosen.reason,
        target=goal.name,
        classes=np.unique(chosen.values) if chosen.task == "classification" else None,
        transformer=TableEncoder(columns=used, n_rows=chosen.values.size),
        columns=columns,
        warnings=warned,
        suspicions=suspicions,
        leaks=leaking,
        groups=groups,
        rows=np.flatnonzero(chosen.keep),
    )


def _given(X: Any, y: Any, **options: Sequence[str]) -> tuple[list[Cells], Cells]:
    """Return the columns and the target, of as many rows, or refuse them."""
    _check_single(y)
    given, goal = read_cells(X), column_of("y", y)
    known = [cells.name for cells in given]
    for option, names in options.items():
        for name in names:
            place_of(name, known, option)
    if given and len(given[0]) != len(goal):
        raise DataError(
            f"X has {len(given[0])} rows and y has {len(goal)}; give one target per "
            "row."
        )
    return given, goal


def _check_single(y: Any) -> None:
    """Refuse several targets, each of which has a verdict of its own."""
    shape: Any = getattr(y, "shape", ())
    if len(shape) == 2 and shape[1] > 1:
        raise DataError(
            f"y must be one column, got the shape {tuple(shape)}; several targets are "
            "several questions: compare each in a call of its own, and leave out of X "
            "those not known when it is predicted."
        )


def _chosen(goal: Cells, reading: Reading, task: str | None) -> target.Target:
    """Return the target of enough rows, or refuse it."""
    chosen = target.choose(goal, reading, task)
    if chosen.values.size < LEAST_ROWS:
        raise DataError(
            f"The data have {chosen.values.size} rows with a target; a comparison "
            f"needs at least {LEAST_ROWS}."
        )
    return chosen


def _kept(
    given: Sequence[Cells],
    settled: Sequence[tuple[Cells, Reading]],
    keep: NDArray[np.bool_],
) -> list[tuple[Cells, Reading]]:
    """Return all columns, dropped ones as they came, of the rows with a target."""
    read = {cells.name: (cells, reading) for cells, reading in settled}
    found = (read.get(cells.name, (cells, None)) for cells in given)
    if keep.all():
        return list(found)
    rows = np.flatnonzero(keep)
    return [(cells.take(rows), reading) for cells, reading in found]


def _suspicions(
    table: dict[str, Cells],
    chosen: target.Target,
    used: Sequence[Column],
    groups: NDArray[np.intp] | None,
    name: str,
) -> tuple[tuple[str, ...], list[str]]:
    """Return the columns that know the target, and warnings of them."""
    found = leaks.find(table, chosen, used, groups)
    if found:
        told_of = [leaks.sentence(leak, name, chosen.task) for leak in found]
        return tuple(leak.column for leak in found), told_of
    together = parts.find(table, chosen, used)
    return together, [parts.sentence(together, name)] if together else []


def _frame(table: dict[str, Cells], used: Sequence[Column]) -> pd.DataFrame:
    """Return the features, each in its own type; codes that are a category as text."""
    return pd.DataFrame(
        {
            c.name: table[c.name].texts()
            if c.kind == "category"
            else table[c.name].plain()
            for c in used
        }
    )


def _coded(
    table: dict[str, Cells], used: Sequence[Column]
) -> Iterator[NDArray[np.float64]]:
    """Yield each feature as numbers that are equal where the cells are."""
    for column in used:
        yield cell_codes(table[column.name], column.kind)
