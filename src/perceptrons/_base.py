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
from numbers import Real
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils import (
    _safe_indexing,
    check_array,
    check_random_state,
    column_or_1d,
)
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, validate_data

from perceptrons import _checks, checkpoints, engine, objective, settings, state
from perceptrons.files import Savable
from perceptrons.history import DivergedError, History, Outcome
from perceptrons.inspection import Inspectable
from perceptrons.lbfgs import minimize
from perceptrons.links import IDENTITY
from perceptrons.losses import Loss
from perceptrons.network import Architecture, initialize, layer_outputs
from perceptrons.objective import Data, Problem
from perceptrons.sampling import Batches, Dropout, RowSubset, Streams
from perceptrons.settings import Settings
from perceptrons.training import (
    Memory,
    Scorer,
    Task,
    Validation,
    descend,
)
from perceptrons.verbosity import reporter

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
    def _validate(
        self, X: Any, y: Any, incremental: bool, reset: bool, rows: Any = None
    ) -> tuple[Any, Array]:
        """Return X and, of these rows, the targets as the loss wants them, (n, K)."""

    @abstractmethod
    def _validate_held_out(self, X: Any, y: Any) -> tuple[Any, Array]:
        """Return the same for the user's validation rows, which change nothing."""

    @abstractmethod
    def _resolve_loss(self) -> Loss:
        """Return the loss as a record."""

    @abstractmethod
    def _scorer(self, Y: Array, weights: Array | None) -> Scorer:
        """Return the score of these rows' raw outputs and mean loss."""

    @abstractmethod
    def _stratification(self, Y: Array) -> Any:
        """Return the classes that the validation split keeps in proportion."""

    def _class_weights(self, y: Any, incremental: bool) -> Array | None:
        """Return a weight per row for its class; None: all equal."""
        return None

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
            copied._train(
                X, y, sample_weight, (X_val, y_val), False, resume_from=resume_from
            )
        return self._warned()

    def _fit_rows(self, X: Any, y: Any, sample_weight: Any, rows: Any) -> Self:
        """Train on some rows, without copying X."""
        with self._all_or_nothing() as copied:
            copied._train(X, y, sample_weight, (None, None), False, rows)
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
            copied._train(X, y, sample_weight, (None, None), incremental=True)
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

    def _train(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        held_out: tuple[Any, Any],
        incremental: bool,
        rows: Any = None,
        resume_from: Any = None,
    ) -> None:
        """Train by ``fit`` or ``partial_fit``, on all rows or on some."""
        given = settings.resolve(self)
        _checks.choice("engine", self.engine, engine.ENGINES)
        if incremental and self.early_stopping:
            raise ValueError(
                "partial_fit does not support early_stopping=True; call fit, or "
                "validate between the calls."
            )
        fresh = not hasattr(self, "coefs_") or not (self.warm_start or incremental)
        raw_y = y
        X, Y = self._validate(X, y, incremental, fresh, rows)
        weights = check_weights(sample_weight, X.shape[0])
        if rows is not None:
            X, raw_y = RowSubset.of(X, rows), _safe_indexing(y, rows)
            if weights is not None:
                weights = check_weights(weights[rows], len(rows))
        with _checks.naming("class_weight"):
            class_weights = self._class_weights(raw_y, incremental)
        if class_weights is not None:
            if not (class_weights >= 0).all() or not class_weights.any():
                raise ValueError(
                    "class_weight must hold numbers of at least 0, not all 0 for the "
                    f"classes in y, got {self.class_weight!r}."
                )
            weights = class_weights if weights is None else weights * class_weights

        problem = self._bind_problem(given, X.shape[1], Y)
        choice = engine.choose(self.engine, problem, given.rule, self.n_jobs)
        streams, memory = self._continue(fresh, incremental, problem.dtype)
        history = History()
        callbacks, restart = tuple(self.callbacks or ()), None
        if fresh and self.random_state is None and resume_from is not None:
            streams = checkpoints.first_streams(resume_from, callbacks) or streams
        train, validation, mean_weight = self._split(
            (X, Y, weights), held_out, streams, problem, given.limits.early_stopping
        )
        problem = _weigh_penalty(problem, mean_weight)
        if fresh:
            theta = initialize(
                problem.architecture,
                problem.activations,
                self.init,
                streams.weights,
                problem.dtype,
            )
        else:
            theta = problem.architecture.pack(
                self.coefs_, self.intercepts_, problem.dtype
            )
        if incremental:
            given = replace(given, limits=replace(given.limits, max_epochs=1))
        n_rows = len(train.Y)
        full = isinstance(self.solver, str) and self.solver in ("gd", "lbfgs")
        size = settings.batch_size(self.batch_size, n_rows, full)
        if checkpoints.wanted(callbacks, resume_from):
            parts = [train] if validation is None else [train, validation.data]
            rows = [array for part in parts for array in vars(part).values()]
            identity = checkpoints.identify(self, problem, [theta, *rows])
            if resume_from is not None:
                found = checkpoints.find(resume_from, callbacks, identity, problem)
                if found is not None:
                    restart, memory, history, streams = found
            callbacks = checkpoints.bind(callbacks, identity, streams)
        report = reporter(self.verbose, given.limits.max_epochs)
        task = Task(
            objective=choice.bind(problem, size),
            data=train,
            validation=validation,
            limits=given.limits,
            callbacks=callbacks,
            memory=memory,
            history=history,
            report=report,
            restart=restart,
        )
        try:
            outcome = self._solve(theta, task, given, size, streams)
        finally:
            report.close()
        outcome = replace(outcome, engine=choice.name, engine_reason=choice.reason)
        if outcome.reason == "diverged" and outcome.epochs == 0 and fresh:
            raise DivergedError(
                "Solver produced non-finite parameter weights. The input data may "
                f"contain large values and need to be preprocessed. {outcome.message}"
            )
        earlier = None if fresh else getattr(self, "history_", None)
        self._store(theta, task, given, outcome, streams, earlier)

    def _bind_problem(self, given: Settings, n_features: int, Y: Array) -> Problem:
        """Return the problem these settings and data pose."""
        # L-BFGS' line search needs the last digits: it always runs in float64.
        dtype = np.dtype(np.float64) if given.rule is None else given.dtype
        if given.rule is None and any(given.dropout):
            raise ValueError(
                "dropout must be 0 for solver='lbfgs', whose line search needs an "
                f"objective without noise, got {self.dropout!r}; use another solver."
            )
        architecture = Architecture((n_features, *given.hidden, Y.shape[1]))
        loss = self._resolve_loss()
        _checks.domain("y", Y, loss.domain, self.loss)
        return Problem(architecture, given.activations, loss, given.penalty, dtype)

    def _continue(
        self, fresh: bool, incremental: bool, dtype: Any
    ) -> tuple[Streams, Memory]:
        """Return streams and memory: new ones, or those to go on with."""
        if fresh or not hasattr(self, "_streams"):
            return _spawn_streams(self.random_state), Memory()
        # Copies: an error on the way must leave the estimator as it was.
        streams, memory = copy.deepcopy((self._streams, self._memory))
        if incremental:
            return streams, memory.cast(dtype)
        # A warm start takes over the weights, not the optimizer's state.
        memory = replace(memory, rule_state=None, epochs=0, stalled=0)
        return streams, replace(memory, rate_factor=1.0)

    def _split(
        self,
        rows: tuple[Any, Array, Array | None],
        held_out: tuple[Any, Any],
        streams: Streams,
        problem: Problem,
        early_stopping: bool,
    ) -> tuple[Data, Validation | None, float]:
        """Return training data, held-out rows (if any), and the mean of the weights.

        The weights of the training data are divided by that mean.
        """
        X, Y, weights = rows
        # Once, before it is split: both parts then share the rows they are cut from.
        X = _cast_array("X", X, problem.dtype)
        X_val, y_val = held_out
        if (X_val is None) != (y_val is None):
            missing = "X_val" if X_val is None else "y_val"
            raise ValueError(
                f"{missing} must be given too; X_val and y_val go together."
            )
        held: tuple[Any, Array, Array | None] | None = None
        if X_val is not None:
            with _checks.naming("X_val", "y_val"):
                X_held, Y_held = self._validate_held_out(X_val, y_val)
                if Y_held.shape[1] != Y.shape[1]:
                    raise ValueError(
                        f"y_val must have as many columns as y ({Y.shape[1]}), got "
                        f"{Y_held.shape[1]}."
                    )
                _checks.domain("y_val", Y_held, problem.loss.domain, self.loss)
            held = (X_held, Y_held, None)
        elif early_stopping:
            if self.validation_fraction == 0:
                raise ValueError(
                    "validation_fraction must be positive for early_stopping=True, got "
                    "0; 0.1 is usual, or give fit the arguments X_val and y_val."
                )
            kept, left_out = train_test_split(
                np.arange(len(Y)),
                test_size=self.validation_fraction,
                random_state=int(streams.split.integers(2**31 - 1)),
                stratify=_proportional(
                    self._stratification(Y), self.validation_fraction
                ),
            )
            if len(left_out) < 2:
                raise ValueError(
                    "The validation set is too small. Increase 'validation_fraction' "
                    "or the size of your dataset."
                )
            held = _rows(X, Y, weights, left_out)
            X, Y, weights = _rows(X, Y, weights, kept)
            if weights is not None and not weights.any():
                raise ValueError(
                    "sample_weight must not be 0 for all rows left to train on; lower "
                    "validation_fraction."
                )
        weights, mean_weight = _normalized(weights)
        train = _cast(X, Y, weights, problem.dtype)
        if held is None:
            return train, None, mean_weight
        X, Y, weights = held
        data = _cast(X, Y, None, problem.dtype)
        if weights is not None and weights.any():
            data = replace(data, weights=weights)
        validation = Validation(data, self._scorer(data.Y, data.weights))
        return train, validation, mean_weight

    def _solve(
        self,
        theta: Array,
        task: Task,
        given: Settings,
        size: int,
        streams: Streams,
    ) -> Outcome:
        """Run the solver."""
        if given.rule is None:
            return minimize(theta, task, self.max_fun)
        n_rows = len(task.data.Y)
        draw: Literal["in order", "shuffled", "with replacement"] = "in order"
        if size < n_rows and self.replacement:
            draw = "with replacement"
        elif size < n_rows and self.shuffle:
            draw = "shuffled"
        architecture = task.objective.problem.architecture
        dropout = None
        if any(given.dropout):
            dropout = Dropout(given.dropout, architecture.sizes[1:-1], streams.dropout)
        return descend(
            theta,
            task,
            given.rule,
            given.learning_rate,
            given.schedule,
            Batches(n_rows, size, draw, streams.batches),
            settings.clipping(self.clip_norm, architecture),
            dropout,
        )

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

    def _store(
        self,
        theta: Array,
        task: Task,
        given: Settings,
        outcome: Outcome,
        streams: Streams,
        earlier: History | None,
    ) -> None:
        """Set the fitted attributes; the history follows an earlier one, in place.

        Copied at every call, the history of a stream of ``partial_fit`` would cost the
        square of its length.
        """
        history = task.history
        losses = [loss for loss in history.columns["loss"] if math.isfinite(loss)]
        if earlier is not None:
            earlier.append(history)
            self.loss_curve_.extend(losses)
            history, losses = earlier, self.loss_curve_
        problem = task.objective.problem
        self.coefs_, self.intercepts_ = problem.architecture.views(
            theta.astype(given.dtype, copy=False)
        )
        self._set_results(
            problem,
            task.memory,
            history,
            losses,
            outcome,
            streams,
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


def check_weights(sample_weight: Any, n_rows: int) -> Array | None:
    """Return valid sample weights in float64."""
    if sample_weight is None:
        return None
    if isinstance(sample_weight, Real):
        sample_weight = np.full(n_rows, float(sample_weight))
    with _checks.naming("sample_weight"):
        weights: Array = check_array(
            sample_weight, ensure_2d=False, dtype=np.float64, input_name="sample_weight"
        )
    if weights.ndim != 1:
        raise ValueError(
            f"sample_weight must be 1D array or scalar, got {weights.ndim}D array. "
            f"Expected shape ({n_rows},)."
        )
    if len(weights) != n_rows:
        raise ValueError(
            f"sample_weight.shape == {weights.shape}, expected {(n_rows,)}! Give one "
            "weight per row."
        )
    if (weights < 0).any():
        raise ValueError(
            "sample_weight must not be negative, got Negative values in data down to "
            f"{weights.min():g}; use 0 to leave a row out."
        )
    if not weights.any():
        raise ValueError(
            "sample_weight must not be zero for every row: Sample weights must contain "
            "at least one non-zero number."
        )
    return weights


def _proportional(labels: Any, fraction: float) -> Any:
    """Return the labels where a split can keep them in proportion, else None.

    Each class needs a row in either part; scikit-learn's MLP does not stratify more
    than two classes at all.
    """
    if labels is None:
        return None
    n_held = math.ceil(fraction * len(labels))
    _, counts = np.unique(labels, return_counts=True)
    room = min(n_held, len(labels) - n_held)
    return labels if counts.min() >= 2 and len(counts) <= room else None


def _normalized(weights: Array | None) -> tuple[Array | None, float]:
    """Return the weights divided by their mean, and that mean."""
    if weights is None:
        return None, 1.0
    # By the largest first: neither a sum nor a quotient can overflow.
    largest = float(weights.max())
    weights = weights / largest
    mean = float(weights.mean())
    return weights / mean, largest * mean


def _weigh_penalty(problem: Problem, mean_weight: float) -> Problem:
    """Return the problem for weights that were divided by their mean."""
    penalty = problem.penalty
    with np.errstate(over="ignore"):
        alpha = float(np.float64(penalty.alpha) / mean_weight)
    if alpha > float(np.finfo(problem.dtype).max):
        raise ValueError(
            f"alpha is divided by the mean of sample_weight, {mean_weight:g}, which "
            f"gives more than any {problem.dtype} number: scale sample_weight to a "
            "mean near 1, or set alpha=0."
        )
    return replace(problem, penalty=replace(penalty, alpha=alpha))


def _rows(
    X: Any, Y: Array, weights: Array | None, rows: Any
) -> tuple[Any, Array, Array | None]:
    """Return a subset of the rows; those of X are not copied."""
    return RowSubset.of(X, rows), Y[rows], None if weights is None else weights[rows]


def _cast(X: Any, Y: Array, weights: Array | None, dtype: np.dtype[Any]) -> Data:
    """Return the rows in the dtype of the problem, copied only where it differs."""
    return Data(
        _cast_array("X", X, dtype),
        _cast_array("y", Y, dtype),
        None if weights is None else _cast_array("sample_weight", weights, dtype),
    )


def _cast_array(name: str, array: Any, dtype: np.dtype[Any]) -> Any:
    """Cast one array; a finite value that becomes infinite is an error."""
    if isinstance(array, RowSubset):
        return RowSubset(_cast_array(name, array.X, dtype), array.rows)
    if array.dtype == dtype:
        return array
    with np.errstate(over="ignore", under="ignore"):
        cast = array.astype(dtype)
    values = cast.data if issparse(cast) else cast
    if not np.isfinite(values).all():
        raise ValueError(
            # The first two sentences are scikit-learn's.
            "Solver produced non-finite parameter weights. The input data may contain "
            f"large values and need to be preprocessed. {name} holds values beyond "
            f"{np.finfo(dtype).max:.2g}, the largest {dtype} number: scale {name}, or "
            'set dtype="float64".'
        )
    return cast
