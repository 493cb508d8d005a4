"""TabularClassifier: predicts a class from a table."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d

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
    by cross-entropy, not by accuracy, so that the probabilities can be relied on. Where
    y has a column of 0 and 1 for each of several labels, an output for each, by the
    sum of their binary cross-entropies.

    Parameters
    ----------
    effort, random_state, n_jobs : as in :class:`TabularRegressor`
    class_weight : dict, "balanced" or None, default=None
        What a row of each class counts, in training, in the choice of settings and in
        their weights: {class: weight}, 1 for classes it leaves out; "balanced":
        all classes the same in sum. Probabilities are then those of such a table, while
        :meth:`predict_set` holds its level for rows as they come. Not for several
        labels.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The classes, sorted; of several labels their numbers.
    chosen_, trials_, networks_, n_parameters_, n_features_in_, feature_names_in_
        As in :class:`TabularRegressor`; the "loss" is the cross-entropy, and
        ``networks_`` predict probabilities.
    """

    _rules: ClassVar[dict[str, Any]] = {"multi_output": True}
    #: Whether y has a column for each of several labels.
    _several = False

    @property
    def _loss(self) -> str:
        """Return the cross-entropy of one class, or of each label."""
        return "binary_cross_entropy" if self._several else "cross_entropy"

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
        ndarray of shape (n,) or, of several labels, of 0 and 1 of shape (n, n_classes)
        """
        mean = self._by_fold(X).mean(axis=0)
        if self._several:
            holds: NDArray[Any] = (mean > 0.5).astype(np.intp)
            return holds
        likeliest = mean[:, : len(self.classes_)].argmax(axis=1)
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
            In the order of ``classes_``; each row sums to 1, except for several
            labels. For a single class a second column: of any other.
        """
        mean: Array = self._by_fold(X).mean(axis=0)
        if self._several:
            return mean
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
            At least the most probable class of each row. Of several labels of shape
            (n, n_classes, 2): whether 0 and whether 1 is in each label's own set.
        """
        p = self._by_fold(X)
        if not self._several:
            return self._set(p, self._misses, level)
        of_each = [
            self._set(np.stack([1 - p[:, :, k], p[:, :, k]], axis=2), misses, level)
            for k, misses in enumerate(self._misses.T)
        ]
        return np.stack(of_each, axis=1)

    def _set(self, p: Array, misses: Array, level: float) -> NDArray[np.bool_]:
        """Return the sets (n, C) from the folds' probabilities (F, n, C)."""
        parts, weights = self._parts(misses), self._parts(self._row_weights)
        inside = intervals.members(
            1 - p.transpose(1, 0, 2), parts, weights, level=level
        )
        inside[np.arange(len(inside)), p.mean(axis=0).argmax(axis=1)] = True
        return inside

    def __sklearn_tags__(self) -> Any:
        """Say that several labels are welcome."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def _codes(self, y: Any) -> Array:
        """Return the number of each row's class, or 0 and 1 for each label."""
        y = _one_column(y)
        check_classification_targets(y)
        self._several = np.ndim(y) == 2
        if self._several:
            labels = _labels(y)
            self.classes_ = np.arange(labels.shape[1])
            return labels
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
        if self._several:
            raise ValueError(
                "class_weight must be None where y has several labels, got "
                f"{self.class_weight!r}; sample_weight weighs rows."
            )
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
        """Return a column of 0 and 1 per class or label."""
        return self._known_targets(y)

    def _stack(self, predictions: list[Array], rows: Rows, Y: Array) -> Array:
        """Return the weights of greatest likelihood."""
        if self._several:
            given = np.column_stack(
                [np.abs(predicted - (1 - Y)).ravel() for predicted in predictions]
            )
            return stacking.likelihood(given, np.repeat(rows.weights, Y.shape[1]))
        given = np.column_stack([(predicted * Y).sum(1) for predicted in predictions])
        return stacking.likelihood(given, rows.weights)

    def _missed(self, predictions: Array, rows: Rows) -> Array:
        """Return how much probability the true class, or label, did not get."""
        if self._several:
            distance: Array = np.abs(rows.y - predictions)
            return distance
        missed: Array = 1 - predictions[np.arange(len(rows.y)), rows.y.astype(np.intp)]
        return missed

    def _finisher(self) -> Callable[[Array], Array]:
        """Return what lets probabilities sum to 1 in float64."""
        if self._several:
            return lambda total: total.astype(np.float64)

        def finish(total: Array) -> Array:
            total = total.astype(np.float64)
            probabilities: Array = total / total.sum(axis=1, keepdims=True)
            return probabilities

        return finish

    def _known_codes(self, y: Any) -> Array:
        """Return the number of each row's class, of those known, or the labels."""
        y = _one_column(y)
        if self._several or np.ndim(y) == 2:
            shape = ("n", len(self.classes_)) if self._several else ("n",)
            if np.shape(y)[1:] != shape[1:]:
                raise ValueError(
                    f"y must have shape {shape}, as fit had, got {np.shape(y)}; call "
                    "fit for other labels."
                )
            return _labels(y)
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
        if self._several:
            return y
        return np.eye(max(2, len(self.classes_)))[y.astype(np.intp)]


def _one_column(y: Any) -> Any:
    """Return y as it is, dense, and a single column as a vector."""
    y = y.toarray() if issparse(y) else y
    return column_or_1d(y, warn=True) if np.shape(y)[1:] == (1,) else y


def _labels(y: Any) -> Array:
    """Return a column of 0 and 1 for each label, or refuse other values."""
    try:
        labels: Array = np.asarray(y, np.float64)
    except (TypeError, ValueError):
        labels = np.array(np.nan)
    if not np.isin(labels, (0.0, 1.0)).all():
        raise ValueError(
            "y must hold 0 or 1 where it has several columns, one for each label, got "
            f"{np.unique(y)[:5]!r}; fit one model for each column of classes."
        )
    return labels
