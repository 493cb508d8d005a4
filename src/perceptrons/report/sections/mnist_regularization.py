"""Fig. 23: accuracy against the strength of L1 and L2 penalties."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from perceptrons.report.accuracy import against_strength
from perceptrons.report.claims import Row, with_evidence
from perceptrons.report.contests import Contest
from perceptrons.report.picks import REST, near, pick
from perceptrons.report.section import Picture, Table
from perceptrons.report.sections import images
from perceptrons.report.study import Study
from perceptrons.report.tables import NORMS, shaped

#: Rows of the cost that eq. (15) divides lambda by: a batch, as eq. (18) averages it.
BATCH = 1000

#: Strengths -> a condition on the column "strength".
Reading = Callable[..., Callable[["pd.Series[Any]"], "pd.Series[bool]"]]

# Lambda of the report's program per lambda of ours: the program summed the gradient
# over a batch of 1000 and used the slope 2 lambda W for L2: see the notes of the study.
_SCALE = {"L1": 1000.0, "L2": 500.0}

# The first twelve penalties; the report refined L2 afterwards.
_FIRST = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1)


def tables(study: Study) -> list[Table]:
    """List the accuracy under every penalty."""
    return [
        Table(
            "figure-23-table",
            images.title(study, "Fig. 23: accuracy under every penalty"),
            _table(penalized(images.accuracies(study))),
            "Lambda of eq. (15), which divides by the rows of the cost, here a batch "
            "of 1000, and of eq. (10), which does not. The gap is training minus test "
            "accuracy. The last lambda is the one with which the report's program "
            "would have penalized as much.",
        )
    ]


def pictures(study: Study) -> list[Picture]:
    """Draw Fig. 23."""
    return [
        Picture(
            "figure-23",
            images.title(study, "Fig. 23: accuracy against the penalty"),
            "Training and test accuracy of one hidden layer of 128 sigmoid nodes, "
            "against lambda of eq. (10); that of eq. (15) is 1000 times as large. The "
            "horizontal lines are the same network without a penalty.",
            _long(penalized(images.accuracies(study))),
            against_strength,
        )
    ]


hints = images.hints


def penalized(table: pd.DataFrame) -> pd.DataFrame:
    """Add the columns ``norm`` ("L1", "L2" or "none") and ``strength``."""
    return shaped(table).replace({"norm": {"l1": "L1", "l2": "L2"}})


def _table(table: pd.DataFrame) -> pd.DataFrame:
    """Return one row per penalty, by norm and strength."""
    order = table.sort_values(["norm", "strength"], kind="stable")
    rows = images.over_seeds(order, ["norm", "strength"])
    theirs = rows["strength"] * rows["norm"].map(_SCALE)
    at = list(rows.columns).index("train accuracy")
    rows.insert(at + 2, "gap", rows["train accuracy"] - rows["test accuracy"])
    rows.insert(at + 3, "lambda in the program", theirs)
    rows.insert(1, "lambda of eq. (15)", rows["strength"] * BATCH)
    return rows.rename(columns={"strength": "lambda of eq. (10)"})


def _long(table: pd.DataFrame) -> pd.DataFrame:
    """Return one accuracy per row."""
    parts = [
        table[["norm", "strength", "seed"]].assign(
            part=part, value=table[f"{part}_accuracy"]
        )
        for part in ("train", "test")
    ]
    order = ["norm", "strength"]
    return pd.concat(parts, ignore_index=True).sort_values(order, kind="stable")


def by_15(*strengths: float) -> Callable[[pd.Series[Any]], pd.Series[bool]]:
    """Return a condition on strengths: these lambdas of eq. (15)."""
    return near(*(strength / BATCH for strength in strengths))


_TEXT = "section IV.D"
_REFINED = (2e-2, 3e-2, 4e-2, 5e-2)
_HIGH = (1e-3, 1e-2, 1e-1)
_NONE = pick("no penalty", norm="none")


def _both(text: str, source: str, ask: Callable[[Reading], Contest]) -> Row:
    """Judge by eq. (15), and tell what eq. (10) would give."""
    words = "read by eq. (10), undivided"
    return Row(text, source, with_evidence(ask(by_15), words, ask(near)))


def _norms(
    reading: Reading, strengths: tuple[float, ...], *, none_first: bool, measure: str
) -> Contest:
    """Compare both norms at these strengths with no penalty."""
    found = [
        pick(NORMS[name], norm=name, strength=reading(*strengths))
        for name in ("l1", "l2")
    ]
    pair = (_NONE, found) if none_first else (found, _NONE)
    first, other = pair
    return Contest(first, other, measures=[measure], choose=measure)


def _best(reading: Reading, strength: float, others: tuple[float, ...]) -> Contest:
    """Compare one strength of L2 with all others."""
    among = {"norm": ["l1", "l2"], "strength": reading(*_FIRST, *others)}
    return Contest(pick("that", norm="l2", strength=reading(strength)), REST, among)


CLAIMS = images.claims([
    _both("Both norms lower the training accuracy at high lambda, here 0.1.", "Fig. 23",
          lambda r: _norms(r, (1e-1,), none_first=True, measure="train_error")),
    _both("Both norms raise the test accuracy, at their best lambda.", "Fig. 23",
          lambda r: _norms(r, _FIRST, none_first=False, measure="test_error")),
    _both("High lambda, here 1e-3 and above, raises the test accuracy with both norms.",
          "Fig. 23",
          lambda r: _norms(r, _HIGH, none_first=False, measure="test_error")),
    _both("Of the first twelve penalties L2 with lambda 0.01 has the highest test "
          "accuracy.", _TEXT, lambda r: _best(r, 1e-2, ())),
    _both("A closer search finds L2 with lambda 0.03 to be the best.", _TEXT,
          lambda r: _best(r, 3e-2, _REFINED)),
])  # fmt: skip
