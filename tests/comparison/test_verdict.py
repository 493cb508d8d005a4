"""The sentence of the verdict, and how many more rows would decide."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from perceptrons.comparison.decision import decide, edges
from perceptrons.comparison.outlook import LIKELY, Outlook, look_ahead
from perceptrons.comparison.statistics import Posterior
from perceptrons.comparison.verdict import Cost, Verdict
from perceptrons.pages.wording import (
    percent,
    probability,
    same_digits,
    significant,
)

NUMBERS = {
    "candidate": "network",
    "reference": "Ridge",
    "metric": "RMSE",
    "value": 2.3104,
    "reference_value": 2.2901,
    "gain": -0.0089,
    "low": -0.024,
    "high": 0.0061,
    "p_gain": 0.11,
    "p_practical": 0.0123,
    "rope": 0.01,
    "outlook": None,
    "cost": Cost(parameters=8321, seconds=0.531, microseconds=2.71, times=301.3),
    "other_cost": Cost(parameters=14, seconds=0.00176, microseconds=0.1, times=1),
    "recommended": "Ridge",
    "best": "Ridge",
    "behind": 0.0,
}
COST = (
    "it costs 300 times the training time (8,321 parameters, 0.53 s to train, 2.7 µs "
    "per prediction)"
)
INSTEAD = COST + ", Ridge 14 parameters, 0.0018 s to train."


def test_not_justified():
    assert str(Verdict(status="not justified", **NUMBERS)) == (
        "A network is not justified, take Ridge: RMSE 2.31 against 2.29 for Ridge, "
        "gain -0.9 % (95 % interval -2.4 to 0.6 %), the probability that it is more "
        "than 1 % is 0.01; " + INSTEAD
    )


JUSTIFIED = NUMBERS | {
    "value": 2.0, "gain": 0.127, "low": 0.05, "high": 0.2, "p_gain": 0.99973,
    "recommended": "network",
}  # fmt: skip


def test_justified():
    assert str(Verdict(status="justified", **JUSTIFIED)) == (
        "A network is justified: RMSE 2.00 against 2.29 for Ridge, the best of the "
        "cheaper models, gain 12.7 % (95 % interval 5.0 to 20.0 %), the probability "
        "that there is a gain is above 0.999; " + COST + "."
    )


def test_justified_beside_an_interval_with_zero_says_how_that_is_meant():
    text = str(Verdict(status="justified", **JUSTIFIED | {"low": -0.004}))
    assert (
        "-0.4 to 20.0 %, which leaves 2.5 % on either side, and so reaches below zero; "
        "the rule leaves 5 % on one)"
    ) in text


@pytest.mark.parametrize(
    ("ratio", "text"),
    [
        (1.04, "the same"),
        (0.996, "the same"),
        (1.1, "1.1 times the"),
        (2, "2 times the"),
    ],
)
def test_a_cost_like_that_of_the_reference_is_called_the_same(ratio, text):
    cost = Cost(parameters=8321, seconds=0.5, microseconds=2.7, times=ratio)
    said = str(Verdict(status="justified", **JUSTIFIED | {"cost": cost}))
    assert f"; it costs {text} training time (8,321 parameters, " in said


def test_what_is_recommended_though_another_is_best_says_how_close_it_is():
    numbers = NUMBERS | {"reference": "boosting", "best": "boosting", "behind": 0.004}
    text = str(Verdict(status="not justified", **numbers))
    assert "take Ridge: RMSE 2.31 against 2.29 for boosting, the best of the" in text
    assert text.endswith(
        "Ridge 14 parameters, 0.0018 s to train, within 0.4 % of boosting."
    )


def test_over_a_model_that_the_user_named_the_rest_still_counts():
    numbers = JUSTIFIED | {"recommended": "additive splines", "against": True}
    text = str(Verdict(status="justified", **numbers))
    assert text.startswith(
        "Over Ridge, a network is justified; of all, take additive splines: RMSE 2.00"
    )


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        (1300, "about 1,300 more rows would likely decide it"),
        (None, "even 100 times the rows might not decide it"),
    ],
)
def test_undecided(rows, text):
    outlook = Outlook(rows, justified=0.231, not_justified=0.57)
    verdict = Verdict(status="undecided", **NUMBERS | {"outlook": outlook})
    text = f"; {text} (justified 0.23, not justified 0.57); "
    assert str(verdict) == (
        "It is undecided whether a network is justified, until then take Ridge: RMSE "
        "2.31 against 2.29 for Ridge, gain -0.9 % (95 % interval -2.4 to 0.6 %), the "
        "probability that there is a gain is 0.11, that it is more than 1 % 0.01"
        + text + INSTEAD
    )  # fmt: skip


def test_unknown_parameters_are_not_named():
    cost = Cost(parameters=float("nan"), seconds=1, microseconds=1, times=2)
    text = str(Verdict(status="justified", **JUSTIFIED | {"cost": cost}))
    assert "parameters" not in text
    assert "(1 s to train, 1 µs per prediction)" in text


def test_large_costs_are_written_without_an_exponent():
    cost = Cost(parameters=10, seconds=123.4, microseconds=1260, times=2)
    text = str(Verdict(status="justified", **NUMBERS | {"cost": cost}))
    assert "120 s to train, 1,300 µs per prediction" in text


def test_the_dictionary_is_json_and_holds_the_sentence():
    verdict = Verdict(status="not justified", **NUMBERS)
    again = json.loads(json.dumps(verdict.as_dict()))
    assert again["sentence"] == str(verdict)
    assert again["cost"]["times"] == 301.3


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0.0"),
        (-0.0004, "0.0"),
        (-0.024, "-2.4"),
        (1.0, "100.0"),
        (-9.99, "-999.0"),
        (-1e5, "below -1,000"),
    ],
)
def test_percent(share, text):
    assert percent(share) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "below 0.001"),
        (0.004, "0.004"),
        (0.5, "0.50"),
        (0.995, "0.995"),
        (1.0, "above 0.999"),
    ],
)
def test_probability(value, text):
    assert probability(value) == text


def test_digits_tell_values_apart():
    assert same_digits(2.31, 2.29) == ("2.31", "2.29")
    assert same_digits(0.123456, 0.123412) == ("0.1235", "0.1234")
    assert same_digits(1.0, 1.0) == ("1.0000", "1.0000")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.43, "0.430"),
        (2.0, "2.00"),
        (9.999, "10.0"),
        (0.0999999, "0.100"),
        (100.0, "100"),
        (1234.5, "1,230"),
        (45213.2, "45,200"),
        (0.000456, "0.000456"),
        (4.56e-5, "4.56e-05"),
        (5e9, "5.00e+09"),
        (0.0, "0"),
        (-2.5, "-2.50"),
    ],
)
def test_three_digits_without_an_exponent_where_it_can_be(value, text):
    assert significant(value) == text


def test_where_no_error_is_left_a_sure_gain_is_not_told_as_a_reason():
    text = str(Verdict(status="not justified", **NUMBERS | {"p_practical": 0.999}))
    assert "but next to no error is left to lower; it costs" in text
    assert "0.999" not in text


def test_a_leak_is_named_in_the_sentence():
    one = str(Verdict(status="justified", leaks=("alive",), **JUSTIFIED))
    assert one.startswith(
        "Unless 'alive' leaks the target, a network is justified: RMSE"
    )
    two = str(Verdict(status="undecided", leaks=("a", "b"), **NUMBERS))
    assert two.startswith("Unless 'a' or 'b' leak the target, it is undecided whether")


# How many more rows would decide.

ROPE = 0.01


def test_the_edges_are_where_the_rule_changes():
    for scale, df in ((0.003, 24), (0.02, 24), (0.05, 4)):
        low, high = edges(scale, df, ROPE)
        for place, below, above in (
            (low, "not justified", "undecided"),
            (high, "undecided", "justified"),
        ):
            assert decide(Posterior(place - 1e-9, scale, df), ROPE) == below
            assert decide(Posterior(place + 1e-9, scale, df), ROPE) == above


SHARES = (0.25, 0.5, 1.0)


def curves(*folds):
    """Return learning curves of a network over a reference whose error is 1.

    Each fold is given by its gains with a quarter, half and all of the rows.
    """
    return pd.DataFrame(
        [
            (name, fold, round(400 * share), share, 1 - gain * (name == "network"))
            for fold, gains in enumerate(folds)
            for share, gain in zip(SHARES, gains, strict=True)
            for name in ("Ridge", "network")
        ],
        columns=["candidate", "fold", "n_train", "share", "value"],
    )


def ahead(posterior, table):
    return look_ahead(posterior, table, ("network", "Ridge"), 500, ROPE)


@pytest.mark.parametrize("mean", [-0.01, 0.004, 0.02])
@pytest.mark.parametrize("slope", [0.0, -0.02, 0.03])
def test_the_rows_decide_as_often_as_told(mean, slope):
    now, df = Posterior(mean, 0.015, 24), 24
    found = ahead(now, curves([mean + slope * (1 / s - 1) for s in SHARES]))
    assert found.justified + found.not_justified == pytest.approx(LIKELY, abs=0.03)
    # Truths as the posterior has them, which move to their ends as the slope says, and
    # estimates of them from all rows then: the old ones weigh as the share of theirs.
    draw, share = np.random.default_rng(0), 500 / (500 + found.rows)
    truths = stats.t(df, mean, 0.015).rvs(4000, random_state=draw)
    noise = 0.015 * np.sqrt(share / (1 - share)) * draw.normal(size=4000)
    moved = -slope * (1 - share)
    later = share * mean + (1 - share) * (truths + noise) + moved
    verdicts = [decide(Posterior(m, 0.015 * share**0.5, df), ROPE) for m in later]
    for status, told in (
        ("justified", found.justified),
        ("not justified", found.not_justified),
    ):
        assert np.mean([v == status for v in verdicts]) == pytest.approx(told, abs=0.04)


def test_a_gain_that_rises_with_the_rows_is_decided_sooner_and_for_the_network():
    now, flat = Posterior(0.02, 0.03, 24), [0.02] * 3
    flat, rising = ahead(now, curves(flat)), ahead(now, curves([-0.1, -0.04, 0.02]))
    assert rising.rows < flat.rows
    assert rising.justified > flat.justified
    falling = ahead(now, curves([0.14, 0.08, 0.02]))
    assert falling.justified < flat.justified


def test_the_end_of_a_curve_counts_not_its_steep_beginning():
    # As 1 / n^2, never above 0: four times the rows gain 0.0075 at most.
    found = ahead(Posterior(-0.01, 0.005, 24), curves([-0.16, -0.04, -0.01]))
    assert found.not_justified > found.justified


def test_folds_that_disagree_about_the_curve_leave_more_open():
    now, end = Posterior(-0.02, 0.005, 24), -0.02
    alike = ahead(now, curves(*[[end, end, end]] * 5))
    tilts = (-0.2, -0.1, 0.0, 0.1, 0.2)
    apart = ahead(now, curves(*[[end + 3 * t, end + t, end] for t in tilts]))
    assert alike.justified < 0.01
    assert apart.justified > alike.justified
    assert apart.not_justified < alike.not_justified


def test_two_differences_alone_promise_nothing():
    # Student's t of one degree of freedom is certain of next to nothing.
    found = ahead(Posterior(0.0, 0.02, 1), curves([0.0] * 3))
    assert found.rows is None
    assert found.justified + found.not_justified < LIKELY


def test_one_size_alone_makes_a_flat_curve():
    table, now = curves([0.02] * 3), Posterior(0.02, 0.03, 24)
    alone, flat = ahead(now, table[table["share"] == 1.0]), ahead(now, table)
    assert alone.rows == flat.rows
    assert alone.justified == pytest.approx(flat.justified)
