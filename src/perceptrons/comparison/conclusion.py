"""What was measured becomes a verdict, with all that stands beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from perceptrons.comparison.candidate import NETWORK, Candidate
from perceptrons.comparison.gains import (
    Gains,
    Pooled,
    measure,
    noise_table,
    statistics_table,
)
from perceptrons.comparison.measured import Measured
from perceptrons.comparison.notes import notes
from perceptrons.comparison.plan import Plan
from perceptrons.comparison.result import Comparison
from perceptrons.comparison.verdict import Question, Verdict, judge


def conclude(plan: Plan, measured: Measured) -> Comparison:
    """Judge what was measured and return all of it.

    Parameters
    ----------
    plan : Plan
    measured : Measured

    Returns
    -------
    Comparison
    """
    prepared, contest, folds = plan.prepared, plan.contest, plan.folds
    entries, rope = contest.candidates, plan.options.rope
    table, gains = _table(entries), _gains(plan, measured)
    evaluation = measured.evaluation
    return Comparison(
        verdict=_verdict(plan, measured, gains, table),
        prepared=prepared,
        metric=contest.task.metric,
        metric_sentence=contest.task.measure.sentence,
        second_metric=contest.task.second_metric,
        split=folds.description,
        n_folds=folds.n_folds,
        repeats=folds.repeats,
        rope=rope,
        seed=contest.seed,
        reference=measured.reference,
        network=NETWORK,
        candidates=table,
        scores=evaluation.scores,
        means=_means(evaluation.second, gains, table),
        statistics=statistics_table(gains, list(table.index), rope),
        costs=measured.costs,
        noise=noise_table(gains, evaluation.scores),
        learning=measured.curves,
        importance=evaluation.importance,
        test_to_train=folds.test_to_train,
        predictions=evaluation.predictions,
        warnings=list(prepared.warnings),
        caveats=plan.caveats,
        reproduce=plan.options.call(contest.seed),
        source="",
        _entries={entry.name: entry for entry in entries},
        _ties=contest.ties,
    )


def _table(entries: Sequence[Candidate]) -> pd.DataFrame:
    """Return kind and description of the candidates."""
    rows = {entry.name: (entry.kind, entry.description) for entry in entries}
    table = pd.DataFrame.from_dict(
        rows, orient="index", columns=["kind", "description"]
    )
    return table.rename_axis("candidate")


def _gains(plan: Plan, measured: Measured) -> Gains:
    """Return the gains over the reference."""
    evaluation, contest, pooled = measured.evaluation, plan.contest, None
    if plan.folds.repeats > 1:
        values = evaluation.pooled["value"].unstack()
        pooled = Pooled(values, evaluation.influences, contest.ties.groups)
    return measure(
        evaluation.scores,
        measured.reference,
        contest.candidates[0].name,
        plan.folds.test_to_train,
        contest.task.exact,
        pooled,
    )


def _means(second: pd.Series[float], gains: Gains, table: pd.DataFrame) -> pd.DataFrame:
    """Return both metrics by candidate."""
    values = {name: gains.mean(name) for name in table.index}
    return pd.DataFrame({"value": values, "second": second})


def _verdict(
    plan: Plan, measured: Measured, gains: Gains, table: pd.DataFrame
) -> Verdict:
    """Return the verdict, with what else the comparison shows."""
    task, options = plan.contest.task, plan.options
    question = Question(
        task.metric, len(plan.prepared.y), options.rope, options.against
    )
    field = table[["kind"]].join(measured.costs)
    verdict = judge(gains, field, measured.curves, question)
    rates = None if task.classes is None else measured.evaluation.second
    over = gains.over(verdict.reference)
    told = notes(over, NETWORK, table["kind"], rates, task.metric, options.rope)
    # Who is missing might have done better than the network.
    missing = plan.left_out if verdict.status != "not justified" else []
    reason = filter(None, [plan.prepared.task_reason])
    return replace(
        verdict,
        notes=(*plan.first_look, *told, *missing, *reason),
        leaks=plan.prepared.leaks,
    )
