"""TabularRegressor and TabularClassifier: scale, race, average."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    RegressorMixin,
    is_classifier,
)
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from perceptrons._base import check_weights
from perceptrons.estimators import MLPRegressor
from perceptrons.many import fit_many
from perceptrons.presets.rows import Rows, distinct
from perceptrons.training import Scorer

Array = NDArray[np.floating[Any]]

FOLDS = 5
# Settings that are trained on every fold.
FINALISTS = 2
# Where a scaled column bends: RealMLP's smooth clipping, |x| < 3 for every x.
CLIP = 3.0
# As many steps for a large table as for one of 800 rows, whose epochs have 25.
STEPS, EPOCHS, FEWEST_EPOCHS = 5000, 200, 40
PATIENCE = 40


@dataclass(frozen=True)
class Setting:
    """What the inner validation chooses among.

    Parameters
    ----------
    hidden_layer_sizes : tuple of int
    learning_rate_init : float
        Of Adam, where the cosine begins.
    penalty : float
        n l2: the prior on the weights counts as much as so many rows.
    """

    hidden_layer_sizes: tuple[int, ...]
    learning_rate_init: float
    penalty: float


SETTINGS = tuple(
    Setting(hidden_layer_sizes, rate, penalty)
    for hidden_layer_sizes, rate in (((32, 32), 0.03), ((64, 64), 0.01))
    for penalty in (0.03, 0.3, 3.0, 30.0)
)


def tabular_regressor(
    *, random_state: Any = None, n_jobs: int | None = None
) -> TabularRegressor:
    """Return a :class:`TabularRegressor`: predicts a number from a table.

    Parameters
    ----------
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
    return TabularRegressor(random_state=random_state, n_jobs=n_jobs)


