"""A network as plain values, JSON and arrays, and back: what files and pickles hold.

The vocabulary is closed. A name that is read is looked up in the tables here and never
imported; whatever is not in them is refused, by a sentence, when it is written and when
it is read. Only a pickle, which runs code anyway, may hold other objects (``raw``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from numbers import Integral, Real
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.base import is_classifier
from sklearn.preprocessing import LabelBinarizer

from perceptrons import losses, settings
from perceptrons.activations import ACTIVATIONS
from perceptrons.course import Memory
from perceptrons.history import History, Outcome, Reason
from perceptrons.losses import LOSSES
from perceptrons.network import Architecture
from perceptrons.objective import Problem
from perceptrons.optimizers import OPTIMIZERS
from perceptrons.penalties import Penalty
from perceptrons.sampling import STREAMS, Streams
from perceptrons.schedules import SCHEDULES

Header = dict[str, Any]
Arrays = dict[str, NDArray[Any]]

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
_NAMES = {
    record: (kind, name)
    for kind, table in RECORDS.items()
    for name, record in table.items()
}
_FLOATS = {"inf": math.inf, "-inf": -math.inf}
_LABELS = {
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32"),
    *("uint64", "float32", "float64", "text", "object"),
}
_TARGETS = ("binary", "multiclass", "multilabel-indicator")
_OUTCOME: dict[str, type] = {
    "reason": str, "message": str, "epochs": int, "best_epoch": int, "seconds": float,
    "engine": str, "engine_reason": str, "by_callback": bool,
}  # fmt: skip
_COUNTS = ("epochs", "samples_seen", "stalled")
_MEASURES = ("rate_factor", "best_loss", "best_score")

#: What a fitted network remembers, all of it described by the header and the arrays.
FITTED = frozenset(
    [
        "coefs_", "intercepts_", "n_layers_", "n_outputs_", "out_activation_",
        "n_iter_", "t_", "history_", "outcome_", "loss_curve_", "loss_", "best_loss_",
        "validation_scores_", "best_validation_score_", "n_features_in_",
        "feature_names_in_", "classes_", "_binarizer", "_problem", "_memory",
        "_streams",
    ]
)  # fmt: skip


class StateError(ValueError):
    """A model cannot be written, or what was read is no model of this library."""


# -------------------------------------------------------------------------- values


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
    if type(value) in _NAMES:
        kind, called = _NAMES[type(value)]
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
    raise StateError(f"it holds {_short(value)} where no such value belongs")


def _record(kind: str, name: Any, parts: dict[str, Any]) -> Any:
    """Return a record of the closed tables."""
    if not isinstance(name, str) or name not in RECORDS[kind]:
        raise StateError(f"it names the {kind} {_short(name)}, which there is not")
    try:
        return RECORDS[kind][name](**parts)
    except (TypeError, ValueError) as error:
        raise StateError(f"it holds a bad {kind}: {_reason(error)}") from None


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


def _short(value: Any) -> str:
    """Return a value from a file, in at most 60 characters."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _reason(error: Exception) -> str:
    """Return what an error says, on one line that a value from a file cannot swell."""
    text = " ".join(str(error).split())
    return text if len(text) <= 300 else f"{text[:297]}..."


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
        raise StateError(f"{name!r} is {_short(value)}")
    if not isinstance(value, kinds):
        raise StateError(f"{name!r} is {_short(value)}")
    return value


def take_number(header: Any, name: str, low: float = -math.inf) -> float:
    """Return a number of a header, infinities included, at least ``low``."""
    value = decode(take(header, name, (int, float, dict)))
    if isinstance(value, bool | str) or not isinstance(value, int | float):
        raise StateError(f"{name!r} is {_short(value)}")
    if value < low:
        raise StateError(f"{name!r} is {_short(value)}")
    return float(value)


def take_count(header: Any, name: str, low: int = 0) -> int:
    """Return a whole number of a header, at least ``low``."""
    value: int = take(header, name, int)
    if not low <= value < 2**63:
        raise StateError(f"{name!r} is {_short(value)}")
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


# -------------------------------------------------------------------------- labels


def encode_labels(labels: NDArray[Any], raw: bool = False) -> Any:
    """Return the classes with the dtype they had.

    Raises
    ------
    StateError
        If they are no numbers, booleans or text.
    """
    kind = "text" if labels.dtype.kind in "UT" else labels.dtype.name
    if kind not in _LABELS:
        if raw:
            return {"object": labels}
        raise StateError(
            f"classes of {labels.dtype} cannot be saved; give y as numbers, booleans "
            "or text."
        )
    return {"dtype": kind, "values": [encode(v, "y", raw) for v in labels.tolist()]}


