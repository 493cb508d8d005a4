"""Optimizers as rules with their state outside, learning-rate schedules, clipping.

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
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from perceptrons import _checks
from perceptrons.objective import Rule

Array = NDArray[np.floating[Any]]
State = dict[str, Any]


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


@dataclass(frozen=True)
class Progress:
    """Where training stands at the start of an epoch.

    Parameters
    ----------
    steps : ndarray of shape (steps of an epoch,)
        Numbers of this epoch's steps, counted from 0 over all training.
    steps_per_epoch : int
    total_steps : int
        Steps of a training of ``max_iter`` epochs.
    samples_seen : int
        Rows visited so far, scikit-learn's ``t_``.
    """

    steps: NDArray[np.intp]
    steps_per_epoch: int
    total_steps: int
    samples_seen: int


class Schedule(Protocol):
    """What training asks of a schedule."""

    def factors(self, progress: Progress) -> Array:
        """Return the factor on the learning rate of each step of the epoch."""
        ...


@dataclass(frozen=True)
class Constant:
    """The learning rate as it is."""

    def factors(self, progress: Progress) -> Array:
        """Return ones."""
        return np.ones(len(progress.steps))


@dataclass(frozen=True)
class InverseScaling:
    """eta / (t + 1)^power, t the rows visited before this epoch; as scikit-learn.

    Parameters
    ----------
    power : float >= 0, default=0.5
    """

    power: float = 0.5

    def __post_init__(self) -> None:
        """Check the power."""
        _checks.real("power", self.power, "0.5 is usual", low=0)

    def factors(self, progress: Progress) -> Array:
        """Return (t + 1)^-power for every step."""
        return np.full(len(progress.steps), (progress.samples_seen + 1) ** -self.power)


@dataclass(frozen=True)
class Adaptive:
    """Divide the rate each time training stops improving; as scikit-learn.

    Where other schedules end training (``n_iter_no_change`` epochs without an
    improvement by ``tol``), the rate is divided by ``divisor``, until it is at most
    ``smallest``.

    Parameters
    ----------
    divisor : float > 1, default=5.0
    smallest : float > 0, default=1e-6
    """

    divisor: float = 5.0
    smallest: float = 1e-6

    def __post_init__(self) -> None:
        """Check the settings."""
        _checks.real("divisor", self.divisor, "5 is usual", low=1, closed="neither")
        _checks.real(
            "smallest", self.smallest, "1e-6 is usual", low=0, closed="neither"
        )

    def factors(self, progress: Progress) -> Array:
        """Return ones: the loop divides, since only it knows the losses."""
        return np.ones(len(progress.steps))


@dataclass(frozen=True)
class Step:
    """Multiply the rate by ``factor`` every ``every`` epochs.

    Parameters
    ----------
    every : int >= 1, default=30
    factor : float in (0, 1], default=0.1
    """

    every: int = 30
    factor: float = 0.1

    def __post_init__(self) -> None:
        """Check the settings."""
        _checks.integer("every", self.every, 1, "it counts epochs")
        remedy = "0.1 is usual"
        _checks.real("factor", self.factor, remedy, low=0, high=1, closed="right")

    def factors(self, progress: Progress) -> Array:
        """Return factor^(epoch // every)."""
        drops = progress.steps // progress.steps_per_epoch // self.every
        return np.power(self.factor, drops.astype(np.float64))


@dataclass(frozen=True)
class Cosine:
    """Half a cosine from 1 to ``final`` (Loshchilov and Hutter 2017, eq. 5).

    Parameters
    ----------
    final : float in [0, 1], default=0.0
        Factor at the last step.
    """

    final: float = 0.0

    def __post_init__(self) -> None:
        """Check the final factor."""
        _checks.real("final", self.final, "0 is usual", low=0, high=1)

    def factors(self, progress: Progress) -> Array:
        """Return final + (1 - final) (1 + cos(pi t)) / 2, t from 0 to 1."""
        t = np.minimum(progress.steps / max(1, progress.total_steps - 1), 1.0)
        return _cosine(1.0, self.final, t)


@dataclass(frozen=True)
class OneCycle:
    """Up from ``start`` to 1 and down to ``final``, both by half a cosine.

    Smith and Topin (2018), in PyTorch's form without its momentum cycle: the
    estimator's rate is the peak.

    Parameters
    ----------
    warmup : float in (0, 1), default=0.3
        Share of the steps spent going up.
    start : float in (0, 1], default=0.04
        Factor at the first step.
    final : float in [0, 1], default=4e-6
        Factor at the last step.
    """

    warmup: float = 0.3
    start: float = 0.04
    final: float = 4e-6

    def __post_init__(self) -> None:
        """Check the settings."""
        remedy = "0.3 is usual"
        _checks.real("warmup", self.warmup, remedy, low=0, high=1, closed="neither")
        remedy = "0.04 is usual"
        _checks.real("start", self.start, remedy, low=0, high=1, closed="right")
        _checks.real("final", self.final, "4e-6 is usual", low=0, high=1)

    def factors(self, progress: Progress) -> Array:
        """Return the factors on the way up, then down."""
        last = max(1, progress.total_steps - 1)
        peak = min(max(self.warmup * progress.total_steps - 1.0, 0.0), last - 0.5)
        steps = progress.steps.astype(np.float64)
        up = np.clip(steps / peak, 0, 1) if peak > 0 else np.ones(len(steps))
        down = np.clip((steps - peak) / (last - peak), 0, 1)
        return np.where(
            steps <= peak,
            _cosine(self.start, 1.0, up),
            _cosine(1.0, self.final, down),
        )


@dataclass(frozen=True)
class WarmUp:
    """Up from 0 in a straight line over the first epochs, then another schedule.

    Parameters
    ----------
    epochs : int >= 1, default=5
    then : schedule, default=Constant()
        Its factors apply throughout, the line multiplies them.
    """

    epochs: int = 5
    then: Schedule = Constant()

    def __post_init__(self) -> None:
        """Check the number of epochs."""
        _checks.integer("epochs", self.epochs, 1, "it counts epochs of warm-up")
        if isinstance(self.then, Adaptive):
            raise ValueError(
                "then must not be Adaptive, which acts on losses and not on steps; "
                "use Cosine() or Step()."
            )

    def factors(self, progress: Progress) -> Array:
        """Return min(1, (t + 1) / warm-up steps) times the other factors."""
        ramp = (progress.steps + 1) / (self.epochs * progress.steps_per_epoch)
        return np.minimum(ramp, 1.0) * self.then.factors(progress)


def _cosine(first: float, last: float, t: Array) -> Array:
    """Return half a cosine from first (t = 0) to last (t = 1)."""
    factors: Array = last + (first - last) * (1.0 + np.cos(np.pi * t)) / 2.0
    return factors


SCHEDULES: dict[str, Schedule] = {
    "constant": Constant(),
    "invscaling": InverseScaling(),
    "adaptive": Adaptive(),
    "step": Step(),
    "cosine": Cosine(),
    "one_cycle": OneCycle(),
    "warm_up": WarmUp(),
}


@dataclass(frozen=True)
class NormClipping:
    """Shorten the gradient of each group to a norm of at most ``limit``.

    g <- g limit / norm(g) where norm(g) > limit (Pascanu et al. 2013, algorithm 1).

    Parameters
    ----------
    limit : float > 0
    groups : sequence of sequence of slice
        Parts of the gradient whose norm is taken together: everything, or the
        weights and biases of each layer.
    """

    limit: float
    groups: Sequence[Sequence[slice]]

    def apply(self, grad: Array) -> None:
        """Shorten the gradient, in place."""
        for group in self.groups:
            square = sum(float(np.dot(grad[part], grad[part])) for part in group)
            norm = math.sqrt(square)
            if norm > self.limit:
                for part in group:
                    grad[part] *= self.limit / norm
