"""The network: its architecture, the layout of theta, initial weights, forward pass.

All parameters live in one flat vector theta: first every weight matrix, row by row,
layer after layer, then every bias vector. A layer is a view into it, so optimizers
are vector arithmetic and the penalized part is one slice, ``theta[:n_weights]``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from perceptrons import _checks
from perceptrons.activations import Activation, Identity, Sigmoid

Array = NDArray[np.floating[Any]]

# Rows are visited by tiles of about this many values: 1 MB in float32, so that a tile
# stays in the processor's second-level cache.
TILE_VALUES = 2**18


@dataclass(frozen=True)
class Architecture:
    """Sizes of all layers, from features to outputs, and what follows from them.

    Parameters
    ----------
    sizes : tuple of int
        (d, width of each hidden layer, K); at least two entries.
    """

    sizes: tuple[int, ...]

    @property
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """(n_in, n_out) of each layer of weights."""
        return tuple(pairwise(self.sizes))

    @property
    def n_layers(self) -> int:
        """Number of layers of weights, hidden and output."""
        return len(self.sizes) - 1

    @property
    def n_weights(self) -> int:
        """Number of weights, biases left out."""
        return sum(n_in * n_out for n_in, n_out in self.shapes)

    @property
    def n_parameters(self) -> int:
        """Length of theta."""
        return self.n_weights + sum(self.sizes[1:])

    @property
    def slices(self) -> tuple[list[slice], list[slice]]:
        """Where the weights and the biases of each layer lie in theta."""
        weights, biases = [], []
        start = 0
        for n_in, n_out in self.shapes:
            weights.append(slice(start, start + n_in * n_out))
            start += n_in * n_out
        for n_out in self.sizes[1:]:
            biases.append(slice(start, start + n_out))
            start += n_out
        return weights, biases

    def views(self, theta: Array) -> tuple[list[Array], list[Array]]:
        """Return the weight matrices (n_in, n_out) and biases (n_out,) in theta."""
        weights, biases = self.slices
        matrices = [
            theta[where].reshape(shape)
            for where, shape in zip(weights, self.shapes, strict=True)
        ]
        return matrices, [theta[where] for where in biases]

    def pack(
        self, coefs: Sequence[Any], intercepts: Sequence[Any], dtype: Any
    ) -> Array:
        """Return a new theta that holds these weights and biases.

        Parameters
        ----------
        coefs : sequence of array of shape (n_in, n_out)
        intercepts : sequence of array of shape (n_out,)
        dtype : dtype
            Of the result.

        Raises
        ------
        ValueError
            If a shape is not the architecture's.
        """
        theta = np.empty(self.n_parameters, dtype)
        matrices, vectors = self.views(theta)
        given = (("coefs", coefs, matrices), ("intercepts", intercepts, vectors))
        for name, arrays, targets in given:
            shapes = [np.shape(array) for array in arrays]
            expected = [target.shape for target in targets]
            if shapes != expected:
                raise ValueError(
                    f"{name} must have the shapes {expected}, got {shapes}; they "
                    f"belong to layers of sizes {self.sizes}."
                )
            for target, array in zip(targets, arrays, strict=True):
                target[...] = array
        return theta


def _uniform(
    numerator: float, fan: str
) -> Callable[[np.random.Generator, int, int], tuple[Array, Array]]:
    """Return a rule that draws weights uniformly within sqrt(numerator / fan)."""

    def draw(rng: np.random.Generator, n_in: int, n_out: int) -> tuple[Array, Array]:
        bound = math.sqrt(numerator / _fan(fan, n_in, n_out))
        return rng.uniform(-bound, bound, (n_in, n_out)), np.zeros(n_out)

    return draw


def _normal(
    numerator: float, fan: str
) -> Callable[[np.random.Generator, int, int], tuple[Array, Array]]:
    """Return a rule that draws weights from N(0, numerator / fan)."""

    def draw(rng: np.random.Generator, n_in: int, n_out: int) -> tuple[Array, Array]:
        scale = math.sqrt(numerator / _fan(fan, n_in, n_out))
        return rng.normal(0.0, scale, (n_in, n_out)), np.zeros(n_out)

    return draw


def _fan(fan: str, n_in: int, n_out: int) -> int:
    """Return the number of connections a rule divides by."""
    return n_in if fan == "in" else n_in + n_out


def _standard_normal(
    rng: np.random.Generator, n_in: int, n_out: int
) -> tuple[Array, Array]:
    """Draw weights and biases from N(0, 1): section III.A of the report."""
    return rng.standard_normal((n_in, n_out)), rng.standard_normal(n_out)


INITIALIZERS: dict[
    str, Callable[[np.random.Generator, int, int], tuple[Array, Array]]
] = {
    "standard_normal": _standard_normal,
    # Glorot and Bengio (2010), eq. 16, and the normal of equal variance.
    "glorot_uniform": _uniform(6.0, "sum"),
    "glorot_normal": _normal(2.0, "sum"),
    # He et al. (2015), eq. 10.
    "he_uniform": _uniform(6.0, "in"),
    "he_normal": _normal(2.0, "in"),
    # LeCun et al. (1998), eq. 16.
    "lecun_uniform": _uniform(3.0, "in"),
    "lecun_normal": _normal(1.0, "in"),
}


def _scikit_learn(
    rng: np.random.Generator, n_in: int, n_out: int, activation: Activation
) -> tuple[Array, Array]:
    """Draw weights and biases within scikit-learn's bounds for this activation."""
    factor = 2.0 if isinstance(activation, Sigmoid) else 6.0
    bound = math.sqrt(factor / (n_in + n_out))
    return (
        rng.uniform(-bound, bound, (n_in, n_out)),
        rng.uniform(-bound, bound, n_out),
    )


