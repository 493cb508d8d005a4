"""perceptrons itself, with the engine it chooses."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import perceptrons
from perceptrons.history import DivergedError
from perceptrons.peers.task import Array, Fitted, Layers, Task, Trained, Training


def estimator(task: Task, engine: str) -> Any:
    """Return the estimator that trains as the task says, without stopping early."""
    network = task.network
    arguments: dict[str, Any] = {
        "hidden_layer_sizes": network.hidden,
        "activation": network.activation,
        "solver": network.rule,
        "alpha": 0.0,
        "l1": network.l1,
        "l2": network.l2,
        "batch_size": task.batch,
        "learning_rate_init": network.learning_rate,
        "beta_1": network.betas[0],
        "beta_2": network.betas[1],
        "max_iter": task.epochs,
        "tol": 0.0,
        "n_iter_no_change": math.inf,
        "init": ([W for W, _ in task.layers], [b for _, b in task.layers]),
        "random_state": task.seed,
        "dtype": str(task.X.dtype),
        "engine": engine,
        "n_jobs": task.threads,
    }
    if task.classifies:
        return perceptrons.MLPClassifier(**arguments)
    return perceptrons.MLPRegressor(**arguments)


def layers(fitted: Any) -> Layers:
    """Return the weights of a fitted estimator."""
    return list(zip(fitted.coefs_, fitted.intercepts_, strict=True))


def fit(task: Task, engine: str = "auto") -> Fitted | None:
    """Train one network; None if its numbers grew beyond all bounds."""
    try:
        net = estimator(task, engine).fit(task.X, task.y)
    except DivergedError:
        return None
    by = f"perceptrons, {net.outcome_.engine}"
    return Fitted(layers(net), net.history_.columns["loss"], by)


def train(task: Task, engine: str = "auto") -> Layers:
    """Train one network and return its weights."""
    return layers(estimator(task, engine).fit(task.X, task.y))


def trainer(tasks: Sequence[Task], threads: int) -> Training:
    """Return a call that trains every task; many of them by ``fit_many``."""
    if len(tasks) == 1:
        return lambda: Trained([train(tasks[0])])

    def run() -> Trained:
        nets = [estimator(task, "auto") for task in tasks]
        X, y = tasks[0].X, tasks[0].y
        fitted = perceptrons.fit_many(nets, X, y, n_jobs=threads)
        return Trained([layers(net) for net in fitted])

    return run


def predictor(task: Task, engine: str = "auto") -> Callable[[], Array]:
    """Return a call that predicts: by ``predictor`` one row, by ``predict`` many."""
    net = estimator(task, engine)
    net.set_params(max_iter=1).fit(task.X, task.y)
    net.coefs_ = [W for W, _ in task.layers]
    net.intercepts_ = [b for _, b in task.layers]
    predict = net.predictor() if len(task.X) == 1 else net.predict
    return partial(predict, task.X)
