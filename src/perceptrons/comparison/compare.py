"""The function ``perceptrons.compare``: from a table to a verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
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
    fold_values,
    measure,
    noise_table,
    statistics_table,
)
from perceptrons.comparison.learning import (
    curve_points,
    learning_curves,
    with_whole,
)
from perceptrons.comparison.notes import notes
from perceptrons.comparison.result import Comparison
from perceptrons.comparison.task import Task
from perceptrons.comparison.ties import Ties
from perceptrons.comparison.verdict import judge
from perceptrons.tables.kinds import told
from perceptrons.work import Crew

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
    repeats: int = 5,
    n_folds: int = 5,
    rope: float = 0.01,
    random_state: int | None = None,
    n_jobs: int | None = None,
    progress: bool = False,
) -> Comparison:
    """Tell whether a neural network is justified on a table.

    A constant, linear models, a network and gradient boosting are fitted on the same
    folds of repeated cross-validation, behind the same preparation of columns. The
    gain of the network is the relative drop of the metric, RMSE or log loss, against
    the linear model with the best mean. With the posterior of the Bayesian correlated
    t-test, a network is "justified" if P(gain > 0) >= 0.95 and the gain is at least
    ``rope``; "not justified" if P(gain > rope) <= 0.05, or if the linear model makes
    next to no error; else "undecided".

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
        The candidate that gains are measured against; None: the best linear one.
    repeats, n_folds : int, default=5
        Of cross-validation.
    rope : float, default=0.01
        Relative gain below which models are practically equal.
    random_state : int or None, default=None
        Seed of folds and fits; None draws one, kept as ``result.seed``.
    n_jobs : int or None, default=None
        Folds at a time, in processes of their own where that is faster; None or -1:
        as many as this process may use cores. The numbers do not depend on it, but for
        the times, and unless a candidate draws from NumPy's global generator.
    progress : bool, default=False
        Show a bar on standard error.

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
    _checks.integer("repeats", repeats, 1, "5 is the default")
    _checks.integer("n_folds", n_folds, 2, "5 is the default")
    n_jobs = None if n_jobs == -1 else n_jobs
    if n_jobs is not None:
        _checks.integer("n_jobs", n_jobs, 1, "None or -1 takes all cores")
    _checks.real("rope", rope, "0.01 is 1 %", low=0, high=1, closed="left")
    seed = _seed(random_state)
    apart = inputs.apart(groups, time, drop)
    X, groups = inputs.take_groups(X, groups)
    X, time = inputs.take_times(X, time)
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
    groups = None if groups is None else groups[prepared.rows]
    time = None if time is None else time[prepared.rows]
    folds = make_folds(
        prepared.y,
        classes=prepared.task == "classification",
        n_folds=n_folds,
        repeats=repeats,
        seed=seed,
        groups=groups,
        duplicates=prepared.groups,
        time=time,
    )
    ties = Ties.of(groups, prepared.groups, time)
    entries, left_out = _candidates(
        prepared, folds, candidates, n_jobs, time is not None
    )
    if against is not None:
        names = [entry.name for entry in entries if entry.name != NETWORK]
        _checks.choice("against", against, names)
    crew = Crew(threads.usable_threads(n_jobs))
    with _bar(progress, _tasks(folds)) as advance:
        measured = _measure(
            prepared, folds, entries, ties, against, seed, crew, advance
        )
    caveats = [*left_out, *_caveats(folds, time is not None)]
    return _assemble(prepared, folds, entries, measured, ties, rope, seed, caveats)


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
    ties: Ties,
    rope: float,
    seed: int,
    caveats: list[str],
) -> Comparison:
    """Judge what was measured and return all of it."""
    task, reference = _task(prepared), measured.reference
    scores, costs = measured.evaluation.scores, measured.costs
    table = _table(entries)
    gains = measure(scores, reference, entries[0].name, folds.test_to_train, task.exact)
    own = scores[scores["seed"] == 0].groupby("candidate")
    rates = None if task.classes is None else own["second"].mean()
    verdict = judge(
        gains,
        NETWORK,
        costs,
        measured.curves,
        metric=task.metric,
        rope=rope,
        n_rows=len(prepared.y),
        notes=(
            *notes(gains, NETWORK, table["kind"], rates, task.metric, rope),
            prepared.task_reason,
        ),
        leaks=prepared.leaks,
    )
    return Comparison(
        verdict=verdict,
        prepared=prepared,
        metric=task.metric,
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
        statistics=statistics_table(gains, list(table.index), rope),
        costs=costs,
        noise=noise_table(gains, scores),
        learning=measured.curves,
        predictions=measured.evaluation.predictions,
        warnings=list(prepared.warnings),
        caveats=caveats,
        reproduce=f"perceptrons.compare(X, y, random_state={seed})",
        source="",
        _entries={entry.name: entry for entry in entries},
        _ties=ties,
    )


def _task(prepared: Prepared) -> Task:
    """Return how predictions are judged."""
    return Task(prepared.classes if prepared.task == "classification" else None)


def _measure(
    prepared: Prepared,
    folds: Folds,
    entries: Sequence[Candidate],
    ties: Ties,
    against: str | None,
    seed: int,
    crew: Crew,
    advance: Callable[[], None],
) -> _Measured:
    """Fit everything, on all folds and on parts of some."""
    data = prepared.X, prepared.y, prepared.transformer
    task = _task(prepared)
    how: dict[str, Any] = {"seed": seed, "crew": crew, "advance": advance}
    evaluation = evaluate(*data, folds.folds, entries, task, ties, seeds=_SEEDS, **how)
    reference = against or _best_linear(evaluation.scores, entries)
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


def _best_linear(scores: pd.DataFrame, entries: Sequence[Candidate]) -> str:
    """Return the candidate with the best mean that is linear in its coefficients."""
    means = fold_values(scores).mean()
    linear = [entry.name for entry in entries if entry.kind in LINEAR]
    return str(means[linear].idxmin())


def _table(entries: Sequence[Candidate]) -> pd.DataFrame:
    """Return kind and description of the candidates."""
    rows = {entry.name: (entry.kind, entry.description) for entry in entries}
    table = pd.DataFrame.from_dict(
        rows, orient="index", columns=["kind", "description"]
    )
    return table.rename_axis("candidate")


def _caveats(folds: Folds, along_time: bool) -> list[str]:
    """Say what the statistics cannot vouch for."""
    found = []
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
