"""Training by Levenberg-Marquardt: damped Gauss-Newton steps for sums of squares.

Near a small residual it converges as fast as Newton's method from first derivatives
alone: Levenberg (1944); Marquardt (1963); for networks Hagan and Menhaj (1994), which
is MATLAB's ``trainlm``. The course of the damping is that of Transtrum and Sethna
(2012), section 3: lowered by more than it is raised, so that a step back costs little.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perceptrons import threads
from perceptrons.course import Course, Task, arithmetic, interrupted
from perceptrons.history import Outcome, Reason
from perceptrons.jacobians import weight_gradient
from perceptrons.losses import SQUARES
from perceptrons.network import TILE_VALUES
from perceptrons.objective import Data, Problem

Array = NDArray[np.floating[Any]]

# A step solves P equations: 5,000 take 200 MB and a few seconds each.
MOST_PARAMETERS = 5_000
# Where the damping begins and ends, as in trainlm.
FIRST_DAMPING, MOST_DAMPING = 1e-3, 1e10
# After a step that failed, and after one that did not. Runge's function, 1-10-1, 20
# starts: an error of 1e-9 after 143 to 272 iterations; with trainlm's 10 and 10 after
# 291 to 946.
RAISED, LOWERED = 2.0, 3.0
# Far below what changes a step, yet its products stay finite.
LEAST_DAMPING = 1e-20


def check(problem: Problem) -> None:
    """Refuse what is no sum of squares of smooth functions, or too large.

    Raises
    ------
    ValueError
        Naming the argument.
    """
    if not isinstance(problem.loss, SQUARES):
        raise ValueError(
            "loss must be a squared error for solver='lm', which solves least squares, "
            f"got {type(problem.loss).__name__}; use solver='lbfgs'."
        )
    if problem.penalty.l1 > 0.0:
        raise ValueError(
            "l1 must be 0 for solver='lm', whose penalty is a sum of squares, got "
            f"{problem.penalty.l1:g}; use l2 or alpha, or another solver."
        )
    count = problem.architecture.n_parameters
    if count > MOST_PARAMETERS:
        raise ValueError(
            "hidden_layer_sizes must give at most "
            f"{MOST_PARAMETERS:,} weights and biases for solver='lm', which solves as "
            f"many equations in each step, got {count:,}; use solver='lbfgs' or 'adam'."
        )


def minimize(theta: Array, task: Task, max_calls: int) -> Outcome:
    """Train by Levenberg-Marquardt on all rows; theta in place.

    A step p solves (J^T J + mu I) p = -g, where J^T J is the curvature of the squares
    without the second derivatives of the network (plus that of an L2 penalty) and g
    the gradient. Where the objective falls, mu is divided by 3; where it does not,
    mu is doubled and the step tried again.

    Parameters
    ----------
    theta : ndarray of shape (P,), float64
        Left with the last finished iteration's weights, or, under ``early_stopping``,
        with the best one's.
    task : Task
        ``limits.tol`` bounds the gradient's largest entry; an epoch is an iteration.
    max_calls : int
        Most evaluations of the objective.

    Returns
    -------
    Outcome
    """
    course = Course(theta, task)
    ended: tuple[Reason, str] | None = None
    try:
        with arithmetic(by_blas=True):
            descent = _Descent(course, max_calls)
            while ended is None:
                ended = descent.iterate()
            if course.epochs == 0 and ended[0] != "diverged":
                # No step lowers the first weights' objective: that is an epoch, too.
                ended = descent.stay() or ended
    except KeyboardInterrupt:
        ended = interrupted(course)
    return course.end(ended)


class _Descent:
    """Where Levenberg-Marquardt stands: objective, gradient, damping."""

    def __init__(self, course: Course, max_calls: int) -> None:
        self._course, self._calls_left = course, max_calls
        self._damping = FIRST_DAMPING
        self._value, self._grad = self._evaluate(course.theta)

    def iterate(self) -> tuple[Reason, str] | None:
        """Take a step that lowers the objective; say why training ends, if so."""
        course, limits = self._course, self._course.task.limits
        if not math.isfinite(self._value):
            return course.end_iteration(self._value)
        slope = float(np.abs(self._grad).max())
        gradient = f"the largest entry of the gradient, {slope:.2g}, is"
        if slope <= limits.tol:
            message = f"{gradient} at most tol={limits.tol:g}."
            return "converged", f"Levenberg-Marquardt converged: {message}"
        if limits.early_stopping and course.task.memory.stalled > limits.patience:
            return "no improvement", (
                f"Validation score did not improve more than tol={limits.tol:f} for "
                f"{limits.patience:g} consecutive epochs."
            )
        if course.epochs >= limits.max_epochs:
            return "limit reached", self._unfinished("max_iter", gradient)
        lower = self._lower()
        if lower is None and self._calls_left <= 0:
            return "limit reached", self._unfinished("max_fun", gradient)
        if lower is None:
            return "converged", (
                "Levenberg-Marquardt converged as far as float64 goes: no step lowers "
                f"the objective, and {gradient} above tol={limits.tol:g}."
            )
        course.theta[...], self._value, self._grad = lower
        return course.end_iteration(self._value)

    def stay(self) -> tuple[Reason, str] | None:
        """Take note of the first weights as of an iteration."""
        return self._course.end_iteration(self._value)

    def _lower(self) -> tuple[Array, float, Array] | None:
        """Return weights with a lower objective, its value and gradient, if any."""
        from scipy.linalg import LinAlgError, cho_factor, cho_solve

        theta = self._course.theta
        curvature = _curvature(self._course.task.objective.problem, theta, self._data)
        diagonal = np.diagonal(curvature).copy()
        while self._damping <= MOST_DAMPING and self._calls_left > 0:
            np.fill_diagonal(curvature, diagonal + self._damping)
            try:
                factor = cho_factor(curvature, check_finite=False)
                step = cho_solve(factor, -self._grad, check_finite=False)
            except LinAlgError:  # singular as far as float64 goes
                self._damping *= RAISED
                continue
            trial = theta + step
            value, grad = self._evaluate(trial)
            if value < self._value:
                self._damping = max(self._damping / LOWERED, LEAST_DAMPING)
                return trial, value, grad
            self._damping *= RAISED
        return None

    @property
    def _data(self) -> Data:
        return self._course.task.data

    def _evaluate(self, theta: Array) -> tuple[float, Array]:
        """Return the objective and its gradient, by the engine."""
        if threads.interruption.is_set():  # many steps may be tried
            raise KeyboardInterrupt
        self._calls_left -= 1
        data, grad = self._data, np.empty_like(theta)
        value = self._course.task.objective.value_and_grad(
            theta, data.X, data.Y, data.weights, None, grad
        )
        return (value if np.isfinite(grad).all() else math.inf), grad

    def _unfinished(self, limit: str, gradient: str) -> str:
        """Say that a limit is used up."""
        course = self._course
        return (
            f"lm failed to converge after {course.epochs} iteration(s): {gradient} "
            f"above tol={course.task.limits.tol:g}. Increase {limit}, or scale the "
            "data."
        )


def _curvature(problem: Problem, theta: Array, data: Data) -> Array:
    """Return J^T J: the Hessian but for the network's second derivatives, (P, P)."""
    n_rows, n_outputs = data.Y.shape
    one = np.ones((1, n_outputs))
    # The second derivative of a row's loss by a raw output: 1, or 2/K.
    per_row = problem.loss.slope(one, np.zeros_like(one), np.empty_like(one))[0, 0]
    weights = np.ones(n_rows) if data.weights is None else data.weights
    roots = np.sqrt(per_row / n_rows * weights)
    curvature = np.zeros((len(theta), len(theta)))
    height = max(1, TILE_VALUES // (n_outputs * len(theta)))
    for start in range(0, n_rows, height):
        rows = slice(start, start + height)
        X = data.X[rows]
        X = X if isinstance(X, np.ndarray) else X.toarray()
        part = weight_gradient(problem, theta, X) * roots[rows, None, None]
        part = part.reshape(-1, len(theta))
        curvature += part.T @ part
    penalty = problem.penalty
    of_weights = np.arange(problem.architecture.n_weights)
    curvature[of_weights, of_weights] += penalty.l2 + penalty.alpha / n_rows
    return curvature
