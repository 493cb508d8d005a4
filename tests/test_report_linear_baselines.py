"""The section on Ridge and Lasso: which error each printed value is."""

import pytest

from perceptrons.report import tables
from perceptrons.report.sections import linear_baselines
from perceptrons.report.study import Study
from perceptrons.study.experiment import builtin
from perceptrons.study.records import Record
from perceptrons.study.runner import perform


@pytest.fixture(scope="module")
def study():
    """Return the study itself: it takes seconds at full length."""
    experiment = builtin("linear-baselines")
    records = []
    for run in experiment.runs():
        _, result = perform(run)
        records.append(Record(run, result, {}, "", ""))
    return Study(experiment, records, tables.frame(records))


@pytest.fixture(scope="module")
def table(study):
    return linear_baselines.section(study, {}).tables[0].data


def test_every_printed_value_stands_beside_four_errors(table):
    printed = tables.published("linear_baselines_test_mse")
    assert table["published from"].tolist() == printed["test_mse_low"].tolist()
    assert table["published to"].tolist() == printed["test_mse_high"].tolist()
    for measure in ("noisy data", "f"):
        for interval in ("[-1, 1]", "[0, 1]"):
            assert table[f"{measure} on {interval}"].notna().all()


def test_six_printed_values_are_errors_against_f_and_two_are_test_errors(table):
    found = table["same conclusion?"].tolist()
    assert (
        found
        == ["no: against f on [0, 1]"] * 6 + ["yes: against noisy data on [-1, 1]"] * 2
    )


def test_ratio_and_difference_are_those_of_the_matched_error(table):
    row = table.iloc[0]
    assert row["difference"] == pytest.approx(row["f on [0, 1]"] - 5e-5)
    assert row["times the published"] == pytest.approx(row["f on [0, 1]"] / 5e-5)
    # Within a printed range nothing is left over.
    name, ratio, difference = linear_baselines._nearest({"f": 1e-4}, 9e-5, 2e-4)
    assert (name, ratio, difference) == ("f", 1.0, 0.0)


def test_table_vi_has_excess_parameters_and_seconds(study, table):
    for _, row in table.iterrows():
        (near,) = study.table[
            study.table["key"].isin(row["runs"].split())
            & study.table["dataset"].isin(["runge", "runge-10000"])
        ].to_dict("records")
        assert row["excess over noise"] == near["excess"]
        assert row["parameters"] == near["n_parameters"]
        assert row["seconds"] > 0


def test_a_value_that_no_error_comes_near_matches_none():
    assert linear_baselines._conclusion("f on [0, 1]", 3.1).startswith("no: it matches")
    assert linear_baselines._conclusion("f on [0, 1]", 0.3).startswith("no: it matches")


def test_verdicts_rest_on_the_numbers(study):
    verdicts = {
        claim.text: claim for claim in linear_baselines.section(study, {}).claims
    }
    tiny, k_fold, comparable, orders, *_ = verdicts.values()
    assert tiny.verdict == "not confirmed"
    assert k_fold.verdict == "confirmed"
    assert comparable.verdict == "not confirmed"
    assert orders.verdict == "not decidable"
    assert "no study of networks" in orders.evidence
    rows = study.table[study.table["dataset"] == "runge"]
    noise = rows["test_mse"] - rows["excess"]
    assert f"{noise.min():.4g}" in tiny.evidence


def test_networks_of_other_studies_are_compared_on_the_same_data(study):
    network = study.table.head(1).assign(
        kind="network", test_mse=0.0107, dataset="runge"
    )
    other = Study(builtin("libraries"), [], network)
    answer, text = linear_baselines._orders_smaller(
        study, study.table, {"libraries": other}
    )
    assert answer is False
    assert "best network 0.0107 (study libraries)" in text


def test_pictures_show_both_intervals(study):
    pictures = linear_baselines.section(study, {}).pictures
    for picture, low in zip(pictures, (-1.0, 0.0), strict=True):
        span = picture.data["x"].max() - picture.data["x"].min()
        assert span == pytest.approx(1.0 - low, abs=0.02)
        picture.draw(picture.data)
