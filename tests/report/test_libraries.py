"""The section on four libraries: published beside ours, gaps, verdicts."""

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest

from perceptrons.report import tables
from perceptrons.report.sections import build, libraries
from perceptrons.report.sections.libraries import of_setting, settings
from perceptrons.report.study import Study
from perceptrons.report.ties import faster
from perceptrons.study.experiment import builtin
from perceptrons.study.libraries import LIBRARIES, NOT_INSTALLED
from perceptrons.study.records import Record
from perceptrons.study.result import Result

SECONDS = dict(zip(LIBRARIES, (0.1, 2.0, 5.0, 50.0), strict=True))


def record(run, missing):
    """Return a made-up record of a run: everything as in the report's wishes."""
    settings = run.settings
    library = settings.get("library", "")
    gone = library in missing
    test_mse = math.nan if gone else 0.0110
    curve = np.full(300, math.nan) if gone else np.linspace(0, 1, 300)
    return Record(
        run,
        Result(
            metrics={
                "train_mse": test_mse, "test_mse": test_mse,
                "excess": test_mse - 0.0105, "error_f": 2e-4,
                "gradient_rel": math.nan if gone else 1e-15,
            },
            curves={
                "cost": np.empty(0) if gone else np.array([0.02, 0.011, 0.0115, 0.011]),
                "predicted": curve,
            },
            reason=NOT_INSTALLED if gone else "limit reached",
            seconds=math.nan if gone else SECONDS.get(library, 0.01),
            n_parameters=31,
            engine="" if gone else library,
        ),
        {}, "", "",
    )  # fmt: skip


def made_up(*missing, change=lambda record: record, quick=False):
    """Return the study with made-up results."""
    experiment = builtin("libraries")
    runs = experiment.runs(quick=quick, seeds=[0])
    records = [change(record(run, missing)) for run in runs]
    return Study(experiment, records, tables.frame(records))


def with_metrics(record, **metrics):
    result = record.result
    changed = dataclasses.replace(result, metrics={**result.metrics, **metrics})
    return dataclasses.replace(record, result=changed)


def verdicts(study):
    claims = build(study, {}).claims
    return {claim.text.split()[0]: claim for claim in claims}


def ask(start, study):
    """Return answer and evidence of the claim with this beginning."""
    (row,) = (row for row in libraries.CLAIMS if row.text.startswith(start))
    return row.test(study, study.table)


def test_all_16_printed_rows_stand_beside_ours():
    (table, *_) = build(made_up(), {}).tables
    theirs = tables.published("libraries_time_and_test_mse")
    assert len(table.data) == len(theirs) == 16
    for column, name in (("test", "test_mse"), ("seconds", "seconds")):
        assert sorted(table.data[f"{column} published"]) == sorted(theirs[name])
    row = table.data[
        (table.data["network"] == "1 x 10")
        & (table.data["epochs"] == 300)
        & (table.data["library"] == "scikit-learn")
    ].iloc[0]
    assert row["test published"] == 0.0777
    assert str(row["same conclusion?"]) == "no: only ours learned it"
    assert row["test difference"] == pytest.approx(0.0110 - 0.0777)
    assert row["ratio ours"] == pytest.approx(20.0)
    assert row["ratio published"] == pytest.approx(13.8 / 15.71)


def test_other_starts_are_left_out_of_the_comparison():
    def other_start_fails(record):
        other = record.run.settings.get("init") == "auto"
        return with_metrics(record, test_mse=9.0) if other else record

    study = made_up(change=other_start_fails)
    table, others = build(study, {}).tables
    assert table.data["test ours"].max() < 1.0
    assert (others.data["test ours"] == 9.0).all()
    assert len(of_setting(study.table, **settings(study)[0].where)) == 4


def test_figures_6_to_13_are_drawn():
    pictures = build(made_up(), {}).pictures
    assert [p.name for p in pictures] == [f"figure-{i}" for i in range(6, 14)]
    for picture in pictures:
        axes = picture.draw(picture.data).axes[0]
        assert len(axes.lines) >= 4
    scales = [p.draw(p.data).axes[0].get_xscale() for p in pictures]
    assert scales == ["log", "linear"] * 4


