"""From records to tables and verdicts."""

import dataclasses
import hashlib
import json
import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from perceptrons.pages import drawing
from perceptrons.report import figures, tables, ties
from perceptrons.report.beside import beside_published, same_conclusion
from perceptrons.report.claims import all_of
from perceptrons.report.contests import Trend
from perceptrons.report.sections.gradient_descent import _faster
from perceptrons.report.study import Study
from perceptrons.study.experiment import builtin
from perceptrons.study.plan import Run
from perceptrons.study.records import Record
from perceptrons.study.result import Result
from perceptrons.study.shipped import published

# SHA-256 of each table as it was read off the report and checked, cell by cell.
PUBLISHED = {
    "architectures_test_mse.csv":
        "d2d12f74281c78f08514f86241d8a5cd82422f2c7360bab0fe971d47f4915a95",
    "autograd_differences.csv":
        "61dbc0d98bf5bc9d7dfc361b484181c1f09727fcc8678e5d7fcdf3ca177b9918",
    "best_architectures.csv":
        "35fd0efe3d6ec37516f5874b62bd85ddbfe90991c5fde54338e38990de2e6871",
    "best_regularization.csv":
        "9ca15c6efa6e49f4edc17872d2cce66c2c054b2a1770bfb1484dd4d85681f51e",
    "gradient_descent_mse.csv":
        "08cba6e9f9fef600b0e35ca09595e32bdd1063a4f5219ade2e9729423db1ca8b",
    "libraries_time_and_test_mse.csv":
        "6b1bb6bdaf36a7ff26d69d9a4ea9e8a862177873cee6de38724f4dca72b104fd",
    "linear_baselines_test_mse.csv":
        "c86bd3f8d1b2b28b835554e1f4298db309e0d4059788bdc81d118c880af5c220",
    "mnist_accuracy.csv":
        "2ef52384bc4d3ce321f0257c0d18b3a61b90251520010b689dd893e3c43bf506",
    "mnist_architectures_train_accuracy.csv":
        "d0d24f847e0bb375c84d3484f9fb75a8a4b12e7d42de8820fc713cc8bf30a467",
    "mnist_confusion_matrix.csv":
        "10034ef2e92f5ebfc93d714f9a5d6e8996cd4e6192e77eeb7772b88c793471b7",
    "mnist_tpr_fpr.csv":
        "d31f93facbe6317e12c8bc2bcb93386d29671e1d25ffec0af2c9bee42bb02482",
    "optimizers_mse.csv":
        "512e2ad2987d43c120e0cfa6f6e9100bc61c461a0b4f9eeb4670f0ade90eb616",
    "regularization_test_mse.csv":
        "e23ae55a7f64bead971392974d88ffb04f3548dfd4c0042ee87f022ba10a52e4",
}  # fmt: skip


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_numbers_are_the_reports(name):
    content = published(name.removesuffix(".csv")).read_bytes()
    assert hashlib.sha256(content).hexdigest() == PUBLISHED[name]


def test_no_published_table_is_missing():
    files = (path.name for path in published("optimizers_mse").parent.iterdir())
    assert {name for name in files if name.endswith(".csv")} == set(PUBLISHED)


@pytest.mark.parametrize(
    ("a", "b", "answer"),
    [
        (0.010, 0.012, True),
        (0.012, 0.010, False),
        (np.float64(0.010), np.float64(0.012), True),
        (0.01200, 0.01205, None),
        (0.01080, 0.01200, None),
        (0.01060, 0.01200, True),
        (math.nan, 0.1, False),
        (0.1, math.nan, True),
        (math.nan, math.nan, None),
    ],
)
def test_lower_knows_ties_and_divergence(a, b, answer):
    assert ties.lower(a, b) is answer


@pytest.mark.parametrize(
    ("holds", "fails", "open_", "answer"),
    [
        (1, 0, 0, True), (0, 0, 1, None), (2, 0, 0, True), (1, 0, 1, None),
        (2, 0, 1, True), (1, 1, 0, None), (6, 1, 0, None), (7, 1, 0, True),
        (1, 7, 0, False), (9, 1, 0, True), (8, 2, 0, None), (9, 2, 0, True),
        (4, 0, 4, None), (5, 0, 3, True), (0, 0, 0, None),
    ],
)  # fmt: skip
def test_seeds_decide_by_majority_and_a_sign_test(holds, fails, open_, answer):
    answers = [True] * holds + [False] * fails + [None] * open_
    assert ties.agreement(answers) is answer
    decided = holds + fails
    if answer is not None and min(holds, fails):
        assert binomtest(min(holds, fails), decided, alternative="less").pvalue <= 0.05


@pytest.mark.parametrize(
    ("answers", "answer"),
    [([True, True], True), ([True, None], None), ([None, False], False)],
)
def test_all_of_answers(answers, answer):
    assert all_of(answers) is answer