def decode_labels(header: Any, raw: bool = False) -> NDArray[Any]:
    """Return the classes.

    Raises
    ------
    StateError
        If they are not at least two different labels of one kind.
    """
    if raw and isinstance(header, dict) and "object" in header:
        labels: NDArray[Any] = header["object"]
        return labels
    kind, values = take(header, "dtype", str), take(header, "values", list)
    values = decode(values, raw)
    try:
        distinct = len(set(values))
        if kind not in _LABELS or distinct < 2 or distinct < len(values):
            raise TypeError
        if kind == "text":
            if not all(isinstance(value, str) for value in values):
                raise TypeError
            return np.array(values)
        labels = np.empty(len(values), kind)
        labels[:] = values
        if kind != "object" and labels.tolist() != values:
            raise TypeError
    except (TypeError, ValueError, OverflowError):
        raise StateError("its classes are none") from None
    return labels


def _binarizer(target: str, classes: NDArray[Any], sparse: bool) -> LabelBinarizer:
    """Return what turns classes into columns, as ``fit`` left it."""
    if target != "multilabel-indicator":
        return LabelBinarizer().fit(classes)
    rows = np.zeros((2, len(classes)), int)
    rows[0, 0] = 1
    return LabelBinarizer(sparse_output=False).fit(csr_array(rows) if sparse else rows)


# ------------------------------------------------------------------------- networks


def describe(
    estimator: Any, *, resume: bool, raw: bool = False
) -> tuple[Header, Arrays]:
    """Return a network as a header for JSON and arrays.

    Parameters
    ----------
    estimator : MLPRegressor or MLPClassifier
        Fitted, or, with ``raw``, not.
    resume : bool
        Whether the optimizer's state and the random streams are part of it.
    raw : bool, default=False
        Whether objects outside the vocabulary are taken as they are.

    Raises
    ------
    StateError
        If something is outside the vocabulary.
    """
    arrays: Arrays = {}
    given = estimator.get_params(deep=False)
    header: Header = {"params": _describe_params(estimator, given, arrays, raw)}
    if hasattr(estimator, "_problem"):
        _describe_fitted(estimator, header, arrays, raw)
        header["memory"] = describe_memory(estimator._memory, resume, arrays, raw)
        if resume:
            header["streams"] = describe_streams(estimator._streams)
    return header, arrays


def _describe_params(
    estimator: Any, given: dict[str, Any], arrays: Arrays, raw: bool
) -> Header:
    """Return the constructor's arguments; given initial weights become arrays."""
    params = {}
    for name, value in given.items():
        if name == "dtype" and value in (np.float32, np.float64):
            value = np.dtype(value).name
        if name == "init" and not isinstance(value, str) and not raw:
            _describe_init(estimator, value, arrays)
            value = {"arrays": True}
            params[name] = value
            continue
        if name == "callbacks" and value and not raw:
            raise StateError(
                "callbacks cannot be saved: they are code, and a file must hold "
                "nothing that runs; set_params(callbacks=None) first."
            )
        params[name] = encode(value, name, raw)
    return params


def _describe_init(estimator: Any, init: Any, arrays: Arrays) -> None:
    """Add given initial weights, of the fitted network's shapes."""
    architecture = estimator._problem.architecture
    try:
        coefs, intercepts = init
        architecture.pack(coefs, intercepts, np.float64)
    except (TypeError, ValueError):
        raise StateError(
            "init cannot be saved: its shapes are not those of the fitted weights; "
            "set_params(init='auto') first."
        ) from None
    for layer, (W, b) in enumerate(zip(coefs, intercepts, strict=True)):
        arrays[f"init.W{layer}"] = _float_array(W)
        arrays[f"init.b{layer}"] = _float_array(b)


def _float_array(values: Any) -> NDArray[Any]:
    """Return weights as they are in float32 and float64, others in float64."""
    array = np.asarray(values)
    if array.dtype not in (np.float32, np.float64) or not array.dtype.isnative:
        array = array.astype(np.float64)
    return array


