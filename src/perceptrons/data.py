"""Data sets of the studies: a record, and a table of loaders by name."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perceptrons import _checks

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
    f_train, f_test : ndarray of shape (n,), or None
        The targets without noise, where they are known.
    description : str
        One sentence: where the numbers come from.
    """

    name: str
    X_train: Array
    y_train: Array
    X_test: Array
    y_test: Array
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


def runge(seed: int = 0) -> Dataset:
    """Noisy samples of Runge's function, eq. (30), the report's regression problem.

    x = linspace(-1, 1, 1500), y = f(x) + N(0, 0.1^2), 1200 rows for training and 300
    for testing; x is centered by the mean of its training part. Seed 0 gives the
    report's own numbers: the noise of ``RandomState(2018)`` followed by the split
    that scikit-learn's ``train_test_split`` draws from the same stream.

    Parameters
    ----------
    seed : int >= 0, default=0
        Noise and split are drawn from ``RandomState(2018 + seed)``.

    Returns
    -------
    Dataset

    Raises
    ------
    ValueError
        If the seed is negative.
    """
    _checks.integer("seed", seed, 0, "seed 0 is the report's own data")
    stream = np.random.RandomState(2018 + seed)
    x = np.linspace(-1.0, 1.0, 1500)
    f = runge_function(x)
    y = f + stream.normal(0.0, 0.1, (1500, 1))[:, 0]
    order = stream.permutation(1500)
    test, train = order[:300], order[300:]
    center = x[train].mean()
    return Dataset(
        name="runge",
        X_train=(x[train] - center)[:, None],
        y_train=y[train],
        X_test=(x[test] - center)[:, None],
        y_test=y[test],
        f_train=f[train],
        f_test=f[test],
        description=(
            "Runge's function 1 / (1 + 25 x²) on 1500 points of [-1, 1] with "
            "normal noise of standard deviation 0.1; 1200 rows train, 300 test, "
            "x centered by the training mean."
        ),
    )


DATASETS: dict[str, Callable[[int], Dataset]] = {"runge": runge}
