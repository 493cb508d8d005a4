"""What a comparison will do: columns read, rows divided, candidates chosen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.base import clone

from perceptrons import _checks
from perceptrons.comparison import candidates, inputs
from perceptrons.comparison.blocks import take_blocks
from perceptrons.comparison.candidate import NETWORK, Candidate
from perceptrons.comparison.columns import Prepared, prepare
from perceptrons.comparison.contest import Contest
from perceptrons.comparison.folds import Folds, Links, make_folds
from perceptrons.comparison.learning import curve_points
from perceptrons.comparison.metric import choose
from perceptrons.comparison.options import Options
from perceptrons.comparison.own import own_candidates
from perceptrons.comparison.progress import tell, waiting
from perceptrons.comparison.quantiles import quantile_regressors
from perceptrons.comparison.task import Task
from perceptrons.comparison.ties import Ties
from perceptrons.comparison.weights import take_weights, unweighted
from perceptrons.tables.column import told

# Repeats, and folds by the most rows that have so many: half a minute for 1,000 rows of
# 20 columns on two cores, some minutes for 30,000 of 10.
_REPEATS, _QUICK_REPEATS = 3, 2
_FOLDS = ((500, 10), (20_000, 5))
# Fewer rows have a caution of their own.
_FEW_ROWS = 50


@dataclass(frozen=True)
class Plan:
    """All that is settled before the first fit.

    Parameters
    ----------
    options : Options
    prepared : Prepared
        The columns and what was done to them.
    folds : Folds
    contest : Contest
    left_out : list of str
        A sentence for each candidate that would take too long.
    """

    options: Options
    prepared: Prepared
    folds: Folds
    contest: Contest
    left_out: list[str]

    @property
    def work(self) -> int:
        """The number of folds, and of parts of them."""
        large, shares = curve_points(self.folds.first)
        return len(self.folds) + len(large) * len(shares)

    @property
    def first_look(self) -> list[str]:
        """What a quick comparison says of itself, beside its verdict."""
        if not self.options.quick:
            return []
        return [
            f"A first look by {self.folds.description}: the whole comparison finds "
            "more, and its numbers are others."
        ]

    @property
    def caveats(self) -> list[str]:
        """What the statistics cannot vouch for."""
        return [*self.left_out, *_caveats(self)]


def make_plan(X: Any, y: Any, options: Options, progress: bool) -> Plan:
    """Read the columns and settle what is done with them.

    Parameters
    ----------
    X : DataFrame or array-like of shape (n, d)
    y : array-like of shape (n,)
    options : Options
        Checked.
    progress : bool
        Whether to say on standard error what to mind.

    Returns
    -------
    Plan

    Raises
    ------
    ValueError
        If the data cannot be compared so.
    """
    seed = options.random_state
    seed = int(np.random.default_rng().integers(2**31) if seed is None else seed)
    X, weights = take_weights(X, options.weights)
    prepared, links = _read(X, y, options, progress)
    tell(progress, prepared.warnings)
    folds = make_folds(
        prepared.y,
        links,
        classes=prepared.task == "classification",
        n_folds=options.n_folds or _n_folds(prepared, links, options.quick),
        repeats=options.repeats or (_QUICK_REPEATS if options.quick else _REPEATS),
        seed=seed,
    )
    task = _task(prepared, options.metric)
    ties = replace(Ties.of(links), weights=_relative(weights, prepared.rows))
    _check_ranked(prepared, folds, task, weighted=weights is not None)
    entries, left_out = _candidates(prepared, folds, options, task)
    data = prepared.X, prepared.y, prepared.transformer
    contest = Contest(*data, entries, task, ties, seed)
    return Plan(options, prepared, folds, contest, left_out)


def _read(X: Any, y: Any, options: Options, progress: bool) -> tuple[Prepared, Links]:
    """Return the columns prepared, and what the rows have to do with each other."""
    apart = inputs.apart(options)
    X, groups = inputs.take_groups(X, options.groups)
    X, time = inputs.take_times(X, options.time)
    blocks, block = take_blocks(X, options.blocks, options.n_folds)
    groups = groups if blocks is None else blocks
    with waiting(progress, "looking at the columns"):
        prepared = prepare(
            X,
            y,
            task=options.task,
            drop=inputs.names(options.drop),
            category=inputs.names(options.category),
            keep=inputs.names(options.keep),
        )
    groups, time = (
        None if given is None else given[prepared.rows] for given in (groups, time)
    )
    prepared = replace(
        prepared,
        columns=[*apart, *prepared.columns],
        warnings=[*prepared.warnings, *told(apart)],
    )
    return prepared, Links(groups, prepared.groups, time, options.gap, block)


def _task(prepared: Prepared, metric: Any) -> Task:
    """Return how predictions are judged."""
    classes = prepared.classes if prepared.task == "classification" else None
    return Task(classes, choose(metric, classes, prepared.y))


def _relative(weights: Any, rows: Any) -> Any:
    """Return weights of some rows over their mean."""
    return None if weights is None else weights[rows] / weights[rows].mean()


def _check_ranked(
    prepared: Prepared, folds: Folds, task: Task, *, weighted: bool
) -> None:
    """Refuse weights and rows all of one class, where the order of rows decides."""
    if task.metric != "1 - AUC":
        return
    if weighted:
        raise ValueError(
            "metric 'AUC' takes no weights, got weights as well; use log loss, Brier "
            "or balanced error, or leave them out."
        )
    if any(len(np.unique(prepared.y[fold.test])) < 2 for fold in folds):
        raise ValueError(
            "metric 'AUC' needs rows of two classes or more to test on in every fold "
            f"({folds.description}), and one has a single class; use fewer folds, or "
            "Brier or log loss."
        )


def _n_folds(prepared: Prepared, links: Links, quick: bool) -> int:
    """Return as many folds as rows, groups and the rarest class allow, and the time."""
    n = len(prepared.y)
    if links.time is not None:
        return 3 if quick else 5
    most = next((folds for rows, folds in _FOLDS if n <= rows), 3)
    limits = [3 if quick else most, max(2, n // 5)]
    if prepared.classes is not None:
        # Most of the rarest class must train.
        limits.append(max(2, int(np.unique(prepared.y, return_counts=True)[1].min())))
    for together in (links.groups, links.duplicates):
        if together is not None:
            limits.append(max(2, len(np.unique(together))))
    return min(limits)


def _candidates(
    prepared: Prepared, folds: Folds, options: Options, task: Task
) -> tuple[list[Candidate], list[str]]:
    """Return all candidates, and a sentence for each that does not fit."""
    rows = min(len(fold.train) for fold in folds)
    columns = clone(prepared.transformer).fit_transform(prepared.X).shape[1]
    classes = prepared.classes
    if task.measure.quantile is not None:
        entries, left_out = quantile_regressors(
            task.measure.quantile, rows, columns, options.jobs
        )
    elif classes is not None:
        entries, left_out = candidates.classifiers(classes, rows, columns, options.jobs)
    else:
        entries, left_out = candidates.regressors(
            rows, columns, options.jobs, along_time=options.time is not None
        )
    if options.gap and any(entry.name == "seasonal naive" for entry in entries):
        # It goes on from the last row that trains.
        entries = [entry for entry in entries if entry.name != "seasonal naive"]
        left_out.append(_NO_SEASON)
    taken = [entry.name for entry in entries]
    more = {} if options.candidates is None else options.candidates
    entries = [*entries, *own_candidates(more, taken, classes is not None)]
    if options.against is not None:
        names = [entry.name for entry in entries if entry.name != NETWORK]
        _checks.choice("against", options.against, names)
    return entries, left_out


_NO_SEASON = (
    "Seasonal naive (the value one season before) was left out: after a gap it does "
    "not know where in the season the tested rows begin."
)


def _caveats(plan: Plan) -> Iterator[str]:
    """Say what the statistics cannot vouch for."""
    n = len(plan.prepared.y)
    if n < _FEW_ROWS:
        yield (
            f"{n} rows are few: what a model makes of them hangs on which rows they "
            "are, more than any interval from them can tell. Take the simpler model."
        )
    if plan.options.weights is not None:
        yield from unweighted(plan.contest.candidates)
    if plan.options.blocks is not None:
        yield (
            f"Blocks differ, and there are only {len(plan.folds)} of them: the "
            "interval is wide and rests on few differences. A model is asked for "
            "values that it was not trained on."
        )
    if plan.options.time is not None:
        yield (
            "Folds along time differ in the number of rows they train on, and there "
            f"are only {len(plan.folds)} of them: the interval is wide and rests on "
            "few differences."
        )
