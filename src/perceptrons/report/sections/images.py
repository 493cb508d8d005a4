"""What the studies of handwritten digits share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import pandas as pd

from perceptrons.data import DATASETS
from perceptrons.report import tables
from perceptrons.report.claims import Finding, Row, Test
from perceptrons.report.sections.grids import times_best
from perceptrons.report.study import Study

_MEASURES = ["train_accuracy", "test_accuracy", "n_parameters", "seconds"]

_HEADINGS = {
    "hidden_layer_sizes": "hidden layers",
    "learning_rate_init": "learning rate",
    "train_accuracy": "train accuracy",
    "test_accuracy": "test accuracy",
    "n_parameters": "parameters",
    "spread": "spread of test accuracy",
}


def is_mnist(study: Study) -> bool:
    """Tell whether the study ran on MNIST, not on its stand-in."""
    return DATASETS[study.experiment.dataset].files


def hints(study: Study) -> list[str]:
    """Say what stood in for MNIST, and how to get that."""
    if is_mnist(study):
        return []
    return [
        f"Not MNIST: {DATASETS[study.experiment.dataset].description} MNIST's files "
        "were not at hand, or not read because of --quick. Name their folder by --data "
        "or the environment variable PERCEPTRONS_DATA, or let perceptrons report, "
        "without --quick, download them. Nothing the report prints about MNIST can be "
        "judged by the numbers here."
    ]


def title(study: Study, text: str) -> str:
    """Return the title of a table or figure, which on the stand-in says so."""
    if is_mnist(study):
        return text
    return f"{DATASETS[study.experiment.dataset].label}, as in {text}"


def accuracies(study: Study) -> pd.DataFrame:
    """Return the study's table with ``train_accuracy`` and ``test_accuracy``."""
    parts = {
        f"{p}_accuracy": 1.0 - study.table[f"{p}_error"] for p in ("train", "test")
    }
    return study.table.assign(**parts)


def over_seeds(table: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Average accuracies over seeds; with several, say how often each is best.

    Parameters
    ----------
    table : DataFrame
        From :func:`accuracies`.
    by : sequence of str
        Columns that tell one row of the result from another.

    Returns
    -------
    DataFrame
        Headed for the page; ``best in seeds`` counts the seeds in which a row has the
        lowest test error.
    """
    ours = tables.over_seeds(table, by, "test_error", _MEASURES)
    if table["seed"].nunique() > 1:
        wins = times_best(table, by, "test_error").rename("wins").reset_index()
        won = ours[list(by)].merge(wins, how="left", on=list(by))["wins"]
        ours.insert(len(by), "best in seeds", won.fillna(0).astype(int).to_numpy())
        return ours.rename(columns=_HEADINGS)
    return ours.drop(columns=["spread", "seeds"]).rename(columns=_HEADINGS)


def decided(test: Test) -> Test:
    """Let a test decide on MNIST alone: of the stand-in it only tells the numbers."""

    def ask(study: Study, rows: pd.DataFrame) -> Finding:
        answer, text = test(study, rows)
        if is_mnist(study):
            return answer, text
        label = DATASETS[study.experiment.dataset].label
        return None, f"the claim is about MNIST; {label}: {text}"

    return ask


def claims(rows: Iterable[Row]) -> list[Row]:
    """Let rows decide on MNIST alone."""
    return [
        row if isinstance(row.test, str) else replace(row, test=decided(row.test))
        for row in rows
    ]


def percent(error: float) -> str:
    """Write the accuracy that belongs to an error, in percent."""
    return "diverged" if pd.isna(error) else f"{100 * (1 - error):.2f} %"
