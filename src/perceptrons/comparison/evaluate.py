"""Every candidate on every fold: errors, predictions, seconds."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from perceptrons.comparison.candidates import Candidate, seeded
from perceptrons.comparison.folds import Fold
from perceptrons.comparison.task import Task
from perceptrons.comparison.ties import Ties, tied
from perceptrons.threads import heed_ctrl_c
from perceptrons.work import Crew

Array = NDArray[np.floating[Any]]

# Folds of the first repeat on which the network is trained with several seeds.
SEVERAL_FOLDS = 5
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
    """

    scores: pd.DataFrame
    predictions: dict[str, Array]
    pooled: pd.DataFrame
    influences: pd.DataFrame

    @property
    def costs(self) -> pd.DataFrame:
        """By candidate: mean parameters and seconds, least microseconds."""
        kinds = {"parameters": "mean", "seconds": "mean", "microseconds": "min"}
        return self.scores.groupby("candidate", sort=False).agg(kinds)


def evaluate(
    X: pd.DataFrame,
    y: NDArray[Any],
    transformer: Any,
    folds: Sequence[Fold],
    candidates: Sequence[Candidate],
    task: Task,
    ties: Ties,
    *,
    seed: int,
    seeds: int,
    crew: Crew,
    advance: Callable[[], object],
) -> Evaluation:
    """Fit all candidates on all folds.

    Parameters
    ----------
    X, y : DataFrame and ndarray
        All rows.
    transformer : ColumnTransformer
        Fitted on the training rows of each fold, for all candidates at once.
    folds : sequence of Fold
    candidates : sequence of Candidate
    task : Task
    ties : Ties
        Of all rows.
    seed : int
        From which the seed of every fit is drawn.
    seeds : int
        How often the network is trained on the first folds of the first repeat.
    crew : Crew
        Who does it.
    advance : callable
        Called after each fold.

    Returns
    -------
    Evaluation
    """
    tasks = [
        (X, y, transformer, fold, candidates, task, ties, seed, seeds) for fold in folds
    ]
    rows: list[dict[str, Any]] = []
    repeats: dict[int, dict[str, Array]] = {}
    done = crew.share(_evaluate_fold, tasks)
    for fold, (own, predicted) in zip(folds, done, strict=True):
        advance()
        rows += own
        predictions = repeats.setdefault(fold.repeat, {})
        for name, values in predicted.items():
            _collect(predictions, name, len(y), fold.test, values)
    return Evaluation(pd.DataFrame(rows), repeats[0], *_pool(repeats, y, task))


