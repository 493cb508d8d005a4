"""How much each member counts: weights from predictions of rows it has not seen.

Wolpert (1992), Stacked generalization; Breiman (1996), Stacked regressions, whose
weights are not negative. Here they sum to one, too: a mean of the members, which loses
to none of them by more than chance.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

Array = NDArray[np.floating[Any]]

# Members that count less are left out.
LEAST = 0.02
# Of expectation and maximization; a few weights settle long before.
_ROUNDS = 500
_SUM_TO_ONE = 1e4


def squares(predictions: Array, y: Array, weights: Array) -> Array:
    """Return the weights of least squared error.

    Parameters
    ----------
    predictions : ndarray of shape (n, M)
        Of M members.
    y, weights : ndarray of shape (n,)

    Returns
    -------
    ndarray of shape (M,), at least 0, summing to 1
    """
    root = np.sqrt(weights / weights.sum())
    A = np.vstack([root[:, None] * predictions, np.full(predictions.shape[1], 1.0)])
    A[-1] *= _SUM_TO_ONE * max(1.0, float(np.abs(A[:-1]).max()))
    found, _ = nnls(A, np.append(root * y, A[-1, 0]))
    return _cleared(found)


def likelihood(probabilities: Array, weights: Array) -> Array:
    """Return the weights of greatest likelihood, by expectation and maximization.

    Parameters
    ----------
    probabilities : ndarray of shape (n, M)
        That M members gave to the true class.
    weights : ndarray of shape (n,)

    Returns
    -------
    ndarray of shape (M,), at least 0, summing to 1
    """
    p = np.maximum(probabilities, 1e-12)
    share = np.full(p.shape[1], 1 / p.shape[1])
    for _ in range(_ROUNDS):
        parts = p * share
        before = share
        share = np.average(
            parts / parts.sum(axis=1, keepdims=True), axis=0, weights=weights
        )
        if np.abs(share - before).max() < 1e-6:
            break
    return _cleared(share)


def _cleared(weights: Array) -> Array:
    """Drop weights near 0 and let the others sum to 1."""
    total = weights.sum()
    share = weights / total if total > 0 else np.full(len(weights), 1 / len(weights))
    share = np.where(share < LEAST, 0.0, share)
    cleared: Array = share / share.sum()
    return cleared
