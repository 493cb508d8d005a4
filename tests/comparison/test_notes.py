"""What is said beside the verdict: another model to take, another metric."""

import numpy as np
import pandas as pd
import pytest

from perceptrons.comparison.gains import Gains
from perceptrons.comparison.notes import notes

KINDS = {
    "constant": "constant",
    "Ridge": "linear",
    "network": "network",
    "boosting": "yardstick",
}


def told(rates=None, reference="Ridge", **means):
    """Return the notes on candidates with such mean errors over 25 folds."""
    scatter = np.random.default_rng(0).normal(size=25)
    values = pd.DataFrame(
        {
            name: means[name] * (1 + 0.02 * np.roll(scatter, place))
            for place, name in enumerate(KINDS)
        }
    )
    rates = None if rates is None else pd.Series(rates)
    gains = Gains(reference, values, values[reference].mean(), 0.25)
    return list(notes(gains, "network", pd.Series(KINDS), rates, "RMSE", 0.01))


CLEAR = {"constant": 2.0, "Ridge": 1.0, "network": 0.8, "boosting": 0.9}


def test_a_clear_case_needs_no_note():
    assert told(**CLEAR) == []
    assert told(**CLEAR | {"network": 1.2, "boosting": 1.1}) == []


def test_a_constant_that_does_as_well_is_named():
    (note,) = told(**CLEAR | {"constant": 1.0, "network": 1.2, "boosting": 1.1})
    assert note.startswith("The constant does as well as all models linear in")


@pytest.mark.parametrize(
    ("network", "ours", "points"),
    [(0.8, 0.026, True), (0.8, 0.01, False), (1.2, 0.01, True), (1.2, 0.026, False)],
)
def test_an_error_rate_that_points_the_other_way_is_told(network, ours, points):
    found = told(
        {"network": ours, "Ridge": 0.016},
        **CLEAR | {"network": network, "boosting": 1.3},
    )
    assert any("points the other way" in note for note in found) == points


def test_error_rates_that_hardly_differ_are_not_told():
    assert told({"network": 0.10004, "Ridge": 0.10001}, **CLEAR) == []
