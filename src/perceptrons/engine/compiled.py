"""The compiled engine: whole epochs per call, the interpreter's lock released."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from perceptrons import activations, losses, optimizers, scores, threads
from perceptrons.engine import _kernels
from perceptrons.objective import Data, Epochs, Problem, Steps, Watch, refused_rows
from perceptrons.optimizers import Rule
from perceptrons.sampling import RowSubset

Array = NDArray[np.floating[Any]]

# Work of one batch, in multiplications, from which a second thread pays.
THREAD_WORK = 4_000_000

_DRAWS = {"in order": 0, "shuffled": 1, "with replacement": 2}

# The arrays of each rule's state, as kernels/rules.hpp calls them first and second.
_STATES: dict[type, tuple[str, ...]] = {
    optimizers.GradientDescent: (),
    optimizers.Momentum: ("velocity",),
    optimizers.AdaGrad: ("square_sum",),
    optimizers.RMSProp: ("mean_square",),
    optimizers.Adam: ("mean", "mean_square"),
    optimizers.AdamW: ("mean", "mean_square"),
}


def _code(record: Any) -> int | None:
    """Return the code of a record's own class; an heir's formula may be another."""
    own = record if isinstance(record, type) else type(record)
    code: int | None = vars(own).get("code")
    return code


def _told(record: Any) -> dict[str, Any]:
    """Return code and settings of a record, by name; rates come step by step."""
    settings = {
        field.name: getattr(record, field.name)
        for field in fields(record)
        if field.name != "learning_rate"
    }
    return {"code": _code(record), **settings}


def check_codes(built: dict[str, dict[str, int]]) -> None:
    """Refuse an extension that was built for other tables than these.

    Raises
    ------
    ImportError
    """
    tables: dict[str, dict[str, Any]] = {
        "activations": dict(activations.ACTIVATIONS),
        "losses": dict(losses.LOSSES),
        "optimizers": dict(optimizers.OPTIMIZERS),
        "scores": dict(scores.SCORES),
    }
    for table, rows in tables.items():
        codes = {name: _code(record) for name, record in rows.items()}
        # A record without a code runs on NumPy.
        expected = {name: code for name, code in codes.items() if code is not None}
        if built.get(table) != expected:
            raise ImportError(
                f"it was built for other codes of {table} ({built.get(table)}) than "
                f"perceptrons.{table} has ({expected}); install perceptrons again"
            )


check_codes(_kernels.codes())
threads.stoppers.append(_kernels.interrupt)


def instruction_set() -> str:
    """Return the best instruction set, or the one PERCEPTRONS_ISA names."""
    sets = _kernels.instruction_sets()
    wanted = os.environ.get("PERCEPTRONS_ISA", sets[0])
    if wanted not in sets:
        raise ValueError(
            f"PERCEPTRONS_ISA must be one of {', '.join(sets)} on this processor, got "
            f"{wanted!r}; unset it to use the best."
        )
    return str(wanted)


def declines(problem: Problem, rule: Rule | None) -> str | None:
    """Return why this engine cannot train the problem by the rule, or None."""
    for activation in problem.activations:
        if not _known(activation, activations.ACTIVATIONS):
            return f"the activation {activation!r} is written in Python"
    if not _known(problem.loss, losses.LOSSES):
        return f"the loss {problem.loss!r} is written in Python"
    if rule is not None and type(rule) not in _STATES:
        return f"the optimizer {rule!r} is written in Python"
    return None


def _known(record: Any, table: dict[str, Any]) -> bool:
    """Tell whether the kernels know the record: by its code, and a row of the table."""
    rows = {type(row) for row in table.values()}
    return _code(record) is not None and type(record) in rows


class CompiledObjective:
    """The objective of one training run, compiled; see perceptrons.objective."""

    name = "compiled"
    by_blas = False

    def __init__(self, problem: Problem, rows: int, n_threads: int) -> None:
        self.problem = problem
        single = problem.dtype == np.float32
        self._features = _kernels.Features32 if single else _kernels.Features64
        make = _kernels.Network32 if single else _kernels.Network64
        self._network = make(
            instructions=instruction_set(),
            sizes=list(problem.architecture.sizes),
            activations=[_told(activation) for activation in problem.activations],
            loss=_told(problem.loss),
            penalty=asdict(problem.penalty),
            rows=rows,
        )
        self._rows, self._most_threads = rows, n_threads
        self._bound: list[tuple[Any, Any]] = []

    def value_and_grad(
        self,
        theta: Array,
        X: Any,
        Y: Array,
        weights: Array | None,
        masks: Sequence[Array | None] | None,
        grad: Array,
    ) -> float:
        """Return J(theta) over these rows and write its gradient."""
        value: float = self._network.value_and_grad(
            theta, self._bind(X), *_aligned(Y, weights), list(masks or ()), grad
        )
        return value

    def run_epochs(self, theta: Array, data: Data, steps: Steps) -> Epochs:
        """Take up to as many epochs as the rates have rows, in place."""
        rule, state, batches = steps.rule, steps.state, steps.batches
        clip, dropout = steps.clip, steps.dropout
        first, second, *_ = (*[state[name] for name in _STATES[type(rule)]], None, None)
        Y, weights = _aligned(data.Y, data.weights)
        asked = {
            "batch_rows": batches.size,
            "draw": _DRAWS[batches.draw],
            "batches": batches.stream.bit_generator.capsule,
            "rates": steps.rates,
            "most_seconds": steps.most_seconds,
            "clip": 0.0 if clip is None else clip.limit,
            "clip_layers": clip is not None and len(clip.groups[0]) > 1,
            "dropout": list(dropout.rates) if dropout else [],
            "drops": dropout.stream.bit_generator.capsule if dropout else None,
            "n_threads": self._threads(batches.size),
        }
        own = {
            **_told(rule), "first": first, "second": second,
            "steps": state.get("step", 0),
        }  # fmt: skip
        held = None if steps.watch is None else self._held(steps.watch)
        values, seconds, *looked, n_steps, interruption = self._network.run_epochs(
            theta=theta, X=self._bind(data.X), Y=Y, weights=weights, steps=asked,
            rule=own, held=held,
        )  # fmt: skip
        if "step" in state:
            state["step"] = n_steps
        return Epochs(values, seconds, looked[0], looked[1], interruption)

    def _held(self, watch: Watch) -> dict[str, Any]:
        """Return the rows held out as the kernels read them."""
        data = watch.validation.data
        weights = data.weights
        if weights is not None:
            weights = np.require(weights, np.float64, ["C", "A"])
        return {
            "X": self._bind(data.X),
            "Y": _aligned(data.Y, None)[0],
            "weights": weights,
            "score": _told(watch.validation.score),
            "best": watch.best,
            "kept": watch.kept,
        }

    def raw_outputs(self, theta: Array, X: Any) -> Array:
        """Return the raw outputs of shape (n, K), all units kept."""
        raw = np.empty((X.shape[0], self.problem.architecture.sizes[-1]), theta.dtype)
        self._network.raw_outputs(theta, self._bind(X), raw, self._threads(len(raw)))
        return raw

    def predictor(self, theta: Array) -> Callable[[Array], Array]:
        """Return X -> raw outputs, row after row, for many threads at once."""
        self._network.load(theta)
        predict, empty, dtype = self._network.predict, np.empty, theta.dtype
        sizes = self.problem.architecture.sizes
        n_outputs = sizes[-1]
        unshared = THREAD_WORK // self.problem.architecture.n_parameters

        def raw_outputs(X: Array) -> Array:
            try:
                n_rows = len(X)
                raw: Array = empty(n_rows * n_outputs, dtype)
                predict(X, raw, 1 if n_rows < unshared else self._threads(n_rows))
            except (TypeError, ValueError):
                raise refused_rows(X, sizes[0], dtype) from None
            return raw

        return raw_outputs

    def _threads(self, n_rows: int) -> int:
        """Return how many threads the work on so many rows pays for."""
        work = self.problem.architecture.n_parameters * n_rows
        return min(self._most_threads, self._rows) if work >= THREAD_WORK else 1

    def _bind(self, X: Any) -> Any:
        """Return X as the engine reads it, remembered from epoch to epoch.

        Rows to train on and rows held out take turns, so two are remembered.
        """
        for known, features in self._bound:
            if known is X:
                return features
        whole = X.X if isinstance(X, RowSubset) else X
        if issparse(whole):
            # SciPy's columns are 32 bits wide, unless there are 2^31 numbers: no copy.
            columns = np.require(whole.indices, np.int32, "A")
            starts = np.require(whole.indptr, np.int64, "A")
            features = self._features(whole.data, starts, columns, whole.shape[1])
        else:
            features = self._features(np.require(whole, requirements="A"))
        if isinstance(X, RowSubset):
            features.select(np.ascontiguousarray(X.rows, np.int64))
        self._bound = [(X, features), *self._bound[:1]]
        return features


def _aligned(Y: Array, weights: Array | None) -> tuple[Array, Array | None]:
    """Return targets and weights at addresses a processor can read from."""
    if weights is not None:
        weights = np.require(weights, requirements="A")
    return np.require(Y, requirements="A"), weights
