"""What stands in a header or among the arrays, taken only if it is what it must be."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perceptrons.state.words import StateError, decode, short


def take(header: Any, name: str, kind: type | tuple[type, ...]) -> Any:
    """Return a value of a header, of this kind.

    Raises
    ------
    StateError
        If it is missing or another kind.
    """
    if not isinstance(header, dict) or name not in header:
        raise StateError(f"it lacks {name!r}")
    value = header[name]
    kinds = kind if isinstance(kind, tuple) else (kind,)
    if isinstance(value, bool) and bool not in kinds:
        raise StateError(f"{name!r} is {short(value)}")
    if not isinstance(value, kinds):
        raise StateError(f"{name!r} is {short(value)}")
    return value


def take_number(header: Any, name: str, low: float = -math.inf) -> float:
    """Return a number of a header, infinities included, at least ``low``."""
    value = decode(take(header, name, (int, float, dict)))
    if isinstance(value, bool | str) or not isinstance(value, int | float):
        raise StateError(f"{name!r} is {short(value)}")
    if value < low:
        raise StateError(f"{name!r} is {short(value)}")
    return float(value)


def take_count(header: Any, name: str, low: int = 0) -> int:
    """Return a whole number of a header, at least ``low``."""
    value: int = take(header, name, int)
    if not low <= value < 2**63:
        raise StateError(f"{name!r} is {short(value)}")
    return value


def take_array(
    arrays: Mapping[str, NDArray[Any]],
    name: str,
    shape: tuple[int, ...],
    *,
    finite: bool = True,
) -> NDArray[Any]:
    """Return a float array of this shape.

    Raises
    ------
    StateError
        If it is missing, of another shape or dtype, or holds NaN or infinity.
    """
    if name not in arrays:
        raise StateError(f"it lacks the array {name!r}")
    array = arrays[name]
    if array.dtype not in (np.float32, np.float64):
        raise StateError(f"the array {name!r} is of {array.dtype}")
    if array.shape != shape:
        raise StateError(f"the array {name!r} has shape {array.shape}, not {shape}")
    if finite and not np.isfinite(array).all():
        raise StateError(f"the array {name!r} holds NaN or infinity")
    return array
