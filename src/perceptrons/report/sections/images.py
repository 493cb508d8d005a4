"""What the studies of handwritten digits share."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import pandas as pd

from perceptrons.data import DATASETS
from perceptrons.report import tables, ties
from perceptrons.report.claims import Claim, Finding, Test, judge
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


def judge_mnist(study: Study, claims: Iterable[tuple[str, str, Test]]) -> list[Claim]:
    """Judge claims about MNIST; numbers of the stand-in decide nothing."""
    claims = list(claims)
    if not is_mnist(study):
        claims = [(text, source, _undecided(test)) for text, source, test in claims]
    return judge(study, claims)


def _undecided(test: Test) -> Test:
    """Keep what a test finds, but not its answer."""

    def ask(study: Study, rows: pd.DataFrame) -> Finding:
        label = DATASETS[study.experiment.dataset].label
        return None, f"the claim is about MNIST; {label}: {test(study, rows)[1]}"

    return ask


def count(study: Study, rows: pd.DataFrame, part: str) -> int:
    """Return the number of images of one part, "train" or "test".

    Parameters
    ----------
    study : Study
    rows : DataFrame
        Rows of one data set.
    part : str

    Returns
    -------
    int
        0 if all networks diverged.
    """
    counts = (study.curves(key)[f"{part}_confusion"].sum() for key in rows["key"])
    return max(map(int, counts), default=0)


def scatter(a: float, b: float, n: int) -> float:
    """Return two standard errors of the difference of two error shares.

    Of n images the networks get a n and b n wrong. The number that only one of them
    gets wrong is at most the sum of both, and so is the variance of the difference.
    """
    return 2.0 * math.sqrt((a + b) / n) if n else math.inf


def fewer(a: float, b: float, n: int) -> bool | None:
    """Tell whether a network gets fewer of the same n images wrong than another.

    Parameters
    ----------
    a, b : float
        Shares that the first and the other get wrong; NaN is the worst.
    n : int

    Returns
    -------
    bool or None
        None for a tie: within :func:`scatter`.
    """
    if math.isnan(a) or math.isnan(b):
        return ties.lower(a, b)
    return None if abs(a - b) <= scatter(a, b, n) else a < b


def percent(error: float) -> str:
    """Write the accuracy that belongs to an error, in percent."""
    return "diverged" if pd.isna(error) else f"{100 * (1 - error):.2f} %"
