"""Weights and biases as arrays of their own names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perceptrons.network import Architecture
from perceptrons.state.taking import take_array
from perceptrons.state.training import Arrays

Weights = list[NDArray[Any]]


def describe_weights(
    coefs: Sequence[Any], intercepts: Sequence[Any], prefix: str, arrays: Arrays
) -> None:
    """Add the weights and biases of each layer: W0, b0, W1, ... behind a prefix."""
    for layer, (W, b) in enumerate(zip(coefs, intercepts, strict=True)):
        arrays[f"{prefix}W{layer}"] = _float_array(W)
        arrays[f"{prefix}b{layer}"] = _float_array(b)


def _float_array(values: Any) -> NDArray[Any]:
    """Return weights as they are in float32 and float64, others in float64."""
    array = np.asarray(values)
    if array.dtype not in (np.float32, np.float64) or not array.dtype.isnative:
        array = array.astype(np.float64)
    return array


def restore_weights(
    architecture: Architecture, arrays: Arrays, prefix: str, finite: bool
) -> tuple[Weights, Weights]:
    """Take weights and biases out of the arrays."""
    found: dict[str, Weights] = {"W": [], "b": []}
    for layer, shape in enumerate(architecture.shapes):
        for letter, part in (("W", shape), ("b", shape[1:])):
            name = f"{prefix}{letter}{layer}"
            found[letter].append(take_array(arrays, name, part, finite=finite))
            del arrays[name]
    return found["W"], found["b"]
