"""Both estimators' ``fit`` and ``partial_fit``: plan, run, and store what was learned.

The plan comes from :mod:`perceptrons.planning`, the run is :mod:`perceptrons.fitting`.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, is_classifier
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.utils.metaestimators import available_if

from perceptrons import fitting, state
from perceptrons.files import Savable
from perceptrons.fitting import Call, Plan
from perceptrons.history import DivergedError, History, Outcome
from perceptrons.inspection import Inspectable
from perceptrons.planning import Planning
from perceptrons.predicting import Predicting
from perceptrons.settings import WHOLE
from perceptrons.state import Labels, Learned

Array = NDArray[np.floating[Any]]


def _is_stochastic(estimator: Any) -> bool:
    """Tell whether ``partial_fit`` makes sense for the estimator's solver."""
    if isinstance(estimator.solver, str) and estimator.solver in WHOLE:
        raise AttributeError(
            "partial_fit is only available for stochastic optimizers. "
            f"{estimator.solver} is not stochastic."
        )
    return True


class Perceptron(Savable, Inspectable, Predicting, Planning, BaseEstimator):
    """Base of both estimators; not for direct use."""

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

    @available_if(_is_stochastic)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train for one epoch, going on from where the last call ended.

        Weights, the optimizer's state and the random streams go on, so n calls equal
        one ``fit`` of n epochs, bit for bit, where nothing stops that ``fit`` early.
        Not for ``solver="lbfgs"`` and "lm".

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
        coefs, intercepts = plan.problem.architecture.views(
            start.theta.astype(given.dtype, copy=False)
        )
        learned = Learned(
            plan.problem,
            coefs,
            intercepts,
            history,
            outcome,
            start.memory,
            start.streams,
            given.limits.early_stopping,
        )
        self._keep(learned, losses)

    def _keep(self, learned: Learned, losses: list[float]) -> None:
        """Set the fitted attributes but features and classes."""
        problem, memory = learned.problem, learned.memory
        self.coefs_, self.intercepts_ = learned.coefs, learned.intercepts
        self.n_layers_ = len(problem.architecture.sizes)
        self.n_outputs_ = problem.architecture.sizes[-1]
        self.out_activation_ = problem.loss.link.name
        self.n_iter_ = learned.outcome.epochs
        self.t_ = memory.samples_seen
        self.history_, self.outcome_ = learned.history, learned.outcome
        # Without the epoch in which training diverged, which history_ names.
        self.loss_curve_ = losses
        self.loss_ = self.loss_curve_[-1] if self.loss_curve_ else np.nan
        self.best_loss_: float | None = memory.best_loss
        self.validation_scores_: list[float] | None = None
        self.best_validation_score_: float | None = None
        if learned.early_stopping:
            self.validation_scores_ = list(learned.history.columns["validation_score"])
            self.best_validation_score_ = memory.best_score
            self.best_loss_ = None
        self._problem, self._memory, self._streams = problem, memory, learned.streams

    def _learned(self) -> Learned | None:
        """Return what a fit has left; None if there was none."""
        if not hasattr(self, "_problem"):
            return None
        return Learned(
            self._problem,
            self.coefs_,
            self.intercepts_,
            self.history_,
            self.outcome_,
            self._memory,
            self._streams,
            self.validation_scores_ is not None,
            getattr(self, "feature_names_in_", None),
            self._labels(),
        )

    def _labels(self) -> Labels | None:
        """Return the classes, of a classifier."""
        return None

    def _set_labels(self, labels: Labels) -> None:
        """Set the classes, in a classifier."""

    def _describe(
        self, resume: bool, raw: bool
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the network as plain values."""
        given = self.get_params(deep=False)
        return state.describe(given, self._learned(), resume=resume, raw=raw)

    def _restore(self, header: Any, arrays: dict[str, Any], raw: bool) -> None:
        """Become the network that was described."""
        learned = state.restore(
            self, header, arrays, classifier=is_classifier(self), raw=raw
        )
        if learned is None:
            return
        self.n_features_in_ = learned.problem.architecture.sizes[0]
        if learned.features is not None:
            self.feature_names_in_ = learned.features
        if learned.labels is not None:
            self._set_labels(learned.labels)
        losses = [x for x in learned.history.columns["loss"] if math.isfinite(x)]
        self._keep(learned, losses)

    def __sklearn_tags__(self) -> Any:
        """Say that sparse input is welcome."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def fit_rows(
    estimator: Perceptron, X: Any, y: Any, sample_weight: Any, rows: Any
) -> Perceptron:
    """Train an estimator on some rows, without copying X.

    Parameters
    ----------
    estimator : Perceptron
    X, y, sample_weight : as in ``fit``, all rows
    rows : ndarray of int
        Those that count.
    """
    with estimator._all_or_nothing() as copied:
        copied._train(Call(X, y, sample_weight, rows=rows))
    return estimator._warned()


def learned_of(network: Perceptron) -> Learned:
    """Return what a fit has left in a network: for exports and checks."""
    learned = network._learned()
    if learned is None:
        raise NotFittedError(f"{type(network).__name__} is not fitted; call fit first.")
    return learned