@pytest.mark.parametrize(
    ("printed", "ours", "start"),
    [
        (0.0337, [0.03], "yes: neither below"),
        (0.0111, [0.011], "yes: both below"),
        (0.0337, [0.011], "no: only ours"),
        (0.0111, [0.03], "no: only the printed"),
        (0.0111, [math.nan], "no: only the printed"),
        (0.0111, [0.0150], "not decidable: ours ties"),
        (0.0111, [0.011, 0.03], "not decidable: ours"),
        (0.0127, [0.011], "not decidable: the printed"),
    ],
)
def test_same_conclusion_has_an_answer_and_a_reason(printed, ours, start):
    verdict = same_conclusion(printed, 0.0127, ours, [0.0150] * len(ours))
    assert str(verdict).startswith(start)


def rows(*errors, reason="limit reached"):
    return pd.DataFrame(
        {
            "key": [f"k{i}" for i in range(len(errors))], "model": "network 5",
            "seed": range(len(errors)), "test_mse": errors,
            "train_mse": 0.1, "excess": 0.0, "error_f": 0.0, "n_parameters": 16,
            "seconds": 1.0, "reason": reason,
        }
    )  # fmt: skip


def test_over_seeds_gives_mean_and_spread():
    (row,) = tables.over_seeds(rows(1.0, 2.0, 3.0), ["model"]).to_dict("records")
    assert row["test_mse"] == 2.0
    assert row["spread"] == 1.0
    assert str(row["ended"]) == "limit reached"


@pytest.mark.parametrize(
    ("values", "middle"),
    [
        ([1.0, 2.0, 9.0], 2.0),
        ([1.0, math.nan, 3.0], 3.0),
        ([1.0, math.nan], math.nan),
        ([math.nan], math.nan),
        ([], math.nan),
    ],
)
def test_the_middle_takes_what_diverged_for_the_worst(values, middle):
    np.testing.assert_equal(tables.middle(values), middle)


def test_over_seeds_does_not_hide_a_diverged_run():
    table = rows(1.0, math.nan)
    table.loc[1, "reason"] = "diverged"
    (row,) = tables.over_seeds(table, ["model"]).to_dict("records")
    assert math.isnan(row["test_mse"])
    assert str(row["ended"]) == "diverged (1 of 2)"


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
    assert crosses[0].get_color() == figures.BLUE


def rates_figure(rates, values, names=("a", "b", "c")):
    """Draw series whose second last rate diverged."""
    one = pd.DataFrame(
        {"part": "test", "learning_rate": rates, "seed": 0, "value": values,
         "diverged": np.isnan(values)}
    )  # fmt: skip
    table = pd.concat([one.assign(series=name) for name in names])
    (axes,) = figures.against_rate(table, "model", 0.5).axes
    return axes


def test_crosses_are_above_every_point():
    axes = rates_figure([0.1, 0.2, 0.4], [1.0, math.nan, 1e9])
    heights = [
        y for line in axes.lines if line.get_marker() == "x" for y in line.get_ydata()
    ]
    low, high = np.log(axes.get_ylim())
    assert (np.log(1e9) - low) / (high - low) < min(heights)


def test_every_rate_has_a_label():
    axes = rates_figure([0.5, 1.0, 1.5, 2.0], [1.0, 1.0, 1.0, 1.0])
    labels = [text.get_text() for text in axes.get_xticklabels()]
    assert labels == ["0.5", "1", "\n1.5", "2"]


def test_methods_keep_their_colors_whatever_their_settings():
    data = pd.DataFrame({"x": [0.0, 1.0], "y": 0.0, "f": 0.0})
    names = ["OLS, degree 3", "network 4", "network 4, 5"]
    (axes,) = figures.predictions(data.assign(**dict.fromkeys(names, 1.0))).axes
    colors = {line.get_label(): line.get_color() for line in axes.lines}
    assert colors["OLS, degree 3"] == figures.COLORS[tables.OLS]
    assert len({colors[name] for name in names}) == 3


def baseline(seed=0, **settings):
    run = Run("s", "baseline", "runge", json.dumps(settings), seed)
    return Record(run, Result(metrics={"test_mse": 1.0}), {}, "", "")


def test_rows_say_what_was_fitted():
    records = [
        baseline(model="ols", degree=8),
        baseline(model="ridge", degree=8, strength=1e-3),
        baseline(model="lasso", degree=12, strength=1e-4),
        finished([1.0], 0.1),
    ]
    table = tables.frame(records)
    assert table["kind"].tolist() == ["ols", "ridge", "lasso", "network"]
    assert table["model"].tolist()[:3] == [
        "OLS, degree 8",
        "Ridge, degree 8, strength 0.001",
        "Lasso, degree 12, strength 0.0001",
    ]


