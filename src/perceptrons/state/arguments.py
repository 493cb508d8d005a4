"""An estimator's arguments as plain values; given initial weights become arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from perceptrons import losses, settings
from perceptrons.network import Architecture
from perceptrons.state.training import Arrays, Header
from perceptrons.state.weights import describe_weights, restore_weights
from perceptrons.state.words import StateError, decode, encode, reason, short

_ARRAYS = {"arrays": True}


def describe_arguments(
    given: Mapping[str, Any],
    architecture: Architecture | None,
    arrays: Arrays,
    raw: bool,
) -> Header:
    """Return the constructor's arguments of a network, fitted to an architecture."""
    header: Header = {}
    for name, value in given.items():
        if name == "callbacks" and value and not raw:
            raise StateError(
                "callbacks cannot be saved: they are code, and a file must hold "
                "nothing that runs; set_params(callbacks=None) first."
            )
        own_init = name == "init" and not isinstance(value, str) and not raw
        if own_init and architecture is not None:
            _describe_init(value, architecture, arrays)
            header[name] = _ARRAYS
        elif name == "dtype" and value in (np.float32, np.float64):
            header[name] = np.dtype(value).name
        else:
            header[name] = encode(value, name, raw)
    return header


def _describe_init(init: Any, architecture: Architecture, arrays: Arrays) -> None:
    """Add given initial weights, of the fitted network's shapes."""
    try:
        coefs, intercepts = init
        architecture.pack(coefs, intercepts, np.float64)
    except (TypeError, ValueError):
        raise StateError(
            "init cannot be saved: its shapes are not those of the fitted weights; "
            "set_params(init='auto') first."
        ) from None
    describe_weights(coefs, intercepts, "init.", arrays)


def restore_arguments(estimator: Any, header: Header, raw: bool) -> None:
    """Set the constructor's arguments; those not named keep their defaults."""
    for name, value in header.items():
        if not raw and name not in vars(estimator):
            raise StateError(f"it sets the argument {short(name)}, which there is not")
        own_init = name == "init" and not raw and value == _ARRAYS
        setattr(estimator, name, value if own_init else decode(value, raw))


def complete_arguments(
    estimator: Any, architecture: Architecture, arrays: Arrays
) -> None:
    """Refuse arguments that no fit would take, and set given initial weights."""
    try:
        settings.resolve(estimator)
        losses.resolve(
            "squared_error" if estimator.loss == "log_loss" else estimator.loss
        )
    except (TypeError, ValueError) as error:
        raise StateError(f"it holds a bad argument: {reason(error)}") from None
    if estimator.callbacks:
        raise StateError("it holds callbacks")
    weight = getattr(estimator, "class_weight", None)
    if weight is not None and weight != "balanced" and not isinstance(weight, dict):
        raise StateError(f"it holds the class_weight {short(weight)}")
    seed = estimator.random_state
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int)):
        raise StateError(f"it holds the random_state {short(seed)}")
    if isinstance(estimator.init, dict):
        estimator.init = restore_weights(architecture, arrays, "init.", True)
