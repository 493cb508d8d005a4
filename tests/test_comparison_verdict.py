"""The sentence of the verdict, and how many more rows would decide."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from perceptrons.comparison.learning import rows_to_decide
from perceptrons.comparison.statistics import Posterior
from perceptrons.comparison.verdict import (
    Cost,
    Verdict,
    decide,
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
    "more_rows": None,
    "cost": Cost(parameters=8321, seconds=0.531, microseconds=2.71, times=301.3),
}
COST = (
    "it costs 300 times the training time (8,321 parameters, 0.53 s to train, 2.7 µs "
    "per prediction)."
)


def test_not_justified():
    assert str(Verdict(status="not justified", **NUMBERS)) == (
        "A network is not justified: RMSE 2.31 against 2.29 for Ridge, gain -0.9 % "
        "(95 % interval -2.4 to 0.6 %), probability of a practical gain 0.01; " + COST
    )


def test_justified():
    numbers = NUMBERS | {"value": 2.0, "gain": 0.127, "low": 0.05, "high": 0.2}
    verdict = Verdict(status="justified", **numbers | {"p_gain": 0.99973})
    assert str(verdict) == (
        "A network is justified: RMSE 2.00 against 2.29 for Ridge, gain 12.7 % (95 % "
        "interval 5.0 to 20.0 %), probability of a gain above 0.999; " + COST
    )


@pytest.mark.parametrize(
    ("more", "text"),
    [
        (1300, "; about 1,300 more rows would decide it; "),
        (None, "; even 100 times the rows would hardly decide it; "),
    ],
)
def test_undecided(more, text):
    verdict = Verdict(status="undecided", **NUMBERS | {"more_rows": more})
    assert str(verdict) == (
        "It is undecided whether a network is justified: RMSE 2.31 against 2.29 for "
        "Ridge, gain -0.9 % (95 % interval -2.4 to 0.6 %), probability of a gain 0.11, "
        "of a practical gain 0.01" + text + COST
    )


def test_unknown_parameters_are_not_named():
    cost = Cost(parameters=float("nan"), seconds=1, microseconds=1, times=2)
    text = str(Verdict(status="justified", **NUMBERS | {"cost": cost}))
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
    one = str(Verdict(status="justified", leaks=("alive",), **NUMBERS))
    assert one.startswith("Unless 'alive' leaks the target, a network is justified: ")
    two = str(Verdict(status="undecided", leaks=("a", "b"), **NUMBERS))
    assert two.startswith("Unless 'a' or 'b' leak the target, it is undecided whether")


def curves(gains):
    """Return learning curves of a network over a reference whose error is 1."""
    sizes = (100, 200, 400)
    return pd.DataFrame(
        [
            (name, 0, n, n / 400, 1.0 if name == "Ridge" else 1 - gain)
            for n, gain in zip(sizes, gains, strict=True)
            for name in ("Ridge", "network")
        ],
        columns=["candidate", "fold", "n_train", "share", "value"],
    )


def rows(posterior, gains):
    return rows_to_decide(
        posterior,
        curves(gains),
        ("network", "Ridge"),
        500,
        lambda later: decide(later, 0.01) != "undecided",
    )


def test_on_a_flat_curve_the_rows_follow_from_the_standard_error():
    # Decided where gain / (scale / sqrt(times)) reaches the 95 % point of t.
    times = (stats.t.ppf(0.95, 24) * 0.03 / 0.02) ** 2
    found = rows(Posterior(0.02, 0.03, 24), [0.02, 0.02, 0.02])
    assert found == pytest.approx(500 * (times - 1), rel=0.05)


def test_a_rising_gain_needs_fewer_rows_and_a_falling_one_may_be_refused():
    now = Posterior(0.02, 0.03, 24)
    flat, rising = rows(now, [0.02] * 3), rows(now, [-0.04, 0.0, 0.02])
    assert rising < flat
    later = rows(Posterior(0.012, 0.004, 24), [0.08, 0.04, 0.02])
    assert later is not None


def test_a_gain_at_the_edge_of_practice_is_never_decided():
    # The estimate stays below the rope, and half the posterior above it.
    assert rows(Posterior(0.00999, 0.02, 24), [0.00999] * 3) is None


def test_one_size_alone_makes_a_flat_curve():
    table = curves([0.02] * 3)
    found = rows_to_decide(
        Posterior(0.02, 0.03, 24),
        table[table["share"] == 1.0],
        ("network", "Ridge"),
        500,
        lambda later: decide(later, 0.01) != "undecided",
    )
    assert found == rows(Posterior(0.02, 0.03, 24), [0.02] * 3)
    assert np.isfinite(found)
