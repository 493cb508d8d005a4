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
)
from perceptrons.data import load_mnist, mnist, runge

Array = NDArray[np.floating[Any]]


def load(name: str) -> tuple[Array, Array | NDArray[np.int64]]:
    """Return X and y: targets of shape (n,) for "runge", classes for "mnist"."""
    return _runge() if name == "runge" else _mnist()


def mnist_folder() -> Path | None:
    """Return the folder with MNIST's files on this machine, None without any."""
    return mnist.local()


def _runge() -> tuple[Array, Array]:
    """Return the training rows of the studies' seed 0, RUNGE_ROWS of them."""
    data = runge(0)
    return data.X_train.astype(np.float32), data.y_train.astype(np.float32)


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
