"""Intervals and sets from models of K folds: CV+ and cross-conformal prediction.

Of every row there is a prediction by a model that has not seen it. How far such
predictions miss says how far those of new rows will, without assumptions about the
errors: Barber, Candes, Ramdas and Tibshirani (2021), Predictive inference with the
jackknife+, Annals of Statistics 49; for classes Romano, Sesia and Candes (2020),
Classification with valid and adaptive coverage, with the score 1 - p of Sadinle, Lei
and Wasserman (2019). At level 1 - a they prove coverage of at least 1 - 2 a; in
practice it is near 1 - a.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perceptrons import _checks

Array = NDArray[np.floating[Any]]


def predict_interval(
    estimators: Sequence[Any],
    X: Any,
    y: Any,
    folds: Iterable[Any],
    X_new: Any,
    *,
    level: float = 0.9,
) -> Array:
    """Return CV+ intervals of new rows from the models of a cross-validation.

    Parameters
    ----------
    estimators : sequence of K fitted regressors
        As :func:`perceptrons.fit_folds` returns them; each predicts shape (n,).
    X, y : array-like of shape (n, d) and (n,)
        All rows.
    folds : iterable of K pairs (train, test)
        The rows each was trained on, and those left out, which together are all rows,
        each once.
    X_new : array-like of shape (m, d)
    level : float in (0, 1), default=0.9
        Share of new targets that the intervals are to hold.

    Returns
    -------
    ndarray of shape (m, 2)
        Lower and upper ends; infinite where n < level / (1 - level), as no finite ones
        are known to hold so many.

    Raises
    ------
    ValueError
        If there is not one fold per estimator, or the folds do not leave out every
        row once.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.model_selection import KFold
    >>> from perceptrons import MLPRegressor, fit_folds, predict_interval
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(300, 2))
    >>> y = X[:, 0] + 0.1 * rng.normal(size=300)
    >>> folds = list(KFold(5).split(X))
    >>> net = MLPRegressor(solver="lbfgs", max_iter=50, random_state=0, tol=1e-2)
    >>> nets = fit_folds(net, X, y, folds)  # doctest: +SKIP
    >>> predict_interval(nets, X, y, folds, X[:3]).shape  # doctest: +SKIP
    (3, 2)
    """
    pairs = [tuple(fold) for fold in folds]
    if len(pairs) != len(estimators) or any(len(pair) != 2 for pair in pairs):
        raise ValueError(
            f"folds must be a pair (train, test) for each of {len(estimators)} "
            f"estimators, got {len(pairs)} folds; give what fit_folds was given."
        )
    X, y = np.asarray(X), np.asarray(y, np.float64)
    held = [np.arange(len(y))[np.asarray(pair[1])] for pair in pairs]
    if not np.array_equal(np.sort(np.concatenate(held)), np.arange(len(y))):
        raise ValueError(
            f"folds must leave out each of {len(y)} rows once; repeated or one-sided "
            "divisions, as along time, give no CV+ interval."
        )
    misses = [
        np.abs(y[rows] - estimator.predict(X[rows]))
        for estimator, rows in zip(estimators, held, strict=True)
    ]
    centers = np.stack([estimator.predict(X_new) for estimator in estimators], axis=1)
    return ends(centers, misses, level=level)


def ends(
    centers: Array,
    misses: Sequence[Array],
    weights: Sequence[Array] | None = None,
    *,
    level: float,
) -> Array:
    """Return the ends of CV+ intervals.

    Parameters
    ----------
    centers : ndarray of shape (m, K)
        Predictions of new rows by the models of K folds.
    misses : K arrays
        Of the rows each model has not seen: the distance from target to prediction.
    weights : K arrays or None
        Of these rows.
    level : float in (0, 1)

    Returns
    -------
    ndarray of shape (m, 2)
    """
    level = check_level(level)
    upper = _quantile(centers, misses, weights, level)
    lower = -_quantile(-centers, misses, weights, level)
    return np.column_stack([lower, upper])


def members(
    scores: Array,
    known: Sequence[Array],
    weights: Sequence[Array] | None = None,
    *,
    level: float,
) -> NDArray[np.bool_]:
    """Return which classes belong to the sets of cross-conformal prediction.

    Parameters
    ----------
    scores : ndarray of shape (m, K, n_classes)
        How strange each class would be, by the model of each fold.
    known : K arrays
        How strange the true class was, of the rows each model has not seen.
    weights : K arrays or None
    level : float in (0, 1)

    Returns
    -------
    ndarray of bool of shape (m, n_classes)
    """
    level = check_level(level)
    sorted_known = [_sorted(*pair) for pair in _with_weights(known, weights)]
    total = sum(cumulated[-1] for _, cumulated in sorted_known)
    below = np.zeros((len(scores), scores.shape[2]))
    for number, (values, cumulated) in enumerate(sorted_known):
        below += cumulated[np.searchsorted(values, scores[:, number], "left")]
    inside: NDArray[np.bool_] = below < level * (total + 1)
    return inside


def check_level(level: float) -> float:
    """Return a level in (0, 1)."""
    remedy = "0.9 holds nine of ten"
    return _checks.real("level", level, remedy, low=0, high=1, closed="neither")


def _with_weights(
    values: Sequence[Array], weights: Sequence[Array] | None
) -> list[tuple[Array, Array]]:
    """Pair values with their weights, 1 where none are given."""
    given = [np.ones(len(part)) for part in values] if weights is None else weights
    return list(zip(values, given, strict=True))


def _sorted(values: Array, weights: Array) -> tuple[Array, Array]:
    """Return the values in order, and the weight of all before each, and of all."""
    order = np.argsort(values, kind="stable")
    return values[order], np.concatenate([[0.0], np.cumsum(weights[order])])


def _quantile(
    centers: Array,
    misses: Sequence[Array],
    weights: Sequence[Array] | None,
    level: float,
) -> Array:
    """Return for each row the level's quantile of all n center_k(i) + miss_i.

    It is the least t with level (n + 1) of these sums at or below it. They are never
    written down: bisection counts them by folds.
    """
    parts = [_sorted(*pair) for pair in _with_weights(misses, weights)]
    total = sum(cumulated[-1] for _, cumulated in parts)
    # Rounding must not ask for one row more.
    wanted = level * (total + 1) * (1 - 1e-12)
    if wanted > total:
        return np.full(len(centers), math.inf)
    low = centers.min(axis=1)
    high = np.max([centers[:, k] + parts[k][0][-1] for k in range(len(parts))], axis=0)
    for _ in range(60):
        middle = 0.5 * (low + high)
        count = np.zeros(len(centers))
        for k, (values, cumulated) in enumerate(parts):
            count += cumulated[np.searchsorted(values, middle - centers[:, k], "right")]
        enough = count >= wanted
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    ends: Array = high
    return ends
