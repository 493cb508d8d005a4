"""What the studies over grids of networks share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from perceptrons.report import ties
from perceptrons.report.answers import Answer
from perceptrons.report.beside import as_on_seed_0, compared
from perceptrons.report.contests import counted
from perceptrons.report.picks import grid, of, whole
from perceptrons.report.study import Study
from perceptrons.report.tables import (
    ACTIVATIONS,
    HEADINGS,
    MEASURES,
    RUNS,
    middle,
    over_seeds,
    published,
    shaped,
)

#: Errors above it share its color and its edge of a figure: ten times that of the best
#: constant prediction.
CEILING = 1.0

#: How many times its value in Table IV or V the lowest test MSE may be.
MARGIN = 1.03

#: What the notes of Tables IV and V say.
BEST_NOTE = (
    "Clipped: the gradient of each layer is cut to norm 1, as the report's program did "
    "and its text does not say. In the other rows: is the error at most "
    f"{MARGIN} times the printed one? Lowest here: chosen by the same test set, so its "
    "error is biased downwards, as in the report. The printed errors were measured on "
    "the data of seed 0; in comparisons with them the errors on other seeds count as "
    "with the noise of that data."
)


def clipped(table: pd.DataFrame) -> pd.DataFrame:
    """Return the networks whose gradients were clipped, as the report's program did."""
    return whole(shaped(table[table["clip_norm"].notna()]))


def printed_best(activation: str) -> dict[str, Any]:
    """Return the row of Table IV, its architecture as ``layers`` and ``nodes``."""
    best = published("best_architectures").rename(
        columns={"hidden_layers": "layers", "nodes_per_layer": "nodes"}
    )
    (row,) = of(best, activation=activation).to_dict("records")
    return {str(name): value for name, value in row.items()}


def best_of_all(table: pd.DataFrame) -> dict[str, float]:
    """Return the lowest test MSE of each activation as a share of Table IV's.

    Parameters
    ----------
    table : DataFrame
        The rows of one seed of the study of architectures.

    Returns
    -------
    dict
        Name of the activation to ratio, ours as on seed 0, the data of Table IV; NaN
        if none of its networks has a number.
    """
    networks = grid(table)
    errors = as_on_seed_0(networks, "test_mse")
    return {
        name: float(errors[networks["activation"] == name].min())
        / printed_best(name)["test_mse"]
        for name in ACTIVATIONS
    }


def panels(
    ours: pd.DataFrame,
    printed: pd.DataFrame,
    labels: Mapping[str, str],
    metric: str,
    figure: str,
    framed: Mapping[str, Any],
) -> pd.DataFrame:
    """Return a heat map of the report and ours as the cells of two panels.

    Parameters
    ----------
    ours : DataFrame
        Rows of one heat map, from :func:`grid`.
    printed : DataFrame
        The same cells as published, with the same names of columns.
    labels : mapping of str to str
        Column that gives the row of a cell, and the one that gives its column, each
        with its printed name.
    metric : str
    figure : str
        Its name in the report.
    framed : mapping of str to value
        The cell that gets a frame.

    Returns
    -------
    DataFrame
        For :func:`perceptrons.report.heatmap.heat_maps`. Several seeds give their
        median; one that diverged marks the cell.
    """
    by = list(labels)
    groups = ours.groupby(by, sort=False)
    cells = groups[metric].median().rename("value").reset_index()
    reasons = ours["reason"].eq("diverged").groupby([ours[k] for k in by], sort=False)
    cells["diverged"] = reasons.any().to_numpy()
    seeds = ours["seed"].nunique()
    here = "here" if seeds == 1 else f"here, median of {seeds} seeds"
    # In the order of our cells; what the report does not print stays a gap.
    theirs = cells[by].merge(printed[[*by, metric]], how="left", on=by)
    theirs = theirs.rename(columns={metric: "value"}).assign(diverged=False)
    both = pd.concat(
        [theirs.assign(panel=f"report, {figure}"), cells.assign(panel=here)],
        ignore_index=True,
    )
    both["framed"] = np.logical_and.reduce([both[k] == v for k, v in framed.items()])
    return both.rename(columns=dict(labels))


def times_best(ours: pd.DataFrame, by: Sequence[str], metric: str) -> pd.Series[int]:
    """Count in how many seeds each cell has the lowest error.

    Parameters
    ----------
    ours : DataFrame
        Rows of one competition, from :func:`grid`.
    by : sequence of str
        Columns that tell one cell from another.
    metric : str

    Returns
    -------
    Series
        Counts by cell.
    """
    finite = ours.dropna(subset=[metric])
    winners = finite.loc[finite.groupby("seed")[metric].idxmin()]
    return winners.groupby(list(by), dropna=False).size()


