"""How many more rows would decide an open question, and which way."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from perceptrons.comparison.decision import edges
from perceptrons.comparison.statistics import Posterior

#: Chance of a decision that the rows are told for.
LIKELY = 0.8

_MOST_TIMES = 100.0


@dataclass(frozen=True)
class Outlook:
    """What more rows would bring.

    Parameters
    ----------
    rows : int or None
        About how many more rows decide with a probability of 0.8; None if 100 times
        the rows would not.
    justified, not_justified : float
        Probability of either verdict with so many more rows, or with 100 times them.
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
    for times in np.geomspace(1.05, _MOST_TIMES, 200):
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
    """Return b / n at the present n, and its standard error over folds.

    Points of more rows count more, for the next term is of the order of 1 / n^2.
    """
    table = curves.set_index(["fold", "share", "candidate"])["value"].unstack()
    network, reference = (table[name].unstack() for name in names)
    gains = ((reference - network) / reference.mean()).dropna()
    shares = gains.columns.to_numpy(float)
    if shares.size < 2 or not len(gains):
        return 0.0, 0.0
    slopes = np.polyfit(1 / shares, gains.to_numpy().T, 1, w=shares)[0]
    error = slopes.std(ddof=1) / math.sqrt(len(slopes)) if len(slopes) > 1 else 0.0
    return float(slopes.mean()), float(error)