def test_shorter_trainings_stand_for_the_reports_in_their_order():
    found = settings(made_up(quick=True))
    places = [setting.printed[["hidden_layers", "epochs"]] for setting in found]
    assert [tuple(place.iloc[0]) for place in places] == [
        ("1x10", 300), ("1x10", 1000), ("5x20", 300), ("5x20", 1000)
    ]  # fmt: skip
    assert [setting.figure for setting in found] == [6, 8, 10, 12]
    assert all(len(place) == 4 for place in places)


def test_missing_libraries_are_gaps_with_hints(monkeypatch):
    hints = {"PyTorch": "pip install torch", "Keras": "pip install keras"}
    monkeypatch.setattr(libraries, "missing", lambda: hints)
    section = build(made_up("PyTorch", "Keras"), {})
    assert [hint.split()[0] for hint in section.hints] == ["PyTorch", "Keras"]
    assert "`pip install torch`" in section.hints[0]
    table = section.tables[0].data
    gaps = table[table["library"].isin(hints)]
    assert gaps["test ours"].isna().all()
    assert (
        gaps["same conclusion?"].astype(str) == "not decidable: not installed"
    ).all()
    for picture in section.pictures:
        assert "PyTorch, Keras" in picture.caption
        picture.draw(picture.data)
    assert section.failures == []
    (same,) = (c for c in section.claims if c.text.startswith("All four behave"))
    assert same.verdict == "holds here"


def test_another_gradient_fails_the_check():
    def wrong(record):
        mine = record.run.settings.get("library") == "PyTorch"
        return with_metrics(record, gradient_rel=1e-3) if mine else record

    section = build(made_up(change=wrong), {})
    assert len(section.failures) == 1
    assert "the gradient of PyTorch differs from ours by 0.001" in section.failures[0]
    assert section.claims[-1].verdict == "fails here"


def stuck(record):
    settings = record.run.settings
    first = settings.get("library") == "scikit-learn" and settings["max_iter"] == 300
    return with_metrics(record, test_mse=0.078) if first else record


def test_scikit_learns_plateau_is_confirmed_only_where_it_is():
    test = "After 300 epochs"
    assert ask(test, made_up(change=stuck))[0] is True
    assert ask(test, made_up())[0] is False
    assert ask(test, made_up("Keras", change=stuck))[0] is None
    assert ask(test, made_up("Keras"))[0] is False


def test_similar_errors_lie_within_the_spread_of_the_printed_ones():
    def worse(factor):
        def change(record):
            mine = record.run.settings.get("library") == "Keras"
            return with_metrics(record, test_mse=0.0110 * factor) if mine else record

        return change

    test = "In the other settings"
    # 0.0126 / 0.0110 = 1.145 are the report's own, and 11 % more is a tie.
    assert ask(test, made_up(change=worse(1.26)))[0] is True
    assert ask(test, made_up(change=worse(1.31)))[0] is False
    assert ask(test, made_up("Keras"))[0] is None


def test_speed_is_judged_by_ratios_with_ties():
    assert faster(1.0, 1.2) is None
    assert faster(1.0, 1.3) is True
    assert faster(1.3, 1.0) is False
    assert faster(1.0, math.nan) is None
    claims = [claim.verdict for claim in build(made_up(), {}).claims]
    scikit_learn, keras, _, no_best = claims[6:10]
    assert (scikit_learn, keras) == ("holds here",) * 2
    # Ours is made twenty times faster and as accurate as the others.
    assert no_best == "fails here"
    gaps = [claim.verdict for claim in build(made_up("Keras"), {}).claims]
    assert gaps[7] == gaps[9] == "not decidable"


def test_the_lowest_cost_is_judged_on_one_scale():
    answer, text = ask("scikit-learn reaches the lowest", made_up())
    assert answer is None
    assert text.startswith("train MSE: holds in 0, fails in 0, ties in 9")


def test_what_only_the_authors_program_could_show_is_not_testable_here():
    claims = build(made_up(), {}).claims
    untestable = [c.text for c in claims if c.verdict == "not testable here"]
    assert len(untestable) == 3
    assert all("FFNN" in text for text in untestable)


def test_predictions_are_ordered_by_x():
    picture = build(made_up(), {}).pictures[1]
    assert picture.data["x"].is_monotonic_increasing
    assert list(picture.data.columns) == ["x", "y", "f", *LIBRARIES]
    assert isinstance(picture.data, pd.DataFrame)
