"""What every solver does after an epoch: record, judge, keep weights, call back."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perceptrons import threads
from perceptrons.history import EpochState, History, Outcome, Reason
from perceptrons.objective import BoundObjective, Data, Epochs, Validation, Watch
from perceptrons.verbosity import Reporter

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Limits:
    """When training ends.

    Parameters
    ----------
    max_epochs : int
    horizon : int
        Epochs a schedule is spread over; more than ``max_epochs`` in ``partial_fit``.
    tol : float
        Least improvement that counts; the gradient's tolerance of L-BFGS.
    patience : float
        Epochs without such an improvement that are borne; may be infinite.
    early_stopping : bool
        Judge by the validation score, and keep the best epoch's weights.
    max_time : float or None
        Seconds; checked after each epoch.
    """

    max_epochs: int
    horizon: int
    tol: float
    patience: float
    early_stopping: bool
    max_time: float | None


@dataclass
class Memory:
    """What one training hands to the next (``partial_fit``, ``warm_start``).

    Parameters
    ----------
    rule_state : dict or None
        The rule's state; None before the first step.
    epochs : int
        Epochs of this rule's state.
    samples_seen : int
        Rows visited in all.
    rate_factor : float
        What ``Adaptive`` has left of the learning rate.
    best_loss, best_score : float
    stalled : int
        Epochs since the last improvement by ``tol``.
    """

    rule_state: dict[str, Any] | None = None
    rule_type: type | None = None
    epochs: int = 0
    samples_seen: int = 0
    rate_factor: float = 1.0
    best_loss: float = math.inf
    best_score: float = -math.inf
    stalled: int = 0

    def cast(self, dtype: Any) -> Memory:
        """Return a memory whose optimizer's state has this dtype."""
        if self.rule_state is None:
            return self
        state = {
            name: value.astype(dtype) if isinstance(value, np.ndarray) else value
            for name, value in self.rule_state.items()
        }
        return replace(self, rule_state=state)


@dataclass(frozen=True)
class Restart:
    """Where an interrupted training goes on.

    Parameters
    ----------
    theta, kept : ndarray of shape (P,)
        The weights after the last epoch, and those that training would have ended with.
    epochs, best_epoch : int
    seconds : float
        Spent so far.
    """

    theta: Array
    kept: Array
    epochs: int
    best_epoch: int
    seconds: float


@dataclass(frozen=True)
class Task:
    """What every solver works on.

    Parameters
    ----------
    objective : BoundObjective
    data : Data
    validation : Validation or None
    limits : Limits
    callbacks : sequence of objects with ``on_epoch_end(state)``
        A true return value ends training.
    memory : Memory
        Changed in place.
    history : History
        Grows by a row per epoch.
    report : Reporter
    restart : Restart or None
    """

    objective: BoundObjective
    data: Data
    validation: Validation | None
    limits: Limits
    callbacks: Sequence[Any]
    memory: Memory
    history: History
    report: Reporter
    restart: Restart | None = None


@contextmanager
def arithmetic(by_blas: bool) -> Iterator[None]:
    """Keep BLAS at one thread, and leave infinities to the checks of the loop."""
    with (
        threads.one_blas_thread if by_blas else nullcontext(),
        np.errstate(over="ignore", invalid="ignore", divide="ignore", under="ignore"),
    ):
        yield


