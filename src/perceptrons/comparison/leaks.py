"""The leakage guard: features that know the target, and rows that repeat each other."""

from __future__ import annotations

import math
import shlex
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GroupKFold, KFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from perceptrons.comparison.encoding import Kind, encoder, to_numbers
from perceptrons.comparison.target import Target

#: A feature that leaves no more than this share of the error of a constant is suspect:
#: single columns of honest tables leave more (petal width of iris 7 %, overall height
#: against the heating load 16 %), copies of the target next to nothing.
MOST_ERROR_ALONE = 0.05

#: It is called a leak if all columns that are not suspect, together, leave so many
#: times its error: where they do as well, the target is merely easy.
LEAST_RATIO = 3.0

#: How every warning of a leak begins.
OPENING = "Possible leak"

#: Parts of a sum leave no more than this share of the variance of the target: it is 1 %
#: of its standard deviation, as by rounding.
MOST_ERROR_OF_PARTS = 1e-4
_MOST_PARTS = 3
#: A column with more gaps is not looked at, so that rows without gaps are left.
_MOST_GAPS = 0.05

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
    X: pd.DataFrame,
    target: Target,
    kinds: Mapping[str, Kind],
    groups: NDArray[np.intp] | None,
) -> list[Leak]:
    """Return the features that predict the target almost alone.

    Each column by itself, as candidates would see it, goes into a small decision tree
    (for regression also into a straight line), judged on rows it was not fitted to.

    Parameters
    ----------
    X : DataFrame of shape (n, d)
    target : Target
    kinds : mapping of str to str
        Of every column of X.
    groups : ndarray of int or None
        Rows that repeat each other.

    Returns
    -------
    list of Leak
        Empty if there is only one column: then it is the question itself.
    """
    if len(kinds) < 2:
        return []
    rows = np.random.default_rng(0).permutation(len(X))[:_MOST_ROWS]
    X, y = X.iloc[rows], target.values[rows]
    judge = _Judge(y, target.task, None if groups is None else groups[rows])
    errors = {name: judge.alone(_encoded(X, {name: k})) for name, k in kinds.items()}
    suspects = [name for name in errors if errors[name] <= MOST_ERROR_ALONE]
    # Leaks come one or two at a time; most columns know a target that is easy.
    if not suspects or 2 * len(suspects) > len(kinds):
        return []
    rest = {name: kind for name, kind in kinds.items() if name not in suspects}
    others = judge.together(_encoded(X, rest)) if rest else 1.0
    return [
        Leak(name, errors[name], others, judge.constant)
        for name in suspects
        if others >= LEAST_RATIO * errors[name]
    ]


def _encoded(X: pd.DataFrame, kinds: Mapping[str, Kind]) -> NDArray[np.float64]:
    """Return columns as numbers; what little this learns from all rows is no matter."""
    return np.asarray(encoder(kinds, len(X)).fit_transform(X))


def find_parts(
    X: pd.DataFrame, target: Target, kinds: Mapping[str, Kind]
) -> tuple[str, ...]:
    """Return two or three numbers whose weighted sum is the target.

    They are found by matching pursuit: at each step the column that follows best what
    is left of the target (Mallat and Zhang 1993), all weights fitted anew.

    Parameters
    ----------
    X, target, kinds : as in :func:`find`

    Returns
    -------
    tuple of str
        Empty if there are none, if the target can do without one of them, or if no
        other column is left: then the sum is the question itself.
    """
    numbers = {name: to_numbers(X[name]) for name in kinds if kinds[name] == "number"}
    Z = np.array(
        [z for z in numbers.values() if np.isnan(z).mean() <= _MOST_GAPS]
    ).reshape(-1, len(X))
    names = [n for n, z in numbers.items() if np.isnan(z).mean() <= _MOST_GAPS]
    rows = np.flatnonzero(~np.isnan(Z).any(axis=0))[:_MOST_ROWS]
    if target.task != "regression" or len(names) < 2 or rows.size < 10 * _MOST_PARTS:
        return ()
    Z = Z[:, rows].T - Z[:, rows].mean(axis=1)
    Z /= np.maximum(np.sqrt(np.square(Z).sum(axis=0)), np.finfo(float).tiny)
    y = target.values[rows] - target.values[rows].mean()

    def left(chosen: list[int]) -> NDArray[np.float64]:
        weights = np.linalg.lstsq(Z[:, chosen], y, rcond=None)[0]
        return np.asarray(y - Z[:, chosen] @ weights)

    def error(chosen: list[int]) -> float:
        return float(np.square(left(chosen)).sum() / max(np.square(y).sum(), 1e-300))

    parts: list[int] = []
    while not parts or error(parts) > MOST_ERROR_OF_PARTS:
        if len(parts) == min(_MOST_PARTS, len(kinds) - 1):
            return ()
        parts.append(int(np.abs(Z.T @ (left(parts) if parts else y)).argmax()))
    for part in list(parts):
        # What was taken first may be a stand-in that the others do without.
        others = [other for other in parts if other != part]
        if others and error(others) <= MOST_ERROR_OF_PARTS:
            parts = others
    without = (error([o for o in parts if o != part]) for part in parts)
    if len(parts) < 2 or min(without) < 10 * MOST_ERROR_OF_PARTS:
        # Columns that are each near the target, or their mean, are no parts of it.
        return ()
    return tuple(names[part] for part in parts)


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
        models = linear, forest(100, min_samples_leaf=5, random_state=0)
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
        f"({shares}). {_remedy([leak.column])}"
    )


def parts_sentence(columns: Sequence[str], target: str) -> str:
    """Warn of columns that add up to the target.

    Parameters
    ----------
    columns : sequence of str
        From :func:`find_parts`.
    target : str
    """
    listed = " and ".join(map(repr, columns))
    return (
        f"{OPENING}: the columns {listed} together give {target!r} all but exactly, as "
        f"parts give their sum. {_remedy(columns)}"
    )


def _remedy(columns: Sequence[str]) -> str:
    """Say when columns should be dropped, and how."""
    what, they = ("it", "it is") if len(columns) == 1 else ("them", "they are")
    typed = " ".join(f"--drop {shlex.quote(name)}" for name in columns)
    return (
        f"If {they} known only after the target, the comparison means nothing: drop "
        f"{what} ({typed}, or drop={list(columns)!r})."
    )


def repeated_rows(coded: pd.DataFrame) -> NDArray[np.intp] | None:
    """Group rows that are equal in every feature.

    Parameters
    ----------
    coded : DataFrame of shape (n, d)
        Features as numbers that are equal where the cells are.

    Returns
    -------
    ndarray of int, of shape (n,), or None
        None if no rows are equal, or if equal rows must be expected, since the features
        can take hardly more combinations than there are rows.
    """
    combinations = np.log(coded.nunique(dropna=False)).sum()
    if combinations < math.log(10 * len(coded)):
        return None
    hashes = pd.util.hash_pandas_object(coded, index=False)
    groups, distinct = pd.factorize(hashes)
    return None if distinct.size == len(coded) else groups


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
