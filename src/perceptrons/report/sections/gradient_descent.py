"""Table I and Figs. 2 and 5: OLS and two networks trained by gradient descent."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from perceptrons.report import figures, ties
from perceptrons.report.beside import beside_published
from perceptrons.report.claims import Finding, Row, pick_one, sig
from perceptrons.report.contests import contest
from perceptrons.report.picks import NETWORKS, OLS, of, pick
from perceptrons.report.section import Picture, Table
from perceptrons.report.study import Study
from perceptrons.report.tables import histories, published

# Rows of Table I as its file names them: OLS, then the networks.
_PRINTED = ("ols_degree_8", "one_layer_50", "two_layer_50_100")


def tables(study: Study) -> list[Table]:
    """Set Table I beside our numbers."""
    names = _models(study)
    printed = published("gradient_descent_mse")
    printed["model"] = printed["model"].map(dict(zip(_PRINTED, names, strict=True)))
    printed_ols = pick_one(printed, study.metric, model=names[0])
    beside = beside_published(study, printed, ["model"], printed_ols)
    return [
        Table(
            "table-1",
            "Table I: MSE of OLS and of networks trained by gradient descent",
            beside,
            "Same conclusion: does the model predict better than OLS?",
        )
    ]


def _models(study: Study) -> tuple[str, str, str]:
    """Return the names of OLS and of the networks with one and two layers."""
    (ols,) = study.models("ols")
    one, two = study.models("network")
    return ols, one, two


def pictures(study: Study) -> list[Picture]:
    """Draw Figs. 2 and 5."""
    return [
        Picture(
            "figure-2",
            "Fig. 2: cost histories",
            "Training cost, eq. (6), at each epoch of full-batch gradient descent; of "
            "a long history about 400 epochs are drawn.",
            histories(study.chosen(procedure="network"), "cost", "model"),
            lambda data: figures.histories(
                data, "training cost (mean squared error)", "model"
            ),
        ),
        Picture(
            "figure-5",
            "Fig. 5: predictions",
            f"Predictions for the test set of seed {study.seeds[0]}, over its noisy "
            "points and the function behind them.",
            study.predictions(of(study.table, seed=study.seeds[0]), "model"),
            figures.predictions,
        ),
    ]


def _curve(study: Study, rows: pd.DataFrame, model: str, name: str) -> Any:
    """Return one curve of a model, in the rows of one seed."""
    return study.curves(rows.loc[rows["model"] == model, "key"].item())[name]


def _faster(study: Study, rows: pd.DataFrame) -> Finding:
    """Count the epochs to the one layer's final cost."""
    costs = (_curve(study, rows, m, "cost") for m in study.models("network"))
    one, two = (cost if cost.size else np.array([np.nan]) for cost in costs)
    reached = np.flatnonzero(two <= one[-1])
    goal = f"the one layer's final cost, {sig(one[-1])}"
    if not reached.size:
        missed = ties.lower(one[-1], two.min())
        return (False if missed else None), (
            f"two layers never reach {goal}, in {len(two)} epochs; their lowest is "
            f"{sig(two.min())}"
        )
    return ties.lower(reached[0] + 1, len(one)), (
        f"two layers reach {goal}, in {reached[0] + 1} epochs; one layer in {len(one)}"
    )


_ONE, _TWO = pick("one layer", layers=1), pick("two layers", layers=2)
CLAIMS = [
    contest("Training lowers the cost of both networks.", "Fig. 2",
            pick("last", measure="last_cost"), pick("first", measure="first_cost"),
            among=NETWORKS, each=["model"]),
    contest("The two-layer network reaches a lower final cost.", "Fig. 2", _TWO, _ONE,
            among=NETWORKS, measures=["train_mse"]),
    Row("The two-layer network converges faster.", "Fig. 2", _faster),
    contest("OLS predicts better than both networks trained by gradient descent.",
            "Table I", OLS, [_ONE, _TWO], among=NETWORKS),
    contest("Networks mitigate the fluctuations of polynomials near the ends of the "
            "interval.", "Fig. 5", [_ONE, _TWO], OLS, among=NETWORKS,
            measures=["edge"]),
]  # fmt: skip
