"""Learning curves: models trained on parts of the rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from perceptrons.comparison.contest import Contest
from perceptrons.comparison.evaluate import SEVERAL_FOLDS
from perceptrons.comparison.fitting import fit, predict, seed_of
from perceptrons.comparison.folds import LEAST_CLASS_ROWS, Fold
from perceptrons.comparison.task import Task
from perceptrons.work import Crew

SHARES = (0.25, 0.5)

_LEAST_ROWS = 40


def learning_curves(
    contest: Contest, folds: Sequence[Fold], crew: Crew, advance: Callable[[], object]
) -> pd.DataFrame:
    """Fit candidates on parts of the training rows of some folds.

    Along time these are the rows that train last, else rows at random.

    Parameters
    ----------
    contest : Contest
    folds : sequence of Fold
        Each tests on the same rows for every size.
    crew : Crew
    advance : callable
        Called after each part.

    Returns
    -------
    DataFrame
        Columns candidate, fold, n_train, share, value. Parts of fewer than 40 rows are
        left out; so is the whole, which the comparison has measured.
    """
    latest = contest.ties.time is not None
    draw = np.random.default_rng(contest.seed)
    folds, usable = curve_points(folds)
    shares, parts = [], []
    for fold in folds:
        order = fold.train[::-1] if latest else draw.permutation(fold.train)
        for share in usable:
            shares.append(share)
            train = _part(order, share, contest.y, contest.task)
            # Along time the rows stay in its order.
            train = train[::-1] if latest else train
            parts.append(Fold(0, fold.fold, train, fold.test))
    rows = []
    done = crew.share(_losses, [(contest, part) for part in parts])
    for share, part, losses in zip(shares, parts, done, strict=True):
        advance()
        for candidate, value in zip(contest.candidates, losses, strict=True):
            rows.append((candidate.name, part.fold, len(part.train), share, value))
    columns = ["candidate", "fold", "n_train", "share", "value"]
    return pd.DataFrame(rows, columns=columns)


def _losses(contest: Contest, part: Fold) -> list[float]:
    """Return the metric of each candidate, trained on a part."""
    inputs, held, _ = contest.prepared(part)
    y, task, ties = contest.y, contest.task, contest.ties.among(part.train)
    seed = seed_of(contest.seed, 0, part.fold, 0)
    losses = []
    for candidate in contest.candidates:
        model, _ = fit(candidate, inputs, y[part.train], seed, task, ties)
        guess = predict(candidate, task, model, held)
        weights = contest.ties.weighing(part.test)
        losses.append(task.loss(y[part.test], guess, weights))
    return losses


def curve_points(folds: Sequence[Fold]) -> tuple[list[Fold], tuple[float, ...]]:
    """Return the folds and the parts of their rows that a curve is measured at.

    Every fold has enough rows for every part, so that all points are of the same
    folds; of folds that differ, along time, the smallest half may be left out.

    Parameters
    ----------
    folds : sequence of Fold
    """
    for least in range(len(SHARES)):
        shares = SHARES[least:]
        large = [f for f in folds if shares[0] * len(f.train) >= _LEAST_ROWS]
        if len(large) >= max(2, len(folds) // 2):
            return large[:SEVERAL_FOLDS], shares
    return [], ()


def _part(order: NDArray[Any], share: float, y: NDArray[Any], task: Task) -> Any:
    """Return the first rows in order, some of every class among them."""
    chosen = np.zeros(len(order), bool)
    if task.classes is None:
        chosen[: round(share * len(order))] = True
        return order[chosen]
    for label in task.classes:
        own = np.flatnonzero(y[order] == label)
        chosen[own[: max(LEAST_CLASS_ROWS, round(share * len(own)))]] = True
    return order[chosen]


def with_whole(
    parts: pd.DataFrame, scores: pd.DataFrame, names: Sequence[str]
) -> pd.DataFrame:
    """Return the curves with their last point, the whole training rows.

    Without other points that is the only one, of all folds.

    Parameters
    ----------
    parts : DataFrame
        From :func:`learning_curves`.
    scores : DataFrame
        From :func:`perceptrons.comparison.evaluate.evaluate`.
    names : sequence of str
        Candidates of the curves.
    """
    own = (scores["repeat"] == 0) & (scores["seed"] == 0)
    if len(parts):
        own &= scores["fold"].isin(parts["fold"])
    whole = scores[own & scores["candidate"].isin(names)].assign(share=1.0)
    whole = whole[["candidate", "fold", "n_train", "share", "value"]]
    return pd.concat([parts, whole] if len(parts) else [whole], ignore_index=True)
