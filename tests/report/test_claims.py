"""Verdicts on made-up numbers: diverged, missing, shifted a little."""

import dataclasses
import math

import made_up
import pandas as pd
import pytest
from made_up import section_of, study_of

from perceptrons.report.claims import all_of, judge
from perceptrons.report.picks import pick
from perceptrons.report.sections import (
    gradient_descent,
    hypotheses,
    libraries,
    optimizers,
)
from perceptrons.report.sections.hypotheses import verdicts
from perceptrons.report.study import NoRunsError


def claim(study, start):
    (found,) = (c for c in section_of(study).claims if c.text.startswith(start))
    return found


@pytest.mark.parametrize("lost", ["l1", "l2"])
def test_a_norm_that_diverged_everywhere_leaves_the_benefit_of_the_other(lost):
    def errors(settings, seed):
        if lost in settings:
            return math.nan
        return 0.011 if {"l1", "l2"} & set(settings) else 0.05

    study = study_of("regularization", errors, few=True)
    assert claim(study, "ReLU: a penalty provides").verdict == "fails here"


def test_an_error_with_a_diverged_network_among_its_strengths_varies_much():
    def errors(settings, seed):
        return math.nan if settings.get("l2") == 1e-6 else 0.011

    found = claim(study_of("regularization", errors), "Sigmoid: L2 shows minimal")
    assert found.verdict == "fails here"
    assert "(lambda 1e-06; of 7) diverged" in found.evidence


def networks_that_differ_by(share, where):
    """Return a function of settings: some networks have a larger error."""

    def errors(settings, seed):
        return 0.011 * (1.0 + share * where(settings))

    return errors


@pytest.fixture
def told_apart(monkeypatch):
    """Let networks differ alike in every row's error: no pair of them ties."""

    def predictions(data, error, seed):
        away = data.y_test - data.f_test
        return data.y_test - away * math.sqrt(error / data.noise_test)

    monkeypatch.setattr(made_up, "predictions", predictions)


def leaky(settings):
    return settings.get("activation") == "leaky_relu"


def penalty(settings):
    return 1.0 - bool({"l1", "l2"} & set(settings))


def first_norm(settings):
    return "l1" in settings


def strongest(settings):
    return settings.get("l2") == 1e-2


@pytest.mark.parametrize(
    ("name", "start", "where"),
    [
        ("architectures", "At their best the three", leaky),
        ("architectures", "Leaky ReLU behaves similarly", leaky),
        ("regularization", "ReLU is largely insensitive", first_norm),
        ("regularization", "Sigmoid: L2 shows minimal", strongest),
        ("regularization", "Sigmoid generalizes as well", penalty),
        ("regularization", "Leaky ReLU: a penalty provides", penalty),
    ],
)
def test_sameness_has_a_margin_however_well_networks_are_told_apart(
    told_apart, name, start, where
):
    for share, verdict in ((0.01, "holds here"), (0.2, "fails here")):
        study = study_of(name, networks_that_differ_by(share, where), few=True)
        found = [*section_of(study).claims, *verdicts({name: study})]
        (own,) = (claim for claim in found if claim.text.startswith(start))
        assert own.verdict == verdict


@pytest.mark.parametrize(
    ("name", "rows", "start"),
    [
        ("gradient-descent", gradient_descent.CLAIMS, "OLS predicts better"),
        ("libraries", libraries.CLAIMS, "Even a simple network recreates the function "
         "without noise better than linear regression, here"),
        ("optimizers", optimizers.CLAIMS, "RMSProp at the lowest rate beats OLS."),
        ("regularization", hypotheses.ROWS["regularization"],
         "A network with L2 outperforms OLS."),
    ],
)  # fmt: skip
def test_a_run_that_is_missing_decides_nothing(name, rows, start):
    whole = study_of(
        name, lambda settings, seed: 0.011 + 0.01 * ("model" in settings), seeds=2
    )
    table = whole.table
    rest = table[(table["kind"] != "ols") | (table["seed"] != 0)]
    without = dataclasses.replace(whole, table=rest)
    (row,) = (row for row in rows if row.text.startswith(start))
    (decided,), (missing,) = (judge(study, [row]) for study in (whole, without))
    assert decided.verdict != "not decidable"
    assert missing.verdict == "not decidable"
    assert "no run of what the claim compares" in missing.evidence


def test_nothing_to_compare_decides_nothing():
    assert all_of([]) is None
    empty = pd.DataFrame({"test_mse": []})
    with pytest.raises(NoRunsError):
        pick("none", "median").value(None, empty, "test_mse", "test_mse")
