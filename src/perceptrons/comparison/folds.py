"""Which rows train and which test: the same folds for all candidates."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    TimeSeriesSplit,
)

from perceptrons.presets.folds import join

Rows = NDArray[np.intp]

# A test fold of fewer rows measures next to nothing.
_LEAST_TEST_ROWS = 4
# Inner cross-validation of three folds needs as many rows of every class.
LEAST_CLASS_ROWS = 3


@dataclass(frozen=True)
class Fold:
    """One division into rows to train and rows to test on.

    Parameters
    ----------
    repeat, fold : int
        From 0.
    train, test : ndarray of int
    """

    repeat: int
    fold: int
    train: Rows
    test: Rows


@dataclass(frozen=True)
class Folds:
    """All divisions, and how they were made.

    Parameters
    ----------
    folds : list of Fold
        Repeat after repeat.
    repeats, n_folds : int
    description : str
    """

    folds: list[Fold]
    repeats: int
    n_folds: int
    description: str

    def __iter__(self) -> Iterator[Fold]:
        """Yield the folds."""
        return iter(self.folds)

    def __len__(self) -> int:
        """Return the number of folds in all."""
        return len(self.folds)

    @property
    def first(self) -> list[Fold]:
        """The folds of the first repeat."""
        return [fold for fold in self.folds if fold.repeat == 0]

    @property
    def test_to_train(self) -> float:
        """Rows tested on over rows trained on, the mean over folds."""
        return float(np.mean([len(f.test) / len(f.train) for f in self.folds]))


@dataclass(frozen=True)
class Links:
    """What rows have to do with each other.

    Parameters
    ----------
    groups, duplicates : ndarray of shape (n,) or None, default=None
        Rows of one group, and rows that are copies of each other, never stand on both
        sides of a fold.
    time : ndarray of int, of shape (n,), or None, default=None
        Rows are put in this order: ranks of distinct times.
    gap : int, default=0
        Times between the last row that trains and the first that is tested.
    blocks : str, default=""
        What a group is, where each is a fold of its own.
    """

    groups: Any = None
    duplicates: Any = None
    time: Any = None
    gap: int = 0
    blocks: str = ""


def make_folds(
    y: NDArray[Any],
    links: Links,
    *,
    classes: bool,
    n_folds: int,
    repeats: int,
    seed: int,
) -> Folds:
    """Divide the rows by repeated K-fold cross-validation, or along time.

    Parameters
    ----------
    y : ndarray of shape (n,)
    links : Links
    classes : bool
        Whether y holds classes; then every fold has about the same shares of them.
    n_folds, repeats : int
        Along time there is one repeat: rows before train, the next rows test. Of
        blocks there is one, too, and a fold for each.
    seed : int
        Of the shuffling.

    Returns
    -------
    Folds

    Raises
    ------
    ValueError
        If there are too few rows, groups, or rows of a class, or both groups and time.
    """
    n = len(y)
    if n < _LEAST_TEST_ROWS * n_folds:
        raise ValueError(
            f"X must have at least {_LEAST_TEST_ROWS * n_folds} rows for {n_folds} "
            f"folds, so that each tests on {_LEAST_TEST_ROWS} or more, got {n}; use "
            "fewer folds or collect more rows."
        )
    if links.time is not None:
        if links.groups is not None:
            raise ValueError(
                "groups and time must not both be given, since one fold cannot follow "
                "both; choose the one that says how the model will be used."
            )
        folds = _along_time(links, n_folds)
        text = f"{n_folds} forward-chaining folds along time"
        if links.gap:
            moments = "moment" if links.gap == 1 else "moments"
            text += f", {links.gap:,} {moments} between training and test"
        made = Folds(folds, 1, n_folds, text)
    elif links.blocks:
        folds = _by_blocks(links)
        text = f"{len(folds)} folds, each tests on {links.blocks}, the others train"
        made = Folds(folds, 1, len(folds), text)
    else:
        folds = _shuffled(y, links, classes, n_folds, repeats, seed)
        text = f"{repeats} \N{MULTIPLICATION SIGN} {n_folds}-fold cross-validation"
        text += ", stratified by class" if classes else ""
        text += ", rows of a group kept together" if links.groups is not None else ""
        made = Folds(folds, repeats, n_folds, text)
    if links.duplicates is not None:
        text = f"{made.description}, duplicate rows kept together"
        made = replace(made, description=text)
    if classes:
        _check_classes(y, made)
    return made


def _along_time(links: Links, n_folds: int) -> list[Fold]:
    """Train on the rows before, test on the rows that follow."""
    time, duplicates = np.asarray(links.time), links.duplicates
    order = np.argsort(time, kind="stable")
    folds = []
    for fold, (before, after) in enumerate(TimeSeriesSplit(n_folds).split(order)):
        train, test = order[before], order[after]
        # Rows of the moment at which testing begins may know what is tested.
        train = train[time[train] < time[test[0]] - links.gap]
        if not train.size:
            short = " beyond the gap" if links.gap else ""
            remedy = "a shorter gap, fewer folds" if links.gap else "fewer folds"
            raise ValueError(
                f"time must leave earlier rows{short} to train on in each of {n_folds} "
                f"folds, got {len(np.unique(time))} distinct times for {len(time)} "
                f"rows; use {remedy} or a finer time."
            )
        if duplicates is not None:
            train = train[~np.isin(duplicates[train], duplicates[test])]
        folds.append(Fold(0, fold, train, test))
    return folds


def _by_blocks(links: Links) -> list[Fold]:
    """Test on every block in turn, train on the others."""
    blocks, duplicates = np.asarray(links.groups), links.duplicates
    folds = []
    for fold, block in enumerate(np.unique(blocks)):
        test, train = np.flatnonzero(blocks == block), np.flatnonzero(blocks != block)
        if len(test) < _LEAST_TEST_ROWS:
            raise ValueError(
                f"blocks must have at least {_LEAST_TEST_ROWS} rows each, which a fold "
                f"tests on, got {links.blocks} of {len(test)}; merge it with another."
            )
        if duplicates is not None:
            train = train[~np.isin(duplicates[train], duplicates[test])]
        folds.append(Fold(0, fold, train, test))
    return folds


def _shuffled(
    y: NDArray[Any],
    links: Links,
    classes: bool,
    n_folds: int,
    repeats: int,
    seed: int,
) -> list[Fold]:
    """Divide at random, anew in each repeat."""
    groups, duplicates = links.groups, links.duplicates
    units = np.arange(len(y)) if duplicates is None else np.asarray(duplicates)
    if groups is None:
        # Copies of a row go where the first of them goes: the splitters that know
        # groups take minutes for as many groups as rows.
        _, first, unit = np.unique(units, return_index=True, return_inverse=True)
        splitter, together = (StratifiedKFold if classes else KFold), None
    else:
        first = unit = np.arange(len(y))
        splitter = StratifiedGroupKFold if classes else GroupKFold
        together = join(groups, units)
    _check_groups(groups, unit if together is None else together, n_folds)
    folds = []
    for repeat, own in enumerate(
        np.random.default_rng(seed).integers(2**31, size=repeats)
    ):
        divide = splitter(n_folds, shuffle=True, random_state=int(own)).split
        with warnings.catch_warnings():
            # _check_classes says which class, and refuses it where it must.
            warnings.filterwarnings("ignore", "The least populated class")
            parts = list(divide(np.zeros(len(first)), y[first], together))
        for fold, (train, test) in enumerate(parts):
            rows = (np.flatnonzero(np.isin(unit, part)) for part in (train, test))
            folds.append(Fold(repeat, fold, *rows))
    return folds


def _check_groups(groups: Any, together: Any, n_folds: int) -> None:
    """Refuse fewer groups than folds."""
    if (count := len(np.unique(together))) < n_folds:
        name = "groups" if groups is not None else "X"
        raise ValueError(
            f"{name} must hold at least {n_folds} groups of rows for {n_folds} folds, "
            f"got {count} (copies of a row count as one); use fewer folds."
        )


def _check_classes(y: NDArray[Any], folds: Folds) -> None:
    """Refuse a class that some fold would have too few rows to learn from."""
    for label in np.unique(y):
        least = min(int((y[fold.train] == label).sum()) for fold in folds)
        if least < LEAST_CLASS_ROWS:
            raise ValueError(
                f"y must leave {LEAST_CLASS_ROWS} or more rows of every class to train "
                f"on in every fold, but class {str(label)!r} has {(y == label).sum()} "
                f"and leaves {least}; merge it with another or drop its rows."
            )
