"""The answer in steps: is anything better than what is simpler, and what to take."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from perceptrons.comparison.candidate import LINEAR, RANKS
from perceptrons.comparison.decision import Status
from perceptrons.comparison.gains import Gains
from perceptrons.pages.wording import percent, probability

Reply = Literal["yes", "no", "open"]
_REPLIES: dict[Status, Reply] = {
    "justified": "yes",
    "not justified": "no",
    "undecided": "open",
}


@dataclass(frozen=True)
class Step:
    """One question, with the numbers of its answer.

    Parameters
    ----------
    question : str
    candidate, against : str
        Who gains, and over whom.
    gain, low, high : float
        Relative drop of the metric and its 95 % interval.
    p_gain, p_practical : float
        Probability that the gain is above 0, and above what matters.
    answer : {"yes", "no", "open"}
        By the rule of the verdict.
    """

    question: str
    candidate: str
    against: str
    gain: float
    low: float
    high: float
    p_gain: float
    p_practical: float
    answer: Reply

    def __str__(self) -> str:
        """Return question and answer in words."""
        return (
            f"{self.question} {self.answer.capitalize()}: {self.candidate} gains "
            f"{percent(self.gain)} % over {self.against} (95 % interval "
            f"{percent(self.low)} to {percent(self.high)} %; the probability that "
            f"there is a gain is {probability(self.p_gain)})."
        )


@dataclass(frozen=True)
class Answer:
    """What the comparison says of the network, and what to take.

    Parameters
    ----------
    status : {"justified", "not justified", "undecided"}
    gains : Gains
        Over the model that decided: of the cheaper ones the one that the network does
        not beat, or the hardest to beat.
    best : str
        The cheaper model with the best mean.
    recommended : str
    """

    status: Status
    gains: Gains
    best: str
    recommended: str


def answer(
    gains: Gains,
    network: str,
    kinds: pd.Series[str],
    seconds: pd.Series[float],
    rope: float,
    against: str | None = None,
) -> Answer:
    """Judge the network against every cheaper model.

    It is justified if it is so over each of them: each test errs in 5 % of cases where
    there is no gain, and so does the whole, since all must err (the intersection-union
    test of Berger 1982). It is not justified if it is not over one of them.

    Parameters
    ----------
    gains : Gains
        Over any reference.
    network : str
    kinds : Series of str
        By candidate.
    seconds : Series of float
        Of training, by candidate: the user's own count if they take fewer.
    rope : float
        Gain that matters in practice.
    against : str or None, default=None
        The status is that over this model alone.
    """
    others = [
        name
        for name, kind in zip(map(str, kinds.index), kinds, strict=True)
        if name != network and (kind != "user" or seconds[name] < seconds[network])
    ]
    over = {name: gains.over(name) for name in others}
    found = {name: own.status(network, rope) for name, own in over.items()}
    best = min(others, key=gains.mean)
    bar = gains.mean(best) * (1 + rope)
    simple = [name for name in others if gains.mean(name) <= bar]
    simplest = min(simple, key=lambda name: (RANKS[kinds[name]], gains.mean(name)))
    overall: Status = "undecided"
    if set(found.values()) == {"justified"}:
        overall = "justified"
    elif "not justified" in found.values():
        overall = "not justified"
    recommended = network if overall == "justified" else simplest
    if against is not None:
        own = gains.over(against)
        return Answer(own.status(network, rope), own, best, recommended)
    deciding = [name for name in others if found[name] == overall]
    rival = min(deciding, key=lambda name: over[name].posterior(network).above(rope))
    if simplest in deciding:
        rival = best if overall == "justified" else simplest
    return Answer(overall, over[rival], best, recommended)


def steps(
    gains: Gains, network: str, kinds: pd.Series[str], rope: float
) -> Iterator[Step]:
    """Yield the questions, from the simplest models on.

    Who is asked for is the best of its kind on the same folds, which flatters it a
    little where many compete.

    Parameters
    ----------
    gains, network, kinds, rope : as in :func:`answer`
    """

    def best(*of: str) -> str | None:
        names = [str(name) for name, kind in kinds.items() if kind in of]
        return min(names, key=gains.mean) if names else None

    every = ("linear", "curved", "network", "yardstick", "user")
    asked = (
        ("Is anything better than a constant?", best(*every), best("constant")),
        ("Is anything better than straight lines?", best(*every[1:]), best("linear")),
        (
            "Does the network beat the best model that is linear in its coefficients?",
            network,
            best(*LINEAR),
        ),
        ("Does it beat boosting?", network, best("yardstick")),
    )
    for question, candidate, against in asked:
        if candidate is None or against is None:
            continue
        over = gains.over(against)
        posterior = over.posterior(candidate)
        low, high = over.interval(candidate)
        yield Step(
            question,
            candidate,
            against,
            posterior.mean,
            low,
            high,
            posterior.above(0.0),
            posterior.above(rope),
            _REPLIES[over.status(candidate, rope)],
        )
