"""Tables II and III and Fig. 4: plain SGD, RMSProp and Adam over learning rates."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from perceptrons.report import figures, tables, ties
from perceptrons.report.beside import beside_published
from perceptrons.report.claims import (
    Finding,
    Test,
    all_of,
    judge,
    pick,
    sig,
    unrest,
)
from perceptrons.report.gaps import Gap
from perceptrons.report.section import Picture, Section, Table
from perceptrons.report.sections.rates import listing, long_table, trend
from perceptrons.report.study import Study

_LABELS = ["hidden_layer_sizes", "solver", "learning_rate_init"]


def section(study: Study, others: Mapping[str, Study]) -> Section:
    """Build the section."""
    one, two = _sizes(study)
    pairs = zip(_pictures(study, "a", one), _pictures(study, "b", two), strict=True)
    return Section(
        study=study,
        claims=judge(study, _CLAIMS),
        tables=[_table(study, "II", one), _table(study, "III", two)],
        pictures=[picture for pair in pairs for picture in pair],
    )


def _sizes(study: Study) -> dict[str, str]:
    """Return the hidden layers of both networks and what they are called."""
    networks = study.table[study.table["kind"] == "network"]
    one, two = dict.fromkeys(networks["hidden_layer_sizes"])
    return {one: f"one layer ({one})", two: f"two layers ({two})"}


def _table(study: Study, number: str, size: str) -> Table:
    """Set Table II or III beside our numbers."""
    printed = tables.published("optimizers_mse").rename(
        columns={
            "hidden_layers": "hidden_layer_sizes",
            "optimizer": "solver",
            "learning_rate": "learning_rate_init",
        }
    )
    printed["hidden_layer_sizes"] = printed["hidden_layer_sizes"].str.replace(",", ", ")
    printed = printed[printed["hidden_layer_sizes"] == size]
    ols = tables.published("gradient_descent_mse")
    printed_ols = pick(ols, study.metric, model="ols_degree_8")
    beside = beside_published(study, study.table, printed, _LABELS, printed_ols)
    return Table(
        f"table-{number.lower()}",
        f"Table {number}: {_sizes(study)[size]}, optimizers and learning rates",
        beside.drop(columns="hidden layers"),
        "Same conclusion: does the network predict better than OLS?",
    )


def _pictures(study: Study, letter: str, size: str) -> list[Picture]:
    """Draw errors, and cost and mean G_t of RMSProp, for one network."""
    of_size = study.table[study.table["hidden_layer_sizes"] == size]
    rmsprop = study.chosen(hidden_layer_sizes=size, solver="rmsprop")
    ols = study.table[study.table["kind"] == "ols"]["test_mse"].mean()
    words = _sizes(study)[size]
    number = "II" if letter == "a" else "III"
    return [
        Picture(
            f"figure-4{letter}-cost",
            f"Fig. 4: RMSProp's cost histories, {words}",
            "Mean cost of each epoch's batches at four learning rates.",
            tables.histories(rmsprop, "cost", "learning_rate_init"),
            lambda data: figures.histories(
                data, "training cost (mean squared error)", "learning rate"
            ),
        ),
        Picture(
            f"figure-4{letter}-mean-square",
            f"RMSProp's mean G_t, {words}",
            "Mean over all parameters of the running mean of squared gradients, eq. "
            "(24), after each epoch; the report explains Fig. 4 by it.",
            tables.histories(rmsprop, "mean_square", "learning_rate_init"),
            lambda data: figures.histories(
                data, "mean G_t (squared gradient)", "learning rate"
            ),
        ),
        Picture(
            f"optimizers-{letter}",
            f"MSE against the learning rate, {words}",
            f"The numbers of Table {number}. A cross marks training that diverged.",
            long_table(of_size, "solver"),
            lambda data: figures.against_rate(data, "optimizer", ols),
        ),
    ]


def _both(test: Test) -> Test:
    """Ask of both networks."""

    def ask(study: Study, rows: pd.DataFrame) -> Finding:
        answers, lines = [], []
        for size, words in _sizes(study).items():
            cells = rows[rows["hidden_layer_sizes"] == size]
            answer, text = test(study, cells)
            answers.append(answer)
            lines.append(f"{words}: {text}")
        return all_of(answers), "\n".join(lines)

    return ask


def _of(rows: pd.DataFrame, solver: str) -> pd.DataFrame:
    """Return the rows of one optimizer, by learning rate."""
    return rows[rows["solver"] == solver].sort_values("learning_rate_init")


def _best(study: Study, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the row that is lowest in the study's measure."""
    return rows.sort_values(study.metric, na_position="last").iloc[:1]


def _best_of_both(study: Study, rows: pd.DataFrame) -> list[pd.DataFrame]:
    """Return the best row of the one-layer and of the two-layer network."""
    return [
        _best(study, rows[rows["hidden_layer_sizes"] == size]) for size in _sizes(study)
    ]


