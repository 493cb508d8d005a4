"""What simulations found of the intervals, where they are narrower than they say."""

from __future__ import annotations

from importlib import resources

import pandas as pd

#: What the intervals should hold, and how far below is told.
NOMINAL, NOTABLE = 0.95, 0.02


def results() -> pd.DataFrame:
    """Return the counts that benchmarks/comparison_statistics.py last wrote.

    Returns
    -------
    DataFrame
        A row per scenario: part, n, repeats, folds, sets, counts of verdicts, covered
        (intervals that hold the true gain), gain (the true one, a share).
    """
    with (resources.files(__package__) / "simulations.csv").open() as stream:
        return pd.read_csv(stream)


def narrow_intervals(table: pd.DataFrame) -> str:
    """Say where intervals hold the truth less often than told; empty if nowhere.

    Parameters
    ----------
    table : DataFrame
        From :func:`results`.
    """
    whole = table[table["part"] == "whole"]
    low = whole[whole["covered"] / whole["sets"] < NOMINAL - NOTABLE]
    if low.empty:
        return ""
    cases = "; ".join(
        f"{100 * row['covered'] / row['sets']:.0f} % of {row['sets']} data sets with a "
        f"true gain of {100 * row['gain']:.1f} % (n = {row['n']:,}, {row['repeats']} x "
        f"{row['folds']} folds)"
        for row in low.to_dict("records")
    )
    return (
        "The 95 % interval may be too narrow: in simulations of the whole comparison "
        f"it held the true gain in {cases}."
    )
