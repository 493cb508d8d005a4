"""A data set as a record: its parts, and where the numbers come from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class Dataset:
    """A data set, split once and for all into the parts that train and that test.

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
    validation : (X, y), default=None
        Of rows that neither train nor test: settings are chosen by them. None where
        no rows are held out for that.
    """

    name: str
    X_train: Array
    y_train: NDArray[Any]
    X_test: Array
    y_test: NDArray[Any]
    f_train: Array | None
    f_test: Array | None
    description: str
    validation: tuple[Array, NDArray[Any]] | None = None

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
