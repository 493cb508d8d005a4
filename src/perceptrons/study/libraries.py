"""The procedure "library": the same network in this library and in three others.

All start from the same weights, go through the same number of batches an epoch, all
rows reshuffled each time, each library in its own order, and minimize half the mean
squared error: the only squared error that scikit-learn has. Costs are given as twice
that, eq. (6); a step of Adam does not depend on the factor. Numbers are float32, on one
thread.

Beside it stands the gradient that each library computes, from one step of plain
gradient descent with rate 1 over all rows, in float64:

    gradient = theta before - theta after
"""

from __future__ import annotations

import math
import statistics
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from perceptrons import _checks
from perceptrons.activations import ACTIVATIONS
from perceptrons.data import Dataset
from perceptrons.network import Architecture, initialize
from perceptrons.peers import OURS, PEERS
from perceptrons.peers.task import Fitted, Layers, Network, Task
from perceptrons.study import networks
from perceptrons.study.result import Procedure, Result

#: The report's libraries, by their names in ``peers.PEERS``; ours comes first.
LIBRARIES = (OURS.name, "scikit-learn", "PyTorch", "Keras")

#: Largest difference of two gradients that passes, relative to the largest entry: in
#: float64 some hundred roundings of 2e-16; Keras on PyTorch multiplies in float32,
#: whose roundings are 6e-8.
SAME_GRADIENT = {**dict.fromkeys(LIBRARIES, 1e-12), "Keras": 1e-5}

#: How a run ends whose library is not there.
NOT_INSTALLED = "not installed"

# Only those that every library has under the same meaning.
_ACTIVATIONS = ("sigmoid", "relu")

# A training that takes less than this many seconds is timed again.
_LEAST = 0.1


def missing() -> dict[str, str]:
    """Return the libraries that are not installed, each with its install command."""
    peers = [PEERS[name] for name in LIBRARIES]
    return {peer.name: peer.hint for peer in peers if not peer.is_installed()}


def check(settings: Mapping[str, Any]) -> None:
    """Refuse settings that cannot be run.

    Parameters
    ----------
    settings : mapping
        As in :func:`run`.

    Raises
    ------
    ValueError, TypeError
        Naming the setting, the rule, what came, and a remedy.
    """
    _checks.choice("library", settings.get("library"), LIBRARIES)
    _checks.choice("activation", settings.get("activation"), _ACTIVATIONS)
    for name in ("batch_size", "max_iter"):
        _checks.integer(name, settings.get(name), 1, "every library needs the number")
    given = {k: v for k, v in settings.items() if k != "library"}
    networks.check({**given, "solver": "adam"})


def memory(settings: Mapping[str, Any], shape: tuple[int, int]) -> int:
    """Return the bytes that a run needs, roughly: its own copy of all, in float64."""
    given = {k: v for k, v in settings.items() if k != "library"}
    return 4 * networks.memory({**given, "solver": "adam"}, shape)


def run(settings: Mapping[str, Any], dataset: Dataset, seed: int) -> Result:
    """Train one network in one library, time it and measure it.

    Parameters
    ----------
    settings : mapping
        ``library``, a name of ``LIBRARIES``; ``activation``; ``hidden_layer_sizes``,
        ``learning_rate_init``, ``beta_1``, ``beta_2``, ``batch_size``, ``max_iter`` and
        ``init`` as in :class:`perceptrons.MLPRegressor`; ``engine``, for this library.
    dataset : Dataset
    seed : int
        Of the first weights, and of each library's order of the rows.

    Returns
    -------
    Result
        Metrics: those of a network, and ``gradient_rel``, the largest difference of
        the gradient from this library's, relative to its largest entry. Curves: the
        cost of each epoch, the predictions of both parts. Seconds: the median of as
        many trainings as begin within a tenth of a second, at least one. Without the
        library all numbers are NaN, and the reason is ``NOT_INSTALLED``.
    """
    peer = PEERS[settings["library"]]
    if not peer.is_installed():
        return _gap(settings, dataset, NOT_INSTALLED, peer.hint)
    task = _task(settings, dataset, seed, np.float32)
    with warnings.catch_warnings(), threadpool_limits(1):
        # Said by the reason instead, or the libraries' own affair.
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            module = import_module(peer.home)
        except ImportError as error:
            return _gap(settings, dataset, NOT_INSTALLED, str(error))
        fit = module.fit
        if peer is OURS:
            fit = partial(fit, engine=settings.get("engine", "auto"))
        difference = _gradient_difference(fit, _task(settings, dataset, seed, float))
        fitted, seconds = _timed(fit, task)
        if fitted is None or not np.isfinite(fitted.costs).all():
            return _gap(settings, dataset, "diverged", "the cost is not finite")
        metrics, curves = networks.measured(
            dataset, partial(_predict, module, task, fitted.layers)
        )
    # scikit-learn and Keras, like ours, may end quietly on Ctrl-C.
    whole = len(fitted.costs) == task.epochs
    return Result(
        metrics={**metrics, "gradient_rel": difference},
        curves={**curves, "cost": 2.0 * np.asarray(fitted.costs, np.float64)},
        reason="limit reached" if whole else "interrupted",
        epochs=len(fitted.costs),
        seconds=seconds,
        n_parameters=_architecture(settings, dataset).n_parameters,
        engine=fitted.by,
    )


