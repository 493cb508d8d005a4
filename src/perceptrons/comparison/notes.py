"""What a comparison shows beside the verdict: a sentence each."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from perceptrons.comparison.gains import Gains
from perceptrons.pages.wording import percent, significant


def notes(
    gains: Gains,
    network: str,
    kinds: pd.Series[str],
    rates: pd.Series[float] | None,
    metric: str,
    rope: float,
) -> Iterator[str]:
    """Say which model to take otherwise, and what points the other way.

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
    if status == "undecided":
        simple = kinds[reference] in ("linear", "constant")
        advice = "take the simpler model:" if simple else "keep"
        yield f"Until it is decided, {advice} {reference}."
    elif rates is not None:
        yield from _error_rates(rates[network], rates[reference], gains, status, rope)
    for name, kind in kinds.items():
        if name == reference:
            continue
        value = gains.mean(str(name))
        if kind == "constant" and value <= gains.mean(reference) * (1 + rope):
            yield (
                f"The constant does as well as {reference} ({metric} "
                f"{significant(value)}): the columns hardly predict the target, "
                "linearly."
            )
        if kind == "yardstick":
            ahead = value < gains.mean(network) * (1 - rope)
            if ahead and gains.status(str(name), rope) == "justified":
                gain = gains.posterior(str(name)).mean
                yield (
                    f"Gradient boosting does better than both: {metric} "
                    f"{significant(value)}, gain {percent(gain)} % over {reference}."
                )


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