def network(rate, seed, test_mse, error_f):
    settings = {"hidden_layer_sizes": [5], "learning_rate_init": rate}
    metrics = {
        "test_mse": test_mse, "error_f": error_f, "train_mse": 0.1, "excess": 0.0
    }  # fmt: skip
    run = Run("optimizers", "network", "runge", json.dumps(settings), seed)
    return Record(run, Result(metrics=metrics), {}, "", "")


def judged_by(metric):
    """Return a study whose test MSE rises with the rate while error_f falls."""
    records = [network(0.1, 0, 0.01, 0.009), network(0.2, 0, 0.02, 0.003)]
    experiment = dataclasses.replace(builtin("optimizers"), metric=metric)
    return Study(experiment, records, tables.frame(records))


def test_claims_go_by_the_metric_of_the_study():
    found = {m: judged_by(m) for m in ("test_mse", "error_f")}
    falls = {m: Trend(True)(s, s.table) for m, s in found.items()}
    assert falls["test_mse"] == (False, "test MSE:\n0.01 at 0.1, 0.02 at 0.2")
    assert falls["error_f"] == (True, "error against f:\n0.009 at 0.1, 0.003 at 0.2")


@pytest.mark.parametrize(
    ("errors", "answer"),
    [
        ([1, 1, 1], None),
        ([1, 0.99, 0.98], None),
        ([1, 0.97, 0.5], True),
        ([1, 0.5, 0.51], True),
        ([1, 1.5, 0.5], False),
        ([1, 1.1, 1.2], False),
        ([math.nan, math.nan], None),
        ([1, math.nan], False),
    ],
)
@pytest.mark.parametrize("falling", [True, False])
def test_a_trend_has_ties(errors, answer, falling):
    errors = errors if falling else errors[::-1]
    records = [network(0.1 * (i + 1), 0, 0.01 * e, 0.0) for i, e in enumerate(errors)]
    study = Study(builtin("optimizers"), records, tables.frame(records))
    assert Trend(falling)(study, study.table)[0] is answer


def descents(one, two):
    """Return a study of two networks with these cost histories."""
    records = [
        Record(
            Run("s", "network", "runge", json.dumps({"hidden_layer_sizes": sizes}), 0),
            Result(metrics={}, curves={"cost": np.array(cost)}), {}, "", "",
        )
        for sizes, cost in (([5], one), ([5, 5], two))
    ]  # fmt: skip
    return Study(builtin("gradient-descent"), records, tables.frame(records))


@pytest.mark.parametrize(
    ("two", "answer"),
    [
        (np.linspace(1, 0.1, 100), None),
        (np.linspace(1, 0.103, 100), None),
        (np.linspace(1, 0.2, 100), False),
        (np.geomspace(1, 0.01, 100), True),
        (np.empty(0), False),
    ],
)
def test_faster_has_ties(two, answer):
    study = descents(np.linspace(1, 0.1, 100), two)
    assert _faster(study, study.table)[0] is answer


def test_tables_go_by_the_metric_of_the_study():
    table = rows(1.0, 1.0).assign(error_f=[2.0, 4.0])
    by = {m: tables.over_seeds(table, ["model"], m) for m in ("test_mse", "error_f")}
    assert by["test_mse"]["spread"].item() == 0.0
    assert by["error_f"]["spread"].item() == pytest.approx(math.sqrt(2.0))
    printed = pd.DataFrame(
        {
            "model": ["network 5"],
            "train_mse": 0.002,
            "test_mse": 0.005,
            "error_f": 0.001,
        }
    )
    for metric, verdict in (("test_mse", "no: only the"), ("error_f", "yes: both")):
        study = network_and_ols(metric)
        table = beside_published(study, printed, ["model"], 0.0065)
        assert str(table["same conclusion?"].item()).startswith(verdict)


def network_and_ols(metric):
    metrics = {
        "test_mse": 0.007, "error_f": 0.007, "train_mse": 0.001, "excess": 0.0
    }  # fmt: skip
    ols = dataclasses.replace(
        baseline(model="ols", degree=8), result=Result(metrics=metrics)
    )
    records = [network(0.1, 0, 0.010, 0.005), ols]
    experiment = dataclasses.replace(builtin("optimizers"), metric=metric)
    return Study(experiment, records, tables.frame(records))


def test_published_numbers_stand_beside_ours_with_the_difference():
    study = network_and_ols("test_mse")
    printed = pd.DataFrame(
        {"model": ["network 5"], "train_mse": 0.25, "test_mse": 0.005}
    )
    table = beside_published(study, printed, ["model"], 0.006)
    assert table["train difference"].item() == pytest.approx(0.1 - 0.25)
    assert table["test difference"].item() == pytest.approx(0.010 - 0.005)


def test_log_spaced_epochs_keep_both_ends():
    assert tables.log_spaced(5).tolist() == [1, 2, 3, 4, 5]
    many = tables.log_spaced(100_000)
    assert (many[0], many[-1]) == (1, 100_000)
    assert len(many) <= 400
    assert np.all(np.diff(many) > 0)
