"""The rows the workloads train on, as float32, the same for every library."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perceptrons.bench.workloads import (
    MNIST_CLASSES,
    MNIST_PIXELS,
    MNIST_ROWS,
)
from perceptrons.data import runge

Array = NDArray[np.floating[Any]]


def load(name: str) -> tuple[Array, Array | NDArray[np.int64]]:
    """Return X and y: targets of shape (n,) for "runge", classes for "mnist"."""
    return _runge() if name == "runge" else _mnist()


def mnist_folder() -> Path | None:
    """Return the folder with MNIST's IDX files, by PERCEPTRONS_DATA, or None."""
    root = os.environ.get("PERCEPTRONS_DATA")
    if not root:
        return None
    for folder in (Path(root), Path(root) / "mnist"):
        if any(folder.glob("train-images-idx3-ubyte*")):
            return folder
    return None


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
    images = _read_idx(folder, "train-images-idx3-ubyte", 16)
    labels = _read_idx(folder, "train-labels-idx1-ubyte", 8)
    X = images.reshape(-1, MNIST_PIXELS).astype(np.float32)
    X /= 255
    return X, labels.astype(np.int64)


def _read_idx(folder: Path, name: str, header: int) -> NDArray[np.uint8]:
    """Return the bytes after the header of a file, gzipped or not."""
    path = folder / name
    if path.exists():
        raw = path.read_bytes()
    else:
        raw = gzip.decompress((folder / f"{name}.gz").read_bytes())
    return np.frombuffer(raw, np.uint8, offset=header)
