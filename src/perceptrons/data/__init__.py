"""Data sets of the studies: a record, loaders, and a table of them by name."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perceptrons import _checks
from perceptrons.data import mnist, table

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class Dataset:
    """A data set, split once and for all into a training and a test part.

    Parameters
    ----------
    name : str
        Name in ``DATASETS``.
    X_train, X_test : ndarray of shape (n, d)
    y_train, y_test : ndarray of shape (n,)
        Numbers, or classes as integers from 0.
    f_train, f_test : ndarray of shape (n,), or None
        The targets without noise, where they are known.
    description : str
        One sentence: where the numbers come from.
    """

    name: str
    X_train: Array
    y_train: NDArray[Any]
    X_test: Array
    y_test: NDArray[Any]
    f_train: Array | None
    f_test: Array | None
    description: str

    @property
    def noise_train(self) -> float:
        """Realized noise of the training part, mean of (y - f)^2; NaN if unknown."""
        return _noise(self.y_train, self.f_train)

    @property
    def noise_test(self) -> float:
        """Realized noise of the test part, mean of (y - f)^2; NaN if unknown."""
        return _noise(self.y_test, self.f_test)

    @property
    def sha(self) -> str:
        """SHA-256 of the four arrays, in hexadecimal."""
        digest = hashlib.sha256()
        for array in (self.X_train, self.y_train, self.X_test, self.y_test):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()


def _noise(y: Array, f: Array | None) -> float:
    """Return the mean of (y - f)^2, NaN without f."""
    return float("nan") if f is None else float(np.mean(np.square(y - f)))


def runge_function(x: Array) -> Array:
    """Runge's function f(x) = 1 / (1 + 25 x^2): the report's eq. (30).

    Parameters
    ----------
    x : ndarray

    Returns
    -------
    ndarray of x's shape
    """
    return 1.0 / (1.0 + 25.0 * np.square(x))


def runge(seed: int = 0, *, n_samples: int = 1500, low: float = -1.0) -> Dataset:
    """Noisy samples of Runge's function, eq. (30), the report's regression problem.

    x = linspace(low, 1, n_samples), y = f(x) + N(0, 0.1^2), four rows for training to
    one for testing; x is centered by the mean of its training part. Seed 0 gives the
    report's own numbers: the noise of ``RandomState(2018)`` followed by the split
    that scikit-learn's ``train_test_split`` draws from the same stream.

    Parameters
    ----------
    seed : int >= 0, default=0
        Noise and split are drawn from ``RandomState((2018 + seed) mod 2^32)``.
    n_samples : int >= 5, default=1500
    low : float, default=-1.0
        Where the interval begins; it ends at 1.

    Returns
    -------
    Dataset

    Raises
    ------
    ValueError
        If the seed is negative or there are too few samples.
    """
    _checks.integer("seed", seed, 0, "seed 0 is the report's own data")
    _checks.integer("n_samples", n_samples, 5, "one row in five is for testing")
    stream = np.random.RandomState((2018 + seed) % 2**32)
    x = np.linspace(low, 1.0, n_samples)
    f = runge_function(x)
    y = f + stream.normal(0.0, 0.1, (n_samples, 1))[:, 0]
    order = stream.permutation(n_samples)
    n_test = math.ceil(0.2 * n_samples)
    test, train = order[:n_test], order[n_test:]
    center = x[train].mean()
    return Dataset(
        name="runge",
        X_train=(x[train] - center)[:, None],
        y_train=y[train],
        X_test=(x[test] - center)[:, None],
        y_test=y[test],
        f_train=f[train],
        f_test=f[test],
        description=_runge_words(n_samples, low),
    )


def _runge_words(n_samples: int, low: float) -> str:
    """Describe samples of Runge's function."""
    n_test = math.ceil(0.2 * n_samples)
    return (
        f"Runge's function 1 / (1 + 25 x²) on {n_samples} points of [{low:g}, 1] with "
        f"normal noise of standard deviation 0.1; {n_samples - n_test} rows train, "
        f"{n_test} test, x centered by the training mean."
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
    return _images(f"mnist-{split}", images, labels, parts, 255, _MNIST[split])


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
    return _images("digits", pixels, labels, _shuffled(len(labels)), 16, _DIGITS)


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


# Samples and where their interval begins, of every data set of Runge's function.
_RUNGE = {
    "runge": (1500, -1.0),
    "runge-0-1": (1500, 0.0),
    "runge-10000": (10_000, -1.0),
    "runge-0-1-10000": (10_000, 0.0),
}
_MNIST = {
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
_DIGITS = (
    "scikit-learn's digits, 1797 images of handwritten digits, 8 x 8 pixels divided "
    "by 16, split at random: 1437 rows train, 360 test, for every seed the same."
)


@dataclass(frozen=True)
class Source:
    """A row of ``DATASETS``, to be called for its data set.

    Parameters
    ----------
    load : callable
        (seed, folder or None) -> Dataset.
    label : str
        What titles call it.
    description : str
        One sentence, as in the Dataset.
    shape : (int, int)
        Rows of both parts, and columns.
    classes : bool, default=False
        Whether the targets are classes.
    seeded : bool, default=False
        Whether every seed draws it afresh.
    files : bool, default=False
        Whether it is read from files that are not shipped: :func:`mnist.find`.
    """

    load: Callable[[int, Path | None], Dataset]
    label: str
    description: str
    shape: tuple[int, int]
    classes: bool = False
    seeded: bool = False
    files: bool = False

    def __call__(self, seed: int = 0, folder: Path | None = None) -> Dataset:
        """Load it for a seed, its files from this folder."""
        return self.load(seed, folder)


def _samples(name: str) -> Source:
    """Return the row of one of the sets of samples of Runge's function."""
    n, low = _RUNGE[name]
    return Source(
        lambda seed, folder: replace(runge(seed, n_samples=n, low=low), name=name),
        "Runge's function",
        _runge_words(n, low),
        (n, 1),
        seeded=True,
    )


def _split(name: str) -> Source:
    """Return the row of one of MNIST's splits."""
    return Source(
        lambda seed, folder: load_mnist(name, folder, download=False),
        "MNIST",
        _MNIST[name],
        (70_000, 784),
        classes=True,
        files=True,
    )


DATASETS: dict[str, Source] = {
    **{name: _samples(name) for name in _RUNGE},
    "digits": Source(
        lambda seed, folder: load_digits(),
        "Digits (8 x 8)",
        _DIGITS,
        (1797, 64),
        classes=True,
    ),
    "mnist-report": _split("report"),
    "mnist-official": _split("official"),
}


def source(name: str) -> Source:
    """Return the data set of this name.

    Parameters
    ----------
    name : str
        A name in ``DATASETS``, or that of a :class:`table.TableFile`.

    Returns
    -------
    Source
    """
    if name in DATASETS:
        return DATASETS[name]
    file = table.named(name)

    def load(seed: int, folder: Path | None) -> Dataset:
        X_train, y_train, X_test, y_test = table.load(file, seed)
        return Dataset(
            name, X_train, y_train, X_test, y_test, None, None, file.description
        )

    label = Path(file.file).name
    return Source(
        load, label, file.description, table.shape(file), file.classes, seeded=True
    )


def shape(name: str) -> tuple[int, int]:
    """Return the rows of both parts of a data set and its columns, (0, 0) without one.

    Parameters
    ----------
    name : str
        As in :func:`source`, or "".
    """
    return source(name).shape if name else (0, 0)


def identity(name: str) -> str:
    """Return what decides a data set: its name, of a file the content, not the place.

    Parameters
    ----------
    name : str
        As in :func:`source`, or "".
    """
    return name if name in DATASETS or not name else table.named(name).content


def public(name: str) -> str:
    """Return what may be written down of a data set: of a file no place, only its name.

    Parameters
    ----------
    name : str
        As in :func:`source`, or "".
    """
    if name in DATASETS or not name:
        return name
    file = table.named(name)
    return replace(file, file=Path(file.file).name).name


def told(name: str) -> list[str]:
    """Return what to mind of a data set: of a file its columns that were lost.

    Parameters
    ----------
    name : str
        As in :func:`source`.
    """
    return [] if name in DATASETS else table.named(name).told


def check(name: str, seeds: Iterable[int]) -> None:
    """Refuse a data set that cannot be split by these seeds.

    Parameters
    ----------
    name : str
        As in :func:`source`.
    seeds : iterable of int

    Raises
    ------
    ValueError
        For a :class:`table.TableFile` that cannot be used: :func:`table.check`.
    """
    if name not in DATASETS:
        table.check(table.named(name), seeds)