def tabular_classifier(
    *, random_state: Any = None, n_jobs: int | None = None
) -> TabularClassifier:
    """Return a :class:`TabularClassifier`: predicts a class from a table.

    Parameters
    ----------
    random_state : int, RandomState or None, default=None
    n_jobs : int or None, default=None
        Most networks trained at a time; None: all cores this process may use.

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
    return TabularClassifier(random_state=random_state, n_jobs=n_jobs)


class _Network(MLPRegressor):
    """A network judged by its own loss on the rows held out.

    Classes are rows of probabilities to it, so that a fold may lack one of them.
    """

    #: Of the rows held out, (n_held,); None: all equal.
    held_weights: Array | None = None

    def _scorer(self, Y: Array, weights: Array | None) -> Scorer:
        """Return minus the mean loss, weighted."""
        loss, held = self._resolve_loss(), self.held_weights
        if held is None:
            return lambda raw, mean_loss: -mean_loss
        return lambda raw, mean_loss: (
            -float(np.average(loss.value(raw, Y), weights=held))
        )

    def _warned(self, incremental: bool = False) -> Self:
        """Stay quiet: to reach the end of the schedule is meant."""
        return self


class _Tabular(BaseEstimator):
    """What both estimators share: scale, race, average."""

    _loss: ClassVar[str]
    _rules: ClassVar[dict[str, Any]] = {}

    def __init__(self, *, random_state: Any = None, n_jobs: int | None = None) -> None:
        self.random_state = random_state
        self.n_jobs = n_jobs

    @abstractmethod
    def _codes(self, y: Any) -> Array:
        """Return each row's target as a number, that of its class for classes."""

    @abstractmethod
    def _targets(self, y: Array, weights: Array) -> Array:
        """Learn from these numbers how to encode targets; return what the loss asks."""

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        groups: Any = None,
        time: Any = None,
    ) -> Self:
        """Choose settings by inner cross-validation, and train.

        Parameters
        ----------
        X : array-like of shape (n, d), n >= 2
            Finite numbers; categories as indicator (one-hot) columns.
        y : array-like of shape (n,)
            Numbers for the regressor, at least two classes for the classifier.
        sample_weight : array-like of shape (n,) or float, default=None
            At least 0, not all 0; None: ones. A row of weight 2 counts as one given
            twice, a row of weight 0 as none.
        groups : array-like of shape (n,), default=None
            Rows of one group (a patient, a site) are held out together, so that
            settings are chosen for new groups. None: only rows with equal X are.
        time : array-like of shape (n,), default=None
            Rows are held out in five blocks along it, so that settings are chosen for
            other times: numbers, dates, or anything that can be sorted. Not together
            with groups.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            For bad data.
        """
        X, y = validate_data(
            self, X, y, dtype=np.float64, ensure_min_samples=2, **self._rules
        )
        weights = check_weights(sample_weight, len(X))
        numbers = self._codes(y if weights is None else y[weights > 0])
        if weights is not None:
            numbers, taken = np.zeros(len(X)), numbers
            numbers[weights > 0] = taken
        random = check_random_state(self.random_state)
        rows = distinct(
            X,
            numbers,
            weights,
            groups,
            time,
            n_folds=FOLDS,
            classes=is_classifier(self),
            random=random,
        )
        self._center, self._spread = _robust_scale(rows.X)
        self._race(rows, self._targets(rows.y, rows.weights), random)
        return self

    def _race(self, rows: Rows, Y: Array, random: Any) -> None:
        """Train fold after fold, leaving the worse half of the settings behind."""
        networks: dict[Setting, list[_Network]] = {setting: [] for setting in SETTINGS}
        running = list(SETTINGS)
        X, n_folds = self._scale(rows.X), int(rows.fold.max()) + 1
        for held_out in range(n_folds):
            held = rows.fold == held_out
            # One row, given over and over, is both trained on and held out.
            kept = ~held if n_folds > 1 else held
            seed, n_rows = int(random.randint(2**31 - 1)), int(kept.sum())
            entrants = [self._network(setting, n_rows, seed) for setting in running]
            weights = None
            if not rows.equal_weights:
                weights = rows.weights[kept]
                for network in entrants:
                    network.held_weights = rows.weights[held]
            fit_many(
                entrants,
                X[kept],
                Y[kept],
                sample_weight=weights,
                X_val=X[held],
                y_val=Y[held],
                n_jobs=self.n_jobs,
            )
            for setting, network in zip(running, entrants, strict=True):
                networks[setting].append(network)
            running.sort(key=lambda setting: _mean_loss(networks[setting]))
            running = running[: max(FINALISTS, len(running) // 2)]
        self.trials_ = [
            {**asdict(setting), "folds": len(trained), "loss": _mean_loss(trained)}
            for setting, trained in networks.items()
        ]
        best = networks[running[0]]
        chosen = [setting for setting in running if _as_good(networks[setting], best)]
        self.chosen_ = [asdict(setting) for setting in chosen]
        self.networks_ = [
            network for setting in chosen for network in networks[setting]
        ]
        self.n_parameters_ = sum(
            array.size
            for network in self.networks_
            for array in [*network.coefs_, *network.intercepts_]
        )

    def _network(self, setting: Setting, n_rows: int, seed: int) -> _Network:
        """Return a network to be trained on so many rows."""
        batch_size = min(
            n_rows, int(np.clip(2 ** round(np.log2(n_rows / 32)), 16, 128))
        )
        epochs = int(np.clip(STEPS * batch_size / n_rows, FEWEST_EPOCHS, EPOCHS))
        return _Network(
            self._loss,
            setting.hidden_layer_sizes,
            "silu",
            alpha=0.0,
            l2=setting.penalty / n_rows,
            learning_rate_init=setting.learning_rate_init,
            schedule="cosine",
            batch_size=batch_size,
            max_iter=epochs,
            early_stopping=True,
            tol=0.0,
            n_iter_no_change=PATIENCE,
            random_state=seed,
            n_jobs=self.n_jobs,
        )

    def _scale(self, X: Array) -> Array:
        """Return the columns as the networks see them, float32, in (-3, 3)."""
        # A constant column is 0 whatever comes later: it has taught nothing.
        scaled = np.zeros_like(X)
        np.divide(X - self._center, self._spread, out=scaled, where=self._spread > 0)
        # x / sqrt(1 + (x / 3)^2), written so that no square overflows.
        scaled /= np.hypot(1.0, scaled / CLIP)
        return scaled.astype(np.float32)

    def _average(self, X: Any) -> Array:
        """Return the mean of the networks' predictions, (n, K), in float64."""
        check_is_fitted(self, "networks_")
        rows = self._scale(validate_data(self, X, dtype=np.float64, reset=False))
        total = np.zeros((len(rows), self.networks_[0].n_outputs_))
        for network in self.networks_:
            total += network._predictions(rows)
        return total / len(self.networks_)


class TabularRegressor(RegressorMixin, _Tabular):
    """Average of networks that predicts a number from a table.

    Columns are scaled robustly and clipped smoothly, the target is standardized. Eight
    settings (two sizes with their learning rates, four penalties) race over the folds
    of an inner 5-fold cross-validation, the worse half being left behind after each.
    Averaged are the five networks of the best setting, each trained on four folds and
    stopped by the fifth, and those of the runner-up where the two are within one
    standard error.

    Parameters
    ----------
    random_state : int, RandomState or None, default=None
        Seed of folds, initial weights and batches.
    n_jobs : int or None, default=None
        Most networks trained at a time; None: all cores this process may use. The
        result does not depend on it.

    Attributes
    ----------
    chosen_ : list of dict
        The settings averaged, best first.
    trials_ : list of dict
        Every setting with the "folds" it was trained on and its mean validation "loss"
        (half the squared error of the standardized target).
    networks_ : list of MLPRegressor
        Those averaged, on scaled columns and targets.
    n_parameters_ : int
        Weights and biases of all ``networks_``.
    n_features_in_, feature_names_in_ : int, ndarray
        Number and names (if X had string names) of the columns.
    """

    _loss = "squared_error"
    _rules: ClassVar[dict[str, Any]] = {"y_numeric": True}

    def predict(self, X: Any) -> Array:
        """Predict the target of each row.

        Parameters
        ----------
        X : array-like of shape (n, d)

        Returns
        -------
        ndarray of shape (n,), float64
        """
        target: Array = self._average(X)[:, 0] * self._y_scale + self._y_mean
        return target

    def _codes(self, y: Any) -> Array:
        """Return the target."""
        return np.asarray(y, np.float64)

    def _targets(self, y: Array, weights: Array) -> Array:
        """Return the standardized target, (n,)."""
        self._y_mean = float(np.average(y, weights=weights))
        spread = np.average((y - self._y_mean) ** 2, weights=weights)
        # A constant target is predicted exactly: its networks' outputs count nothing.
        self._y_scale = float(np.sqrt(spread)) if np.ptp(y) else 0.0
        standardized: Array = (y - self._y_mean) / (self._y_scale or 1.0)
        return standardized


class TabularClassifier(ClassifierMixin, _Tabular):
    """Average of networks that predicts the class from a table.

    As :class:`TabularRegressor`, with softmax outputs: settings and epochs are chosen
    by cross-entropy, not by accuracy, so that the probabilities can be relied on.

    Parameters
    ----------
    random_state, n_jobs : as in :class:`TabularRegressor`

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The classes, sorted.
    chosen_, trials_, networks_, n_parameters_, n_features_in_, feature_names_in_
        As in :class:`TabularRegressor`; the "loss" is the cross-entropy, and
        ``networks_`` predict probabilities.
    """

    _loss = "cross_entropy"

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict the class of each row, the most probable one.

        Parameters
        ----------
        X : array-like of shape (n, d)

        Returns
        -------
        ndarray of shape (n,)
        """
        likeliest = self._average(X).argmax(axis=1)
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
            In the order of ``classes_``; each row sums to 1.
        """
        mean = self._average(X)
        # float32 sums to 1 within 1e-7; scikit-learn's metrics ask for more.
        probabilities: Array = mean / mean.sum(axis=1, keepdims=True)
        return probabilities

    def _codes(self, y: Any) -> Array:
        """Return the number of each row's class."""
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(
                f"y must hold at least two classes, got one class: {self.classes_!r}; "
                "nothing tells apart what is the same everywhere."
            )
        return codes.astype(np.float64)

    def _targets(self, y: Array, weights: Array) -> Array:
        """Return a column of 0 and 1 per class."""
        return np.eye(len(self.classes_))[y.astype(np.intp)]


def _robust_scale(X: Array) -> tuple[Array, Array]:
    """Return each column's median and the distance that counts as 1.

    That is the distance between the quartiles; where they agree, as in an indicator
    column of a rare category, between the ends; 0 for a constant column.
    """
    low, center, high = np.quantile(X, [0.25, 0.5, 0.75], axis=0)
    return center, np.where(high > low, high - low, np.ptp(X, axis=0))


def _losses(networks: Sequence[_Network]) -> Array:
    """Return the validation loss of each network at its best epoch, fold by fold."""
    return -np.array([network.best_validation_score_ for network in networks])


def _mean_loss(networks: Sequence[_Network]) -> float:
    """Return the mean validation loss."""
    return float(_losses(networks).mean())


def _as_good(networks: Sequence[_Network], best: Sequence[_Network]) -> bool:
    """Tell whether the folds leave the two within one standard error."""
    behind = _losses(networks) - _losses(best)
    return bool(behind.mean() <= behind.std(ddof=1) / np.sqrt(len(behind)))