def _pool(
    repeats: dict[int, dict[str, Array]], y: NDArray[Any], task: Task
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return both metrics over all rows of each repeat, and the influence of rows."""
    values, influences = {}, {name: np.zeros(len(y)) for name in repeats[0]}
    for repeat, predictions in repeats.items():
        for name, all_rows in predictions.items():
            known = np.isfinite(all_rows.reshape(len(y), -1)).all(axis=1)
            own, predicted = y[known], all_rows[known]
            value, moved = task.influence(own, predicted)
            values[repeat, name] = value, task.second(own, predicted)
            influences[name][known] += moved / len(repeats)
    index = pd.MultiIndex.from_tuples(values, names=["repeat", "candidate"])
    pooled = pd.DataFrame(list(values.values()), index, columns=["value", "second"])
    return pooled, pd.DataFrame(influences)


def _evaluate_fold(
    X: pd.DataFrame,
    y: NDArray[Any],
    transformer: Any,
    fold: Fold,
    candidates: Sequence[Candidate],
    task: Task,
    ties: Ties,
    seed: int,
    seeds: int,
) -> tuple[list[dict[str, Any]], dict[str, Array]]:
    """Return rows of the scores, and every candidate's predictions."""
    train, test = prepare_fold(X, transformer, fold)
    ties = ties.among(fold.train)
    rows: list[dict[str, Any]] = []
    predictions: dict[str, Array] = {}
    for candidate in candidates:
        first = fold.repeat == 0 and fold.fold < SEVERAL_FOLDS
        repeated = candidate.kind == "network" and first
        for number in range(seeds if repeated else 1):
            own = seed_of(seed, fold.repeat, fold.fold, number)
            model, seconds = fit(candidate, train, y[fold.train], own, task, ties)
            predicted = predict(candidate, task, model, test)
            judged = _judged(candidate, fold, number, y[fold.test], predicted, task)
            rows.append(judged | _cost(task, model, seconds, test))
            predictions.setdefault(candidate.name, predicted)
    return rows, predictions


def seed_of(*path: int) -> int:
    """Return the seed of one fit, the same whichever other fits there are."""
    return int(np.random.SeedSequence(path).generate_state(1)[0] >> 1)


def _judged(
    candidate: Candidate,
    fold: Fold,
    number: int,
    y: NDArray[Any],
    predicted: Array,
    task: Task,
) -> dict[str, Any]:
    """Return a row of the scores, without what it cost."""
    return {
        "repeat": fold.repeat,
        "fold": fold.fold,
        "candidate": candidate.name,
        "seed": number,
        "value": task.loss(y, predicted),
        "second": task.second(y, predicted),
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


def prepare_fold(X: pd.DataFrame, transformer: Any, fold: Fold) -> tuple[Array, Array]:
    """Return the columns of training and test rows, prepared on the former."""
    prepared = clone(transformer)
    train = np.asarray(prepared.fit_transform(X.iloc[fold.train]), np.float64)
    return train, np.asarray(prepared.apply(X.iloc[fold.test]), np.float64)


def fit(
    candidate: Candidate, X: Any, y: NDArray[Any], seed: int, task: Task, ties: Ties
) -> tuple[Any, float]:
    """Return a fitted clone and the seconds it took; the ties are of these rows."""
    with _naming(candidate, "be fitted"), quiet():
        model = seeded(clone(candidate.estimator), seed)
        own, classes = candidate.kind != "user", task.classes is not None
        further = tied(model, ties, y, seed, own=own, classes=classes)
        start = time.perf_counter()
        model.fit(X, y, **further)
        return model, time.perf_counter() - start


def predict(candidate: Candidate, task: Task, model: Any, X: Any) -> Array:
    """Return the checked predictions of a fitted candidate."""
    with _naming(candidate, "predict"):
        return task.predict(model, X)


@contextmanager
def _naming(candidate: Candidate, what: str) -> Iterator[None]:
    """Say whose error it is."""
    try:
        yield
    except Exception as error:
        raise ValueError(
            f"candidate {candidate.name!r} could not {what} ({type(error).__name__}: "
            f"{error}); leave it out or mend its settings."
        ) from error


@contextmanager
def quiet() -> Iterator[None]:
    """Keep still about strengths at which an inner fit did not converge.

    Ctrl-C ends the comparison, though a network would return half a training.
    """
    with heed_ctrl_c(), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", "Training interrupted", UserWarning)
        yield


def n_parameters(model: Any) -> float:
    """Return the number of fitted parameters; NaN if the model does not tell."""
    model = getattr(model, "best_estimator_", model)
    if hasattr(model, "steps"):
        return n_parameters(model.steps[-1][1])
    if hasattr(model, "n_parameters_"):
        return float(model.n_parameters_)
    for weights, offsets in (("coefs_", "intercepts_"), ("coef_", "intercept_")):
        if hasattr(model, weights):
            arrays = [getattr(model, weights), getattr(model, offsets)]
            lists = [a if isinstance(a, list) else [a] for a in arrays]
            return float(sum(np.size(array) for arrays in lists for array in arrays))
    if hasattr(model, "_predictors"):
        # A split has a column and a threshold, a leaf a value.
        trees = [tree.nodes["is_leaf"] for step in model._predictors for tree in step]
        return float(sum(2 * np.size(leaf) - np.sum(leaf) for leaf in trees))
    constants = getattr(model, "constant_", getattr(model, "class_prior_", None))
    return float("nan") if constants is None else float(np.size(constants))
