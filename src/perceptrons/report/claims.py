"""What the report claims, and a verdict on each that our numbers give."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from perceptrons.report.study import NoRunsError, Study, joined
from perceptrons.report.ties import Error, agreement

#: What a test of a claim finds for one seed: the answer (None: a tie, or no numbers)
#: and the numbers it rests on.
Finding = tuple[bool | None, str]

#: Takes a study and its rows of one seed.
Test = Callable[[Study, pd.DataFrame], Finding]

#: What several seeds say together, and what one says of itself.
VERDICTS = {True: "confirmed", False: "not confirmed", None: "not decidable"}
HERE = {True: "holds here", False: "fails here", None: "not decidable"}

#: The verdict on what only the report's own program could show.
UNTESTABLE = "not testable here"


@dataclass(frozen=True)
class Row:
    """A claim and how it is tested.

    Parameters
    ----------
    text : str
        The claim in a sentence; ``{measure}`` stands for the measure that decides.
    source : str
        Where the report makes it.
    test : callable or str
        (study, rows of one seed) -> Finding; a sentence that says why it cannot be
        tested here.
    beside : tuple of str, default=()
        Names of other studies whose rows of the same seed it needs, too.
    must : bool, default=False
        Whether a verdict against it is a fault of this library: the report fails.
    """

    text: str
    source: str
    test: Test | str
    beside: tuple[str, ...] = ()
    must: bool = False


@dataclass(frozen=True)
class Claim:
    """A claim of the report with its verdict.

    Parameters
    ----------
    text : str
        The claim in a sentence.
    source : str
        Where the report makes it.
    verdict : str
        One of ``VERDICTS``, of one seed of ``HERE``, or ``UNTESTABLE``.
    evidence : str
        The numbers the verdict rests on.
    holds, fails, ties : int
        In how many seeds.
    """

    text: str
    source: str
    verdict: str
    evidence: str
    holds: int = 0
    fails: int = 0
    ties: int = 0

    @property
    def seeds(self) -> str:
        """In how many seeds it holds, in words; nothing of one seed or none."""
        total = self.holds + self.fails + self.ties
        if total < 2:
            return ""
        tied = f", {self.ties} tied" if self.ties else ""
        return f"holds in {self.holds} of {total} seeds{tied}"


def judge(
    study: Study, rows: Iterable[Row], others: Mapping[str, Study] | None = None
) -> list[Claim]:
    """Test claims seed by seed; only what enough seeds say is decided.

    Parameters
    ----------
    study : Study
    rows : iterable of Row
    others : mapping of name to Study, optional
        All studies of this report.

    Returns
    -------
    list of Claim
    """
    return [_judge(study, row, others or {}) for row in rows]


def _judge(study: Study, row: Row, others: Mapping[str, Study]) -> Claim:
    """Test one claim."""
    text = row.text.format(measure=study.measure)
    if isinstance(row.test, str):
        return Claim(text, row.source, UNTESTABLE, row.test)
    if lacking := [name for name in row.beside if name not in others]:
        missing = f"needs the study {lacking[0]}: perceptrons report"
        return Claim(text, row.source, VERDICTS[None], missing)
    whole = joined(study, [others[name] for name in row.beside])
    # A seed that another study lacks would compare something with nothing.
    seeds = [s for s in study.seeds if all(s in others[n].seeds for n in row.beside)]
    table = whole.table
    found = [_find(row.test, whole, table[table["seed"] == seed]) for seed in seeds]
    if not found:
        return Claim(text, row.source, VERDICTS[None], "no seed in common")
    answers = [answer for answer, _ in found]
    first = f"Seed {seeds[0]}: " if len(found) > 1 else ""
    return Claim(
        text,
        row.source,
        (VERDICTS if len(found) > 1 else HERE)[agreement(answers)],
        first + found[0][1],
        *(answers.count(answer) for answer in (True, False, None)),
    )


def _find(test: Test, study: Study, rows: pd.DataFrame) -> Finding:
    """Test a claim on one seed; what was not trained decides nothing."""
    try:
        return test(study, rows)
    except NoRunsError as error:
        return None, str(error)


def failed(rows: Iterable[Row], claims: Iterable[Claim]) -> list[str]:
    """Return what must hold and does not, a sentence each.

    Parameters
    ----------
    rows : iterable of Row
    claims : iterable of Claim
        Their verdicts, in the same order.
    """
    against = (VERDICTS[False], HERE[False])
    return [
        f"{claim.text} {claim.evidence}"
        for row, claim in zip(rows, claims, strict=True)
        if row.must and claim.verdict in against
    ]


def all_of(answers: list[bool | None]) -> bool | None:
    """Return True if all are, False if one is false, None if a tie or none is there."""
    if False in answers:
        return False
    return None if None in answers or not answers else True


def mostly(answers: list[bool | None]) -> bool | None:
    """Return what more than half of the comparisons say; None if none does."""
    for answer in (True, False):
        if answers.count(answer) > len(answers) / 2:
            return answer
    return None


def together(
    *tests: Test, agree: Callable[[list[bool | None]], bool | None] = all_of
) -> Test:
    """Ask several tests at once."""

    def ask(study: Study, rows: pd.DataFrame) -> Finding:
        found = [test(study, rows) for test in tests]
        return agree([answer for answer, _ in found]), "\n".join(t for _, t in found)

    return ask


def with_evidence(test: Test, words: str, other: Test) -> Test:
    """Let one test decide, and tell what another reading of the claim finds."""

    def ask(study: Study, rows: pd.DataFrame) -> Finding:
        answer, text = test(study, rows)
        found, numbers = _find(other, study, rows)
        word = {True: "holds", False: "fails", None: "open"}[found]
        return answer, f"{text}\n{words}: {word}; {numbers}"

    return ask


def pick_one(table: pd.DataFrame, column: str, **where: object) -> float:
    """Return the one value in ``column`` where the settings are these."""
    for name, value in where.items():
        table = table[table[name] == value]
    return float(table[column].item())


def sig(value: float) -> str:
    """Write a number with four significant digits, a classifier's as its accuracy.

    Without a number, training diverged.
    """
    if not math.isfinite(value):
        return "diverged"
    if isinstance(value, Error) and value.count and value.share == float(value):
        return f"{100 * (1 - value):.2f} %"
    return f"{value:.4g}"
