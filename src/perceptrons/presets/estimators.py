"""TabularRegressor and TabularClassifier: race, stack, predict."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import asdict
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
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    check_array,
    check_is_fitted,
    check_X_y,
    column_or_1d,
    validate_data,
)

from perceptrons import _checks, intervals
from perceptrons.estimators import check_class_weight
from perceptrons.predicting import linked_outputs
from perceptrons.presets import stacking
from perceptrons.presets.race import EFFORTS, Member, Network, Race
from perceptrons.presets.refining import refined
from perceptrons.presets.rows import Rows, distinct
from perceptrons.rows import check_weights
from perceptrons.tables import TableEncoder
from perceptrons.tables.encoder import needs_encoding
from perceptrons.trees import SavableTree

Array = NDArray[np.floating[Any]]

FOLDS = 5


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


class _Tabular(SavableTree, BaseEstimator):
    """What both estimators share: race, stack, average."""

    _loss: ClassVar[str]
    _rules: ClassVar[dict[str, Any]] = {}
    #: Makes numbers of a table of words, dates or gaps; None where X was numbers.
    _table: TableEncoder | None = None
    #: What a row of each class counts; None: as much as any.
    _factors: Array | None = None

    def __init__(
        self,
        *,
        effort: str = "default",
        random_state: Any = None,
        n_jobs: int | None = None,
    ) -> None:
        self.effort = effort
        self.random_state = random_state
        self.n_jobs = n_jobs

    @abstractmethod
    def _codes(self, y: Any) -> Array:
        """Return each row's target as a number, that of its class for classes."""

    @abstractmethod
    def _targets(self, y: Array, weights: Array) -> Array:
        """Learn from these numbers how to encode targets; return what the loss asks."""

    @abstractmethod
    def _stack(self, predictions: list[Array], rows: Rows, Y: Array) -> Array:
        """Return the weight of each member, from predictions of rows not seen."""

    @abstractmethod
    def _missed(self, predictions: Array, rows: Rows) -> Array:
        """Return how far the members together miss each row not seen."""

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
        X : DataFrame or array-like of shape (n, d), n >= 2
            A frame of pandas, polars or Arrow may hold words, dates and gaps, which
            :class:`perceptrons.tables.TableEncoder` makes numbers of; an array holds
            finite numbers.
        y : array-like of shape (n,), for the regressor also (n, K)
            Numbers for the regressor, classes for the classifier. Several targets
            share networks and settings, chosen by the mean of their standardized
            losses.
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
            For bad arguments or data.
        """
        _checks.choice("effort", self.effort, EFFORTS)
        self._table = TableEncoder().fit(X) if needs_encoding(X) else None
        X, y = self._numbers(X, y, reset=True)
        weights = check_weights(sample_weight, len(X))
        used = np.ones(len(X), bool) if weights is None else weights > 0
        codes = self._codes(y[used])
        numbers = np.zeros((len(X), *codes.shape[1:]))
        numbers[used] = codes
        self._weigh_classes(numbers[used], None if weights is None else weights[used])
        weights = self._by_class(numbers, weights)
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
        Y = self._targets(rows.y, rows.weights)
        effort = EFFORTS[self.effort]
        race = Race(rows, Y, self._loss, effort, random, self.n_jobs)
        self._average_members(race, race.run(), rows, Y)
        return self

    def _weigh_classes(self, codes: Array, weights: Array | None) -> None:
        """Learn what a row of each class counts: numbers have none."""

    def _by_class(self, codes: Array, weights: Array | None) -> Array | None:
        """Return the weights times what each row's class counts."""
        if self._factors is None:
            return weights
        factors: Array = self._factors[codes.astype(np.intp)]
        return factors if weights is None else weights * factors

    def _numbers(self, X: Any, *y: Any, reset: bool = False) -> Any:
        """Return rows as finite numbers, a table's words, dates and gaps too; and y."""
        rules: dict[str, Any] = {"dtype": np.float64, **(self._rules if y else {})}
        y = tuple(map(_checks.words, y))
        if reset:
            rules["ensure_min_samples"] = 2
        if self._table is None:
            return validate_data(self, X, *y, reset=reset, **rules)
        if reset:
            # The columns are those of the table, whatever numbers they become.
            validate_data(self, X, skip_check_array=True)
        check: Any = check_X_y if y else check_array
        return check(self._table.transform(X), *y, estimator=self, **rules)

    def _average_members(
        self, race: Race, members: list[Member], rows: Rows, Y: Array
    ) -> None:
        """Give every member its weight, and keep the networks that count."""
        predictions = [race.predictions(member) for member in members]
        shares = self._stack(predictions, rows, Y)
        order = [number for number in np.argsort(-shares) if shares[number] > 0]
        pooled = np.sum([shares[k] * predictions[k] for k in order], axis=0)
        self._fold_of_row, self._row_weights = rows.fold, self._as_given(rows)
        self._misses = self._missed(pooled, rows)
        self.trials_ = [
            {
                **asdict(member.setting),
                "folds": len(member.networks),
                "epochs": next(iter(member.networks.values())).max_iter,
                "loss": member.loss,
            }
            for member in race.tried
        ]
        self.chosen_ = [
            {**asdict(members[k].setting), "weight": float(shares[k])} for k in order
        ]
        self.networks_ = [
            members[k].networks[fold] for k in order for fold in range(race.n_folds)
        ]
        self._encoders = [race.encoders[members[k].setting.encoding] for k in order]
        self._n_folds = race.n_folds
        self.n_parameters_ = sum(
            array.size
            for network in self.networks_
            for array in [*network.coefs_, *network.intercepts_]
        )

    def _by_fold(self, X: Any) -> Array:
        """Return the members' mean for each fold's networks, (F, n, K), in float64."""
        check_is_fitted(self, "networks_")
        rows = self._numbers(X)
        total = np.zeros((self._n_folds, len(rows), self.networks_[0].n_outputs_))
        inputs: dict[int, Array] = {}
        for number, chosen in enumerate(self.chosen_):
            encoder = self._encoders[number]
            if id(encoder) not in inputs:
                inputs[id(encoder)] = encoder(rows)
            for fold in range(self._n_folds):
                network = self.networks_[number * self._n_folds + fold]
                predicted = linked_outputs(network, inputs[id(encoder)])
                total[fold] += chosen["weight"] * predicted
        return total

    def predictor(self) -> Callable[[Array], Array]:
        """Return a function that predicts fast, for use in an inner loop.

        One call asks all networks. X must be a float64 array of shape (n, d) without
        gaps; its values are not validated. After a table of words, dates or gaps it
        holds the numbers that :class:`perceptrons.tables.TableEncoder` makes of it.
        The networks are those of now, whatever becomes of the estimator. Many threads
        may call it at once.

        Returns
        -------
        callable
            X -> what ``predict`` returns for a regressor, shape (n,) or (n, K), and
            ``predict_proba`` for a classifier, shape (n, n_classes), within the
            rounding of float32.
        """
        check_is_fitted(self, "networks_")
        n_folds, d = self._n_folds, len(self._encoders[0].scaler.center)
        plan = [
            (
                encoder,
                [
                    (chosen["weight"] / n_folds, network.predictor())
                    for network in self.networks_[k * n_folds : (k + 1) * n_folds]
                ],
            )
            for k, (encoder, chosen) in enumerate(
                zip(self._encoders, self.chosen_, strict=True)
            )
        ]
        finish = self._finisher()

        def predict(X: Array) -> Array:
            if X.ndim != 2 or X.shape[1] != d:
                raise ValueError(
                    f"X must have shape (n, {d}), got {X.shape}; X[None] makes a row "
                    "of a vector."
                )
            total: Any = 0.0
            encoded: dict[int, Array] = {}
            for encoder, networks in plan:
                inputs = encoded.get(id(encoder))
                if inputs is None:
                    inputs = encoded[id(encoder)] = encoder(X)
                for weight, network in networks:
                    total = total + weight * network(inputs)
            return finish(total)

        return predict

    @abstractmethod
    def _finisher(self) -> Callable[[Array], Array]:
        """Return what makes predictions of the networks' weighted mean."""

    def refine(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Go on training on new rows, from where the networks are.

        Every network sees four fifths of the new rows for 20 epochs, at 0.3 times its
        learning rate falling to 0; the fifth it has not seen adds to what intervals
        and sets rest on. Settings, weights, encodings and the target's scale stay, and
        so does most of what was learned: where new rows tell another story, ``fit`` on
        all rows serves better.

        Parameters
        ----------
        X, y, sample_weight : as in ``fit``
            New rows; of a classifier, of classes it knows.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            For bad data; the estimator stays as it was.
        """
        check_is_fitted(self, "networks_")
        X, y = self._numbers(X, y)
        weights = check_weights(sample_weight, len(X))
        numbers = self._known_codes(y)
        weights = self._by_class(numbers, weights)
        random = check_random_state(self.random_state)
        rows = distinct(
            X,
            numbers,
            weights,
            None,
            None,
            n_folds=self._n_folds,
            classes=is_classifier(self),
            random=random,
        )
        Y, before = self._known_targets(rows.y), len(self._misses)
        networks: list[Network] = []
        pooled = np.zeros((len(rows.y), self.networks_[0].n_outputs_))
        for number, chosen in enumerate(self.chosen_):
            inputs, first = self._encoders[number](rows.X), number * self._n_folds
            of_setting = refined(
                self.networks_[first : first + self._n_folds],
                inputs,
                Y,
                rows,
                chosen["penalty"] / (before + len(rows.y)),
                self.n_jobs,
            )
            networks += of_setting
            for fold, network in enumerate(of_setting):
                held = rows.fold == fold
                if held.any():
                    predicted = linked_outputs(network, inputs[held])
                    pooled[held] += chosen["weight"] * predicted
        misses = self._missed(pooled, rows)
        self.networks_ = networks
        self._misses = np.concatenate([self._misses, misses])
        self._fold_of_row = np.append(self._fold_of_row, rows.fold)
        self._row_weights = np.append(self._row_weights, self._as_given(rows))
        return self

    @abstractmethod
    def _known_codes(self, y: Any) -> Array:
        """Return each new row's target as a number."""

    @abstractmethod
    def _known_targets(self, y: Array) -> Array:
        """Encode targets as ``fit`` has learned to."""

    def _as_given(self, rows: Rows) -> Array:
        """Return the rows' weights without their classes': sets hold rows as they come.

        Of mean 1.
        """
        if self._factors is None:
            return rows.weights
        weights: Array = rows.weights / self._factors[rows.y.astype(np.intp)]
        weights /= weights.mean()
        return weights

    def _parts(self, values: Array) -> list[Array]:
        """Cut an array of one entry per row learned from into the folds."""
        return [values[self._fold_of_row == fold] for fold in range(self._n_folds)]


class TabularRegressor(RegressorMixin, _Tabular):
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
        noise = np.average(self._misses**2, axis=0, weights=self._row_weights)
        return target, np.sqrt(noise + centers.var(axis=0))

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
        mean = np.average(y, axis=0, weights=weights)
        spread = np.average((y - mean) ** 2, axis=0, weights=weights)
        # A constant target is predicted exactly: its networks' outputs count nothing.
        scale = np.where(np.ptp(y, axis=0) > 0, np.sqrt(spread), 0.0)
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


class TabularClassifier(ClassifierMixin, _Tabular):
    """Average of networks that predicts the class from a table.

    As :class:`TabularRegressor`, with softmax outputs: settings and epochs are chosen
    by cross-entropy, not by accuracy, so that the probabilities can be relied on.

    Parameters
    ----------
    effort, random_state, n_jobs : as in :class:`TabularRegressor`
    class_weight : dict, "balanced" or None, default=None
        What a row of each class counts, in training, in the choice of settings and in
        their weights: {class: weight}, 1 for classes that are not there; "balanced":
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
        with _checks.naming("class_weight"):
            self._factors = compute_class_weight(
                self.class_weight, classes=self.classes_, y=self.classes_
            )
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
