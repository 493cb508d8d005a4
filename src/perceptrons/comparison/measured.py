"""Everything fitted: on all folds, and on parts of some."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from perceptrons import threads
from perceptrons.comparison.candidate import LINEAR, NETWORK, Candidate
from perceptrons.comparison.evaluate import Evaluation, evaluate
from perceptrons.comparison.learning import learning_curves, with_whole
from perceptrons.comparison.plan import Plan
from perceptrons.work import Crew


@dataclass(frozen=True)
class Measured:
    """All scores, the learning curves, and what gains are measured against.

    Parameters
    ----------
    evaluation : Evaluation
    curves : DataFrame
        Of reference and network.
    reference : str
    """

    evaluation: Evaluation
    curves: pd.DataFrame
    reference: str

    @property
    def costs(self) -> pd.DataFrame:
        """Costs by candidate, and how many times the training of the reference."""
        costs = self.evaluation.costs
        seconds = costs["seconds"].astype(float)
        return costs.assign(times=seconds / seconds[self.reference])


def carry_out(plan: Plan, advance: Callable[[], object]) -> Measured:
    """Fit all candidates on all folds, and two on parts of some.

    Parameters
    ----------
    plan : Plan
    advance : callable
        Called after each fold and each part.

    Returns
    -------
    Measured
    """
    crew = Crew(threads.usable_threads(plan.options.jobs))
    contest, folds = plan.contest, plan.folds
    evaluation = evaluate(contest, folds.folds, crew, advance)
    reference = plan.options.against or _best_linear(evaluation, contest.candidates)
    pair = [entry for entry in contest.candidates if entry.name in (reference, NETWORK)]
    two = replace(contest, candidates=pair)
    parts = learning_curves(two, folds.first, crew, advance)
    curves = with_whole(parts, evaluation.scores, [entry.name for entry in pair])
    return Measured(evaluation, curves, reference)


def _best_linear(evaluation: Evaluation, entries: Sequence[Candidate]) -> str:
    """Return the candidate with the best mean that is linear in its coefficients."""
    means = evaluation.pooled["value"].groupby("candidate").mean()
    linear = [entry.name for entry in entries if entry.kind in LINEAR]
    return str(means[linear].idxmin())
