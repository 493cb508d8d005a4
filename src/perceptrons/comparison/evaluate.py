"""Every candidate on every fold: errors, predictions, seconds."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from perceptrons.comparison.candidate import Candidate
from perceptrons.comparison.contest import Contest
from perceptrons.comparison.fitting import fit, n_parameters, predict, seed_of
from perceptrons.comparison.folds import Fold
from perceptrons.comparison.importance import rises
from perceptrons.comparison.task import Task
from perceptrons.work import Crew

Array = NDArray[np.floating[Any]]

# Folds of the first repeat on which the network is trained with several seeds, and on
# parts of the rows.
SEVERAL_FOLDS = 3
# Two tell training from data.
_SEEDS = 2
# Predictions are timed on at least so many rows, which hides the cost of the call.
_TIMED_ROWS = 1000


@dataclass(frozen=True)
class Evaluation:
    """What came of all fits.

    Parameters
    ----------
    scores : DataFrame
        One row per repeat, fold, candidate and seed: value, second, n_train, n_test,
        parameters (NaN: unknown), seconds to train, microseconds per predicted row.
        Seed 0 is that of the comparison; others tell training noise.
    predictions : dict of str to ndarray
        Out of fold, first repeat; NaN where a row was never tested on.
    pooled : DataFrame
        By repeat and candidate: value, second, over all rows tested in the repeat.
    influences : DataFrame
        How much a candidate's value moves with each row, the mean over repeats; a row
        per row, a column per candidate.
    importance : DataFrame
        repeat, fold, candidate, column, rise: of the metric, as a column is permuted,
        in the first repeat.
    """

    scores: pd.DataFrame
    predictions: dict[str, Array]
    pooled: pd.DataFrame
    influences: pd.DataFrame
    importance: pd.DataFrame

    @property
    def costs(self) -> pd.DataFrame:
        """By candidate: mean parameters and seconds, least microseconds."""
        kinds = {"parameters": "mean", "seconds": "mean", "microseconds": "min"}
        return self.scores.groupby("candidate", sort=False).agg(kinds)

    @property
    def second(self) -> pd.Series[float]:
        """By candidate: the metric told beside, over all rows, the mean of repeats."""
        return self.pooled["second"].groupby("candidate").mean()


def evaluate(
    contest: Contest, folds: Sequence[Fold], crew: Crew, advance: Callable[[], object]
) -> Evaluation:
    """Fit all candidates on all folds.

    Parameters
    ----------
    contest : Contest
    folds : sequence of Fold
    crew : Crew
        Who does it.
    advance : callable
        Called after each fold.

    Returns
    -------
    Evaluation
    """
    tasks = [(contest, fold) for fold in folds]
    y = contest.y
    rows: list[dict[str, Any]] = []
    importance: list[dict[str, Any]] = []
    repeats: dict[int, dict[str, Array]] = {}
    done = crew.share(_evaluate_fold, tasks)
    for fold, (own, predicted, risen) in zip(folds, done, strict=True):
        advance()
        rows += own
        importance += risen
        predictions = repeats.setdefault(fold.repeat, {})
        for name, values in predicted.items():
            _collect(predictions, name, len(y), fold.test, values)
    pooled = _pool(repeats, contest)
    worth = pd.DataFrame(importance, columns=_IMPORTANCE)
    return Evaluation(pd.DataFrame(rows), repeats[0], *pooled, worth)


_IMPORTANCE = ["repeat", "fold", "candidate", "column", "rise"]


def _pool(
    repeats: dict[int, dict[str, Array]], contest: Contest
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return both metrics over all rows of each repeat, and the influence of rows."""
    y, task, ties = contest.y, contest.task, contest.ties
    values, influences = {}, {name: np.zeros(len(y)) for name in repeats[0]}
    for repeat, predictions in repeats.items():
        for name, all_rows in predictions.items():
            known = np.isfinite(all_rows.reshape(len(y), -1)).all(axis=1)
            own = y[known], all_rows[known], ties.weighing(known)
            value, moved = task.influence(*own)
            values[repeat, name] = value, task.second(*own)
            influences[name][known] += moved / len(repeats)
    index = pd.MultiIndex.from_tuples(values, names=["repeat", "candidate"])
    pooled = pd.DataFrame(list(values.values()), index, columns=["value", "second"])
    return pooled, pd.DataFrame(influences)


def _evaluate_fold(
    contest: Contest, fold: Fold
) -> tuple[list[dict[str, Any]], dict[str, Array], list[dict[str, Any]]]:
    """Return rows of the scores, all predictions, and what columns are worth."""
    train, test, encoder = contest.prepared(fold)
    y, task, ties = contest.y, contest.task, contest.ties.among(fold.train)
    rows: list[dict[str, Any]] = []
    predictions: dict[str, Array] = {}
    models: dict[str, Any] = {}
    for candidate in contest.candidates:
        first = fold.repeat == 0 and fold.fold < SEVERAL_FOLDS
        repeated = candidate.kind == "network" and first
        for number in range(_SEEDS if repeated else 1):
            own = seed_of(contest.seed, fold.repeat, fold.fold, number)
            model, seconds = fit(candidate, train, y[fold.train], own, task, ties)
            predicted = predict(candidate, task, model, test)
            judged = _judged(contest, candidate, fold, number, predicted)
            rows.append(judged | _cost(task, model, seconds, test))
            predictions.setdefault(candidate.name, predicted)
            models.setdefault(candidate.name, model)
    risen = rises(contest, fold, models, encoder) if fold.repeat == 0 else []
    return rows, predictions, risen


def _judged(
    contest: Contest, candidate: Candidate, fold: Fold, number: int, predicted: Array
) -> dict[str, Any]:
    """Return a row of the scores, without what it cost."""
    own = contest.y[fold.test], predicted, contest.ties.weighing(fold.test)
    return {
        "repeat": fold.repeat,
        "fold": fold.fold,
        "candidate": candidate.name,
        "seed": number,
        "value": contest.task.loss(*own),
        "second": contest.task.second(*own),
        "n_train": len(fold.train),
        "n_test": len(fold.test),
    }


def _cost(task: Task, model: Any, seconds: float, X: Array) -> dict[str, float]:
    """Return what a model cost to train, and to predict one row of many."""
    many = np.resize(X, (max(_TIMED_ROWS, len(X)), X.shape[1]))
    start = time.perf_counter()
    task.predict(model, many)
    microseconds = (time.perf_counter() - start) / len(many) * 1e6
    return {
        "parameters": n_parameters(model),
        "seconds": seconds,
        "microseconds": microseconds,
    }


def _collect(
    predictions: dict[str, Array], name: str, n: int, test: Any, predicted: Array
) -> None:
    """Put the predictions of a fold among those of all rows, in place."""
    if name not in predictions:
        predictions[name] = np.full((n, *predicted.shape[1:]), np.nan)
    predictions[name][test] = predicted
