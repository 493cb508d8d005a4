"""Keras: compile and fit, on the backend KERAS_BACKEND names, else an installed one.

TensorFlow comes first, where it is installed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from importlib.util import find_spec
from typing import Any

from perceptrons.peers._sharing import each
from perceptrons.peers.task import LEAK, Array, Fitted, Layers, Task, Training

_BACKENDS = [name for name in ("tensorflow", "torch", "jax") if find_spec(name)]
os.environ.setdefault("KERAS_BACKEND", next(iter(_BACKENDS), "tensorflow"))


def _model(task: Task) -> Any:
    """Return the network with the task's weights, compiled for training."""
    import keras

    network = task.network
    activations: dict[str, Any] = {
        "sigmoid": "sigmoid",
        "relu": "relu",
        "leaky_relu": partial(keras.ops.leaky_relu, negative_slope=LEAK),
    }
    penalty = None
    if network.l1 or network.l2:
        penalty = keras.regularizers.L1L2(network.l1, network.l2 / 2)
    model = keras.Sequential([keras.Input(task.X.shape[1:])])
    for index, (W, b) in enumerate(task.layers):
        last = index == len(task.layers) - 1
        activation = None if last else activations[network.activation]
        dense = keras.layers.Dense(b.size, activation, kernel_regularizer=penalty)
        model.add(dense)
        dense.set_weights([W, b])
    optimizer = keras.optimizers.SGD(network.learning_rate)
    if network.rule == "adam":
        optimizer = keras.optimizers.Adam(
            network.learning_rate, *network.betas, epsilon=1e-8
        )
    model.compile(optimizer, _loss(task))
    return model


def _loss(task: Task) -> Any:
    """Return the loss: cross-entropy on raw outputs, or half the squared error."""
    import keras

    if task.classifies:
        return keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return lambda y, z: 0.5 * keras.ops.mean(keras.ops.square(y - z), axis=-1)


def fit(task: Task) -> Fitted:
    """Train one network."""
    import keras

    _prepare(task)
    model = _model(task)
    targets = task.y if task.classifies else task.y[:, None]
    history = model.fit(
        task.X,
        targets,
        batch_size=task.batch,
        epochs=task.epochs,
        shuffle=task.batch < len(task.X),
        verbose=0,
    )
    weights = [layer.get_weights() for layer in model.layers]
    by = f"Keras {keras.__version__} on {keras.backend.backend()}"
    return Fitted([(W, b) for W, b in weights], history.history["loss"], by)


def train(task: Task) -> Layers:
    """Train one network and return its weights."""
    return fit(task).layers


def _prepare(task: Task) -> None:
    """Set Keras' seed and type of number, and the threads of PyTorch below it.

    The threads of other backends obey the process.
    """
    import keras

    keras.utils.set_random_seed(task.seed)
    keras.config.set_floatx(str(task.X.dtype))
    if keras.backend.backend() == "torch":
        import torch

        torch.set_num_threads(task.threads)


def trainer(tasks: Sequence[Task], threads: int) -> Training:
    """Return a call that trains every task."""
    return each(train, tasks, threads)


def predictor(task: Task) -> Callable[[], Array]:
    """Return a call that predicts."""
    _prepare(task)
    model = _model(task)
    return lambda: model.predict(task.X, batch_size=len(task.X), verbose=0)
