"""The verdict: one sentence with its numbers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from perceptrons.comparison.candidate import NETWORK
from perceptrons.comparison.decision import CERTAIN, Status
from perceptrons.comparison.gains import Gains
from perceptrons.comparison.outlook import MOST_TIMES, Outlook, look_ahead
from perceptrons.comparison.steps import Answer, Step, answer, steps
from perceptrons.pages.wording import (
    percent,
    probability,
    same_digits,
    times,
    two_digits,
)


@dataclass(frozen=True)
class Cost:
    """What a model costs.

    Parameters
    ----------
    parameters : float
        NaN if unknown.
    seconds : float
        To train once on a fold.
    microseconds : float
        To predict one row of many.
    times : float
        Seconds over those of the reference.
    """

    parameters: float
    seconds: float
    microseconds: float
    times: float


@dataclass(frozen=True)
class Verdict:
    """Whether a network is justified, and by which numbers.

    Parameters
    ----------
    status : {"justified", "not justified", "undecided"}
    candidate, reference : str
        The network, and the model that decides: of the cheaper ones the one that it
        does not beat, or the hardest to beat.
    recommended : str
        What to take.
    metric : str
    value, reference_value : float
        Mean metric over the folds.
    gain, low, high : float
        Relative drop of the metric and its 95 % interval; 0.05 is 5 %.
    p_gain, p_practical : float
        Probability that the gain is above 0, and above ``rope``.
    rope : float
        Gain that matters in practice.
    outlook : Outlook or None
        How many more rows would decide an open question, and which way; None if it is
        not open, or if all folds agree to the last digit.
    cost : Cost
        Of the network.
    other_cost : Cost
        Of the recommended model.
    best : str
        The cheaper model with the best mean.
    behind : float
        How far the recommended model's metric is behind that of the best of all, as a
        share.
    against : bool, default=False
        Whether the user named the reference.
    steps : tuple of Step
        From the simplest models on.
    notes : tuple of str
        What else the comparison shows, a sentence each.
    leaks : tuple of str
        Columns that predict the target almost alone, or add up to it.
    """

    status: Status
    candidate: str
    reference: str
    recommended: str
    metric: str
    value: float
    reference_value: float
    gain: float
    low: float
    high: float
    p_gain: float
    p_practical: float
    rope: float
    outlook: Outlook | None
    cost: Cost
    other_cost: Cost
    best: str
    behind: float
    against: bool = False
    steps: tuple[Step, ...] = ()
    notes: tuple[str, ...] = ()
    leaks: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return the sentence."""
        return f"{self.headline}: {self.numbers}."

    @property
    def numbers(self) -> str:
        """By which numbers it is so: the second half of the sentence."""
        ours, theirs = same_digits(self.value, self.reference_value)
        return (
            f"{self.metric} {ours} against {theirs} for "
            f"{self.reference}{self._role()}, gain {percent(self.gain)} % (95 % "
            f"interval {percent(self.low)} to {percent(self.high)} %{self._sides()}), "
            f"{self._chance()}{self._rows()}; {self._costs()}"
        )

    @property
    def headline(self) -> str:
        """What is so, and what to take: the first half of the sentence."""
        opening = {
            "justified": "a network is justified",
            "not justified": "a network is not justified",
            "undecided": "it is undecided whether a network is justified",
        }[self.status]
        if self.against:
            opening = f"over {self.reference}, {opening}; of all, take "
            opening += self._taken()
        elif self.status == "not justified":
            opening += f", take {self._taken()}"
        elif self.status == "undecided":
            opening += f", until then take {self._taken()}"
        if self.leaks:
            leak = "leak" if len(self.leaks) > 1 else "leaks"
            listed = " or ".join(map(repr, self.leaks))
            opening = f"unless {listed} {leak} the target, {opening}"
        return opening[0].upper() + opening[1:]

    def _taken(self) -> str:
        """Name the recommended model."""
        if self.recommended == self.candidate:
            return "the network"
        return self.recommended

    def _role(self) -> str:
        """Say who the reference is among the cheaper models."""
        if self.against or self.reference == self.recommended:
            return ""
        if self.reference == self.best:
            return ", the best of the cheaper models"
        return ", which is cheaper"

    def _sides(self) -> str:
        """Say why a network is justified though the interval reaches below zero."""
        if self.status != "justified" or self.low > 0:
            return ""
        return (
            ", which leaves 2.5 % on either side, and so reaches below zero; the rule "
            "leaves 5 % on one"
        )

    def _chance(self) -> str:
        """Tell the probabilities that the rule looks at, and what they are of."""
        gain = f"the probability that there is a gain is {probability(self.p_gain)}"
        practical = f"more than {100 * self.rope:g} %"
        if self.status == "justified":
            return gain
        if self.status == "undecided":
            return f"{gain}, that it is {practical} {probability(self.p_practical)}"
        if self.p_practical > 1 - CERTAIN:
            # Sure gains do not count where the reference makes next to no error.
            return "but next to no error is left to lower"
        return (
            f"the probability that it is {practical} is {probability(self.p_practical)}"
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the numbers and the sentence."""
        return {**asdict(self), "sentence": str(self)}

    def _rows(self) -> str:
        """Say how many more rows would decide, and which way."""
        if self.outlook is None:
            return ""
        chances = (
            f"(justified {probability(self.outlook.justified)}, not justified "
            f"{probability(self.outlook.not_justified)})"
        )
        if self.outlook.rows is None:
            return f"; even {MOST_TIMES} times the rows might not decide it {chances}"
        return (
            f"; about {self.outlook.rows:,} more rows would likely decide it {chances}"
        )

    def _costs(self) -> str:
        """Say what the network costs, and what instead."""
        network = (
            f"it costs {times(self.cost.times)} training time ({_price(self.cost)}"
            f", {two_digits(self.cost.microseconds)} µs per prediction)"
        )
        if self.recommended == self.candidate:
            return network
        close = ""
        if self.recommended != self.best and self.behind < self.rope:
            close = f", within {percent(max(self.behind, 0.001))} % of {self.best}"
        return f"{network}, {self.recommended} {_price(self.other_cost)}{close}"


def _price(cost: Cost) -> str:
    """Write the parameters, if known, and the seconds to train."""
    known = cost.parameters == cost.parameters
    parameters = f"{cost.parameters:,.0f} parameters, " if known else ""
    return f"{parameters}{two_digits(cost.seconds)} s to train"


@dataclass(frozen=True)
class Question:
    """What is asked of a comparison.

    Parameters
    ----------
    metric : str
        That decides.
    n_rows : int
    rope : float
        Gain that matters in practice.
    against : str or None, default=None
        The model that alone decides, if the user named one.
    """

    metric: str
    n_rows: int
    rope: float
    against: str | None = None


def judge(
    gains: Gains, field: pd.DataFrame, curves: pd.DataFrame, question: Question
) -> Verdict:
    """Return the verdict on the network.

    Parameters
    ----------
    gains : Gains
        Over the best model that is linear in its coefficients, or over the one that
        alone decides.
    field : DataFrame
        By candidate: kind, parameters, seconds, microseconds.
    curves : DataFrame
        Learning curves of network and reference.
    question : Question

    Returns
    -------
    Verdict
    """
    rope, kinds = question.rope, field["kind"]
    found = answer(gains, NETWORK, kinds, field["seconds"], rope, question.against)
    over = found.gains
    posterior = over.posterior(NETWORK)
    low, high = over.interval(NETWORK)
    own, other = (
        _cost(field, name, over.reference) for name in (NETWORK, found.recommended)
    )
    least = gains.mean(found.best)
    return Verdict(
        status=found.status,
        candidate=NETWORK,
        reference=over.reference,
        recommended=found.recommended,
        metric=question.metric,
        value=gains.mean(NETWORK),
        reference_value=gains.mean(over.reference),
        gain=posterior.mean,
        low=low,
        high=high,
        p_gain=posterior.above(0.0),
        p_practical=posterior.above(rope),
        rope=rope,
        outlook=_outlook(found, gains.reference, curves, question),
        cost=own,
        other_cost=other,
        best=found.best,
        behind=gains.mean(found.recommended) / (least or 1.0) - 1,
        against=question.against is not None,
        steps=tuple(steps(gains, NETWORK, kinds, rope)),
    )


def _cost(field: pd.DataFrame, name: str, reference: str) -> Cost:
    """Return what a model costs, and in units of the reference."""
    known = ("parameters", "seconds", "microseconds")
    parameters, seconds, microseconds = (float(field[of][name]) for of in known)
    times = seconds / float(field["seconds"][reference])
    return Cost(parameters, seconds, microseconds, times)


def _outlook(
    found: Answer, reference: str, curves: pd.DataFrame, question: Question
) -> Outlook | None:
    """Say how many more rows would decide an open question."""
    posterior = found.gains.posterior(NETWORK)
    if found.status != "undecided" or not posterior.scale > 0:
        return None
    # A curve of the rival's, or else of the reference's.
    rival = found.gains.reference
    pair = NETWORK, rival if rival in set(curves["candidate"]) else reference
    return look_ahead(posterior, curves, pair, question.n_rows, question.rope)
