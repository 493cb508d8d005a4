"""A network that says what a slow model says."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, is_classifier
from sklearn.metrics import r2_score
from sklearn.utils import _safe_indexing, check_array, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from perceptrons import _checks
from perceptrons.predicting import linked_outputs
from perceptrons.presets.encodings import Encoder
from perceptrons.presets.folds import deal
from perceptrons.presets.race import EFFORTS, Network, Race
from perceptrons.presets.rows import Rows, scale_of

Array = NDArray[np.floating[Any]]

FOLDS = 5
# Columns of a new row that come from another one.
EXCHANGED = 0.3
_LEAST_ROWS = 20
_TIMED_ROWS = 2000


def distill(
    teacher: Any,
    X: Any,
    *,
    n_new: int = 0,
    effort: str = "default",
    random_state: Any = None,
    n_jobs: int | None = None,
) -> Student:
    """Return one network that predicts what a fitted model predicts.

    Settings race as those of :mod:`perceptrons.presets` do, on a fifth of the rows;
    another fifth tells how well student and teacher agree. Bucila, Caruana and
    Niculescu-Mizil (2006), Model compression; Hinton, Vinyals and Dean (2015).

    Parameters
    ----------
    teacher : fitted estimator of scikit-learn
        A classifier with ``predict_proba``, whose probabilities are learned, or
        anything that predicts a number per row.
    X : array-like of shape (n, d), n >= 20
        Numbers without gaps, like those to be predicted later. No targets are needed.
    n_new : int, default=0
        Rows to add: each a row of X with three in ten of its columns from another row.
        They show the network what the teacher says between the rows.
    effort : {"small", "default", "high"}, default="default"
        As for the presets.
    random_state : int, RandomState or None, default=None
    n_jobs : int or None, default=None
        Most networks trained at a time; None: all cores this process may use.

    Returns
    -------
    Student
        With ``agreement_`` and ``speed_ratio_``.

    Raises
    ------
    ValueError, TypeError
        For a teacher that is no fitted estimator or gives no probabilities, and for
        bad rows.

    Examples
    --------
    >>> from sklearn.datasets import make_friedman1
    >>> from sklearn.ensemble import RandomForestRegressor
    >>> from perceptrons import distill
    >>> X, y = make_friedman1(400, random_state=0)
    >>> forest = RandomForestRegressor(random_state=0).fit(X, y)
    >>> student = distill(forest, X, effort="small", random_state=0)
    >>> bool(student.agreement_ > 0.9)
    True
    """
    _checks.choice("effort", effort, EFFORTS)
    _checks.integer("n_new", n_new, 0, "0 learns from the rows of X alone")
    predict = _predictions(teacher)
    given = check_array(
        X, dtype=np.float64, ensure_min_samples=_LEAST_ROWS, input_name="X"
    )
    random = check_random_state(random_state)
    test = random.permutation(len(given)) < len(given) // FOLDS
    rows = np.vstack([given[~test], _mixed(given[~test], n_new, random)])
    # The teacher sees names where it was fitted with them.
    names = getattr(teacher, "feature_names_in_", None)
    said = _usable(predict(_named(rows, names)), is_classifier(teacher))
    student = Student()
    student._learn(teacher, rows, said, EFFORTS[effort], random, n_jobs)
    student._measure(predict, _named(given[test], names))
    return student


class Student(BaseEstimator):
    """A network that says what another model says: see :func:`perceptrons.distill`.

    Attributes
    ----------
    agreement_ : float
        On rows not learned from: R^2 of the student's numbers against the teacher's;
        for classes the share of rows for which both name the same.
    speed_ratio_ : float
        The teacher's seconds over the student's, for 2,000 rows in one call.
    network_ : MLPRegressor
        On encoded columns.
    classes_ : ndarray
        Of a classifier.
    n_features_in_ : int
    """

    def fit(self, X: Any, y: Any = None) -> Student:
        """Refuse: a student learns from a teacher.

        Parameters
        ----------
        X, y : object
            Not looked at.

        Raises
        ------
        TypeError
            Always.
        """
        raise TypeError("a Student is not fitted to targets; call distill(teacher, X).")

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict the number, or the class, that the teacher would.

        Parameters
        ----------
        X : array-like of shape (n, d)

        Returns
        -------
        ndarray of shape (n,)
        """
        said = self._said(X)
        if hasattr(self, "classes_"):
            classes: NDArray[Any] = self.classes_[said.argmax(axis=1)]
            return classes
        return said[:, 0] * self._scale + self._mean

    def predict_proba(self, X: Any) -> Array:
        """Return the probabilities that the teacher would.

        Parameters
        ----------
        X : array-like of shape (n, d)

        Returns
        -------
        ndarray of shape (n, n_classes)

        Raises
        ------
        AttributeError
            If the teacher predicts numbers.
        """
        if not hasattr(self, "classes_"):
            raise AttributeError("predict_proba is of students of classifiers alone.")
        said = self._said(X)
        probabilities: Array = said / said.sum(axis=1, keepdims=True)
        return probabilities

    def _said(self, X: Any) -> Array:
        """Return the network's predictions in float64."""
        check_is_fitted(self, "network_")
        rows = validate_data(self, X, dtype=np.float64, reset=False)
        said: Array = linked_outputs(self.network_, self._encoder(rows)).astype(
            np.float64
        )
        return said

    def _learn(
        self,
        teacher: Any,
        X: Array,
        said: Array,
        effort: Any,
        random: np.random.RandomState,
        n_jobs: int | None,
    ) -> None:
        """Race, and keep the network that comes nearest to the teacher."""
        self.n_features_in_ = X.shape[1]
        if hasattr(teacher, "feature_names_in_"):
            self.feature_names_in_ = teacher.feature_names_in_
        numbers, loss = said[:, 0], "squared_error"
        if is_classifier(teacher):
            self.classes_ = np.asarray(teacher.classes_)
            numbers, loss = said.argmax(axis=1).astype(np.float64), "cross_entropy"
        else:
            mean, scale = scale_of(numbers)
            self._mean, self._scale = float(mean), float(scale) or 1.0
            said = (numbers - self._mean) / self._scale
        fold = deal(numbers, FOLDS, random, classes=False)
        rows = Rows(X, numbers, np.ones(len(X)), fold)
        race = Race(rows, said, loss, effort, random, n_jobs)
        best = race.best()
        self.network_: Network = best.networks[0]
        self._encoder: Encoder = race.encoders[best.setting.encoding]

    def _measure(self, predict: Callable[[Any], Array], X: Any) -> None:
        """Compare with the teacher on rows not learned from."""
        theirs = predict(X)
        if hasattr(self, "classes_"):
            same = self.predict(X) == self.classes_[theirs.argmax(axis=1)]
            self.agreement_ = float(np.mean(same))
        else:
            said = (theirs[:, 0] - self._mean) / self._scale
            self.agreement_ = float(r2_score(said, self._said(X)[:, 0]))
        many = _safe_indexing(X, np.arange(_TIMED_ROWS) % len(X))
        # The least of three calls: the first one loads and allocates.
        own = min(_seconds(self._said, many) for _ in range(3))
        self.speed_ratio_ = _seconds(predict, many) / own


