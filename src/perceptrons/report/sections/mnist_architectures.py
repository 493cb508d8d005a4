"""Figs. 20 to 22: accuracy over depth, width, activation and learning rate."""

from __future__ import annotations

from typing import Any

import pandas as pd

from perceptrons.report.claims import Finding, Row, mostly
from perceptrons.report.contests import contest
from perceptrons.report.heatmap import heat_maps
from perceptrons.report.measures import measured
from perceptrons.report.picks import REST, at_least, at_most, chosen, of, pick
from perceptrons.report.section import Picture, Table
from perceptrons.report.sections import images
from perceptrons.report.study import Study
from perceptrons.report.tables import ACTIVATIONS, RUNS, middle, published

# The number of the figure of each activation.
_FIGURES = {"sigmoid": 20, "relu": 21, "leaky_relu": 22}

# The network that the report went on with, and what it says of it.
_CHOSEN: dict[str, Any] = {
    "activation": "sigmoid", "hidden_layer_sizes": "128", "learning_rate_init": 0.01
}  # fmt: skip

# A landscape is "shallow and wide" at its best with so many layers and nodes.
_SHALLOW, _BROAD = 2, 64

# Converged: the mean cost changes by less than this share over the last third.
_STILL = 0.05

_PLACE = ["activation", "hidden layers", "nodes per layer"]
_ERRORS = ["train_error", "test_error"]
_CELL = ["activation", "hidden_layer_sizes", "learning_rate_init"]


def tables(study: Study) -> list[Table]:
    """Set the published accuracies beside ours."""
    return _tables(study, _placed(study))


def pictures(study: Study) -> list[Picture]:
    """Draw Figs. 20 to 22."""
    cells = _averaged(_placed(study))
    return [_picture(study, cells, name) for name in _activations(study)]


hints = images.hints


def _activations(study: Study) -> list[str]:
    """Return the activations in the study's order."""
    return list(dict.fromkeys(study.table["activation"]))


def _placed(study: Study) -> pd.DataFrame:
    """Return accuracies with the number of layers and of nodes per layer."""
    table = images.accuracies(study)
    sizes = [text.split(", ") for text in table["hidden_layer_sizes"]]
    table["hidden layers"] = [len(layers) for layers in sizes]
    table["nodes per layer"] = [int(layers[0]) for layers in sizes]
    return table.assign(diverged=table["reason"] == "diverged")


def _averaged(table: pd.DataFrame) -> pd.DataFrame:
    """Average over learning rates, as in the report's figures; median over seeds."""
    groups = table.groupby([*_PLACE, "seed"], sort=False)
    cells = groups[_ERRORS].agg(_strict_mean)
    cells["diverged"] = groups["diverged"].any()
    seeds = cells.reset_index().groupby(_PLACE, sort=False)
    found = seeds[_ERRORS].agg(middle)
    found["diverged"] = seeds["diverged"].any()
    return found.reset_index()


def _strict_mean(errors: pd.Series[float]) -> float:
    """Return the mean, NaN if one network diverged: then the cell has no error."""
    return float(errors.mean(skipna=False))


def _printed() -> pd.DataFrame:
    """Return the cells of Figs. 20 to 22."""
    name = "mnist_architectures_train_accuracy"
    return published(name).rename(
        columns={
            "hidden_layers": "hidden layers",
            "nodes_per_layer": "nodes per layer",
            "mean_train_accuracy_over_learning_rates": "train published",
        }
    )


def _tables(study: Study, table: pd.DataFrame) -> list[Table]:
    """Set the published accuracies beside ours, and list the best networks."""
    best = pd.concat(
        [_best(study, table, "train_error"), _best(study, table, "test_error")]
    )
    listed = [
        Table(
            "best",
            "The best networks of each activation",
            best,
            "Chosen by training accuracy, as in the report, and by test accuracy. The "
            "best of many on the same test images is biased upwards.",
        )
    ]
    return [_chosen(table), *listed] if images.is_mnist(study) else listed


def _published() -> dict[str, float]:
    """Return the accuracies that the report prints for the network it chose."""
    row = published("mnist_accuracy").iloc[0]
    return {f"{p}_accuracy": float(row[f"{p}_accuracy"]) for p in ("train", "test")}


def _chosen(table: pd.DataFrame) -> Table:
    """Set the network that the report went on with beside the same of ours."""
    theirs = _published()
    ours = images.over_seeds(of(table, **_CHOSEN), _CELL)
    beside = pd.DataFrame(
        {
            "network": "1 x 128, sigmoid, learning rate 0.01",
            "train published": theirs["train_accuracy"],
            "train ours": ours["train accuracy"],
            "train difference": ours["train accuracy"] - theirs["train_accuracy"],
            "test published": theirs["test_accuracy"],
            "test ours": ours["test accuracy"],
            "test difference": ours["test accuracy"] - theirs["test_accuracy"],
        }
    )
    for name in ("spread of test accuracy", "parameters", "seconds", RUNS):
        if name in ours:
            beside[name] = ours[name]
    return Table(
        "chosen", "The network that the report chose by its training accuracy", beside
    )


