"""Table V and Figs. 17 to 19: L1 and L2 penalties over learning rates."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from perceptrons.report import tables
from perceptrons.report.claims import Finding, Test, judge, sig
from perceptrons.report.heatmap import heat_maps
from perceptrons.report.section import Picture, Section, Table
from perceptrons.report.sections.grids import (
    CEILING,
    as_low,
    best_as_printed,
    clipped,
    counted,
    grid,
    lowest,
    mostly,
    of,
    panels,
    printed_ols,
    summary,
    times_best,
)
from perceptrons.report.study import Study
from perceptrons.report.tables import ACTIVATIONS

# How far above its value in Table V the lowest error may be.
_MARGIN = 1.03

_FIGURES = {"sigmoid": "Fig. 17", "relu": "Fig. 18", "leaky_relu": "Fig. 19"}

_NORMS = {"l1": "L1", "l2": "L2"}

_CELL = {"strength": "lambda", "learning_rate_init": "learning rate"}

# What the text calls small: the lower half of the strengths, the lowest two rates.
_WEAK, _SLOW = 1e-4, 0.01


def section(study: Study, others: Mapping[str, Study]) -> Section:
    """Build the section."""
    return Section(
        study=study,
        claims=judge(study, _CLAIMS),
        tables=[_table_v(study), _all_networks(study), _unpenalized(study)],
        pictures=[
            _heat_map(study, activation, norm)
            for activation in _FIGURES
            for norm in _NORMS
        ],
    )


def penalized(rows: pd.DataFrame) -> pd.DataFrame:
    """Name the penalty of every network of the axes.

    Parameters
    ----------
    rows : DataFrame
        The study's rows.

    Returns
    -------
    DataFrame
        With ``norm``, "l1", "l2" or "none", and ``strength``, which is 0 without one.
    """
    return _named(grid(rows))


def _named(networks: pd.DataFrame) -> pd.DataFrame:
    """Turn the settings l1 and l2 into a norm and its strength."""
    norm = np.select([networks[name].notna() for name in _NORMS], list(_NORMS), "none")
    strength = networks[list(_NORMS)].max(axis="columns").fillna(0.0)
    return networks.assign(norm=norm, strength=strength)


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


def _words(cell: Mapping[str, Any] | pd.Series[Any]) -> str:
    """Write a network's penalty and learning rate."""
    rate = f"rate {cell['learning_rate_init']:g}"
    if cell["norm"] == "none":
        return f"no penalty, {rate}"
    return f"{_NORMS[cell['norm']]} {cell['strength']:g}, {rate}"


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
                "network": f"{ACTIVATIONS[activation]}, {_words(spot)}: {words}",
                **summary(networks, theirs, metric),
            }
            row["same conclusion?"] = (
                best_as_printed(with_one, place, metric, len(with_one) // _seeds(study))
                if words == "best in the report"
                else as_low(networks[metric], printed[metric], _MARGIN)
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
        f"most {_MARGIN} times that of Table V? Lowest here: chosen by the same test "
        "set, so its error is biased downwards, as in the report.",
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
    beside = tables.beside_published(
        rows, printed.assign(train_mse=np.nan), labels, printed_ols(study.metric),
        study.metric,
    )  # fmt: skip
    beside = beside.replace({"activation": ACTIVATIONS, "norm": _NORMS})
    return Table(
        "networks",
        f"All {len(printed)} penalized networks",
        beside.rename(columns=_CELL).dropna(axis="columns", how="all"),
        "Published: as printed in Figs. 17 to 19, which give no training error. Same "
        "conclusion: does the network predict better than OLS?",
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
        f"{figure}: {study.measure} with an {_NORMS[norm]} penalty, "
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


def _lead(rows: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return the row with the lowest error."""
    return rows.sort_values(metric, na_position="last").iloc[:1]


def norms(rows: pd.DataFrame, activation: str, metric: str) -> dict[str, pd.DataFrame]:
    """Return the best row of each norm, and that without a penalty.

    Parameters
    ----------
    rows : DataFrame
        The study's rows of one seed.
    activation, metric : str

    Returns
    -------
    dict
        "l1", "l2" and "none" to one row of :func:`penalized`.
    """
    own = of(penalized(rows), activation=activation)
    return {name: _lead(of(own, norm=name), metric) for name in (*_NORMS, "none")}


def _found(row: pd.DataFrame, metric: str) -> str:
    """Write a network and its error."""
    return f"{sig(lowest(row, metric))} ({_words(row.iloc[0])})"


def _l1_beats_l2(activation: str) -> Test:
    """Compare the best of both norms."""

    def test(study: Study, rows: pd.DataFrame) -> Finding:
        best = norms(rows, activation, study.metric)
        errors = [lowest(best[name], study.metric) for name in _NORMS]
        words = " and ".join(_found(best[name], study.metric) for name in _NORMS)
        return tables.lower(*errors), f"lowest {study.measure}: {words}"

    return test


def _norms_alike(study: Study, rows: pd.DataFrame) -> Finding:
    """Ask whether ReLU's best of both norms tie."""
    answer, text = _l1_beats_l2("relu")(study, rows)
    return answer is None, text


def _best_region(activation: str, low: float, high: float) -> Test:
    """Ask whether the best network has a weak penalty and a rate in this interval."""

    def test(study: Study, rows: pd.DataFrame) -> Finding:
        own = of(penalized(rows), activation=activation)
        own = own[own["norm"] != "none"]
        inside = own["strength"].le(_WEAK) & own["learning_rate_init"].between(
            low, high
        )
        best = [_lead(part, study.metric) for part in (own[inside], own[~inside])]
        errors = [lowest(row, study.metric) for row in best]
        words = " and ".join(_found(row, study.metric) for row in best if len(row))
        return tables.lower(*errors), f"lowest there and elsewhere: {words}"

    return test


def _insensitive(study: Study, rows: pd.DataFrame) -> Finding:
    """Ask whether sigmoid's error with L2 ties over all strengths, rate by rate."""
    own = of(penalized(rows), activation="sigmoid", norm="l2")
    answers, parts = [], []
    for rate, cells in own.groupby("learning_rate_init"):
        errors = cells[study.metric]
        span = errors.min(), errors.max(skipna=False)
        answers.append(tables.lower(*span) is None)
        parts.append(f"{sig(span[0])} to {sig(span[1])} at {rate:g}")
    return mostly(answers), f"over all lambda, by learning rate: {', '.join(parts)}"


def _little_benefit(activation: str) -> Test:
    """Ask whether the best penalty does no better than none."""

    def test(study: Study, rows: pd.DataFrame) -> Finding:
        best = norms(rows, activation, study.metric)
        errors = {name: lowest(row, study.metric) for name, row in best.items()}
        helped = tables.lower(min(errors["l1"], errors["l2"]), errors["none"])
        words = ", ".join(_found(row, study.metric) for row in best.values())
        return helped is not True, f"lowest {study.measure}: {words}"

    return test


def _explodes(study: Study, rows: pd.DataFrame) -> Finding:
    """Count leaky ReLU's networks above the ceiling at the high rates."""
    own = of(penalized(rows), activation="leaky_relu")
    lost = ~(own[study.metric] <= CEILING)
    fast = own["learning_rate_init"] >= 1
    shares = [(int(lost[part].sum()), int(part.sum())) for part in (fast, ~fast)]
    words = " and ".join(f"{count} of {size}" for count, size in shares)
    answer = mostly(list(lost[fast]))
    return answer, (
        f"{study.measure} above {CEILING:g}, or diverged, at rates from 1 and below: "
        f"{words}"
    )


def _harms(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare strong penalties with none at the rates from 0.01 to 0.1."""
    own = of(penalized(rows), activation="leaky_relu")
    own = own[own["learning_rate_init"].between(0.01, 0.1)]
    none = _lead(of(own, norm="none"), study.metric)
    strong = _lead(own[own["strength"] >= 0.01], study.metric)
    errors = lowest(none, study.metric), lowest(strong, study.metric)
    return tables.lower(*errors), (
        f"lowest without a penalty {_found(none, study.metric)}, with lambda of at "
        f"least 0.01 {_found(strong, study.metric)}"
    )


def _worsened(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare the best penalized network with none at Table IV's rate, 0.01."""
    answers, lines = [], []
    for name in _FIGURES:
        own = of(penalized(rows), activation=name)
        best = _lead(own[own["norm"] != "none"], study.metric)
        none = of(own, norm="none", learning_rate_init=_SLOW)
        pairs = [(lowest(none, m), lowest(best, m)) for m in ("train_mse", "test_mse")]
        answers += [tables.lower(*pair) for pair in pairs]
        train, test = (f"{sig(a)} and {sig(b)}" for a, b in pairs)
        lines.append(f"{ACTIVATIONS[name]}: train {train}, test {test}")
    return mostly(answers), (
        f"without a penalty and with the best: {counted(answers)}\n" + "\n".join(lines)
    )


def _l1_lower(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare the best of both norms for all three networks."""
    found = {name: _l1_beats_l2(name)(study, rows) for name in _FIGURES}
    lines = [f"{ACTIVATIONS[name]}: {text}" for name, (_, text) in found.items()]
    answers = [answer for answer, _ in found.values()]
    return mostly(answers), "\n".join([counted(answers), *lines])


_TEXT = "section IV.C"
_CLAIMS: list[tuple[str, str, Test]] = [
    ("Penalties generally worsen both training and test MSE of the best "
     "architectures.", "Tables IV and V", _worsened),
    ("Sigmoid: L1 slightly outperforms L2.", "Fig. 17", _l1_beats_l2("sigmoid")),
    ("Sigmoid: the lowest error has a small lambda (up to 1e-4) and a small learning "
     "rate (up to 0.01).", "Fig. 17", _best_region("sigmoid", 0.0, _SLOW)),
    ("Sigmoid: L2 shows minimal sensitivity to lambda.", "Fig. 17", _insensitive),
    ("Sigmoid generalizes as well without a penalty.", _TEXT,
     _little_benefit("sigmoid")),
    ("ReLU is largely insensitive to the choice of the norm.", "Fig. 18",
     _norms_alike),
    ("ReLU: the best has a low lambda (up to 1e-4) and a low learning rate (up to "
     "0.01).", "Fig. 18", _best_region("relu", 0.0, _SLOW)),
    ("ReLU: a penalty provides little benefit.", "Fig. 18", _little_benefit("relu")),
    ("Leaky ReLU: high learning rates (1 and more) make the error explode.",
     "Fig. 19", _explodes),
    ("Leaky ReLU: the best has a learning rate of 0.01 to 0.1 and a small lambda (up "
     "to 1e-4).", "Fig. 19", _best_region("leaky_relu", 0.01, 0.1)),
    ("Leaky ReLU: L1 again slightly outperforms L2.", "Fig. 19",
     _l1_beats_l2("leaky_relu")),
    ("Leaky ReLU: a penalty provides limited benefit.", "Fig. 19",
     _little_benefit("leaky_relu")),
    ("Leaky ReLU: excessive penalties harm, here lambda of at least 0.01.", "Fig. 19",
     _harms),
    ("The L1 norm yields slightly lower test errors than L2.", "section IV.C.1",
     _l1_lower),
]  # fmt: skip
