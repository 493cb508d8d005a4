"""Table V and Figs. 17 to 19: L1 and L2 penalties over learning rates."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from perceptrons.report import tables
from perceptrons.report.beside import beside_published
from perceptrons.report.claims import judge
from perceptrons.report.heatmap import heat_maps
from perceptrons.report.limits import MARGIN
from perceptrons.report.section import Picture, Section, Table
from perceptrons.report.sections.grids import (
    CEILING,
    OLS_HERE,
    SEED_0,
    as_low,
    best_as_printed,
    clipped,
    of,
    ols_on_seed_0,
    panels,
    summary,
    times_best,
)
from perceptrons.report.sections.regularization_claims import (
    CLAIMS,
    NORMS,
    penalized,
    words_of,
)
from perceptrons.report.study import Study
from perceptrons.report.tables import ACTIVATIONS

_FIGURES = {"sigmoid": "Fig. 17", "relu": "Fig. 18", "leaky_relu": "Fig. 19"}

_CELL = {"strength": "lambda", "learning_rate_init": "learning rate"}


def section(study: Study, others: Mapping[str, Study]) -> Section:
    """Build the section."""
    return Section(
        study=study,
        claims=judge(study, CLAIMS),
        tables=[_table_v(study), _all_networks(study), _unpenalized(study)],
        pictures=[
            _heat_map(study, activation, norm)
            for activation in _FIGURES
            for norm in NORMS
        ],
    )


def _printed() -> pd.DataFrame:
    """Return the cells of Figs. 17 to 19 as published."""
    return tables.published("regularization_test_mse").rename(
        columns={"lambda": "strength", "learning_rate": "learning_rate_init"}
    )


def _printed_best(activation: str) -> dict[str, Any]:
    """Return the row of Table V."""
    best = tables.published("best_regularization").rename(
        columns={"lambda": "strength", "learning_rate": "learning_rate_init"}
    )
    (row,) = of(best, activation=activation).to_dict("records")
    return {str(name): value for name, value in row.items()}


def _table_v(study: Study) -> Table:
    """Set Table V beside the same networks here, and beside the best ones here."""
    ours, clip, metric = penalized(study.table), clipped(study.table), study.metric
    by = ["norm", *_CELL]
    rows = []
    for activation in _FIGURES:
        own, printed = of(ours, activation=activation), _printed_best(activation)
        place = {name: printed[name] for name in by}
        means = tables.over_seeds(own, by, metric)
        with_one = own[own["norm"] != "none"]
        wins = times_best(with_one, by, metric)
        cells = [
            ("best in the report", place, of(own, **place), printed),
            ("the same, gradients clipped", place,
             of(clip, activation=activation), printed),
        ]  # fmt: skip
        for words, chosen in (
            ("lowest here", means[means["norm"] != "none"]),
            ("lowest here", of(means, norm="none")),
        ):
            found = chosen.sort_values(metric, na_position="last").iloc[0]
            spot = {name: found[name] for name in by}
            cells.append((words, spot, of(own, **spot), {}))
        for words, spot, networks, theirs in cells:
            row = {
                "network": f"{ACTIVATIONS[activation]}, {words_of(spot)}: {words}",
                **summary(networks, theirs, metric),
            }
            row["same conclusion?"] = (
                best_as_printed(study, with_one, place, len(with_one) // _seeds(study))
                if words == "best in the report"
                else as_low(networks, metric, printed[metric])
            )
            if _seeds(study) > 1 and spot["norm"] != "none" and "clip" not in words:
                row["best in seeds"] = int(wins.get(tuple(spot.values()), 0))
            rows.append(row)
    return Table(
        "table-v",
        "Table V: the best penalty and learning rate of each network",
        pd.DataFrame(rows).dropna(axis="columns", how="all"),
        "Same conclusion: is it the best of the network's penalties and learning "
        "rates? Clipped: the gradient of each layer is cut to norm 1, as the report's "
        "program did and its text does not say. In the other rows: is the error at "
        f"most {MARGIN} times that of Table V? Lowest here: chosen by the same test "
        f"set, so its error is biased downwards, as in the report. {SEED_0}",
    )


def _seeds(study: Study) -> int:
    """Return the number of seeds."""
    return len(study.seeds)


def _all_networks(study: Study) -> Table:
    """List every penalized network beside the published cell of its heat map."""
    labels = ["activation", "norm", *_CELL]
    ours = penalized(study.table)
    ours = ours[ours["norm"] != "none"]
    rows = pd.concat([ours, of(study.table, kind="ols")])
    printed = ours[labels].drop_duplicates().merge(_printed(), on=labels, how="left")
    beside = beside_published(
        study, rows, printed.assign(train_mse=np.nan), labels, ols_on_seed_0(study),
        same_data=True,
    )  # fmt: skip
    beside = beside.replace({"activation": ACTIVATIONS, "norm": NORMS})
    return Table(
        "networks",
        f"All {len(printed)} penalized networks",
        beside.rename(columns=_CELL).dropna(axis="columns", how="all"),
        "Published: as printed in Figs. 17 to 19, which give no training error. Same "
        f"conclusion: does the network predict better than OLS? {OLS_HERE} {SEED_0}",
        folded=True,
    )


def _unpenalized(study: Study) -> Table:
    """List the networks without a penalty."""
    ours = of(penalized(study.table), norm="none").replace({"activation": ACTIVATIONS})
    return Table(
        "without-penalty",
        "The same networks without a penalty",
        tables.own_results(ours, ["activation", "learning_rate_init"], study.metric),
        "Not in the report: what every penalty is compared with.",
        folded=True,
    )


def _heat_map(study: Study, activation: str, norm: str) -> Picture:
    """Draw the report's heat map of one network and norm, and ours."""
    figure, printed = _FIGURES[activation], _printed_best(activation)
    own = of(penalized(study.table), activation=activation)
    own = own[own["norm"].isin([norm, "none"])]
    best = {name: printed[name] for name in _CELL}
    framed = best if printed["norm"] == norm else dict.fromkeys(_CELL, np.nan)
    rows, columns = _CELL.values()
    size = own["model"].iloc[0].removeprefix("network ")
    return Picture(
        f"{figure.lower().replace('. ', 'ure-')}-{norm}",
        f"{figure}: {study.measure} with an {NORMS[norm]} penalty, "
        f"{ACTIVATIONS[activation]} ({size})",
        "The row lambda = 0 has no penalty; the report does not show it. Framed: the "
        f"network of Table V. Colors end at {CEILING:g}, the numbers do not.",
        panels(
            own.sort_values("strength", kind="stable"),
            of(_printed(), activation=activation, norm=norm),
            _CELL,
            study.metric,
            figure,
            framed,
        ),
        partial(
            heat_maps, rows=rows, columns=columns, label=study.measure, ceiling=CEILING
        ),
    )