def _best(study: Study, table: pd.DataFrame, error: str) -> pd.DataFrame:
    """Return the best network of each activation by the median over seeds."""
    words = {"train_error": "training accuracy", "test_error": "test accuracy"}
    rows = []
    for activation in _activations(study):
        cells = of(table, activation=activation)
        means = cells.groupby(_CELL, sort=False)[error].agg(middle)
        if means.isna().all():
            continue
        own = cells.set_index(_CELL).loc[[means.idxmin()]].reset_index()
        row = images.over_seeds(own, _CELL).drop(
            columns="best in seeds", errors="ignore"
        )
        row.insert(1, "best by", words[error])
        if cells["seed"].nunique() > 1:
            first = cells.loc[cells.groupby("seed")[error].idxmin()]
            same = (first[_CELL] == own[_CELL].iloc[0]).all(axis=1)
            row.insert(2, "best in seeds", int(same.sum()))
        rows.append(row)
    best = pd.concat(rows) if rows else pd.DataFrame()
    return best.replace({"activation": ACTIVATIONS})


def _picture(study: Study, cells: pd.DataFrame, activation: str) -> Picture:
    """Draw the published training accuracy, ours, and our test accuracy."""
    number, name = _FIGURES[activation], ACTIVATIONS[activation]
    own = of(cells, activation=activation)
    panels = [
        _panel(own, "training, ours", 1 - own["train_error"]),
        _panel(own, "test, ours (not in the report)", 1 - own["test_error"]),
    ]
    if images.is_mnist(study):
        printed = of(_printed(), activation=activation)
        panel = _panel(printed, "training, as published", printed["train published"])
        panels.insert(0, panel)
    return Picture(
        f"figure-{number}",
        images.title(study, f"Fig. {number}: accuracy with {name} layers"),
        "Mean over the three learning rates, median over seeds; a frame marks the "
        "highest of each panel.",
        pd.concat(panels, ignore_index=True),
        lambda data: heat_maps(
            data, "hidden layers", "nodes per layer", "accuracy", percent=True
        ),
    )


def _panel(cells: pd.DataFrame, title: str, value: pd.Series) -> pd.DataFrame:
    """Return the cells of one panel."""
    panel = cells[["hidden layers", "nodes per layer"]].assign(panel=title, value=value)
    panel["diverged"] = cells.get("diverged", False)
    panel["framed"] = value == value.max()
    return panel


def _converged(study: Study, rows: pd.DataFrame) -> Finding:
    """Measure how much the costs still change over the last third of the epochs."""
    falls = [
        measured(study, rows.iloc[[i]], "late_fall") or 0 for i in range(len(rows))
    ]
    still: list[bool | None] = [fall < _STILL for fall in falls]
    own = of(rows, **_CHOSEN).index[0] - rows.index[0]
    return mostly(still), (
        f"{still.count(True)} of {len(still)} costs change by less than {_STILL:.0%} "
        "over the last third of the epochs, that of the report's network by "
        f"{falls[own]:.0%}"
    )


_TEXT = "section IV.D"
_TRAIN: dict[str, Any] = {"measures": ["train_error"], "choose": "train_error"}
_WIDE: dict[str, Any] = {"layers": at_most(_SHALLOW), "nodes": at_least(_BROAD)}
_OTHERS = (0.001, 0.1)


def _rates(text: str, take: str) -> Row:
    """Compare learning rate 0.01 with both others."""
    first, *others = (
        pick(f"at {rate:g}", take, learning_rate_init=rate) for rate in (0.01, *_OTHERS)
    )
    return contest(text, _TEXT, first, others, **_TRAIN)


CLAIMS = images.claims([
    contest("Shallow and wide networks perform best, for all three activations; by "
            "training accuracy averaged over learning rates, of at most 2 layers and "
            "at least 64 nodes.", "Figs. 20 to 22", pick("there", "lowest mean",
            **_WIDE),
            pick("elsewhere", "lowest mean", by=lambda rows: ~chosen(rows, _WIDE)),
            each=["activation"], **_TRAIN),
    _rates("Learning rate 0.01 has the best overall performance: the highest mean "
           "training accuracy.", "mean"),
    _rates("Learning rate 0.01 has the highest individual training accuracy.",
    "lowest"),
    _rates("Learning rate 0.01 has the lowest spread of training accuracies.",
    "spread"),
    contest("The highest training accuracy of all is that of one hidden layer of 128 "
            "sigmoid nodes at learning rate 0.01.", _TEXT, pick("that", **_CHOSEN),
            REST,
            **_TRAIN),
    contest("That network overfits a little.", _TEXT,
            pick("training", measure="train_error"), pick("test", measure="test_error"),
            among=_CHOSEN),
    Row("Networks converge after about 20 of 30 epochs.", "section III.B.6",
        _converged),
])  # fmt: skip
