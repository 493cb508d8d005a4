"""The procedure "network": fit a public estimator and measure it."""

from __future__ import annotations

import inspect
import itertools
import math
import sys
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from perceptrons import MLPRegressor, engine, losses
from perceptrons.data import Dataset
from perceptrons.history import DivergedError
from perceptrons.metrics import mean_squared_error
from perceptrons.network import Architecture, initialize
from perceptrons.objective import Problem
from perceptrons.settings import resolve
from perceptrons.study.result import Procedure, Result

#: Curves and metrics of every model of numbers.
PREDICTIONS = ("fitted", "predicted")
ERRORS = ("train_mse", "test_mse", "excess", "error_f")

# Weights below it in size count as driven to zero: the report's start has size 1.
_NEXT_TO_ZERO = 1e-3


class MeanSquareRecorder:
    """Callback that keeps the mean of RMSProp's G_t after every epoch."""

    def __init__(self) -> None:
        self.values: list[float] = []

    def on_epoch_end(self, state: Any) -> None:
        """Append the mean over all parameters."""
        self.values.append(float(np.mean(state.optimizer_state["mean_square"])))


def estimator(
    kind: Callable[..., Any],
    settings: Mapping[str, Any],
    seed: int = 0,
    callbacks: Any = None,
) -> Any:
    """Return the estimator of these settings; TOML has lists, but no tuples."""
    arguments = dict(settings)
    if isinstance(sizes := arguments.get("hidden_layer_sizes"), list):
        arguments["hidden_layer_sizes"] = tuple(sizes)
    return kind(**arguments, random_state=seed, callbacks=callbacks)


def check(settings: Mapping[str, Any]) -> None:
    """Refuse settings that cannot be run.

    Parameters
    ----------
    settings : mapping
        Arguments of :class:`perceptrons.MLPRegressor`.

    Raises
    ------
    ValueError, TypeError
        Naming the argument, the rule, what came, and a remedy.
    """
    model = estimator(MLPRegressor, settings)
    check_model(model, losses.resolve(model.loss), 1)


def check_model(model: Any, loss: Any, n_outputs: int) -> None:
    """Refuse an estimator whose arguments cannot be used with this loss."""
    given = resolve(model)
    # What is checked here does not depend on widths: weights of one unit a layer do.
    narrow = Architecture((1, *(1 for _ in given.hidden), n_outputs))
    rng = np.random.default_rng(0)
    initialize(narrow, given.activations, model.init, rng, given.dtype)
    architecture = Architecture((1, *given.hidden, n_outputs))
    problem = Problem(architecture, given.activations, loss, given.penalty, given.dtype)
    engine.choose(model.engine, problem, given.rule, model.n_jobs)


# Vectors as long as theta beside it: the gradient, an optimizer's two, the best so far,
# and what is drawn in float64; L-BFGS keeps ten pairs in float64.
_COPIES, _COPIES_LBFGS = 8, 50


def memory(settings: Mapping[str, Any], shape: tuple[int, int]) -> int:
    """Return the bytes that training needs, roughly.

    Parameters
    ----------
    settings : mapping
        Arguments of :class:`perceptrons.MLPRegressor`, checked.
    shape : (int, int)
        Rows and columns of the data.
    """
    return memory_of(estimator(MLPRegressor, settings), shape, 1)


def memory_of(model: Any, shape: tuple[int, int], n_outputs: int) -> int:
    """Return the bytes that training an estimator needs, roughly."""
    rows, columns = shape
    given = resolve(model)
    sizes = [int(size) for size in (columns, *given.hidden, n_outputs)]
    n_parameters = sum((a + 1) * b for a, b in itertools.pairwise(sizes))
    copies = _COPIES_LBFGS if given.rule is None else _COPIES
    # Each layer keeps its outputs and their derivatives.
    layers = 2 * min(given.batch_rows(sys.maxsize), rows) * sum(sizes)
    return given.dtype.itemsize * (copies * n_parameters + layers + rows * columns)


