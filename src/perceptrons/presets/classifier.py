"""TabularClassifier: predicts a class from a table."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets

from perceptrons import _checks, intervals
from perceptrons.estimators import check_class_weight
from perceptrons.presets import stacking
from perceptrons.presets.rows import Rows
from perceptrons.presets.tabular import Tabular

Array = NDArray[np.floating[Any]]


def tabular_classifier(
    *,
    effort: str = "default",
    random_state: Any = None,
    n_jobs: int | None = None,
    class_weight: Any = None,
) -> TabularClassifier:
    """Return a :class:`TabularClassifier`: predicts a class from a table.

    Parameters
    ----------
    effort : {"small", "default", "high"}, default="default"
        What training may cost: 1 : 5 : 25.
    random_state : int, RandomState or None, default=None
    n_jobs : int or None, default=None
        Most networks trained at a time; None: all cores this process may use.
    class_weight : dict, "balanced" or None, default=None
        As in :class:`TabularClassifier`.

    Returns
    -------
    TabularClassifier
        Not fitted.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> model = tabular_classifier(random_state=0).fit(X[::2], y[::2])
    >>> bool(model.score(X[1::2], y[1::2]) > 0.9)
    True
    """
    return TabularClassifier(
        effort=effort,
        random_state=random_state,
        n_jobs=n_jobs,
        class_weight=class_weight,
    )


class TabularClassifier(ClassifierMixin, Tabular):
    """Average of networks that predicts the class from a table.

    As :class:`TabularRegressor`, with softmax outputs: settings and epochs are chosen
    by cross-entropy, not by accuracy, so that the probabilities can be relied on.

    Parameters
    ----------
    effort, random_state, n_jobs : as in :class:`TabularRegressor`
    class_weight : dict, "balanced" or None, default=None
        What a row of each class counts, in training, in the choice of settings and in
        their weights: {class: weight}, 1 for classes it leaves out; "balanced":
        all classes the same in sum. Probabilities are then those of such a table, while
        :meth:`predict_set` holds its level for rows as they come.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The classes, sorted.
    chosen_, trials_, networks_, n_parameters_, n_features_in_, feature_names_in_
        As in :class:`TabularRegressor`; the "loss" is the cross-entropy, and
        ``networks_`` predict probabilities.
    """

    _loss = "cross_entropy"

    def __init__(
        self,
        *,
        effort: str = "default",
        random_state: Any = None,
        n_jobs: int | None = None,
        class_weight: Any = None,
    ) -> None:
        super().__init__(effort=effort, random_state=random_state, n_jobs=n_jobs)
        self.class_weight = class_weight

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict the class of each row, the most probable one.

        Parameters
        ----------
        X : array-like of shape (n, d)

        Returns
        -------
        ndarray of shape (n,)
        """
        likeliest = (
            self._by_fold(X).mean(axis=0)[:, : len(self.classes_)].argmax(axis=1)
        )
        classes: NDArray[Any] = self.classes_[likeliest]
        return classes

    def predict_proba(self, X: Any) -> Array:
        """Return the probability of each class: the mean over the networks.

        Parameters
        ----------
        X : array-like of shape (n, d)

        Returns
        -------
        ndarray of shape (n, n_classes), float64
            In the order of ``classes_``; each row sums to 1. For a single class a
            second column: of any other.
        """
        mean = self._by_fold(X).mean(axis=0)
        # float32 sums to 1 within 1e-7; scikit-learn's metrics ask for more.
        probabilities: Array = mean / mean.sum(axis=1, keepdims=True)
        return probabilities

    def predict_set(self, X: Any, level: float = 0.9) -> NDArray[np.bool_]:
        """Return which classes are in a set that holds the true one: cross-conformal.

        Parameters
        ----------
        X : array-like of shape (n, d)
        level : float in (0, 1), default=0.9
            Share of rows whose class is to be in its set, as for
            :meth:`TabularRegressor.predict_interval`.

        Returns
        -------
        ndarray of bool of shape (n, n_classes)
            At least the most probable class of each row.
        """
        p = self._by_fold(X)
        misses, weights = self._parts(self._misses), self._parts(self._row_weights)
        scores = 1 - p.transpose(1, 0, 2)
        inside = intervals.members(scores, misses, weights, level=level)
        inside[np.arange(len(inside)), p.mean(axis=0).argmax(axis=1)] = True
        return inside

    def _codes(self, y: Any) -> Array:
        """Return the number of each row's class."""
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) == 1:
            warnings.warn(
                f"y holds one class, {self.classes_.tolist()[0]!r}: predict gives it "
                "for every row.",
                UserWarning,
                stacklevel=3,
            )
        return codes.astype(np.float64)

    def _weigh_classes(self, codes: Array, weights: Array | None) -> None:
        """Learn what a row of each class counts."""
        self._factors = None
        if self.class_weight is None:
            return
        check_class_weight(self.class_weight, several=False)
        if isinstance(self.class_weight, str):
            sums = np.bincount(codes.astype(np.intp), weights)
            self._factors = sums.sum() / (len(sums) * sums)
            return
        classes = self.classes_.tolist()
        unknown = [name for name in self.class_weight if name not in classes]
        if unknown:
            raise ValueError(
                f"class_weight must hold classes of y, {classes!r}, got "
                f"{unknown[0]!r}; leave it out."
            )
        with _checks.naming("class_weight"):
            given = [self.class_weight.get(name, 1.0) for name in classes]
            self._factors = np.array(given, np.float64)
        finite = np.isfinite(self._factors) & (self._factors >= 0)
        if not finite.all() or not self._factors.any():
            raise ValueError(
                "class_weight must hold finite numbers of at least 0, not all 0 for "
                f"the classes in y, got {self.class_weight!r}."
            )

    def _targets(self, y: Array, weights: Array) -> Array:
        """Return a column of 0 and 1 per class."""
        return self._known_targets(y)

    def _stack(self, predictions: list[Array], rows: Rows, Y: Array) -> Array:
        """Return the weights of greatest likelihood."""
        given = np.column_stack([(predicted * Y).sum(1) for predicted in predictions])
        return stacking.likelihood(given, rows.weights)

    def _missed(self, predictions: Array, rows: Rows) -> Array:
        """Return how much probability the true class did not get."""
        missed: Array = 1 - predictions[np.arange(len(rows.y)), rows.y.astype(np.intp)]
        return missed

    def _finisher(self) -> Callable[[Array], Array]:
        """Return what lets probabilities sum to 1 in float64."""

        def finish(total: Array) -> Array:
            total = total.astype(np.float64)
            probabilities: Array = total / total.sum(axis=1, keepdims=True)
            return probabilities

        return finish

    def _known_codes(self, y: Any) -> Array:
        """Return the number of each row's class, of those known."""
        places = np.searchsorted(self.classes_, y)
        places = np.minimum(places, len(self.classes_) - 1)
        if (unknown := self.classes_[places] != y).any():
            raise ValueError(
                f"y must hold classes that fit has seen, got {y[unknown][0]!r} beside "
                f"{self.classes_!r}; call fit on all rows."
            )
        codes: Array = places.astype(np.float64)
        return codes

    def _known_targets(self, y: Array) -> Array:
        """Return a column of 0 and 1 per class, and one of zeros beside a single."""
        return np.eye(max(2, len(self.classes_)))[y.astype(np.intp)]
