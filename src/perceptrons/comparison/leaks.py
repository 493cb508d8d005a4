"""The leakage guard: features that know the target, and rows that repeat each other."""

from __future__ import annotations

import math
import shlex
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import GroupKFold, KFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from perceptrons.comparison.target import Target
from perceptrons.tables import Column, TableEncoder
from perceptrons.tables.cells import Cells
from perceptrons.tables.values import numbers

#: A feature that leaves no more than this share of the error of a constant is suspect:
#: single columns of honest tables leave more (petal width of iris 7 %, overall height
#: against the heating load 16 %), copies of the target next to nothing.
MOST_ERROR_ALONE = 0.05

#: It is called a leak if all columns that are not suspect, together, leave so many
#: times its error: where they do as well, the target is merely easy.
LEAST_RATIO = 3.0

#: How every warning of a leak begins.
OPENING = "Possible leak"

_WIDE = 100

# Cells that are screened at a time.
_BLOCK = 1_000_000

# A leak shows in as many rows, and a look at them takes seconds at most.
_MOST_ROWS = 2_000


@dataclass(frozen=True)
class Leak:
    """A feature that predicts the target almost alone.

    Parameters
    ----------
    column : str
    alone, others : float
        Error of this column, and of all columns that are not suspect: the share of the
        error of a constant that is left, in cross-validation (variance, or wrong rows).
    constant : float
        Share of rows that a constant gets wrong; 1 for regression.
    """

    column: str
    alone: float
    others: float
    constant: float


def find(
    table: Mapping[str, Cells],
    target: Target,
    used: Sequence[Column],
    groups: NDArray[np.intp] | None,
) -> list[Leak]:
    """Return the features that predict the target almost alone.

    All columns are screened by how much neighbors differ; what that cannot clear goes,
    each column by itself, as candidates would see it, into a small decision tree (for
    regression also into a straight line), judged on rows it was not fitted to.

    Parameters
    ----------
    table : mapping of str to Cells
        The features, n rows each.
    target : Target
    used : sequence of Column
        What they are.
    groups : ndarray of int or None
        Rows that repeat each other.

    Returns
    -------
    list of Leak
        Empty if there is only one column: then it is the question itself.
    """
    if len(used) < 2:
        return []
    n_rows = len(target.values)
    rows = sample(n_rows)
    y = target.values[rows]
    judge = _Judge(y, target.task, None if groups is None else groups[rows])
    errors = {
        column.name: judge.alone(_encoded(table, [column], rows))
        for column in _not_cleared(table, used, rows, judge)
    }
    suspects = [name for name in errors if errors[name] <= MOST_ERROR_ALONE]
    # Leaks come one or two at a time; most columns know a target that is easy.
    if not suspects or 2 * len(suspects) > len(used):
        return []
    rest = [column for column in used if column.name not in suspects]
    others = judge.together(_encoded(table, rest, rows)) if rest else 1.0
    return [
        Leak(name, errors[name], others, judge.constant)
        for name in suspects
        if others >= LEAST_RATIO * errors[name]
    ]


def sample(n_rows: int) -> NDArray[np.intp]:
    """Return the rows that leaks are looked for in, at random if there are many.

    Parameters
    ----------
    n_rows : int
        Of the table.
    """
    return np.random.default_rng(0).permutation(n_rows)[:_MOST_ROWS]


