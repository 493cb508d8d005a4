"""Training by L-BFGS: SciPy's, on the engine's value and gradient."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from perceptrons import threads
from perceptrons.course import Course, Task, arithmetic, interrupted
from perceptrons.history import Outcome, Reason

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult

Array = NDArray[np.floating[Any]]


class _StopError(Exception):
    """Ends SciPy's loop with a reason."""

    def __init__(self, ended: tuple[Reason, str]) -> None:
        self.ended = ended


def minimize(theta: Array, task: Task, max_calls: int) -> Outcome:
    """Train by L-BFGS (Liu and Nocedal 1989), SciPy's, on all rows; theta in place.

    Parameters
    ----------
    theta : ndarray of shape (P,), float64
        Left with the last finished iteration's weights.
    task : Task
        ``limits.tol`` bounds the gradient's largest entry; an epoch is an iteration.
    max_calls : int
        Most evaluations of the objective.

    Returns
    -------
    Outcome
    """
    from scipy.optimize import minimize as scipy_minimize

    iterations = _Iterations(theta, task)
    course, limits = iterations.course, task.limits
    options = {
        "maxiter": limits.max_epochs,
        "maxfun": max_calls,
        "gtol": limits.tol,
        # SciPy ends by the gradient alone: its test of the objective is absolute below
        # 1, where an objective of 1e-5 still falls by a factor of a thousand.
        "ftol": 0.0,
    }
    try:
        with arithmetic(by_blas=True):
            result = scipy_minimize(
                iterations.value_and_grad,
                theta.copy(),
                method="L-BFGS-B",
                jac=True,
                callback=iterations.end,
                options=options,
            )
        if course.epochs == 0 and result.success:
            # The first weights already meet the tolerance: that is an epoch, too.
            iterations.end(result)
        ended = _lbfgs_end(course, result)
    except _StopError as stop:
        ended = stop.ended
    except KeyboardInterrupt:
        ended = interrupted(course)
    return course.end(ended)


class _Iterations:
    """What SciPy's loop calls: the objective, and the end of each iteration."""

    def __init__(self, theta: Array, task: Task) -> None:
        self.course, self._task = Course(theta, task), task
        self._grad = np.empty_like(theta)

    def value_and_grad(self, x: Array) -> tuple[float, Array]:
        """Return the objective and a copy of its gradient."""
        if threads.interruption.is_set():  # a line search may take many of these
            raise KeyboardInterrupt
        data, grad = self._task.data, self._grad
        value = self._task.objective.value_and_grad(
            x, data.X, data.Y, data.weights, None, grad
        )
        if not (math.isfinite(value) and np.isfinite(grad).all()):
            # Outside the domain of the loss: infinity makes the line search go back.
            return math.inf, np.zeros_like(grad)
        return value, grad.copy()

    def end(self, intermediate_result: OptimizeResult) -> None:
        """Take note of an iteration; SciPy wants the argument by this name."""
        self.course.theta[...] = intermediate_result.x
        ended = self.course.end_iteration(float(intermediate_result.fun))
        if ended is not None:
            raise _StopError(ended)


def _lbfgs_end(course: Course, result: Any) -> tuple[Reason, str]:
    """Translate SciPy's result."""
    if not math.isfinite(result.fun):
        return "diverged", course.divergence(math.nan)
    slope = float(np.abs(result.jac).max())
    gradient = f"the largest entry of the gradient, {slope:.2g}, is"
    tol = course.task.limits.tol
    if result.success and slope <= tol:
        return "converged", f"L-BFGS converged: {gradient} at most tol={tol:g}."
    if result.success:
        return "converged", (
            "L-BFGS converged as far as float64 goes: the objective no longer falls, "
            f"and {gradient} above tol={tol:g}."
        )
    reason: Reason = "limit reached" if result.status == 1 else "no improvement"
    return reason, (
        f"lbfgs failed to converge after {course.epochs} iteration(s) "
        f"(status={result.status}): {result.message}. Increase max_iter or max_fun, or "
        "scale the data."
    )
