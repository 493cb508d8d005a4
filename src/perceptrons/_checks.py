"""Checks at the public door, and the one place where error sentences are built.

Every sentence names the argument as the user typed it, the rule, what came, and
the remedy.
"""

from __future__ import annotations

import math
import re
import reprlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray


def choice(name: str, value: Any, allowed: Iterable[str], remedy: str = "") -> str:
    """Return ``value`` if it is one of the allowed names, else name the nearest."""
    names = list(allowed)
    if isinstance(value, str) and value in names:
        return value
    near = get_close_matches(value, names, n=1) if isinstance(value, str) else []
    hint = f" Did you mean {near[0]!r}?" if near else ""
    listed = ", ".join(repr(known) for known in names)
    error = ValueError if isinstance(value, str) else TypeError
    raise error(f"{name} must be one of {listed}, got {value!r}.{hint}{remedy}")


def integer(name: str, value: Any, minimum: int, remedy: str) -> int:
    """Return ``value`` as an int if it is a whole number, at least ``minimum``."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(
            f"{name} must be an integer of at least {minimum}, got {value!r}; {remedy}."
        )
    if value < minimum:
        raise ValueError(f"{name} must be at least {minimum}, got {value!r}; {remedy}.")
    return int(value)


def real(
    name: str,
    value: Any,
    remedy: str,
    *,
    low: float = -math.inf,
    high: float = math.inf,
    closed: str = "both",
) -> float:
    """Return ``value`` as a float if it is a number inside the interval.

    ``closed`` says which ends belong to the interval: "both", "left", "right" or
    "neither". Infinite ends never belong to it; NaN is never inside.
    """
    with_low = closed in ("both", "left") and low > -math.inf
    with_high = closed in ("both", "right") and high < math.inf
    is_number = type(value) is float or (
        isinstance(value, Real) and not isinstance(value, bool)
    )
    if is_number:
        number = float(value)
        if (low < number or (with_low and number == low)) and (
            number < high or (with_high and number == high)
        ):
            return number
    left, right = "[" if with_low else "(", "]" if with_high else ")"
    interval = f"{left}{low:g}, {high:g}{right}"
    if is_number:
        raise ValueError(f"{name} must be in {interval}, got {value!r}; {remedy}.")
    raise TypeError(f"{name} must be a number in {interval}, got {value!r}; {remedy}.")


def n_jobs(value: Any) -> int | None:
    """Return ``value`` if it is None or a whole number other than 0."""
    if value is None or (isinstance(value, Integral) and value != 0):
        return value if value is None else int(value)
    raise ValueError(
        f"n_jobs must be None or an integer other than 0, got {value!r}; -1 means all "
        "cores."
    )


def row_numbers(name: str, selection: Any, n_rows: int) -> NDArray[np.intp]:
    """Turn a selection of rows into their numbers, as NumPy reads it, or refuse it.

    A boolean mask, whole numbers (negative ones count from the end) or a slice.

    Raises
    ------
    ValueError, TypeError
        For anything else, no row at all, or a row that is not there.
    """
    if isinstance(selection, slice):
        chosen = np.arange(n_rows)[selection]
    else:
        try:
            chosen = np.asarray(selection)
        except ValueError:  # rows of different lengths
            chosen = np.array(None)
        if chosen.dtype == object and chosen.ndim == 1:
            chosen = np.array(chosen.tolist())
    if chosen.ndim != 1 or (chosen.size and chosen.dtype.kind not in "biu"):
        came = " ".join(reprlib.repr(selection).split())
        raise TypeError(
            f"{name} must hold a one-dimensional array of row numbers, a mask or a "
            f"slice, got {came}; np.flatnonzero(mask) gives row numbers."
        )
    if chosen.dtype == bool and len(chosen) != n_rows:
        raise ValueError(
            f"{name} must hold one entry per row where it is a mask ({n_rows}), got "
            f"{len(chosen)}."
        )
    rows = np.flatnonzero(chosen) if chosen.dtype == bool else chosen
    if rows.size == 0:
        raise ValueError(f"{name} must hold at least one row, got none.")
    # Compared before they are cast, which could wrap around.
    if rows.min() < -n_rows or rows.max() >= n_rows:
        raise ValueError(
            f"{name} must hold row numbers below {n_rows}, the number of rows, got "
            f"{rows.min()} to {rows.max()}."
        )
    numbers = rows.astype(np.intp)
    return np.where(numbers < 0, numbers + n_rows, numbers)


def is_plain(array: Any) -> bool:
    """Tell whether scikit-learn's validation would return the array as it is.

    Its checks cost more than an epoch of a small network, and need not run then. What
    they refuse is never plain: NaN and infinity show in the sum.
    """
    if type(array) is not np.ndarray or array.size == 0 or not array.dtype.isnative:
        return False
    if array.dtype.kind in "iu":
        return True
    if array.dtype not in (np.float32, np.float64):
        return False
    with np.errstate(over="ignore", invalid="ignore"):
        return math.isfinite(array.sum())


def words(y: Any) -> Any:
    """Return targets as they are, but NumPy's own strings as scikit-learn knows them.

    Parameters
    ----------
    y : array-like
    """
    if not isinstance(y, np.ndarray) or y.dtype.kind != "T":
        return y
    # Such a column may have gaps, which text of one width cannot hold.
    return np.array(y.tolist(), object if hasattr(y.dtype, "na_object") else str)


def domain(name: str, Y: Any, allowed: Any, loss: Any) -> None:
    """Check that the targets are what the loss, as the user gave it, is for."""
    if not allowed.holds(Y):
        raise ValueError(
            f"{name} must be {allowed.rule} for loss={loss!r}, got values from "
            f"{Y.min():g} to {Y.max():g}; choose another loss."
        )


@contextmanager
def naming(*names: str) -> Iterator[None]:
    """Put the arguments' names before an error of scikit-learn that lacks them."""
    try:
        yield
    except (TypeError, ValueError) as error:
        text = str(error)
        if any(re.search(rf"(?<!\w){name}(?!\w)", text) for name in names):
            raise
        raise type(error)(f"{' and '.join(names)}: {text}") from None


def boolean(name: str, value: Any) -> bool:
    """Return ``value`` if it is True or False (NumPy's included)."""
    if type(value).__name__ not in ("bool", "bool_"):
        raise TypeError(f"{name} must be True or False, got {value!r}.")
    return bool(value)
