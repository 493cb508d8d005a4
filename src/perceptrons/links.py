"""What a loss says of its targets: their domain, and the link that leads to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Link:
    """From raw outputs to predictions.

    Parameters
    ----------
    name : str
        "identity", "logistic", "exp" or "softmax": the names scikit-learn uses.
    value : callable
        raw (n, K) -> predictions (n, K).
    jacobian : callable
        predictions (n, K) -> d prediction_k / d raw_j, shape (n, K, K).
    """

    name: str
    value: Callable[[Array], Array]
    jacobian: Callable[[Array], Array]


def _diagonal(slopes: Array) -> Array:
    """Stack (n, K) slopes into (n, K, K) diagonal matrices."""
    stacked: Array = slopes[:, :, None] * np.eye(slopes.shape[1], dtype=slopes.dtype)
    return stacked


def _softmax_jacobian(p: Array) -> Array:
    """Return ds_k/dz_j = s_k (delta_kj - s_j): below eq. (18) of the report."""
    stacked: Array = _diagonal(p) - p[:, :, None] * p[:, None, :]
    return stacked


IDENTITY = Link("identity", lambda raw: raw, lambda p: _diagonal(np.ones_like(p)))
LOGISTIC = Link("logistic", expit, lambda p: _diagonal(p * (1.0 - p)))
EXPONENTIAL = Link("exp", np.exp, _diagonal)
SOFTMAX = Link("softmax", lambda raw: softmax(raw, axis=1), _softmax_jacobian)


@dataclass(frozen=True)
class Domain:
    """What the targets of a loss must be, in words and as a test.

    Parameters
    ----------
    rule : str
        Ends the sentence "targets must be".
    holds : callable
        Y (n, K) -> bool.
    """

    rule: str
    holds: Callable[[Array], bool]


ANY = Domain("finite", lambda Y: True)
NON_NEGATIVE = Domain("at least 0", lambda Y: bool(np.all(Y >= 0)))
FRACTIONS = Domain("in [0, 1]", lambda Y: bool(np.all((Y >= 0) & (Y <= 1))))
DISTRIBUTIONS = Domain(
    "rows of at least two probabilities that sum to 1",
    lambda Y: (
        Y.shape[1] > 1
        and bool(np.all(Y >= 0))
        and bool(np.allclose(Y.sum(axis=1), 1.0, atol=1e-5))
    ),
)
