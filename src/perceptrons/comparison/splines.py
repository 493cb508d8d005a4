"""Models that bend without a network: splines of columns, linear in their coefficients.

Each column x that takes many values gets cubic B-splines B with knots at its quantiles
(Eilers and Marx 1996), written so that one quadratic penalty shrinks all columns to
straight lines: with D the second differences of neighboring coefficients,

    f(x) = b0 + b1 x + B(x) D^T (D D^T)^-1 u,       penalty  a (b1^2 + u^T u / w^2)

since the penalty of the coefficients of B is then |D (D^T (D D^T)^-1 u)|^2 = |u|^2. The
strength a and the width w of the bends are chosen on the training rows alone.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import SplineTransformer
from sklearn.utils.validation import check_is_fitted, validate_data

from perceptrons.comparison.ridge import ValidatedRidge

Array = NDArray[np.floating[Any]]

#: Knots of a column for numbers and for classes, whose fits take many steps, and of the
#: hats whose products two columns share.
KNOTS, CLASS_KNOTS, PAIR_KNOTS = 15, 8, 5
MOST_PAIR_TERMS = (PAIR_KNOTS - 1) ** 2 + 1
#: A column of fewer distinct values, such as an indicator, stays linear.
LEAST_VALUES = 5
#: Bends may be as large as slopes, or a tenth or a hundredth of them.
WIDTHS = (1.0, 0.1, 0.01)
#: Inverse penalties of a logistic regression, the strongest first.
INVERSES = (0.01, 0.1, 1.0, 10.0)
CLASS_WIDTH = 0.3
#: Inner folds where strengths are not chosen by leave-one-out.
INNER_FOLDS = 3


@dataclass(frozen=True)
class Curve:
    """How one column bends; without a basis it stays linear."""

    spline: SplineTransformer | None
    shape: Array
    center: float
    spread: float

    def line(self, x: Array) -> Array:
        """Return the standardized column, (n, 1)."""
        return ((x - self.center) / self.spread)[:, None]

    def bends(self, x: Array) -> Array:
        """Return the columns that bend, (n, p)."""
        if self.spline is None:
            return np.empty((len(x), 0))
        return np.asarray(self.spline.transform(x[:, None]) @ self.shape)


def _spline(x: Array, n_knots: int, degree: int) -> SplineTransformer | None:
    """Return splines of a column, with knots at its quantiles; None if it is too few.

    Beyond the last knots they go on straight.
    """
    knots = np.unique(np.quantile(x, np.linspace(0, 1, n_knots)))
    if len(knots) < 3 or len(np.unique(x)) < LEAST_VALUES:
        return None
    made = SplineTransformer(
        degree=degree, knots=knots[:, None], extrapolation="linear"
    )
    return made.fit(x[:, None])


def _column(x: Array, n_knots: int) -> Curve:
    """Return how a column bends."""
    spread = float(x.std())
    spline = _spline(x, n_knots, 3)
    shape = np.empty((0, 0))
    if spline is not None:
        D = np.diff(np.eye(spline.n_features_out_), 2, axis=0)
        shape = D.T @ np.linalg.inv(D @ D.T)
    return Curve(spline, shape, float(x.mean()), spread or 1.0)


class Basis:
    """Columns of numbers that are linear, bend, or are products of two columns.

    Parameters
    ----------
    X : ndarray of shape (n, d)
        Training rows.
    n_knots : int
    """

    def __init__(self, X: Array, n_knots: int) -> None:
        self._columns = [_column(x, n_knots) for x in X.T]
        self._hats = [_spline(x, PAIR_KNOTS, 1) for x in X.T]
        self.pairs: list[tuple[int, int]] = []
        self._learn_scale(X)

    def add_pairs(self, X: Array, residual: Array, most: int) -> None:
        """Add the products of those pairs of columns that the residual follows most.

        Of each pair the largest correlation of the residual with a product of two of
        z, |z| counts, z being the standardized column.

        Parameters
        ----------
        X : ndarray of shape (n, d)
            Training rows.
        residual : ndarray of shape (n, K)
            What the columns alone leave.
        most : int
        """
        Z = np.hstack([c.line(x) for c, x in zip(self._columns, X.T, strict=True)])
        n_columns = Z.shape[1]
        if n_columns < 2:
            return
        V = np.abs(Z)
        V -= V.mean(axis=0)
        both = np.hstack([np.clip(Z, -3, 3), np.clip(V, -3, 3)])
        strength = np.zeros((n_columns, n_columns))
        power = np.square(both).T @ np.square(both)
        for column in residual.T:
            found = np.square(both.T @ (both * column[:, None]))
            found = np.divide(found, power, out=np.zeros_like(found), where=power > 0)
            blocks = found.reshape(2, n_columns, 2, n_columns)
            strength += blocks.max(axis=(0, 2))
        i, j = np.triu_indices(n_columns, 1)
        best = np.argsort(-strength[i, j], kind="stable")[:most]
        self.pairs = [(int(i[b]), int(j[b])) for b in best if strength[i[b], j[b]] > 0]
        self._learn_scale(X)

    def transform(self, X: Array, width: float) -> Array:
        """Return all columns of the basis, centered, bends scaled by their width.

        Parameters
        ----------
        X : ndarray of shape (n, d)
        width : float
            1: as free as the straight lines.
        """
        smooth, bent = self._raw(X)
        return np.hstack(
            [
                (smooth - self._center[0]) / self._spread[0],
                (bent - self._center[1]) * (width / self._spread[1]),
            ]
        )

    def _learn_scale(self, X: Array) -> None:
        """Learn center and spread; the bends of one column share theirs."""
        parts = self._raw(X)
        self._center = [part.mean(axis=0) for part in parts]
        smooth, bent = (part.std(axis=0) for part in parts)
        for start, end in itertools.pairwise(np.unique(self._blocks)):
            bent[start:end] = np.sqrt(np.mean(np.square(bent[start:end])))
        self._spread = [np.where(s > 0, s, 1.0) for s in (smooth, bent)]

    def _raw(self, X: Array) -> tuple[Array, Array]:
        """Return what is straight and what bends."""
        smooth, bent = [], []
        for column, x in zip(self._columns, X.T, strict=True):
            smooth.append(column.line(x))
            bent.append(column.bends(x))
        for i, j in self.pairs:
            smooth.append(smooth[i] * smooth[j])
            hats = (self._hat(i, X), self._hat(j, X))
            products = hats[0][:, :, None] * hats[1][:, None, :]
            bent.append(products.reshape(len(X), -1))
        self._blocks = np.cumsum([0, *(part.shape[1] for part in bent)])
        return np.hstack(smooth), np.hstack(bent)

    def _hat(self, place: int, X: Array) -> Array:
        """Return the hats of a column but the first, or the column alone."""
        x, hats = X[:, place], self._hats[place]
        if hats is None:
            return self._columns[place].line(x)
        return np.asarray(hats.transform(x[:, None])[:, 1:])


class _Splines(BaseEstimator):
    """What both estimators share."""

    _basis: Basis
    _width: float

    def __init__(self, n_pairs: int = 0, cv: Any = None) -> None:
        self.n_pairs = n_pairs
        self.cv = cv

    def _columns(self, X: Any) -> Array:
        """Return the columns of the basis for new rows."""
        check_is_fitted(self, "n_parameters_")
        X = validate_data(self, X, dtype=np.float64, reset=False)
        return self._basis.transform(X, self._width)


class SplineRegressor(RegressorMixin, _Splines):
    """Ridge regression on splines of every column, and on products of some pairs.

    Parameters
    ----------
    n_pairs : int, default=0
        Pairs of columns whose products are added: those that the residual of the model
        without pairs follows most, chosen on the training rows.
    cv : list of (train, held out) or None, default=None
        Inner folds, as places of rows; None: every row is held out alone.

    Attributes
    ----------
    n_parameters_ : int
        Coefficients.
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Choose the strength of the penalty and fit.

        Parameters
        ----------
        X : array-like of shape (n, d)
        y : array-like of shape (n,)
        sample_weight : ndarray of shape (n,) or None, default=None

        Returns
        -------
        self
        """
        X, y = validate_data(self, X, y, dtype=np.float64, y_numeric=True)
        self._basis = Basis(X, KNOTS)
        self._choose(X, y, sample_weight)
        if self.n_pairs:
            left = y - self._ridge.predict(self._basis.transform(X, self._width))
            self._basis.add_pairs(X, left[:, None], self.n_pairs)
            self._choose(X, y, sample_weight)
        self.n_parameters_ = self._ridge.coef_.size + 1
        return self

    def predict(self, X: Any) -> Array:
        """Return predictions of shape (n,)."""
        return self._ridge.predict(self._columns(X))

    def _choose(self, X: Array, y: Array, weights: Any) -> None:
        """Fit with the width that predicts held-out rows best."""
        fits = {
            width: ValidatedRidge(cv=self.cv).fit(
                self._basis.transform(X, width), y, weights
            )
            for width in WIDTHS
        }
        self._width = min(fits, key=lambda width: fits[width].error_)
        self._ridge = fits[self._width]


class SplineClassifier(ClassifierMixin, _Splines):
    """Multinomial logistic regression on splines, and on products of some pairs.

    Parameters
    ----------
    n_pairs : int, default=0
        As in :class:`SplineRegressor`.
    cv : list of (train, held out) or None, default=None
        Inner folds, as places of rows; None: three stratified ones.

    Attributes
    ----------
    classes_ : ndarray
    n_parameters_ : int
        Coefficients.
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Choose the strength of the penalty by the log loss, and fit.

        Parameters
        ----------
        X : array-like of shape (n, d)
        y : array-like of shape (n,)
        sample_weight : ndarray of shape (n,) or None, default=None

        Returns
        -------
        self
        """
        X, y = validate_data(self, X, y, dtype=np.float64)
        self.classes_ = np.unique(y)
        self._basis = Basis(X, CLASS_KNOTS)
        self._choose(X, y, sample_weight)
        if self.n_pairs:
            shares = self._model.predict_proba(self._basis.transform(X, self._width))
            left = (y[:, None] == self.classes_) - shares
            self._basis.add_pairs(X, left, self.n_pairs)
            self._choose(X, y, sample_weight)
        self.n_parameters_ = self._model.coef_.size + self._model.intercept_.size
        return self

    def predict_proba(self, X: Any) -> Array:
        """Return the probabilities of the classes, (n, K)."""
        found: Array = self._model.predict_proba(self._columns(X))
        return found

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the most probable class of each row, (n,)."""
        labels: NDArray[Any] = self.classes_[self.predict_proba(X).argmax(axis=1)]
        return labels

    def _choose(self, X: Array, y: NDArray[Any], weights: Any) -> None:
        """Fit with the penalty that predicts held-out rows best."""
        self._width = CLASS_WIDTH
        Z = self._basis.transform(X, self._width)
        cut = StratifiedKFold(INNER_FOLDS, shuffle=True, random_state=0)
        errors = dict.fromkeys(INVERSES, 0.0)
        for train, held in self.cv or cut.split(Z, y):
            ours, theirs = (
                None if weights is None else weights[rows] for rows in (train, held)
            )
            for C, model in _path(Z[train], y[train], ours):
                errors[C] += _log_loss(model, Z[held], y[held], theirs)
        best = min(errors, key=lambda C: errors[C])
        for C, model in _path(Z, y, weights):
            self._model = model
            if best == C:
                break


def _path(Z: Array, y: NDArray[Any], weights: Any) -> Any:
    """Yield the inverse penalty and the fit, each started where the last one ended."""
    model = LogisticRegression(warm_start=True, max_iter=200, tol=1e-3)
    for C in INVERSES:
        yield C, model.set_params(C=C).fit(Z, y, weights)


def _log_loss(model: Any, Z: Array, y: NDArray[Any], weights: Any) -> float:
    """Return the summed log loss of held-out rows; a class unseen has no chance."""
    known = np.isin(y, model.classes_)
    own = None if weights is None else weights[known]
    found = log_loss(
        y[known],
        model.predict_proba(Z[known]),
        labels=model.classes_,
        normalize=False,
        sample_weight=own,
    )
    lost = (~known).sum() if weights is None else weights[~known].sum()
    return float(found) + 36.0 * float(lost)
