"""Table I and Figs. 2 and 5: OLS and two networks trained by gradient descent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from perceptrons.report import figures, tables, ties
from perceptrons.report.beside import beside_published
from perceptrons.report.claims import Finding, Test, all_of, judge, pick, sig
from perceptrons.report.section import Picture, Section, Table
from perceptrons.report.study import Study, dataset

# Rows of Table I as its file names them: OLS, then the networks.
_PRINTED = ("ols_degree_8", "one_layer_50", "two_layer_50_100")


def section(study: Study, others: Mapping[str, Study]) -> Section:
    """Build the section."""
    names = _models(study)
    printed = tables.published("gradient_descent_mse")
    printed["model"] = printed["model"].map(dict(zip(_PRINTED, names, strict=True)))
    metric = study.metric
    printed_ols = pick(printed, metric, model=names[0])
    beside = beside_published(study, study.table, printed, ["model"], printed_ols)
    return Section(
        study=study,
        claims=judge(study, _CLAIMS),
        tables=[
            Table(
                "table-1",
                "Table I: MSE of OLS and of networks trained by gradient descent",
                beside,
                "Same conclusion: does the model predict better than OLS?",
            )
        ],
        pictures=_pictures(study),
    )


def _models(study: Study) -> tuple[str, str, str]:
    """Return the names of OLS and of the networks with one and two layers."""
    (ols,) = study.models("ols")
    one, two = study.models("network")
    return ols, one, two


def _pictures(study: Study) -> list[Picture]:
    """Draw Figs. 2 and 5."""
    return [
        Picture(
            "figure-2",
            "Fig. 2: cost histories",
            "Training cost, eq. (6), at each epoch of full-batch gradient descent; of "
            "a long history about 400 epochs are drawn.",
            tables.histories(study.chosen(procedure="network"), "cost", "model"),
            lambda data: figures.histories(
                data, "training cost (mean squared error)", "model"
            ),
        ),
        Picture(
            "figure-5",
            "Fig. 5: predictions",
            f"Predictions for the test set of seed {study.seeds[0]}, over its noisy "
            "points and the function behind them.",
            _predictions(study),
            figures.predictions,
        ),
    ]


def _predictions(study: Study) -> pd.DataFrame:
    """Return the first seed's predictions, ordered by x."""
    data = dataset(study.experiment.dataset, study.seeds[0])
    columns = {"x": data.X_test[:, 0], "y": data.y_test, "f": data.f_test}
    rows = study.table[study.table["seed"] == study.seeds[0]]
    columns |= {
        model: _curve(study, rows, model, "predicted") for model in _models(study)
    }
    return pd.DataFrame(columns).sort_values("x", ignore_index=True)


def _curve(study: Study, rows: pd.DataFrame, model: str, name: str) -> Any:
    """Return one curve of a model, in the rows of one seed."""
    return study.curves(rows.loc[rows["model"] == model, "key"].item())[name]


def _cost(study: Study, rows: pd.DataFrame, model: str) -> Any:
    """Return the cost history of a model, one NaN if no epoch was finite."""
    cost = _curve(study, rows, model, "cost")
    return cost if cost.size else np.array([np.nan])


def _improves(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare the first and the last cost."""
    ends = {m: _cost(study, rows, m)[[0, -1]] for m in study.models("network")}
    text = "\n".join(f"{m}: {sig(a)} to {sig(b)}" for m, (a, b) in ends.items())
    return all_of([ties.lower(b, a) for a, b in ends.values()]), text


def _lower_cost(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare the final training errors."""
    one, two = (
        study.lowest(rows[rows["model"] == model], "train_mse")
        for model in study.models("network")
    )
    return ties.lower(two, one), (
        f"train MSE {sig(two)} with two layers, {sig(one)} with one, "
        f"{ties.apart(one, two)}"
    )


def _faster(study: Study, rows: pd.DataFrame) -> Finding:
    """Count the epochs to the one layer's final cost."""
    one, two = (_cost(study, rows, m) for m in study.models("network"))
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


def _ols_wins(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare the errors of both networks with that of OLS."""
    errors = {m: study.lowest(rows[rows["model"] == m]) for m in _models(study)}
    text = f"{study.measure}: " + "; ".join(f"{m} {sig(v)}" for m, v in errors.items())
    ols, *networks = errors.values()
    return all_of([ties.lower(ols, error) for error in networks]), text


_CLAIMS: list[tuple[str, str, Test]] = [
    ("Training lowers the cost of both networks.", "Fig. 2", _improves),
    ("The two-layer network reaches a lower final cost.", "Fig. 2", _lower_cost),
    ("The two-layer network converges faster.", "Fig. 2", _faster),
    ("OLS predicts better than both networks trained by gradient descent.", "Table I",
     _ols_wins),
]  # fmt: skip
