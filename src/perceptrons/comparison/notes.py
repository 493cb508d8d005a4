"""What a comparison shows beside the verdict: a sentence each."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from perceptrons.comparison.gains import Gains
from perceptrons.pages.wording import significant


def notes(
    gains: Gains,
    network: str,
    kinds: pd.Series[str],
    rates: pd.Series[float] | None,
    metric: str,
    rope: float,
) -> Iterator[str]:
    """Say what the numbers of the verdict do not.

    Parameters
    ----------
    gains : Gains
    network : str
    kinds : Series of str
        By candidate.
    rates : Series of float or None
        Mean error rates by candidate; None for regression.
    metric : str
    rope : float
        Gain that matters in practice.
    """
    reference, status = gains.reference, gains.status(network, rope)
    if gains.exact:
        yield (
            f"{reference} makes next to no error: nothing is left to gain. Make sure "
            "that no columns are known only after the target, or were computed from it."
        )
    if status != "undecided" and rates is not None:
        yield from _error_rates(rates[network], rates[reference], gains, status, rope)
    constants = [str(name) for name, kind in kinds.items() if kind == "constant"]
    lines = [gains.mean(str(name)) for name, kind in kinds.items() if kind in _BENT]
    for name in constants[:1]:
        value = gains.mean(name)
        if lines and value <= min(lines) * (1 + rope):
            yield (
                f"The constant does as well as all models linear in their coefficients "
                f"({metric} {significant(value)}): the columns hardly predict the "
                "target by sums."
            )


_BENT = ("linear", "curved")


def _error_rates(
    ours: float, theirs: float, gains: Gains, status: str, rope: float
) -> Iterator[str]:
    """Tell where wrong rows and probabilities disagree about the network."""
    worse = ours - theirs if status == "justified" else theirs - ours
    if worse > max(rope * theirs, 0.0005):
        yield (
            f"The error rate points the other way, {ours:.3f} against {theirs:.3f} for "
            f"{gains.reference}: what decides here is how good the probabilities are."
        )
