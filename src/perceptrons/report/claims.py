"""What the report claims, and a verdict on each that our numbers give."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from perceptrons.report.study import NoRunsError, Study
from perceptrons.report.ties import agreement

#: What a test of a claim finds for one seed: the answer (None: a tie, or no numbers)
#: and the numbers it rests on.
Finding = tuple[bool | None, str]

VERDICTS = {True: "confirmed", False: "not confirmed", None: "not decidable"}


@dataclass(frozen=True)
class Claim:
    """A claim of the report with its verdict.

    Parameters
    ----------
    text : str
        The claim in a sentence.
    source : str
        Where the report makes it.
    verdict : {"confirmed", "not confirmed", "not decidable"}
    evidence : str
        The numbers the verdict rests on.
    """

    text: str
    source: str
    verdict: str
    evidence: str


#: Takes a study and its rows of one seed.
Test = Callable[[Study, pd.DataFrame], Finding]


def judge(study: Study, claims: Iterable[tuple[str, str, Test]]) -> list[Claim]:
    """Test claims seed by seed; only what every seed says is decided.

    Parameters
    ----------
    study : Study
    claims : iterable of (text, source, test)
        In a text ``{measure}`` stands for the measure that decides.

    Returns
    -------
    list of Claim
    """
    return [_judge(study, *claim) for claim in claims]


def _judge(study: Study, text: str, source: str, test: Test) -> Claim:
    """Test one claim."""
    findings = [_find(test, study, rows) for _, rows in study.table.groupby("seed")]
    answers = [answer for answer, _ in findings]
    evidence = findings[0][1]
    if len(findings) > 1:
        holds, fails, tied = (answers.count(answer) for answer in (True, False, None))
        evidence = (
            f"Holds for {holds}, fails for {fails}, ties in {tied} of {len(answers)} "
            f"seeds. First seed:\n{evidence}"
        )
    text = text.format(measure=study.measure)
    return Claim(text, source, VERDICTS[agreement(answers)], evidence)


def _find(test: Test, study: Study, rows: pd.DataFrame) -> Finding:
    """Test a claim on one seed; what was not trained decides nothing."""
    try:
        return test(study, rows)
    except NoRunsError as error:
        return None, str(error)


def all_of(answers: list[bool | None]) -> bool | None:
    """Return True if all are, False if one is false, None if a tie or none is there."""
    if False in answers:
        return False
    return None if None in answers or not answers else True


def pick(table: pd.DataFrame, column: str, **where: object) -> float:
    """Return the one value in ``column`` where the settings are these."""
    for name, value in where.items():
        table = table[table[name] == value]
    return float(table[column].item())


def unrest(cost: NDArray[np.float64]) -> float:
    """Return how much a cost jumps: mean abs(ln c_t+1 / c_t) over its second half.

    Infinite without two finite epochs there.
    """
    late = cost[len(cost) // 2 :]
    if len(late) < 2 or not np.all(np.isfinite(late)):
        return math.inf
    return float(np.mean(np.abs(np.diff(np.log(late)))))


def sig(value: float) -> str:
    """Write a number with four significant digits; without one, training diverged."""
    return f"{value:.4g}" if math.isfinite(value) else "diverged"
