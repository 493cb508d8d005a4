"""Table IV and Figs. 14 to 16 and 25: depth, width and activation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from perceptrons.report import figures, ties
from perceptrons.report.beside import as_on_seed_0
from perceptrons.report.claims import Finding, Row, all_of, mostly, together
from perceptrons.report.contests import Contest, contest
from perceptrons.report.heatmap import heat_maps
from perceptrons.report.measures import data_of
from perceptrons.report.picks import (
    NETWORKS,
    REST,
    at_least,
    at_most,
    between,
    grid,
    inner,
    of,
    pick,
)
from perceptrons.report.section import Picture, Table
from perceptrons.report.sections.grids import (
    BEST_NOTE,
    CEILING,
    MARGIN,
    best_of_all,
    best_table,
    panels,
    printed_best,
)
from perceptrons.report.study import Study, dataset
from perceptrons.report.tables import ACTIVATIONS, published

# Points between our gap and the printed one that are still "about" the same.
_ABOUT = 0.05

_PARTS = ("train_mse", "test_mse")

_FIGURES = {"sigmoid": "Fig. 14", "relu": "Fig. 15", "leaky_relu": "Fig. 16"}

_CELL = {"layers": "hidden layers", "nodes": "nodes per layer"}


def tables(study: Study) -> list[Table]:
    """Set Table IV beside our numbers."""
    return [_table_iv(study)]


def pictures(study: Study) -> list[Picture]:
    """Draw Figs. 14 to 16 and 25."""
    return [*(_heat_map(study, name) for name in _FIGURES), _figure_25(study)]


def shape(cell: Mapping[str, Any] | pd.Series[Any]) -> str:
    """Write an architecture as the report does: layers x nodes."""
    return f"{cell['layers']:.0f} \N{MULTIPLICATION SIGN} {cell['nodes']:.0f}"


def _lowest(study: Study, rows: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the network with the lowest error of each activation."""
    networks = grid(rows).sort_values(study.metric, na_position="last")
    for name in ACTIVATIONS:
        yield name, of(networks, activation=name).iloc[:1]


def _best(study: Study, rows: pd.DataFrame) -> Finding:
    """Ask of every activation whether Table IV's architecture is the best here."""
    tests = []
    for activation, words in ACTIVATIONS.items():
        place = {name: printed_best(activation)[name] for name in _CELL}
        first = pick(f"{words} {shape(place)}", **place)
        tests.append(Contest(first, REST, {**NETWORKS, "activation": activation}))
    return together(*tests)(study, rows)


