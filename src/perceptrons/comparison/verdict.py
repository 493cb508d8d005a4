"""The verdict: one sentence with its numbers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from perceptrons.comparison.decision import CERTAIN, Status
from perceptrons.comparison.gains import Gains
from perceptrons.comparison.outlook import MOST_TIMES, Outlook, look_ahead
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
        The network, and the model it is compared with.
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
    notes : tuple of str
        What else the comparison shows, a sentence each.
    leaks : tuple of str
        Columns that predict the target almost alone, or add up to it.
    """

    status: Status
    candidate: str
    reference: str
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
    notes: tuple[str, ...] = ()
    leaks: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return the sentence."""
        opening = {
            "justified": "a network is justified",
            "not justified": "a network is not justified",
            "undecided": "it is undecided whether a network is justified",
        }[self.status]
        if self.leaks:
            leak = "leak" if len(self.leaks) > 1 else "leaks"
            listed = " or ".join(map(repr, self.leaks))
            opening = f"unless {listed} {leak} the target, {opening}"
        ours, theirs = same_digits(self.value, self.reference_value)
        chance = {
            "justified": f"probability of a gain {probability(self.p_gain)}",
            "not justified": "probability of a practical gain "
            f"{probability(self.p_practical)}"
            # Sure gains do not count where the reference makes next to no error.
            if self.p_practical <= 1 - CERTAIN
            else "but next to no error is left to lower",
            "undecided": f"probability of a gain {probability(self.p_gain)}, of a "
            f"practical gain {probability(self.p_practical)}",
        }[self.status]
        return (
            f"{opening[0].upper()}{opening[1:]}: {self.metric} {ours} against {theirs} "
            f"for {self.reference}, gain {percent(self.gain)} % (95 % interval "
            f"{percent(self.low)} to {percent(self.high)} %), {chance}{self._rows()}; "
            f"it costs {self._cost()}."
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

    def _cost(self) -> str:
        """Say what the network costs."""
        known = self.cost.parameters == self.cost.parameters
        parameters = f"{self.cost.parameters:,.0f} parameters, " if known else ""
        return (
            f"{times(self.cost.times)} the training time ({parameters}"
            f"{two_digits(self.cost.seconds)} s to train, "
            f"{two_digits(self.cost.microseconds)} µs per prediction)"
        )


def judge(
    gains: Gains,
    network: str,
    costs: pd.DataFrame,
    curves: pd.DataFrame,
    *,
    metric: str,
    rope: float,
    n_rows: int,
    notes: tuple[str, ...] = (),
    leaks: tuple[str, ...] = (),
) -> Verdict:
    """Return the verdict on the network.

    Parameters
    ----------
    gains : Gains
    network : str
    costs : DataFrame
        By candidate: parameters, seconds, microseconds, times.
    curves : DataFrame
        Learning curves of network and reference.
    metric : str
    rope : float
    n_rows : int
    notes : tuple of str, default=()
        What else the comparison shows, a sentence each.
    leaks : tuple of str, default=()
        Columns that predict the target almost alone, or add up to it.
    """
    posterior = gains.posterior(network)
    low, high = gains.interval(network)
    status = gains.status(network, rope)
    outlook = None
    if status == "undecided" and posterior.scale > 0:
        pair = network, gains.reference
        outlook = look_ahead(posterior, curves, pair, n_rows, rope)
    return Verdict(
        status=status,
        candidate=network,
        reference=gains.reference,
        metric=metric,
        value=gains.mean(network),
        reference_value=gains.mean(gains.reference),
        gain=posterior.mean,
        low=low,
        high=high,
        p_gain=posterior.above(0.0),
        p_practical=posterior.above(rope),
        rope=rope,
        outlook=outlook,
        cost=Cost(**{str(name): float(costs[name][network]) for name in costs}),
        notes=notes,
        leaks=leaks,
    )
