"""A fitted network: what it has learned as a record, and that as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perceptrons import losses
from perceptrons.course import Memory
from perceptrons.history import History, Outcome
from perceptrons.network import Architecture
from perceptrons.objective import Problem
from perceptrons.penalties import Penalty
from perceptrons.sampling import Streams
from perceptrons.state.arguments import (
    complete_arguments,
    describe_arguments,
    restore_arguments,
)
from perceptrons.state.labels import Labels, describe_labels, restore_labels
from perceptrons.state.taking import take, take_number
from perceptrons.state.training import (
    Arrays,
    Header,
    describe_history,
    describe_memory,
    describe_outcome,
    describe_streams,
    restore_history,
    restore_memory,
    restore_outcome,
    restore_streams,
)
from perceptrons.state.weights import Weights, describe_weights, restore_weights
from perceptrons.state.words import RECORDS, StateError, decode, encode, short

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


@dataclass(frozen=True)
class Learned:
    """What a fit leaves in an estimator.

    Parameters
    ----------
    problem : Problem
        Trained on.
    coefs, intercepts : list of ndarray
    history : History
    outcome : Outcome
    memory : Memory
    streams : Streams
    early_stopping : bool
    features : ndarray of str, or None
        Names of the columns, where they have some.
    labels : Labels or None
        Of a classifier.
    """

    problem: Problem
    coefs: Weights
    intercepts: Weights
    history: History
    outcome: Outcome
    memory: Memory
    streams: Streams
    early_stopping: bool
    features: NDArray[Any] | None = None
    labels: Labels | None = None


def describe(
    given: Mapping[str, Any],
    learned: Learned | None,
    *,
    resume: bool,
    raw: bool = False,
) -> tuple[Header, Arrays]:
    """Return a network as a header for JSON and arrays.

    Parameters
    ----------
    given : mapping
        Its arguments.
    learned : Learned or None
        None only with ``raw``.
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
    architecture = None if learned is None else learned.problem.architecture
    header: Header = {"params": describe_arguments(given, architecture, arrays, raw)}
    if learned is not None:
        _describe_learned(learned, header, arrays, raw)
        header["memory"] = describe_memory(learned.memory, resume, arrays, raw)
        if resume:
            header["streams"] = describe_streams(learned.streams)
    return header, arrays


def _describe_learned(
    learned: Learned, header: Header, arrays: Arrays, raw: bool
) -> None:
    """Add problem, weights, history, outcome, features and classes."""
    problem = learned.problem
    header |= {
        "sizes": list(problem.architecture.sizes),
        "activations": [
            encode(record, "activation", raw) for record in problem.activations
        ],
        "trained_loss": encode(problem.loss, "loss", raw),
        "penalty": asdict(problem.penalty),
        "trained_dtype": np.dtype(problem.dtype).name,
        "early_stopping": learned.early_stopping,
        "outcome": describe_outcome(learned.outcome),
    }
    # Refused before a file is written rather than when it is used.
    problem.architecture.pack(learned.coefs, learned.intercepts, np.float64)
    describe_weights(learned.coefs, learned.intercepts, "", arrays)
    describe_history(learned.history, arrays)
    if learned.features is not None:
        header["features"] = list(learned.features)
    if learned.labels is not None:
        header |= describe_labels(learned.labels, raw)


def restore(
    estimator: Any,
    header: Any,
    arrays: Arrays,
    *,
    classifier: bool,
    raw: bool = False,
) -> Learned | None:
    """Set an estimator's arguments, in place, and return what it had learned.

    Parameters
    ----------
    estimator : MLPRegressor or MLPClassifier
        Of the class that was described, new.
    header : dict
    arrays : dict of str to ndarray
    classifier : bool
        Whether there must be classes.
    raw : bool, default=False
        Whether they come from a pickle; only then may nothing be learned.

    Raises
    ------
    StateError
        If anything is missing, too much, or not what it must be.
    """
    left = dict(arrays)
    restore_arguments(estimator, take(header, "params", dict), raw)
    if raw and "sizes" not in header:
        return None
    problem = _restore_problem(header, raw)
    architecture = problem.architecture
    if not raw:
        complete_arguments(estimator, architecture, left)
    coefs, intercepts = restore_weights(architecture, left, "", not raw)
    learned = Learned(
        problem,
        coefs,
        intercepts,
        restore_history(left),
        restore_outcome(take(header, "outcome", dict)),
        restore_memory(take(header, "memory", dict), problem, left, raw),
        _restore_streams(header, estimator.random_state),
        take(header, "early_stopping", bool),
        _restore_features(header, architecture.sizes[0]),
        _restore_labels(header, architecture.sizes[-1], raw, classifier),
    )
    if left:
        raise StateError(f"it holds an array {short(min(left))} too many")
    return learned


def _restore_problem(header: Any, raw: bool) -> Problem:
    """Return the problem that was trained on."""
    sizes = take(header, "sizes", list)
    if len(sizes) < 2 or not all(type(n) is int and 0 < n < 2**31 for n in sizes):
        raise StateError(f"its layers have the sizes {short(sizes)}")
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
        raise StateError(f"its dtype is {short(dtype)}")
    return Problem(
        Architecture(tuple(sizes)), tuple(kinds), loss, penalty, np.dtype(dtype)
    )


def _restore_streams(header: Header, seed: Any) -> Streams:
    """Return the random streams, or new ones where none were kept."""
    if "streams" not in header:
        known = isinstance(seed, int) and 0 <= seed < 2**32
        return Streams.of(seed if known else None)
    return restore_streams(take(header, "streams", dict))


def _restore_features(header: Header, n_features: int) -> NDArray[Any] | None:
    """Return the names of the features, if they have some."""
    if "features" not in header:
        return None
    names = take(header, "features", list)
    if len(names) != n_features or not all(isinstance(name, str) for name in names):
        raise StateError(f"it does not name its {n_features} features")
    return np.array(names, object)


def _restore_labels(
    header: Header, n_outputs: int, raw: bool, classifier: bool
) -> Labels | None:
    """Return the classes of a classifier."""
    if classifier != ("classes" in header):
        raise StateError("its classes are those of another kind of model")
    return restore_labels(header, n_outputs, raw) if classifier else None