def _reached(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare the lowest error of each activation with Table IV's."""
    ratios = best_of_all(rows)
    text = ", ".join(f"{ACTIVATIONS[name]} {r:.3f}" for name, r in ratios.items())
    holds = all(ratio <= MARGIN for ratio in ratios.values())
    return holds, (
        f"ours, with the noise of the report's test set, divided by Table IV's: {text}"
    )


def _gap(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare the gap between train and test error with that of Table IV."""
    answers: list[bool | None] = []
    lines = []
    for name, row in _lowest(study, rows):
        ours, theirs = (
            1 - float(train) / float(test)
            for train, test in (
                [as_on_seed_0(row, part).item() for part in _PARTS],
                [printed_best(name)[part] for part in _PARTS],
            )
        )
        answers.append(bool(ours > 0 and abs(ours - theirs) <= _ABOUT))
        lines.append(f"{ACTIVATIONS[name]} {ours:.1%} (printed {theirs:.1%})")
    data = dataset(study.experiment.dataset, 0)
    noise = 1 - data.noise_train / data.noise_test
    return all_of(answers), (
        f"train below test MSE, both with the noise of the report's data, by "
        f"{', '.join(lines)}; the noise alone by {noise:.1%}; about: within "
        f"{100 * _ABOUT:g} points of the printed"
    )


_TEXT = "section IV.B"
_SHALLOW: dict[str, Any] = {"layers": at_most(2)}
_DEEP: dict[str, Any] = {"layers": at_least(5)}
_SIGMOID, _RELU, _LEAKY = (
    {**NETWORKS, "activation": name} for name in ("sigmoid", "relu", "leaky_relu")
)
_MEDIANS = {
    name: pick(words, "median", activation=name) for name, words in ACTIVATIONS.items()
}
_LOST = {
    name: pick(words, "lost", activation=name) for name, words in ACTIVATIONS.items()
}
_AT_BEST = [pick(words, activation=name) for name, words in ACTIVATIONS.items()]
_STABLE: dict[str, Any] = {"among": NETWORKS, "by": ties.fewer}
_INSIDE = pick("in the middle", by=lambda c: inner(c["layers"]) & inner(c["nodes"]))
CLAIMS = [
    Row("The best architectures are 7 \N{MULTIPLICATION SIGN} 8 (sigmoid), 6 "
        "\N{MULTIPLICATION SIGN} 16 (ReLU) and 6 \N{MULTIPLICATION SIGN} 128 (leaky "
        "ReLU).", "Table IV", _best),
    Row(f"The best of each activation has the test MSE of Table IV (at most {MARGIN} "
        "times as much).", "Table IV", _reached, must=True),
    Row("The training errors of the best networks are smaller than their test errors, "
        "by about 11 %.", "Table IV", _gap),
    contest("That gap shows some overfitting; here after taking out the noise of "
            "either part.", _TEXT, pick("the noise alone", measure="noise_gap"),
            pick("the best network", measure="gap"), among=NETWORKS,
            each=["activation"]),
    contest("In networks with few layers more nodes improve the accuracy, up to a "
            "point.",
            "Figs. 14 to 16", pick("between", nodes=inner),
            pick("at the ends", nodes=lambda nodes: ~inner(nodes)),
            among={**NETWORKS, **_SHALLOW}, each=["activation", "layers"],
            agree=mostly),
    contest("Sigmoid does relatively well in networks with few layers.", _TEXT,
            _MEDIANS["sigmoid"], [_MEDIANS["relu"], _MEDIANS["leaky_relu"]],
            among={**NETWORKS, **_SHALLOW}),
    contest("Deep sigmoid networks with few nodes have large errors, as gradients "
            "vanish; here median errors of 2 and 4 nodes.", "Fig. 14",
            pick("1 and 2 layers", "median", layers=at_most(2)),
            pick("6 and 7 layers", "median", layers=at_least(6)),
            among={**_SIGMOID, "nodes": at_most(4)}),
    contest("ReLU is best at intermediate numbers of layers and nodes.", "Fig. 15",
            _INSIDE, REST, among=_RELU),
    contest("With too few nodes ReLU's errors are consistently higher.", "Fig. 15",
            pick("4 to 64 nodes", "median", nodes=between(4, 64)),
            pick("2 nodes", nodes=2), among=_RELU, each=["layers"]),
    contest("Very wide layers degrade deep ReLU networks.", "Fig. 15",
            pick("4 to 32 nodes", "median", nodes=between(4, 32)),
            pick("128 nodes", nodes=128), among={**_RELU, **_DEEP}, each=["layers"]),
    contest("Leaky ReLU does slightly better than ReLU in deeper networks.", "Fig. 16",
            _MEDIANS["leaky_relu"], _MEDIANS["relu"], among={**NETWORKS, **_DEEP}),
    contest("Leaky ReLU is stable over more architectures than ReLU: fewer of them "
            "learn nothing.", "Fig. 16", _LOST["leaky_relu"], _LOST["relu"], **_STABLE),
    contest("Sigmoid suits shallow networks better than deep ones.", _TEXT,
            pick("one or two layers", **_SHALLOW), pick("five to seven", **_DEEP),
            among=_SIGMOID),
    Row(f"At their best the three activations do not differ (by more than "
        f"{ties.TIE:.0%}).",
        _TEXT, together(
            Contest(_AT_BEST[0], _AT_BEST[1:], NETWORKS, by=ties.alike),
            Contest(_AT_BEST[1], _AT_BEST[2], NETWORKS, by=ties.alike))),
]  # fmt: skip


def _printed() -> pd.DataFrame:
    """Return the cells of Figs. 14 to 16 as published."""
    return published("architectures_test_mse").rename(
        columns={"hidden_layers": "layers", "nodes_per_layer": "nodes"}
    )


def _table_iv(study: Study) -> Table:
    """Set Table IV beside the same networks here, and beside the best ones here."""
    return Table(
        "table-iv",
        "Table IV: the best architecture of each activation",
        best_table(study, printed_best, list(_CELL), shape),
        "Layers \N{MULTIPLICATION SIGN} nodes per layer. Same conclusion: is the "
        f"architecture the best of its 49? {BEST_NOTE}",
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
    noise = float(np.mean([data_of(r).noise_test for _, r in ours.groupby("seed")]))
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
