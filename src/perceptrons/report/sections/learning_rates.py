"""Fig. 3: gradient descent over learning rates."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import pandas as pd

from perceptrons.report import figures, tables, ties
from perceptrons.report.claims import Finding, Test, all_of, judge, pick, sig
from perceptrons.report.section import Picture, Section, Table
from perceptrons.report.sections.rates import listing, long_table, trend
from perceptrons.report.study import Study


def section(study: Study, others: Mapping[str, Study]) -> Section:
    """Build the section."""
    table = study.table
    networks = table[table["kind"] == "network"]
    (name,) = study.models("ols")
    ols = table[table["kind"] == "ols"]
    ols_error = ols[study.metric].mean()
    ols_test = ols["test_mse"].mean()
    fewer_epochs = partial(_fewer_epochs, descent=others.get("gradient-descent"))
    claims: list[tuple[str, Test]] = [
        ("Increasing the learning rate only gives better results.", _only_better),
        ("The highest rate, 2.0, gives the best test score of both networks.",
         _highest_best),
        ("With higher rates the one-layer network does better even with fewer epochs; "
         "here at the rate with the lowest {measure}.",
         fewer_epochs),
    ]  # fmt: skip
    return Section(
        study=study,
        claims=judge(study, [(text, "Fig. 3", test) for text, test in claims]),
        tables=[
            Table(
                "figure-3-table",
                "MSE at every learning rate",
                tables.own_results(
                    networks, ["model", "learning_rate_init"], study.metric
                ),
                f"The report prints no numbers for Fig. 3. On the same data {name} has "
                f"{study.measure} {sig(ols_error)}.",
            )
        ],
        pictures=[
            Picture(
                "figure-3",
                "Fig. 3: MSE against the learning rate",
                "Error of both networks on the training and the test set. A cross "
                "marks training that diverged.",
                long_table(table, "model"),
                lambda data: figures.against_rate(data, "model", ols_test),
            )
        ],
    )


def _of(rows: pd.DataFrame, model: str) -> pd.DataFrame:
    """Return the rows of one network, by learning rate."""
    return rows[rows["model"] == model].sort_values("learning_rate_init")


def _only_better(study: Study, rows: pd.DataFrame) -> Finding:
    """Follow the error of both networks over the rates."""
    found = {
        model: trend(study, _of(rows, model), falling=True)
        for model in study.models("network")
    }
    lines = [f"{m}: {evidence}" for m, (_, evidence) in found.items()]
    answer = all_of([answer for answer, _ in found.values()])
    return answer, "\n".join(lines)


def _highest_best(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare the highest rate with the best of the others."""
    answers, lines = [], []
    metric = study.metric
    for model in study.models("network"):
        cells = _of(rows, model)
        highest, others = cells.iloc[-1:], cells.iloc[:-1]
        answers.append(ties.lower(study.lowest(highest), study.lowest(others)))
        best = cells.sort_values(metric).iloc[:1]
        lines.append(
            f"{model}: lowest {listing(study, best)}; {listing(study, highest)}"
        )
    return all_of(answers), "\n".join(lines)


def _fewer_epochs(
    study: Study, rows: pd.DataFrame, *, descent: Study | None
) -> Finding:
    """Compare short training at high rates with the long one at 0.01."""
    if descent is None:
        return None, "needs the study gradient-descent in the same report"
    seed = rows["seed"].iloc[0]
    one = study.models("network")[0]
    of_seed = descent.table[descent.table["seed"] == seed]
    long = descent.lowest(of_seed[of_seed["model"] == one], study.metric)
    epochs = pick(descent.table, "epochs", model=one, seed=seed)
    cells = _of(rows, one)
    fast = cells[cells["learning_rate_init"] > 0.01]
    short = study.lowest(fast)
    return ties.lower(short, long), (
        f"{fast['max_iter'].max():.0f} epochs: {listing(study, fast)}\n"
        f"{epochs:.0f} epochs: {sig(long)} at 0.01, {ties.apart(short, long)} from the "
        "lowest"
    )
