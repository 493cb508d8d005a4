"""J(theta) = mean loss + penalty, its gradient by backpropagation, and one epoch.

This is the meaning of training: the NumPy reference every other engine is judged by.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from perceptrons.activations import Activation
from perceptrons.losses import Loss
from perceptrons.network import TILE_VALUES, Architecture, raw_outputs
from perceptrons.optimizers import NormClipping, Rule
from perceptrons.penalties import Penalty
from perceptrons.sampling import Batches, Dropout

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
    """

    rule: Rule
    state: dict[str, Any]
    batches: Batches
    rates: NDArray[np.float64]
    clip: NormClipping | None = None
    dropout: Dropout | None = None
    most_seconds: float = math.inf


@dataclass(frozen=True)
class Epochs:
    """Finished epochs of one call.

    Parameters
    ----------
    losses : list of float
        The batches' mean J of each epoch; NaN, in the last one, if it diverged.
    seconds : list of float
        Duration of each epoch.
    interruption : BaseException or None
        What ended the call within the epoch after these.
    """

    losses: list[float]
    seconds: list[float]
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


class Objective:
    """The objective of one training run on NumPy, its buffers allocated once.

    J(theta) = 1/n sum_i w_i l_i + Omega(W) over the n rows of one batch; the weights
    have mean 1 over all training rows.

    Parameters
    ----------
    problem : Problem
    rows : int
        Most rows of a batch.
    """

    name = "numpy"
    by_blas = True

    def __init__(self, problem: Problem, rows: int) -> None:
        self.problem = problem
        widths = problem.architecture.sizes[1:]
        # z and a of the hidden layers, deltas of all layers.
        self._buffers = [
            [np.empty((rows, width), problem.dtype) for width in some]
            for some in (widths[:-1], widths[:-1], widths)
        ]
        self._tiles: dict[int, list[list[Array]]] = {}
        self._ones = np.ones(rows, problem.dtype)
        self._grad = np.empty(problem.architecture.n_parameters, problem.dtype)

    def value_and_grad(
        self,
        theta: Array,
        X: Any,
        Y: Array,
        weights: Array | None,
        masks: Sequence[Array | None] | None,
        grad: Array,
    ) -> float:
        """Return J(theta) over these rows and write its gradient.

        Parameters
        ----------
        theta : ndarray of shape (P,)
        X : {ndarray, CSR matrix} of shape (n, d), n at most ``rows``
        Y : ndarray of shape (n, K)
        weights : ndarray of shape (n,), or None for ones
        masks : list of (ndarray of shape (n, width) or None), or None
            Dropout factors of each hidden layer.
        grad : ndarray of shape (P,)
            Overwritten.

        Returns
        -------
        float
        """
        architecture, loss = self.problem.architecture, self.problem.loss
        raw = np.empty((X.shape[0], architecture.sizes[-1]), self.problem.dtype)
        views = (architecture.views(theta), architecture.views(grad))
        self._backpropagate(theta, X, Y, weights, masks, grad, raw, views)
        value = _weighted_sum(row_losses(loss, raw, Y), weights) / len(Y)
        W = theta[: architecture.n_weights]
        return value + self.problem.penalty.value(W, len(Y))

    def run_epochs(self, theta: Array, data: Data, steps: Steps) -> Epochs:
        """Take one epoch, a step per batch, in place: a call costs nothing beside it.

        Returns
        -------
        Epochs
            The batches' J before each step, averaged with the batches' rows; NaN if it
            or theta is no longer finite.
        """
        begun = time.perf_counter()
        return Epochs([self._epoch(theta, data, steps)], [time.perf_counter() - begun])

    def _epoch(self, theta: Array, data: Data, steps: Steps) -> float:
        """Take the steps of the first epoch of the rates; return the mean J."""
        problem, batches = self.problem, steps.batches
        X, Y, weights, size = data.X, data.Y, data.weights, batches.size
        # Python floats: a NumPy float64 would turn float32 arithmetic into float64.
        rates = steps.rates[0].tolist()
        views = (
            problem.architecture.views(theta),
            problem.architecture.views(self._grad),
        )
        W = theta[: problem.architecture.n_weights]
        order = batches.order()
        tile = self._rows_per_tile(X.shape[1], size)
        raw = np.zeros((min(tile, batches.n_rows), Y.shape[1]), problem.dtype)
        total = 0.0
        step = -1
        for first in range(0, batches.n_rows, tile):
            rows: Any = slice(first, min(first + tile, batches.n_rows))
            if order is not None:
                rows = order[rows]
            tile_X, tile_Y = X[rows], Y[rows]
            tile_weights = None if weights is None else weights[rows]
            for start in range(0, len(tile_Y), size):
                batch = slice(start, min(start + size, len(tile_Y)))
                step += 1
                w = None if tile_weights is None else tile_weights[batch]
                y = tile_Y[batch]
                masks = None
                if steps.dropout is not None:
                    masks = steps.dropout.masks(len(y), problem.dtype)
                self._backpropagate(
                    theta, tile_X[batch], y, w, masks, self._grad, raw[batch], views
                )
                if not problem.penalty.is_zero:
                    total += len(y) * problem.penalty.value(W, len(y))
                if steps.clip is not None:
                    steps.clip.apply(self._grad)
                steps.rule.step(theta, self._grad, steps.state, rates[step])
            losses = row_losses(problem.loss, raw[: len(tile_Y)], tile_Y)
            total += _weighted_sum(losses, tile_weights)
        return total / batches.n_rows if np.isfinite(theta).all() else np.nan

    def raw_outputs(self, theta: Array, X: Any) -> Array:
        """Return the raw outputs of shape (n, K), all units kept."""
        problem = self.problem
        return raw_outputs(problem.architecture, problem.activations, theta, X)

    def predictor(self, theta: Array) -> Callable[[Array], Array]:
        """Return X -> raw outputs, row after row."""
        n_features, dtype = self.problem.architecture.sizes[0], theta.dtype

        def flat_outputs(X: Array) -> Array:
            if isinstance(X, np.ndarray) and X.shape[1:] == (n_features,):
                with suppress(TypeError, ValueError):
                    return self.raw_outputs(theta, X.astype(dtype, copy=False)).ravel()
            raise refused_rows(X, n_features, dtype)

        return flat_outputs

    def _rows_per_tile(self, n_features: int, size: int) -> int:
        """Return how many rows are gathered at once: whole batches, at least one."""
        per_row = n_features + self.problem.architecture.sizes[-1]
        return size * max(1, TILE_VALUES // (per_row * size))

    def _tile(self, n_rows: int) -> list[list[Array]]:
        """Return the first rows of every buffer, remembered for each batch length."""
        if n_rows not in self._tiles:
            self._tiles[n_rows] = [
                [buffer[:n_rows] for buffer in group] for group in self._buffers
            ]
        return self._tiles[n_rows]

    def _backpropagate(
        self,
        theta: Array,
        X: Any,
        Y: Array,
        weights: Array | None,
        masks: Sequence[Array | None] | None,
        grad: Array,
        raw: Array,
        views: tuple[tuple[list[Array], list[Array]], tuple[list[Array], list[Array]]],
    ) -> None:
        """Write raw outputs and the gradient of J.

        delta(L) = w / n dl/dz, delta(l) = (delta(l+1) W(l+1)^T) sigma'(z(l)),
        dJ/dW(l) = a(l-1)^T delta(l), dJ/db(l) = sum over rows of delta(l): the chain
        rule of the report's eqs. (8) and (9), layer by layer.
        """
        problem = self.problem
        (Ws, bs), (grad_Ws, grad_bs) = views
        n_rows, last = len(Y), len(Ws) - 1
        Zs, As, deltas = self._tile(n_rows)
        inputs = [X]
        for layer in range(last):
            Z, A = Zs[layer], As[layer]
            _product(inputs[layer], Ws[layer], Z)
            Z += bs[layer]
            problem.activations[layer].value(Z, A)
            mask = masks[layer] if masks else None
            inputs.append(A if mask is None else A * mask)
        _product(inputs[last], Ws[last], raw)
        raw += bs[last]

        delta = problem.loss.slope(raw, Y, deltas[last])
        if weights is None:
            delta *= 1.0 / n_rows
        else:
            delta *= (weights / weights.dtype.type(n_rows))[:, None]
        ones = self._ones[:n_rows]
        for layer in range(last, -1, -1):
            _product(inputs[layer].T, delta, grad_Ws[layer])
            np.dot(ones, delta, out=grad_bs[layer])
            if layer == 0:
                break
            below, Z = deltas[layer - 1], Zs[layer - 1]
            np.dot(delta, Ws[layer].T, out=below)
            below *= problem.activations[layer - 1].slope(Z, As[layer - 1], Z)
            mask = masks[layer - 1] if masks else None
            if mask is not None:
                below *= mask
            delta = below
        if not problem.penalty.is_zero:
            n_weights = problem.architecture.n_weights
            problem.penalty.add_slope(theta[:n_weights], n_rows, grad[:n_weights])


def refused_rows(X: Any, n_features: int, dtype: Any) -> TypeError | ValueError:
    """Return the error of a predictor that was given something else than rows."""
    is_array = isinstance(X, np.ndarray)
    came = f"{X.dtype} of shape {X.shape}" if is_array else type(X).__name__
    error = ValueError if is_array else TypeError
    return error(
        f"X must be a NumPy array of {dtype} and of shape (n, {n_features}), got "
        f"{came}; predict takes whatever scikit-learn's predict does."
    )


def _product(A: Any, B: Array, out: Array) -> None:
    """Write the matrix product A B into out; A may be sparse."""
    if issparse(A):
        out[...] = A @ B
    else:
        np.dot(A, B, out=out)


def row_losses(loss: Loss, raw: Array, Y: Array) -> Array:
    """Return the loss of each row, in float64 where float32 overflows."""
    losses = loss.value(raw, Y)
    if losses.dtype == np.float32 and not np.isfinite(losses).all():
        losses = loss.value(raw.astype(np.float64), Y.astype(np.float64))
    return losses


def _weighted_sum(losses: Array, weights: Array | None) -> float:
    """Sum the rows' losses in float64."""
    if weights is None:
        return float(losses.sum(dtype=np.float64))
    return float(np.dot(weights.astype(np.float64), losses.astype(np.float64)))


def input_gradient(problem: Problem, theta: Array, X: Array) -> Array:
    """Return the derivative of every prediction by every feature.

    Parameters
    ----------
    problem : Problem
    theta : ndarray of shape (P,)
    X : ndarray of shape (n, d)

    Returns
    -------
    ndarray of shape (n, K, d)
        d prediction_k / d x_j: the link of the loss is part of it.
    """
    weights, biases = problem.architecture.views(theta)
    slopes = []
    A = X
    for layer, activation in enumerate(problem.activations):
        Z = A @ weights[layer] + biases[layer]
        A = activation.value(Z, np.empty_like(Z))
        slopes.append(activation.slope(Z, A, np.empty_like(Z)))
    link = problem.loss.link
    raw = A @ weights[-1] + biases[-1]
    jacobian = link.jacobian(link.value(raw))
    gradient = np.empty((len(X), raw.shape[1], X.shape[1]), X.dtype)
    for k in range(raw.shape[1]):
        delta = jacobian[:, k, :] @ weights[-1].T
        for layer in range(len(slopes) - 1, -1, -1):
            delta = (delta * slopes[layer]) @ weights[layer].T
        gradient[:, k, :] = delta
    return gradient
