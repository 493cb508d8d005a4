"""What both estimators share: validate, train, store; and what a network can tell.

No mathematics here: see :mod:`perceptrons.objective` and
:mod:`perceptrons.training`.
"""

from __future__ import annotations

import copy
import math
import warnings
from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state, column_or_1d
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, validate_data

from perceptrons import (
    _checks,
    checkpoints,
    engine,
    fitting,
    objective,
    settings,
    state,
)
from perceptrons.course import Memory, Scorer, Validation
from perceptrons.files import Savable
from perceptrons.fitting import Call, Plan, Start
from perceptrons.history import DivergedError, History, Outcome
from perceptrons.inspection import Inspectable
from perceptrons.links import IDENTITY
from perceptrons.losses import Loss
from perceptrons.network import Architecture, initialize, layer_outputs
from perceptrons.objective import Data, Problem
from perceptrons.rows import (
    cast_array,
    check_weights,
    hold_out,
    to_train_on,
    to_validate_on,
)
from perceptrons.sampling import RowSubset, Streams
from perceptrons.settings import Settings

Array = NDArray[np.floating[Any]]

# Rows predicted at a time: enough for every core, few enough for the cache.
PREDICTED_ROWS = 256


def _is_stochastic(estimator: Any) -> bool:
    """Tell whether ``partial_fit`` makes sense for the estimator's solver."""
    if isinstance(estimator.solver, str) and estimator.solver == "lbfgs":
        raise AttributeError(
            "partial_fit is only available for stochastic optimizers. "
            f"{estimator.solver} is not stochastic."
        )
    return True


