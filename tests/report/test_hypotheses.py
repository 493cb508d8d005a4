"""The hypotheses of section II.F: each has a verdict from the study that decides it."""

import numpy as np
import pytest
from made_up import as_printed, printed_penalties, study_of

from perceptrons.data import runge
from perceptrons.report.sections import hypotheses
from perceptrons.report.sections.hypotheses import verdicts
from perceptrons.study.shipped import BUILTIN


def by_start(claims, start):
    (found,) = (claim for claim in claims if claim.text.startswith(start))
    return found


@pytest.fixture(scope="module")
def studies():
    return {
        "architectures": study_of("architectures", as_printed),
        "regularization": study_of("regularization", printed_penalties),
    }


def test_a_study_decides_its_own_hypotheses_and_no_others(studies):
    assert verdicts({}) == []
    claims = verdicts({"architectures": studies["architectures"]})
    assert len(claims) == len(hypotheses.ROWS["architectures"])
    assert {claim.source.partition("; ")[2] for claim in claims} == {
        "study architectures"
    }


def test_hypotheses_belong_to_studies_of_the_report():
    assert set(hypotheses.ROWS) <= set(BUILTIN)


def test_the_printed_numbers_give_these_verdicts(studies):
    claims = verdicts(studies)
    expected = {
        # Figs. 14 and 15: 23 of 49 pairs fail, 24 tie, and the best of both tie.
        "ReLU outperforms sigmoid.": "not decidable",
        "Leaky ReLU is slightly more robust": "holds here",
        # Table V is within 5 % of OLS, but the networks without a number are far off.
        "A penalty improves generalization in more complex models; here the": (
            "not decidable"
        ),
        "L1 may lead to sparser models": "not decidable",
    }
    for start, verdict in expected.items():
        assert by_start(claims, start).verdict == verdict, start


def test_the_verdicts_follow_the_numbers():
    def relu_wins(settings, seed):
        factor = 0.5 if settings.get("activation") == "relu" else 1.0
        return factor * 0.05

    claims = verdicts({"architectures": study_of("architectures", relu_wins)})
    assert by_start(claims, "ReLU outperforms sigmoid.").verdict == "holds here"
    assert by_start(claims, "Leaky ReLU behaves similarly").verdict == "fails here"


@pytest.mark.parametrize(
    ("network", "verdict"),
    [(0.0106, "fails here"), (0.0125, "holds here"), (0.05, "fails here")],
)
def test_comparable_is_neither_clearly_better_nor_clearly_worse(network, verdict):
    def errors(settings, seed):
        sizes = settings.get("hidden_layer_sizes")
        return network * (1 + 1 / sizes[0] ** 2) if sizes else 0.0127

    study = study_of("architectures", errors)
    claim = by_start(verdicts({"architectures": study}), "On simple data")
    assert claim.verdict == verdict


def test_networks_that_learn_nothing_are_not_called_stable():
    def dead(settings, seed):
        return 0.09 if settings.get("activation") == "relu" else 0.011

    claims = verdicts({"architectures": study_of("architectures", dead)})
    claim = by_start(claims, "ReLU learns more stably")
    assert claim.verdict == "not decidable"

    def half(settings, seed):
        sizes = settings.get("hidden_layer_sizes", [0])
        return 0.09 if sizes[0] == 2 else 0.011

    claims = verdicts({"architectures": study_of("architectures", half)})
    claim = by_start(claims, "ReLU learns more stably")
    assert "left out, as one has learned nothing: 7" in claim.evidence


@pytest.mark.parametrize(
    ("long", "verdict"),
    [(0.011, "not decidable"), (0.02, "holds here"), (0.007, "holds here")],
)
def test_epochs_are_judged_by_the_test_error(long, verdict):
    def errors(settings, seed):
        return long if settings.get("max_iter") == 1000 else 0.011

    claims = verdicts({"libraries": study_of("libraries", errors)})
    assert by_start(claims, "The number of epochs").verdict == verdict


def test_a_choice_among_many_is_named(studies):
    claims = verdicts(studies)
    for start, words in (
        ("A network with L2 outperforms OLS.", "; of 168)"),
        ("A penalty improves generalization in more complex models; here the",
         "; of 112)"),
    ):  # fmt: skip
        assert words in by_start(claims, start).evidence


def test_seeds_that_disagree_decide_nothing():
    def alternating(settings, seed):
        relu = settings.get("activation") == "relu"
        return 0.05 if relu == (seed % 2 == 0) else 0.02

    claims = verdicts(
        {"architectures": study_of("architectures", alternating, seeds=2)}
    )
    claim = by_start(claims, "ReLU outperforms sigmoid.")
    assert claim.verdict == "not decidable"
    assert (claim.holds, claim.fails) == (1, 1)


def test_learning_faster_is_reaching_the_noise_in_fewer_epochs():
    def sigmoid_slow(settings, seed):
        return 0.5 if settings.get("activation") == "sigmoid" else 0.01

    claims = verdicts({"architectures": study_of("architectures", sigmoid_slow)})
    claim = by_start(claims, "ReLU learns faster")
    assert claim.verdict == "holds here"
    assert "holds in 49, fails in 0" in claim.evidence


def test_oscillations_are_judged_near_the_ends():
    study = study_of(
        "architectures", lambda s, seed: 0.0127 if "model" in s else 0.0106
    )
    claim = by_start(verdicts({"architectures": study}), "Networks avoid")
    assert claim.verdict == "holds here"
    data, (ols,) = runge(0), study.chosen(kind="ols")
    away = (ols.result.curves["predicted"] - data.f_test)[abs(data.X_test[:, 0]) > 0.8]
    assert f"OLS of degree 8 {np.mean(away**2):.4g}," in claim.evidence
