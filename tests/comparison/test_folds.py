"""Folds: every row is tested once, and what belongs together stays together."""

from dataclasses import fields

import numpy as np
import pytest

from perceptrons.comparison.folds import Links, make_folds


def folds_of(y, **settings):
    settings = {"classes": False, "n_folds": 5, "repeats": 3, "seed": 0} | settings
    names = {field.name for field in fields(Links)} & settings.keys()
    links = Links(**{name: settings.pop(name) for name in names})
    return make_folds(np.asarray(y), links, **settings)


@pytest.mark.parametrize("classes", [False, True])
@pytest.mark.parametrize("grouped", [False, True])
def test_every_row_is_tested_once_per_repeat(classes, grouped, rng):
    y = rng.integers(2, size=103)
    groups = rng.integers(30, size=103) if grouped else None
    made = folds_of(y, classes=classes, groups=groups)
    assert len(made) == 15
    for repeat in range(3):
        own = [f for f in made if f.repeat == repeat]
        tested = np.sort(np.concatenate([f.test for f in own]))
        np.testing.assert_array_equal(tested, np.arange(103))
        for f in own:
            assert not set(f.train) & set(f.test)
            assert len(f.train) + len(f.test) == 103


def test_repeats_differ_and_a_seed_repeats_them(rng):
    y = rng.normal(size=60)
    first, second = folds_of(y), folds_of(y)
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a.test, b.test)
    assert set(first.folds[0].test) != set(first.folds[5].test)
    assert set(first.folds[0].test) != set(folds_of(y, seed=1).folds[0].test)


def test_classes_keep_their_shares():
    y = np.repeat(["rare", "common"], [10, 90])
    for f in folds_of(y, classes=True):
        assert (y[f.test] == "rare").sum() == 2


def test_groups_and_copies_of_rows_are_never_divided(rng):
    groups = rng.integers(20, size=100)
    # A copy in each of two groups ties them together.
    copies = np.arange(100)
    copies[groups == 1] = copies[np.flatnonzero(groups == 0)[0]]
    for f in folds_of(rng.normal(size=100), groups=groups, duplicates=copies):
        assert not set(groups[f.train]) & set(groups[f.test])
        assert not set(copies[f.train]) & set(copies[f.test])


def test_time_trains_before_and_tests_after(rng):
    time = rng.permutation(60)
    made = folds_of(rng.normal(size=60), time=time)
    assert (made.repeats, len(made)) == (1, 5)
    for f in made:
        assert time[f.train].max() < time[f.test].min()


def test_a_gap_leaves_moments_between_training_and_test(rng):
    time = np.repeat(np.arange(30), 2)
    made = folds_of(rng.normal(size=60), time=time, gap=2)
    assert "2 moments between training and test" in made.description
    for f in made:
        assert time[f.test].min() - time[f.train].max() == 3


def test_a_copy_of_a_later_row_is_not_trained_on(rng):
    copies = np.arange(60)
    copies[59] = 0
    made = folds_of(rng.normal(size=60), time=np.arange(60), duplicates=copies)
    assert 0 not in made.folds[-1].train
    assert 0 in made.folds[-2].train


def test_the_ratio_of_tested_to_trained_rows_is_that_of_nadeau_and_bengio(rng):
    assert folds_of(rng.normal(size=100)).test_to_train == pytest.approx(1 / 4)
    assert folds_of(rng.normal(size=100), n_folds=10).test_to_train == pytest.approx(
        1 / 9
    )


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"y": np.zeros(3)}, "at least 20 rows"),
        ({"groups": np.arange(40) % 3}, "at least 5 groups"),
        ({"duplicates": np.zeros(40)}, "copies of a row count as one"),
        ({"groups": np.arange(40), "time": np.arange(40)}, "groups and time"),
        ({"y": ["a"] * 38 + ["b"] * 2, "classes": True}, "class 'b'"),
        ({"y": ["a"] * 39 + ["b"], "classes": True}, "class 'b'"),
    ],
)
def test_what_cannot_be_divided_is_refused(settings, text):
    y = settings.pop("y", np.zeros(40))
    with pytest.raises(ValueError, match=text):
        folds_of(y, **settings)


def test_rows_of_one_moment_are_never_on_both_sides(rng):
    time = np.repeat(np.arange(12), 5)
    for fold in folds_of(rng.normal(size=60), time=time):
        assert time[fold.train].max() < time[fold.test].min()


def test_a_gap_that_leaves_no_training_rows_is_refused(rng):
    with pytest.raises(ValueError, match=r"beyond the gap.*use a shorter gap"):
        folds_of(rng.normal(size=60), time=np.arange(60), gap=10)


def test_times_that_are_all_the_same_are_refused(rng):
    with pytest.raises(ValueError, match="time must leave earlier rows"):
        folds_of(rng.normal(size=60), time=np.zeros(60))
