"""Published numbers beside ours: differences, and whether they say the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import attrgetter

import numpy as np
import pandas as pd

from perceptrons.report.study import Study, dataset
from perceptrons.report.tables import MEASURES, RUNS, headed, over_seeds
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
) -> str:
    """Say whether "beats OLS" has the same answer in the report and here.

    Parameters
    ----------
    published_error, published_ols : float
        As printed.
    ours, ours_ols : iterables of float
        Ours, one per seed.

    Returns
    -------
    str
        "yes: ..." or "no: ..." or "not decidable: ..." with the reason.
    """
    theirs = lower(published_error, published_ols)
    answers = list(map(lower, ours, ours_ols))
    here = agreement(answers)
    if here is None:
        why = "seeds differ" if len(answers) > 1 else "ours ties with OLS"
        return f"not decidable: {why}"
    if theirs is None:
        return "not decidable: the printed value ties with OLS"
    if theirs == here:
        return "yes: both beat OLS" if here else "yes: both lose to OLS"
    return f"no: only {'ours' if here else 'the printed'} beats OLS"


def beside_published(
    study: Study,
    table: pd.DataFrame,
    printed: pd.DataFrame,
    labels: Sequence[str],
    printed_ols: float,
    *,
    same_data: bool = False,
) -> pd.DataFrame:
    """Set published and own errors side by side, row by row of the published table.

    Parameters
    ----------
    study : Study
    table : DataFrame
        Rows of its table, with the columns ``labels``; the rows of kind "ols" are what
        networks are judged by.
    printed : DataFrame
        ``labels``, ``train_mse`` and the deciding measure as published.
    labels : sequence of str
    printed_ols : float
        Error of OLS on the data of the published errors.
    same_data : bool, default=False
        Whether the published errors were measured on the data of seed 0: differences
        are then those of :func:`as_on_seed_0`.

    Returns
    -------
    DataFrame
        One row per published row.
    """
    metric = study.metric
    means = over_seeds(table, labels, metric).set_index(list(labels)).to_dict("index")
    ours = {
        where: cells.set_index("seed")
        for where, cells in table.groupby(list(labels), sort=False)
    }
    ols_rows = table[table["kind"] == "ols"]
    ols = dict(zip(ols_rows["seed"], study.errors(ols_rows), strict=True))
    errors = {
        where: study.errors(cells)
        for where, cells in table.groupby(list(labels), sort=False)
    }
    measures = dict.fromkeys(["train_mse", metric])
    others = [
        "test_mse", "excess", "error_f", "n_parameters", "seconds", "ended", RUNS
    ]  # fmt: skip
    rows = []
    for _, theirs in printed.iterrows():
        where = tuple(theirs[name] for name in labels)
        cells, mean = ours[where], means[where if len(where) > 1 else where[0]]
        is_ols = bool((cells["kind"] == "ols").all())
        conclusion = same_conclusion(
            theirs[metric], printed_ols, errors[where], [ols[s] for s in cells.index]
        )
        row = dict(zip(labels, where, strict=True))
        for name in measures:
            own = as_on_seed_0(cells.reset_index(), name) if same_data else cells[name]
            row |= compared(MEASURES[name], theirs[name], cells[name], own)
        row["spread"] = mean["spread"]
        row["same conclusion?"] = "the yardstick" if is_ols else conclusion
        row |= {name: mean[name] for name in others if name not in measures}
        rows.append(row)
    return headed(pd.DataFrame(rows))


def compared(
    word: str,
    theirs: float,
    ours: pd.Series[float],
    alike: pd.Series[float],
) -> dict[str, float]:
    """Return a published error and the mean of ours under their headings.

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
        f"{word} ours": float(ours.mean(skipna=False)),
        f"{word} difference": float(alike.mean(skipna=False)) - theirs,
    }
