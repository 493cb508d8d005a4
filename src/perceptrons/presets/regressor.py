"""TabularRegressor: predicts a number from a table, or several."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import RegressorMixin
from sklearn.utils.validation import column_or_1d

from perceptrons import intervals
from perceptrons.presets import stacking
from perceptrons.presets.rows import Rows, scale_of
from perceptrons.presets.tabular import Tabular

Array = NDArray[np.floating[Any]]


def tabular_regressor(
    *, effort: str = "default", random_state: Any = None, n_jobs: int | None = None
) -> TabularRegressor:
    """Return a :class:`TabularRegressor`: predicts a number from a table.

    Parameters
    ----------
    effort : {"small", "default", "high"}, default="default"
        What training may cost: 1 : 5 : 25.
    random_state : int, RandomState or None, default=None
    n_jobs : int or None, default=None
        Most networks trained at a time; None: all cores this process may use.

    Returns
    -------
    TabularRegressor
        Not fitted.

    Examples
    --------
    >>> from sklearn.datasets import make_friedman1
    >>> X, y = make_friedman1(400, noise=1.0, random_state=0)
    >>> model = tabular_regressor(random_state=0).fit(X[:200], y[:200])
    >>> bool(model.score(X[200:], y[200:]) > 0.85)
    True
    """
    return TabularRegressor(effort=effort, random_state=random_state, n_jobs=n_jobs)


class TabularRegressor(RegressorMixin, Tabular):
    """Average of networks that predicts a number from a table, or several.

    Columns are scaled robustly and clipped smoothly, the target is standardized.
    Networks that see the numbers in four ways (as they are, with bins between
    quantiles, as quantiles of a normal, with cosines), with several penalties and
    depths, race over the folds of an inner 5-fold cross-validation, the worse being
    left behind after each round. The best settings and linear models are trained on all
    folds and averaged by weights of at least 0 that predict best the rows that
    were held out. docs/presets.md says why, and what was measured.

    Parameters
    ----------
    effort : {"small", "default", "high"}, default="default"
        What training may cost: 8, 40 or 200 million floating-point operations per row,
        and at least what 1,500 rows cost.
    random_state : int, RandomState or None, default=None
        Seed of folds, initial weights and batches.
    n_jobs : int or None, default=None
        Most networks trained at a time; None: all cores this process may use. The
        result does not depend on it.

    Attributes
    ----------
    chosen_ : list of dict
        The settings averaged, each with its "weight", the largest first;
        "hidden_layer_sizes" is () for a linear model.
    trials_ : list of dict
        Every setting with the "folds" and "epochs" it was trained on and its mean
        validation "loss" (half the squared error of the standardized target).
    networks_ : list of MLPRegressor
        Those averaged, on encoded columns and standardized targets: all folds of the
        first setting, then of the next.
    n_parameters_ : int
        Weights and biases of all ``networks_``.
    n_features_in_, feature_names_in_ : int, ndarray
        Number and names (if X had string names) of the columns as they were given.
    """

    _loss = "squared_error"
    _y_mean: float | Array
    _y_scale: float | Array
    _rules: ClassVar[dict[str, Any]] = {"y_numeric": True, "multi_output": True}

    def predict(self, X: Any, return_std: bool = False) -> Any:
        """Predict the target of each row.

        Parameters
        ----------
        X : array-like of shape (n, d)
        return_std : bool, default=False
            Return the standard deviation of each prediction's error, too: the root of
            the mean squared error of rows held out and, added to it, the variance
            between the networks of the folds for this row.

        Returns
        -------
        ndarray of shape (n,) or, of several targets, (n, K), float64; with
        ``return_std`` a pair of them
        """
        centers = self._centers(X)
        target = centers.mean(axis=0)
        if not return_std:
            return target
        # By a power of 2: no square overflows or vanishes, none rounds otherwise.
        power = np.frexp(self._y_scale)[1]
        misses, centers = np.ldexp(self._misses, -power), np.ldexp(centers, -power)
        noise = np.average(misses**2, axis=0, weights=self._row_weights)
        return target, np.ldexp(np.sqrt(noise + centers.var(axis=0)), power)

    def predict_interval(self, X: Any, level: float = 0.9) -> Array:
        """Return an interval for the target of each row: CV+.

        From how far the networks of each fold miss the rows held out: no assumption
        about the errors is made but that new rows are like those learned from (with
        ``groups``, new groups). Of equal width for all rows but where the folds'
        networks disagree.

        Parameters
        ----------
        X : array-like of shape (n, d)
        level : float in (0, 1), default=0.9
            Share of targets to hold. Barber et al. (2021) prove at least
            2 level - 1; measured in docs/presets.md.

        Returns
        -------
        ndarray of shape (n, 2) or, of several targets, (n, K, 2)
            Lower and upper ends; infinite where the rows learned from are fewer than
            level / (1 - level). Each target's own interval holds ``level`` of its
            values, not all of a row's together.
        """
        centers, weights = self._centers(X), self._parts(self._row_weights)
        if centers.ndim == 2:
            misses = self._parts(self._misses)
            return intervals.ends(centers.T, misses, weights, level=level)
        of_each = [
            intervals.ends(
                centers[:, :, k].T, self._parts(misses), weights, level=level
            )
            for k, misses in enumerate(self._misses.T)
        ]
        return np.stack(of_each, axis=1)

    def __sklearn_tags__(self) -> Any:
        """Say that several targets are welcome."""
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def _centers(self, X: Any) -> Array:
        """Return the predictions of each fold's networks, (F, n) or (F, n, K)."""
        centers: Array = self._by_fold(X) * self._y_scale + self._y_mean
        return centers if np.ndim(self._y_mean) else centers[:, :, 0]

    def _codes(self, y: Any) -> Array:
        """Return the targets, (n,) if there is one."""
        targets: Array = np.asarray(y, np.float64)
        if targets.ndim == 2 and targets.shape[1] == 1:
            targets = column_or_1d(targets, warn=True)
        return targets

    def _targets(self, y: Array, weights: Array) -> Array:
        """Return the standardized targets, (n,) or (n, K)."""
        # A constant target is predicted exactly: its networks' outputs count nothing.
        mean, scale = scale_of(y, weights)
        several = y.ndim > 1
        self._y_mean = mean if several else float(mean)
        self._y_scale = scale if several else float(scale)
        return self._known_targets(y)

    def _stack(self, predictions: list[Array], rows: Rows, Y: Array) -> Array:
        """Return the weights of least squared error."""
        columns = np.column_stack([predicted.ravel() for predicted in predictions])
        weights = np.repeat(rows.weights, Y.size // len(Y))
        return stacking.squares(columns, Y.ravel(), weights)

    def _missed(self, predictions: Array, rows: Rows) -> Array:
        """Return the distances from target to prediction, in the target's unit."""
        guess = predictions.reshape(rows.y.shape) * self._y_scale + self._y_mean
        distance: Array = np.abs(rows.y - guess)
        return distance

    def _finisher(self) -> Callable[[Array], Array]:
        """Return what undoes the target's scale."""
        scale, mean = np.asarray(self._y_scale), self._y_mean
        return lambda total: scale * total + mean

    def _known_codes(self, y: Any) -> Array:
        """Return the targets, of as many as were learned."""
        codes = self._codes(y)
        if codes.shape[1:] != np.shape(self._y_mean):
            raise ValueError(
                f"y must have shape {('n', *np.shape(self._y_mean))}, as fit had, got "
                f"{codes.shape}; call fit for other targets."
            )
        return codes

    def _known_targets(self, y: Array) -> Array:
        """Return the target on the scale that was learned."""
        scale = np.asarray(self._y_scale)
        standardized: Array = (y - self._y_mean) / np.where(scale > 0, scale, 1.0)
        return standardized
