"""Inner folds: which rows are held out together."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Array = NDArray[np.floating[Any]]
Labels = NDArray[np.intp]

# Strata of a target that is a number, where groups are dealt out.
_STRATA = 5


def deal(
    y: NDArray[Any],
    n_folds: int,
    random: np.random.RandomState,
    *,
    classes: bool,
    groups: Labels | None = None,
    time: Labels | None = None,
) -> Labels:
    """Return the fold of each row, 0 to n_folds - 1 or fewer.

    Rows of like targets are dealt out in turn. Groups are dealt out whole, the largest
    first, each to the fold that it leaves most like the others in rows of every class
    (of every fifth of the target). Along time the folds are blocks that follow each
    other and part no moment, so that a row's neighbours are mostly on its side of the
    fold (Bergmeir and Benitez 2012, On the use of cross-validation for time series).

    Parameters
    ----------
    y : ndarray of shape (n,)
        Classes, or numbers.
    n_folds : int
        Fewer are returned where there are fewer rows, groups or moments.
    random : RandomState
    classes : bool
        Whether y holds classes.
    groups, time : ndarray of int of shape (n,) or None
        From :func:`codes`, one of them at most: rows of one group, or moment, are in
        one fold.

    Returns
    -------
    ndarray of int of shape (n,)
    """
    if time is not None:
        return _blocks(time, n_folds)
    if groups is None:
        return _in_turn(y, n_folds, random)
    return _whole_groups(groups, y, n_folds, random, classes)


def codes(name: str, values: Any, n_rows: int) -> Labels:
    """Return the rank of each value among the distinct ones.

    Parameters
    ----------
    name : {"groups", "time"}
        The argument, for the errors' sake.
    values : array-like of shape (n_rows,)
        Of one kind that can be sorted.
    n_rows : int

    Raises
    ------
    ValueError, TypeError
        If they have another shape, are all the same, or cannot be sorted.
    """
    if np.shape(values) != (n_rows,):
        raise ValueError(
            f"{name} must have shape ({n_rows},), one value per row, got "
            f"{np.shape(values)}."
        )
    try:
        distinct, codes = np.unique(values, return_inverse=True)
    except TypeError:
        raise TypeError(
            f"{name} must hold values of one kind that can be sorted, got a mixture."
        ) from None
    if len(distinct) < 2:
        raise ValueError(
            f"{name} must hold at least two different values, got {distinct!r}; one "
            "part trains and another is held out."
        )
    return codes.astype(np.intp)


def join(groups: Any, units: Any) -> Labels:
    """Return groups that keep together what either keeps together."""
    a = np.unique(groups, return_inverse=True)[1]
    b = np.unique(units, return_inverse=True)[1] + a.max() + 1
    size = int(b.max()) + 1
    links = coo_array((np.ones(len(a)), (a, b)), shape=(size, size))
    joined: Labels = connected_components(links, directed=False)[1][a]
    return joined


def repeats(X: Array) -> Labels:
    """Return the same number for rows of X that are equal."""
    rows = np.ascontiguousarray(X + 0.0)  # -0.0 is 0.0
    whole = rows.view(np.dtype((np.void, rows.dtype.itemsize * rows.shape[1])))
    numbers: Labels = np.unique(whole[:, 0], return_inverse=True)[1]
    return numbers


def _in_turn(y: NDArray[Any], n_folds: int, random: np.random.RandomState) -> Labels:
    """Deal out rows of like targets in turn."""
    order = random.permutation(len(y))
    order = order[np.argsort(y[order], kind="stable")]
    fold = np.empty(len(y), np.intp)
    fold[order] = np.arange(len(y)) % n_folds
    return fold


def _blocks(moment: Labels, n_folds: int) -> Labels:
    """Cut the moments into blocks of about as many rows."""
    rows = np.bincount(moment)
    middle = np.cumsum(rows) - rows / 2
    block = (middle * n_folds / len(moment)).astype(np.intp)
    block = np.unique(block, return_inverse=True)[1]
    if block[-1] == 0:  # One moment has nearly all rows: it against the others.
        block = (np.arange(len(rows)) == rows.argmax()).astype(np.intp)
    fold: Labels = block[moment]
    return fold


def _whole_groups(
    group: Labels,
    y: NDArray[Any],
    n_folds: int,
    random: np.random.RandomState,
    classes: bool,
) -> Labels:
    """Deal out groups, each to the fold that needs its rows most."""
    rank = np.argsort(np.argsort(y, kind="stable"), kind="stable")
    stratum = rank * min(_STRATA, len(y)) // len(y)
    if classes:
        stratum = np.unique(y, return_inverse=True)[1]
    counts = np.zeros((group.max() + 1, stratum.max() + 1))
    np.add.at(counts, (group, stratum), 1)
    counts = np.column_stack([counts, counts.sum(axis=1)])  # all rows count, too
    share = counts / counts.sum(axis=0)
    n_folds = min(n_folds, len(counts))
    filled = np.zeros((n_folds, share.shape[1]))
    fold_of = np.empty(len(counts), np.intp)
    order = random.permutation(len(counts))
    for number in order[np.argsort(-counts[order, -1], kind="stable")]:
        # The squares that grow least: where what it brings is scarce so far.
        chosen = int((filled @ share[number]).argmin())
        filled[chosen] += share[number]
        fold_of[number] = chosen
    dealt: Labels = fold_of[group]
    return dealt
