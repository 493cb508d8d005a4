"""The studies of architectures and of penalties: their settings, and their sections."""

import dataclasses
import json
import math

import numpy as np
import pandas as pd
import pytest
from made_up import (
    PRINTED,
    as_printed,
    printed_penalties,
    section_of,
    study_of,
)

from perceptrons.data import runge
from perceptrons.report.beside import as_on_seed_0
from perceptrons.report.claims import mostly
from perceptrons.report.picks import grid
from perceptrons.report.sections import grids
from perceptrons.report.sections.grids import MARGIN, best_of_all
from perceptrons.study.experiment import builtin

ACTIVATIONS = ("sigmoid", "relu", "leaky_relu")


@pytest.fixture(scope="module")
def grid_as_printed():
    return section_of(study_of("architectures", as_printed))


@pytest.fixture(scope="module")
def penalties_as_printed():
    return section_of(study_of("regularization", printed_penalties))


def verdicts(section):
    return {claim.text: claim.verdict for claim in section.claims}


def table(section, name):
    (found,) = (t for t in section.tables if t.name == name)
    return found.data


def test_architectures_are_every_depth_width_and_activation_of_the_report():
    runs = builtin("architectures").runs(seeds=[0])
    networks = [r.settings for r in runs if r.procedure == "network"]
    cells = {
        (s["activation"], len(s["hidden_layer_sizes"]), s["hidden_layer_sizes"][0])
        for s in networks
    }
    printed = PRINTED["architectures_test_mse"].iloc[:, :3]
    assert cells == set(printed.itertuples(index=False, name=None))
    assert all(len(set(s["hidden_layer_sizes"])) == 1 for s in networks)
    clipped = [s for s in networks if "clip_norm" in s]
    assert len(networks) == 147 + len(clipped) == 150


def test_penalties_are_every_cell_of_the_reports_heat_maps_and_a_row_without():
    runs = builtin("regularization").runs(seeds=[0])
    networks = [r.settings for r in runs if r.procedure == "network"]
    plain = [s for s in networks if "clip_norm" not in s]
    cells = {
        (s["activation"], norm, s[norm], s["learning_rate_init"])
        for s in plain
        for norm in ("l1", "l2")
        if norm in s
    }
    printed = PRINTED["regularization_test_mse"].iloc[:, :4]
    assert cells == set(printed.itertuples(index=False, name=None))
    assert len(plain) == 336 + 3 * 8
    sizes = {s["activation"]: s["hidden_layer_sizes"] for s in plain}
    assert sizes == {"sigmoid": [8] * 7, "relu": [16] * 6, "leaky_relu": [128] * 6}


@pytest.mark.parametrize("name", ["architectures", "regularization"])
def test_settings_are_those_of_sections_iii_b_4_and_5(name):
    for run in builtin(name).runs():
        if run.procedure == "network":
            s = run.settings
            assert s["loss"] == "mean_squared_error"
            assert (s["solver"], s["beta_1"], s["beta_2"]) == ("adam", 0.9, 0.999)
            assert (s["batch_size"], s["replacement"]) == (20, True)
            assert (s["max_iter"], s["init"]) == (300, "standard_normal")
            assert s["alpha"] == s["tol"] == 0
            if name == "architectures":
                assert s["learning_rate_init"] == 0.01


def test_the_printed_numbers_themselves_confirm_what_they_were_printed_for(
    grid_as_printed,
):
    found = verdicts(grid_as_printed)
    for start in (
        "The best of each activation has", "Deep sigmoid networks with few nodes",
        "Very wide layers degrade deep", "The training errors of the best",
        "At their best the three", "Leaky ReLU is stable",
    ):  # fmt: skip
        (verdict,) = (v for text, v in found.items() if text.startswith(start))
        assert verdict == "holds here", start