def _sgd_gains(study: Study, rows: pd.DataFrame) -> Finding:
    """Follow the error of plain SGD over the rates."""
    return trend(study, _of(rows, "sgd"), falling=True)


def _rmsprop_loses(study: Study, rows: pd.DataFrame) -> Finding:
    """Follow the error of RMSProp over the rates."""
    return trend(study, _of(rows, "rmsprop"), falling=False)


def _unrest(curves: dict[str, Any]) -> float:
    """Return how much the cost jumps from epoch to epoch."""
    return unrest(curves["cost"])


def _mean_square(curves: dict[str, Any]) -> float:
    """Return the median over epochs of the mean G_t, NaN without an epoch."""
    values = curves["mean_square"]
    return float(np.median(values)) if len(values) else math.nan


def _per_rate(
    study: Study, cells: pd.DataFrame, measure: Callable[[dict[str, Any]], float]
) -> tuple[list[float], str]:
    """Measure the curves at every learning rate."""
    values = [measure(study.curves(key)) for key in cells["key"]]
    pairs = zip(values, cells["learning_rate_init"], strict=True)
    return values, ", ".join(f"{sig(value)} at {rate:g}" for value, rate in pairs)


def _small_squares(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare the mean G_t at every rate with that at the lowest."""
    values, text = _per_rate(study, _of(rows, "rmsprop"), _mean_square)
    return all_of([ties.lower(v, values[0]) for v in values[1:]]), text


def _unstable(solver: str) -> Test:
    """Ask whether the cost jumps more at every rate above the lowest."""

    def test(study: Study, rows: pd.DataFrame) -> Finding:
        values, text = _per_rate(study, _of(rows, solver), _unrest)
        return all_of([ties.lower(values[0], v) for v in values[1:]]), text

    return test


def _rmsprop_beats_ols(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare RMSProp at the lowest rate with OLS."""
    of_seed = study.table[study.table["seed"] == rows["seed"].iloc[0]]
    ols = study.lowest(of_seed[of_seed["kind"] == "ols"])
    error = study.lowest(_of(rows, "rmsprop").iloc[:1])
    text = f"{sig(error)}, OLS {sig(ols)}, {ties.apart(error, ols)}"
    return ties.lower(error, ols), text


def _adam_best(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare every optimizer at its best rate."""
    best = {solver: _best(study, _of(rows, solver)) for solver in tables.OPTIMIZERS}
    text = "; ".join(
        f"{tables.OPTIMIZERS[s]} {listing(study, row)}" for s, row in best.items()
    )
    errors = {solver: study.lowest(row) for solver, row in best.items()}
    adam = errors.pop("adam")
    rest = min(errors.values(), key=ties.worst_last)
    return all_of([ties.lower(adam, other) for other in errors.values()]), (
        f"{text}; Adam and the lowest of the others are {ties.apart(adam, rest)}"
    )


def _two_better(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare the best of both networks."""
    one, two = map(study.lowest, _best_of_both(study, rows))
    return ties.lower(two, one), (
        f"best {study.measure} {sig(two)} with two layers, {sig(one)} with one, "
        f"{ties.apart(one, two)}"
    )


def _larger_gap(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare test minus train error of the best of both networks."""
    one, two = (Gap.of(study, row) for row in _best_of_both(study, rows))
    return one.narrower(two), (
        f"test minus train MSE of the best: {sig(two.size)} with two layers, "
        f"{sig(one.size)} with one"
    )


def _two_layer_adam(study: Study, rows: pd.DataFrame) -> Finding:
    """Measure the unrest of Adam in the two-layer network."""
    _, two = _sizes(study)
    return _unstable("adam")(study, rows[rows["hidden_layer_sizes"] == two])


_TABLES = "Tables II and III"
_CLAIMS: list[tuple[str, str, Test]] = [
    ("Plain SGD does better with a higher learning rate.", _TABLES, _both(_sgd_gains)),
    ("RMSProp does worse with a higher learning rate.", _TABLES, _both(_rmsprop_loses)),
    ("RMSProp is unstable at the higher rates: its cost jumps more from epoch to epoch "
     "than at the lowest rate (mean change of ln cost).", "Fig. 4",
     _both(_unstable("rmsprop"))),
    ("At high rates RMSProp's G_t become small: below that at the lowest rate (median "
     "over epochs).", "section IV.A.1", _both(_small_squares)),
    ("RMSProp at the lowest rate beats OLS.", _TABLES, _both(_rmsprop_beats_ols)),
    ("Adam is the best performer at its best rate, each optimizer's rate chosen by "
     "{measure}.", _TABLES, _both(_adam_best)),
    ("The two-layer network performs better, each with the optimizer and rate chosen "
     "by {measure}.", _TABLES, _two_better),
    ("Adam is unstable at the higher rates in the two-layer network.", "Table III",
     _two_layer_adam),
    ("At its best, chosen by {measure}, the two-layer network has the larger gap "
     "between training and test error.", _TABLES, _larger_gap),
]  # fmt: skip
