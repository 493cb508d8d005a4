"""From records to tables and verdicts."""

import json
import math
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from perceptrons.report import drawing, figures, tables
from perceptrons.report.claims import all_of
from perceptrons.study.experiment import Run, published
from perceptrons.study.procedures import Result
from perceptrons.study.records import Record

PUBLISHED = sorted(
    path.name for path in published("optimizers_mse").parent.iterdir()
    if path.name.endswith(".csv")
)  # fmt: skip


def shared():
    """Return the folder with the report's numbers beside the repository, if any."""
    beside = Path(__file__).resolve().parents[2] / "shared"
    folder = Path(os.environ.get("PERCEPTRONS_SHARED", beside)) / "published"
    if not folder.is_dir():
        pytest.skip("the report's own files are not beside this checkout")
    return folder


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_numbers_are_the_reports(name):
    ours = published(name.removesuffix(".csv")).read_bytes()
    assert ours == (shared() / name).read_bytes()


def test_no_published_table_is_missing():
    assert sorted(path.name for path in shared().glob("*.csv")) == PUBLISHED


@pytest.mark.parametrize(
    ("a", "b", "answer"),
    [
        (0.010, 0.012, True),
        (0.012, 0.010, False),
        (np.float64(0.010), np.float64(0.012), True),
        (0.01200, 0.01205, None),
        (math.nan, 0.1, False),
        (0.1, math.nan, True),
        (math.nan, math.nan, None),
    ],
)
def test_lower_knows_ties_and_divergence(a, b, answer):
    assert tables.lower(a, b) is answer


@pytest.mark.parametrize(
    ("answers", "answer"),
    [([True, True], True), ([True, None], None), ([None, False], False)],
)
def test_all_of_answers(answers, answer):
    assert all_of(answers) is answer


@pytest.mark.parametrize(
    ("printed", "ours", "start"),
    [
        (0.0337, [0.03], "yes: both lose"),
        (0.0111, [0.011], "yes: both beat"),
        (0.0337, [0.011], "no: only ours"),
        (0.0111, [0.03], "no: only the printed"),
        (0.0111, [math.nan], "no: only the printed"),
        (0.0111, [0.0150], "not decidable: ours ties"),
        (0.0111, [0.011, 0.03], "not decidable: seeds differ"),
        (0.0127, [0.011], "not decidable: the printed"),
    ],
)
def test_same_conclusion_has_an_answer_and_a_reason(printed, ours, start):
    verdict = tables.same_conclusion(printed, 0.0127, ours, [0.0150] * len(ours))
    assert verdict.startswith(start)


def rows(*errors, reason="limit reached"):
    return pd.DataFrame(
        {
            "model": "network 5", "seed": range(len(errors)), "test_mse": errors,
            "train_mse": 0.1, "excess": 0.0, "error_f": 0.0, "n_parameters": 16,
            "seconds": 1.0, "reason": reason,
        }
    )  # fmt: skip


def test_over_seeds_gives_mean_and_spread():
    (row,) = tables.over_seeds(rows(1.0, 2.0, 3.0), ["model"]).to_dict("records")
    assert row["test_mse"] == 2.0
    assert row["spread"] == 1.0
    assert row["ended"] == "limit reached"


def test_over_seeds_does_not_hide_a_diverged_run():
    table = rows(1.0, math.nan)
    table.loc[1, "reason"] = "diverged"
    (row,) = tables.over_seeds(table, ["model"]).to_dict("records")
    assert math.isnan(row["test_mse"])
    assert row["ended"] == "diverged (1 of 2)"


def test_one_seed_has_no_column_for_the_spread():
    assert "spread over seeds" not in tables.own_results(rows(1.0), ["model"])
    assert "spread over seeds" in tables.own_results(rows(1.0, 2.0), ["model"])


def finished(curve, rate, reason="limit reached"):
    settings = json.dumps({"learning_rate_init": rate})
    result = Result(metrics={}, curves={"cost": np.array(curve)}, reason=reason)
    return Record(Run("s", "network", "runge", settings, 0), result, {}, "", "")


def test_a_history_without_a_finite_epoch_stays_in_table_and_figure():
    records = [finished([3.0, 2.0, 1.0], 0.1), finished([], 0.2, "diverged")]
    table = tables.histories(records, "cost", "learning_rate_init")
    assert table["series"].tolist() == ["0.1"] * 3 + ["0.2"]
    assert math.isnan(table["value"].iloc[-1])
    figure = figures.histories(table, "cost", "rate")
    drawing.draw(figure)
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["0.1", "0.2 (diverged)"]


def test_cells_that_diverged_are_crosses_in_the_color_of_their_series():
    table = pd.DataFrame(
        {
            "series": ["network 50"] * 4,
            "part": ["train", "test"] * 2,
            "learning_rate": [0.1, 0.1, 0.2, 0.2],
            "seed": 0,
            "value": [1.0, 2.0, math.nan, math.nan],
            "diverged": [False, False, True, True],
        }
    )
    (axes,) = figures.against_rate(table, "model", 0.5).axes
    crosses = [line for line in axes.lines if line.get_marker() == "x"]
    assert crosses[0].get_xdata().tolist() == [0.2]
    assert crosses[0].get_color() == figures.COLORS["network 50"]


def test_log_spaced_epochs_keep_both_ends():
    assert tables.log_spaced(5).tolist() == [1, 2, 3, 4, 5]
    many = tables.log_spaced(100_000)
    assert (many[0], many[-1]) == (1, 100_000)
    assert len(many) <= 400
    assert np.all(np.diff(many) > 0)
