"""The claims that must hold at full size, and the command that tests them."""

import json

import pytest
from typer.testing import CliRunner

from perceptrons.cli import app
from perceptrons.data.mnist import DamagedDataError
from perceptrons.report import checks
from perceptrons.report.checks import CHECKS, Outcome


@pytest.mark.slow
@pytest.mark.parametrize("sentence", CHECKS)
def test_a_claim_that_must_hold_holds(sentence):
    outcome = checks.perform(sentence, 2)
    if outcome.holds is None:
        pytest.skip(outcome.numbers)
    assert outcome.holds, outcome.numbers


def call(*arguments):
    return CliRunner().invoke(app, ["report", "--check", "--jobs", "2", *arguments])


def test_a_small_network_reaches_the_noise_of_its_data():
    (sentence,) = (text for text in CHECKS if "1 x 16" in text)
    outcome = checks.perform(sentence, 2)
    assert outcome.holds
    assert "noise 0.010510" in outcome.numbers


@pytest.fixture
def three_checks(monkeypatch):
    found = {
        "One holds.": Outcome(True, "1 of 1"),
        "One fails.": Outcome(False, "0 of 1"),
        "One is not tried.": Outcome(None, "no data; get them"),
    }
    table = {s: lambda jobs, folder, o=outcome: o for s, outcome in found.items()}
    monkeypatch.setattr(checks, "CHECKS", table)
    return table


def test_every_check_is_printed_with_its_numbers(three_checks):
    done = call()
    assert done.exit_code == 1
    assert done.stdout.splitlines() == [
        "holds: One holds.",
        "    1 of 1",
        "FAILS: One fails.",
        "    0 of 1",
        "not tried: One is not tried.",
        "    no data; get them",
    ]


def test_checks_that_hold_or_cannot_be_tried_exit_with_0(three_checks):
    del three_checks["One fails."]
    assert call().exit_code == 0


def test_checks_look_into_the_folder_given(monkeypatch, tmp_path):
    asked = []
    table = {"One.": lambda jobs, folder: asked.append(folder) or Outcome(True, "")}
    monkeypatch.setattr(checks, "CHECKS", table)
    assert call("--data", str(tmp_path)).exit_code == 0
    assert asked == [tmp_path]


@pytest.mark.parametrize("error", [DamagedDataError("damaged"), PermissionError("no")])
def test_a_check_whose_data_cannot_be_read_says_so(monkeypatch, error):
    def refuse(split, folder):
        raise error

    monkeypatch.setattr(checks, "load_mnist", refuse)
    (sentence,) = (text for text in CHECKS if "MNIST" in text)
    assert checks.perform(sentence, 1) == Outcome(None, str(error))


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["optimizers"], "STUDY"),
        (["--quick"], "--quick"),
        (["--from-store"], "--from-store"),
        (["--seeds", "3"], "--seeds"),
        (["--engine", "numpy"], "--engine"),
        (["--quick", "--format", "pdf"], "--quick, --format"),
    ],
)
def test_what_checks_would_ignore_is_refused(three_checks, arguments, named):
    done = call(*arguments)
    assert done.exit_code == 2
    assert f"--check trains networks of its own; leave out {named}." in done.stderr
    assert "holds" not in done.stdout


def test_checks_as_json(three_checks):
    found = json.loads(call("--json").stdout)
    assert found["One fails."] == {"holds": False, "numbers": "0 of 1"}
