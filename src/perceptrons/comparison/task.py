"""The task: how predictions are made and judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import r2_score

from perceptrons.comparison.measures import MEASURES, Measure
from perceptrons.tables.values import LARGEST

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Task:
    """How predictions are made and judged.

    RMSE is what the candidates for numbers minimize, in the target's own unit. The
    log loss is that for classes: it judges the probabilities and is smooth, where the
    error rate moves in steps of one row and needs many more rows to tell two models
    apart.

    Parameters
    ----------
    classes : ndarray or None
        All classes, sorted; None for regression.
    chosen : Measure or None, default=None
        Another metric than these.
    """

    classes: NDArray[Any] | None
    chosen: Measure | None = None

    @property
    def measure(self) -> Measure:
        """The metric that decides; less is better."""
        usual = "RMSE" if self.classes is None else "log loss"
        return self.chosen or MEASURES[usual]

    @property
    def metric(self) -> str:
        """Name of the metric."""
        return self.measure.name

    @property
    def second_metric(self) -> str:
        """Name of the metric that is reported beside it."""
        if self.classes is not None:
            return "error rate"
        return "R²" if self.measure.quantile is None else "share below"

    @property
    def exact(self) -> float:
        """Share of a constant's error below which a gain means nothing.

        An RMSE so small is rounding; a log loss so small says that every row is right
        and all but certain, and what is left depends on the penalty.
        """
        return 1e-6 if self.classes is None else 1e-3

    def predict(self, model: Any, X: Any) -> Array:
        """Return predictions (n,), or probabilities (n, K) in the order of classes.

        Raises
        ------
        ValueError
            If they are something else.
        """
        if self.classes is None:
            amounts = np.asarray(model.predict(X), np.float64)
            if amounts.shape not in {(len(X),), (len(X), 1)}:
                raise ValueError(
                    f"{len(X)} numbers are needed, one per row, got the shape "
                    f"{amounts.shape}"
                )
            # NaN compares as false.
            if not (np.abs(amounts) <= LARGEST).all():
                raise ValueError(f"predictions are not finite, or beyond {LARGEST:g}")
            return amounts.ravel()
        shares = np.asarray(model.predict_proba(X), np.float64)
        if shares.shape != (len(X), len(self.classes)):
            raise ValueError(
                f"{len(X)} rows of {len(self.classes)} probabilities are needed, one "
                f"per class, got the shape {shares.shape}"
            )
        total: Array = shares.sum(axis=1, keepdims=True)
        # Computed in float32 they add up to 1 only nearly.
        if not ((shares >= 0).all() and (np.abs(total - 1) < 1e-3).all()):
            raise ValueError("probabilities must be 0 or more and 1 in sum")
        return shares / total

    def loss(
        self, y: NDArray[Any], predicted: Array, weights: Array | None = None
    ) -> float:
        """Return the metric."""
        return self.influence(y, predicted, weights)[0]

    def influence(
        self, y: NDArray[Any], predicted: Array, weights: Array | None = None
    ) -> tuple[float, Array]:
        """Return the metric, and how much it moves with each row, times n."""
        own = y if self.classes is None else np.searchsorted(self.classes, y)
        return self.measure.influence(own, predicted, weights)

    def second(
        self, y: NDArray[Any], predicted: Array, weights: Array | None = None
    ) -> float:
        """Return the metric that is reported beside it."""
        if self.measure.quantile is not None:
            return float(np.average(y <= predicted, weights=weights))
        if self.classes is None:
            if not np.ptp(y) > 0:
                return np.nan
            return float(r2_score(y, predicted, sample_weight=weights))
        wrong = self.classes[predicted.argmax(axis=1)] != y
        return float(np.average(wrong, weights=weights))
