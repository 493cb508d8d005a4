"""The function ``perceptrons.compare``: from a table to a verdict."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from inspect import signature
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone

from perceptrons import _checks, threads
from perceptrons.comparison import candidates as candidates_
from perceptrons.comparison import inputs
from perceptrons.comparison.candidates import LINEAR, NETWORK, Candidate
from perceptrons.comparison.columns import Prepared, prepare
from perceptrons.comparison.evaluate import Evaluation, evaluate
from perceptrons.comparison.folds import Folds, make_folds
from perceptrons.comparison.gains import (
    Pooled,
    measure,
    noise_table,
    statistics_table,
)
from perceptrons.comparison.learning import (
    curve_points,
    learning_curves,
    with_whole,
)
from perceptrons.comparison.measures import choose
from perceptrons.comparison.notes import notes
from perceptrons.comparison.result import Comparison
from perceptrons.comparison.task import Task
from perceptrons.comparison.ties import Ties
from perceptrons.comparison.verdict import judge
from perceptrons.tables.column import told
from perceptrons.work import Crew

# Repeats, and folds by the most rows that have so many: about half a minute to five
# minutes for tables of 10 to 20 columns on two cores.
_REPEATS, _QUICK_REPEATS = 3, 2
_FOLDS = ((2_000, 10), (20_000, 5))
# Fewer rows have a caution of their own.
_FEW_ROWS = 50
# A longer list is rows, and stands by its name in the call that a page shows.
_MOST_WRITTEN = 20
# Seeds of the network on each fold of the first repeat: two tell training from data.
_SEEDS = 2


def compare(
    X: Any,
    y: Any,
    *,
    task: str | None = None,
    groups: Any = None,
    time: Any = None,
    drop: Any = (),
    category: Any = (),
    keep: Any = (),
    candidates: Mapping[str, Any] | None = None,
    against: str | None = None,
    metric: Any = None,
    repeats: int | None = None,
    n_folds: int | None = None,
    quick: bool = False,
    rope: float = 0.01,
    random_state: int | None = None,
    n_jobs: int | None = None,
    progress: bool = False,
) -> Comparison:
    """Tell whether a neural network is justified on a table.

    A constant, straight lines, splines and polynomials, a network and gradient boosting
    are fitted on the same folds of repeated cross-validation, behind the same
    preparation of columns. Gain is the relative drop of the metric, RMSE or log loss
    if none is named. A network is "justified" if over every cheaper model
    P(gain > 0) >= 0.95 and the gain is at least ``rope``; "not justified" if over one
    of them P(gain > rope) <= 0.05, or if it makes next to no error; else "undecided".
    Where it is not justified, the verdict names what to take: the simplest model within
    ``rope`` of the best.

    The variance of a gain is that of the rows' influences plus that between repeats;
    with one repeat, as along time, it is that of the corrected t-test over folds.

    Parameters
    ----------
    X : DataFrame or array-like of shape (n, d)
        Of pandas, polars or Arrow: numbers, categories, dates, gaps, as
        :class:`perceptrons.tables.TableEncoder` takes them, prepared within every fold.
    y : array-like of shape (n,)
        The target.
    task : {"regression", "classification"} or None, default=None
        None: text, booleans or at most 10 distinct whole numbers are classes.
    groups : str, int, array-like of shape (n,) or None, default=None
        Rows of one group stay together, in the inner validation of the candidates,
        too; the name of a column of X, or values.
    time : str, int, array-like of shape (n,) or None, default=None
        Train on earlier rows, test on later ones; the name of a column of X, or
        values: numbers or dates, also as text, or ordered categories. There are no
        repeats then.
    drop : str, int, sequence of them or None, default=()
        Columns to leave out, by name.
    category : str, int, sequence of them or None, default=()
        Columns whose numbers are codes.
    keep : str, int, sequence of them or None, default=()
        Columns to use though they look like row numbers, identifiers or repetitions.
    candidates : mapping of str to estimator or None, default=None
        Further scikit-learn estimators; classifiers need ``predict_proba``. Their
        ``fit`` gets ``groups`` and ``time`` where it has arguments of these names, a
        search ``groups`` where its splitter takes them.
    against : str or None, default=None
        The candidate that alone decides; None: every cheaper one does, and the table
        has gains over the best that is linear in its coefficients.
    metric : str, array-like of shape (K, K) or None, default=None
        What decides: "RMSE", "MAE" or "Poisson deviance" for numbers, "log loss",
        "Brier", "AUC" or "balanced error" for classes; or what it costs to take a
        class (row, sorted) for another (column). None: RMSE or log loss.
    repeats, n_folds : int or None, default=None
        Of cross-validation. None: 3 x 10, with more than 2,000 rows 3 x 5, with more
        than 20,000 3 x 3; 5 along time. Fewer folds where there are fewer groups or
        rows of a class.
    quick : bool, default=False
        A first look: 2 x 3 folds, which find less.
    rope : float, default=0.01
        Relative gain below which models are practically equal.
    random_state : int or None, default=None
        Seed of folds and fits; None draws one, kept as ``result.seed``.
    n_jobs : int or None, default=None
        Folds at a time, in processes of their own where that is faster; None or -1:
        as many as this process may use cores. The numbers do not depend on it, but for
        the times, and unless a candidate draws from NumPy's global generator.
    progress : bool, default=False
        Show a bar on standard error, and before it a line for each leak and for each
        column that is dropped, pooled or read in a way that could be wrong.

    Returns
    -------
    Comparison
        ``verdict``, ``table()``, ``plot()``, ``save(folder)``, ``winner``.

    Raises
    ------
    ValueError
        If an argument is out of range or the data cannot be compared.
    TypeError
        If a candidate is no estimator.

    References
    ----------
    Nadeau and Bengio (2003), Inference for the generalization error, Machine Learning
    52. Corani and Benavoli (2015), A Bayesian approach for comparing cross-validated
    algorithms on multiple data sets, Machine Learning 100.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> import perceptrons
    >>> X, y = load_diabetes(return_X_y=True)
    >>> result = perceptrons.compare(X, y, random_state=0)  # doctest: +SKIP
    >>> result.verdict.status  # doctest: +SKIP
    'undecided'
    """
    call = _call(
        task=task,
        groups=groups,
        time=time,
        drop=drop,
        category=category,
        keep=keep,
        candidates=candidates,
        against=against,
        metric=metric,
        repeats=repeats,
        n_folds=n_folds,
        quick=quick,
        rope=rope,
    )
    if repeats is not None:
        _checks.integer("repeats", repeats, 1, "None takes 3")
    if n_folds is not None:
        _checks.integer("n_folds", n_folds, 2, "None chooses by the rows")
    n_jobs = None if n_jobs == -1 else n_jobs
    if n_jobs is not None:
        _checks.integer("n_jobs", n_jobs, 1, "None or -1 takes all cores")
    _checks.real("rope", rope, "0.01 is 1 %", low=0, high=1, closed="left")
    seed = _seed(random_state)
    apart = inputs.apart(groups, time, drop)
    X, groups = inputs.take_groups(X, groups)
    X, time = inputs.take_times(X, time)
    with waiting(progress, "looking at the columns"):
        prepared = prepare(
            X,
            y,
            task=task,
            drop=inputs.names(drop),
            category=inputs.names(category),
            keep=inputs.names(keep),
        )
    prepared = replace(
        prepared,
        columns=[*apart, *prepared.columns],
        warnings=[*prepared.warnings, *told(apart)],
    )
    tell(progress, prepared.warnings)
    groups = None if groups is None else groups[prepared.rows]
    time = None if time is None else time[prepared.rows]
    folds = make_folds(
        prepared.y,
        classes=prepared.task == "classification",
        n_folds=n_folds or _n_folds(prepared, groups, time, quick),
        repeats=repeats or (_QUICK_REPEATS if quick else _REPEATS),
        seed=seed,
        groups=groups,
        duplicates=prepared.groups,
        time=time,
    )
    ties = Ties.of(groups, prepared.groups, time)
    judged = _task(prepared, metric)
    entries, left_out = _candidates(
        prepared, folds, candidates, n_jobs, time is not None
    )
    if against is not None:
        names = [entry.name for entry in entries if entry.name != NETWORK]
        _checks.choice("against", against, names)
    crew = Crew(threads.usable_threads(n_jobs))
    with _bar(progress, _tasks(folds)) as advance:
        measured = _measure(
            prepared, folds, entries, ties, against, seed, judged, crew, advance
        )
    caveats = [*left_out, *_caveats(folds, time is not None, len(prepared.y), quick)]
    return _assemble(
        prepared,
        folds,
        entries,
        measured,
        judged,
        ties,
        rope,
        seed,
        against,
        left_out,
        caveats,
        f"perceptrons.compare(X, y, {call}random_state={seed})",
    )


@dataclass(frozen=True)
class _Measured:
    """All scores, the learning curves, and what gains are measured against."""

    evaluation: Evaluation
    curves: pd.DataFrame
    reference: str

    @property
    def costs(self) -> pd.DataFrame:
        """Costs by candidate, and how many times the training of the reference."""
        costs = self.evaluation.costs
        seconds = costs["seconds"].astype(float)
        return costs.assign(times=seconds / seconds[self.reference])


def _assemble(
    prepared: Prepared,
    folds: Folds,
    entries: Sequence[Candidate],
    measured: _Measured,
    task: Task,
    ties: Ties,
    rope: float,
    seed: int,
    against: str | None,
    left_out: list[str],
    caveats: list[str],
    reproduce: str,
) -> Comparison:
    """Judge what was measured and return all of it."""
    reference = measured.reference
    scores, costs = measured.evaluation.scores, measured.costs
    table = _table(entries)
    evaluation, clusters = measured.evaluation, ties.groups
    pooled = None
    if folds.repeats > 1:
        values = evaluation.pooled["value"].unstack()
        pooled = Pooled(values, evaluation.influences, clusters)
    gains = measure(
        scores,
        reference,
        entries[0].name,
        folds.test_to_train,
        task.exact,
        pooled,
    )
    second = evaluation.pooled["second"].groupby("candidate").mean()
    means = pd.DataFrame(
        {"value": {name: gains.mean(name) for name in table.index}, "second": second}
    )
    verdict = judge(
        gains,
        NETWORK,
        table["kind"],
        costs,
        measured.curves,
        metric=task.metric,
        rope=rope,
        n_rows=len(prepared.y),
        against=against,
        leaks=prepared.leaks,
    )
    rates = None if task.classes is None else second
    told = notes(
        gains.over(verdict.reference), NETWORK, table["kind"], rates, task.metric, rope
    )
    # Who is missing might have done better than the network.
    missing = left_out if verdict.status != "not justified" else []
    reason = [prepared.task_reason]
    verdict = replace(verdict, notes=(*told, *missing, *filter(None, reason)))
    return Comparison(
        verdict=verdict,
        prepared=prepared,
        metric=task.metric,
        metric_sentence=task.measure.sentence,
        second_metric=task.second_metric,
        split=folds.description,
        n_folds=folds.n_folds,
        repeats=folds.repeats,
        rope=rope,
        seed=seed,
        reference=reference,
        network=NETWORK,
        candidates=table,
        scores=scores,
        means=means,
        statistics=statistics_table(gains, list(table.index), rope),
        costs=costs,
        noise=noise_table(gains, scores),
        learning=measured.curves,
        predictions=measured.evaluation.predictions,
        warnings=list(prepared.warnings),
        caveats=caveats,
        reproduce=reproduce,
        source="",
        _entries={entry.name: entry for entry in entries},
        _ties=ties,
    )


def _call(**given: Any) -> str:
    """Write the arguments that are not at their defaults, each before a comma.

    Rows and models are too long to write out: their argument stands for itself.
    """
    defaults = signature(compare).parameters
    written = []
    for name, value in given.items():
        default = defaults[name].default
        if _is_plain(value) and (value == default or (not default and not value)):
            continue
        written.append(f"{name}={value!r}" if _is_plain(value) else f"{name}={name}")
    return "".join(f"{argument}, " for argument in written)


def _is_plain(value: Any) -> bool:
    """Tell whether a value's text is the value."""
    if isinstance(value, list | tuple):
        return len(value) <= _MOST_WRITTEN and all(map(_is_plain, value))
    return value is None or isinstance(value, str | int | float)


