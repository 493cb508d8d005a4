"""A claim as a comparison of two picks among the runs: the grammar of all sections.

A row reads: the number of these runs is lower than (or like) that of those, for each
of some groups, all or most of them::

    contest("Sigmoid: L1 slightly outperforms L2.", "Fig. 17",
            pick("L1", norm="l1"), pick("L2", norm="l2"), among=SIGMOID)

What needs arithmetic of its own stays a function; :func:`.claims.judge` takes
both.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, product
from typing import Any

import pandas as pd

from perceptrons.report import ties
from perceptrons.report.claims import Finding, Row, all_of, sig
from perceptrons.report.measures import WORDS
from perceptrons.report.picks import NAMES, REST, Pick, Where, chosen
from perceptrons.report.study import NoRunsError, Study
from perceptrons.report.tables import MEASURES, shaped

#: Compares two numbers: True, False or, for a tie, None.
Compare = Callable[[float, float], bool | None]


@dataclass(frozen=True)
class Contest:
    """Two picks, how they compare, and over which groups it is asked.

    Parameters
    ----------
    first, other : Pick or sequence of Pick
        Each of the first against each of the others.
    among : mapping or callable
        Where both look.
    each : sequence of str
        Columns; asked in every group of their values.
    by : callable
        How two numbers compare.
    agree : callable
        What the answers of all groups say together.
    measures : sequence of str
        The study's own measure if not given.
    choose : str
        What a pick's run is the lowest in; what the study chooses by if not given.
    """

    first: Pick | Sequence[Pick]
    other: Pick | Sequence[Pick]
    among: Where = field(default_factory=dict)
    each: Sequence[str] = ()
    by: Compare = ties.lower
    agree: Callable[[list[bool | None]], bool | None] = all_of
    measures: Sequence[str] = ()
    choose: str = ""

    def __call__(self, study: Study, rows: pd.DataFrame) -> Finding:
        """Compare, group by group, and say by which numbers."""
        everything = shaped(rows)
        answers: list[bool | None] = []
        lines: list[str] = []
        left_out = 0
        for named, group in _groups(everything, self.among, self.each):
            for first, other, measure in product(
                _many(self.first), _many(self.other), self.measures or [study.metric]
            ):
                try:
                    pair = self._pair(study, everything, group, first, other, measure)
                except NoRunsError as error:
                    answers.append(None)
                    lines.append(f"{named}{error}")
                    continue
                (a, told_a), (b, told_b) = pair
                if a is None or b is None:
                    left_out += 1
                    continue
                answers.append(self.by(a, b))
                lines.append(
                    f"{named}{first.words}{told_a} {sig(a)}, "
                    f"{other.words}{told_b} {sig(b)}, {ties.apart(a, b)}"
                )
        if not lines:
            raise NoRunsError
        if left_out:
            lines.append(f"left out, as one has learned nothing: {left_out}")
        return self.agree(answers), _evidence(self._words(study), answers, lines)

    def _pair(
        self,
        study: Study,
        everything: pd.DataFrame,
        group: pd.DataFrame,
        first: Pick,
        other: Pick,
        measure: str,
    ) -> list[tuple[float | None, str]]:
        """Return the numbers of two picks, each with the name of its run."""
        found: list[tuple[float | None, str]] = []
        for one in (first, other):
            if math.isfinite(one.number):
                found.append((one.number, ""))
                continue
            rows = everything if one.everywhere else group
            keep = (
                ~chosen(rows, first.where) if one is REST else chosen(rows, one.where)
            )
            value, told = one.value(
                study, rows[keep], measure, self.choose or study.chosen_by
            )
            found.append((value, f" ({told})" if told else ""))
        return found

    def _words(self, study: Study) -> str:
        """Say what is compared."""
        if any(
            one.take.startswith("lost") for one in _many(self.first) + _many(self.other)
        ):
            return "networks that have learned nothing"
        names = self.measures or [
            one.measure or study.metric for one in _many(self.first)[:1]
        ]
        known = {**MEASURES, **WORDS}
        return " and ".join(known.get(name, name) for name in names)


def _groups(
    everything: pd.DataFrame, among: Where, each: Sequence[str]
) -> list[tuple[str, pd.DataFrame]]:
    """Return the rows of every group, each with the beginning of its line."""
    cells = everything[chosen(everything, among)]
    if not each:
        return [("", cells)]
    found = []
    for labels, group in cells.groupby(list(each), sort=False):
        words = (
            NAMES.get(str(v), f"{v:g}" if isinstance(v, float) else str(v))
            for v in labels
        )
        found.append((", ".join(words) + ": ", group))
    return found


def _many(picks: Pick | Sequence[Pick]) -> list[Pick]:
    """Return one or several picks as several."""
    return [picks] if isinstance(picks, Pick) else list(picks)


# More comparisons than this are counted, not listed.
_LISTED = 12


def _evidence(words: str, answers: list[bool | None], lines: list[str]) -> str:
    """Put the comparisons together: how many hold, and the numbers of the first."""
    if len(lines) == 1:
        return f"{words}: {lines[0]}"
    head = f"{words}: {counted(answers)}"
    if len(lines) <= _LISTED:
        return "\n".join([head, *lines])
    few = lines[: _LISTED // 2]
    return "\n".join([head, *few, f"and {len(lines) - len(few) - 1} more", lines[-1]])


def counted(answers: Sequence[bool | None]) -> str:
    """Write how often a comparison held."""
    holds, fails = answers.count(True), answers.count(False)
    return f"holds in {holds}, fails in {fails}, ties in {answers.count(None)}"


def contest(
    text: str,
    source: str,
    first: Pick | Sequence[Pick],
    other: Pick | Sequence[Pick],
    *,
    beside: tuple[str, ...] = (),
    **how: Any,
) -> Row:
    """Return a claim; ``how`` are the further parts of a :class:`Contest`."""
    return Row(text, source, Contest(first, other, **how), beside)


@dataclass(frozen=True)
class Trend:
    """Whether a measure only falls (or rises) along a column, in every group."""

    falling: bool
    among: Where = field(default_factory=dict)
    each: Sequence[str] = ()
    along: str = "learning_rate_init"

    def __call__(self, study: Study, rows: pd.DataFrame) -> Finding:
        """Follow the measure, group by group."""
        groups = _groups(shaped(rows), self.among, self.each)
        if not groups:
            raise NoRunsError
        lines = [f"{named}{self._listing(study, group)}" for named, group in groups]
        answers = [self._holds(study, group) for _, group in groups]
        return all_of(answers), f"{study.measure}:\n" + "\n".join(lines)

    def _holds(self, study: Study, rows: pd.DataFrame) -> bool | None:
        """Compare neighbors; where none goes back, both ends."""
        errors = study.errors(rows.sort_values(self.along))
        compare = ties.higher if self.falling else ties.lower
        steps = [compare(a, b) for a, b in pairwise(errors)]
        # One clear step back decides. A tie does not: then the ends do, or tie, too.
        return False if False in steps else compare(errors[0], errors[-1])

    def _listing(self, study: Study, rows: pd.DataFrame) -> str:
        """Write the measure at every value of the column."""
        rows = rows.sort_values(self.along)
        pairs = zip(study.errors(rows), rows[self.along], strict=True)
        return ", ".join(f"{sig(error)} at {value:g}" for error, value in pairs)
