"""How many more rows would decide an open question, and which way."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from perceptrons.comparison.decision import edges
from perceptrons.comparison.statistics import Posterior, correlated_t

#: Probability of a decision that the rows are told for, and how far ahead it looks.
LIKELY = 0.8
MOST_TIMES = 100


@dataclass(frozen=True)
class Outlook:
    """What more rows would bring.

    Parameters
    ----------
    rows : int or None
        About how many more rows decide with the probability `LIKELY`; None if
        `MOST_TIMES` times the rows would not.
    justified, not_justified : float
        Probability of either verdict with so many rows.
    """

    rows: int | None
    justified: float
    not_justified: float


def look_ahead(
    posterior: Posterior,
    curves: pd.DataFrame,
    names: tuple[str, str],
    n_rows: int,
    rope: float,
) -> Outlook:
    """Estimate how many more rows would decide whether a network is justified.

    The gain is taken to move with n as a + b / n, as what models lose by estimating
    their parameters does to first order, b from the learning curves and a from the
    comparison itself; the standard error of its estimate falls as 1 / sqrt(n). Where
    the estimate will lie is as uncertain as the gain is now, less what is uncertain
    then, and as b is.

    Parameters
    ----------
    posterior : Posterior
        Of the gain, now; its scale is not 0.
    curves : DataFrame
        From :func:`perceptrons.comparison.learning.with_whole`.
    names : (str, str)
        The network and the reference.
    n_rows : int
        All rows, now.
    rope : float
        Gain that matters in practice.

    Returns
    -------
    Outlook
    """
    slope, doubt = _slope(curves, names)
    df = posterior.df
    chances = 0.0, 0.0
    for times in np.geomspace(1.05, MOST_TIMES, 200):
        ahead = 1 - 1 / times
        low, high = edges(posterior.scale / math.sqrt(times), df, rope)
        estimate = stats.t(
            df,
            posterior.mean - slope * ahead,
            math.hypot(posterior.scale * math.sqrt(ahead), doubt * ahead),
        )
        chances = float(estimate.sf(high)), float(estimate.cdf(low))
        if sum(chances) >= LIKELY:
            return Outlook(max(1, int(float(f"{n_rows * (times - 1):.2g}"))), *chances)
    return Outlook(None, *chances)


def _slope(curves: pd.DataFrame, names: tuple[str, str]) -> tuple[float, float]:
    """Return b / n at the present n, and its standard error.

    The last two points are where a + b / n holds best. The error is that over folds,
    corrected for the rows they share, and how far off all points together are, which
    tells how well the curve has the assumed form.
    """
    table = curves.set_index(["fold", "share", "candidate"])["value"].unstack()
    network, reference = (table[name].unstack() for name in names)
    gains = (reference - network) / reference.mean()
    inverse = 1 / gains.columns.to_numpy(float)
    if inverse.size < 2:
        return 0.0, 0.0
    every, last = (
        np.polyfit(inverse[-count:], gains.to_numpy().T[-count:], 1)[0]
        for count in (inverse.size, 2)
    )
    error = 0.0
    if last.size > 1:
        error = correlated_t(last, 1 / (last.size - 1)).scale
    return float(last.mean()), math.hypot(error, every.mean() - last.mean())