def _architecture(settings: Mapping[str, Any], dataset: Dataset) -> Architecture:
    """Return the sizes of all layers."""
    n_features = dataset.X_train.shape[1]
    return Architecture((n_features, *settings["hidden_layer_sizes"], 1))


def _task(
    settings: Mapping[str, Any], dataset: Dataset, seed: int, dtype: type
) -> Task:
    """Return what every library is given; its first weights are ours for this seed."""
    architecture = _architecture(settings, dataset)
    activations = [ACTIVATIONS[settings["activation"]]] * (architecture.n_layers - 1)
    init = settings.get("init", "auto")
    rng = np.random.default_rng(seed).spawn(4)[0]
    theta = initialize(architecture, activations, init, rng, np.dtype(dtype))
    network = Network(
        tuple(settings["hidden_layer_sizes"]),
        settings["activation"],
        learning_rate=settings.get("learning_rate_init", 0.001),
        betas=(settings.get("beta_1", 0.9), settings.get("beta_2", 0.999)),
        batch=settings["batch_size"],
    )
    return Task(
        network,
        list(zip(*architecture.views(theta), strict=True)),
        dataset.X_train.astype(dtype),
        dataset.y_train.astype(dtype),
        settings["max_iter"],
        threads=1,
        seed=seed,
    )


def _timed(fit: Callable[[Task], Any], task: Task) -> tuple[Fitted | None, float]:
    """Train, after a first epoch that warms up, and return the median seconds."""
    fit(replace(task, epochs=1))
    seconds: list[float] = []
    while sum(seconds) < _LEAST:
        start = time.perf_counter()
        fitted = fit(task)
        seconds.append(time.perf_counter() - start)
    return fitted, statistics.median(seconds)


def _gradient_difference(fit: Callable[[Task], Any], task: Task) -> float:
    """Return the largest difference from our gradient over its largest entry."""
    ours = _gradient(import_module(OURS.home).fit, task)
    theirs = _gradient(fit, task)
    return float(np.max(np.abs(theirs - ours)) / np.max(np.abs(ours)))


def _gradient(fit: Callable[[Task], Any], task: Task) -> NDArray[np.float64]:
    """Return theta before minus theta after one step with rate 1 over all rows."""
    descent = Network(
        task.network.hidden, task.network.activation, "gd", learning_rate=1.0, batch=0
    )
    after = fit(replace(task, network=descent, epochs=1)).layers
    moved = [
        (old - new).ravel()
        for before, end in zip(task.layers, after, strict=True)
        for old, new in zip(before, end, strict=True)
    ]
    return np.concatenate(moved)


def _predict(module: Any, task: Task, layers: Layers, X: NDArray[Any]) -> NDArray[Any]:
    """Let a library predict with the weights it found."""
    rows = replace(
        task,
        layers=layers,
        X=X.astype(task.X.dtype),
        # Nothing is trained: only their number matters.
        y=np.zeros(len(X), task.y.dtype),
        epochs=1,
    )
    return np.reshape(module.predictor(rows)(), len(X))


def _gap(
    settings: Mapping[str, Any], dataset: Dataset, reason: str, message: str
) -> Result:
    """Return the result of a network without numbers."""
    metrics, curves = networks.measured(dataset, None)
    return Result(
        metrics={**metrics, "gradient_rel": math.nan},
        curves={**curves, "cost": np.empty(0)},
        reason=reason,
        message=message,
        n_parameters=_architecture(settings, dataset).n_parameters,
        engine="",
    )


def _work(settings: Mapping[str, Any]) -> float:
    """Return about the seconds that a library takes, none if it is missing."""
    if settings["library"] in missing():
        return 0.01
    steps = settings["max_iter"] * 1200 / settings["batch_size"]
    # Measured with one layer: seconds a step; ours is repeated.
    step = {"scikit-learn": 120e-6, "PyTorch": 200e-6, "Keras": 1900e-6}
    layers = len(settings["hidden_layer_sizes"])
    share = float(step.get(settings["library"], 2e-6))
    return float(0.2 + steps * share * (0.8 + 0.2 * layers))


PROCEDURE = Procedure(
    run,
    check,
    memory,
    (
        "library", "activation", "hidden_layer_sizes", "learning_rate_init", "beta_1",
        "beta_2", "batch_size", "max_iter", "init", "engine",
    ),
    (*networks.ERRORS, "gradient_rel"),
    _work,
    curves=lambda settings: ("cost", *networks.PREDICTIONS),
    libraries=("scikit-learn", "torch", "keras", "tensorflow", "jax"),
    alone=True,
)  # fmt: skip
