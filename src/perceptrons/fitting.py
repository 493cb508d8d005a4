"""A fit is a plan, then a run: all that decides its course, then its epochs.

No data is checked here and no estimator is changed: :mod:`perceptrons.planning` makes
the plan of what the user gave, and :mod:`perceptrons._base` stores what was learned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perceptrons import checkpoints, lbfgs, levenberg
from perceptrons.course import Memory, Restart, Task
from perceptrons.engine import Choice
from perceptrons.history import History, Outcome
from perceptrons.objective import Data, Problem, Validation
from perceptrons.sampling import Streams
from perceptrons.settings import Settings, clipping
from perceptrons.training import Descent, descend
from perceptrons.verbosity import reporter

Array = NDArray[np.floating[Any]]

_MINIMIZERS = {"lbfgs": lbfgs.minimize, "lm": levenberg.minimize}


@dataclass(frozen=True)
class Call:
    """What one call of ``fit`` or ``partial_fit`` was given.

    Parameters
    ----------
    X, y, sample_weight : as the user gave them
    held_out : pair
        ``X_val`` and ``y_val``.
    rows : ndarray of int or None
        Those of X and y that count; None: all.
    resume_from : str, path or None
    partial : bool
        Whether it is one epoch more of what went before, as ``partial_fit`` wants.
    """

    X: Any
    y: Any
    sample_weight: Any = None
    held_out: tuple[Any, Any] = (None, None)
    rows: Any = None
    resume_from: Any = None
    partial: bool = False


@dataclass(frozen=True)
class Start:
    """Where a fit begins; arrays and records in it move on as the fit does.

    Parameters
    ----------
    theta : ndarray of shape (P,)
    streams : Streams
    memory : Memory
    history : History
    restart : Restart or None
        Where a checkpoint goes on.
    """

    theta: Array
    streams: Streams
    memory: Memory
    history: History = field(default_factory=History)
    restart: Restart | None = None


@dataclass(frozen=True)
class Plan:
    """All that decides the course of a fit.

    Parameters
    ----------
    settings : Settings
    problem : Problem
    engine : Choice
    data : Data
    validation : Validation or None
    batch_rows : int
    start : Start
    callbacks : sequence
    """

    settings: Settings
    problem: Problem
    engine: Choice
    data: Data
    validation: Validation | None
    batch_rows: int
    start: Start
    callbacks: Sequence[Any]


def weigh_penalty(problem: Problem, mean_weight: float) -> Problem:
    """Return the problem for weights that were divided by their mean.

    Raises
    ------
    ValueError
        If ``alpha`` then exceeds the numbers there are.
    """
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


def with_checkpoints(plan: Plan, estimator: Any, resume_from: Any) -> Plan:
    """Return the plan that writes its checkpoints, and goes on from one if it is to.

    Raises
    ------
    StateError, OSError
        If ``resume_from`` is no checkpoint of this fit, or cannot be read.
    """
    if not checkpoints.wanted(plan.callbacks, resume_from):
        return plan
    start = plan.start
    parts = [plan.data] + ([plan.validation.data] if plan.validation else [])
    arrays = [array for part in parts for array in vars(part).values()]
    identity = checkpoints.identify(estimator, plan.problem, [start.theta, *arrays])
    if resume_from is not None:
        found = checkpoints.find(resume_from, plan.callbacks, identity, plan.problem)
        if found is not None:
            restart, memory, history, streams = found
            start = Start(start.theta, streams, memory, history, restart)
    callbacks = checkpoints.bind(plan.callbacks, identity, start.streams)
    return replace(plan, start=start, callbacks=callbacks)


def run(plan: Plan) -> Outcome:
    """Train by the plan, from its start on; theta, memory and history in place."""
    given, start = plan.settings, plan.start
    report = reporter(given.verbose, given.limits.max_epochs)
    task = Task(
        objective=plan.engine.bind(plan.problem, plan.batch_rows),
        data=plan.data,
        validation=plan.validation,
        limits=given.limits,
        callbacks=plan.callbacks,
        memory=start.memory,
        history=start.history,
        report=report,
        restart=start.restart,
    )
    try:
        if given.rule is None:
            outcome = _MINIMIZERS[str(given.solver)](start.theta, task, given.max_calls)
        else:
            n_rows, architecture = len(plan.data.Y), plan.problem.architecture
            descent = Descent(
                given.rule,
                given.learning_rate,
                given.schedule,
                given.batches(n_rows, plan.batch_rows, start.streams.batches),
                clipping(given.clip_norm, architecture),
                given.dropout_of(architecture, start.streams),
            )
            outcome = descend(start.theta, task, descent)
    finally:
        report.close()
    name, reason = plan.engine.name, plan.engine.reason
    return replace(outcome, engine=name, engine_reason=reason)
