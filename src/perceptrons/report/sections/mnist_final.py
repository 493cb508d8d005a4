"""Fig. 24 and Table VII: the final model, digit by digit."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from perceptrons.report import tables
from perceptrons.report.accuracy import confusion
from perceptrons.report.limits import LEAST_MNIST_ACCURACY
from perceptrons.report.section import Picture, Section, Table
from perceptrons.report.sections import images
from perceptrons.report.sections.images import percent
from perceptrons.report.sections.mnist_final_claims import (
    CLAIMS,
    FINAL,
    GOOD,
    HIGH,
    NAMES,
    PROGRAM,
    Counts,
    named,
    rates,
)
from perceptrons.report.study import Study
from perceptrons.report.tables import RUNS

_EPOCHS = 30


def section(study: Study, others: Mapping[str, Study]) -> Section:
    """Build the section."""
    table = named(study)
    shown = [role for role in (FINAL, PROGRAM) if (table["role"] == role).any()]
    pictures = [_picture(study, table, role, i) for i, role in enumerate(shown)]
    if images.is_mnist(study):
        pictures.insert(1, _published_picture())
    return Section(
        study=study,
        claims=images.judge_mnist(study, CLAIMS),
        tables=[
            _accuracy_table(study, table),
            *[_rates_table(study, table, role, i) for i, role in enumerate(shown)],
        ],
        pictures=pictures,
        hints=images.hints(study),
        failures=_failures(study),
    )


def _accuracy_table(study: Study, table: pd.DataFrame) -> Table:
    """Set the published accuracies beside those of every network."""
    ours = images.over_seeds(table, ["network"]).drop(
        columns="best in seeds", errors="ignore"
    )
    if images.is_mnist(study):
        (chosen,) = tables.published("mnist_accuracy").to_dict("records")
        counts = _published_counts()
        final = float(np.trace(counts) / counts.sum())
        # The report prints an accuracy for these, on its own split.
        plain = (table["norm"] == "none") & (table["dataset"] == "mnist-report")
        unpenalized = list(table.loc[plain, "network"])
        train = dict.fromkeys(unpenalized, chosen["train_accuracy"])
        test = {**dict.fromkeys(unpenalized, chosen["test_accuracy"])}
        test |= {NAMES[FINAL]: final, NAMES[PROGRAM]: final}
        ours.insert(1, "train published", ours["network"].map(train))
        ours.insert(3, "test published", ours["network"].map(test))
        ours.insert(
            5, "test difference", ours["test accuracy"] - ours["test published"]
        )
        pairs = zip(ours["test published"], ours["test accuracy"], strict=True)
        ours.insert(6, "same conclusion?", [_conclusion(a, b, GOOD) for a, b in pairs])
    return Table(
        "accuracy",
        "Accuracy of the final model and of its variants",
        ours,
        "All have one hidden layer of 128 sigmoid nodes. Clipped: the mean gradient of "
        "each layer to norm 0.001, which is norm 1 of the sum over 1000 rows. Same "
        f"conclusion: over {GOOD:.0%} on the test images?",
    )


def _conclusion(theirs: float, ours: float, least: float) -> str:
    """Say whether a printed share and ours are on the same side of a limit."""
    if np.isnan(theirs):
        return "nothing printed"
    if (theirs > least) == (ours > least):
        return f"yes: both {'above' if ours > least else 'below'}"
    return f"no: only {'ours' if ours > least else 'the printed'} is above"


def _counts(study: Study, table: pd.DataFrame, role: str) -> Counts:
    """Return the test confusion matrix of a network, the mean over seeds."""
    keys = table.loc[table["role"] == role, "key"]
    matrices = [study.curves(key)["test_confusion"] for key in keys]
    mean: Counts = np.mean(matrices, axis=0, dtype=np.float64)
    return mean


def _published_counts() -> Counts:
    """Return the confusion matrix of Fig. 24."""
    printed = tables.published("mnist_confusion_matrix").drop(columns="true")
    return printed.to_numpy(np.float64)


def _rates_table(study: Study, table: pd.DataFrame, role: str, index: int) -> Table:
    """Set Table VII beside our rates."""
    tpr, fpr = rates(_counts(study, table, role))
    beside = pd.DataFrame({"class": range(len(tpr)), "TPR ours": tpr, "FPR ours": fpr})
    if images.is_mnist(study):
        printed = tables.published("mnist_tpr_fpr")
        for at, rate in ((1, "TPR"), (4, "FPR")):
            theirs = printed[rate.lower()]
            beside.insert(at, f"{rate} published", theirs)
            beside.insert(at + 2, f"{rate} difference", beside[f"{rate} ours"] - theirs)
        pairs = zip(printed["tpr"], tpr, strict=True)
        beside["same conclusion?"] = [_conclusion(a, b, HIGH) for a, b in pairs]
    keys = " ".join(table.loc[table["role"] == role, "key"])
    return Table(
        "table-vii" if index == 0 else "table-vii-program",
        images.title(study, f"Table VII: true and false positive rates. {NAMES[role]}"),
        beside.assign(**{RUNS: keys}),
        f"Same conclusion: is the true positive rate high, above {HIGH:g}?",
    )


def _picture(study: Study, table: pd.DataFrame, role: str, index: int) -> Picture:
    """Draw the confusion matrix of one network."""
    seeds = ", mean over seeds" if len(study.seeds) > 1 else ""
    return _matrix(
        "figure-24" if index == 0 else "figure-24-program",
        images.title(study, f"Fig. 24: confusion matrix. {NAMES[role]}"),
        f"Test images{seeds}.",
        _counts(study, table, role),
    )


def _published_picture() -> Picture:
    """Draw the report's own confusion matrix."""
    return _matrix(
        "figure-24-published",
        "Fig. 24: confusion matrix, as published",
        "The same test images.",
        _published_counts(),
    )


def _matrix(name: str, title: str, caption: str, counts: Counts) -> Picture:
    """Return the picture of a confusion matrix."""
    n = len(counts)
    true, predicted = np.divmod(np.arange(n * n), n)
    with np.errstate(invalid="ignore"):
        shares = counts / counts.sum(axis=1, keepdims=True)
    cells = pd.DataFrame(
        {
            "true": true,
            "predicted": predicted,
            "count": counts.ravel(),
            "rate": shares.ravel(),
        }
    )
    words = " Counts, below them their share of the true class in percent."
    return Picture(name, title, caption + words, cells, confusion)


def _failures(study: Study) -> list[str]:
    """Return a sentence if the start "auto" misses what it must reach on MNIST."""
    table = study.table
    own = table[(table["dataset"] == "mnist-official") & (table["init"] == "auto")]
    if own.empty or (own["max_iter"] < _EPOCHS).any():
        return []
    error = float(own["test_error"].mean())
    if error <= 1 - LEAST_MNIST_ACCURACY:
        return []
    return [
        "A network 1 x 128 with init='auto' and no penalty must recognize at least "
        f"{LEAST_MNIST_ACCURACY:.1%} of MNIST's official test set, got "
        f"{percent(error)}."
    ]
