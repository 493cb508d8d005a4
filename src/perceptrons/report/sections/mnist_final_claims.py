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

#: Roles of networks: the final model, the program's form of it, and what claims set
#: beside them: without a penalty, with L1 as strong, with L2 as weak as the program's.
FINAL, PROGRAM, PLAIN, LASSO, WEAK = "final", "program", "plain", "lasso", "weak"

#: What the page calls them.
NAMES = {
    FINAL: "L2, lambda 0.03: the final model as the equations give it",
    PROGRAM: "L2, lambda 6e-05, clipped: as in the report's program",
}


def named(study: Study) -> pd.DataFrame:
    """Return accuracies with a name for every network.

    Parameters
    ----------
    study : Study

    Returns
    -------
    DataFrame
        The study's table with ``train_accuracy``, ``test_accuracy``, ``norm``,
        ``strength``, ``role`` (such as ``FINAL``, or "") and ``network``, its name on
        the page.
    """
    table = penalized(images.accuracies(study))
    if "clip_norm" not in table:
        table["clip_norm"] = None
    rows = table.to_dict("records")
    table["role"] = [_role(row) for row in rows]
    return table.assign(network=[NAMES.get(_role(row)) or _name(row) for row in rows])


def _role(row: Mapping[Hashable, Any]) -> str:
    """Return what a network is to the report."""
    penalty, clipped = (row["norm"], row["strength"]), isinstance(row["clip_norm"], str)
    if penalty == ("L2", 0.03):
        return FINAL
    if penalty == ("L2", 6e-5) and clipped:
        return PROGRAM
    others = row["dataset"] == "mnist-official" or row["init"] != "standard_normal"
    if clipped or others:
        return ""
    if row["norm"] == "none":
        return PLAIN
    return {("L1", 0.03): LASSO, ("L2", 6e-5): WEAK}.get(penalty, "")


def _name(row: Mapping[Hashable, Any]) -> str:
    """Name a network by its penalty and by what else sets it apart."""
    if row["norm"] == "none":
        parts = ["no penalty"]
    else:
        parts = [f"{row['norm']}, lambda {row['strength']:g}"]
    if isinstance(row["clip_norm"], str):
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


def _of(study: Study, rows: pd.DataFrame, role: str) -> pd.DataFrame:
    """Return the row of a network in the rows of one seed, none if it was not run."""
    table = named(study)
    return rows[rows["key"].isin(table.loc[table["role"] == role, "key"])]


def _ask(question: Callable[[Counts], tuple[bool, str]]) -> Test:
    """Ask something of the final model's matrix; the program's is evidence."""

    def test(study: Study, rows: pd.DataFrame) -> Finding:
        found = {}
        for role in (FINAL, PROGRAM):
            for key in _of(study, rows, role)["key"]:
                counts = study.curves(key)["test_confusion"].astype(float)
                if counts.sum():
                    found[role] = question(counts)
        if FINAL not in found:
            return None, "the final model diverged"
        words = {True: "so", False: "not so"}
        lines = [f"{NAMES[role]}: {text}" for role, (_, text) in found.items()]
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
        f"{NAMES[role]}: {percent(error)}"
        for role in (FINAL, PROGRAM)
        for error in _of(study, rows, role)["test_error"]
    ]
    error = _of(study, rows, FINAL)["test_error"].item()
    return bool(1 - error > GOOD), "\n".join(lines)


def _generalizes(role: str) -> Test:
    """Compare test error and gap under a penalty with those without one."""

    def test(study: Study, rows: pd.DataFrame) -> Finding:
        (own,) = _of(study, rows, role).to_dict("records")
        (none,) = _of(study, rows, PLAIN).to_dict("records")
        many = images.count(study, _of(study, rows, role), "test")
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
     "a penalty.", "section V", _generalizes(LASSO)),
    ("L2 with lambda 0.03 improves generalization: a higher test accuracy than without "
     "a penalty.", _TEXT, _generalizes(FINAL)),
    ("L2 as strong as the report's program applied it improves generalization.", _TEXT,
     _generalizes(WEAK)),
]  # fmt: skip
