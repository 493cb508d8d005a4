"""Some runs and the number they stand for: what a claim compares."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from perceptrons.report import ties
from perceptrons.report.measures import measured
from perceptrons.report.study import NoRunsError, Study
from perceptrons.report.tables import ACTIVATIONS, NORMS, OPTIMIZERS, shaped

#: Which rows: values by column (None for a gap, a list for any of them, or a condition
#: on the column), or a condition on the whole table.
Where = Mapping[str, Any] | Callable[[pd.DataFrame], "pd.Series[bool]"]

#: What values of settings are called in a sentence.
NAMES = {**ACTIVATIONS, **OPTIMIZERS, **NORMS}

# Columns that name a run in the evidence, and how.
_LABELS = {
    "library": "{}",
    "activation": "{}",
    "shape": "{}",
    "solver": "{}",
    "norm": "{}",
    "strength": "lambda {:g}",
    "learning_rate_init": "rate {:g}",
    "max_iter": "{:.0f} epochs",
}


def at_most(limit: float) -> Callable[[pd.Series[Any]], pd.Series[bool]]:
    """Return a condition on a column."""
    return lambda column: column.le(limit)


def at_least(limit: float) -> Callable[[pd.Series[Any]], pd.Series[bool]]:
    """Return a condition on a column."""
    return lambda column: column.ge(limit)


def between(low: float, high: float) -> Callable[[pd.Series[Any]], pd.Series[bool]]:
    """Return a condition on a column."""
    return lambda column: column.between(low, high)


def near(*values: float) -> Callable[[pd.Series[Any]], pd.Series[bool]]:
    """Return a condition on a column: one of these numbers, but for rounding."""
    return lambda column: pd.Series(
        np.isclose(column.to_numpy(float)[:, None], values, rtol=1e-6, atol=0).any(
            axis=1
        ),
        index=column.index,
    )


def least(column: pd.Series[Any]) -> pd.Series[bool]:
    """Tell which values are the least."""
    return column.eq(column.min())


def most(column: pd.Series[Any]) -> pd.Series[bool]:
    """Tell which values are the largest."""
    return column.eq(column.max())


def inner(column: pd.Series[Any]) -> pd.Series[bool]:
    """Tell which values are neither the least nor the largest."""
    return ~(least(column) | most(column))


def chosen(rows: pd.DataFrame, where: Where) -> pd.Series[bool]:
    """Tell which rows meet all conditions.

    Parameters
    ----------
    rows : DataFrame
    where : mapping or callable
    """
    if callable(where):
        return where(rows)
    keep = pd.Series(True, index=rows.index)
    for name, wanted in where.items():
        column = (
            rows[name] if name in rows else pd.Series(None, rows.index, dtype=object)
        )
        if callable(wanted):
            keep &= wanted(column)
        elif wanted is None:
            keep &= column.isna()
        elif isinstance(wanted, list):
            keep &= column.isin(wanted)
        else:
            keep &= column.eq(wanted)
    return keep


def of(rows: pd.DataFrame, **where: Any) -> pd.DataFrame:
    """Return the rows that meet all conditions."""
    return rows[chosen(rows, where)]


#: The networks of a study's axes: those with clipped gradients are told apart.
NETWORKS: dict[str, Any] = {"kind": "network", "clip_norm": None}


def grid(table: pd.DataFrame) -> pd.DataFrame:
    """Return the networks of the axes, with their shape and penalty.

    Parameters
    ----------
    table : DataFrame
        From :func:`perceptrons.report.tables.frame`.
    """
    return whole(of(shaped(table), **NETWORKS))


def whole(networks: pd.DataFrame) -> pd.DataFrame:
    """Return networks whose layers and nodes are whole numbers."""
    return networks.astype({"layers": int, "nodes": int})


@dataclass(frozen=True)
class Pick:
    """Some runs and the number they stand for.

    Parameters
    ----------
    words : str
    where : mapping or callable
    take : str, default="lowest"
        "lowest" or "highest": of the run that is it in what the contest chooses by;
        "median", "mean" or "spread" of all; "lowest mean": of the runs with the same
        hidden layers; "lost": how many have learned nothing; "lost share".
    measure : str, default=""
        That of the contest if not given.
    everywhere : bool, default=False
        Among all runs of the seed, not those of the group alone.
    number : float, default=nan
        A fixed number in the place of runs.
    """

    words: str
    where: Where = field(default_factory=dict)
    take: str = "lowest"
    measure: str = ""
    everywhere: bool = False
    number: float = math.nan

    def value(
        self, study: Study, rows: pd.DataFrame, measure: str, choose: str
    ) -> tuple[float | None, str]:
        """Return the number and a name for the run behind it."""
        measure = self.measure or measure
        if rows.empty:
            raise NoRunsError
        if self.take in ("lowest", "highest"):
            order = _ordered(study, rows, choose)
            row = order.iloc[-1:] if self.take == "highest" else order.iloc[:1]
            return measured(study, row, measure), _told(row, rows)
        if self.take in ("lost", "lost share"):
            lost = [ties.lost(error) for error in study.errors(rows)]
            count = float(sum(lost))
            return (count / len(lost) if self.take == "lost share" else count), ""
        values = [measured(study, rows.iloc[[i]], measure) for i in range(len(rows))]
        known = [value for value in values if value is not None]
        if not known:
            return None, ""
        if self.take == "lowest mean":
            cells = pd.Series(known, rows["hidden_layer_sizes"].to_numpy(), dtype=float)
            means = cells.groupby(level=0, sort=False).agg(
                lambda errors: errors.mean(skipna=False)
            )
            return _like(known, float(means.min())), str(means.idxmin())
        numbers = np.array([ties.worst_last(value) for value in known])
        if self.take == "spread":
            # One that diverged is infinitely far from the others.
            whole = np.isfinite(numbers).all()
            return (float(np.std(numbers, ddof=1)) if whole else math.inf), ""
        found = np.median(numbers) if self.take == "median" else np.mean(numbers)
        return _like(known, float(found)), ""


def _like(values: Sequence[float], number: float) -> float:
    """Return a number that scatters as these do."""
    first = values[0]
    if not isinstance(first, ties.Error):
        return number
    share = number if first.share is not None else None
    return ties.Error(number, limit=first.limit, share=share, count=first.count)


def _ordered(study: Study, rows: pd.DataFrame, choose: str) -> pd.DataFrame:
    """Return rows by a measure, the lowest first, what has no number last."""
    if choose in rows or len(rows) == 1:
        key = rows[choose] if choose in rows else pd.Series(0, rows.index)
    else:
        values = [measured(study, rows.iloc[[i]], choose) for i in range(len(rows))]
        key = pd.Series(values, rows.index, dtype=float)
    return rows.loc[key.sort_values(kind="stable", na_position="last").index]


def _told(row: pd.DataFrame, rows: pd.DataFrame) -> str:
    """Name a run by what tells it apart from its rivals, and count them."""
    parts = []
    for name, form in _LABELS.items():
        if name in rows and rows[name].nunique(dropna=False) > 1:
            value = row[name].iloc[0]
            if pd.notna(value) and value != "":
                parts.append(form.format(NAMES.get(str(value), value)))
    # A choice among many on the test set favors the larger number.
    return (
        "; ".join([", ".join(parts) or "the best", f"of {len(rows)}"])
        if len(rows) > 1
        else ""
    )


def pick(words: str, take: str = "lowest", **where: Any) -> Pick:
    """Return a pick by the values of columns, or ``by``, a condition on the table.

    ``measure`` and ``everywhere`` are those of :class:`Pick`.
    """
    measure = where.pop("measure", "")
    everywhere = where.pop("everywhere", False)
    return Pick(words, where.pop("by", where), take, measure, everywhere)


def number(value: float, words: str) -> Pick:
    """Return a fixed number to compare with."""
    return Pick(words, number=value)


#: All runs that the first pick leaves.
REST = Pick("the others")

#: The report's yardstick, and the best linear model chosen on the training rows.
OLS = pick("OLS of degree 8", kind="ols", everywhere=True)
LINEAR = pick("the best linear model", kind="linear", everywhere=True)
