"""Verdicts on made-up numbers: diverged, missing, shifted a little."""

import math

import pytest
from test_study_architectures import section_of, study_of

from perceptrons.report.sections.grids import lower_of_all


def claim(study, start):
    (found,) = (c for c in section_of(study).claims if c.text.startswith(start))
    return found


def test_where_one_of_the_others_diverged_the_lowest_is_still_a_number():
    errors = {"a": 0.02, "b": math.nan, "c": 0.01}
    answer, text = lower_of_all(errors, "a", "error")
    assert answer is False
    assert text.endswith("50.0% apart")


@pytest.mark.parametrize("lost", ["l1", "l2"])
def test_a_norm_that_diverged_everywhere_leaves_the_benefit_of_the_other(lost):
    def errors(settings, seed):
        if lost in settings:
            return math.nan
        return 0.011 if {"l1", "l2"} & set(settings) else 0.05

    study = study_of("regularization", errors, few=True)
    assert claim(study, "ReLU: a penalty provides").verdict == "not confirmed"


def test_an_error_with_a_diverged_network_among_its_strengths_varies_much():
    def errors(settings, seed):
        return math.nan if settings.get("l2") == 1e-6 else 0.011

    found = claim(study_of("regularization", errors), "Sigmoid: L2 shows minimal")
    assert found.verdict == "not confirmed"
    assert "0.011 to diverged" in found.evidence
