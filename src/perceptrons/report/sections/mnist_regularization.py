"""Fig. 23: accuracy against the strength of L1 and L2 penalties."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from perceptrons.report.accuracy import against_strength
from perceptrons.report.claims import Finding, Test, all_of
from perceptrons.report.section import Picture, Section, Table
from perceptrons.report.sections import images
from perceptrons.report.sections.grids import with_norm
from perceptrons.report.sections.images import percent
from perceptrons.report.study import Study

# Lambda of the report's program per lambda of ours: the program summed the gradient
# over a batch of 1000 and used the slope 2 lambda W for L2: see the notes of the study.
_SCALE = {"L1": 1000.0, "L2": 500.0}

# The first twelve penalties; the report refined L2 afterwards.
_FIRST = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1)


def section(study: Study, others: Mapping[str, Study]) -> Section:
    """Build the section."""
    table = penalized(images.accuracies(study))
    return Section(
        study=study,
        claims=images.judge_mnist(study, _CLAIMS),
        tables=[
            Table(
                "figure-23-table",
                images.title(study, "Fig. 23: accuracy under every penalty"),
                _table(table),
                "The gap is training minus test accuracy. The next column is the "
                "lambda with which the report's program would have penalized as much.",
            )
        ],
        pictures=[
            Picture(
                "figure-23",
                images.title(study, "Fig. 23: accuracy against the penalty"),
                "Training and test accuracy of one hidden layer of 128 sigmoid nodes. "
                "The horizontal lines are the same network without a penalty.",
                _long(table),
                against_strength,
            )
        ],
        hints=images.hints(study),
    )


def penalized(table: pd.DataFrame) -> pd.DataFrame:
    """Add the columns ``norm`` ("L1", "L2" or "none") and ``strength``."""
    return with_norm(table).replace({"norm": {"l1": "L1", "l2": "L2"}})


def _table(table: pd.DataFrame) -> pd.DataFrame:
    """Return one row per penalty, by norm and strength."""
    order = table.sort_values(["norm", "strength"], kind="stable")
    rows = images.over_seeds(order, ["norm", "strength"])
    theirs = rows["strength"] * rows["norm"].map(_SCALE)
    at = list(rows.columns).index("train accuracy")
    rows.insert(at + 2, "gap", rows["train accuracy"] - rows["test accuracy"])
    rows.insert(at + 3, "lambda in the program", theirs)
    return rows.rename(columns={"strength": "lambda"})


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


def _of(rows: pd.DataFrame, norm: str) -> pd.DataFrame:
    """Return the rows of one norm, by strength."""
    rows = penalized(rows)
    return rows[rows["norm"] == norm].sort_values("strength")


def _name(row: pd.Series) -> str:
    """Name a penalty and the test accuracy under it."""
    return f"{row['norm']} {row['strength']:g}: {percent(row['test_error'])}"


def _best(rows: pd.DataFrame) -> pd.Series:
    """Return the row with the lowest test error."""
    return rows.sort_values("test_error", na_position="last").iloc[0]


def _lowers_training(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare training errors under the strongest penalty and without one."""
    none = _of(rows, "none")["train_error"].item()
    ends = {norm: _of(rows, norm).iloc[-1] for norm in ("L1", "L2")}
    text = f"training accuracy: none {percent(none)}; " + "; ".join(
        f"{norm} {row['strength']:g} {percent(row['train_error'])}"
        for norm, row in ends.items()
    )
    many = images.count(study, rows, "train")
    answers = [images.fewer(none, r["train_error"], many) for r in ends.values()]
    return all_of(answers), text


def _raises_test(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare the test error of the best penalty of each norm with that of none."""
    none = _of(rows, "none")["test_error"].item()
    best = {norm: _best(_of(rows, norm)) for norm in ("L1", "L2")}
    text = f"test accuracy: none {percent(none)}; best " + "; best ".join(
        map(_name, best.values())
    )
    many = images.count(study, rows, "test")
    answers = [images.fewer(r["test_error"], none, many) for r in best.values()]
    return all_of(answers), text


def _strong_helps(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare the test error under the stronger half of the penalties with none."""
    none = _of(rows, "none")["test_error"].item()
    strong = {
        norm: _best(cells[cells["strength"] >= 1e-3])
        for norm in ("L1", "L2")
        for cells in [_of(rows, norm)]
    }
    text = f"test accuracy: none {percent(none)}; best of 1e-3 and above: " + "; ".join(
        map(_name, strong.values())
    )
    many = images.count(study, rows, "test")
    answers = [images.fewer(r["test_error"], none, many) for r in strong.values()]
    return all_of(answers), text


def _picks(norm: str, strength: float, *, refined: bool) -> Test:
    """Ask whether this penalty has the lowest test error."""

    def test(study: Study, rows: pd.DataFrame) -> Finding:
        cells = pd.concat([_of(rows, "L1"), _of(rows, "L2")])
        if not refined:
            cells = cells[cells["strength"].isin(_FIRST)]
        own = (cells["norm"] == norm) & (cells["strength"] == strength)
        chosen, rest = cells[own].iloc[0], _best(cells[~own])
        pair = chosen["test_error"], rest["test_error"]
        answer = images.fewer(*pair, images.count(study, rows, "test"))
        return answer, f"{_name(chosen)}; the best of the others, {_name(rest)}"

    return test


def _equivalent(norm: str, strength: float) -> Test:
    """Ask the same of the strength that the program's penalty amounts to."""
    ours = strength / _SCALE[norm]

    def test(study: Study, rows: pd.DataFrame) -> Finding:
        none = _of(rows, "none")["test_error"].item()
        cells = _of(rows, norm)
        near = (cells["strength"] / ours).apply(lambda r: max(r, 1 / r)).idxmin()
        row = cells.loc[near]
        many = images.count(study, rows, "test")
        return images.fewer(row["test_error"], none, many), (
            f"{norm} {strength:g} of the program is {ours:g} here; nearest, "
            f"{_name(row)}; none: {percent(none)}"
        )

    return test


_TEXT = "section IV.D"
_CLAIMS: list[tuple[str, str, Test]] = [
    ("Both norms lower the training accuracy at high lambda.", "Fig. 23",
     _lowers_training),
    ("Both norms raise the test accuracy, at their best lambda.", "Fig. 23",
     _raises_test),
    ("High lambda, here 1e-3 and above, raises the test accuracy with both norms.",
     "Fig. 23", _strong_helps),
    ("Of the first twelve penalties L2 with lambda 0.01 has the highest test "
     "accuracy.", _TEXT, _picks("L2", 1e-2, refined=False)),
    ("L2 with lambda 0.01, in the scale of the report's program, raises the test "
     "accuracy.", _TEXT, _equivalent("L2", 1e-2)),
    ("A closer search finds L2 with lambda 0.03 to be the best.", _TEXT,
     _picks("L2", 3e-2, refined=True)),
]  # fmt: skip
