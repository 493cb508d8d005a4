"""By what predictions are judged: a value over rows, and how each row moves it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy
from scipy.stats import rankdata

Array = NDArray[np.floating[Any]]

# As scikit-learn clips probabilities, so that no certain error is infinite.
_LEAST = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Measure:
    """A metric of which less is better.

    Parameters
    ----------
    name : str
    classes : bool
        Whether it judges probabilities of classes.
    sentence : str
        What it is.
    influence : callable
        From y (n,) and predictions (n,), or codes of classes and probabilities (n, K),
        to the value and the influence of each row: how much the value moves with it,
        times n; its mean is 0. A third argument are weights of the rows, or None.
    quantile : float or None, default=None
        Of the target, which predictions are to be; None: its mean, or probabilities.
    """

    name: str
    classes: bool
    sentence: str
    influence: Callable[..., tuple[float, Array]]
    quantile: float | None = None

    def value(self, y: Any, predicted: Array, weights: Array | None = None) -> float:
        """Return the metric."""
        return self.influence(y, predicted, weights)[0]


def _mean(losses: Callable[[Any, Array], Array]) -> Any:
    """Return the influence on a mean of losses."""

    def influence(
        y: Any, predicted: Array, weights: Array | None = None
    ) -> tuple[float, Array]:
        each = losses(y, predicted)
        value = float(np.average(each, weights=weights))
        return value, _relative(weights) * (each - value)

    return influence


def _relative(weights: Array | None) -> Any:
    """Return weights over their mean."""
    return 1.0 if weights is None else weights / weights.mean()


def _rmse(
    y: Any, predicted: Array, weights: Array | None = None
) -> tuple[float, Array]:
    """Root of the mean squared error: d sqrt(m) = dm / (2 sqrt(m))."""
    squares = np.square(y - predicted)
    value = float(np.sqrt(np.average(squares, weights=weights)))
    return value, _relative(weights) * (squares - value**2) / (2 * value or 1.0)


def _log_loss(y: Any, shares: Array) -> Array:
    """Minus the logarithm of the probability of the true class."""
    own = np.clip(shares[np.arange(len(y)), y], _LEAST, 1.0)
    found: Array = -np.log(own)
    return found


def _brier(y: Any, shares: Array) -> Array:
    """Squared distance between the probabilities and what came."""
    found: Array = np.square(shares - np.eye(shares.shape[1])[y]).sum(axis=1)
    return found


def _deviance(y: Any, predicted: Array) -> Array:
    """Poisson deviance, 2 (y log(y / m) - y + m)."""
    mean = np.maximum(predicted, _LEAST)
    found: Array = 2 * (xlogy(y, y / mean) - y + mean)
    return found


def _balanced(
    y: Any, shares: Array, weights: Array | None = None
) -> tuple[float, Array]:
    """Mean over classes of the share of their rows that is taken for another."""
    wrong = (shares.argmax(axis=1) != y).astype(float)
    own = np.ones(len(y)) if weights is None else weights
    count = np.bincount(y, own, shares.shape[1])
    present = (count > 0).sum()
    rate = np.bincount(y, own * wrong, shares.shape[1]) / np.where(count > 0, count, 1)
    moved = own * (wrong - rate[y]) * len(y) / (count[y] * present)
    return float(rate.sum() / present), moved


def _auc(y: Any, shares: Array, weights: None = None) -> tuple[float, Array]:
    """One minus the area under the ROC curve, over pairs of one class and the rest.

    The influences are the placement values of DeLong et al. (1988). With more than two
    classes, each against all others, the mean over classes. Pairs know no weights.
    """
    n, n_classes = shares.shape
    values, moved = [], np.zeros(n)
    own = [1] if n_classes == 2 else [k for k in range(n_classes) if (y == k).any()]
    for label in own:
        score, true = shares[:, label], y == label
        place = np.empty(n)
        everywhere = rankdata(score)
        for part, other in ((true, ~true), (~true, true)):
            below = (everywhere[part] - rankdata(score[part])) / other.sum()
            place[part] = below if part is true else 1 - below
        value = 1 - float(place[true].mean())
        values.append(value)
        share = np.where(true, true.mean(), 1 - true.mean())
        moved += (1 - value - place) / share / len(own)
    return float(np.mean(values)), moved


def cost(matrix: Any) -> Measure:
    """Return the mean cost of taking, row by row, the decision that costs least.

    Parameters
    ----------
    matrix : array-like of shape (K, K)
        Cost of taking true class i (row) for class j (column), in the order of the
        sorted classes.
    """
    table = np.asarray(matrix, np.float64)

    def losses(y: Any, shares: Array) -> Array:
        taken = (shares @ table).argmin(axis=1)
        found: Array = table[y, taken]
        return found

    sentence = "Mean cost is what decisions cost that are best by the probabilities."
    return Measure("mean cost", True, sentence, _mean(losses))


def pinball(quantile: float) -> Measure:
    """Return the pinball loss: q (y - m) above a prediction m, (1 - q) (m - y) below.

    Parameters
    ----------
    quantile : float
        q, between 0 and 1: the prediction that loses least has so many rows below.
    """

    def losses(y: Any, predicted: Array) -> Array:
        found: Array = np.maximum(
            quantile * (y - predicted), (quantile - 1) * (y - predicted)
        )
        return found

    sentence = (
        f"Pinball {quantile!r} is the mean of {quantile!r} times what the target is "
        f"above the prediction and {1 - quantile:g} times what it is below, in units "
        f"of the target: least for the {quantile!r} quantile, which candidates "
        "is trained to predict."
    )
    name = f"pinball {quantile!r}"
    return Measure(name, False, sentence, _mean(losses), quantile)


MEASURES = {
    measure.name: measure
    for measure in (
        Measure(
            "RMSE",
            False,
            "RMSE is the root of the mean squared error, in units of the target.",
            _rmse,
        ),
        Measure(
            "MAE",
            False,
            "MAE is the mean absolute error, in units of the target.",
            _mean(lambda y, predicted: np.abs(y - predicted)),
        ),
        Measure(
            "Poisson deviance",
            False,
            "Poisson deviance is the mean of 2 (y log(y / m) - y + m) for the "
            "prediction m: relative errors of counts.",
            _mean(_deviance),
        ),
        Measure(
            "log loss",
            True,
            "Log loss is the mean of minus the logarithm of the probability given to "
            "the true class.",
            _mean(_log_loss),
        ),
        Measure(
            "Brier",
            True,
            "Brier is the mean squared distance of the probabilities from what came.",
            _mean(_brier),
        ),
        Measure(
            "1 - AUC",
            True,
            "1 - AUC is the share of pairs, a row of a class and one of another, that "
            "the probabilities put in the wrong order.",
            _auc,
        ),
        Measure(
            "balanced error",
            True,
            "Balanced error is the mean over classes of the share of their rows that "
            "is taken for another.",
            _balanced,
        ),
    )
}
