"""The verdict: one sentence with its numbers."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from perceptrons.comparison.decision import CERTAIN, Status
from perceptrons.comparison.gains import Gains
from perceptrons.comparison.outlook import Outlook, look_ahead


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
        not open.
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
            return f"; even 100 times the rows might not decide it {chances}"
        return (
            f"; about {self.outlook.rows:,} more rows would likely decide it {chances}"
        )

    def _cost(self) -> str:
        """Say what the network costs."""
        known = self.cost.parameters == self.cost.parameters
        parameters = f"{self.cost.parameters:,.0f} parameters, " if known else ""
        return (
            f"{times(self.cost.times)} the training time ({parameters}"
            f"{_two_digits(self.cost.seconds)} s to train, "
            f"{_two_digits(self.cost.microseconds)} µs per prediction)"
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


def same_digits(a: float, b: float) -> tuple[str, str]:
    """Write two values with three digits, or as many more as tell them apart."""
    for digits in (3, 4, 5):
        texts = significant(a, digits), significant(b, digits)
        if texts[0] != texts[1]:
            break
    return texts


def significant(value: float, digits: int = 3) -> str:
    """Write a value with so many significant digits: 0.430, 2.00, 45,200.

    Parameters
    ----------
    value : float
    digits : int, default=3
    """
    rounded = float(f"{value:.{digits}g}")
    if rounded == 0:
        return "0"
    if not 1e-4 <= abs(rounded) < 1e9:
        return f"{value:.{digits - 1}e}"
    before = 1 + math.floor(math.log10(abs(rounded)))
    return f"{rounded:,.{max(0, digits - before)}f}"


def percent(share: float) -> str:
    """Write a share in percent, 0.012 as "1.2"; below -1,000 % figures say nothing."""
    if share < -10:
        return "below -1,000"
    text = f"{100 * share:,.1f}"
    return text.removeprefix("-") if float(text.replace(",", "")) == 0 else text


def probability(value: float) -> str:
    """Write a probability with two digits, more where it is near 0 or 1."""
    if value < 0.0005 or value > 0.9995:
        return "below 0.001" if value < 0.5 else "above 0.999"
    return f"{value:.3f}" if value < 0.01 or value > 0.99 else f"{value:.2f}"


def times(ratio: float) -> str:
    """Write a ratio of times with two digits."""
    return f"{_two_digits(ratio)} times"


def _two_digits(value: float) -> str:
    """Write a number with two significant digits and without an exponent above 1."""
    return f"{float(f'{value:.2g}'):,g}"
