"""Weights of rows: for how many each stands, in fits, metric and statistics."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from perceptrons.comparison.candidate import Candidate
from perceptrons.comparison.inputs import take
from perceptrons.comparison.quantiles import QuantileNetworks
from perceptrons.comparison.ties import takes_weights
from perceptrons.tables import DataError


def take_weights(X: Any, weights: Any) -> tuple[Any, NDArray[np.float64] | None]:
    """Return X without the column of weights, and the weight of every row.

    Parameters
    ----------
    X : DataFrame or array-like of shape (n, d)
    weights : str, int, array-like of shape (n,), or None
        The name of a column of X, or numbers above 0.

    Raises
    ------
    DataError
        If there is no such column, a value is missing or not above 0, or they are
        dates.
    TypeError
        If a column is named and X has no names.
    """
    X, values = take("weights", X, weights)
    if values is None:
        return X, None
    if values.dtype.kind in "mM":
        raise DataError(
            "weights must be numbers, got dates or durations; name the column that "
            "says for how many each row stands."
        )
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(np.float64)
    bad = np.flatnonzero(~((numbers > 0) & np.isfinite(numbers)))
    if bad.size:
        raise DataError(
            f"weights must be finite numbers above 0, got {values.iloc[bad[0]]!r} in "
            f"row {bad[0] + 1}; leave out rows that are to count for nothing."
        )
    return X, numbers


def unweighted(entries: Sequence[Candidate]) -> Iterator[str]:
    """Say where weights do not reach.

    Parameters
    ----------
    entries : sequence of Candidate
    """
    if any(isinstance(entry.estimator, QuantileNetworks) for entry in entries):
        yield (
            "The network's weights of rows count while it is trained, but not where it "
            "is decided when training ends."
        )
    names = [entry.name for entry in entries if not takes_weights(entry.estimator)]
    if names:
        fit = "fits" if len(names) == 1 else "fit"
        yield (
            f"{', '.join(names)} {fit} all rows alike, for no weights are taken there; "
            "the metric weighs their errors as those of all others."
        )
    yield (
        "Weights count in fits, metric, gains, intervals and learning curves; pictures "
        "and tables of rows show each row once."
    )
