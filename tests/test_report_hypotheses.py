"""The hypotheses of section II.F: each has a verdict from the study that decides it."""

import numpy as np
import pytest
from test_study_architectures import as_printed, printed_penalties, study_of

from perceptrons.report import hypotheses
from perceptrons.report.hypotheses import verdicts
from perceptrons.study.experiment import BUILTIN


def by_start(claims, start):
    (found,) = (claim for claim in claims if claim.text.startswith(start))
    return found


@pytest.fixture(scope="module")
def studies():
    return {
        "architectures": study_of("architectures", as_printed),
        "regularization": study_of("regularization", printed_penalties),
    }


def test_without_a_study_the_command_that_trains_it_is_named():
    claims = verdicts({})
    assert {claim.verdict for claim in claims} == {"not decidable"}
    for claim, (_, name, _) in zip(claims, hypotheses._HYPOTHESES, strict=True):
        assert name in BUILTIN
        assert claim.evidence == f"Run the study: perceptrons report {name}"
        assert claim.source == f"section II.F; study {name}"


def test_a_study_decides_its_own_hypotheses_and_no_others(studies):
    claims = verdicts({"architectures": studies["architectures"]})
    for claim in claims:
        undecided = claim.evidence.startswith("Run the study")
        assert undecided is ("study architectures" not in claim.source)


def test_the_printed_numbers_give_these_verdicts(studies):
    claims = verdicts(studies)
    expected = {
        # Figs. 14 and 15: half of ReLU's networks learn nothing, but few of sigmoid's.
        "ReLU outperforms sigmoid.": "not confirmed",
        "Leaky ReLU is slightly more robust": "confirmed",
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
    assert by_start(claims, "ReLU outperforms sigmoid.").verdict == "confirmed"
    assert by_start(claims, "Leaky ReLU behaves similarly").verdict == "not confirmed"


def test_seeds_that_disagree_decide_nothing():
    def alternating(settings, seed):
        relu = settings.get("activation") == "relu"
        return 0.05 if relu == (seed % 2 == 0) else 0.02

    claims = verdicts(
        {"architectures": study_of("architectures", alternating, seeds=2)}
    )
    claim = by_start(claims, "ReLU outperforms sigmoid.")
    assert claim.verdict == "not decidable"
    assert "Holds for 1, fails for 1" in claim.evidence


def test_learning_faster_is_reaching_the_noise_in_fewer_epochs():
    def sigmoid_slow(settings, seed):
        return 0.5 if settings.get("activation") == "sigmoid" else 0.01

    claims = verdicts({"architectures": study_of("architectures", sigmoid_slow)})
    claim = by_start(claims, "ReLU learns faster")
    assert claim.verdict == "confirmed"
    assert "never there: 0 and 49 of 49" in claim.evidence


def test_oscillations_are_judged_near_the_ends():
    study = study_of(
        "architectures", lambda s, seed: 0.0127 if "model" in s else 0.0106
    )
    claim = by_start(verdicts({"architectures": study}), "Networks avoid")
    assert claim.verdict == "confirmed"
    assert np.isclose(
        float(claim.evidence.split("OLS ")[1].split(",")[0]), 0.0022, atol=1e-4
    )
