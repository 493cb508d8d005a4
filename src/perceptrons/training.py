"""The loop: epoch after epoch by a rule and a schedule, until something ends it.

Training receives a bound objective and a rule; it knows neither engine nor estimator.
It never raises on numeric trouble and never warns: it returns an :class:`Outcome`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perceptrons import threads
from perceptrons.clipping import NormClipping
from perceptrons.course import Course, Limits, Memory, Task, arithmetic, interrupted
from perceptrons.history import Outcome, Reason
from perceptrons.objective import Steps
from perceptrons.optimizers import Rule
from perceptrons.sampling import Batches, Dropout
from perceptrons.schedules import Adaptive, Constant, Progress, Schedule
from perceptrons.verbosity import Silent

Array = NDArray[np.floating[Any]]

# Learning rates laid out at once: half a megabyte.
MOST_RATES = 65_536


@dataclass(frozen=True)
class Descent:
    """By what training descends.

    Parameters
    ----------
    rule : Rule
    learning_rate : float
        Before the schedule's factors.
    schedule : Schedule
    batches : Batches
    clip : NormClipping or None
    dropout : Dropout or None
    """

    rule: Rule
    learning_rate: float
    schedule: Schedule
    batches: Batches
    clip: NormClipping | None
    dropout: Dropout | None


def descend(theta: Array, task: Task, descent: Descent) -> Outcome:
    """Train by an optimizer's rule, epoch after epoch; theta in place.

    Parameters
    ----------
    theta : ndarray of shape (P,)
        Left with the best epoch's weights under ``early_stopping``, else with those
        of the last finished (and finite) epoch.
    task : Task
    descent : Descent

    Returns
    -------
    Outcome
    """
    course, memory, limits = Course(theta, task), task.memory, task.limits
    rule = descent.rule
    if memory.rule_state is None or memory.rule_type is not type(rule):
        memory.rule_state, memory.rule_type = rule.init(theta), type(rule)
    ended: tuple[Reason, str] | None = None
    if task.restart is not None and memory.stalled > limits.patience:
        # The epoch it was interrupted after was one that training might end with.
        ended = _plateau(task, descent)
    try:
        with arithmetic(task.objective.by_blas):
            while ended is None and course.epochs < limits.max_epochs:
                ended = _advance(course, descent, memory.rule_state)
    except KeyboardInterrupt:
        ended = interrupted(course)
    if ended is not None and ended[0] == "diverged":
        # No longer finite either: the next training starts a new one.
        memory.rule_state = None
    return course.end(ended or _limit(limits))


def _advance(
    course: Course, descent: Descent, state: dict[str, Any]
) -> tuple[Reason, str] | None:
    """Take the next epochs, as many as nobody looks at; say why training ends, if so.

    Raises
    ------
    BaseException
        What interrupted an epoch after these.
    """
    task, batches = course.task, descent.batches
    memory, limits = task.memory, task.limits
    rates = _rates(descent, limits, memory, _unwatched(course, batches.n_steps))
    left = course.seconds_left()
    clip, dropout = descent.clip, descent.dropout
    steps = Steps(
        descent.rule, state, batches, rates, clip, dropout, left, course.watch()
    )
    epochs = task.objective.run_epochs(course.theta, task.data, steps)
    ended, taken = None, len(epochs.losses)
    if taken:
        memory.epochs += taken
        memory.samples_seen += taken * batches.n_rows
        ended = course.end_epochs(epochs, rates[:taken, -1].tolist(), state)
    ended = ended or course.out_of_time()
    if ended is None and memory.stalled > limits.patience:
        ended = _plateau(task, descent)
    if ended is None and epochs.interruption is not None:
        raise epochs.interruption
    if ended is None and threads.interruption.is_set():
        raise KeyboardInterrupt
    return ended


def _unwatched(course: Course, n_steps: int) -> int:
    """Return how many epochs may pass before somebody looks or training may end."""
    task = course.task
    limits = task.limits
    if task.callbacks or not isinstance(task.report, Silent):
        return 1
    until_stalled = max(0.0, limits.patience - task.memory.stalled) + 1
    until_limit = limits.max_epochs - course.epochs
    return int(max(1, min(until_stalled, until_limit, MOST_RATES // n_steps)))


def _rates(
    descent: Descent, limits: Limits, memory: Memory, n_epochs: int
) -> NDArray[np.float64]:
    """Return the learning rate of each step of the next epochs, a row per epoch."""
    schedule, batches = descent.schedule, descent.batches
    n_steps = batches.n_steps
    rate = descent.learning_rate * memory.rate_factor
    if isinstance(schedule, Constant | Adaptive):
        return np.broadcast_to(np.float64(rate), (n_epochs, n_steps))
    rows = []
    for ahead in range(n_epochs):
        progress = Progress(
            steps=(memory.epochs + ahead) * n_steps + np.arange(n_steps),
            steps_per_epoch=n_steps,
            total_steps=limits.horizon * n_steps,
            samples_seen=memory.samples_seen + ahead * batches.n_rows,
        )
        rows.append(rate * schedule.factors(progress))
    return np.array(rows)


def _plateau(task: Task, descent: Descent) -> tuple[Reason, str] | None:
    """End training that no longer improves, or lower an adaptive rate."""
    limits, memory = task.limits, task.memory
    schedule, learning_rate = descent.schedule, descent.learning_rate
    reason: Reason
    if limits.early_stopping:
        reason, what = "no improvement", "Validation score"
    else:
        reason, what = "converged", "Training loss"
    message = (
        f"{what} did not improve more than tol={limits.tol:f} for "
        f"{limits.patience:g} consecutive epochs."
    )
    if not isinstance(schedule, Adaptive):
        task.report.message(message + " Stopping.")
        return reason, message
    if learning_rate * memory.rate_factor <= schedule.smallest:
        task.report.message(message + " Learning rate too small. Stopping.")
        return reason, message + " The learning rate is at its smallest."
    memory.rate_factor /= schedule.divisor
    memory.stalled = 0
    rate = learning_rate * memory.rate_factor
    task.report.message(message + f" Setting learning rate to {rate:f}")
    return None


def _limit(limits: Limits) -> tuple[Reason, str]:
    """Say that the epochs are used up."""
    return "limit reached", (
        f"Maximum iterations ({limits.max_epochs}) reached and the optimization hasn't "
        "converged yet. Raise max_iter or tol to go on."
    )