def best_table(
    study: Study,
    printed_of: Callable[[str], Mapping[str, Any]],
    by: Sequence[str],
    words: Callable[[Mapping[str, Any]], str],
    rivals: Callable[[pd.DataFrame], pd.DataFrame] = lambda networks: networks,
) -> pd.DataFrame:
    """Set the printed best network of each activation beside ours, and our own best.

    Parameters
    ----------
    study : Study
    printed_of : callable
        Name of an activation -> its row in the report.
    by : sequence of str
        Columns that tell one network from another.
    words : callable
        Values of these columns -> what they are called.
    rivals : callable
        The networks of one activation -> those that the printed one competed with.
    """
    ours, clip, metric = grid(study.table), clipped(study.table), study.metric
    rows = []
    for activation, name in ACTIVATIONS.items():
        own, printed = of(ours, activation=activation), printed_of(activation)
        competing = rivals(own)
        place = {column: printed[column] for column in by}
        found = [
            ("best in the report", place, of(own, **place)),
            ("the same, gradients clipped", place, of(clip, activation=activation)),
        ]
        for part in (competing, own.drop(competing.index)):
            if not part.empty:
                best = over_seeds(part, by, metric).sort_values(metric).iloc[0]
                spot = {column: best[column] for column in by}
                found.append(("lowest here", spot, of(own, **spot)))
        wins = times_best(competing, by, metric)
        for i, (told, spot, networks) in enumerate(found):
            theirs = printed if spot is place else {}
            row = {
                "network": f"{name}, {words(spot)}: {told}",
                **summary(networks, theirs, metric),
            }
            row["same conclusion?"] = (
                as_low(networks, metric, printed[metric])
                if i
                else best_as_printed(study, competing, place)
            )
            if len(study.seeds) > 1 and networks.index.isin(competing.index).any():
                row["best in seeds"] = int(wins.get(tuple(spot.values()), 0))
            rows.append(row)
    return pd.DataFrame(rows).dropna(axis="columns", how="all")


def summary(
    cells: pd.DataFrame, printed: Mapping[str, float], metric: str
) -> dict[str, Any]:
    """Set the published errors of one network beside ours, averaged over seeds.

    Parameters
    ----------
    cells : DataFrame
        The network's rows, one per seed; empty if it was not trained.
    printed : mapping of str to float
        ``train_mse`` and the deciding measure; empty where none is printed.
    metric : str

    Returns
    -------
    dict
        Under the headings of the page; differences as if all seeds had the noise of
        seed 0, the report's data.
    """
    row: dict[str, Any] = {}
    for name in dict.fromkeys(["train_mse", metric]):
        theirs, alike = printed.get(name, np.nan), as_on_seed_0(cells, name)
        row |= compared(MEASURES[name], theirs, cells[name], alike)
    row[HEADINGS["spread"]] = cells[metric].std(ddof=1)
    row["same conclusion?"] = ""
    for name in ("test_mse", "excess", "error_f", "n_parameters", "seconds"):
        if name != metric:
            row[HEADINGS.get(name, name)] = middle(cells[name])
    row[RUNS] = " ".join(cells["key"])
    return row


def best_as_printed(
    study: Study, ours: pd.DataFrame, where: Mapping[str, object]
) -> Answer:
    """Say whether the network that the report calls best is best here, seed by seed.

    Parameters
    ----------
    study : Study
    ours : DataFrame
        All networks it competed with, from :func:`grid`, and itself.
    where : mapping of str to value
        Its settings.
    """
    many = len(ours) // len(study.seeds)
    answers, tied = [], 0
    for _, rows in ours.groupby("seed"):
        mine = of(rows, **where)
        others = rows.drop(mine.index)
        trained = len(mine) and len(others)
        answers.append(
            ties.lower(study.lowest(mine), study.lowest(others)) if trained else None
        )
        lead = study.lowest(rows)
        tied = sum(ties.lower(lead, error) is None for error in study.errors(rows))
    answer = ties.agreement(answers)
    if answer is None and len(answers) > 1:
        return Answer(None, f"{counted(answers)} of {len(answers)} seeds")
    if answer is None:
        return Answer(None, f"{tied} of {many} tie with the lowest")
    return Answer(
        answer, "best here, too" if answer else f"not the best of {many} here"
    )


def as_low(networks: pd.DataFrame, metric: str, printed: float) -> Answer:
    """Say whether our errors, one per seed, are as low as one printed for seed 0.

    Parameters
    ----------
    networks : DataFrame
        One row per seed.
    metric : str
    printed : float
        Up to ``MARGIN`` times as high still counts.
    """
    errors = as_on_seed_0(networks, metric).tolist()
    if not errors:
        return Answer(None, "not trained")
    ratio = middle(errors) / printed
    words = f"{ratio:.3f} times as high" if ratio < 10 else "far higher"
    held = [error <= MARGIN * printed for error in errors]
    answer = ties.agreement(held)
    if answer is None:
        words = f"as low as printed in {sum(held)} of {len(held)} seeds"
    return Answer(answer, words)
