"""Claims that a reader states in a study's file are judged like the report's."""

import pytest

from perceptrons.report import generic, tables
from perceptrons.report.study import Study
from perceptrons.study.errors import ExperimentError
from perceptrons.study.experiment import load
from perceptrons.study.records import Record
from perceptrons.study.result import Result

STUDY = """
title = "Mine"
question = "How wide?"
dataset = "runge"
metric = "test_mse"
seeds = [0, 1]
[base]
solver = "adam"
[axes]
hidden_layer_sizes = [[4], [8]]
learning_rate_init = [0.001, 0.01]
[[extra]]
procedure = "baseline"
model = "ols"
degree = 8
[[claims]]
text = "Wider is better."
lower = { hidden_layer_sizes = [8] }
than = { hidden_layer_sizes = [4] }
each = ["learning_rate_init"]
[[claims]]
text = "Rates are alike."
lower = { learning_rate_init = 0.001 }
than = { learning_rate_init = 0.01 }
like = true
[[claims]]
text = "OLS is better than all others."
lower = { model = "ols" }
"""


def study(tmp_path, error, text=STUDY):
    """Return a finished study with made-up errors."""
    path = tmp_path / "mine.toml"
    path.write_text(text)
    experiment = load(path)
    records = []
    for run in experiment.runs():
        value = error(run.settings, run.seed)
        metrics = dict.fromkeys(("train_mse", "test_mse", "excess", "error_f"), value)
        records.append(Record(run, Result(metrics), {}, "", ""))
    return Study(experiment, records, tables.frame(records))


def test_each_stated_claim_has_its_verdict(tmp_path):
    def error(settings, seed):
        return {"[8]": 0.010, "[4]": 0.020}.get(
            str(settings.get("hidden_layer_sizes")), 0.015
        )

    found = generic.section(study(tmp_path, error)).claims
    assert [claim.verdict for claim in found] == [
        "confirmed", "confirmed", "not confirmed",
    ]  # fmt: skip
    assert found[0].seeds == "holds in 2 of 2 seeds"


def test_seeds_that_disagree_decide_nothing(tmp_path):
    def error(settings, seed):
        wide = settings.get("hidden_layer_sizes") == [8]
        return 0.010 if wide == (seed == 0) else 0.020

    wider = generic.section(study(tmp_path, error)).claims[0]
    assert (wider.verdict, wider.holds, wider.fails) == ("not decidable", 1, 1)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("like = true", "like = 1", "like of a claim must be a true or false"),
        ("like = true", 'agree = "many"', "agree of a claim"),
        ("lower = { model", "lower = { modal", "a setting of a claim"),
        ('text = "Rates are alike."', "", "a claim needs 'text'"),
        ("like = true", "lik = true", "a key of claims"),
    ],
)
def test_a_claim_that_cannot_be_judged_is_refused_before_training(
    tmp_path, old, new, sentence
):
    with pytest.raises(ExperimentError, match=sentence):
        study(tmp_path, lambda settings, seed: 0.01, STUDY.replace(old, new))
