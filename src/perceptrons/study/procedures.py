"""What a run can do: a table of procedures by name.

A procedure takes settings, a data set and a seed, and returns a :class:`Result`. The
modules behind it are imported when the first run needs them, so that reading and
listing experiments stays quick.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from numpy.typing import NDArray

Settings = Mapping[str, Any]


@dataclass(frozen=True)
class Result:
    """What one run found.

    Parameters
    ----------
    metrics : dict of str to float
        NaN where there is none.
    curves : dict of str to ndarray
        Histories, predictions and other arrays.
    reason, message : str
        How the run ended: the words of ``outcome_``.
    epochs, n_parameters : int
    seconds : float
    engine : str
        What computed it.
    """

    metrics: dict[str, float]
    curves: dict[str, NDArray[Any]] = field(default_factory=dict)
    reason: str = "converged"
    message: str = ""
    epochs: int = 0
    seconds: float = math.nan
    n_parameters: int = 0
    engine: str = "scikit-learn"


@dataclass(frozen=True)
class Procedure:
    """A row of ``PROCEDURES``.

    Parameters
    ----------
    module : str
        Module with ``run(settings, dataset, seed) -> Result``, ``check(settings)``,
        which refuses settings that cannot be run, and ``memory(settings, shape)``, the
        bytes that a run needs, roughly, on data of so many rows and columns.
    known : callable
        Returns the names of the settings it takes.
    metrics : tuple of str
        Names of the measures in its results, all of them better when lower.
    work : callable
        settings -> expected seconds, roughly: to order runs and foretell the end.
    needs_data : bool, default=True
        Whether an experiment must name a data set.
    curves : callable
        settings -> names of the curves that every result has.
    classes : bool, default=False
        Whether it needs data whose targets are classes, or numbers.
    libraries : tuple of str, default=()
        Optional libraries that its results depend on: once one is installed, the
        runs made without it are made again.
    alone : bool, default=False
        Whether its seconds are compared: no other run is then performed beside it.
    """

    module: str
    known: Callable[[], list[str]]
    metrics: tuple[str, ...]
    work: Callable[[Settings], float] = lambda settings: 0.01
    needs_data: bool = True
    curves: Callable[[Settings], tuple[str, ...]] = lambda settings: ()
    classes: bool = False
    libraries: tuple[str, ...] = ()
    alone: bool = False

    def lacks(self, settings: Settings, result: Result) -> list[str]:
        """Return the names of the metrics and curves that a result should have."""
        curves = set(self.curves(settings)) - set(result.curves)
        return sorted(curves | set(self.metrics) - set(result.metrics))

    def installed(self) -> dict[str, str]:
        """Return the version of each of its optional libraries that is there."""
        found = {}
        for library in self.libraries:
            if number := _version(library):
                found[library] = number
        return found

    def check(self, settings: Settings) -> None:
        """Refuse settings that cannot be run: a TypeError or ValueError says why."""
        import_module(self.module).check(settings)

    def memory(self, settings: Settings, shape: tuple[int, int]) -> int:
        """Return the bytes that a run needs, roughly; see the module."""
        needed: int = import_module(self.module).memory(settings, shape)
        return needed

    def run(self, settings: Settings, dataset: Any, seed: int) -> Result:
        """Perform one run; see the module."""
        result: Result = import_module(self.module).run(settings, dataset, seed)
        return result


@cache
def _version(library: str) -> str | None:
    """Return the installed version of a library, None if it is missing."""
    try:
        return version(library)
    except PackageNotFoundError:
        return None


def _arguments(estimator: str) -> list[str]:
    """Return an estimator's arguments; seed and callbacks are the study's."""
    kind = getattr(import_module("perceptrons"), estimator)
    ours = {"self", "random_state", "callbacks"}
    return [
        name for name in inspect.signature(kind.__init__).parameters if name not in ours
    ]


def _network_curves(settings: Settings) -> tuple[str, ...]:
    """Return the curves of every network; RMSProp records one more."""
    more = ("mean_square",) if settings.get("solver") == "rmsprop" else ()
    return ("cost", *_PREDICTIONS, *more)


def _network_work(settings: Settings) -> float:
    """Return about the seconds that training on 1200 rows takes on one core."""
    sizes = [1, *settings.get("hidden_layer_sizes", [100]), 1]
    epochs = float(settings.get("max_iter", 200))
    batch = settings.get("batch_size", "auto")
    steps = 1200 / (batch if isinstance(batch, int) else 200)
    if settings.get("solver") == "gd":
        steps = 1
    # Measured on the compiled engine: 0.1 us a step, 0.065 ns a row and connection, and
    # a node, with its activation, as much as 20 connections.
    connections = float(np.dot(sizes[:-1], sizes[1:])) + 20 * sum(sizes)
    return float(epochs * (steps * 0.1e-6 + connections * 1200 * 0.065e-9))


def _classifier_work(settings: Settings) -> float:
    """Return about the seconds that training on 56,000 images takes on one core."""
    sizes = [784, *settings.get("hidden_layer_sizes", [100]), 10]
    # Measured on the compiled engine: 0.55 us a row, 0.02 ns a connection from the
    # pixels, most of which are zero, and 0.07 ns a later one.
    pixels, *later = np.multiply(sizes[:-1], sizes[1:])
    epochs = float(settings.get("max_iter", 200))
    row = 0.55e-6 + pixels * 0.02e-9 + sum(later) * 0.07e-9
    return float(epochs * 56_000 * row)


def _library_work(settings: Settings) -> float:
    """Return about the seconds that a library takes, none if it is missing."""
    libraries = import_module("perceptrons.study.libraries")
    if settings["library"] in libraries.missing():
        return 0.01
    steps = settings["max_iter"] * 1200 / settings["batch_size"]
    # Measured with one layer: seconds a step; ours is repeated.
    step = {"scikit-learn": 120e-6, "PyTorch": 200e-6, "Keras": 1900e-6}
    layers = len(settings["hidden_layer_sizes"])
    share = float(step.get(settings["library"], 2e-6))
    return float(0.2 + steps * share * (0.8 + 0.2 * layers))


_PREDICTIONS = ("fitted", "predicted")
_ERRORS = ("train_mse", "test_mse", "excess", "error_f")

PROCEDURES: dict[str, Procedure] = {
    "network": Procedure(
        "perceptrons.study.networks",
        lambda: _arguments("MLPRegressor"),
        _ERRORS,
        _network_work,
        curves=_network_curves,
    ),
    "classifier": Procedure(
        "perceptrons.study.classifiers",
        lambda: _arguments("MLPClassifier"),
        ("test_error", "train_error", "test_cross_entropy", "train_cross_entropy"),
        _classifier_work,
        curves=lambda settings: ("cost", "train_confusion", "test_confusion"),
        classes=True,
    ),
    "baseline": Procedure(
        "perceptrons.study.baselines",
        lambda: [
            "model",
            "degree",
            "strength",
            "solver",
            "learning_rate_init",
            "batch_size",
            "max_iter",
            "folds",
            "engine",
        ],
        _ERRORS,
        curves=lambda settings: () if "folds" in settings else _PREDICTIONS,
    ),
    "library": Procedure(
        "perceptrons.study.libraries",
        lambda: [
            "library",
            "activation",
            "hidden_layer_sizes",
            "learning_rate_init",
            "beta_1",
            "beta_2",
            "batch_size",
            "max_iter",
            "init",
            "engine",
        ],
        (*_ERRORS, "gradient_rel"),
        _library_work,
        curves=lambda settings: ("cost", *_PREDICTIONS),
        libraries=("scikit-learn", "torch", "keras", "tensorflow", "jax"),
        alone=True,
    ),
    "gradient-check": Procedure(
        "perceptrons.study.gradient_check",
        lambda: ["activation", "loss", "penalty", "sizes", "n_rows", "engine"],
        ("numeric_abs", "numeric_rel", "autograd_abs", "autograd_rel", "kinks"),
        needs_data=False,
        libraries=("autograd",),
    ),
}
