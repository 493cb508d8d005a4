"""What a library is given: one network, its rows, its first weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Layers = list[tuple[Array, Array]]  # weights (n_in, n_out) and biases of each layer

LEAK = 0.01

Activation = Literal["sigmoid", "relu", "leaky_relu"]


@dataclass(frozen=True)
class Network:
    """A network and how it is trained; a batch of 0 rows means all of them."""

    hidden: tuple[int, ...]
    activation: Activation = "sigmoid"
    rule: Literal["adam", "gd"] = "adam"
    learning_rate: float = 0.01
    betas: tuple[float, float] = (0.9, 0.99)
    batch: int = 20
    l1: float = 0.0
    l2: float = 0.0

    def sizes(self, n_features: int, n_outputs: int) -> tuple[int, ...]:
        """Return the widths of all layers."""
        return (n_features, *self.hidden, n_outputs)

    def flops(self, n_features: int, n_outputs: int) -> int:
        """Return the work of one row in one epoch.

        6 x weights: a product and a sum each forwards, for the gradient by the
        weights and for that by the inputs, which the first layer does not need.
        """
        sizes = self.sizes(n_features, n_outputs)
        weights = [m * n for m, n in pairwise(sizes)]
        return 6 * sum(weights) - 2 * weights[0]


@dataclass(frozen=True)
class Task:
    """One network to train, or to predict with; ``layers`` are its first weights.

    X and y have the type of number to compute in; ``seed`` orders the batches.
    """

    network: Network
    layers: Layers = field(repr=False)
    X: Array = field(repr=False)
    y: Array = field(repr=False)
    epochs: int
    threads: int
    seed: int = 0

    @property
    def classifies(self) -> bool:
        """Tell whether y holds classes."""
        return self.y.dtype.kind == "i"

    @property
    def batch(self) -> int:
        """Return the rows of a step."""
        return self.network.batch or len(self.X)


@dataclass(frozen=True)
class Fitted:
    """What training one network left.

    ``costs`` holds, for every epoch, the mean cost of its rows, each before the step
    of its batch; ``by`` names what computed it, with its version.
    """

    layers: Layers
    costs: Sequence[float]
    by: str


@dataclass(frozen=True)
class Trained:
    """Final weights of each network, and the seconds of compiling inside the call.

    None stands for weights that must not be compared, because the library has no
    such activation or penalty and trained the nearest it has.
    """

    networks: Sequence[Layers | None]
    compile_seconds: float = 0.0


Training = Callable[[], Trained]


def initial_layers(sizes: Sequence[int], seed: int) -> Layers:
    """Return weights uniform within Glorot's bounds, and biases of zero."""
    rng = np.random.default_rng(seed)
    layers = []
    for n_in, n_out in pairwise(sizes):
        bound = np.sqrt(6.0 / (n_in + n_out))
        W = rng.uniform(-bound, bound, (n_in, n_out)).astype(np.float32)
        layers.append((W, np.zeros(n_out, np.float32)))
    return layers


def raw_outputs(network: Network, layers: Layers, X: Array) -> Array:
    """Return what the network puts out, before any link, in X's dtype."""
    A = X
    for W, b in layers[:-1]:
        Z = A @ W.astype(X.dtype) + b.astype(X.dtype)
        if network.activation == "sigmoid":
            A = 0.5 + 0.5 * np.tanh(0.5 * Z)
        else:
            slope = 0.0 if network.activation == "relu" else LEAK
            A = np.where(Z > 0, Z, slope * Z)
    W, b = layers[-1]
    return np.asarray(A @ W.astype(X.dtype) + b.astype(X.dtype))


def loss(network: Network, layers: Layers, X: Array, y: Array) -> float:
    """Return the mean loss of the rows without penalty: one judge for every library."""
    with np.errstate(all="ignore"):
        raw = raw_outputs(network, layers, X).astype(np.float64)
        if y.dtype.kind == "i":
            raw -= raw.max(axis=1, keepdims=True)
            chosen = raw[np.arange(len(y)), y]
            return float(np.mean(np.log(np.exp(raw).sum(axis=1)) - chosen))
        return float(0.5 * np.mean(np.square(raw[:, 0] - y)))
