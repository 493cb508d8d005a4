"""What the report says about its final model for MNIST, judged digit by digit."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from perceptrons.report.claims import Finding, Test
from perceptrons.report.sections import images
from perceptrons.report.sections.images import percent
from perceptrons.report.sections.mnist_regularization import penalized
from perceptrons.report.study import Study

#: Test images by true class, in rows, and predicted class.
Counts = NDArray[np.float64]

#: The report's abstract: over 96 % accuracy; its true positive rates are "high".
GOOD, HIGH = 0.96, 0.9

#: What the pages call the final model, and the program's form of it.
FINAL = "L2, lambda 0.03: the final model as the equations give it"
PROGRAM = "L2, lambda 6e-05, clipped: as in the report's program"


def named(study: Study) -> pd.DataFrame:
    """Return accuracies with a name for every network.

    Parameters
    ----------
    study : Study

    Returns
    -------
    DataFrame
        The study's table with ``train_accuracy``, ``test_accuracy``, ``norm``,
        ``strength`` and ``network``, the name.
    """
    table = penalized(images.accuracies(study))
    if "clip_norm" not in table:
        table["clip_norm"] = None
    return table.assign(network=[_name(row) for row in table.to_dict("records")])


def _name(row: Mapping[Hashable, Any]) -> str:
    """Name a network by its penalty and by what else sets it apart."""
    clipped = isinstance(row["clip_norm"], str)
    if row["norm"] == "none":
        name = "no penalty"
    else:
        name = f"{row['norm']}, lambda {row['strength']:g}"
    if name == "L2, lambda 0.03":
        return FINAL
    if name == "L2, lambda 6e-05" and clipped:
        return PROGRAM
    parts = [name]
    if clipped:
        parts.append("clipped as in the report's program")
    if row["dataset"] == "mnist-official":
        parts.append("MNIST's own split")
    if row["init"] != "standard_normal":
        parts.append(f"init {row['init']!r}")
    return ", ".join(parts)


def rates(counts: Counts) -> tuple[Counts, Counts]:
    """Return the true and false positive rate of every class.

    Parameters
    ----------
    counts : ndarray of shape (K, K)
        True classes in rows.

    Returns
    -------
    tpr, fpr : ndarray of shape (K,)
        TP / (TP + FN) and FP / (FP + TN), section II.G.1; NaN without rows.
    """
    hits, actual, predicted = np.diag(counts), counts.sum(1), counts.sum(0)
    others = counts.sum() - actual
    with np.errstate(invalid="ignore"):
        return hits / actual, (predicted - hits) / others


def _of(study: Study, rows: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the row of a network in the rows of one seed, none if it was not run."""
    table = named(study)
    return rows[rows["key"].isin(table.loc[table["network"] == name, "key"])]


def _ask(question: Callable[[Counts], tuple[bool, str]]) -> Test:
    """Ask something of the final model's matrix; the program's is evidence."""

    def test(study: Study, rows: pd.DataFrame) -> Finding:
        found = {}
        for name in (FINAL, PROGRAM):
            for key in _of(study, rows, name)["key"]:
                counts = study.curves(key)["test_confusion"].astype(float)
                if counts.sum():
                    found[name] = question(counts)
        if FINAL not in found:
            return None, "the final model diverged"
        words = {True: "so", False: "not so"}
        lines = [f"{name}: {text}" for name, (_, text) in found.items()]
        if PROGRAM in found:
            lines[-1] += f" ({words[found[PROGRAM][0]]})"
        return found[FINAL][0], "\n".join(lines)

    return test


def _ones_are_best(counts: Counts) -> tuple[bool, str]:
    """Look for the class with the highest TPR and that with the lowest FPR."""
    tpr, fpr = rates(counts)
    high, low = int(tpr.argmax()), int(fpr.argmin())
    return high == low == 1, (
        f"highest TPR {tpr[high]:.4f} of class {high}, lowest FPR {fpr[low]:.4f} of "
        f"class {low}"
    )


def _threes_are_overpredicted(counts: Counts) -> tuple[bool, str]:
    """Look for the class with the highest FPR."""
    _, fpr = rates(counts)
    high = int(fpr.argmax())
    return high == 3, f"highest FPR {fpr[high]:.4f} of class {high}"


