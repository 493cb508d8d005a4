"""Measures of targets and predictions: plain functions, judged in float64."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def mean_squared_error(y: ArrayLike, y_hat: ArrayLike) -> float:
    """Mean of the squared differences over rows and outputs: eq. (6).

    Parameters
    ----------
    y, y_hat : array-like of equal shape

    Returns
    -------
    float
        In the unit of y, squared; NaN where a prediction is NaN.

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    truth = np.asarray(y, np.float64)
    prediction = np.asarray(y_hat, np.float64)
    if truth.shape != prediction.shape:
        raise ValueError(
            f"y and y_hat must have the same shape, got {truth.shape} and "
            f"{prediction.shape}; reshape one of them."
        )
    return float(np.mean(np.square(truth - prediction)))


def quantiles(
    Y: NDArray[np.floating[Any]], weights: NDArray[Any] | None, levels: Any
) -> NDArray[np.floating[Any]]:
    """Quantile of each column, of levels one per column or one for all.

    Interpolated, as NumPy's, where all rows weigh the same; else the least value with
    at least that share of the weights at or below it.

    Parameters
    ----------
    Y : ndarray of shape (n, K)
    weights : ndarray of shape (n,), at least 0, or None
    levels : float or sequence of K floats in [0, 1]

    Returns
    -------
    ndarray of shape (K,)
    """
    found = np.empty(Y.shape[1])
    for k, q in enumerate(np.broadcast_to(levels, Y.shape[1])):
        if weights is None:
            found[k] = np.quantile(Y[:, k], q)
        else:
            found[k] = np.quantile(Y[:, k], q, method="inverted_cdf", weights=weights)
    return found