class Perceptron(Savable, Inspectable, BaseEstimator):
    """Base of both estimators; not for direct use."""

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
    def _scorer(self, Y: Array, weights: Array | None) -> Scorer:
        """Return the score of these rows' raw outputs and mean loss."""

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

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        resume_from: Any = None,
    ) -> Self:
        """Train on X and y.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n, d)
        y : array-like of shape (n,) or (n, K)
        sample_weight : array-like of shape (n,) or float, default=None
            At least 0, not all 0; None: ones.
        X_val, y_val : as X and y, default=None
            Rows to validate on instead of a random ``validation_fraction``. Loss and
            score after every epoch go into ``history_``; training stops by them, and
            the best epoch's weights are kept, only with ``early_stopping=True``.
        resume_from : str or path, default=None
            A file of :class:`perceptrons.Checkpoint` to go on from, to the bits that
            the same fit would have come to unbroken. Where it is the file of one of
            ``callbacks`` and is not there yet, training starts from the beginning.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            For bad arguments or data, and if no epoch ended with finite weights.
        StateError, OSError
            If ``resume_from`` is no checkpoint of this fit, or cannot be read.

        Warns
        -----
        ConvergenceWarning
            If a limit was reached, or training diverged after a finite epoch.
        """
        with self._all_or_nothing() as copied:
            held_out = X_val, y_val
            copied._train(Call(X, y, sample_weight, held_out, resume_from=resume_from))
        return self._warned()

    def _fit_rows(self, X: Any, y: Any, sample_weight: Any, rows: Any) -> Self:
        """Train on some rows, without copying X."""
        with self._all_or_nothing() as copied:
            copied._train(Call(X, y, sample_weight, rows=rows))
        return self._warned()

    @available_if(_is_stochastic)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train for one epoch, going on from where the last call ended.

        Weights, the optimizer's state and the random streams go on, so n calls equal
        one ``fit`` of n epochs, bit for bit, where nothing stops that ``fit`` early.
        Not for ``solver="lbfgs"``.

        Parameters
        ----------
        X, y, sample_weight : as in ``fit``

        Returns
        -------
        self
        """
        with self._all_or_nothing() as copied:
            copied._train(Call(X, y, sample_weight, partial=True))
        return self._warned(incremental=True)

    @contextmanager
    def _all_or_nothing(self) -> Iterator[Self]:
        """Yield a copy to train, and take over what it learns if nothing fails.

        So the estimator is whole at every moment, in every thread: as it was, until
        all is done.
        """
        before = self.__dict__.copy()
        copied = object.__new__(type(self))
        copied.__dict__.update(before)
        yield copied
        after = copied.__dict__
        changed = {
            name: value
            for name, value in after.items()
            if name not in before or before[name] is not value
        }
        now = {**self.__dict__, **changed}
        self.__dict__ = {
            name: value
            for name, value in now.items()
            if name in after or name not in before
        }

    def _train(self, call: Call) -> None:
        """Plan a fit, run it, and store what it has learned."""
        goes_on = self._goes_on(call)
        plan = self._plan(call)
        outcome = fitting.run(plan)
        if outcome.reason == "diverged" and outcome.epochs == 0 and not goes_on:
            raise DivergedError(
                "Solver produced non-finite parameter weights. The input data may "
                f"contain large values and need to be preprocessed. {outcome.message}"
            )
        earlier = getattr(self, "history_", None) if goes_on else None
        self._store(plan, outcome, earlier)

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
        choice = engine.choose(given.engine, problem, given.rule, given.n_jobs)
        streams, memory = self._begin(call, problem)
        data, held = self._divide(call, rows, problem, given, streams)
        data, mean_weight = to_train_on(data, problem.dtype)
        validation = None
        if held is not None:
            held = to_validate_on(held, problem.dtype)
            validation = Validation(held, self._scorer(held.Y, held.weights))
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

    def _warned(self, incremental: bool = False) -> Self:
        """Return the estimator after the warnings that its training asks for.

        Everything is stored by then: a warning turned into an error loses no training.
        """
        for message, category in self._remarks(incremental):
            warnings.warn(message, category, stacklevel=3)
        return self

    def _remarks(self, incremental: bool) -> list[tuple[str, type[Warning]]]:
        """Return the warnings after training: of an end that was not wished for."""
        outcome = self.outcome_
        quiet = (
            outcome.reason == "converged"
            or outcome.by_callback
            or (outcome.reason == "no improvement" and self.early_stopping)
            or (outcome.reason == "limit reached" and incremental)
        )
        if quiet:
            return []
        interrupted = outcome.reason == "interrupted"
        return [(outcome.message, UserWarning if interrupted else ConvergenceWarning)]

    def _store(self, plan: Plan, outcome: Outcome, earlier: History | None) -> None:
        """Set the fitted attributes; the history follows an earlier one, in place.

        Copied at every call, the history of a stream of ``partial_fit`` would cost the
        square of its length.
        """
        start, given = plan.start, plan.settings
        history = start.history
        losses = [loss for loss in history.columns["loss"] if math.isfinite(loss)]
        if earlier is not None:
            earlier.append(history)
            self.loss_curve_.extend(losses)
            history, losses = earlier, self.loss_curve_
        self.coefs_, self.intercepts_ = plan.problem.architecture.views(
            start.theta.astype(given.dtype, copy=False)
        )
        self._set_results(
            plan.problem,
            start.memory,
            history,
            losses,
            outcome,
            start.streams,
            given.limits.early_stopping,
        )

    def _set_results(
        self,
        problem: Problem,
        memory: Memory,
        history: History,
        losses: list[float],
        outcome: Outcome,
        streams: Streams,
        early_stopping: bool,
    ) -> None:
        """Set the fitted attributes but weights, features and classes."""
        self.n_layers_ = len(problem.architecture.sizes)
        self.n_outputs_ = problem.architecture.sizes[-1]
        self.out_activation_ = problem.loss.link.name
        self.n_iter_ = outcome.epochs
        self.t_ = memory.samples_seen
        self.history_, self.outcome_ = history, outcome
        # Without the epoch in which training diverged, which history_ names.
        self.loss_curve_ = losses
        self.loss_ = self.loss_curve_[-1] if self.loss_curve_ else np.nan
        self.best_loss_: float | None = memory.best_loss
        self.validation_scores_: list[float] | None = None
        self.best_validation_score_: float | None = None
        if early_stopping:
            self.validation_scores_ = list(history.columns["validation_score"])
            self.best_validation_score_ = memory.best_score
            self.best_loss_ = None
        self._problem, self._memory, self._streams = problem, memory, streams

    def _check_pair(self, X: Any, y: Any, reset: bool, **rules: Any) -> tuple[Any, Any]:
        """Return validated X and y; what scikit-learn refuses is named."""
        plain = _is_table(X) and _checks.is_plain(y)
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

    def _check_rows(self, X: Any, accept_sparse: bool = True) -> Any:
        """Return validated rows: float32 stays float32, everything else is float64."""
        check_is_fitted(self, "coefs_")
        return validate_data(
            self,
            X,
            accept_sparse="csr" if accept_sparse else False,
            dtype=(np.float64, np.float32),
            reset=False,
            skip_check_array=_is_table(X),
        )

    def _fitted(self, dtype: Any) -> tuple[Problem, Array]:
        """Return the problem in this dtype, and the flat vector of the weights.

        ``coefs_`` and ``intercepts_`` as they are now: all of one moment, whatever
        another thread sets meanwhile.
        """
        state = self.__dict__.copy()
        problem: Problem = replace(state["_problem"], dtype=np.dtype(dtype))
        architecture = problem.architecture
        theta = architecture.pack(state["coefs_"], state["intercepts_"], dtype)
        return problem, theta

    def _theta(self, dtype: Any) -> Array:
        """Return the flat vector of ``coefs_`` and ``intercepts_``, as they are now."""
        return self._fitted(dtype)[1]

    def _predictions(self, X: Any) -> Array:
        """Return the linked outputs of shape (n, K), in the dtype of X."""
        return _linked(*self._raw_outputs(self._check_rows(X)))

    def _raw_outputs(self, X: Any) -> tuple[Problem, Array]:
        """Return the raw outputs of shape (n, K) of valid rows, and their problem."""
        problem, theta = self._fitted(X.dtype)
        choice = engine.choose(self.engine, problem, None, self.n_jobs)
        bound = choice.bind(problem, max(1, min(X.shape[0], PREDICTED_ROWS)))
        return problem, bound.raw_outputs(theta, X)

    def predictor(self) -> Callable[[Array], Array]:
        """Return a function that predicts fast, for use in an inner loop.

        X must be an array of shape (n, d), best C-contiguous and in the estimator's
        ``dtype``; its values are not validated. The weights are those of now, whatever
        becomes of the estimator. Many threads may call it at once.

        Returns
        -------
        callable
            X -> predictions of shape (n,) or (n, K) for a regressor, probabilities of
            shape (n, n_classes) for a classifier. It raises ValueError for an array of
            another shape or of no numbers, TypeError for anything else.
        """
        check_is_fitted(self, "coefs_")
        problem, theta = self._fitted(settings.resolve(self).dtype)
        choice = engine.choose(self.engine, problem, None, self.n_jobs)
        raw_outputs = choice.bind(problem, PREDICTED_ROWS).predictor(theta)
        link, finish = problem.loss.link, self._finish
        n_outputs = problem.architecture.sizes[-1]
        if link is IDENTITY and n_outputs == 1:
            return raw_outputs  # of shape (n,): a function less where a row takes 1 us
        return lambda X: finish(link.value(raw_outputs(X).reshape(-1, n_outputs)))

    @abstractmethod
    def _finish(self, predictions: Array) -> Array:
        """Return linked outputs of shape (n, K) in the shape users expect."""

    def layer_outputs(self, X: Any) -> list[Array]:
        """Return what every layer puts out.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n, d)

        Returns
        -------
        list of ndarray of shape (n, width)
            Activations of the hidden layers, first to last, then the predictions of
            the output layer (probabilities for a classifier), of shape (n, K).
        """
        X = self._check_rows(X)
        problem, theta = self._fitted(X.dtype)
        outputs = layer_outputs(problem.architecture, problem.activations, theta, X)
        outputs[-1] = _linked(problem, outputs[-1])
        return outputs

    def input_gradient(self, X: Any) -> Array:
        """Return the derivative of every prediction by every feature.

        Of ``predict`` for a regressor; for a classifier of the probabilities that
        ``layer_outputs`` ends with (one for two classes: that of the second).

        Parameters
        ----------
        X : array-like of shape (n, d)

        Returns
        -------
        ndarray of shape (n, d), or (n, K, d) for K > 1 outputs
        """
        X = self._check_rows(X, accept_sparse=False)
        gradient = objective.input_gradient(*self._fitted(X.dtype), X)
        return gradient[:, 0, :] if gradient.shape[1] == 1 else gradient

    def _describe(
        self, resume: bool, raw: bool
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the network as plain values."""
        return state.describe(self, resume=resume, raw=raw)

    def _restore(self, header: Any, arrays: dict[str, Any], raw: bool) -> None:
        """Become the network that was described."""
        state.restore(self, header, arrays, raw=raw)

    def __sklearn_tags__(self) -> Any:
        """Say that sparse input is welcome."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _linked(problem: Problem, raw: Array) -> Array:
    """Return predictions from raw outputs; an exp may overflow to infinity."""
    with np.errstate(over="ignore", under="ignore"):
        predictions: Array = problem.loss.link.value(raw)
    return predictions


def _is_table(X: Any) -> bool:
    """Tell whether validation would return these features as they are."""
    return _checks.is_plain(X) and X.dtype.kind == "f" and X.ndim == 2


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