def _describe_fitted(estimator: Any, header: Header, arrays: Arrays, raw: bool) -> None:
    """Add the problem, weights, history and outcome."""
    problem: Problem = estimator._problem
    header |= {
        "sizes": list(problem.architecture.sizes),
        "activations": [
            encode(record, "activation", raw) for record in problem.activations
        ],
        "trained_loss": encode(problem.loss, "loss", raw),
        "penalty": asdict(problem.penalty),
        "trained_dtype": np.dtype(problem.dtype).name,
        "early_stopping": estimator.validation_scores_ is not None,
        "outcome": asdict(estimator.outcome_),
    }
    # Refused before a file is written rather than when it is used.
    problem.architecture.pack(estimator.coefs_, estimator.intercepts_, np.float64)
    for layer, W in enumerate(estimator.coefs_):
        arrays[f"W{layer}"] = _float_array(W)
        arrays[f"b{layer}"] = _float_array(estimator.intercepts_[layer])
    columns = estimator.history_.columns
    arrays["history"] = np.array(list(columns.values()), np.float64)
    names = getattr(estimator, "feature_names_in_", None)
    if names is not None:
        header["features"] = list(names)
    if hasattr(estimator, "classes_"):
        binarizer = estimator._binarizer
        header["classes"] = encode_labels(estimator.classes_, raw)
        header["target"] = binarizer.y_type_
        header["sparse_target"] = bool(binarizer.sparse_input_)


def describe_memory(memory: Memory, resume: bool, arrays: Arrays, raw: bool) -> Header:
    """Return what one training hands to the next."""
    if not resume:
        memory = _without_rule(memory)
    header: Header = {name: int(getattr(memory, name)) for name in _COUNTS}
    header |= {name: encode(getattr(memory, name), name) for name in _MEASURES}
    if memory.rule_state is None or memory.rule_type is None:
        return header
    if memory.rule_type in _NAMES:
        header["rule"] = _NAMES[memory.rule_type][1]
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


def restore(estimator: Any, header: Any, arrays: Arrays, *, raw: bool = False) -> None:
    """Make an estimator what :func:`describe` described, in place.

    Parameters
    ----------
    estimator : MLPRegressor or MLPClassifier
        Of the class that was described, new.
    header : dict
    arrays : dict of str to ndarray
    raw : bool, default=False
        Whether they come from a pickle.

    Raises
    ------
    StateError
        If anything is missing, too much, or not what it must be.
    """
    left = dict(arrays)
    _restore_params(estimator, take(header, "params", dict), left, raw)
    if raw and "sizes" not in header:
        return
    problem = _restore_problem(header, raw)
    architecture = problem.architecture
    if not raw:
        _check_settings(estimator)
        if isinstance(estimator.init, dict):
            estimator.init = _restore_weights(architecture, left, "init.", True)
    coefs, intercepts = _restore_weights(architecture, left, "", not raw)
    history = restore_history(left)
    memory = restore_memory(take(header, "memory", dict), problem, left, raw)
    streams = _restore_streams(header, estimator.random_state)
    if left:
        raise StateError(f"it holds an array {_short(min(left))} too many")
    estimator.n_features_in_ = architecture.sizes[0]
    if "features" in header:
        estimator.feature_names_in_ = _restore_features(header, architecture.sizes[0])
    if is_classifier(estimator) != ("classes" in header):
        raise StateError("its classes are those of another kind of model")
    if "classes" in header:
        _restore_classes(estimator, header, architecture.sizes[-1], raw)
    estimator.coefs_, estimator.intercepts_ = coefs, intercepts
    estimator._set_results(
        problem,
        memory,
        history,
        [loss for loss in history.columns["loss"] if math.isfinite(loss)],
        _restore_outcome(take(header, "outcome", dict)),
        streams,
        take(header, "early_stopping", bool),
    )


def _restore_params(estimator: Any, header: Header, arrays: Arrays, raw: bool) -> None:
    """Set the constructor's arguments; those not named keep their defaults."""
    for name, value in header.items():
        if not raw and name not in vars(estimator):
            raise StateError(f"it sets the argument {_short(name)}, which there is not")
        if name == "init" and not raw and value == {"arrays": True}:
            setattr(estimator, name, value)
        else:
            setattr(estimator, name, decode(value, raw))


