"""JAX: the whole training is one compiled program, lax.scan over epochs and steps.

Compiling is done before the clock runs, but inside it for a sweep, where every
architecture compiles anew; learning rate and penalties are arguments of the program.
The order of the rows is drawn by NumPy, which is faster on a processor.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from perceptrons.peers.task import LEAK, Array, Layers, Task, Trained, Training

_ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "sigmoid": jax.nn.sigmoid,
    "relu": jax.nn.relu,
    "leaky_relu": lambda Z: jnp.where(Z > 0, Z, LEAK * Z),
}


def _raw_outputs(layers: Any, X: Any, activation: str) -> Any:
    """Return the network's raw outputs."""
    for W, b in layers[:-1]:
        X = _ACTIVATIONS[activation](X @ W + b)
    W, b = layers[-1]
    return X @ W + b


def _objective(task: Task) -> Callable[..., Any]:
    """Return J of the layers, a batch and the strengths (l1, l2) of the penalties."""
    activation, penalized = task.network.activation, task.network.l1 + task.network.l2

    def objective(layers: Any, X: Any, y: Any, strengths: Any) -> Any:
        raw = _raw_outputs(layers, X, activation)
        if task.classifies:
            chosen = jnp.take_along_axis(jax.nn.log_softmax(raw), y[:, None], 1)
            value = -jnp.mean(chosen)
        else:
            value = 0.5 * jnp.mean(jnp.square(raw[:, 0] - y))
        if penalized:
            l1, l2 = strengths
            for W, _ in layers:
                value += l1 * jnp.abs(W).sum() + 0.5 * l2 * jnp.square(W).sum()
        return value

    return objective


def _adam(layers: Any, grads: Any, moments: Any, rate: Any, betas: Any) -> Any:
    """Return layers and moments after one step of Adam (Kingma and Ba, 2015)."""
    mean, square, t = moments
    b1, b2 = betas
    t = t + 1
    mean = jax.tree.map(lambda m, g: b1 * m + (1 - b1) * g, mean, grads)
    square = jax.tree.map(lambda v, g: b2 * v + (1 - b2) * g * g, square, grads)
    factor, root = rate / (1 - b1**t), jnp.sqrt(1 - b2**t)
    layers = jax.tree.map(
        lambda p, m, v: p - factor * m / (jnp.sqrt(v) / root + 1e-8),
        layers,
        mean,
        square,
    )
    return layers, (mean, square, t)


def _program(task: Task) -> Callable[..., Any]:
    """Return the training as a function of layers, X, y, row orders and settings."""
    gradient = jax.grad(_objective(task))
    batch, betas, full = task.batch, task.network.betas, task.network.rule == "gd"

    def train(
        layers: Any, X: Any, y: Any, orders: Any, rate: Any, strengths: Any
    ) -> Any:
        def descend(layers: Any, _: Any) -> Any:
            grads = gradient(layers, X, y, strengths)
            return jax.tree.map(lambda p, g: p - rate * g, layers, grads), None

        def step(carry: Any, rows: Any) -> Any:
            layers, moments = carry
            grads = gradient(layers, X[rows], y[rows], strengths)
            return _adam(layers, grads, moments, rate, betas), None

        def epoch(carry: Any, order: Any) -> Any:
            return lax.scan(step, carry, order.reshape(-1, batch))[0], None

        if full:
            return lax.scan(descend, layers, None, length=task.epochs)[0]
        zeros = jax.tree.map(jnp.zeros_like, layers)
        carry = (layers, (zeros, zeros, jnp.float32(0)))
        return lax.scan(epoch, carry, orders)[0][0]

    return train


def _arguments(task: Task) -> tuple[Any, ...]:
    """Return the arguments of the program, the order of the rows drawn anew."""
    network, n_rows = task.network, len(task.X)
    n_epochs, width = (0, 0) if network.rule == "gd" else (task.epochs, n_rows)
    orders = np.tile(np.arange(width, dtype=np.int32), (n_epochs, 1))
    orders = np.random.default_rng(0).permuted(orders, axis=1)
    strengths = (np.float32(network.l1), np.float32(network.l2))
    y = task.y.astype(np.int32) if task.classifies else task.y
    rate = np.float32(network.learning_rate)
    return task.layers, task.X, y, orders, rate, strengths


def _compile(task: Task) -> tuple[Any, float]:
    """Return the compiled program and the seconds it took."""
    start = time.perf_counter()
    compiled = jax.jit(_program(task)).lower(*_arguments(task)).compile()
    return compiled, time.perf_counter() - start


def _run(compiled: Any, task: Task) -> Layers:
    """Run the program."""
    trained = jax.block_until_ready(compiled(*_arguments(task)))
    return [(np.asarray(W), np.asarray(b)) for W, b in trained]


def trainer(tasks: Sequence[Task], threads: int) -> Training:
    """Return a call that trains every task; many of them in threads."""
    if len(tasks) == 1:
        compiled, seconds = _compile(tasks[0])
        return lambda: Trained([_run(compiled, tasks[0])], seconds)
    return lambda: _sweep(tasks, threads)


def _sweep(tasks: Sequence[Task], threads: int) -> Trained:
    """Compile each architecture once, then train; largest first, in threads."""
    firsts: dict[Any, Task] = {}
    for task in tasks:
        firsts.setdefault((task.network.hidden, task.network.activation), task)

    def work(key: Any) -> int:
        return -sum(W.size for W, _ in firsts[key].layers)

    with ThreadPoolExecutor(threads) as pool:
        keys = sorted(firsts, key=work)
        compiled = dict(
            zip(keys, pool.map(_compile, [firsts[key] for key in keys]), strict=True)
        )

        def train(task: Task) -> Layers:
            key = (task.network.hidden, task.network.activation)
            return _run(compiled[key][0], task)

        order = sorted(
            range(len(tasks)),
            key=lambda i: work((tasks[i].network.hidden, tasks[i].network.activation)),
        )
        trained = dict(
            zip(order, pool.map(train, [tasks[i] for i in order]), strict=True)
        )
    seconds = sum(seconds for _, seconds in compiled.values()) / threads
    return Trained([trained[index] for index in range(len(tasks))], seconds)


def predictor(task: Task) -> Callable[[], Array]:
    """Return a call that predicts, from NumPy to NumPy."""
    activation = task.network.activation
    layers = jax.device_put(task.layers)
    forward = jax.jit(lambda layers, X: _raw_outputs(layers, X, activation))
    return lambda: np.asarray(forward(layers, task.X))
