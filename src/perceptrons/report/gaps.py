"""The gap between the test and the training error of a network."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from perceptrons.report import ties
from perceptrons.report.study import Study


@dataclass(frozen=True)
class Gap:
    """Test minus training error.

    Parameters
    ----------
    test, train : Error
    """

    test: ties.Error
    train: ties.Error

    @classmethod
    def of(cls, study: Study, row: pd.DataFrame) -> Gap:
        """Return the gap of one network, a row of the study's table."""
        return cls(study.lowest(row, "test_mse"), study.lowest(row, "train_mse"))

    @classmethod
    def of_noise(cls, study: Study, row: pd.DataFrame) -> Gap:
        """Return the gap of the function without noise, on the network's data."""
        return cls(study.noise(row, "test_mse"), study.noise(row, "train_mse"))

    @property
    def size(self) -> float:
        """The difference, NaN of a network that diverged."""
        return self.test - self.train

    def narrower(self, other: Gap) -> bool | None:
        """Tell whether this gap is narrower than another.

        Parameters
        ----------
        other : Gap
            On the same data.

        Returns
        -------
        bool or None
            None for a tie: the test errors scatter. The training errors do not, as
            these are the very rows that both networks were fitted to.
        """
        if not math.isfinite(self.size - other.size):
            return ties.lower(self.size, other.size)
        if abs(self.size - other.size) <= ties.scatter(self.test, other.test):
            return None
        return bool(self.size < other.size)
