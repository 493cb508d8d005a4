"""Table IV and Figs. 14 to 16 and 25: depth, width and activation."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np
import pandas as pd

from perceptrons.report import figures, tables
from perceptrons.report.beside import beside_published
from perceptrons.report.claims import judge
from perceptrons.report.heatmap import heat_maps
from perceptrons.report.limits import MARGIN
from perceptrons.report.section import Picture, Section, Table
from perceptrons.report.sections.architecture_claims import CLAIMS, shape
from perceptrons.report.sections.grids import (
    CEILING,
    OLS_HERE,
    SEED_0,
    as_low,
    best_as_printed,
    clipped,
    data_of,
    grid,
    of,
    ols_on_seed_0,
    panels,
    printed_best,
    summary,
    times_best,
)
from perceptrons.report.study import Study
from perceptrons.report.tables import ACTIVATIONS

_FIGURES = {"sigmoid": "Fig. 14", "relu": "Fig. 15", "leaky_relu": "Fig. 16"}

_CELL = {"layers": "hidden layers", "nodes": "nodes per layer"}


def section(study: Study, others: Mapping[str, Study]) -> Section:
    """Build the section."""
    return Section(
        study=study,
        claims=judge(study, CLAIMS),
        tables=[_table_iv(study), _all_networks(study)],
        pictures=[*(_heat_map(study, name) for name in _FIGURES), _figure_25(study)],
    )


def _printed() -> pd.DataFrame:
    """Return the cells of Figs. 14 to 16 as published."""
    return tables.published("architectures_test_mse").rename(
        columns={"hidden_layers": "layers", "nodes_per_layer": "nodes"}
    )


def _table_iv(study: Study) -> Table:
    """Set Table IV beside the same networks here, and beside the best ones here."""
    ours, clip, metric = grid(study.table), clipped(study.table), study.metric
    rows = []
    for activation in _FIGURES:
        own, printed = of(ours, activation=activation), printed_best(activation)
        place = {name: printed[name] for name in _CELL}
        wins = times_best(own, list(_CELL), metric)
        means = tables.over_seeds(own, list(_CELL), metric)
        best = means.sort_values(metric, na_position="last").iloc[0]
        found = {name: best[name] for name in _CELL}
        cells = {
            "best in the report": (place, of(own, **place), printed),
            "the same, gradients clipped": (
                place, of(clip, activation=activation), printed
            ),
            "lowest here": (found, of(own, **found), {}),
        }  # fmt: skip
        for words, (spot, networks, theirs) in cells.items():
            row = {
                "network": f"{ACTIVATIONS[activation]}, {shape(spot)}: {words}",
                **summary(networks, theirs, metric),
            }
            if words == "best in the report":
                row["same conclusion?"] = best_as_printed(study, own, place, len(means))
            else:
                row["same conclusion?"] = as_low(networks, metric, printed[metric])
            if len(study.seeds) > 1 and "clipped" not in words:
                row["best in seeds"] = int(wins.get(tuple(spot.values()), 0))
            rows.append(row)
    return Table(
        "table-iv",
        "Table IV: the best architecture of each activation",
        pd.DataFrame(rows).dropna(axis="columns", how="all"),
        "Layers \N{MULTIPLICATION SIGN} nodes per layer. Same conclusion: is the "
        f"architecture the best of its {len(means)}? Clipped: the gradient of each "
        "layer is cut to norm 1, as the report's program did and its text does not "
        f"say. In the other rows: is the error at most {MARGIN} times that of Table "
        "IV? Lowest here: chosen by the same test set, so its error is biased "
        f"downwards, as in the report. {SEED_0}",
    )


def _all_networks(study: Study) -> Table:
    """List every network beside the published cell of its heat map."""
    ours = grid(study.table)
    labels = ["activation", *_CELL]
    rows = pd.concat([ours, of(study.table, kind=tables.OLS.lower())])
    printed = ours[labels].drop_duplicates().merge(_printed(), on=labels, how="left")
    beside = beside_published(
        study,
        rows,
        printed.assign(train_mse=np.nan),
        labels,
        ols_on_seed_0(study),
        same_data=True,
    )
    beside["activation"] = beside["activation"].replace(ACTIVATIONS)
    return Table(
        "networks",
        f"All {len(printed)} architectures",
        beside.rename(columns=_CELL).dropna(axis="columns", how="all"),
        "Published: as printed in Figs. 14 to 16, which give no training error. Same "
        f"conclusion: does the network predict better than OLS? {OLS_HERE} {SEED_0}",
        folded=True,
    )


def _heat_map(study: Study, activation: str) -> Picture:
    """Draw the report's heat map of one activation and ours."""
    printed = printed_best(activation)
    figure, name = _FIGURES[activation], ACTIVATIONS[activation]
    rows, columns = _CELL.values()
    return Picture(
        figure.lower().replace(". ", "ure-"),
        f"{figure}: {study.measure} of networks with {name} layers",
        f"Framed: the architecture of Table IV. Colors end at {CEILING:g}, the numbers "
        "do not.",
        panels(
            of(grid(study.table), activation=activation),
            of(_printed(), activation=activation),
            _CELL,
            study.metric,
            figure,
            {name: printed[name] for name in _CELL},
        ),
        partial(
            heat_maps, rows=rows, columns=columns, label=study.measure, ceiling=CEILING
        ),
    )


def _figure_25(study: Study) -> Picture:
    """Draw the errors of all three activations against depth and width."""
    columns = ["activation", *_CELL, "seed", "value", "diverged"]
    ours = grid(study.table).assign(source="here")
    ours["diverged"] = ours["reason"] == "diverged"
    theirs = _printed().assign(source="report", seed=0, diverged=False)
    cells = [part.rename(columns={study.metric: "value"}) for part in (ours, theirs)]
    data = pd.concat([part[["source", *columns]] for part in cells], ignore_index=True)
    data["activation"] = data["activation"].replace(ACTIVATIONS)
    noise = float(
        np.mean([data_of(study, r).noise_test for _, r in ours.groupby("seed")])
    )
    return Picture(
        "figure-25",
        f"Fig. 25: {study.measure} by depth and width",
        "One panel per number of hidden layers. A triangle near the upper edge is "
        f"above {CEILING:g}, a cross marks training that diverged. Dotted gray: the "
        "realized noise of the test set.",
        data.rename(columns=_CELL),
        partial(
            figures.by_shape, ylabel=study.measure, reference=noise, ceiling=CEILING
        ),
    )
