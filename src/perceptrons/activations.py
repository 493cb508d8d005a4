"""Activations of hidden layers: value and slope, one record each.

The output layer has none: identity, logistic, exponential and softmax outputs
belong to the loss (see :mod:`perceptrons.losses`).

Every record offers

``value(z, out)``
    Write the activation of ``z`` into ``out``; ``out`` may be ``z`` itself.
``slope(z, a, out)``
    Write the derivative at ``z`` into ``out``, given ``a = value(z)``; ``out`` may
    be ``z`` itself, but not ``a``.

with ``z``, ``a`` and ``out`` arrays of one shape and dtype. ``code`` is the number a
compiled engine knows the formula by; a record without one runs on NumPy only.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtr

from perceptrons import _checks

Array = NDArray[np.floating[Any]]


class Activation(Protocol):
    """The seam: what a hidden layer asks of its activation."""

    def value(self, z: Array, out: Array) -> Array:
        """Write the activation of z into out."""
        ...

    def slope(self, z: Array, a: Array, out: Array) -> Array:
        """Write the derivative at z into out, given a = value(z)."""
        ...


@dataclass(frozen=True)
class Identity:
    """a = z; its slope is 1."""

    code: ClassVar[int] = 0

    def value(self, z: Array, out: Array) -> Array:
        """Copy z into out."""
        out[...] = z
        return out

    def slope(self, z: Array, a: Array, out: Array) -> Array:
        """Fill out with ones."""
        out.fill(1.0)
        return out


@dataclass(frozen=True)
class Sigmoid:
    """The logistic function a = 1 / (1 + exp(-z)); its slope is a (1 - a).

    Equation (19) of the report; "logistic" in scikit-learn.
    """

    code: ClassVar[int] = 1

    def value(self, z: Array, out: Array) -> Array:
        """Write 1 / (1 + exp(-z)) into out."""
        expit(z, out=out)
        return out

    def slope(self, z: Array, a: Array, out: Array) -> Array:
        """Write a (1 - a) into out."""
        np.subtract(1.0, a, out=out)
        out *= a
        return out


@dataclass(frozen=True)
class Tanh:
    """a = tanh(z); its slope is 1 - a^2."""

    code: ClassVar[int] = 2

    def value(self, z: Array, out: Array) -> Array:
        """Write tanh(z) into out."""
        np.tanh(z, out=out)
        return out

    def slope(self, z: Array, a: Array, out: Array) -> Array:
        """Write 1 - a^2 into out."""
        np.multiply(a, a, out=out)
        np.subtract(1.0, out, out=out)
        return out


@dataclass(frozen=True)
class ReLU:
    """a = max(0, z); its slope is 0 for z <= 0, else 1.

    Equation (20) of the report, which leaves the slope at 0 open: 0 here, as in
    scikit-learn and PyTorch.
    """

    code: ClassVar[int] = 3

    def value(self, z: Array, out: Array) -> Array:
        """Write max(0, z) into out."""
        np.maximum(z, 0.0, out=out)
        return out

    def slope(self, z: Array, a: Array, out: Array) -> Array:
        """Write 1 where z > 0, else 0, into out."""
        np.greater(z, 0.0, out=out)
        return out


@dataclass(frozen=True)
class LeakyReLU:
    """a = max(alpha z, z); its slope is alpha for z <= 0, else 1.

    Equation (21) of the report, which leaves the slope at 0 open: alpha here, as in
    PyTorch.

    Parameters
    ----------
    alpha : float in [0, 1), default=0.01
        Slope for negative z.

    Raises
    ------
    ValueError
        If alpha is outside [0, 1).
    """

    alpha: float = 0.01

    code: ClassVar[int] = 4

    def __post_init__(self) -> None:
        """Check alpha."""
        remedy = "0.01 is usual"
        _checks.real("alpha", self.alpha, remedy, low=0.0, high=1.0, closed="left")

    def value(self, z: Array, out: Array) -> Array:
        """Write max(alpha z, z) into out."""
        np.maximum(z, self.alpha * z, out=out)
        return out

    def slope(self, z: Array, a: Array, out: Array) -> Array:
        """Write 1 where z > 0, else alpha, into out."""
        np.greater(z, 0.0, out=out)
        np.maximum(out, self.alpha, out=out)
        return out


@dataclass(frozen=True)
class ELU:
    """a = z for z > 0, else alpha (exp(z) - 1) (Clevert et al. 2016, eq. 15).

    Its slope is 1 for z > 0, else a + alpha.

    Parameters
    ----------
    alpha : float > 0, default=1.0
        Minus the limit for z to minus infinity.

    Raises
    ------
    ValueError
        If alpha is not positive.
    """

    alpha: float = 1.0

    code: ClassVar[int] = 5

    def __post_init__(self) -> None:
        """Check alpha."""
        _checks.real("alpha", self.alpha, "1.0 is usual", low=0.0, closed="neither")

    def value(self, z: Array, out: Array) -> Array:
        """Write z or alpha (exp(z) - 1) into out."""
        negative = np.expm1(np.minimum(z, 0.0))
        negative *= self.alpha
        np.maximum(z, 0.0, out=out)
        out += negative
        return out

    def slope(self, z: Array, a: Array, out: Array) -> Array:
        """Write 1 or a + alpha into out."""
        positive = z > 0.0
        np.add(a, self.alpha, out=out)
        out[positive] = 1.0
        return out


@dataclass(frozen=True)
class SELU:
    """Self-normalizing ELU: a = s z for z > 0, else s alpha (exp(z) - 1).

    Klambauer et al. (2017), eq. 2; s and alpha make zero mean and unit variance a
    fixed point. Its slope is s for z > 0, else a + s alpha.
    """

    code: ClassVar[int] = 6

    # Klambauer et al. (2017), eq. 14: the solution of the fixed-point equations.
    SCALE: ClassVar[float] = 1.0507009873554804934193349852946
    ALPHA: ClassVar[float] = 1.6732632423543772848170429916717

    def value(self, z: Array, out: Array) -> Array:
        """Write s z or s alpha (exp(z) - 1) into out."""
        negative = np.expm1(np.minimum(z, 0.0))
        negative *= self.SCALE * self.ALPHA
        np.maximum(z, 0.0, out=out)
        out *= self.SCALE
        out += negative
        return out

    def slope(self, z: Array, a: Array, out: Array) -> Array:
        """Write s or a + s alpha into out."""
        positive = z > 0.0
        np.add(a, self.SCALE * self.ALPHA, out=out)
        out[positive] = self.SCALE
        return out


@dataclass(frozen=True)
class GELU:
    """a = z Phi(z), Phi the normal distribution (Hendrycks and Gimpel 2016).

    The exact form, not the one with tanh. Its slope is Phi(z) + z phi(z).
    """

    code: ClassVar[int] = 7

    def value(self, z: Array, out: Array) -> Array:
        """Write z Phi(z) into out."""
        np.multiply(z, ndtr(z), out=out)
        return out

    def slope(self, z: Array, a: Array, out: Array) -> Array:
        """Write Phi(z) + z phi(z) into out."""
        density = np.exp(-0.5 * z * z)
        density *= z
        density /= math.sqrt(2.0 * math.pi)
        ndtr(z, out=out)
        out += density
        return out


@dataclass(frozen=True)
class SiLU:
    """a = z s(z), s the logistic function (Elfwing et al. 2018, eq. 4).

    Also called swish. Its slope is s(z) + a (1 - s(z)).
    """

    code: ClassVar[int] = 8

    def value(self, z: Array, out: Array) -> Array:
        """Write z / (1 + exp(-z)) into out."""
        np.multiply(z, expit(z), out=out)
        return out

    def slope(self, z: Array, a: Array, out: Array) -> Array:
        """Write s(z) + a (1 - s(z)) into out."""
        logistic = expit(z)
        np.multiply(a, 1.0 - logistic, out=out)
        out += logistic
        return out


@dataclass(frozen=True)
class Softplus:
    """a = log(1 + exp(z)) (Dugas et al. 2001); its slope is the logistic function."""

    code: ClassVar[int] = 9

    def value(self, z: Array, out: Array) -> Array:
        """Write log(1 + exp(z)) into out."""
        np.logaddexp(0.0, z, out=out)
        return out

    def slope(self, z: Array, a: Array, out: Array) -> Array:
        """Write 1 / (1 + exp(-z)) into out."""
        expit(z, out=out)
        return out


@dataclass(frozen=True)
class Custom:
    """An activation of the user's own, as a pair of functions of z.

    Runs on the NumPy engine. To pickle the estimator, the functions must be
    importable (no lambdas).

    Parameters
    ----------
    function : callable
        z of shape (n, width) -> a of the same shape.
    derivative : callable
        z of shape (n, width) -> da/dz of the same shape.
    """

    function: Callable[[Array], Array]
    derivative: Callable[[Array], Array]

    def value(self, z: Array, out: Array) -> Array:
        """Write function(z) into out."""
        out[...] = self.function(z)
        return out

    def slope(self, z: Array, a: Array, out: Array) -> Array:
        """Write derivative(z) into out."""
        out[...] = self.derivative(z)
        return out


ACTIVATIONS: dict[str, Activation] = {
    "identity": Identity(),
    "sigmoid": Sigmoid(),
    "tanh": Tanh(),
    "relu": ReLU(),
    "leaky_relu": LeakyReLU(),
    "elu": ELU(),
    "selu": SELU(),
    "gelu": GELU(),
    "silu": SiLU(),
    "softplus": Softplus(),
}

_SYNONYMS = {"logistic": "sigmoid"}


def resolve(activation: Any, n_hidden: int) -> tuple[Activation, ...]:
    """Turn what the user gave as ``activation`` into one record per hidden layer.

    Parameters
    ----------
    activation : str, record, pair of callables, or a sequence of these
        A name of ``ACTIVATIONS`` or "logistic"; a record of this module; a tuple
        ``(function, derivative)``; or a list with one of these per hidden layer.
    n_hidden : int
        Number of hidden layers.

    Raises
    ------
    ValueError
        For an unknown name or a list of another length.
    TypeError
        For anything else.
    """
    one = isinstance(activation, str) or not isinstance(activation, Sequence)
    if not one and not _is_pair(activation):
        if len(activation) != n_hidden:
            raise ValueError(
                f"activation must hold one entry per hidden layer ({n_hidden}), got "
                f"{len(activation)}; give one name to use it in every layer."
            )
        return tuple(_resolve_one(item) for item in activation)
    return (_resolve_one(activation),) * n_hidden


def _is_pair(activation: Sequence[Any]) -> bool:
    """Tell a (function, derivative) pair from a list with one entry per layer."""
    return (
        isinstance(activation, tuple)
        and len(activation) == 2
        and all(callable(item) for item in activation)
    )


def _resolve_one(activation: Any) -> Activation:
    """Turn one name, record or pair into a record."""
    if isinstance(activation, str):
        name = _SYNONYMS.get(activation, activation)
        if name in ACTIVATIONS:
            return ACTIVATIONS[name]
        _checks.choice("activation", activation, [*ACTIVATIONS, *_SYNONYMS])
    if isinstance(activation, tuple) and _is_pair(activation):
        return Custom(*activation)
    if not isinstance(activation, type) and all(
        callable(getattr(activation, method, None)) for method in ("value", "slope")
    ):
        record: Activation = activation
        return record
    raise TypeError(
        "activation must be a name, a record of perceptrons.activations, a pair "
        f"(function, derivative) or a list of these, got {activation!r}; "
        f"the names are {', '.join(ACTIVATIONS)}."
    )
