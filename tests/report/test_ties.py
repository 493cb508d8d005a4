"""When an error is lower: judged by the differences row by row, where there are any."""

import json
import math

import numpy as np
import pytest
from scipy.stats import ttest_rel

from perceptrons.data import runge
from perceptrons.report import tables, ties
from perceptrons.report.measures import measured
from perceptrons.report.study import NoRunsError, Study
from perceptrons.report.ties import Error
from perceptrons.study import networks
from perceptrons.study.experiment import builtin
from perceptrons.study.plan import Run
from perceptrons.study.records import Record

N = 300


def error(residuals, sample="rows"):
    squares = np.square(residuals)
    return Error(squares.mean(), squares, sample)


@pytest.fixture
def noise(rng):
    return rng.normal(0.0, 0.1, N)


def test_a_small_difference_on_every_row_is_no_tie(noise):
    a, b = error(noise), error(1.01 * noise)
    assert b / a - 1.0 < ties.TIE / 5
    assert ties.lower(a, b) is True
    assert ties.lower(b, a) is False
    assert ties.lower(float(a), float(b)) is None


def test_a_large_difference_of_a_few_rows_is_a_tie(noise):
    away = noise.copy()
    away[0] = 1.0
    a, b = error(noise), error(away)
    assert b / a - 1.0 > 2 * ties.TIE
    assert ties.lower(a, b) is None
    assert ties.lower(float(a), float(b)) is True


def test_the_limit_is_two_standard_errors_of_paired_differences(noise, rng):
    decided = 0
    for size in np.linspace(0.001, 0.05, 40):
        a, b = error(noise), error(noise + size * rng.normal(size=N))
        t = ttest_rel(b.squares, a.squares).statistic
        answer = ties.lower(a, b)
        assert answer is (None if abs(t) <= 2.0 else bool(t > 0.0))
        decided += answer is not None
        assert ties.apart(a, b) == f"{abs(t):.1f} standard errors apart"
    assert 0 < decided < 40


def test_errors_of_other_rows_are_not_paired(noise):
    a, b = error(noise), error(1.01 * noise, "others")
    assert ties.lower(a, b) is None
    assert ties.apart(a, b) == "2.0% apart"


def test_a_single_row_cannot_be_paired():
    a, b, c = (error([size]) for size in (1.0, 1.02, 1.2))
    assert ties.lower(a, b) is None
    assert ties.lower(a, c) is True
    assert ties.apart(a, b) == "3.9% apart"


def test_errors_that_differ_alike_on_every_row_do_not_scatter():
    rows = np.arange(4.0)
    a, b = Error(1.5, rows, "rows"), Error(2.5, rows + 1.0, "rows")
    assert ties.scatter(a, b) == 0.0
    assert ties.lower(a, b) is True
    assert ties.apart(a, b) == "apart by the same on every row"
    assert ties.apart(a, a) == "equal"


def test_negative_errors_tie_as_positive_ones_do():
    assert ties.lower(-1.0, -1.05) is None
    assert ties.lower(-1.2, -1.0) is True
    assert ties.apart(-1.0, -1.2) == "16.7% apart"


def test_what_can_be_told_apart_can_be_alike(noise):
    a, b, c = (error(size * noise) for size in (1.0, 1.01, 1.2))
    assert ties.lower(a, b) is True
    assert ties.lower_by_share(a, b) is None
    assert ties.alike(a, b)
    assert ties.lower_by_share(a, c) is True
    assert not ties.alike(a, c)
    assert not ties.alike(a, math.nan)
    # Two that diverged say nothing.
    assert ties.alike(math.nan, math.nan) is None


def test_no_number_is_the_worst_and_so_far_apart_that_nothing_measures_it(noise):
    a, lost = error(noise), Error(math.nan, np.full(N, math.nan), "rows")
    assert ties.lower(a, lost) is True
    assert ties.lower(lost, a) is False
    assert ties.lower(lost, lost) is None
    assert ties.apart(a, lost) == "one without a number"


@pytest.fixture(scope="module")
def study():
    """Return a study of two networks, trained a little."""
    settings = {"hidden_layer_sizes": [4], "batch_size": 20, "max_iter": 3, "tol": 0.0}
    records = []
    for rate in (0.01, 0.1):
        run = Run(
            "optimizers", "network", "runge",
            json.dumps({**settings, "learning_rate_init": rate}), 0,
        )  # fmt: skip
        result = networks.run(run.settings, runge(0), 0)
        records.append(Record(run, result, {}, "", ""))
    return Study(builtin("optimizers"), records, tables.frame(records))


@pytest.mark.parametrize("metric", ["test_mse", "error_f"])
def test_an_error_of_a_study_is_the_mean_of_its_squares(study, metric):
    for found, value in zip(
        study.errors(study.table, metric), study.table[metric], strict=True
    ):
        assert found == value
        assert found.squares.mean() == pytest.approx(value, rel=1e-12)
    assert study.lowest(study.table, metric) == study.table[metric].min()
    with pytest.raises(NoRunsError):
        study.lowest(study.table[:0], metric)


def test_the_excess_is_paired_as_the_test_error_is(study):
    found = [study.errors(study.table, name) for name in ("excess", "test_mse")]
    assert ties.apart(*found[0]) == ties.apart(*found[1])


def test_errors_on_fitted_rows_are_judged_by_their_share(study):
    a, b = study.errors(study.table, "train_mse")
    assert (a, b) == tuple(study.table["train_mse"])
    assert ties.scatter(a, b) == pytest.approx(ties.TIE * max(a, b))


def test_without_predictions_an_error_is_a_plain_number(study):
    assert study.errors(study.table, "seconds")[0].squares is None


def test_gaps_scatter_as_their_test_errors_do(study):
    # What the training errors add is known exactly: those rows were fitted.
    a, b = (measured(study, study.table.iloc[[i]], "gap") for i in (0, 1))
    errors = study.errors(study.table)
    assert float(a) == errors[0] - study.table["train_mse"].iloc[0]
    assert ties.scatter(a, b) == ties.scatter(*errors)
    assert ties.lower(a, a) is None


def test_the_noise_gap_is_that_of_the_function_itself(study):
    data, row = runge(0), study.table[:1]
    gap = measured(study, row, "noise_gap")
    assert gap == pytest.approx(data.noise_test - data.noise_train)
    assert gap.sample == study.errors(row)[0].sample


@pytest.mark.parametrize(
    ("a", "b", "answer"),
    [
        (0.02, 1e31, True), (1e31, 0.02, False), (0.05, 1e31, None),
        (math.nan, 0.05, None), (0.043, math.nan, True),
    ],
)  # fmt: skip
def test_who_learned_nothing_loses_against_who_did_and_ties_with_its_like(a, b, answer):
    one, other = (Error(value, limit=0.0435) for value in (a, b))
    assert ties.lower(one, other) is answer
    assert ties.higher(other, one) is answer
    assert ties.learns_alone(one, other) is (answer is True)
    if answer is None:
        assert ties.alike(one, other) is None


def test_a_network_far_off_does_not_tie_because_one_row_carries_its_error(study):
    """One row with a huge error makes the standard error as large as the mean."""
    target = runge(0).y_test
    squares = np.square(target - runge(0).f_test)
    wild = squares.copy()
    wild[7] = 3e33
    limit = 0.5 * float(np.var(target))
    good, bad = (Error(s.mean(), s, "test", limit=limit) for s in (squares, wild))
    assert abs(bad - good) <= ties.scatter(good, bad)
    assert ties.lower(good, bad) is True
