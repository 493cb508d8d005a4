"""Noisy samples of Runge's function, the report's regression problem."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perceptrons import _checks
from perceptrons.data.dataset import Dataset

Array = NDArray[np.floating[Any]]


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
        description=describe_runge(n_samples, low),
    )


def describe_runge(n_samples: int, low: float) -> str:
    """Describe samples of Runge's function."""
    n_test = math.ceil(0.2 * n_samples)
    return (
        f"Runge's function 1 / (1 + 25 x²) on {n_samples} points of [{low:g}, 1] with "
        f"normal noise of standard deviation 0.1; {n_samples - n_test} rows train, "
        f"{n_test} test, x centered by the training mean."
    )
