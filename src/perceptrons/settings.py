"""From an estimator's arguments, as the user typed them, to checked parts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np

from perceptrons import _checks, activations
from perceptrons.activations import Activation
from perceptrons.network import Architecture
from perceptrons.optimizers import (
    OPTIMIZERS,
    Adam,
    AdamW,
    Momentum,
    NormClipping,
    Rule,
)
from perceptrons.penalties import Penalty
from perceptrons.schedules import (
    SCHEDULES,
    Adaptive,
    Constant,
    InverseScaling,
    Schedule,
)
from perceptrons.training import Limits

SOLVERS = ("lbfgs", *OPTIMIZERS)


@dataclass(frozen=True)
class Settings:
    """What an estimator's arguments mean; ``rule`` is None for L-BFGS."""

    hidden: tuple[int, ...]
    activations: tuple[Activation, ...]
    rule: Rule | None
    learning_rate: float
    schedule: Schedule
    penalty: Penalty
    dtype: np.dtype[Any]
    dropout: tuple[float, ...]
    limits: Limits


def resolve(estimator: Any) -> Settings:
    """Check every argument the two estimators share and return what they mean.

    Raises
    ------
    ValueError, TypeError
        Naming the argument, the rule, what came, and a remedy.
    """
    hidden = _hidden(estimator.hidden_layer_sizes)
    rule = _rule(estimator)
    own_rate = getattr(rule, "learning_rate", None)
    _check_flags(estimator)
    clipping(estimator.clip_norm, Architecture((1, 1)))
    return Settings(
        hidden=hidden,
        activations=activations.resolve(estimator.activation, len(hidden)),
        rule=rule,
        learning_rate=_positive(estimator, "learning_rate_init", "0.001 is usual")
        if own_rate is None
        else own_rate,
        schedule=_schedule(estimator),
        penalty=_penalty(estimator),
        dtype=dtype(estimator.dtype),
        dropout=_dropout(estimator.dropout, len(hidden)),
        limits=_limits(estimator),
    )


def _positive(estimator: Any, name: str, remedy: str) -> float:
    """Return a positive number."""
    value = getattr(estimator, name)
    return _checks.real(name, value, remedy, low=0, closed="neither")


def _hidden(sizes: Any) -> tuple[int, ...]:
    """Return the widths of the hidden layers."""
    remedy = "use () for a network without hidden layers"
    listed = [sizes] if isinstance(sizes, Integral | str) else sizes
    if not np.iterable(listed):
        raise TypeError(
            f"hidden_layer_sizes must hold positive integers, got {sizes!r}; {remedy}."
        )
    return tuple(
        _checks.integer("hidden_layer_sizes", size, 1, remedy) for size in listed
    )


def _rule(estimator: Any) -> Rule | None:
    """Return the optimizer; a record's own settings win over the arguments."""
    solver = estimator.solver
    if not isinstance(solver, str):
        parts = ("init", "step")
        if isinstance(solver, type) or not all(
            callable(getattr(solver, part, None)) for part in parts
        ):
            raise TypeError(
                f"solver must be a name or a rule of perceptrons.optimizers, got "
                f"{solver!r}; the names are {', '.join(SOLVERS)}."
            )
        rule: Rule = solver
        return rule
    _checks.choice("solver", solver, SOLVERS)
    betas = {
        "beta_1": _fraction(estimator, "beta_1", "0.9 is usual"),
        "beta_2": _fraction(estimator, "beta_2", "0.999 is usual"),
        "epsilon": _positive(estimator, "epsilon", "1e-8 is usual"),
    }
    _checks.boolean("nesterovs_momentum", estimator.nesterovs_momentum)
    momentum = Momentum(estimator.momentum, estimator.nesterovs_momentum)
    if solver == "lbfgs":
        return None
    if solver == "sgd":
        return momentum
    if solver == "adam":
        return Adam(**betas)
    return AdamW(**betas) if solver == "adamw" else OPTIMIZERS[solver]


def _fraction(estimator: Any, name: str, remedy: str) -> float:
    """Return a number in [0, 1)."""
    value = getattr(estimator, name)
    return _checks.real(name, value, remedy, low=0, high=1, closed="left")


def _schedule(estimator: Any) -> Schedule:
    """Return the schedule; ``learning_rate`` names one for SGD and gradient descent."""
    named = _checks.choice(
        "learning_rate", estimator.learning_rate, ("constant", "invscaling", "adaptive")
    )
    power = InverseScaling(
        _checks.real("power_t", estimator.power_t, "0.5 is usual", low=0)
    )
    schedule = estimator.schedule
    if schedule is None:
        if estimator.solver not in ("sgd", "gd"):
            return Constant()
        plain: dict[str, Schedule] = {
            "constant": Constant(),
            "invscaling": power,
            "adaptive": Adaptive(),
        }
        return plain[named]
    if named != "constant":
        raise ValueError(
            f"learning_rate={named!r} and schedule={schedule!r} are both set, but "
            "schedule replaces learning_rate; leave one of them at its default."
        )
    if isinstance(schedule, str):
        return SCHEDULES[_checks.choice("schedule", schedule, SCHEDULES)]
    if isinstance(schedule, type) or not callable(getattr(schedule, "factors", None)):
        raise TypeError(
            "schedule must be a name or a record of perceptrons.schedules, got "
            f"{schedule!r}; the names are {', '.join(SCHEDULES)}."
        )
    record: Schedule = schedule
    return record


