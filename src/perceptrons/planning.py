"""From what a user gives to ``fit``, checked, to the plan of a fit."""

from __future__ import annotations

import copy
from abc import abstractmethod
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state, column_or_1d
from sklearn.utils.validation import validate_data

from perceptrons import _checks, checkpoints, engine, fitting, levenberg, settings
from perceptrons.course import Memory
from perceptrons.fitting import Call, Plan, Start
from perceptrons.losses import Loss
from perceptrons.network import Architecture, initialize
from perceptrons.objective import Data, Problem, Validation
from perceptrons.predicting import is_table
from perceptrons.rows import (
    cast_array,
    check_weights,
    hold_out,
    to_train_on,
    to_validate_on,
)
from perceptrons.sampling import RowSubset, Streams
from perceptrons.scores import Score
from perceptrons.settings import Settings

Array = NDArray[np.floating[Any]]

# Loaded with the estimators, not by the first fit: the child of a process that forks
# while another of its threads imports waits for the end of that import for good.
engine.missing()


class Planning:
    """What both estimators do before the first step."""

    loss: Any
    warm_start: bool
    early_stopping: bool
    random_state: Any
    callbacks: Any
    coefs_: list[Array]
    intercepts_: list[Array]
    _streams: Streams
    _memory: Memory

    @abstractmethod
    def _read(self, X: Any, y: Any, reset: bool) -> tuple[Any, Any]:
        """Return X and y as scikit-learn's checks leave them."""

    @abstractmethod
    def _encode(self, y: Any) -> Array:
        """Return the targets as the loss wants them, (n, K)."""

    @abstractmethod
    def _resolve_loss(self) -> Loss:
        """Return the loss as a record."""

    @abstractmethod
    def _score(self, Y: Array, weights: Array | None) -> Score:
        """Return how raw outputs of these rows are scored."""

    @abstractmethod
    def _stratification(self, Y: Array) -> Any:
        """Return the classes that the validation split keeps in proportion."""

    def _learn_classes(self, y: Any, call: Call) -> None:
        """Learn the classes, or check that these are those known."""

    def _check_known(self, y: Any) -> None:
        """Refuse classes that were not trained on."""

    def _weigh_classes(self, call: Call, weights: Array | None) -> Array | None:
        """Return the rows' weights times those of their classes; None: all equal."""
        return weights

    def _goes_on(self, call: Call) -> bool:
        """Tell whether training goes on from the weights there are."""
        return hasattr(self, "coefs_") and (self.warm_start or call.partial)

    def _plan(self, call: Call) -> Plan:
        """Return all that decides the course of a fit."""
        given = settings.resolve(self)
        if call.partial and self.early_stopping:
            raise ValueError(
                "partial_fit does not support early_stopping=True; call fit, or "
                "validate between the calls."
            )
        if call.partial:
            given = replace(given, limits=replace(given.limits, max_epochs=1))
        rows = self._rows(call)
        problem = self._pose(given, rows)
        if given.solver == "lm":
            levenberg.check(problem)
        choice = engine.choose(given.engine, problem, given.rule, given.n_jobs)
        streams, memory = self._begin(call, problem)
        data, held = self._divide(call, rows, problem, given, streams)
        data, mean_weight = to_train_on(data, problem.dtype)
        validation = None
        if held is not None:
            held = to_validate_on(held, problem.dtype)
            validation = Validation(held, self._score(held.Y, held.weights))
        problem = fitting.weigh_penalty(problem, mean_weight)
        theta = self._first_theta(call, problem, given, streams)
        plan = Plan(
            settings=given,
            problem=problem,
            engine=choice,
            data=data,
            validation=validation,
            batch_rows=given.batch_rows(len(data.Y)),
            start=Start(theta, streams, memory),
            callbacks=tuple(self.callbacks or ()),
        )
        return fitting.with_checkpoints(plan, self, call.resume_from)

    def _rows(self, call: Call) -> Data:
        """Return the rows that count, checked, their classes learned."""
        X, y = self._read(call.X, call.y, reset=not self._goes_on(call))
        weights = check_weights(call.sample_weight, X.shape[0])
        if call.rows is not None:
            X, y = RowSubset.of(X, call.rows), y[call.rows]
            if weights is not None:
                weights = check_weights(weights[call.rows], len(call.rows))
        self._learn_classes(y, call)
        Y = self._encode(y)
        return Data(X, Y, self._weigh_classes(call, weights))

    def _pose(self, given: Settings, rows: Data) -> Problem:
        """Return the problem that settings and rows pose."""
        architecture = Architecture((rows.X.shape[1], *given.hidden, rows.Y.shape[1]))
        loss = self._resolve_loss()
        _checks.domain("y", rows.Y, loss.domain, self.loss)
        return Problem(
            architecture, given.activations, loss, given.penalty, given.training_dtype
        )

    def _begin(self, call: Call, problem: Problem) -> tuple[Streams, Memory]:
        """Return streams and memory: new ones, or those to go on with."""
        goes_on = self._goes_on(call)
        if not goes_on or not hasattr(self, "_streams"):
            streams = _spawn_streams(self.random_state)
            unseeded = not goes_on and self.random_state is None
            if unseeded and call.resume_from is not None:
                callbacks = tuple(self.callbacks or ())
                first = checkpoints.first_streams(call.resume_from, callbacks)
                streams = first or streams
            return streams, Memory()
        # Copies: an error on the way must leave the estimator as it was.
        streams, memory = copy.deepcopy((self._streams, self._memory))
        if call.partial:
            return streams, memory.cast(problem.dtype)
        # A warm start takes over the weights, not the optimizer's state.
        memory = replace(memory, rule_state=None, epochs=0, stalled=0)
        return streams, replace(memory, rate_factor=1.0)

    def _first_theta(
        self, call: Call, problem: Problem, given: Settings, streams: Streams
    ) -> Array:
        """Return the weights to begin with: drawn, given, or those there are."""
        architecture, dtype = problem.architecture, problem.dtype
        if self._goes_on(call):
            return architecture.pack(self.coefs_, self.intercepts_, dtype)
        return initialize(
            architecture, problem.activations, given.init, streams.weights, dtype
        )

    def _divide(
        self,
        call: Call,
        rows: Data,
        problem: Problem,
        given: Settings,
        streams: Streams,
    ) -> tuple[Data, Data | None]:
        """Return rows to train on and rows to validate on, if any."""
        # Once, before it is split: both parts then share the rows they are cut from.
        rows = replace(rows, X=cast_array("X", rows.X, problem.dtype))
        X_val, y_val = call.held_out
        if (X_val is None) != (y_val is None):
            missing = "X_val" if X_val is None else "y_val"
            raise ValueError(
                f"{missing} must be given too; X_val and y_val go together."
            )
        if X_val is not None:
            return rows, self._held_out(X_val, y_val, problem)
        if not given.limits.early_stopping:
            return rows, None
        labels = self._stratification(rows.Y)
        return hold_out(rows, given.validation_fraction, streams.split, labels)

    def _held_out(self, X: Any, y: Any, problem: Problem) -> Data:
        """Return the user's rows to validate on."""
        with _checks.naming("X_val", "y_val"):
            X, Y = self._validate_held_out(X, y)
            n_outputs = problem.architecture.sizes[-1]
            if Y.shape[1] != n_outputs:
                raise ValueError(
                    f"y_val must have as many columns as y ({n_outputs}), got "
                    f"{Y.shape[1]}."
                )
            _checks.domain("y_val", Y, problem.loss.domain, self.loss)
        return Data(X, Y, None)

    def _validate_held_out(self, X: Any, y: Any) -> tuple[Any, Array]:
        """Return rows that change nothing, and their targets as the loss wants them."""
        X, y = self._read(X, y, reset=False)
        self._check_known(y)
        return X, self._encode(y)

    def _check_pair(self, X: Any, y: Any, reset: bool, **rules: Any) -> tuple[Any, Any]:
        """Return validated X and y; what scikit-learn refuses is named."""
        y = _checks.words(y)
        plain = is_table(X) and _checks.is_plain(y)
        plain = plain and y.ndim in (1, 2) and len(X) == len(y)
        with _checks.naming("X", "y"):
            X, y = validate_data(
                self,
                X,
                y,
                accept_sparse="csr",
                multi_output=True,
                dtype=(np.float64, np.float32),
                reset=reset,
                skip_check_array=plain,
                **rules,
            )
            if y.ndim == 2 and y.shape[1] == 1:
                y = column_or_1d(y, warn=True)
        return X, y


def validated(network: Planning, X: Any, y: Any) -> tuple[Any, Array]:
    """Return rows for a fitted network, and their targets as its loss wants them."""
    return network._validate_held_out(X, y)


def _spawn_streams(random_state: Any) -> Streams:
    """Return the random streams of one training."""
    if random_state is None or isinstance(random_state, int | np.integer):
        if random_state is not None and not 0 <= random_state < 2**32:
            raise ValueError(
                "random_state must be between 0 and 2**32 - 1, got "
                f"{random_state!r}; any number in it will do."
            )
        seed = random_state
    else:
        # One integer from the caller's RandomState, whose stream thereby moves on.
        try:
            state = check_random_state(random_state)
        except ValueError:
            raise ValueError(
                "random_state must be None, an integer or a numpy RandomState, got "
                f"{random_state!r}; any integer will do."
            ) from None
        seed = int(state.randint(2**31 - 1))
    return Streams.of(seed)
