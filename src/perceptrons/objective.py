"""What is minimized, J(theta) = mean loss + penalty, and what an engine offers for it.

Problem, data and steps go in; engines (see :mod:`perceptrons.engine`) go through them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from perceptrons.activations import Activation
from perceptrons.clipping import NormClipping
from perceptrons.losses import Loss
from perceptrons.network import Architecture
from perceptrons.optimizers import Rule
from perceptrons.penalties import Penalty
from perceptrons.sampling import Batches, Dropout
from perceptrons.scores import Score

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Problem:
    """What is minimized: a network, a loss and a penalty, in one dtype.

    Parameters
    ----------
    architecture : Architecture
    activations : tuple of Activation
        One per hidden layer.
    loss : Loss
    penalty : Penalty
    dtype : numpy dtype
        float32 or float64: of theta, the data and every buffer.
    """

    architecture: Architecture
    activations: tuple[Activation, ...]
    loss: Loss
    penalty: Penalty
    dtype: Any


@dataclass(frozen=True)
class Data:
    """Rows to train or validate on.

    Parameters
    ----------
    X : {ndarray, CSR matrix} of shape (n, d)
    Y : ndarray of shape (n, K)
    weights : ndarray of shape (n,) or None
        Of mean 1 where they are trained on.
    """

    X: Any
    Y: Array
    weights: Array | None


@dataclass(frozen=True)
class Validation:
    """Rows held out, and how they are scored.

    Parameters
    ----------
    data : Data
    score : Score
    """

    data: Data
    score: Score


@dataclass(frozen=True)
class Watch:
    """What is looked at after each epoch.

    Parameters
    ----------
    validation : Validation
    best : float
        The best score so far.
    kept : ndarray of shape (P,), or None
        Overwritten by the weights of a better score.
    """

    validation: Validation
    best: float
    kept: Array | None

    def look(self, objective: BoundObjective, theta: Array) -> tuple[float, float]:
        """Return loss and score of these weights, and keep them if they are better."""
        data, score = self.validation.data, self.validation.score
        raw = objective.raw_outputs(theta, data.X)
        losses = row_losses(objective.problem.loss, raw, data.Y)
        # Every epoch comes by: np.average takes four times as long as a plain mean.
        if data.weights is None:
            mean = float(losses.mean(dtype=np.float64))
        else:
            mean = float(np.average(losses, weights=data.weights))
        found = score(raw, data.Y, data.weights, mean)
        if self.kept is not None and found > self.best:
            self.kept[...] = theta
        return mean, found


@dataclass(frozen=True)
class Steps:
    """How epochs are gone through.

    Parameters
    ----------
    rule : Rule
    state : dict
        The rule's, changed in place.
    batches : Batches
        Draws the rows of each epoch.
    rates : ndarray of shape (epochs, steps)
        Learning rates of the epochs asked for, the most that may be taken.
    clip : NormClipping or None, default=None
    dropout : Dropout or None, default=None
    most_seconds : float, default=infinity
        No epoch but the first begins later.
    watch : Watch or None, default=None
    """

    rule: Rule
    state: dict[str, Any]
    batches: Batches
    rates: NDArray[np.float64]
    clip: NormClipping | None = None
    dropout: Dropout | None = None
    most_seconds: float = math.inf
    watch: Watch | None = None


@dataclass(frozen=True)
class Epochs:
    """Finished epochs of one call.

    Parameters
    ----------
    losses : list of float
        The batches' mean J of each epoch; NaN, in the last one, if it diverged.
    seconds : list of float
        Duration of each epoch, with what was looked at after it.
    validation_losses, scores : list of float
        Of the rows held out, after each epoch; NaN where none are or it diverged.
    interruption : BaseException or None
        What ended the call within the epoch after these.
    """

    losses: list[float]
    seconds: list[float]
    validation_losses: list[float]
    scores: list[float]
    interruption: BaseException | None = None


class BoundObjective(Protocol):
    """The seam: what every engine offers once its buffers are allocated.

    ``by_blas`` tells whether it calls BLAS, whose threads are bounded meanwhile.
    """

    problem: Problem
    by_blas: bool

    def value_and_grad(
        self,
        theta: Array,
        X: Any,
        Y: Array,
        weights: Array | None,
        masks: Sequence[Array | None] | None,
        grad: Array,
    ) -> float:
        """Return J(theta) and write its gradient."""
        ...

    def run_epochs(self, theta: Array, data: Data, steps: Steps) -> Epochs:
        """Take epochs, in place: one at least, at most one per row of the rates."""
        ...

    def raw_outputs(self, theta: Array, X: Any) -> Array:
        """Return the raw outputs."""
        ...

    def predictor(self, theta: Array) -> Callable[[Array], Array]:
        """Return X -> raw outputs, for repeated use by many threads at once.

        They come as one vector, row after row, which is the caller's own.
        """
        ...


def refused_rows(X: Any, n_features: int, dtype: Any) -> TypeError | ValueError:
    """Return the error of a predictor that was given something else than rows."""
    is_array = isinstance(X, np.ndarray)
    came = f"{X.dtype} of shape {X.shape}" if is_array else type(X).__name__
    error = ValueError if is_array else TypeError
    return error(
        f"X must be a NumPy array of {dtype} and of shape (n, {n_features}), got "
        f"{came}; predict takes whatever scikit-learn's predict does."
    )


def row_losses(loss: Loss, raw: Array, Y: Array) -> Array:
    """Return the loss of each row, in float64 where float32 overflows."""
    losses = loss.value(raw, Y)
    if losses.dtype == np.float32 and not np.isfinite(losses).all():
        losses = loss.value(raw.astype(np.float64), Y.astype(np.float64))
    return losses
