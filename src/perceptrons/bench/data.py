"""The rows the workloads train on, as float32, the same for every library."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perceptrons.bench.workloads import (
    MNIST_CLASSES,
    MNIST_PIXELS,
    MNIST_ROWS,
    Workload,
)
from perceptrons.data import load_mnist, mnist, runge

Array = NDArray[np.floating[Any]]


def load(workload: Workload) -> tuple[Array, Array | NDArray[np.int64]]:
    """Return X and y of a workload: targets of shape (n,), or classes."""
    if workload.size is not None:
        return _normal(*workload.size)
    if workload.data == "runge":
        return _runge()
    X, y = _mnist()
    return (_standardized(X) if workload.data == "pixels" else X), y


def mnist_folder() -> Path | None:
    """Return the folder with MNIST's files on this machine, None without any."""
    return mnist.local()


def _runge() -> tuple[Array, Array]:
    """Return the training rows of the studies' seed 0, RUNGE_ROWS of them."""
    data = runge(0)
    return data.X_train.astype(np.float32), data.y_train.astype(np.float32)


def _normal(
    n_rows: int, n_features: int, n_outputs: int
) -> tuple[Array, Array | NDArray[np.int64]]:
    """Return normal columns, and a smooth target or the largest of several."""
    rng = np.random.default_rng(2018)
    X = rng.standard_normal((n_rows, n_features), np.float32)
    teacher = rng.standard_normal((n_features, n_outputs), np.float32)
    outputs = np.tanh(X @ teacher / np.float32(n_features**0.5))
    return X, outputs[:, 0] if n_outputs == 1 else np.argmax(outputs, axis=1)


def _standardized(X: Array) -> Array:
    """Return pixels of mean 0 and, where they vary, variance 1: hardly any is 0."""
    spread = X.std(axis=0)
    scaled: Array = (X - X.mean(axis=0) + 0.01) / np.where(spread > 0, spread, 1)
    return scaled


def _mnist() -> tuple[Array, NDArray[np.int64]]:
    """Return MNIST's 60,000 training images, or random rows of the same shape."""
    folder = mnist_folder()
    if folder is None:
        rng = np.random.default_rng(2018)
        X = rng.random((MNIST_ROWS, MNIST_PIXELS), np.float32)
        teacher = rng.standard_normal((MNIST_PIXELS, MNIST_CLASSES), np.float32)
        return X, np.argmax((X - 0.5) @ teacher, axis=1)
    data = load_mnist("official", folder)
    return data.X_train, data.y_train
