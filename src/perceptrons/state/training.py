"""What one training hands to the next, as plain values: also in checkpoints."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from perceptrons.course import Memory
from perceptrons.history import History, Outcome, Reason
from perceptrons.objective import Problem
from perceptrons.sampling import STREAMS, Streams
from perceptrons.state.taking import take, take_array, take_count, take_number
from perceptrons.state.words import NAMES, RECORDS, StateError, encode, short

Header = dict[str, Any]
Arrays = dict[str, NDArray[Any]]

_OUTCOME: dict[str, type] = {
    "reason": str, "message": str, "epochs": int, "best_epoch": int, "seconds": float,
    "engine": str, "engine_reason": str, "by_callback": bool,
}  # fmt: skip
_COUNTS = ("epochs", "samples_seen", "stalled")
_MEASURES = ("rate_factor", "best_loss", "best_score")


def describe_memory(memory: Memory, resume: bool, arrays: Arrays, raw: bool) -> Header:
    """Return what one training hands to the next."""
    if not resume:
        memory = _without_rule(memory)
    header: Header = {name: int(getattr(memory, name)) for name in _COUNTS}
    header |= {name: encode(getattr(memory, name), name) for name in _MEASURES}
    if memory.rule_state is None or memory.rule_type is None:
        return header
    if memory.rule_type in NAMES:
        header["rule"] = NAMES[memory.rule_type][1]
        for name, value in memory.rule_state.items():
            if isinstance(value, np.ndarray):
                if name != "scratch":
                    arrays[f"rule.{name}"] = value
            else:
                header[name] = int(value)
    elif raw:
        header["own_rule"] = (memory.rule_type, memory.rule_state)
    else:
        raise StateError(
            f"the optimizer {memory.rule_type.__name__} is not one of this library's "
            "own, so its state cannot be saved; save with resume=False, or pickle."
        )
    return header


def _without_rule(memory: Memory) -> Memory:
    """Return what is left where no optimizer's state goes on."""
    return replace(memory, rule_state=None, epochs=0, stalled=0, rate_factor=1.0)


def describe_streams(streams: Streams) -> Header:
    """Return the seed, and the states of the streams that were drawn from."""
    drawn = {}
    for name in STREAMS:
        if name in streams.drawn:
            state = getattr(streams, name).bit_generator.state
            drawn[name] = [
                *(state["state"]["state"], state["state"]["inc"]),
                *(state["has_uint32"], state["uinteger"]),
            ]
    return {"entropy": streams.entropy, "drawn": drawn}


def describe_history(history: History, arrays: Arrays) -> None:
    """Add the history to the arrays, a row for each of its columns."""
    arrays["history"] = np.array(list(history.columns.values()), np.float64)


def describe_outcome(outcome: Outcome) -> Header:
    """Return how training ended."""
    return asdict(outcome)


def restore_history(arrays: Arrays) -> History:
    """Take the history out of the arrays."""
    history = History()
    names = list(history.columns)
    n = arrays["history"].shape[-1] if "history" in arrays else 0
    table = take_array(arrays, "history", (len(names), n), finite=False)
    del arrays["history"]
    epochs = np.arange(1, n + 1)
    if not np.array_equal(table[0], epochs):
        raise StateError("its history does not count the epochs")
    columns = dict(zip(names, table.tolist(), strict=True))
    history.extend(**{**columns, names[0]: epochs.tolist()})
    return history


def restore_memory(
    header: Header, problem: Problem, arrays: Arrays, raw: bool
) -> Memory:
    """Return what the next training goes on from."""
    memory = Memory()
    for name in _COUNTS:
        setattr(memory, name, take_count(header, name))
    for name in _MEASURES:
        setattr(memory, name, take_number(header, name))
    if raw and "own_rule" in header:
        memory.rule_type, memory.rule_state = header["own_rule"]
    elif "rule" in header:
        name = take(header, "rule", str)
        if name not in RECORDS["optimizer"]:
            raise StateError(f"it names the optimizer {short(name)}, which is none")
        # As many numbers as the weights, which the file was seen to hold.
        theta = np.empty(problem.architecture.n_parameters, problem.dtype)
        memory.rule_type = RECORDS["optimizer"][name]
        state = memory.rule_type().init(theta)
        for key, value in state.items():
            if not isinstance(value, np.ndarray):
                state[key] = take_count(header, key)
            elif key != "scratch":
                stored = take_array(arrays, f"rule.{key}", theta.shape)
                if stored.dtype != theta.dtype:
                    raise StateError(f"the array 'rule.{key}' is of {stored.dtype}")
                state[key] = np.array(arrays.pop(f"rule.{key}"))
        memory.rule_state = state
    return memory


def restore_streams(stored: Header) -> Streams:
    """Return the streams that :func:`describe_streams` described."""
    entropy, drawn = take(stored, "entropy", int), take(stored, "drawn", dict)
    if not 0 <= entropy < 2**128 or not set(drawn) <= set(STREAMS):
        raise StateError("its random streams are none")
    streams = Streams(entropy)
    for name in drawn:
        words = take(drawn, name, list)
        bits = (128, 128, 1, 32)
        if len(words) != len(bits) or not all(
            type(word) is int and 0 <= word < 2**most
            for word, most in zip(words, bits, strict=True)
        ):
            raise StateError("its random streams are none")
        getattr(streams, name).bit_generator.state = {
            "bit_generator": "PCG64",
            "state": {"state": words[0], "inc": words[1]},
            "has_uint32": words[2],
            "uinteger": words[3],
        }
    return streams


def restore_outcome(header: Header) -> Outcome:
    """Return how training ended."""
    if set(header) != set(_OUTCOME):
        raise StateError("its outcome is none")
    parts = {name: take(header, name, kind) for name, kind in _OUTCOME.items()}
    if parts["reason"] not in get_args(Reason):
        raise StateError(f"its training ended by {short(parts['reason'])}")
    return Outcome(**parts)
