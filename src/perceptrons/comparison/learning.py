"""Learning curves, and how many more rows would decide an open question."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from perceptrons.comparison.candidates import Candidate
from perceptrons.comparison.evaluate import Task, fit, predict, prepare_fold, seed_of
from perceptrons.comparison.folds import LEAST_CLASS_ROWS, Fold
from perceptrons.comparison.sharing import Crew
from perceptrons.comparison.statistics import Posterior

SHARES = (0.125, 0.25, 0.5)

_LEAST_ROWS = 40
_MOST_TIMES = 100.0


def learning_curves(
    X: pd.DataFrame,
    y: NDArray[Any],
    transformer: Any,
    folds: Sequence[Fold],
    candidates: Sequence[Candidate],
    task: Task,
    *,
    seed: int,
    latest: bool,
    crew: Crew,
    advance: Callable[[], object],
) -> pd.DataFrame:
    """Fit candidates on parts of the training rows of some folds.

    Parameters
    ----------
    X, y, transformer, candidates, task, crew : as in ``evaluate``
    folds : sequence of Fold
        Each tests on the same rows for every size.
    seed : int
        Of the choice of rows, and of the fits.
    latest : bool
        The rows that train last, not rows at random: along time.
    advance : callable
        Called after each part.

    Returns
    -------
    DataFrame
        Columns candidate, fold, n_train, value. Parts of less than 40 rows are left
        out; so is the whole, which the comparison has measured.
    """
    draw = np.random.default_rng(seed)
    shares, parts = [], []
    for fold in folds:
        order = fold.train[::-1] if latest else draw.permutation(fold.train)
        for share in usable_shares(len(fold.train)):
            shares.append(share)
            train = _part(order, share, y, task)
            parts.append(Fold(0, fold.fold, train, fold.test))
    tasks = [(X, y, transformer, part, candidates, task, seed) for part in parts]
    rows = []
    done = crew.share(_losses, tasks)
    for share, part, losses in zip(shares, parts, done, strict=True):
        advance()
        for candidate, value in zip(candidates, losses, strict=True):
            rows.append((candidate.name, part.fold, len(part.train), share, value))
    columns = ["candidate", "fold", "n_train", "share", "value"]
    return pd.DataFrame(rows, columns=columns)


def _losses(
    X: pd.DataFrame,
    y: NDArray[Any],
    transformer: Any,
    part: Fold,
    candidates: Sequence[Candidate],
    task: Task,
    seed: int,
) -> list[float]:
    """Return the metric of each candidate, trained on a part."""
    inputs, held = prepare_fold(X, transformer, part)
    losses = []
    for candidate in candidates:
        own = seed_of(seed, 0, part.fold, 0)
        model, _ = fit(candidate, inputs, y[part.train], own)
        guess = predict(candidate, task, model, held)
        losses.append(task.loss(y[part.test], guess))
    return losses


def usable_shares(n_train: int) -> list[float]:
    """Return the parts of the training rows that a curve can be measured at."""
    return [share for share in SHARES if share * n_train >= _LEAST_ROWS]


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
    whole = scores[own & scores["candidate"].isin(names)].assign(share=1.0)
    whole = whole[["candidate", "fold", "n_train", "share", "value"]]
    return pd.concat([parts, whole] if len(parts) else [whole], ignore_index=True)


def rows_to_decide(
    posterior: Posterior,
    curves: pd.DataFrame,
    names: tuple[str, str],
    n_rows: int,
    decided: Callable[[Posterior], bool],
) -> int | None:
    """Estimate how many more rows would decide whether a network is justified.

    The gain is taken to move with n as a + b / n, as what models lose by estimating
    their parameters does to first order, b from the learning curves and a from the
    comparison itself; its standard error falls as 1 / sqrt(n).

    Parameters
    ----------
    posterior : Posterior
        Of the gain, now.
    curves : DataFrame
        From :func:`with_whole`.
    names : (str, str)
        The network and the reference.
    n_rows : int
        All rows, now.
    decided : callable
        Posterior -> whether it decides.

    Returns
    -------
    int or None
        Two digits; None if 100 times the rows would leave it open.
    """
    means = (
        curves.groupby(["share", "candidate"])[["n_train", "value"]].mean().unstack()
    )
    network, reference = names
    gain = 1 - means["value", network] / means["value", reference]
    inverse = 1 / means["n_train", network].to_numpy(float)
    slope = float(np.polyfit(inverse, gain, 1)[0]) if len(gain) > 1 else 0.0
    for times in np.geomspace(1.05, _MOST_TIMES, 200):
        mean = posterior.mean + slope * inverse[-1] * (1 / times - 1)
        scale = posterior.scale / math.sqrt(times)
        if decided(Posterior(mean, scale, posterior.df)):
            return max(1, int(float(f"{n_rows * (times - 1):.2g}")))
    return None
