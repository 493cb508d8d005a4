"""What the studies over learning rates share."""

from __future__ import annotations

from itertools import pairwise

import pandas as pd

from perceptrons.report import ties
from perceptrons.report.claims import Finding, sig
from perceptrons.report.study import Study
from perceptrons.report.tables import OPTIMIZERS


def long_table(table: pd.DataFrame, series: str) -> pd.DataFrame:
    """Return train and test MSE of every network, one number per row.

    Parameters
    ----------
    table : DataFrame
        From :func:`perceptrons.report.tables.frame`.
    series : str
        Column that names the series.

    Returns
    -------
    DataFrame
        ``series, part, learning_rate, seed, value, diverged``.
    """
    networks = table[table["kind"] == "network"]
    parts = [
        pd.DataFrame(
            {
                "series": networks[series].replace(OPTIMIZERS),
                "part": part,
                "learning_rate": networks["learning_rate_init"],
                "seed": networks["seed"],
                "value": networks[f"{part}_mse"],
                "diverged": networks["reason"] == "diverged",
            }
        )
        for part in ("train", "test")
    ]
    return pd.concat(parts, ignore_index=True)


def trend(study: Study, rows: pd.DataFrame, *, falling: bool) -> Finding:
    """Tell whether the study's measure only falls (or rises) with the rate."""
    rows = rows.sort_values("learning_rate_init")
    errors = study.errors(rows)
    steps = [
        ties.lower(b, a) if falling else ties.lower(a, b) for a, b in pairwise(errors)
    ]
    # One clear step back decides. A tie does not: then the ends do, or they tie too.
    ends = (errors[-1], errors[0]) if falling else (errors[0], errors[-1])
    holds = False if False in steps else ties.lower(*ends)
    return holds, f"{study.measure} {listing(study, rows)}"


def listing(study: Study, rows: pd.DataFrame) -> str:
    """Write the study's measure at every learning rate."""
    rows = rows.sort_values("learning_rate_init")
    return ", ".join(
        f"{'diverged' if reason == 'diverged' else sig(error)} at {rate:g}"
        for rate, error, reason in zip(
            rows["learning_rate_init"], rows[study.metric], rows["reason"], strict=True
        )
    )
