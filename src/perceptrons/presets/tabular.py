"""What both estimators share: race, stack, average."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, is_classifier
from sklearn.utils import check_random_state
from sklearn.utils.validation import (
    check_array,
    check_is_fitted,
    check_X_y,
    validate_data,
)

from perceptrons import _checks
from perceptrons.predicting import linked_outputs
from perceptrons.presets.encodings import Normal
from perceptrons.presets.race import EFFORTS, Member, Network, Race
from perceptrons.presets.refining import refined
from perceptrons.presets.rows import Given, Rows, distinct
from perceptrons.rows import check_weights
from perceptrons.tables import TableEncoder
from perceptrons.tables.encoder import needs_encoding
from perceptrons.trees import SavableTree

Array = NDArray[np.floating[Any]]

FOLDS = 5


class Tabular(SavableTree, BaseEstimator):
    """What both estimators share: race, stack, average."""

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

    @property
    @abstractmethod
    def _loss(self) -> str:
        """Return the name of what networks are trained and judged by."""

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
        y : array-like of shape (n,) or (n, K)
            Numbers for the regressor; for the classifier classes or, where each of K
            labels may hold or not, a column of 0 and 1 for each. Several targets
            share networks and settings, chosen by the mean of their losses.
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
        given = Given(X, numbers, weights, groups, time)
        rows = self._dealt(given, FOLDS, random)
        Y = self._targets(rows.y, rows.weights)
        effort = EFFORTS[self.effort]
        race = Race(rows, Y, self._loss, effort, random, self.n_jobs)
        self._average_members(race, race.run(), rows, Y)
        return self

    def _dealt(self, given: Given, n_folds: int, random: np.random.RandomState) -> Rows:
        """Return the distinct rows, dealt out to the folds."""
        return distinct(given, n_folds, classes=is_classifier(self), random=random)

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
        fast = {
            id(encoder): encoder.fast() if isinstance(encoder, Normal) else encoder
            for encoder in self._encoders
        }
        ask = [network.predictor() for network in self.networks_]
        # What each encoding feeds: the places of its networks.
        fed: dict[int, list[Callable[[Array], Array]]] = {key: [] for key in fast}
        shares: dict[int, list[float]] = {key: [] for key in fast}
        for k, encoder in enumerate(self._encoders):
            fed[id(encoder)] += ask[k * n_folds : (k + 1) * n_folds]
            share = self.chosen_[k]["weight"] / n_folds
            shares[id(encoder)] += [share] * n_folds
        plan = [(fast[key], fed[key]) for key in fast]
        weights = np.concatenate([shares[key] for key in fast])
        finish = self._finisher()

        def predict(X: Array) -> Array:
            if X.ndim != 2 or X.shape[1] != d:
                raise ValueError(
                    f"X must have shape (n, {d}), got {X.shape}; X[None] makes a row "
                    "of a vector."
                )
            said = []
            for encode, networks in plan:
                inputs = encode(X)
                said += [network(inputs) for network in networks]
            stacked = np.array(said, np.float64)
            total = weights @ stacked.reshape(len(said), -1)
            return finish(total.reshape(stacked.shape[1:]))

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
        rows = self._dealt(Given(X, numbers, weights), self._n_folds, random)
        networks, pooled = self._trained_on(rows)
        misses = self._missed(pooled, rows)
        self.networks_ = networks
        self._misses = np.concatenate([self._misses, misses])
        self._fold_of_row = np.append(self._fold_of_row, rows.fold)
        self._row_weights = np.append(self._row_weights, self._as_given(rows))
        return self

    def _trained_on(self, rows: Rows) -> tuple[list[Network], Array]:
        """Return the networks trained on, and what they say of rows not seen."""
        Y, n_rows = self._known_targets(rows.y), len(self._misses) + len(rows.y)
        networks: list[Network] = []
        pooled = np.zeros((len(rows.y), self.networks_[0].n_outputs_))
        for number, chosen in enumerate(self.chosen_):
            inputs, first = self._encoders[number](rows.X), number * self._n_folds
            of_setting = refined(
                self.networks_[first : first + self._n_folds],
                inputs,
                Y,
                rows,
                chosen["penalty"] / n_rows,
                self.n_jobs,
            )
            networks += of_setting
            for fold, network in enumerate(of_setting):
                held = rows.fold == fold
                if held.any():
                    predicted = linked_outputs(network, inputs[held])
                    pooled[held] += chosen["weight"] * predicted
        return networks, pooled

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