def run(settings: Mapping[str, Any], dataset: Dataset, seed: int) -> Result:
    """Train one network and measure it on both parts of the data.

    Parameters
    ----------
    settings : mapping
        Arguments of :class:`perceptrons.MLPRegressor`.
    dataset : Dataset
    seed : int
        The estimator's ``random_state``.

    Returns
    -------
    Result
        Curves: the cost of each epoch, the predictions of both parts, and for
        RMSProp the mean of G_t after each epoch. A network that diverged predicts
        NaN, and its metrics are NaN; the cost of its finite epochs is kept.
    """
    recorder = MeanSquareRecorder() if settings.get("solver") == "rmsprop" else None
    callbacks = [recorder] if recorder else None
    model = estimator(MLPRegressor, settings, seed, callbacks)
    n_parameters = count_parameters(model, dataset.X_train.shape[1], 1)
    try:
        fit(model, dataset)
    except DivergedError as error:
        return _lost(str(error), dataset, n_parameters)
    outcome = model.outcome_
    lost = outcome.reason == "diverged"
    metrics, curves = measured(dataset, None if lost else model.predict)
    curves["near_zero"] = np.array([near_zero(model)])
    curves["cost"] = finite(model.history_.columns["loss"])
    if recorder:
        curves["mean_square"] = finite(recorder.values)
    return Result(
        metrics=metrics,
        curves=curves,
        reason=outcome.reason,
        message=outcome.message,
        epochs=outcome.epochs,
        seconds=outcome.seconds,
        n_parameters=n_parameters,
        engine=outcome.engine,
    )


def near_zero(model: Any) -> float:
    """Return the share of a network's weights, biases left out, next to zero."""
    weights = np.concatenate([part.ravel() for part in model.coefs_])
    return float(np.mean(np.abs(weights) < _NEXT_TO_ZERO))


def count_parameters(model: Any, n_features: int, n_outputs: int) -> int:
    """Return the number of weights and biases that a model will have."""
    return Architecture((n_features, *resolve(model).hidden, n_outputs)).n_parameters


def fit(model: Any, dataset: Dataset) -> None:
    """Train on the training part; how it ended is in ``outcome_``, not a warning.

    Raises
    ------
    DivergedError
        If no epoch ended with finite weights.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", "Training interrupted", UserWarning)
        model.fit(dataset.X_train, dataset.y_train)


def finite(values: list[float]) -> Any:
    """Return the values up to the first that is not finite, where training broke."""
    curve = np.asarray(values, np.float64)
    broken = np.flatnonzero(~np.isfinite(curve))
    return curve[: broken[0]] if broken.size else curve


def measured(
    dataset: Dataset, predict: Callable[[Any], Any] | None
) -> tuple[dict[str, float], dict[str, Any]]:
    """Predict all parts of the data and measure the predictions.

    Parameters
    ----------
    dataset : Dataset
    predict : callable or None
        Features -> predictions; None: NaN, of a model that diverged.

    Returns
    -------
    metrics : dict of str to float
        ``train_mse``, ``test_mse``; ``excess``, the test MSE above the realized noise
        of that test set; ``error_f``, the mean squared distance from the noiseless
        targets of the test set; ``validation_mse`` where rows validate.
    curves : dict of str to ndarray
        The predictions for ``X_train``, ``fitted``, and for ``X_test``, ``predicted``.
    """
    call = predict or (lambda X: np.full(len(X), math.nan))
    fitted, predicted = call(dataset.X_train), call(dataset.X_test)
    test_mse = mean_squared_error(dataset.y_test, predicted)
    truth = dataset.f_test
    metrics = {
        "train_mse": mean_squared_error(dataset.y_train, fitted),
        "test_mse": test_mse,
        "excess": test_mse - dataset.noise_test,
        "error_f": math.nan if truth is None else mean_squared_error(truth, predicted),
    }
    if dataset.validation:
        X, y = dataset.validation
        metrics["validation_mse"] = mean_squared_error(y, call(X))
    return metrics, {"fitted": fitted, "predicted": predicted}


def _lost(message: str, dataset: Dataset, n_parameters: int) -> Result:
    """Return the result of a network without one finite epoch."""
    metrics, curves = measured(dataset, None)
    return Result(
        metrics=metrics,
        curves={**curves, "cost": np.empty(0), "mean_square": np.empty(0)},
        reason="diverged",
        message=message,
        n_parameters=n_parameters,
        engine="",
    )


def arguments(estimator: type) -> tuple[str, ...]:
    """Return the names of an estimator's arguments; seed and callbacks are ours."""
    names = inspect.signature(estimator).parameters
    return tuple(name for name in names if name not in ("random_state", "callbacks"))


def _curves(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the curves of every network; RMSProp records one more."""
    more = ("mean_square",) if settings.get("solver") == "rmsprop" else ()
    return ("cost", *PREDICTIONS, *more)


def _work(settings: Mapping[str, Any]) -> float:
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


PROCEDURE = Procedure(
    run, check, memory, arguments(MLPRegressor), ERRORS, _work, curves=_curves
)