def _predictions(teacher: Any) -> Callable[[Any], Array]:
    """Return the function that is learned, of shape (n, K)."""
    if isinstance(teacher, type) or not hasattr(teacher, "predict"):
        raise TypeError(
            f"teacher must be a fitted estimator of scikit-learn, got {teacher!r}."
        )
    if not is_classifier(teacher):
        return lambda X: np.asarray(teacher.predict(X), np.float64).reshape(len(X), -1)
    if not hasattr(teacher, "predict_proba"):
        raise TypeError(
            f"teacher must give probabilities, got {teacher!r}; CalibratedClassifierCV "
            "gives them to a classifier without."
        )
    return lambda X: np.asarray(teacher.predict_proba(X), np.float64)


def _usable(said: Array, classes: bool) -> Array:
    """Refuse what cannot be learned."""
    right = said.ndim == 2 and (said.shape[1] > 1) == classes
    if not right or not np.isfinite(said).all():
        raise ValueError(
            "teacher must predict one finite number for each row, or probabilities of "
            f"two or more classes, got an array of shape {said.shape} with "
            f"{np.count_nonzero(~np.isfinite(said))} entries that are not finite."
        )
    return said


def _named(X: Array, names: Any) -> Any:
    """Return the rows with the names of their columns, if there are any."""
    if names is None:
        return X
    import pandas as pd

    return pd.DataFrame(X, columns=names)


def _mixed(X: Array, n_new: int, random: np.random.RandomState) -> Array:
    """Return rows of X of which some columns are those of other rows."""
    first, other = random.randint(len(X), size=(2, n_new))
    exchanged = random.uniform(size=(n_new, X.shape[1])) < EXCHANGED
    mixed: Array = np.where(exchanged, X[other], X[first])
    return mixed


def _seconds(predict: Callable[[Any], Any], X: Any) -> float:
    """Return how long a call takes."""
    start = time.perf_counter()
    predict(X)
    return time.perf_counter() - start