def test_a_best_within_the_scatter_of_the_test_set_is_not_called_best(grid_as_printed):
    found = verdicts(grid_as_printed)
    (verdict,) = (v for t, v in found.items() if t.startswith("The best architectures"))
    assert verdict == "not decidable"
    rows = table(grid_as_printed, "table-iv").iloc[::3]
    assert rows["same conclusion?"].astype(str).str.startswith("not decidable: ").all()


def test_table_iv_sets_the_printed_values_beside_ours(grid_as_printed):
    rows = table(grid_as_printed, "table-iv")
    printed = PRINTED["best_architectures"]
    for part in ("train", "test"):
        np.testing.assert_array_equal(
            rows[f"{part} published"].iloc[::3], printed[f"{part}_mse"]
        )
    np.testing.assert_allclose(rows["test difference"].iloc[::3], 0.0, atol=1e-12)
    assert rows["network"].iloc[0] == "sigmoid, 7 × 8: best in the report"  # noqa: RUF001
    assert (rows["runs"].str.len() > 0).all()


def test_all_147_and_336_cells_stand_beside_the_printed_ones(
    grid_as_printed, penalties_as_printed
):
    for section, name in (
        (grid_as_printed, "architectures"), (penalties_as_printed, "regularization")
    ):  # fmt: skip
        cells = pd.concat(
            [p.data for p in section.pictures if "panel" in p.data]
        ).dropna(subset="value")
        ours = cells["panel"].eq("here")
        printed = PRINTED[f"{name}_test_mse"]["test_mse"]
        np.testing.assert_array_equal(
            sorted(cells.loc[~ours, "value"]), sorted(printed)
        )
        without = cells[ours].get("lambda", pd.Series(1.0, cells[ours].index)) == 0
        # Every heat map of penalties shows the networks without one, too.
        assert (~without).sum() == len(printed)


def test_table_v_sets_the_printed_values_beside_ours(penalties_as_printed):
    rows = table(penalties_as_printed, "table-v")
    printed = PRINTED["best_regularization"]
    np.testing.assert_array_equal(rows["test published"].iloc[::4], printed["test_mse"])
    assert (
        rows["network"].iloc[0] == "sigmoid, L1 1e-06, rate 0.001: best in the report"
    )
    assert rows["network"].iloc[3].startswith("sigmoid, no penalty, rate ")


def test_the_printed_heat_maps_confirm_the_text_about_leaky_relu(penalties_as_printed):
    found = verdicts(penalties_as_printed)
    for start in ("Leaky ReLU: high learning", "Leaky ReLU: excessive", "ReLU is larg"):
        (verdict,) = (v for text, v in found.items() if text.startswith(start))
        assert verdict == "holds here", start


def test_the_claims_follow_the_numbers_not_the_report():
    def upside_down(settings, seed):
        return 0.02 - as_printed(settings) / 20 if "model" not in settings else 0.0127

    turned = verdicts(section_of(study_of("architectures", upside_down)))
    for start in ("Deep sigmoid networks", "Very wide layers degrade deep"):
        (verdict,) = (v for text, v in turned.items() if text.startswith(start))
        assert verdict != "holds here"


def test_the_check_compares_the_lowest_of_49_with_table_iv():
    def errors(settings, seed):
        return 1.02 * as_printed(settings)

    ratios = best_of_all(study_of("architectures", errors).table)
    assert set(ratios) == set(ACTIVATIONS)
    # The heat maps are printed with four decimals, Table IV with six.
    assert all(ratio == pytest.approx(1.02, abs=0.004) for ratio in ratios.values())
    assert all(ratio <= MARGIN for ratio in ratios.values())


