"""The rows that are learned from: distinct, weighted, and who belongs together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perceptrons.presets.folds import Labels, codes, deal, join, repeats

Array = NDArray[np.floating[Any]]


# Distances between larger targets are beyond float64.
MOST = 1e300


@dataclass(frozen=True)
class Rows:
    """Distinct rows in an order of their own.

    A row that is given twice and one that is given once with twice the weight are the
    same rows here, and so are the rows given in another order: the model is the same,
    bit for bit.

    Parameters
    ----------
    X : ndarray of shape (n, d)
    y : ndarray of shape (n,) or (n, K)
        Numbers, or numbers of classes.
    weights : ndarray of shape (n,)
        Of mean 1.
    fold : ndarray of int of shape (n,)
        In which each is held out.
    """

    X: Array
    y: Array
    weights: Array
    fold: Labels

    @property
    def equal_weights(self) -> bool:
        """Whether all rows count the same."""
        return bool((self.weights == 1.0).all())


def scale_of(y: Array, weights: Array | None = None) -> tuple[Any, Any]:
    """Return mean and standard deviation of each target, 0 for a constant one.

    Parameters
    ----------
    y : ndarray of shape (n,) or (n, K)
    weights : ndarray of shape (n,) or None
    """
    most = float(np.abs(y).max())
    if most > MOST:
        raise ValueError(
            f"y must lie within -{MOST:g} and {MOST:g}, got {most:g}; divide it."
        )
    # By a power of 2, so that no square overflows, nor vanishes, nor rounds otherwise.
    power = int(np.frexp(most)[1])
    small = np.ldexp(y, -power)
    mean = np.average(small, axis=0, weights=weights)
    spread = np.sqrt(np.average((small - mean) ** 2, axis=0, weights=weights))
    scale = np.where(np.ptp(small, axis=0) > 0, spread, 0.0)
    return np.ldexp(mean, power), np.ldexp(scale, power)


@dataclass(frozen=True)
class Given:
    """Rows as a user hands them over.

    Parameters
    ----------
    X : ndarray of shape (n, d)
    y : ndarray of shape (n,) or (n, K)
        Of several targets the first says which rows are alike.
    weights : ndarray of shape (n,) or None
        At least 0; rows of weight 0 are left out.
    groups : array-like of shape (n,) or None
        Rows of one group are held out together.
    time : array-like of shape (n,) or None
        Rows are held out in blocks along it; rows at different times are not merged.
    """

    X: Array
    y: Array
    weights: Array | None = None
    groups: Any = None
    time: Any = None


def distinct(
    given: Given, n_folds: int, *, classes: bool, random: np.random.RandomState
) -> Rows:
    """Merge equal rows, adding their weights, and deal out the folds.

    Rows that agree in X but not in y are held out together, like a group, unless
    fewer than half of the rows differ in X: then new rows will repeat old ones, too.

    Parameters
    ----------
    given : Given
    n_folds, classes, random : as in :func:`perceptrons.presets.folds.deal`

    Returns
    -------
    Rows

    Raises
    ------
    ValueError, TypeError
        For bad groups or times, and if both are given.
    """
    X, y, groups, time = given.X, given.y, given.groups, given.time
    if groups is not None and time is not None:
        raise ValueError(
            "groups and time must not both be given, since one fold cannot follow "
            "both; choose the one that says how the model will be used."
        )
    weights = np.ones(len(y)) if given.weights is None else given.weights
    kept = weights > 0
    group = None if groups is None else codes("groups", groups, len(y))[kept]
    moment = None if time is None else codes("time", time, len(y))[kept]
    if not kept.any():
        raise ValueError(
            "sample_weight times class_weight must not be 0 for every row: nothing is "
            "left to learn from."
        )
    X, y, weights = X[kept], y[kept], weights[kept]

    unit = repeats(np.column_stack([X, y] if moment is None else [X, y, moment]))
    first = np.unique(unit, return_index=True)[1]
    total = np.bincount(unit, weights)
    if group is not None:
        group = join(group, unit)[first]
    if moment is not None:
        moment = moment[first]
    X, y = X[first], y[first]
    if moment is None:
        group = _with_copies(repeats(X), group)
    alike = y if y.ndim == 1 else y[:, 0]
    fold = deal(alike, n_folds, random, classes=classes, groups=group, time=moment)
    return Rows(X, y, total / total.mean(), fold)


def _with_copies(same: Labels, group: Labels | None) -> Labels | None:
    """Return groups that keep rows of equal X together, too."""
    if group is not None:
        return join(group, same)
    n_distinct = int(same.max()) + 1
    return same if 2 <= n_distinct < len(same) <= 2 * n_distinct else None
