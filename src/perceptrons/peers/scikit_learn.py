"""scikit-learn's MLP estimators, in float32 since X is float32.

It has neither leaky ReLU nor an L1 penalty: ReLU and L2, which cost the same, take
their places, and such networks are left out where losses are compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import sklearn
from sklearn.neural_network import MLPClassifier, MLPRegressor

from perceptrons.peers._sharing import each
from perceptrons.peers.task import Array, Fitted, Layers, Task, Training

_NAMES = {"sigmoid": "logistic", "relu": "relu", "leaky_relu": "relu"}


class _Given:
    """Start from given weights; scikit-learn offers no argument for it."""

    layers: Iterator[tuple[Array, Array]]

    def _init_coef(self, fan_in: int, fan_out: int, dtype: Any) -> tuple[Array, Array]:
        W, b = next(self.layers)
        return W.astype(dtype), b.astype(dtype)


class _Regressor(_Given, MLPRegressor):
    """MLPRegressor from given weights."""


class _Classifier(_Given, MLPClassifier):
    """MLPClassifier from given weights."""


def _estimator(task: Task) -> Any:
    """Return the estimator that trains as the task says, without stopping early."""
    network = task.network
    make = _Classifier if task.classifies else _Regressor
    net = make(
        hidden_layer_sizes=network.hidden,
        activation=_NAMES[network.activation],
        solver="adam" if network.rule == "adam" else "sgd",
        # It divides alpha by the rows of the batch.
        alpha=(network.l1 + network.l2) * task.batch,
        batch_size=task.batch,
        learning_rate_init=network.learning_rate,
        max_iter=task.epochs,
        shuffle=task.batch < len(task.X),
        random_state=task.seed,
        tol=0.0,
        momentum=0.0,
        nesterovs_momentum=False,
        beta_1=network.betas[0],
        beta_2=network.betas[1],
        n_iter_no_change=task.epochs + 1,
    )
    net.layers = iter(task.layers)
    return net


def fit(task: Task) -> Fitted | None:
    """Train one network; None if its numbers grew beyond all bounds."""
    try:
        net = _estimator(task).fit(task.X, task.y)
    except ValueError as error:
        # Absurd learning rates end so; the time until then counts.
        if "non-finite" not in str(error):
            raise
        return None
    layers = list(zip(net.coefs_, net.intercepts_, strict=True))
    return Fitted(layers, net.loss_curve_, f"scikit-learn {sklearn.__version__}")


def train(task: Task) -> Layers | None:
    """Train one network; None, too, if it was not the network that was asked for."""
    fitted = fit(task)
    if fitted is None or task.network.activation == "leaky_relu" or task.network.l1:
        return None
    return fitted.layers


def trainer(tasks: Sequence[Task], threads: int) -> Training:
    """Return a call that trains every task."""
    return each(train, tasks, threads)


def predictor(task: Task) -> Callable[[], Array]:
    """Return a call that predicts with the task's weights."""
    net = _estimator(task)
    net.set_params(max_iter=1).fit(task.X, task.y)
    net.coefs_ = [W for W, _ in task.layers]
    net.intercepts_ = [b for _, b in task.layers]
    return partial(net.predict, task.X)
