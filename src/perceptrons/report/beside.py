"""Published numbers beside ours: differences, and whether they say the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any

import numpy as np
import pandas as pd

from perceptrons.report.answers import Answer, same
from perceptrons.report.picks import of
from perceptrons.report.study import Study, dataset
from perceptrons.report.tables import MEASURES, RUNS, headed, middle, over_seeds
from perceptrons.report.ties import agreement, lower


def as_on_seed_0(cells: pd.DataFrame, name: str) -> pd.Series[float]:
    """Return errors as if their data had the realized noise of seed 0.

    The report's later sections print errors on the data of seed 0. The noise of other
    seeds is up to 15 % higher or lower, and so is every error on them.

    Parameters
    ----------
    cells : DataFrame
        Rows of :func:`frame`.
    name : str
        Column of errors.

    Returns
    -------
    Series
        MSE minus the noise of its own data plus that of seed 0; other measures, which
        leave out the noise, as they are.
    """
    errors: pd.Series[float] = cells[name].astype(float)
    if name in _NOISE:
        pairs = zip(cells["dataset"], cells["seed"], strict=True)
        noise = attrgetter(_NOISE[name])
        more = [noise(dataset(d, int(s))) - noise(dataset(d, 0)) for d, s in pairs]
        errors = errors - np.array(more, float)
    return errors


# What is in an error, by its name.
_NOISE = {"train_mse": "noise_train", "test_mse": "noise_test"}


def same_conclusion(
    published_error: float,
    published_ols: float,
    ours: Iterable[float],
    ours_ols: Iterable[float],
) -> Answer:
    """Say whether "beats OLS" has the same answer in the report and here.

    Parameters
    ----------
    published_error, published_ols : float
        As printed.
    ours, ours_ols : iterables of float
        Ours, one per seed.
    """
    here = agreement(map(lower, ours, ours_ols))
    return same(lower(published_error, published_ols), here, "below OLS")


def beside_published(
    study: Study,
    printed: pd.DataFrame,
    labels: Sequence[str],
    printed_ols: float,
) -> pd.DataFrame:
    """Set published and own errors side by side, row by row of the published table.

    Parameters
    ----------
    study : Study
        Its table has the columns ``labels``; the rows of kind "ols" are what networks
        are judged by.
    printed : DataFrame
        ``labels``, ``train_mse`` and the deciding measure as published.
    labels : sequence of str
    printed_ols : float
        Error of OLS on the data of the published errors.

    Returns
    -------
    DataFrame
        One row per published row.
    """
    table, metric = study.table, study.metric
    middles = over_seeds(table, labels, metric)
    ols_rows = of(table, kind="ols")
    ols = dict(zip(ols_rows["seed"], study.errors(ols_rows), strict=True))
    shown = [
        "test_mse", "excess", "error_f", "n_parameters", "seconds", "ended", RUNS
    ]  # fmt: skip
    rows = []
    for theirs in printed.to_dict("records"):
        where = {name: theirs[name] for name in labels}
        cells = of(table, **where)
        (mean,) = of(middles, **where).to_dict("records")
        row: dict[str, Any] = dict(where)
        for name in dict.fromkeys(["train_mse", metric]):
            row |= compared(MEASURES[name], theirs[name], cells[name], cells[name])
        row["spread"] = mean["spread"]
        row["same conclusion?"] = (
            "the yardstick"
            if cells["kind"].eq("ols").all()
            else same_conclusion(
                theirs[metric], printed_ols, study.errors(cells),
                [ols[seed] for seed in cells["seed"]],
            )
        )  # fmt: skip
        row |= {name: mean[name] for name in shown if name != metric}
        rows.append(row)
    return headed(pd.DataFrame(rows))


def compared(
    word: str,
    theirs: float,
    ours: pd.Series[float],
    alike: pd.Series[float],
) -> dict[str, float]:
    """Return a published error and the median of ours under their headings.

    Parameters
    ----------
    word : str
        The measure, as in ``MEASURES``.
    theirs : float
        As published, NaN if it is not.
    ours : Series
        One per seed.
    alike : Series
        Ours as they compare with the published one.
    """
    word = word.removesuffix(" MSE")
    return {
        f"{word} published": theirs,
        f"{word} ours": middle(ours),
        f"{word} difference": middle(alike) - theirs,
    }
