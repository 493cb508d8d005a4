"""What every fit of a comparison shares: rows, candidates, and how they are judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone

from perceptrons.comparison.candidate import Candidate
from perceptrons.comparison.folds import Fold
from perceptrons.comparison.task import Task
from perceptrons.comparison.ties import Ties

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Contest:
    """Candidates, and the rows they compete on.

    Parameters
    ----------
    X, y : DataFrame and ndarray
        All rows.
    transformer : TableEncoder
        Not fitted; fitted on the training rows of each fold, for all candidates at
        once.
    candidates : sequence of Candidate
    task : Task
    ties : Ties
        Of all rows.
    seed : int
        From which the seed of every fit is drawn.
    """

    X: pd.DataFrame
    y: NDArray[Any]
    transformer: Any
    candidates: Sequence[Candidate]
    task: Task
    ties: Ties
    seed: int

    def prepared(self, fold: Fold) -> tuple[Array, Array, Any]:
        """Return the columns of training and test rows, and the encoder of both.

        It is fitted on the rows that train.
        """
        own = clone(self.transformer)
        train = np.asarray(own.fit_transform(self.X.iloc[fold.train]), np.float64)
        test = np.asarray(own.apply(self.X.iloc[fold.test]), np.float64)
        return train, test, own