class Course:
    """What every solver does after an epoch: record, judge, keep weights, call back."""

    def __init__(self, theta: Array, task: Task) -> None:
        self.task, self.theta = task, theta
        self.kept = theta.copy()
        self.epochs = self.best_epoch = 0
        self.by_callback = False
        self.started = time.perf_counter()
        self._iterated = 0.0  # seconds at the end of the last iteration
        if task.restart is not None:
            self._go_on(task.restart)

    def _go_on(self, restart: Restart) -> None:
        """Stand where an interrupted training stood."""
        self.theta[...], self.kept = restart.theta, restart.kept
        self.epochs, self.best_epoch = restart.epochs, restart.best_epoch
        self.started -= restart.seconds

    def seconds(self) -> float:
        """Return the time since the fit began."""
        return time.perf_counter() - self.started

    def end_epochs(
        self, epochs: Epochs, rates: Sequence[float], state: dict[str, Any]
    ) -> tuple[Reason, str] | None:
        """Take note of finished epochs and their rates; say why training ends, if so.

        Where somebody looks at each epoch, they come one by one. Only the last may
        have diverged.
        """
        task, losses, n = self.task, epochs.losses, len(epochs.losses)
        finite = math.isfinite(losses[-1])
        if not finite:
            losses = losses[:-1]
        done = len(task.history)
        task.history.extend(
            epoch=range(done + 1, done + n + 1),
            loss=losses if finite else [*losses, math.nan],
            validation_loss=epochs.validation_losses,
            validation_score=epochs.scores,
            learning_rate=rates,
            seconds=epochs.seconds,
        )
        if losses:
            self._judge(losses, epochs.scores)
        if not finite:
            return "diverged", self.divergence(rates[-1])
        task.report.epoch(
            self.epochs, losses[-1], epochs.scores[-1] if task.validation else None
        )
        if task.callbacks and self._call_back(state):
            self.by_callback = True
            return "interrupted", f"A callback ended training in epoch {self.epochs}."
        return None

    def end_iteration(self, value: float) -> tuple[Reason, str] | None:
        """Take note of an iteration over all rows; say why training ends, if so."""
        self.task.memory.samples_seen += len(self.task.data.Y)
        loss = score = math.nan
        watch = self.watch()
        if watch is not None and math.isfinite(value):
            loss, score = watch.look(self.task.objective, self.theta)
        now = self.seconds()
        seconds, self._iterated = now - self._iterated, now
        epochs = Epochs([value], [seconds], [loss], [score])
        return self.end_epochs(epochs, [math.nan], {}) or self.out_of_time()

    def seconds_left(self) -> float:
        """Return the time until ``max_time``."""
        most = self.task.limits.max_time
        return math.inf if most is None else most - self.seconds()

    def out_of_time(self) -> tuple[Reason, str] | None:
        """End training where ``max_time`` has passed."""
        if self.seconds_left() > 0:
            return None
        return "limit reached", (
            f"The time limit of {self.task.limits.max_time:g} s ended training in "
            f"epoch {self.epochs}; raise max_time to go on."
        )

    def end(self, ended: tuple[Reason, str]) -> Outcome:
        """Write the kept weights back and say how training ended."""
        self.theta[...] = self.kept
        reason, message = ended
        return Outcome(
            reason,
            message,
            self.epochs,
            self.best_epoch,
            self.seconds(),
            by_callback=self.by_callback,
        )

    def watch(self) -> Watch | None:
        """Return what is looked at after the epochs that follow."""
        task = self.task
        if task.validation is None:
            return None
        kept = self.kept if task.limits.early_stopping else None
        return Watch(task.validation, task.memory.best_score, kept)

    def _judge(self, losses: Sequence[float], scores: Sequence[float]) -> None:
        """Count epochs without improvement; know the best epoch, or keep the last."""
        memory, limits = self.task.memory, self.task.limits
        for loss, score in zip(losses, scores, strict=False):  # it may have diverged
            self.epochs += 1
            if limits.early_stopping:
                improved = score >= memory.best_score + limits.tol
            else:
                improved = loss <= memory.best_loss - limits.tol
            memory.stalled = 0 if improved else memory.stalled + 1
            memory.best_loss = min(memory.best_loss, loss)
            if score > memory.best_score:
                memory.best_score = score
                self.best_epoch = self.epochs
        if not limits.early_stopping:
            self.kept[...] = self.theta
            self.best_epoch = self.epochs

    def _call_back(self, state: dict[str, Any]) -> bool:
        """Tell every callback; return whether one wants to stop."""
        task = self.task
        visible = _read_only(self.theta)
        problem = task.objective.problem
        coefs, intercepts = problem.architecture.views(visible)
        row = {name: values[-1] for name, values in task.history.columns.items()}
        epoch_state = EpochState(
            epoch=self.epochs,
            loss=row["loss"],
            validation_loss=row["validation_loss"],
            validation_score=row["validation_score"],
            learning_rate=row["learning_rate"],
            seconds=self.seconds(),
            coefs=coefs,
            intercepts=intercepts,
            optimizer_state={name: _read_only(value) for name, value in state.items()},
            course=self,
        )
        # Every callback sees every epoch, also the one another ends training in.
        wishes = [callback.on_epoch_end(epoch_state) for callback in task.callbacks]
        return any(wishes)

    def divergence(self, rate: float) -> str:
        """Say where it happened and what to try."""
        at = "" if math.isnan(rate) else f" at learning rate {rate:g}"
        return (
            f"Training diverged in epoch {self.epochs + 1}{at}: the loss or a weight "
            f"is no longer finite; the weights of epoch {self.best_epoch} are kept. "
            "Try a smaller learning_rate_init, clip_norm=1, or standardized X and y."
        )


def _read_only(value: Any) -> Any:
    """Return a view of an array that cannot be written through; others as they are."""
    if not isinstance(value, np.ndarray):
        return value
    view = value.view()
    view.flags.writeable = False
    return view


def interrupted(course: Course) -> tuple[Reason, str]:
    """Say what Ctrl-C left."""
    return "interrupted", (
        f"Training interrupted by user in epoch {course.epochs + 1}; the weights of "
        f"epoch {course.best_epoch} are kept."
    )