def _taken_for_three(counts: Counts) -> tuple[bool, str]:
    """Compare what is wrongly taken for a 3 with the mean over the other classes."""
    wrong = counts[:, 3].copy()
    wrong[3] = 0
    mean = wrong.sum() / (len(wrong) - 1)
    first = np.argsort(-wrong, kind="stable")[:4]
    text = ", ".join(f"{wrong[k]:g} of class {k}" for k in first)
    return bool((wrong[[2, 5, 9]] > mean).all()), (
        f"taken for a 3: {text}; often: more than the mean over classes, {mean:.3g}"
    )


def _fours_as_nines(counts: Counts) -> tuple[bool, str]:
    """Look for the class that a 4 is taken for most often."""
    wrong = counts[4].copy()
    wrong[4] = -1
    first = int(wrong.argmax())
    if wrong[first] == 0:
        return False, "every 4 is recognized"
    return first == 9, f"a 4 is taken for a {first} most often: {wrong[first]:g} times"


def _rates_are_high(counts: Counts) -> tuple[bool, str]:
    """Look for the lowest TPR."""
    tpr, _ = rates(counts)
    low = int(tpr.argmin())
    return bool(tpr[low] > HIGH), (
        f"lowest TPR {tpr[low]:.4f} of class {low}; high: every class above {HIGH:g}"
    )


def _over_96(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare the final model's accuracy with that of the abstract."""
    lines = [
        f"{name}: {percent(error)}"
        for name in (FINAL, PROGRAM)
        for error in _of(study, rows, name)["test_error"]
    ]
    error = _of(study, rows, FINAL)["test_error"].item()
    return bool(1 - error > GOOD), "\n".join(lines)


def _generalizes(name: str) -> Test:
    """Compare test error and gap under a penalty with those without one."""

    def test(study: Study, rows: pd.DataFrame) -> Finding:
        (own,) = _of(study, rows, name).to_dict("records")
        (none,) = _of(study, rows, "no penalty").to_dict("records")
        many = images.count(study, _of(study, rows, name), "test")
        return images.fewer(own["test_error"], none["test_error"], many), (
            f"train {percent(own['train_error'])}, test {percent(own['test_error'])}; "
            f"no penalty: train {percent(none['train_error'])}, test "
            f"{percent(none['test_error'])}"
        )

    return test


def _settles(study: Study, rows: pd.DataFrame) -> Finding:
    """Measure how the final model's cost moves over the last third of the epochs."""
    (key,) = _of(study, rows, FINAL)["key"]
    cost = study.curves(key)["cost"]
    late = cost[2 * len(cost) // 3 :]
    if not late.size:
        return None, "no epoch had a finite cost"
    spread = float(np.ptp(late) / late.mean())
    return bool(cost[-1] < cost[0] and spread < 0.05), (
        f"cost {cost[0]:.4g} after the first epoch, {cost[-1]:.4g} after the last; it "
        f"moves by {100 * spread:.2g} % over the last third; stable: below 5 %"
    )


_TEXT = "section IV.D"
#: Sentence, its place in the report, and its test.
CLAIMS: list[tuple[str, str, Test]] = [
    ("The classifier reaches over 96 % accuracy; here the final model.", "abstract",
     _over_96),
    ("Training the final model converges stably within 30 epochs.", "section V",
     _settles),
    ("Class 1 has the highest TPR and the lowest FPR.", _TEXT, _ask(_ones_are_best)),
    ("Class 3 is predicted too often: it has the highest FPR. (The text says TPR; "
     "Table VII has its highest FPR there.)", _TEXT, _ask(_threes_are_overpredicted)),
    ("What is wrongly taken for a 3 is often a 2, a 5 or a 9.", "Fig. 24",
     _ask(_taken_for_three)),
    ("A 4 is most often mistaken for a 9.", "Fig. 24", _ask(_fours_as_nines)),
    ("The true positive rates are generally high.", "Table VII",
     _ask(_rates_are_high)),
    ("L1 with lambda 0.03 improves generalization: a higher test accuracy than without "
     "a penalty.", "section V", _generalizes("L1, lambda 0.03")),
    ("L2 with lambda 0.03 improves generalization: a higher test accuracy than without "
     "a penalty.", _TEXT, _generalizes(FINAL)),
    ("L2 as strong as the report's program applied it improves generalization.", _TEXT,
     _generalizes("L2, lambda 6e-05")),
]  # fmt: skip