def _task(prepared: Prepared, metric: Any) -> Task:
    """Return how predictions are judged."""
    classes = prepared.classes if prepared.task == "classification" else None
    return Task(classes, choose(metric, classes, prepared.y))


def _n_folds(prepared: Prepared, groups: Any, time: Any, quick: bool) -> int:
    """Return as many folds as rows, groups and the rarest class allow, and the time."""
    n = len(prepared.y)
    if time is not None:
        return 3 if quick else 5
    most = next((folds for rows, folds in _FOLDS if n <= rows), 3)
    limits = [3 if quick else most, max(2, n // 5)]
    if prepared.classes is not None:
        # Most of the rarest class must train.
        limits.append(max(2, int(np.unique(prepared.y, return_counts=True)[1].min())))
    for together in (groups, prepared.groups):
        if together is not None:
            limits.append(max(2, len(np.unique(together))))
    return min(limits)


def _measure(
    prepared: Prepared,
    folds: Folds,
    entries: Sequence[Candidate],
    ties: Ties,
    against: str | None,
    seed: int,
    task: Task,
    crew: Crew,
    advance: Callable[[], None],
) -> _Measured:
    """Fit everything, on all folds and on parts of some."""
    data = prepared.X, prepared.y, prepared.transformer
    how: dict[str, Any] = {"seed": seed, "crew": crew, "advance": advance}
    evaluation = evaluate(*data, folds.folds, entries, task, ties, seeds=_SEEDS, **how)
    reference = against or _best_linear(evaluation.pooled, entries)
    pair = [entry for entry in entries if entry.name in (reference, NETWORK)]
    along_time = ties.time is not None
    parts = learning_curves(
        *data, folds.first, pair, task, ties, latest=along_time, **how
    )
    curves = with_whole(parts, evaluation.scores, [entry.name for entry in pair])
    return _Measured(evaluation, curves, reference)


def _tasks(folds: Folds) -> int:
    """Return the number of folds, and of parts of them."""
    large, shares = curve_points(folds.first)
    return len(folds) + len(large) * len(shares)


def _candidates(
    prepared: Prepared,
    folds: Folds,
    more: Any,
    n_jobs: int | None,
    along_time: bool,
) -> tuple[list[Candidate], list[str]]:
    """Return all candidates, and a sentence for each that does not fit."""
    rows = min(len(fold.train) for fold in folds)
    columns = clone(prepared.transformer).fit_transform(prepared.X).shape[1]
    if prepared.classes is not None:
        entries, left_out = candidates_.classifiers(
            prepared.classes, rows, columns, n_jobs
        )
    else:
        entries, left_out = candidates_.regressors(
            rows, columns, n_jobs, along_time=along_time
        )
    taken = [entry.name for entry in entries]
    own = candidates_.own(
        {} if more is None else more, taken, prepared.classes is not None
    )
    return [*entries, *own], left_out


def _best_linear(pooled: pd.DataFrame, entries: Sequence[Candidate]) -> str:
    """Return the candidate with the best mean that is linear in its coefficients."""
    means = pooled["value"].groupby("candidate").mean()
    linear = [entry.name for entry in entries if entry.kind in LINEAR]
    return str(means[linear].idxmin())


def _table(entries: Sequence[Candidate]) -> pd.DataFrame:
    """Return kind and description of the candidates."""
    rows = {entry.name: (entry.kind, entry.description) for entry in entries}
    table = pd.DataFrame.from_dict(
        rows, orient="index", columns=["kind", "description"]
    )
    return table.rename_axis("candidate")


def _caveats(folds: Folds, along_time: bool, n: int, quick: bool) -> list[str]:
    """Say what the statistics cannot vouch for."""
    found = []
    if quick:
        found.append(
            f"A first look by {folds.description}: the whole comparison finds more, "
            "and its numbers are others."
        )
    if n < _FEW_ROWS:
        found.append(
            f"{n} rows are few: what a model makes of them hangs on which rows they "
            "are, more than any interval from them can tell. Take the simpler model."
        )
    if along_time:
        found.append(
            "Folds along time differ in the number of rows they train on, and there "
            f"are only {len(folds)} of them: the interval is wide and rests on few "
            "differences."
        )
    return found


def _seed(random_state: Any) -> int:
    """Return the seed, drawn if none is given."""
    if random_state is None:
        return int(np.random.default_rng().integers(2**31))
    return _checks.integer("random_state", random_state, 0, "None draws a seed")


@contextmanager
def waiting(progress: bool, what: str) -> Iterator[None]:
    """Show on a terminal what is done before the bar.

    Parameters
    ----------
    progress : bool
    what : str
    """
    if not progress:
        yield
        return
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield
        return
    with console.status(what):
        yield


def tell(progress: bool, texts: Iterable[str]) -> None:
    """Say on standard error what to mind, at once and not after minutes of training.

    Parameters
    ----------
    progress : bool
    texts : iterable of str
    """
    if progress:
        for text in texts:
            sys.stderr.write(f"Warning: {text}\n")


@contextmanager
def _bar(progress: bool, total: int) -> Iterator[Callable[[], None]]:
    """Yield what to call after each fold."""
    if not progress:
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    # In a file a bar that is wiped out at the end leaves an empty line.
    hidden = not console.is_terminal
    with Progress(console=console, transient=True, disable=hidden) as bar:
        task = bar.add_task("folds", total=total)
        yield lambda: bar.advance(task)
