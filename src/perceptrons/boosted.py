"""Boosted trees as plain arrays: what scikit-learn's histogram boosting learned.

Its own objects hold compiled types that no file of values can hold.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, softmax
from sklearn.base import BaseEstimator
from sklearn.utils import ClassifierTags, RegressorTags
from sklearn.utils.metaestimators import available_if

_KINDS = {"HistGradientBoostingRegressor", "HistGradientBoostingClassifier"}


def is_boosting(model: Any) -> bool:
    """Tell whether scikit-learn's histogram boosting made a model, or an heir of it.

    By name: whoever uses a preset need not wait for the import of all ensembles.

    Parameters
    ----------
    model : object
    """
    return any(
        kind.__name__ in _KINDS and kind.__module__.startswith("sklearn.ensemble.")
        for kind in type(model).__mro__
    )


def _has_classes(trees: BoostedTrees) -> bool:
    """Tell whether the trees predict classes."""
    return hasattr(trees, "classes_")


class BoostedTrees(BaseEstimator):
    """A sum of trees of numbers, with scikit-learn's predictions to the last bit.

    Attributes
    ----------
    baseline : ndarray of shape (K,)
        Raw prediction before the first tree; K is 1, or the number of classes if there
        are more than two. Trees take turns in adding to the K columns.
    starts : ndarray of int, of shape (n_trees + 1,)
        First node of each tree among all nodes.
    feature, left, right : ndarray of int, of shape (n_nodes,)
        Column that a node compares, and the nodes that follow, counted within all; a
        leaf is followed by itself, every other node by later ones.
    threshold, value : ndarray of shape (n_nodes,)
        At most this large goes left; what a leaf adds.
    missing_left : ndarray of bool, of shape (n_nodes,)
        Whether NaN goes left.
    is_exponential : bool
        Whether the prediction is exp(raw), as for counts.
    classes_ : ndarray of shape (n_classes,)
        Of classifiers.
    n_features_in_ : int
    """

    baseline: NDArray[np.float64]
    starts: NDArray[np.int64]
    feature: NDArray[np.int64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    threshold: NDArray[np.float64]
    value: NDArray[np.float64]
    missing_left: NDArray[np.bool_]
    is_exponential: bool
    classes_: NDArray[Any]
    n_features_in_: int

    @classmethod
    def of(cls, model: Any) -> BoostedTrees:
        """Return the trees of a fitted model.

        Parameters
        ----------
        model : HistGradientBoostingRegressor or HistGradientBoostingClassifier
            Of columns of numbers.

        Raises
        ------
        ValueError
            If it compares categories.
        """
        if model.is_categorical_ is not None and model.is_categorical_.any():
            raise ValueError("boosting that compares categories is not kept")
        trees = [tree.nodes for round_ in model._predictors for tree in round_]
        sizes = [len(nodes) for nodes in trees]
        nodes = np.concatenate(trees)
        found = cls()
        found.starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        own, leaf = np.arange(len(nodes)), nodes["is_leaf"].astype(bool)
        first = np.repeat(found.starts[:-1], sizes)
        found.left = np.where(leaf, own, first + nodes["left"])
        found.right = np.where(leaf, own, first + nodes["right"])
        found.feature = np.where(leaf, 0, nodes["feature_idx"]).astype(np.int64)
        # What is infinite here means: all but NaN go left.
        most = np.finfo(np.float64).max
        found.threshold = np.clip(
            np.where(leaf, 0.0, nodes["num_threshold"]), -most, most
        )
        found.value = nodes["value"].astype(np.float64)
        found.missing_left = nodes["missing_go_to_left"].astype(bool)
        found.baseline = np.ravel(model._baseline_prediction).astype(np.float64)
        found.is_exponential = getattr(model, "loss", None) in ("poisson", "gamma")
        if hasattr(model, "classes_"):
            found.classes_ = model.classes_
        found.n_features_in_ = int(model.n_features_in_)
        return found

    def fit(self, X: Any, y: Any) -> BoostedTrees:
        """Refuse: these trees are grown already.

        Parameters
        ----------
        X, y : ignored

        Raises
        ------
        TypeError
        """
        raise TypeError(
            "BoostedTrees were grown by scikit-learn; fit its "
            "HistGradientBoostingRegressor or -Classifier."
        )

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the prediction of each row.

        Parameters
        ----------
        X : array-like of shape (n, d)

        Returns
        -------
        ndarray of shape (n,)
        """
        raw = self._raw(X)
        if not _has_classes(self):
            return np.exp(raw[:, 0]) if self.is_exponential else raw[:, 0]
        if len(self.baseline) == 1:
            place = (raw[:, 0] > 0).astype(np.intp)
        else:
            place = raw.argmax(axis=1)
        labels: NDArray[Any] = self.classes_[place]
        return labels

    @available_if(_has_classes)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the probability of each class, (n, n_classes).

        Parameters
        ----------
        X : array-like of shape (n, d)
        """
        raw = self._raw(X)
        if len(self.baseline) > 1:
            shares: NDArray[np.float64] = softmax(raw, axis=1)
            return shares
        second = expit(raw[:, 0])
        return np.column_stack([1 - second, second])

    def __sklearn_tags__(self) -> Any:
        """Say whether classes or numbers are predicted, as scikit-learn asks it."""
        tags = super().__sklearn_tags__()
        if _has_classes(self):
            tags.estimator_type, tags.classifier_tags = "classifier", ClassifierTags()
        else:
            tags.estimator_type, tags.regressor_tags = "regressor", RegressorTags()
        return tags

    def check(self) -> None:
        """Refuse arrays that are no trees.

        Raises
        ------
        ValueError
        """
        if not (self._sizes_fit() and self._nodes_fit()):
            raise ValueError("these arrays are no trees")

    def _sizes_fit(self) -> bool:
        """Tell whether the arrays are of the nodes of whole trees."""
        n = len(self.value)
        by_node = self.feature, self.left, self.right, self.threshold, self.missing_left
        whole = self.starts, self.feature, self.left, self.right
        return bool(
            all(array.shape == (n,) for array in by_node)
            and all(array.dtype == np.int64 for array in whole)
            and self.starts[:1].tolist() == [0]
            and self.starts[-1] == n
            and (np.diff(self.starts) > 0).all()
            and self.baseline.size > 0
            and (len(self.starts) - 1) % len(self.baseline) == 0
            and self._classes_fit()
        )

    def _nodes_fit(self) -> bool:
        """Tell whether every node is a leaf or leads to later ones of its tree."""
        own, feature = np.arange(len(self.value)), self.feature
        end = np.repeat(self.starts[1:], np.diff(self.starts))
        return bool(
            ((self.left > own) == (self.right > own)).all()
            and ((self.left >= own) & (self.right >= own)).all()
            and ((self.left < end) & (self.right < end)).all()
            and ((feature >= 0) & (feature < self.n_features_in_)).all()
        )

    def _classes_fit(self) -> bool:
        """Tell whether there is a column for each class, or one for two."""
        if not _has_classes(self):
            return len(self.baseline) == 1
        return len(self.classes_) == max(2, len(self.baseline))

    def _raw(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the raw predictions, (n, K)."""
        X = np.asarray(X, np.float64)
        rows, n_columns = np.arange(len(X)), len(self.baseline)
        raw = np.tile(self.baseline, (len(X), 1))
        for tree, first in enumerate(self.starts[:-1]):
            node = np.full(len(X), first)
            while True:
                cells = X[rows, self.feature[node]]
                left = (cells <= self.threshold[node]) | (
                    np.isnan(cells) & self.missing_left[node]
                )
                following = np.where(left, self.left[node], self.right[node])
                if (following == node).all():
                    break
                node = following
            raw[:, tree % n_columns] += self.value[node]
        return raw
