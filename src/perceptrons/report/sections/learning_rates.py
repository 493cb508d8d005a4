"""Fig. 3: gradient descent over learning rates."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import pandas as pd

from perceptrons.report import figures, tables
from perceptrons.report.claims import Finding, Test, all_of, judge, pick, sig
from perceptrons.report.section import Picture, Section, Table
from perceptrons.report.sections.rates import listing, long_table, trend
from perceptrons.report.study import Study

_ONE, _TWO = "network 50", "network 50, 100"


def section(study: Study, others: Mapping[str, Study]) -> Section:
    """Build the section."""
    table = study.table
    networks = table[table["procedure"] == "network"]
    ols = table[table["procedure"] == "ols"]["test_mse"].mean()
    fewer_epochs = partial(_fewer_epochs, descent=others.get("gradient-descent"))
    claims: list[tuple[str, Test]] = [
        ("Increasing the learning rate only gives better results.", _only_better),
        ("The highest rate, 2.0, gives the best test score of both networks.",
         _highest_best),
        ("With higher rates the one-layer network does better even with fewer epochs.",
         fewer_epochs),
    ]  # fmt: skip
    return Section(
        study=study,
        claims=judge(study, [(text, "Fig. 3", test) for text, test in claims]),
        tables=[
            Table(
                "figure-3-table",
                "MSE at every learning rate",
                tables.own_results(networks, ["model", "learning_rate_init"]),
                "The report prints no numbers for Fig. 3. OLS of degree 8 has a test "
                f"MSE of {sig(ols)} on the same data.",
            )
        ],
        pictures=[
            Picture(
                "figure-3",
                "Fig. 3: MSE against the learning rate",
                "Error of both networks on the training and the test set. A cross "
                "marks training that diverged.",
                long_table(table, "model"),
                lambda data: figures.against_rate(data, "model", ols),
            )
        ],
    )


def _of(rows: pd.DataFrame, model: str) -> pd.DataFrame:
    """Return the rows of one network, by learning rate."""
    return rows[rows["model"] == model].sort_values("learning_rate_init")


def _only_better(study: Study, rows: pd.DataFrame) -> Finding:
    """Follow the test error of both networks over the rates."""
    found = {m: trend(_of(rows, m), falling=True) for m in (_ONE, _TWO)}
    lines = [f"{m}: {evidence}" for m, (_, evidence) in found.items()]
    answer = all_of([answer for answer, _ in found.values()])
    return answer, "\n".join(lines)


def _highest_best(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare the highest rate with the best of the others."""
    answers, lines = [], []
    for model in (_ONE, _TWO):
        cells = _of(rows, model)
        highest, others = cells.iloc[-1:], cells.iloc[:-1]
        answers.append(
            tables.lower(highest["test_mse"].item(), others["test_mse"].min())
        )
        best = cells.sort_values("test_mse").iloc[:1]
        lines.append(f"{model}: lowest {listing(best)}; {listing(highest)}")
    return all_of(answers), "\n".join(lines)


def _fewer_epochs(
    study: Study, rows: pd.DataFrame, *, descent: Study | None
) -> Finding:
    """Compare short training at high rates with the long one at 0.01."""
    if descent is None:
        return None, "needs the study gradient-descent in the same report"
    seed = rows["seed"].iloc[0]
    long = pick(descent.table, "test_mse", model=_ONE, seed=seed)
    epochs = pick(descent.table, "epochs", model=_ONE, seed=seed)
    cells = _of(rows, _ONE)
    fast = cells[cells["learning_rate_init"] > 0.01]
    return tables.lower(fast["test_mse"].min(), long), (
        f"{fast['max_iter'].max():.0f} epochs: {listing(fast)}\n"
        f"{epochs:.0f} epochs: {sig(long)} at 0.01"
    )
