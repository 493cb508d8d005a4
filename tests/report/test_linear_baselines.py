"""The section on Ridge and Lasso: which error each printed value is."""

import pytest

from perceptrons.report import tables
from perceptrons.report.sections import build, linear_baselines
from perceptrons.report.study import Study
from perceptrons.study.experiment import builtin
from perceptrons.study.records import Record
from perceptrons.study.runner import perform


@pytest.fixture(scope="module")
def study():
    """Return the study itself: it takes seconds at full length."""
    experiment = builtin("linear-baselines")
    records = []
    for run in experiment.runs(seeds=[0]):
        _, result = perform(run)
        records.append(Record(run, result, {}, "", ""))
    return Study(experiment, records, tables.frame(records))


@pytest.fixture(scope="module")
def table(study):
    return build(study, {}).tables[0].data


def test_every_printed_value_stands_beside_four_errors(table):
    printed = tables.published("linear_baselines_test_mse")
    assert table["published from"].tolist() == printed["test_mse_low"].tolist()
    assert table["published to"].tolist() == printed["test_mse_high"].tolist()
    for measure in ("noisy data", "f"):
        for interval in ("[-1, 1]", "[0, 1]"):
            assert table[f"{measure} on {interval}"].notna().all()


def test_six_printed_values_are_errors_against_f_and_two_are_test_errors(table):
    found = table["same conclusion?"].astype(str).tolist()
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
    assert str(linear_baselines._conclusion("f on [0, 1]", 3.1)).startswith(
        "no: it matches"
    )
    assert str(linear_baselines._conclusion("f on [0, 1]", 0.3)).startswith(
        "no: it matches"
    )


def test_verdicts_rest_on_the_numbers(study):
    verdicts = {claim.text: claim for claim in build(study, {}).claims}
    tiny, k_fold, comparable, orders, *_ = verdicts.values()
    assert tiny.verdict == "fails here"
    assert k_fold.verdict == "holds here"
    assert comparable.verdict == "fails here"
    assert orders.verdict == "not decidable"
    assert orders.evidence == "needs the study architectures: perceptrons report"
    rows = study.table[study.table["dataset"] == "runge"]
    noise = rows["test_mse"] - rows["excess"]
    assert f"{noise.min():.4g}" in tiny.evidence


def test_networks_of_another_study_are_compared_on_the_same_data(study):
    network = study.table.head(1).assign(
        kind="network", test_mse=0.0107, dataset="runge", hidden_layer_sizes="8"
    )
    other = Study(builtin("architectures"), [], network)
    (claim,) = (
        claim
        for claim in build(study, {"architectures": other}).claims
        if "orders of magnitude" in claim.text
    )
    assert claim.verdict == "not decidable"


def test_pictures_show_both_intervals(study):
    pictures = build(study, {}).pictures
    for picture, low in zip(pictures, (-1.0, 0.0), strict=True):
        span = picture.data["x"].max() - picture.data["x"].min()
        assert span == pytest.approx(1.0 - low, abs=0.02)
        picture.draw(picture.data)
