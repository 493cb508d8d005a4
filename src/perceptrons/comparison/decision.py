"""The rule: what a posterior of the gain says about a network."""

from __future__ import annotations

from typing import Literal

from scipy import stats

from perceptrons.comparison.statistics import Posterior

Status = Literal["justified", "not justified", "undecided"]

CERTAIN = 0.95


def decide(posterior: Posterior, rope: float) -> Status:
    """Return the status that the posterior of the gain gives.

    Parameters
    ----------
    posterior : Posterior
    rope : float
        Gain that matters in practice.
    """
    if posterior.above(0.0) >= CERTAIN and posterior.mean >= rope:
        return "justified"
    if posterior.above(rope) <= 1 - CERTAIN:
        return "not justified"
    return "undecided"


def edges(scale: float, df: float, rope: float) -> tuple[float, float]:
    """Return the estimates between which a posterior leaves the question open.

    Parameters
    ----------
    scale : float > 0
    df : float
        Of the posterior.
    rope : float

    Returns
    -------
    low, high : float
        At most ``low``: "not justified"; at least ``high``: "justified".
    """
    reach = scale * float(stats.t.ppf(CERTAIN, df))
    return rope - reach, max(rope, reach)