def _check_settings(estimator: Any) -> None:
    """Refuse arguments that no fit would take."""
    try:
        settings.resolve(estimator)
        losses.resolve(
            "squared_error" if estimator.loss == "log_loss" else estimator.loss
        )
    except (TypeError, ValueError) as error:
        raise StateError(f"it holds a bad argument: {_reason(error)}") from None
    if estimator.callbacks:
        raise StateError("it holds callbacks")
    weight = getattr(estimator, "class_weight", None)
    if weight is not None and weight != "balanced" and not isinstance(weight, dict):
        raise StateError(f"it holds the class_weight {_short(weight)}")
    seed = estimator.random_state
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int)):
        raise StateError(f"it holds the random_state {_short(seed)}")


def _restore_problem(header: Any, raw: bool) -> Problem:
    """Return the problem that was trained on."""
    sizes = take(header, "sizes", list)
    if len(sizes) < 2 or not all(type(n) is int and 0 < n < 2**31 for n in sizes):
        raise StateError(f"its layers have the sizes {_short(sizes)}")
    kinds = [decode(item, raw) for item in take(header, "activations", list)]
    loss = decode(take(header, "trained_loss", dict), raw)
    allowed = [tuple(RECORDS[kind].values()) for kind in ("activation", "loss")]
    if not raw and not (
        all(isinstance(kind, allowed[0]) for kind in kinds)
        and isinstance(loss, allowed[1])
    ):
        raise StateError("its activations or its loss are none")
    if len(kinds) != len(sizes) - 2:
        raise StateError("it holds not one activation for each hidden layer")
    if losses.outputs_per_target(loss) not in (1, sizes[-1]):
        raise StateError("its quantiles do not fit its outputs")
    strengths = take(header, "penalty", dict)
    if set(strengths) != {"l1", "l2", "alpha"}:
        raise StateError("its penalty is none")
    penalty = Penalty(**{name: take_number(strengths, name, 0) for name in strengths})
    dtype = take(header, "trained_dtype", str)
    if dtype not in ("float32", "float64"):
        raise StateError(f"its dtype is {_short(dtype)}")
    return Problem(
        Architecture(tuple(sizes)), tuple(kinds), loss, penalty, np.dtype(dtype)
    )


def _restore_weights(
    architecture: Architecture, arrays: Arrays, prefix: str, finite: bool
) -> tuple[list[NDArray[Any]], list[NDArray[Any]]]:
    """Take weights and biases out of the arrays."""
    found: dict[str, list[NDArray[Any]]] = {"W": [], "b": []}
    for layer, shape in enumerate(architecture.shapes):
        for letter, part in (("W", shape), ("b", shape[1:])):
            name = f"{prefix}{letter}{layer}"
            found[letter].append(take_array(arrays, name, part, finite=finite))
            del arrays[name]
    return found["W"], found["b"]


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
            raise StateError(f"it names the optimizer {_short(name)}, which is none")
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


def _restore_streams(header: Header, seed: Any) -> Streams:
    """Return the random streams, or new ones where none were kept."""
    if "streams" not in header:
        known = isinstance(seed, int) and 0 <= seed < 2**32
        return Streams.of(seed if known else None)
    return restore_streams(take(header, "streams", dict))


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


def _restore_features(header: Header, n_features: int) -> NDArray[Any]:
    """Return the names of the features."""
    names = take(header, "features", list)
    if len(names) != n_features or not all(isinstance(name, str) for name in names):
        raise StateError(f"it does not name its {n_features} features")
    return np.array(names, object)


def _restore_classes(estimator: Any, header: Header, n_outputs: int, raw: bool) -> None:
    """Set the classes, as many as there are outputs."""
    classes = decode_labels(header["classes"], raw)
    target = take(header, "target", str)
    if target not in _TARGETS or not (
        n_outputs == len(classes) or (n_outputs <= 2 and len(classes) <= 2)
    ):
        raise StateError("its classes do not fit its outputs")
    sparse = take(header, "sparse_target", bool)
    try:
        binarizer = _binarizer(target, classes, sparse)
    except (TypeError, ValueError):
        raise StateError("its classes are none") from None
    if binarizer.y_type_ != target or (target == "binary" and len(classes) != 2):
        raise StateError("its classes do not fit its kind of target")
    estimator._binarizer, estimator.classes_ = binarizer, classes


def _restore_outcome(header: Header) -> Outcome:
    """Return how training ended."""
    if set(header) != set(_OUTCOME):
        raise StateError("its outcome is none")
    parts = {name: take(header, name, kind) for name, kind in _OUTCOME.items()}
    if parts["reason"] not in get_args(Reason):
        raise StateError(f"its training ended by {_short(parts['reason'])}")
    return Outcome(**parts)
