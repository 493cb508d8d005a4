"""Boosting as the yardstick that is no network."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from perceptrons.comparison.ties import Ties


class StoppedBoosting(HistGradientBoostingClassifier):
    """Boosting that stops early, however few rows there are of each class.

    Trees that go on until all rows are right are surer than right on others, and the
    log loss punishes that most: without a stop they lose to linear models by it. What
    stops them is a stratified tenth of the rows, which scikit-learn refuses to draw
    where it has fewer rows than there are classes; here it grows to as many. At least
    three rows of every class must train, of which one or two are left. Groups, or the
    times last of all, are held out whole.
    """

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        groups: Any = None,
        time: Any = None,
    ) -> StoppedBoosting:
        """Fit to X (n, d) and classes y (n,), some of them held out."""
        pairs = Ties(groups, time).divide(np.asarray(y), 10, 0, classes=True)
        if pairs:
            train, held = pairs[-1]
            ours, theirs = (
                None if sample_weight is None else sample_weight[rows]
                for rows in (train, held)
            )
            super().fit(
                X[train],
                y[train],
                ours,
                X_val=X[held],
                y_val=y[held],
                sample_weight_val=theirs,
            )
            return self
        # Set here, for parts of the rows train, too: for learning curves.
        self.validation_fraction = max(len(np.unique(y)), math.ceil(0.1 * len(y)))
        super().fit(X, y, sample_weight)
        return self
