"""Derivatives of every output, row by row: by the features, and by the weights.

Both go back through the layers as in eqs. 5.55 and 5.74 of Bishop (2006): an output's
derivative by a layer's z is that of the next layer, through its weights, times the
activation's slope.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from perceptrons.network import forward
from perceptrons.objective import Problem

Array = NDArray[np.floating[Any]]


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
    weights = problem.architecture.views(theta)[0]
    _, slopes, raw = _pass(problem, theta, X)
    link = problem.loss.link
    jacobian = link.jacobian(link.value(raw))
    gradient = np.empty((len(X), raw.shape[1], X.shape[1]), X.dtype)
    for k in range(raw.shape[1]):
        delta = jacobian[:, k, :] @ weights[-1].T
        for layer in range(len(slopes) - 1, -1, -1):
            delta = (delta * slopes[layer]) @ weights[layer].T
        gradient[:, k, :] = delta
    return gradient


def weight_gradient(problem: Problem, theta: Array, X: Array) -> Array:
    """Return the derivative of every raw output by every weight and bias.

    Parameters
    ----------
    problem : Problem
    theta : ndarray of shape (P,)
    X : ndarray of shape (n, d)

    Returns
    -------
    ndarray of shape (n, K, P)
        d z_k / d theta_p: n K P numbers, so give few rows at a time.
    """
    architecture = problem.architecture
    weights = architecture.views(theta)[0]
    inputs, slopes, raw = _pass(problem, theta, X)
    places = list(zip(*architecture.slices, strict=True))
    n_rows, n_outputs = raw.shape
    gradient = np.empty((n_rows, n_outputs, len(theta)), theta.dtype)
    for k in range(n_outputs):
        delta = np.zeros_like(raw)
        delta[:, k] = 1.0
        for layer in range(architecture.n_layers - 1, -1, -1):
            of_weights, of_biases = places[layer]
            products = inputs[layer][:, :, None] * delta[:, None, :]
            gradient[:, k, of_weights] = products.reshape(n_rows, -1)
            gradient[:, k, of_biases] = delta
            if layer:
                delta = (delta @ weights[layer].T) * slopes[layer - 1]
    return gradient


def _pass(
    problem: Problem, theta: Array, X: Array
) -> tuple[list[Array], list[Array], Array]:
    """Return the inputs of each layer, the slope of each hidden one, raw outputs."""
    architecture = problem.architecture
    Zs, As, (raw,) = [
        [np.empty((len(X), width), theta.dtype) for width in widths]
        for widths in (*[architecture.sizes[1:-1]] * 2, architecture.sizes[-1:])
    ]
    forward(architecture.views(theta), problem.activations, X, (Zs, As, raw))
    slopes = [
        activation.slope(Z, A, Z)
        for activation, Z, A in zip(problem.activations, Zs, As, strict=True)
    ]
    return [X, *As], slopes, raw
