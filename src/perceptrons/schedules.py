"""Schedules: the course of the learning rate, as factors on it, step by step.

A schedule is a frozen record with ``factors(progress)``, one factor for every step of
the epoch that begins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from perceptrons import _checks

Array = NDArray[np.floating[Any]]


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
        if not callable(getattr(self.then, "factors", None)):
            raise TypeError(
                f"then must be a schedule such as Cosine(), got {self.then!r}."
            )
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
