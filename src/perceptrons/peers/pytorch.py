"""PyTorch, eager: fused Adam, batches taken from tensors, no DataLoader."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from perceptrons.peers._sharing import each
from perceptrons.peers.task import LEAK, Array, Fitted, Layers, Task, Training


def _activation(name: str) -> Any:
    """Return the activation's module."""
    if name == "leaky_relu":
        return nn.LeakyReLU(LEAK)
    return nn.Sigmoid() if name == "sigmoid" else nn.ReLU()


def _model(task: Task) -> Any:
    """Return the network with the task's weights."""
    modules: list[Any] = []
    for W, b in task.layers:
        weights, biases = torch.from_numpy(W.T.copy()), torch.from_numpy(b)
        linear = nn.Linear(*W.shape, dtype=weights.dtype)
        with torch.no_grad():
            linear.weight.copy_(weights)
            linear.bias.copy_(biases)
        modules += [linear, _activation(task.network.activation)]
    return nn.Sequential(*modules[:-1])


def _optimizer(model: Any, task: Task) -> Any:
    """Return the optimizer; its weight decay is the L2 penalty, of weights only."""
    network = task.network
    weights = [p for p in model.parameters() if p.ndim == 2]
    biases = [p for p in model.parameters() if p.ndim == 1]
    groups = [
        {"params": weights, "weight_decay": network.l2},
        {"params": biases, "weight_decay": 0.0},
    ]
    if network.rule == "gd":
        return torch.optim.SGD(groups, lr=network.learning_rate, fused=True)
    return torch.optim.Adam(
        groups, lr=network.learning_rate, betas=network.betas, fused=True
    )


def fit(task: Task) -> Fitted:
    """Train one network."""
    torch.set_num_threads(task.threads)
    X, y = torch.from_numpy(task.X), torch.from_numpy(task.y)
    y = y if task.classifies else y[:, None]
    model = _model(task)
    optimizer = _optimizer(model, task)
    weights = [p for p in model.parameters() if p.ndim == 2]
    l1, batch, full = task.network.l1, task.batch, task.batch == len(X)

    def step(inputs: Any, targets: Any) -> Any:
        optimizer.zero_grad()
        outputs = model(inputs)
        if task.classifies:
            value = nn.functional.cross_entropy(outputs, targets)
        else:
            value = 0.5 * nn.functional.mse_loss(outputs, targets)
        if l1:
            value = value + l1 * sum(W.abs().sum() for W in weights)
        value.backward()
        optimizer.step()
        return value.detach()

    costs = []
    generator = torch.Generator().manual_seed(task.seed)
    for _ in range(task.epochs):
        if full:
            costs.append(step(X, y).item())
            continue
        batches = torch.randperm(len(X), generator=generator).split(batch)
        values = torch.stack([step(X[rows], y[rows]) for rows in batches])
        costs.append(float(np.average(values, weights=[len(rows) for rows in batches])))
    layers = [
        (m.weight.detach().numpy().T.copy(), m.bias.detach().numpy().copy())
        for m in model
        if isinstance(m, nn.Linear)
    ]
    return Fitted(layers, costs, f"PyTorch {torch.__version__}")


def train(task: Task) -> Layers:
    """Train one network and return its weights."""
    return fit(task).layers


def trainer(tasks: Sequence[Task], threads: int) -> Training:
    """Return a call that trains every task."""
    return each(train, tasks, threads)


def predictor(task: Task) -> Callable[[], Array]:
    """Return a call that predicts, from NumPy to NumPy."""
    torch.set_num_threads(task.threads)
    model = _model(task)

    def predict() -> Array:
        with torch.inference_mode():
            outputs: Array = model(torch.from_numpy(task.X)).numpy()
        return outputs

    return predict
