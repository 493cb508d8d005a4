"""Optimizers as rules with their state outside.

A rule is a frozen record of settings with

``init(theta) -> state``
    A dict of arrays and counters, allocated once.
``step(theta, grad, state, learning_rate)``
    One update of theta and state, in place.

A rule never prints, never stops training and never edits its settings. Its own
``learning_rate``, if not None, is used instead of the estimator's
``learning_rate_init``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from perceptrons import _checks

Array = NDArray[np.floating[Any]]
State = dict[str, Any]


class Rule(Protocol):
    """The seam: what an epoch asks of an optimizer."""

    def init(self, theta: Array) -> State:
        """Return the state before the first step."""
        ...

    def step(
        self, theta: Array, grad: Array, state: State, learning_rate: float
    ) -> None:
        """Advance theta and state, in place."""
        ...


def _check_rate(learning_rate: float | None) -> None:
    """Check the learning rate of a rule."""
    if learning_rate is not None:
        remedy = "None takes learning_rate_init"
        _checks.real("learning_rate", learning_rate, remedy, low=0, closed="neither")


def _check_fraction(name: str, value: float, usual: str) -> None:
    """Check a decay in [0, 1)."""
    _checks.real(name, value, f"{usual} is usual", low=0, high=1, closed="left")


def _check_epsilon(epsilon: float) -> None:
    """Check the constant that keeps a division safe."""
    _checks.real("epsilon", epsilon, "1e-8 is usual", low=0, closed="neither")


@dataclass(frozen=True)
class GradientDescent:
    """Plain gradient descent: theta <- theta - eta g, eq. (22) of the report.

    As a record it steps batch by batch; the name "gd" means all rows in every step.

    Parameters
    ----------
    learning_rate : float > 0 or None, default=None
    """

    learning_rate: float | None = None

    code: ClassVar[int] = 0

    def __post_init__(self) -> None:
        """Check the settings."""
        _check_rate(self.learning_rate)

    def init(self, theta: Array) -> State:
        """Return room for the update."""
        return {"scratch": np.empty_like(theta)}

    def step(
        self, theta: Array, grad: Array, state: State, learning_rate: float
    ) -> None:
        """Advance theta, in place."""
        theta -= np.multiply(grad, learning_rate, out=state["scratch"])


@dataclass(frozen=True)
class Momentum:
    """Descent with momentum: v <- mu v - eta g; theta <- theta + v (Polyak 1964).

    With ``nesterov``: theta <- theta + mu v - eta g (Sutskever et al. 2013, in the
    form scikit-learn and PyTorch use).

    Parameters
    ----------
    momentum : float in [0, 1], default=0.9
        The mu above.
    nesterov : bool, default=True
    learning_rate : float > 0 or None, default=None
    """

    momentum: float = 0.9
    nesterov: bool = True
    learning_rate: float | None = None

    code: ClassVar[int] = 1

    def __post_init__(self) -> None:
        """Check the settings."""
        _checks.real("momentum", self.momentum, "0.9 is usual", low=0, high=1)
        _checks.boolean("nesterov", self.nesterov)
        _check_rate(self.learning_rate)

    def init(self, theta: Array) -> State:
        """Return a velocity of zero."""
        return {"velocity": np.zeros_like(theta), "scratch": np.empty_like(theta)}

    def step(
        self, theta: Array, grad: Array, state: State, learning_rate: float
    ) -> None:
        """Advance theta and the velocity, in place."""
        velocity = state["velocity"]
        descent = np.multiply(grad, learning_rate, out=state["scratch"])
        velocity *= self.momentum
        velocity -= descent
        if self.nesterov:
            theta -= descent
            theta += np.multiply(velocity, self.momentum, out=descent)
        else:
            theta += velocity


@dataclass(frozen=True)
class AdaGrad:
    """AdaGrad (Duchi et al. 2011).

    G <- G + g^2; theta <- theta - eta g / (sqrt(G) + epsilon), epsilon outside the
    root, as in PyTorch.

    Parameters
    ----------
    epsilon : float > 0, default=1e-10
    learning_rate : float > 0 or None, default=None
    """

    epsilon: float = 1e-10
    learning_rate: float | None = None

    code: ClassVar[int] = 2

    def __post_init__(self) -> None:
        """Check the settings."""
        _check_epsilon(self.epsilon)
        _check_rate(self.learning_rate)

    def init(self, theta: Array) -> State:
        """Return a sum of squares of zero."""
        return {"square_sum": np.zeros_like(theta), "scratch": np.empty_like(theta)}

    def step(
        self, theta: Array, grad: Array, state: State, learning_rate: float
    ) -> None:
        """Advance theta and the sum of squares, in place."""
        scratch = np.multiply(grad, grad, out=state["scratch"])
        square_sum = state["square_sum"]
        square_sum += scratch
        np.sqrt(square_sum, out=scratch)
        scratch += self.epsilon
        np.divide(grad, scratch, out=scratch)
        scratch *= learning_rate
        theta -= scratch


@dataclass(frozen=True)
class RMSProp:
    """RMSProp (Hinton): eqs. (23) and (24) of the report.

    G <- decay G + (1 - decay) g^2; theta <- theta - eta g / (sqrt(G) + epsilon).
    Epsilon stands outside the root, as in PyTorch; the report and Keras print it
    inside.

    Parameters
    ----------
    decay : float in [0, 1), default=0.9
    epsilon : float > 0, default=1e-8
    learning_rate : float > 0 or None, default=None
    """

    decay: float = 0.9
    epsilon: float = 1e-8
    learning_rate: float | None = None

    code: ClassVar[int] = 3

    def __post_init__(self) -> None:
        """Check the settings."""
        _check_fraction("decay", self.decay, "0.9")
        _check_epsilon(self.epsilon)
        _check_rate(self.learning_rate)

    def init(self, theta: Array) -> State:
        """Return a mean square of zero."""
        return {"mean_square": np.zeros_like(theta), "scratch": np.empty_like(theta)}

    def step(
        self, theta: Array, grad: Array, state: State, learning_rate: float
    ) -> None:
        """Advance theta and the mean square, in place."""
        scratch = np.multiply(grad, grad, out=state["scratch"])
        scratch *= 1.0 - self.decay
        mean_square = state["mean_square"]
        mean_square *= self.decay
        mean_square += scratch
        np.sqrt(mean_square, out=scratch)
        scratch += self.epsilon
        np.divide(grad, scratch, out=scratch)
        scratch *= learning_rate
        theta -= scratch


@dataclass(frozen=True)
class Adam:
    """Adam (Kingma and Ba 2015, algorithm 1): eqs. (25) to (27) of the report.

    m <- b1 m + (1 - b1) g; v <- b2 v + (1 - b2) g^2;
    theta <- theta - eta m^ / (sqrt(v^) + epsilon), m^ = m / (1 - b1^t),
    v^ = v / (1 - b2^t).

    Epsilon stands outside the root and is added to the corrected moment, as in
    PyTorch. The report's eq. (28) prints it inside the root and without the hats;
    scikit-learn and Keras add it to the uncorrected root, so their epsilon at step t
    is ours times sqrt(1 - b2^t).

    Parameters
    ----------
    beta_1 : float in [0, 1), default=0.9
    beta_2 : float in [0, 1), default=0.999
    epsilon : float > 0, default=1e-8
    learning_rate : float > 0 or None, default=None
    """

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    learning_rate: float | None = None

    code: ClassVar[int] = 4

    def __post_init__(self) -> None:
        """Check the settings."""
        _check_fraction("beta_1", self.beta_1, "0.9")
        _check_fraction("beta_2", self.beta_2, "0.999")
        _check_epsilon(self.epsilon)
        _check_rate(self.learning_rate)

    def init(self, theta: Array) -> State:
        """Return moments of zero and a step count of zero."""
        return _adam_state(theta)

    def step(
        self, theta: Array, grad: Array, state: State, learning_rate: float
    ) -> None:
        """Advance theta, the moments and the step count, in place."""
        betas = (self.beta_1, self.beta_2)
        _adam_step(theta, grad, state, learning_rate, betas, self.epsilon)


@dataclass(frozen=True)
class AdamW:
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019, algorithm 2).

    theta <- (1 - eta weight_decay) theta, then Adam's step. All parameters decay,
    biases too, as in the paper and in PyTorch.

    Parameters
    ----------
    weight_decay : float >= 0, default=0.01
    beta_1, beta_2, epsilon, learning_rate : as in :class:`Adam`
    """

    weight_decay: float = 0.01
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    learning_rate: float | None = None

    code: ClassVar[int] = 5

    def __post_init__(self) -> None:
        """Check the settings."""
        _checks.real("weight_decay", self.weight_decay, "0.01 is usual", low=0)
        _check_fraction("beta_1", self.beta_1, "0.9")
        _check_fraction("beta_2", self.beta_2, "0.999")
        _check_epsilon(self.epsilon)
        _check_rate(self.learning_rate)

    def init(self, theta: Array) -> State:
        """Return Adam's state."""
        return _adam_state(theta)

    def step(
        self, theta: Array, grad: Array, state: State, learning_rate: float
    ) -> None:
        """Advance theta and the state, in place."""
        theta *= 1.0 - learning_rate * self.weight_decay
        betas = (self.beta_1, self.beta_2)
        _adam_step(theta, grad, state, learning_rate, betas, self.epsilon)


