"""The closed vocabulary of files: values and records as JSON, and back.

A name that is read is looked up in the tables here and never imported; whatever is not
in them is refused, by a sentence, when it is written and when it is read. Only a
pickle, which runs code anyway, may hold other objects (``raw``).
"""

from __future__ import annotations

import math
from dataclasses import fields
from numbers import Integral, Real
from typing import Any

import numpy as np

from perceptrons.activations import ACTIVATIONS
from perceptrons.losses import LOSSES
from perceptrons.optimizers import OPTIMIZERS
from perceptrons.schedules import SCHEDULES

#: Records by the kind and the name that a header calls them.
RECORDS: dict[str, dict[str, type]] = {
    kind: {type(record).__name__: type(record) for record in table.values()}
    for kind, table in (
        ("activation", ACTIVATIONS),
        ("loss", LOSSES),
        ("optimizer", OPTIMIZERS),
        ("schedule", SCHEDULES),
    )
}
#: Kind and name of each of those records.
NAMES = {
    record: (kind, name)
    for kind, table in RECORDS.items()
    for name, record in table.items()
}
_FLOATS = {"inf": math.inf, "-inf": -math.inf}


class StateError(ValueError):
    """A model cannot be written, or what was read is no model of this library."""


def encode(value: Any, name: str, raw: bool = False) -> Any:
    """Return a value of the vocabulary as JSON can hold it.

    Parameters
    ----------
    value : None, bool, number, text, list, tuple, dict, array or record
    name : str
        What an error calls it.
    raw : bool, default=False
        Whether other values are taken as they are, for a pickle.

    Raises
    ------
    StateError
        For any other value, and for NaN.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real) and not math.isnan(value):
        number = float(value)
        return number if math.isfinite(number) else {"float": str(number)}
    if isinstance(value, np.ndarray) and not raw:
        value = value.tolist()
    if isinstance(value, list):
        return [encode(item, name, raw) for item in value]
    if isinstance(value, tuple):
        return {"tuple": [encode(item, name, raw) for item in value]}
    if isinstance(value, dict):
        pairs = [[encode(k, name, raw), encode(v, name, raw)] for k, v in value.items()]
        return {"dict": pairs}
    if type(value) in NAMES:
        kind, called = NAMES[type(value)]
        parts = {
            field.name: encode(getattr(value, field.name), name, raw)
            for field in fields(value)
        }
        return {kind: called, **parts}
    if raw:
        return {"object": value}
    raise StateError(
        f"{name} cannot be saved: {value!r} is not one of this library's own; a file "
        "must hold nothing that runs. Pickle the estimator, or set_params("
        f"{name.split('[')[0]}=...) to a name or a record of perceptrons."
    )


def decode(value: Any, raw: bool = False) -> Any:
    """Return what :func:`encode` was given; arrays come back as lists.

    Parameters
    ----------
    value : JSON value
    raw : bool, default=False
        Whether other objects may be in it, as in a pickle.

    Raises
    ------
    StateError
        For anything that ``encode`` does not return.
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, list):
        return [decode(item, raw) for item in value]
    if isinstance(value, dict) and value:
        tag, called = next(iter(value.items()))
        if tag in RECORDS:
            parts = {key: decode(part, raw) for key, part in value.items()}
            return _record(tag, parts.pop(tag), parts)
        if len(value) == 1:
            if tag == "float" and isinstance(called, str) and called in _FLOATS:
                return _FLOATS[called]
            if tag == "tuple" and isinstance(called, list):
                return tuple(decode(item, raw) for item in called)
            if tag == "dict" and isinstance(called, list):
                return _pairs([decode(pair, raw) for pair in called])
            if tag == "object" and raw:
                return called
    raise StateError(f"it holds {short(value)} where no such value belongs")


def _record(kind: str, name: Any, parts: dict[str, Any]) -> Any:
    """Return a record of the closed tables."""
    if not isinstance(name, str) or name not in RECORDS[kind]:
        raise StateError(f"it names the {kind} {short(name)}, which there is not")
    try:
        return RECORDS[kind][name](**parts)
    except (TypeError, ValueError) as error:
        raise StateError(f"it holds a bad {kind}: {reason(error)}") from None


def _pairs(pairs: list[Any]) -> dict[Any, Any]:
    """Return a dict from decoded pairs."""
    found: dict[Any, Any] = {}
    for pair in pairs:
        if not isinstance(pair, list) or len(pair) != 2:
            raise StateError("it holds a dict that is not one of pairs")
        try:
            found[pair[0]] = pair[1]
        except TypeError:
            raise StateError("it holds a dict with keys that are none") from None
    return found


def short(value: Any) -> str:
    """Return a value from a file, in at most 60 characters."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def reason(error: Exception) -> str:
    """Return what an error says, on one line that a value from a file cannot swell."""
    text = " ".join(str(error).split())
    return text if len(text) <= 300 else f"{text[:297]}..."
