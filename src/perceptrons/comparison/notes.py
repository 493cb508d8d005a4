"""What a comparison shows beside the verdict: a sentence each."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from perceptrons.comparison.gains import Gains
from perceptrons.comparison.verdict import percent, significant


def notes(
    gains: Gains, network: str, table: pd.DataFrame, metric: str, rope: float
) -> Iterator[str]:
    """Say which model to take otherwise, and what points the other way.

    Parameters
    ----------
    gains : Gains
    network : str
    table : DataFrame
        By candidate: kind and, for classes, its mean error rate.
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
        yield f"Until it is decided, take the simpler model: {reference}."
    if "error rate" in table and status != "undecided":
        yield from _error_rates(table["error rate"], network, reference, status)
    for name, kind in table["kind"].items():
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
    rates: pd.Series[float], network: str, reference: str, status: str
) -> Iterator[str]:
    """Tell where wrong rows and probabilities disagree about the network."""
    ours, theirs = float(rates[network]), float(rates[reference])
    if ours > theirs if status == "justified" else ours < theirs:
        yield (
            f"The error rate points the other way, {ours:.3f} against {theirs:.3f} for "
            f"{reference}: what decides here is how good the probabilities are."
        )