def _not_cleared(
    table: Mapping[str, Cells],
    used: Sequence[Column],
    rows: NDArray[np.intp],
    judge: _Judge,
) -> list[Column]:
    """Return the columns that the screen cannot clear, in the table's order."""
    lines = [c for c in used if c.kind in ("number", "boolean")]
    width = max(1, _BLOCK // rows.size)
    suspected: set[str] = set()
    for start in range(0, len(lines), width):
        block = lines[start : start + width]
        Z = np.column_stack(
            [numbers(table[c.name].take(rows), c.reading) for c in block]
        )
        found = np.flatnonzero(judge.suspects_lines(Z))
        suspected.update(block[place].name for place in found)
    for column in used:
        if column.kind == "category" and judge.suspects_levels(
            _encoded(table, [column], rows)
        ):
            suspected.add(column.name)
    # Of dates the cycles may tell what the line does not.
    return [c for c in used if c.kind == "date" or c.name in suspected]


def _encoded(
    table: Mapping[str, Cells], columns: Sequence[Column], rows: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Return columns as numbers; what little this learns from all rows is no matter."""
    encoder = TableEncoder(columns=columns)
    return encoder.encode({c.name: table[c.name].take(rows) for c in columns})


class _Judge:
    """Errors in cross-validation, as shares of the error of a constant."""

    def __init__(
        self, y: NDArray[Any], task: str, groups: NDArray[np.intp] | None
    ) -> None:
        self._y, self._groups = y, groups
        self._regression = task == "regression"
        splitter = KFold if groups is None else GroupKFold
        self._folds = splitter(3, shuffle=True, random_state=0)
        _, counts = np.unique(y, return_counts=True)
        self.constant = 1.0 if self._regression else 1 - counts.max() / y.size

    def suspects_lines(self, Z: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Tell which columns of numbers (n, d), NaN in gaps, may be leaks.

        Sorted by a number that tells the target, neighbors are alike: half their mean
        squared difference is what no function of the number explains (von Neumann
        1941), and for classes neighbors that differ are no fewer than wrong rows. A
        straight line may see further than neighbors where tails are long.
        """
        # Gaps are neighbors of each other, at the end.
        ordered = self._y[np.argsort(Z, axis=0, kind="stable")]
        if not self._regression:
            differ = np.mean(ordered[1:] != ordered[:-1], axis=0) / self.constant
            return np.asarray(differ <= 6 * MOST_ERROR_ALONE)
        left = np.mean(np.diff(ordered, axis=0) ** 2, axis=0) / 2 / np.var(self._y)
        return np.asarray(np.minimum(left, self._off_line(Z)) <= 3 * MOST_ERROR_ALONE)

    def suspects_levels(self, Z: NDArray[np.float64]) -> bool:
        """Tell whether a category (n, levels) may be a leak.

        A level that tells the target has one value in all its rows.
        """
        return self._within(Z) <= 2 * MOST_ERROR_ALONE

    def _off_line(self, Z: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the error that a straight line leaves in each column, on its own rows.

        Gaps have a mean of their own, as by their indicator.
        """
        known = ~np.isnan(Z)
        counts = np.maximum(known.sum(axis=0), 1)
        y = self._y[:, None] - self._y.mean()
        z = np.where(known, Z, 0.0)
        z = np.where(known, z - z.sum(axis=0) / counts, 0.0)
        own = np.where(known, y, 0.0)
        own = np.where(known, own - own.sum(axis=0) / counts, 0.0)
        spread = np.square(z).sum(axis=0)
        gained = (z * own).sum(axis=0) ** 2 / np.where(spread > 0, spread, 1.0)
        between = np.where(known, y, 0.0).sum(axis=0) ** 2 * (
            1 / counts + 1 / np.maximum((~known).sum(axis=0), 1)
        )
        total = np.square(y).sum()
        between[known.all(axis=0)] = 0.0
        return np.asarray((total - between - gained) / total)

    def _within(self, Z: NDArray[np.float64]) -> float:
        """Return the error that is left if the rows of each level are told apart."""
        codes = Z.argmax(axis=1)
        if self._regression:
            counts = np.maximum(np.bincount(codes), 1)
            means = np.bincount(codes, weights=self._y) / counts
            return float(np.mean((self._y - means[codes]) ** 2) / np.var(self._y))
        labels, own = np.unique(self._y, return_inverse=True)
        counts = np.zeros((Z.shape[1], labels.size))
        np.add.at(counts, (codes, own), 1)
        return float((1 - counts.max(axis=1).sum() / codes.size) / self.constant)

    def alone(self, Z: NDArray[np.float64]) -> float:
        """Return the error of one column."""
        if not self._regression:
            return self._error(DecisionTreeClassifier(**_TREE), Z)
        models = (DecisionTreeRegressor(**_TREE), LinearRegression())
        return min(self._error(model, Z) for model in models)

    def together(self, Z: NDArray[np.float64]) -> float:
        """Return the error of many columns, no more than that of a constant."""
        linear: Any = LinearRegression()
        forest = ExtraTreesRegressor if self._regression else ExtraTreesClassifier
        if not self._regression:
            linear = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300))
        # Of many columns each split looks at some, or it would take minutes.
        wide = Z.shape[1] > _WIDE
        trees: dict[str, Any] = {"n_estimators": 10 if wide else 100}
        if wide:
            trees["max_features"] = _WIDE / Z.shape[1]
            if self._regression:
                linear = make_pipeline(StandardScaler(), Ridge())
        models = linear, forest(**trees, min_samples_leaf=5, random_state=0)
        return min(1.0, *(self._error(model, Z) for model in models))

    def _error(self, model: Any, Z: NDArray[np.float64]) -> float:
        """Return the error of a model on rows it was not fitted to."""
        with warnings.catch_warnings():
            # Nearly separable classes take many steps, and are told apart long before.
            warnings.simplefilter("ignore", ConvergenceWarning)
            guess = cross_val_predict(
                clone(model), Z, self._y, cv=self._folds, groups=self._groups
            )
        if self._regression:
            return float(np.mean((guess - self._y) ** 2) / np.var(self._y))
        return float(np.mean(guess != self._y) / self.constant)


# Leaves of a few rows follow any curve; noise does not matter where little is left.
_TREE: dict[str, Any] = {"min_samples_leaf": 3, "random_state": 0}


def sentence(leak: Leak, target: str, task: str) -> str:
    """Warn of a leak.

    Parameters
    ----------
    leak : Leak
    target : str
    task : {"regression", "classification"}
    """
    alone, others, constant = (
        f"{100 * (1 - leak.constant * error):.1f} %"
        for error in (leak.alone, leak.others, 1.0)
    )
    if task == "regression":
        shares = (
            f"explains {alone} of the variance, all other columns together {others}"
        )
    else:
        shares = (
            f"it gets {alone} of the rows right, all other columns together {others}, "
            f"the commonest class {constant}"
        )
    return (
        f"{OPENING}: the column {leak.column!r} predicts {target!r} almost alone "
        f"({shares}). {remedy([leak.column])}"
    )


def remedy(columns: Sequence[str]) -> str:
    """Say when columns should be dropped, and how.

    Parameters
    ----------
    columns : sequence of str
    """
    what, they = ("it", "it is") if len(columns) == 1 else ("them", "they are")
    typed = " ".join(f"--drop {shlex.quote(name)}" for name in columns)
    return (
        f"If {they} known only after the target, the comparison means nothing: drop "
        f"{what} ({typed}, or drop={list(columns)!r})."
    )


def repeated_rows(coded: Iterable[NDArray[np.float64]]) -> NDArray[np.intp] | None:
    """Group rows that are equal in every feature.

    Parameters
    ----------
    coded : iterable of ndarray of shape (n,)
        Features as numbers that are equal where the cells are, NaN for gaps.

    Returns
    -------
    ndarray of int, of shape (n,), or None
        None if no rows are equal, or if equal rows must be expected, since the features
        can take hardly more combinations than there are rows.
    """
    combinations, enough = 0.0, math.inf
    weights = np.random.default_rng(0)
    hashes = np.zeros(0, np.uint64)
    for codes in coded:
        if not hashes.size:
            hashes = np.zeros(codes.size, np.uint64)
            enough = math.log(10 * codes.size)
        if combinations < enough:
            combinations += math.log(pd.unique(codes).size)
        # A sum over columns, each with an odd weight of its own, modulo 2^64.
        weight = weights.integers(2**63, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
        hashes += _mixed(codes.view(np.uint64)) * weight
    if combinations < enough:
        return None
    groups, distinct = pd.factorize(hashes)
    return None if distinct.size == hashes.size else groups


def _mixed(bits: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return bits of which each depends on all (SplitMix64, Steele et al. 2014)."""
    mixed = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)))


def repetition(groups: NDArray[np.intp] | None, y: NDArray[Any]) -> list[str]:
    """Say how many rows repeat others, and that they are kept together.

    Parameters
    ----------
    groups : ndarray of int or None
        From :func:`repeated_rows`.
    y : ndarray of shape (n,)
        The target.
    """
    if groups is None:
        return []
    repeats = groups.size - np.unique(groups).size
    rows = "1 row repeats" if repeats == 1 else f"{repeats:,} rows repeat"
    copies = int(pd.DataFrame({"group": groups, "y": y}).duplicated().sum())
    whole = {0: "but not its target", repeats: "and its target"}
    also = whole.get(copies, f"{copies:,} of them its target, too")
    return [
        f"Duplicate rows: {rows} all features of another row, {also}; rows of equal "
        "features are kept together, so that none leaks from training into testing."
    ]