def initialize(
    architecture: Architecture,
    activations: Sequence[Activation],
    init: Any,
    rng: np.random.Generator,
    dtype: Any,
) -> Array:
    """Return a first theta.

    Parameters
    ----------
    architecture : Architecture
    activations : sequence of Activation
        One per hidden layer.
    init : str or (coefs, intercepts)
        A name of ``INITIALIZERS``; "auto", scikit-learn's rule: weights and biases
        uniform within sqrt(f / (n_in + n_out)), f = 2 for the sigmoid and 6
        otherwise, the output layer taken with the last hidden layer's activation; or
        the weights and biases themselves.
    rng : Generator
        Drawn from layer by layer, weights before biases, in float64.
    dtype : dtype
        Of the result.

    Raises
    ------
    ValueError
        For an unknown name, or weights of other shapes or not finite.
    """
    if isinstance(init, str):
        _checks.choice("init", init, ["auto", *INITIALIZERS])
        return _draw(architecture, activations, init, rng, dtype)
    try:
        coefs, intercepts = init
    except (TypeError, ValueError):
        raise TypeError(
            "init must be a name or the pair (coefs, intercepts), got "
            f"{type(init).__name__}; the names are auto, {', '.join(INITIALIZERS)}."
        ) from None
    with np.errstate(over="ignore"):
        theta = architecture.pack(coefs, intercepts, dtype)
    if np.isinf(theta).any() and all(
        np.isfinite(a).all() for a in [*coefs, *intercepts]
    ):
        raise ValueError(
            f"init holds values beyond {np.finfo(dtype).max:.2g}, the largest "
            f'{np.dtype(dtype)} number: scale them, or set dtype="float64".'
        )
    if not np.all(np.isfinite(theta)):
        raise ValueError(
            "init must hold finite weights and biases, got NaN or infinity; "
            'a name such as "auto" draws them.'
        )
    return theta


def _draw(
    architecture: Architecture,
    activations: Sequence[Activation],
    init: str,
    rng: np.random.Generator,
    dtype: Any,
) -> Array:
    """Return a theta drawn by a rule; see :func:`initialize`."""
    # Made first: where it does not fit into memory, nothing is drawn in vain.
    theta = np.empty(architecture.n_parameters, dtype)
    last: Activation = activations[-1] if activations else Identity()
    for W, b, activation in zip(
        *architecture.views(theta), [*activations, last], strict=True
    ):
        n_in, n_out = W.shape
        if init == "auto":
            W[...], b[...] = _scikit_learn(rng, n_in, n_out, activation)
        else:
            W[...], b[...] = INITIALIZERS[init](rng, n_in, n_out)
    return theta


def product(A: Any, B: Array, out: Array) -> None:
    """Write the matrix product A B into out; A may be sparse."""
    if issparse(A):
        out[...] = A @ B
    else:
        np.dot(A, B, out=out)


def forward(
    views: tuple[Sequence[Array], Sequence[Array]],
    activations: Sequence[Activation],
    X: Any,
    buffers: tuple[Sequence[Array], Sequence[Array], Array],
    masks: Sequence[Array | None] | None = None,
) -> list[Any]:
    """Forward pass: z(l) = a(l-1) W(l) + b(l), a(l) = sigma(z(l)), eqs. (1) and (2).

    Parameters
    ----------
    views : pair of sequence of ndarray
        Weights and biases of each layer.
    activations : sequence of Activation
        One per hidden layer.
    X : {ndarray, sparse matrix} of shape (n, d), of the weights' dtype
    buffers : (Zs, As, raw)
        Overwritten: z and a of each hidden layer, of shape (n, width), which may be the
        same; and the raw outputs of shape (n, K).
    masks : sequence of (ndarray of shape (n, width) or None), default=None
        Dropout factors of each hidden layer.

    Returns
    -------
    list
        What each layer reads: X, then the activations after dropout.
    """
    (Ws, bs), (Zs, As, raw) = views, buffers
    inputs = [X]
    for layer, activation in enumerate(activations):
        Z, A = Zs[layer], As[layer]
        product(inputs[layer], Ws[layer], Z)
        Z += bs[layer]
        activation.value(Z, A)
        mask = masks[layer] if masks else None
        inputs.append(A if mask is None else A * mask)
    product(inputs[-1], Ws[-1], raw)
    raw += bs[-1]
    return inputs


def layer_outputs(
    architecture: Architecture,
    activations: Sequence[Activation],
    theta: Array,
    X: Any,
) -> list[Array]:
    """Return the outputs of every hidden layer, then the raw outputs.

    Parameters
    ----------
    theta : ndarray of shape (P,)
    X : {ndarray, sparse matrix} of shape (n, d), of theta's dtype

    Returns
    -------
    list of ndarray of shape (n, width), the last of shape (n, K)
    """
    outputs = [np.empty((X.shape[0], n), theta.dtype) for n in architecture.sizes[1:]]
    hidden = outputs[:-1]
    buffers = (hidden, hidden, outputs[-1])
    forward(architecture.views(theta), activations, X, buffers)
    return outputs


def raw_outputs(
    architecture: Architecture,
    activations: Sequence[Activation],
    theta: Array,
    X: Any,
) -> Array:
    """Return the raw outputs of shape (n, K), keeping no hidden layer.

    Parameters as in :func:`layer_outputs`; rows are taken tile by tile, so memory
    stays bounded and a tile stays in the processor's cache.
    """
    rows = max(1, TILE_VALUES // max(architecture.sizes))
    raw = np.empty((X.shape[0], architecture.sizes[-1]), theta.dtype)
    for start in range(0, X.shape[0], rows):
        tile = slice(start, start + rows)
        raw[tile] = layer_outputs(architecture, activations, theta, X[tile])[-1]
    return raw
