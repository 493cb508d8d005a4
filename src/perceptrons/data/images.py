"""Images of handwritten digits: MNIST, and scikit-learn's smaller ones."""

from __future__ import annotations

import math
import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perceptrons import _checks
from perceptrons.data import mnist
from perceptrons.data.dataset import Dataset

#: What each split of MNIST is, in a sentence.
MNIST = {
    "report": (
        "MNIST, 70,000 images of handwritten digits, 28 x 28 pixels divided by 255, "
        "split at random as in the report: 56,000 rows train, 14,000 test, for every "
        "seed the same."
    ),
    "official": (
        "MNIST, images of handwritten digits, 28 x 28 pixels divided by 255, in its "
        "own split: 60,000 rows train, 10,000 test."
    ),
}
#: What scikit-learn's digits are, in a sentence.
DIGITS = (
    "scikit-learn's digits, 1797 images of handwritten digits, 8 x 8 pixels divided "
    "by 16, split at random: 1437 rows train, 360 test, for every seed the same."
)


def load_mnist(
    split: str = "report",
    data_dir: str | os.PathLike[str] | None = None,
    *,
    download: bool = True,
) -> Dataset:
    """Handwritten digits, 28 x 28 pixels: MNIST, the report's classification problem.

    Parameters
    ----------
    split : {"report", "official"}, default="report"
        "report": all 70,000 images, those of the train file first, split at random as
        scikit-learn's ``train_test_split(..., test_size=0.2, random_state=42)`` does:
        56,000 for training, 14,000 for testing. "official": the train file's 60,000
        and the test file's 10,000.
    data_dir : path, optional
        Folder with the four IDX files, gzipped or not, named as they are published or
        with a dot before "idx". If not given: the folder in the
        environment variable ``PERCEPTRONS_DATA``, then files downloaded earlier, then
        a download (11 MB, from several mirrors, each given up after 10 silent seconds
        or 5 minutes in all).
    download : bool, default=True
        Whether a download is allowed.

    Returns
    -------
    Dataset
        Pixels divided by 255, float32; ``y`` holds the digits as integers.

    Raises
    ------
    ValueError
        For an unknown split.
    MissingDataError
        If the files are not at hand, a ``FileNotFoundError``.
    DamagedDataError
        If a file's MD5 checksum is wrong, a ``ValueError``; no other source is tried.
    """
    _checks.choice("split", split, ["report", "official"])
    images, labels, n_train = mnist.read(mnist.find(data_dir, download=download))
    n = len(labels)
    official = np.arange(n_train), np.arange(n_train, n)
    parts = official if split == "official" else _shuffled(n)
    return _images(f"mnist-{split}", images, labels, parts, 255, MNIST[split])


def load_digits() -> Dataset:
    """Handwritten digits, 8 x 8 pixels, that come with scikit-learn.

    Returns
    -------
    Dataset
        1437 images for training, 360 for testing, split as MNIST's "report"; pixels
        divided by 16, float32.
    """
    from sklearn.datasets import load_digits as read

    pixels, labels = read(return_X_y=True)
    return _images("digits", pixels, labels, _shuffled(len(labels)), 16, DIGITS)


def _shuffled(n: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the rows that ``train_test_split`` takes for random_state=42, 80/20."""
    order = np.random.RandomState(42).permutation(n)
    n_test = math.ceil(0.2 * n)
    return order[n_test:], order[:n_test]


def _images(
    name: str,
    pixels: NDArray[Any],
    labels: NDArray[Any],
    parts: tuple[NDArray[np.intp], NDArray[np.intp]],
    brightest: int,
    description: str,
) -> Dataset:
    """Split images, scale them to [0, 1] in float32 and make labels integers."""
    scale = np.float32(brightest)
    X = [np.divide(pixels[rows], scale, dtype=np.float32) for rows in parts]
    y = [labels[rows].astype(np.int64) for rows in parts]
    return Dataset(name, X[0], y[0], X[1], y[1], None, None, description)