@pytest.mark.parametrize("name", ["architectures", "regularization"])
def test_several_seeds_count_how_often_each_best_is_best(name):
    base = as_printed if name == "architectures" else printed_penalties
    rng = np.random.default_rng(0)
    study = study_of(name, lambda s, seed: base(s) * rng.uniform(0.9, 1.1), 3, few=True)
    section = section_of(study)
    data = section.tables[0].data
    assert data["best in seeds"].dropna().between(0, 3).all()
    assert (data["spread over seeds"] > 0).all()
    assert any(
        "median of 3 seeds" in panel for panel in section.pictures[0].data["panel"]
    )
    for claim in section.claims:
        assert claim.holds + claim.fails + claim.ties == 3


@pytest.mark.parametrize("name", ["architectures", "regularization"])
def test_diverged_networks_stay_in_sight(name):
    base = as_printed if name == "architectures" else printed_penalties

    def errors(settings, seed):
        sizes = settings.get("hidden_layer_sizes", [])
        return math.nan if sizes == [128] * 6 else base(settings)

    section = section_of(study_of(name, errors, few=True))
    for picture in section.pictures:
        picture.draw(picture.data)
    marked = sum(int(picture.data["diverged"].sum()) for picture in section.pictures)
    assert marked >= 2
    assert all(claim.evidence for claim in section.claims)


def test_penalties_are_named_by_norm_and_strength(penalties_as_printed):
    study = penalties_as_printed.study
    rows = grid(study.table)
    assert dict(rows["norm"].value_counts()) == {"l1": 168, "l2": 168, "none": 24}
    assert (rows.loc[rows["norm"] == "none", "strength"] == 0).all()
    settings = json.loads(study.records[-1].run.settings_json)
    assert settings["model"] == "linear"


@pytest.mark.parametrize(
    ("answers", "answer"),
    [([True, True, None], True), ([False, False, True], False), ([True, False], None),
     ([None, None, True], None), ([], None)],
)  # fmt: skip
def test_mostly_is_more_than_half(answers, answer):
    assert mostly(answers) is answer


def noisy(settings, seed):
    """Return the error 1e-4 above the noise of the test set of each seed."""
    return runge(seed).noise_test + 1e-4


def test_other_seeds_are_compared_with_printed_errors_as_on_the_reports_data():
    spread = [runge(seed).noise_test for seed in range(8)]
    assert max(spread) / min(spread) > 1.3
    study = study_of("architectures", noisy, seeds=8, few=True)
    errors = as_on_seed_0(study.table, "test_mse")
    np.testing.assert_allclose(errors, noisy({}, 0))
    ratios = [best_of_all(rows) for _, rows in study.table.groupby("seed")]
    for name in ACTIVATIONS:
        np.testing.assert_allclose([r[name] for r in ratios], ratios[0][name])
    rows = table(section_of(study), "table-iv").iloc[::3]
    difference = noisy({}, 0) - rows["test published"]
    np.testing.assert_allclose(rows["test difference"], difference)
    assert (rows["test ours"] != noisy({}, 0)).all()


def test_an_error_as_low_as_printed_is_within_the_margin_on_most_seeds():
    study = study_of("architectures", noisy, seeds=8, few=True)
    (_, rows), *_ = study.table[study.table["kind"] == "network"].groupby("model")
    rows = rows[rows["activation"] == "relu"]
    printed = noisy({}, 0)
    assert str(grids.as_low(rows, "test_mse", printed)).startswith("yes: 1.000 times")
    assert str(grids.as_low(rows, "test_mse", printed / 1.04)).startswith(
        "no: 1.040 times"
    )
    assert str(grids.as_low(rows[:0], "test_mse", printed)) == (
        "not decidable: not trained"
    )


def test_the_gap_between_train_and_test_must_be_that_of_table_iv():
    study = study_of("architectures", as_printed)
    for factor, verdict in ((0.9, "holds here"), (0.7, "fails here")):
        train = study.table["test_mse"] * factor
        turned = dataclasses.replace(study, table=study.table.assign(train_mse=train))
        found = verdicts(section_of(turned))
        (got,) = (v for t, v in found.items() if t.startswith("The training errors"))
        assert got == verdict
