"""What simulations found stands on the page where intervals are too narrow."""

import pandas as pd
import pytest

from perceptrons.comparison.simulations import narrow_intervals, results


def table(covered, part="whole"):
    row = {"part": part, "n": 500, "repeats": 5, "folds": 5, "sets": 200, "gain": 0.05}
    return pd.DataFrame([row | {"covered": covered}])


def test_the_results_count_every_set_once():
    found = results()
    verdicts = found[["justified", "not justified", "undecided"]].sum(axis=1)
    assert (verdicts == found["sets"]).all()
    assert set(found["part"]) >= {"model", "learners", "whole"}


def test_without_a_gain_a_network_is_justified_in_five_per_cent_at_most():
    none = results().query("gain <= 0")
    assert (none["justified"] <= 0.05 * none["sets"]).all()


@pytest.mark.parametrize("covered", [186, 190, 200])
def test_intervals_near_their_promise_need_no_word(covered):
    assert narrow_intervals(table(covered)) == ""


def test_narrow_intervals_are_told_with_their_numbers():
    assert narrow_intervals(table(180)) == (
        "The 95 % interval may be too narrow: in simulations of the whole comparison "
        "it held the true gain in 90 % of 200 data sets with a true gain of 5.0 % "
        "(n = 500, 5 x 5 folds)."
    )
    # The statistics alone are not what a user gets.
    assert narrow_intervals(table(180, "learners")) == ""
