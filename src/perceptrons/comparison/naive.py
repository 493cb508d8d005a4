"""Forecasts that look at the target's past alone: what a model must beat along time.

Rows train and are predicted in the order of time, without gaps between them.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin

Array = NDArray[np.floating[Any]]

# Seasons of more rows are not looked for.
_LONGEST = 400


class LastValue(RegressorMixin, BaseEstimator):
    """The last value that was trained on, for all that follow."""

    n_parameters_ = 1

    def fit(self, X: Any, y: Any) -> Self:
        """Remember the last of y, (n,)."""
        self.last_ = float(y[-1])
        return self

    def predict(self, X: Any) -> Array:
        """Return it for every row of X."""
        return np.full(len(X), self.last_)


class SeasonalNaive(RegressorMixin, BaseEstimator):
    """The value of one season before (Hyndman and Athanasopoulos 2021, sec. 5.2).

    The season has as many rows as make the training rows most like those one season
    before, in squares; at least three seasons are seen.
    """

    def fit(self, X: Any, y: Any) -> Self:
        """Find the season of y, (n,), and remember the last one."""
        y = np.asarray(y, np.float64)
        lengths = range(1, max(2, min(_LONGEST, len(y) // 3) + 1))
        errors = [np.mean(np.square(y[m:] - y[:-m])) for m in lengths if m < len(y)]
        self.n_parameters_ = 1 + int(np.argmin(errors)) if errors else 1
        self.season_ = y[-self.n_parameters_ :]
        return self

    def predict(self, X: Any) -> Array:
        """Return the last season, over and over, as rows follow those trained on."""
        return np.resize(self.season_, len(X))
