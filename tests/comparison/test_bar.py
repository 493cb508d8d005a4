"""The bar of a comparison: what it says of the time, by a clock of the test's own."""

from io import StringIO

import pytest
from rich.console import Console
from rich.progress import Progress

from perceptrons.comparison.bar import TimeLeft


@pytest.fixture
def clock():
    return [100.0]


@pytest.fixture
def said(clock):
    """Return what the column says after so many more seconds and steps."""
    column = TimeLeft()
    quiet = Console(file=StringIO())
    shown = Progress(column, console=quiet, get_time=lambda: clock[0])
    place = shown.add_task("folds", total=10)

    def after(seconds, steps=0):
        clock[0] += seconds
        shown.advance(place, steps)
        return column.render(shown.tasks[0]).plain

    return after


def test_before_the_first_fold_it_counts_up(said):
    assert said(0).startswith("0 s; the first fold")
    assert said(7).startswith("7 s; the first fold")


def test_from_the_first_fold_on_it_tells_what_is_left_and_counts_down(said):
    assert said(5, steps=1) == "about 45 s left"
    assert said(3) == "about 42 s left"
    assert said(3, steps=1) == "about 44 s left"


def test_long_times_are_told_in_minutes_and_none_is_negative(said):
    assert said(60, steps=1) == "about 9 min left"
    assert said(10_000) == "about 0 s left"