def _adam_state(theta: Array) -> State:
    """Return the state of Adam and AdamW before the first step."""
    return {
        "mean": np.zeros_like(theta),
        "mean_square": np.zeros_like(theta),
        "step": 0,
        "scratch": np.empty_like(theta),
    }


def _adam_step(
    theta: Array,
    grad: Array,
    state: State,
    learning_rate: float,
    betas: tuple[float, float],
    epsilon: float,
) -> None:
    """Take one step of Adam, in place."""
    beta_1, beta_2 = betas
    state["step"] = t = state["step"] + 1
    mean, mean_square, scratch = state["mean"], state["mean_square"], state["scratch"]
    mean *= beta_1
    mean += np.multiply(grad, 1.0 - beta_1, out=scratch)
    np.multiply(grad, grad, out=scratch)
    scratch *= 1.0 - beta_2
    mean_square *= beta_2
    mean_square += scratch
    # Both corrections as two scalars, c = sqrt(1 - b2^t):
    # eta m^ / (sqrt(v^) + e) = eta c / (1 - b1^t) m / (sqrt(v) + c e).
    root_correction = math.sqrt(1.0 - beta_2**t)
    np.sqrt(mean_square, out=scratch)
    scratch += epsilon * root_correction
    np.divide(mean, scratch, out=scratch)
    scratch *= learning_rate * root_correction / (1.0 - beta_1**t)
    theta -= scratch


OPTIMIZERS: dict[str, Rule] = {
    "gd": GradientDescent(),
    "sgd": Momentum(),
    "adagrad": AdaGrad(),
    "rmsprop": RMSProp(),
    "adam": Adam(),
    "adamw": AdamW(),
}
