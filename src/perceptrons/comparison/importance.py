"""What columns are worth: how much worse held-out predictions are without them.

A column is permuted among the rows of a test fold and the fold's models predict again,
without being trained anew (Breiman 2001; Fisher, Rudin and Dominici 2019). Of columns
that know the same, each may seem worth little.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from perceptrons.comparison.contest import Contest
from perceptrons.comparison.fitting import predict, seed_of
from perceptrons.comparison.folds import Fold
from perceptrons.comparison.statistics import correlated_t

Array = NDArray[np.floating[Any]]

#: With more columns or rows of a fold this would not be cheap.
MOST_COLUMNS, MOST_ROWS = 60, 300
#: Who has none, and who may be too slow.
_NOT_ASKED = ("constant", "user")


def rises(
    contest: Contest, fold: Fold, models: Mapping[str, Any], encoder: Any
) -> list[dict[str, Any]]:
    """Return how much the metric rises as each column is permuted.

    Parameters
    ----------
    contest : Contest
    fold : Fold
    models : mapping of str to estimator
        By candidate, fitted on the fold; constants and the user's are passed over.
    encoder : TableEncoder
        Fitted on the fold.

    Returns
    -------
    list of dict
        repeat, fold, candidate, column, rise. Empty with more than 60 columns; of
        large folds 300 rows are taken.
    """
    columns = list(contest.X.columns)
    if len(columns) > MOST_COLUMNS:
        return []
    draw = np.random.default_rng(seed_of(contest.seed, fold.repeat, fold.fold, 77))
    rows = np.sort(_some(fold.test, contest, draw))
    plain = contest.X.iloc[rows]
    tables = [plain]
    for column in columns:
        other = plain[column].to_numpy()[draw.permutation(len(rows))]
        own = pd.Series(other, plain.index, plain[column].dtype)
        table = plain.copy()
        table[column] = own
        tables.append(table)
    inputs = np.asarray(encoder.apply(pd.concat(tables)), np.float64)
    y, weights = contest.y[rows], contest.ties.weighing(rows)
    found = []
    for candidate in contest.candidates:
        if candidate.kind in _NOT_ASKED:
            continue
        guesses = predict(candidate, contest.task, models[candidate.name], inputs)
        whole, *others = (
            contest.task.loss(y, part, weights)
            for part in np.split(guesses, len(tables))
        )
        found += [
            {
                "repeat": fold.repeat,
                "fold": fold.fold,
                "candidate": candidate.name,
                "column": column,
                "rise": value - whole,
            }
            for column, value in zip(columns, others, strict=True)
        ]
    return found


def _some(
    test: NDArray[np.intp], contest: Contest, draw: np.random.Generator
) -> NDArray[np.intp]:
    """Return at most 300 of a fold's rows; of classes some of each that is there."""
    drawn: NDArray[np.intp] = draw.permutation(test)
    if len(drawn) <= MOST_ROWS or contest.task.classes is None:
        return drawn[:MOST_ROWS]
    # One row of every class first: some metrics are of pairs of them.
    _, first = np.unique(contest.y[drawn], return_index=True)
    return np.concatenate([drawn[first], np.delete(drawn, first)])[:MOST_ROWS]


def summary(rises: pd.DataFrame, test_to_train: float) -> pd.DataFrame:
    """Return the mean rise of the metric with its 95 % interval.

    Parameters
    ----------
    rises : DataFrame
        repeat, fold, candidate, column, rise: of the folds of one repeat.
    test_to_train : float
        As in :func:`perceptrons.comparison.statistics.correlated_t`.

    Returns
    -------
    DataFrame
        candidate, column, rise, low, high.
    """
    rows = []
    for (candidate, column), own in rises.groupby(["candidate", "column"], sort=False):
        posterior = correlated_t(own["rise"].to_numpy(), test_to_train)
        rows.append((candidate, column, posterior.mean, *posterior.interval()))
    return pd.DataFrame(rows, columns=["candidate", "column", "rise", "low", "high"])
