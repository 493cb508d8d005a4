"""From an estimator's arguments, as the user typed them, to checked parts."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any, Literal

import numpy as np

from perceptrons import _checks, activations
from perceptrons.activations import Activation
from perceptrons.clipping import NormClipping
from perceptrons.course import Limits
from perceptrons.engine import ENGINES
from perceptrons.network import Architecture
from perceptrons.optimizers import OPTIMIZERS, Adam, AdamW, Momentum, Rule
from perceptrons.penalties import Penalty
from perceptrons.sampling import Batches, Dropout, Streams
from perceptrons.schedules import (
    SCHEDULES,
    Adaptive,
    Constant,
    InverseScaling,
    Schedule,
)

# Solvers that take all rows at once and find their own steps.
WHOLE = ("lbfgs", "lm")
SOLVERS = (*WHOLE, *OPTIMIZERS)


@dataclass(frozen=True)
class Settings:
    """What an estimator's arguments mean.

    Parameters
    ----------
    hidden : tuple of int
    activations : tuple of Activation
        One per hidden layer.
    solver : {"lbfgs", "lm"} or None
        One that finds its own steps; None: by the rule.
    rule : Rule or None
        None where the solver finds its own steps.
    learning_rate : float
    schedule : Schedule
    penalty : Penalty
    dtype : numpy dtype
        Of the weights that are kept.
    dropout : tuple of float
        One per hidden layer.
    limits : Limits
    full_batch : bool
        Whether a batch is all rows, whatever ``batch_size`` says.
    batch_size : int or None
        None: at most 200.
    draw : {"in order", "shuffled", "with replacement"}
        How batches smaller than all rows come about.
    clip_norm : float, ("layer", float) or None
    init : str or (coefs, intercepts)
    engine : {"auto", "numpy", "compiled"}
    n_jobs : int or None
    max_calls : int
        Most evaluations of the objective by such a solver.
    validation_fraction : float
    verbose : bool, int or "bar"
    """

    hidden: tuple[int, ...]
    activations: tuple[Activation, ...]
    solver: str | None
    rule: Rule | None
    learning_rate: float
    schedule: Schedule
    penalty: Penalty
    dtype: np.dtype[Any]
    dropout: tuple[float, ...]
    limits: Limits
    full_batch: bool
    batch_size: int | None
    draw: Literal["in order", "shuffled", "with replacement"]
    clip_norm: Any
    init: Any
    engine: str
    n_jobs: int | None
    max_calls: int
    validation_fraction: float
    verbose: Any

    @property
    def training_dtype(self) -> np.dtype[Any]:
        """What is computed in: who looks for a step needs the last digits."""
        return np.dtype(np.float64) if self.rule is None else self.dtype

    def batch_rows(self, n_rows: int) -> int:
        """Return the rows of a batch.

        Warns
        -----
        UserWarning
            If more rows are asked for than there are; scikit-learn's sentence.
        """
        if self.full_batch:
            return n_rows
        if self.batch_size is None:
            return min(200, n_rows)
        if self.batch_size > n_rows:
            warnings.warn(
                "Got `batch_size` less than 1 or larger than sample size. It is going "
                "to be clipped",
                stacklevel=5,  # the caller of fit
            )
        return min(self.batch_size, n_rows)

    def batches(self, n_rows: int, size: int, stream: np.random.Generator) -> Batches:
        """Return how the rows of an epoch are cut into batches of this size."""
        draw = self.draw if size < n_rows else "in order"
        return Batches(n_rows, size, draw, stream)

    def dropout_of(
        self, architecture: Architecture, streams: Streams
    ) -> Dropout | None:
        """Return the dropout of a network's hidden units."""
        if not any(self.dropout):
            return None
        return Dropout(self.dropout, architecture.sizes[1:-1], streams.dropout)


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
    dropout = _dropout(estimator.dropout, len(hidden))
    if rule is None and any(dropout):
        raise ValueError(
            f"dropout must be 0 for solver={estimator.solver!r}, whose steps need an "
            f"objective without noise, got {estimator.dropout!r}; use another solver."
        )
    return Settings(
        hidden=hidden,
        activations=activations.resolve(estimator.activation, len(hidden)),
        solver=estimator.solver if rule is None else None,
        rule=rule,
        learning_rate=_positive(estimator, "learning_rate_init", "0.001 is usual")
        if own_rate is None
        else own_rate,
        schedule=_schedule(estimator),
        penalty=_penalty(estimator),
        dtype=dtype(estimator.dtype),
        dropout=dropout,
        limits=_limits(estimator),
        full_batch=isinstance(estimator.solver, str)
        and estimator.solver in ("gd", *WHOLE),
        batch_size=_batch_size(estimator.batch_size),
        draw=_draw(estimator),
        clip_norm=estimator.clip_norm,
        init=estimator.init,
        engine=_checks.choice("engine", estimator.engine, ENGINES),
        n_jobs=estimator.n_jobs,
        max_calls=_checks.integer("max_fun", estimator.max_fun, 1, "15000 is usual"),
        validation_fraction=_fraction(estimator, "validation_fraction", "0.1 is usual"),
        verbose=estimator.verbose,
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
    if solver in WHOLE:
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
    _checks.n_jobs(estimator.n_jobs)


def _batch_size(given: Any) -> int | None:
    """Return the rows of a batch; None for "auto"."""
    if isinstance(given, str):
        _checks.choice("batch_size", given, ["auto"])
        return None
    return _checks.integer("batch_size", given, 1, "'auto' takes min(200, n_samples)")


def _draw(estimator: Any) -> Literal["in order", "shuffled", "with replacement"]:
    """Return how batches are drawn."""
    if estimator.replacement:
        return "with replacement"
    return "shuffled" if estimator.shuffle else "in order"


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
