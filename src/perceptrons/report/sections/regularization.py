"""Table V and Figs. 17 to 19: L1 and L2 penalties over learning rates."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from perceptrons.report import ties
from perceptrons.report.claims import mostly
from perceptrons.report.contests import contest
from perceptrons.report.heatmap import heat_maps
from perceptrons.report.picks import (
    NETWORKS,
    REST,
    Pick,
    at_least,
    at_most,
    between,
    grid,
    number,
    of,
    pick,
)
from perceptrons.report.section import Picture, Table
from perceptrons.report.sections.grids import (
    BEST_NOTE,
    CEILING,
    best_table,
    panels,
)
from perceptrons.report.study import Study
from perceptrons.report.tables import (
    ACTIVATIONS,
    NORMS,
    published,
)

_FIGURES = {"sigmoid": "Fig. 17", "relu": "Fig. 18", "leaky_relu": "Fig. 19"}

_CELL = {"strength": "lambda", "learning_rate_init": "learning rate"}


def tables(study: Study) -> list[Table]:
    """Set Table V beside our numbers."""
    return [_table_v(study)]


def pictures(study: Study) -> list[Picture]:
    """Draw Figs. 17 to 19."""
    norms = ("l1", "l2")
    return [_heat_map(study, name, norm) for name in _FIGURES for norm in norms]


_TEXT = "section IV.C"
_L1, _L2, _NONE = (pick(NORMS[name], norm=name) for name in ("l1", "l2", "none"))
_BEST = pick("the best penalty", norm=["l1", "l2"])
_SIGMOID, _RELU, _LEAKY = (
    {**NETWORKS, "activation": name} for name in ("sigmoid", "relu", "leaky_relu")
)
_LITTLE: dict[str, Any] = {"by": ties.not_lower_by_share}


def _region(low: float, high: float) -> Pick:
    """Return the penalties up to 1e-4 at these learning rates."""
    return pick("there", strength=at_most(1e-4), learning_rate_init=between(low, high))


def _penalized(among: dict[str, Any]) -> dict[str, Any]:
    """Leave out the networks without a penalty."""
    return {**among, "norm": ["l1", "l2"]}


CLAIMS = [
    contest("Penalties generally worsen both training and test MSE of the best "
            "architectures.", "Tables IV and V",
            pick("no penalty, rate 0.01", norm="none", learning_rate_init=0.01), _BEST,
            among=NETWORKS, each=["activation"], measures=["train_mse", "test_mse"],
            agree=mostly),
    contest("Sigmoid: L1 slightly outperforms L2.", "Fig. 17", _L1, _L2,
            among=_SIGMOID),
    contest("Sigmoid: the lowest error has a small lambda (up to 1e-4) and a small "
            "learning rate (up to 0.01).", "Fig. 17", _region(0.0, 0.01), REST,
            among=_penalized(_SIGMOID)),
    contest("Sigmoid: L2 shows minimal sensitivity to lambda.", "Fig. 17",
            pick("lowest"), pick("highest", "highest"), among={**_SIGMOID,
            "norm": "l2"},
            each=["learning_rate_init"], by=ties.alike, agree=mostly),
    contest("Sigmoid generalizes as well without a penalty.", _TEXT, _BEST, _NONE,
            among=_SIGMOID, **_LITTLE),
    contest("ReLU is largely insensitive to the choice of the norm.", "Fig. 18", _L1,
            _L2,
            among=_RELU, by=ties.alike),
    contest("ReLU: the best has a low lambda (up to 1e-4) and a low learning rate (up "
            "to 0.01).", "Fig. 18", _region(0.0, 0.01), REST, among=_penalized(_RELU)),
    contest("ReLU: a penalty provides little benefit.", "Fig. 18", _BEST, _NONE,
            among=_RELU, **_LITTLE),
    contest("Leaky ReLU: high learning rates (1 and more) make the error explode: most "
            "networks learn nothing.", "Fig. 19",
            number(0.5, "half"), pick("share", "lost share",
            learning_rate_init=at_least(1)),
            among=_LEAKY, by=ties.fewer),
    contest("Leaky ReLU: the best has a learning rate of 0.01 to 0.1 and a small "
            "lambda (up to 1e-4).", "Fig. 19", _region(0.01, 0.1), REST,
            among=_penalized(_LEAKY)),
    contest("Leaky ReLU: L1 again slightly outperforms L2.", "Fig. 19", _L1, _L2,
            among=_LEAKY),
    contest("Leaky ReLU: a penalty provides limited benefit.", "Fig. 19", _BEST, _NONE,
            among=_LEAKY, **_LITTLE),
    contest("Leaky ReLU: excessive penalties harm, here lambda of at least 0.01.",
            "Fig. 19", _NONE, pick("lambda from 0.01", strength=at_least(0.01)),
            among={**_LEAKY, "learning_rate_init": between(0.01, 0.1)}),
    contest("The L1 norm yields slightly lower test errors than L2.", "section IV.C.1",
            _L1, _L2, among=NETWORKS, each=["activation"], agree=mostly),
    contest("Training is stable at learning rates of 0.001 to 0.01: without a penalty "
            "or with a small one (up to 1e-4) no network learns nothing.", "section V",
            pick("networks lost", "lost"), number(0.5, "less than one"),
            among={**NETWORKS, "strength": at_most(1e-4),
                   "learning_rate_init": between(0.001, 0.01)}, by=ties.fewer),
    contest("L1 drives weights to zero, L2 does not: without loss of accuracy (errors "
            "alike), more weights of the best network are below 0.001 in size.", _TEXT,
            pick("L1", norm="l1", measure="near_zero"),
            pick("L2", norm="l2", measure="near_zero"), among=NETWORKS,
            each=["activation"], by=ties.higher, agree=mostly),
]  # fmt: skip


def words_of(cell: Mapping[str, Any] | pd.Series[Any]) -> str:
    """Write a network's penalty and learning rate.

    Parameters
    ----------
    cell : mapping or Series
        ``norm``, ``strength`` and ``learning_rate_init``.
    """
    rate = f"rate {cell['learning_rate_init']:g}"
    if cell["norm"] == "none":
        return f"no penalty, {rate}"
    return f"{NORMS[cell['norm']]} {cell['strength']:g}, {rate}"


def _printed() -> pd.DataFrame:
    """Return the cells of Figs. 17 to 19 as published."""
    return published("regularization_test_mse").rename(
        columns={"lambda": "strength", "learning_rate": "learning_rate_init"}
    )


def _printed_best(activation: str) -> dict[str, Any]:
    """Return the row of Table V."""
    best = published("best_regularization").rename(
        columns={"lambda": "strength", "learning_rate": "learning_rate_init"}
    )
    (row,) = of(best, activation=activation).to_dict("records")
    return {str(name): value for name, value in row.items()}


def _table_v(study: Study) -> Table:
    """Set Table V beside the same networks here, and beside the best ones here."""
    return Table(
        "table-v",
        "Table V: the best penalty and learning rate of each network",
        best_table(
            study,
            _printed_best,
            ["norm", *_CELL],
            words_of,
            lambda networks: networks[networks["norm"] != "none"],
        ),
        "Same conclusion: is it the best of the network's penalties and learning "
        f"rates? {BEST_NOTE}",
    )


def _heat_map(study: Study, activation: str, norm: str) -> Picture:
    """Draw the report's heat map of one network and norm, and ours."""
    figure, printed = _FIGURES[activation], _printed_best(activation)
    own = of(grid(study.table), activation=activation)
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
