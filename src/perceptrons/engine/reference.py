"""The NumPy engine: an epoch by backpropagation, the meaning of training.

Every other engine is judged by it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from perceptrons.network import TILE_VALUES, forward, product, raw_outputs
from perceptrons.objective import (
    Data,
    Epochs,
    Problem,
    Steps,
    refused_rows,
    row_losses,
)

Array = NDArray[np.floating[Any]]


class _Parameters(NamedTuple):
    """All weights or their gradient: as one vector, and its views layer by layer."""

    flat: Array
    Ws: list[Array]
    bs: list[Array]


class NumPyObjective:
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
        at, slope = self._view(theta), self._view(grad)
        self._backpropagate(X, Y, weights, masks, raw, at, slope)
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
        loss, looked = self._epoch(theta, data, steps), (np.nan, np.nan)
        if steps.watch is not None and np.isfinite(loss):
            looked = steps.watch.look(self, theta)
        seconds = time.perf_counter() - begun
        return Epochs([loss], [seconds], [looked[0]], [looked[1]])

    def _epoch(self, theta: Array, data: Data, steps: Steps) -> float:
        """Take the steps of the first epoch of the rates; return the mean J."""
        problem, batches = self.problem, steps.batches
        X, Y, weights, size = data.X, data.Y, data.weights, batches.size
        # Python floats: a NumPy float64 would turn float32 arithmetic into float64.
        rates = steps.rates[0].tolist()
        at, slope = self._view(theta), self._view(self._grad)
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
                self._backpropagate(tile_X[batch], y, w, masks, raw[batch], at, slope)
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

    def _view(self, flat: Array) -> _Parameters:
        """Return a vector of all weights with its views."""
        return _Parameters(flat, *self.problem.architecture.views(flat))

    def _backpropagate(
        self,
        X: Any,
        Y: Array,
        weights: Array | None,
        masks: Sequence[Array | None] | None,
        raw: Array,
        at: _Parameters,
        grad: _Parameters,
    ) -> None:
        """Write raw outputs and the gradient of J.

        delta(L) = w / n dl/dz, delta(l) = (delta(l+1) W(l+1)^T) sigma'(z(l)),
        dJ/dW(l) = a(l-1)^T delta(l), dJ/db(l) = sum over rows of delta(l): the chain
        rule of the report's eqs. (8) and (9), layer by layer.
        """
        problem = self.problem
        n_rows, last = len(Y), len(at.Ws) - 1
        Zs, As, deltas = self._tile(n_rows)
        inputs = forward((at.Ws, at.bs), problem.activations, X, (Zs, As, raw), masks)

        delta = problem.loss.slope(raw, Y, deltas[last])
        if weights is None:
            delta *= 1.0 / n_rows
        else:
            delta *= (weights / weights.dtype.type(n_rows))[:, None]
        ones = self._ones[:n_rows]
        for layer in range(last, -1, -1):
            product(inputs[layer].T, delta, grad.Ws[layer])
            np.dot(ones, delta, out=grad.bs[layer])
            if layer == 0:
                break
            below, Z = deltas[layer - 1], Zs[layer - 1]
            np.dot(delta, at.Ws[layer].T, out=below)
            below *= problem.activations[layer - 1].slope(Z, As[layer - 1], Z)
            mask = masks[layer - 1] if masks else None
            if mask is not None:
                below *= mask
            delta = below
        if not problem.penalty.is_zero:
            n_weights = problem.architecture.n_weights
            problem.penalty.add_slope(
                at.flat[:n_weights], n_rows, grad.flat[:n_weights]
            )


def _weighted_sum(losses: Array, weights: Array | None) -> float:
    """Sum the rows' losses in float64."""
    if weights is None:
        return float(losses.sum(dtype=np.float64))
    return float(np.dot(weights.astype(np.float64), losses.astype(np.float64)))
