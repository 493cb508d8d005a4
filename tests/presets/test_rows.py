"""Which rows the presets hold out together, and how much each counts."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import root_mean_squared_error

from perceptrons.presets import tabular_classifier, tabular_regressor
from perceptrons.presets.rows import Given, distinct


def rows_of(X, y, weights=None, groups=None, time=None, classes=False, seed=0):
    given = Given(np.asarray(X, float), np.asarray(y, float), weights, groups, time)
    return distinct(given, 5, classes=classes, random=np.random.RandomState(seed))


def grouped(n_groups, size, rng):
    """Return rows whose first columns name the group, and whose targets differ by it.

    A network that learns the groups by heart predicts the other rows of a group, and
    says nothing of a new one.
    """
    group = np.repeat(np.arange(n_groups), size)
    mark = rng.normal(size=(n_groups, 4))[group]
    x = rng.uniform(-2, 2, (len(group), 2))
    effect = 1.5 * rng.normal(size=n_groups)[group]
    y = np.sin(2 * x[:, 0]) + 0.5 * x[:, 1] + effect + 0.3 * rng.normal(size=len(x))
    return np.hstack([mark, x]), y, group


def test_groups_held_out_together_predict_new_groups_better():
    rng = np.random.default_rng(0)
    X, y, group = grouped(40, 12, rng)
    X_new, y_new, _ = grouped(200, 10, rng)
    errors = [
        root_mean_squared_error(
            y_new, tabular_regressor(random_state=0).fit(X, y, **how).predict(X_new)
        )
        for how in ({}, {"groups": group})
    ]
    assert errors[1] < 0.97 * errors[0]


@pytest.mark.parametrize("classes", [False, True])
def test_a_group_is_in_one_fold_and_folds_are_alike(classes):
    rng = np.random.default_rng(1)
    group = rng.integers(60, size=900)
    y = rng.integers(3, size=900) if classes else rng.normal(size=900)
    X = np.column_stack([rng.normal(size=(900, 2)), group, y])
    rows = rows_of(X, y, groups=group, classes=classes)
    for number in range(60):
        assert len(set(rows.fold[rows.X[:, 2] == number])) == 1
    sizes = np.bincount(rows.fold)
    assert len(sizes) == 5
    assert sizes.max() < 1.15 * sizes.min()
    if classes:
        shares = [np.bincount(rows.y[rows.fold == k].astype(int)) for k in range(5)]
        assert_allclose(np.array(shares) / sizes[:, None], 1 / 3, atol=0.08)


def test_fewer_groups_than_folds_make_fewer_folds():
    X = np.arange(30.0)[:, None]
    rows = rows_of(X, X[:, 0], groups=np.repeat(["a", "b", "c"], 10))
    assert set(rows.fold) == {0, 1, 2}
    model = tabular_regressor(random_state=0)
    model.fit(X, X[:, 0], groups=np.repeat(["a", "b", "c"], 10))
    assert np.isfinite(model.predict(X)).all()


def test_times_are_cut_into_blocks_that_part_no_moment():
    time = np.repeat(np.arange(50), 4)
    order = np.random.default_rng(2).permutation(200)
    days = pd.Timestamp("2020-01-01").to_datetime64() + time[order].astype("m8[D]")
    rows = rows_of(np.column_stack([time[order], order]), order, time=days)
    moments = rows.X[:, 0].astype(int)
    assert_array_equal(np.sort(rows.fold), np.repeat(np.arange(5), 40))
    assert_array_equal(rows.fold, moments // 10)


def test_rows_of_equal_columns_are_held_out_together_unless_they_are_the_rule():
    rng = np.random.default_rng(3)
    few = np.repeat(rng.normal(size=(100, 3)), 2, axis=0)
    rows = rows_of(few, rng.normal(size=200))
    pairs = pd.DataFrame(rows.X).groupby([0, 1, 2]).ngroup().to_numpy()
    assert all(len(set(rows.fold[pairs == pair])) == 1 for pair in range(100))
    many = rng.integers(3, size=(200, 1))
    rows = rows_of(many, rng.normal(size=200))
    assert all(len(set(rows.fold[rows.X[:, 0] == level])) == 5 for level in range(3))


def test_weights_count_as_copies_and_the_order_of_rows_does_not_count():
    rng = np.random.default_rng(4)
    X = rng.normal(size=(60, 2))
    y, times = X[:, 0] ** 2 + rng.normal(size=60), rng.integers(4, size=60)
    weighted = tabular_regressor(random_state=0).fit(X, y, times)
    copies = rng.permutation(np.repeat(np.arange(60), times))
    copied = tabular_regressor(random_state=0).fit(X[copies], y[copies])
    assert_array_equal(weighted.predict(X), copied.predict(X))
    assert (
        weighted.predict(X) != tabular_regressor(random_state=0).fit(X, y).predict(X)
    ).any()


def test_weights_count_in_training_and_among_the_rows_held_out():
    rng = np.random.default_rng(5)
    X = rng.uniform(-1, 1, (400, 1))
    # Two laws mixed, the second of which counts nearly nothing.
    second = rng.uniform(size=400) < 0.5
    y = np.where(second, -X[:, 0], X[:, 0]) + 0.1 * rng.normal(size=400)
    weights = np.where(second, 1e-3, 1.0)
    line = np.linspace(-0.9, 0.9, 50)[:, None]
    guess = tabular_regressor(random_state=0).fit(X, y, weights).predict(line)
    assert_allclose(guess, line[:, 0], atol=0.15)
    model = tabular_classifier(random_state=0).fit(X, second, weights)
    assert model.predict_proba(line)[:, 1].max() < 0.1


def test_groups_and_times_that_cannot_be_used_are_refused():
    X = np.arange(20.0)[:, None]
    y = np.arange(20.0)
    cases = [
        ({"groups": np.zeros(19)}, "groups must have shape \\(20,\\)"),
        ({"groups": np.zeros(20)}, "groups must hold at least two different"),
        ({"time": np.zeros(20)}, "time must hold at least two different"),
        ({"groups": y, "time": y}, "must not both be given"),
        ({"sample_weight": -y}, "sample_weight must not be negative"),
    ]
    for how, message in cases:
        with pytest.raises(ValueError, match=message):
            tabular_regressor().fit(X, y, **how)
    with pytest.raises(TypeError, match="time must hold values of one kind"):
        tabular_regressor().fit(X, y, time=np.array([1, "a"] * 10, object))