def _penalty(estimator: Any) -> Penalty:
    """Return the penalty."""
    strengths = {
        name: _checks.real(
            name, getattr(estimator, name), "0 switches the penalty off", low=0
        )
        for name in ("l1", "l2", "alpha")
    }
    return Penalty(**strengths)


def dtype(given: Any) -> np.dtype[Any]:
    """Return float32 or float64."""
    if isinstance(given, str):
        _checks.choice("dtype", given, ("float32", "float64"))
    for known in (np.dtype(np.float32), np.dtype(np.float64)):
        if isinstance(given, str | type | np.dtype) and given in (known, known.type):
            return known
    raise ValueError(f"dtype must be 'float32' or 'float64', got {given!r}.")


def _dropout(dropout: Any, n_hidden: int) -> tuple[float, ...]:
    """Return the rate of each hidden layer."""
    if isinstance(dropout, str):
        _checks.real(
            "dropout", dropout, "0 keeps every unit", low=0, high=1, closed="left"
        )
    rates = list(dropout) if np.iterable(dropout) else [dropout] * n_hidden
    if len(rates) != n_hidden:
        raise ValueError(
            f"dropout must be a number or hold one per hidden layer ({n_hidden}), got "
            f"{len(rates)}; inputs and outputs are never dropped."
        )
    remedy = "0 keeps every unit"
    for rate in [dropout] if not np.iterable(dropout) else rates:
        _checks.real("dropout", rate, remedy, low=0, high=1, closed="left")
    return tuple(float(rate) for rate in rates)


def _limits(estimator: Any) -> Limits:
    """Return when training ends."""
    patience = estimator.n_iter_no_change
    if patience != math.inf:
        remedy = "use infinity to switch this rule off"
        patience = _checks.integer("n_iter_no_change", patience, 1, remedy)
    max_time = estimator.max_time
    if max_time is not None:
        max_time = _positive(estimator, "max_time", "it counts seconds; None: no limit")
    _checks.integer("max_fun", estimator.max_fun, 1, "15000 is usual")
    _fraction(estimator, "validation_fraction", "0.1 is usual")
    max_iter = _checks.integer("max_iter", estimator.max_iter, 1, "200 is usual")
    return Limits(
        max_epochs=max_iter,
        horizon=max_iter,
        tol=_checks.real("tol", estimator.tol, "0 counts every improvement", low=0),
        patience=patience,
        # As in scikit-learn, L-BFGS knows no early stopping.
        early_stopping=estimator.early_stopping and estimator.solver != "lbfgs",
        max_time=max_time,
    )


def _check_flags(estimator: Any) -> None:
    """Check the arguments that are used as they are."""
    names = ("shuffle", "warm_start", "early_stopping", "replacement")
    for name in names:
        _checks.boolean(name, getattr(estimator, name))
    if isinstance(estimator.verbose, str):
        _checks.choice(
            "verbose", estimator.verbose, ["bar"], " True prints a line per epoch."
        )
    elif not isinstance(estimator.verbose, Integral | np.bool_):
        raise TypeError(
            f"verbose must be True, False, an integer or 'bar', got "
            f"{estimator.verbose!r}."
        )
    given = estimator.callbacks
    for callback in () if given is None else given if np.iterable(given) else [given]:
        wanted = getattr(callback, "on_epoch_end", None)
        if isinstance(callback, type) or not callable(wanted):
            raise TypeError(
                "callbacks must be a list of objects with on_epoch_end(state), got "
                f"{callback!r}."
            )
    if given is not None and not np.iterable(given):
        raise TypeError(f"callbacks must be a list, got {given!r}; give [{given!r}].")
    if estimator.n_jobs is not None and (
        not isinstance(estimator.n_jobs, Integral) or estimator.n_jobs == 0
    ):
        raise ValueError(
            "n_jobs must be None or an integer other than 0, got "
            f"{estimator.n_jobs!r}; -1 means all cores."
        )


def batch_size(given: Any, n_rows: int, full: bool) -> int:
    """Return the rows of a batch: all of them for full-batch solvers.

    Warns
    -----
    UserWarning
        If more rows are asked for than there are; scikit-learn's sentence.
    """
    if isinstance(given, str):
        _checks.choice("batch_size", given, ["auto"])
        return n_rows if full else min(200, n_rows)
    size = _checks.integer("batch_size", given, 1, "'auto' takes min(200, n_samples)")
    if full:
        return n_rows
    if size > n_rows:
        import warnings

        warnings.warn(
            "Got `batch_size` less than 1 or larger than sample size. It is going to "
            "be clipped",
            stacklevel=4,
        )
    return min(size, n_rows)


def clipping(clip_norm: Any, architecture: Architecture) -> NormClipping | None:
    """Return the clipping that ``clip_norm`` asks for.

    A number bounds the norm of the whole gradient; ("layer", number) that of each
    layer's weights and biases together.
    """
    if clip_norm is None:
        return None
    per_layer = isinstance(clip_norm, Sequence) and not isinstance(clip_norm, str)
    limit = clip_norm
    if per_layer:
        if len(clip_norm) != 2 or clip_norm[0] != "layer":
            raise ValueError(
                "clip_norm must be a positive number or the pair ('layer', number), "
                f"got {clip_norm!r}."
            )
        limit = clip_norm[1]
    remedy = "None does not clip; ('layer', 1.0) clips layer by layer"
    limit = _checks.real("clip_norm", limit, remedy, low=0, closed="neither")
    groups: list[Sequence[slice]] = [[slice(None)]]
    if per_layer:
        groups = [list(pair) for pair in zip(*architecture.slices, strict=True)]
    return NormClipping(limit, groups)
