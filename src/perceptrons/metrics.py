"""Measures of a prediction: plain functions of (y, y_hat), judged in float64."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


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
