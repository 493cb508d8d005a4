"""Steps, status and recommendation, from made-up errors of rows."""

import numpy as np
import pandas as pd
import pytest

from perceptrons.comparison.gains import Gains, Pooled
from perceptrons.comparison.steps import answer, steps

KINDS = pd.Series(
    {
        "constant": "constant",
        "OLS": "linear",
        "additive splines": "curved",
        "network": "network",
        "boosting": "yardstick",
    }
)
SECONDS = pd.Series(dict.fromkeys(KINDS.index, 1.0))
CLEAR = {"constant": 2.0, "OLS": 1.0, "additive splines": 0.9, "network": 0.7,
         "boosting": 0.85}  # fmt: skip


def gains(noise=0.02, **means):
    """Return gains of candidates with such means, known to so much of them."""
    rng = np.random.default_rng(0)
    psi = rng.normal(size=(400, len(means)))
    psi = (psi - psi.mean(axis=0)) * noise * 20 / np.sqrt(2)
    influences = pd.DataFrame(psi, columns=list(means))
    values = pd.DataFrame([means, means, means])
    pooled = Pooled(values, influences, None)
    return Gains("constant", values, 1.0, 0.1, pooled).over("additive splines")


def found(noise=0.02, kinds=KINDS, seconds=SECONDS, against=None, **changed):
    own = gains(noise, **CLEAR | changed)
    return answer(own, "network", kinds, seconds, 0.01, against)


def test_a_network_that_beats_all_is_justified_over_the_best_of_them():
    own = found()
    assert (own.status, own.recommended) == ("justified", "network")
    assert own.gains.reference == own.best == "boosting"


def test_boosting_that_does_better_is_taken():
    own = found(boosting=0.6)
    assert (own.status, own.recommended) == ("not justified", "boosting")
    assert own.gains.reference == "boosting"


def test_a_tie_names_the_cheaper_model():
    own = found(noise=0.002, network=0.9, boosting=1.0)
    assert (own.status, own.recommended) == ("not justified", "additive splines")


def test_what_is_within_the_rope_of_the_best_and_simpler_is_taken():
    own = found(noise=0.002, OLS=0.905, network=0.9, boosting=0.899)
    assert own.recommended == "OLS"
    assert own.best == "boosting"


def test_one_model_that_may_be_as_good_leaves_it_undecided():
    own = found(noise=0.05, network=0.87, boosting=0.88, OLS=1.5)
    assert own.status == "undecided"
    assert own.recommended != "network"


def test_a_model_of_the_users_counts_if_it_is_cheaper():
    kinds = pd.concat([KINDS, pd.Series({"mine": "user"})])
    for cost, status in ((0.5, "not justified"), (2.0, "justified")):
        seconds = pd.concat([SECONDS, pd.Series({"mine": cost})])
        assert found(kinds=kinds, seconds=seconds, mine=0.6).status == status


def test_against_one_the_status_is_that_over_it_alone():
    own = found(against="OLS", boosting=0.6)
    assert (own.status, own.recommended) == ("justified", "boosting")


def test_the_steps_go_from_the_simplest_on():
    asked = list(steps(gains(**CLEAR | {"boosting": 0.6}), "network", KINDS, 0.01))
    assert [step.answer for step in asked] == ["yes", "yes", "yes", "no"]
    assert [step.against for step in asked] == [
        "constant", "OLS", "additive splines", "boosting",
    ]  # fmt: skip
    assert asked[3].gain == pytest.approx(1 - 0.7 / 0.6)
    assert str(asked[3]).startswith(
        "Does it beat boosting? No: network gains -16.7 % over boosting (95 % interval "
    )
