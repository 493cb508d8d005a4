"""Blocks of a column as folds: each tested by models that know the others alone."""

from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from light import lighten
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.neighbors import KNeighborsRegressor

import perceptrons
from perceptrons.comparison.blocks import take_blocks
from perceptrons.comparison.folds import Links, make_folds


def test_numbers_are_cut_along_their_order_into_parts_of_as_many_rows(rng):
    heat = rng.normal(size=100)
    codes, what = take_blocks(pd.DataFrame({"heat": heat}), "heat", 4)
    assert what == "a block of rows along 'heat'"
    np.testing.assert_array_equal(np.bincount(codes), [25] * 4)
    for block in range(3):
        assert heat[codes == block].max() < heat[codes == block + 1].min()


def test_equal_numbers_stay_in_one_block(rng):
    heat = rng.integers(30, size=300)
    codes, _ = take_blocks(pd.DataFrame({"heat": heat}), "heat", None)
    assert pd.Series(codes).groupby(heat).nunique().eq(1).all()
    assert len(np.unique(codes)) == 5


def test_dates_are_cut_along_time():
    days = pd.date_range("2020-01-01", periods=60).strftime("%Y-%m-%d")
    codes, _ = take_blocks(pd.DataFrame({"day": days}), "day", 3)
    np.testing.assert_array_equal(codes, np.repeat([0, 1, 2], 20))


def test_every_level_is_a_block():
    ward = np.tile(["a", "b", "c"], 20)
    codes, what = take_blocks(pd.DataFrame({"ward": ward}), "ward", None)
    assert what == "a level of 'ward'"
    assert pd.crosstab(codes, ward).gt(0).sum().eq(1).all()


@pytest.mark.parametrize(
    ("values", "n_blocks", "text"),
    [
        (["one"] * 60, None, "at least two different values"),
        ([f"p{i}" for i in range(60)], None, "60 levels such as 'p0'; use groups"),
        (["a", "b"] * 30, 5, "n_folds must be the 2 levels of 'x'.*leave it out"),
        ([None, *range(59)], None, "none missing"),
    ],
)
def test_what_makes_no_blocks_is_refused(values, n_blocks, text):
    with pytest.raises(ValueError, match=text):
        take_blocks(pd.DataFrame({"x": values}), "x", n_blocks)


def folds(blocks, duplicates=None):
    links = Links(np.asarray(blocks), duplicates, blocks="a level of 'x'")
    y = np.zeros(len(blocks))
    return make_folds(y, links, classes=False, n_folds=5, repeats=3, seed=0)


def test_each_block_is_tested_once_by_the_others():
    blocks = np.repeat([0, 1, 2], [10, 20, 30])
    made = folds(blocks)
    assert (made.repeats, made.n_folds, len(made)) == (1, 3, 3)
    for place, fold in enumerate(made):
        assert set(blocks[fold.test]) == {place}
        assert set(blocks[fold.train]) == {0, 1, 2} - {place}
        assert len(fold.train) + len(fold.test) == 60


def test_copies_of_tested_rows_do_not_train():
    copies = np.arange(60)
    copies[59] = 0
    blocks = np.repeat([0, 1], 30)
    made = folds(blocks, copies)
    assert 59 not in made.folds[0].train
    assert made.n_folds == len(made.folds) == 2


def test_a_block_of_few_rows_is_refused():
    with pytest.raises(ValueError, match=r"4 rows each.*got a level of 'x' of 2"):
        folds(np.repeat([0, 1], [58, 2]))


class Told(RegressorMixin, BaseEstimator):
    """A mean that counts the groups it was handed."""

    seen: ClassVar[list] = []

    def fit(self, X, y, groups=None):
        self.mean_ = np.mean(y)
        self.seen.append(len(np.unique(groups)))
        return self

    def predict(self, X):
        return np.full(len(X), self.mean_)


def shifted(rng):
    heat = rng.uniform(0, 1, 150)
    return pd.DataFrame({"heat": heat, "x": rng.normal(size=150)}), heat**2


def test_a_comparison_by_blocks_keeps_the_column_and_tells_inner_folds(
    monkeypatch, rng
):
    lighten(monkeypatch)
    monkeypatch.setattr(Told, "seen", [])
    X, y = shifted(rng)
    found = perceptrons.compare(
        X, y, blocks="heat", candidates={"told": Told()}, random_state=0, n_jobs=1
    )
    assert "heat" in found.prepared.features
    assert found.split.startswith("5 folds, each tests on a block of rows along 'heat'")
    assert (found.repeats, found.n_folds) == (1, 5)
    assert Told.seen == [4] * 5
    assert any("only 5 of them" in text for text in found.caveats)
    assert "blocks='heat'" in found.reproduce


def test_neighbors_cannot_follow_a_trend_beyond_their_rows(monkeypatch, rng):
    # They are flat outside of what they know; lines go on.
    lighten(monkeypatch)
    X = shifted(rng)[0][["heat"]]
    y = 10 * X["heat"].to_numpy() + 0.1 * rng.normal(size=150)
    near = {"candidates": {"near": KNeighborsRegressor()}, "random_state": 0}
    blocks = perceptrons.compare(X, y, blocks="heat", **near, n_jobs=1).table()["RMSE"]
    assert blocks["near"] > 4 * blocks["OLS"]


@pytest.mark.parametrize("other", ["groups", "time"])
def test_blocks_stand_alone(other, rng):
    X, y = shifted(rng)
    with pytest.raises(ValueError, match="blocks must not be given with groups or"):
        perceptrons.compare(X, y, blocks="heat", **{other: np.arange(150)})


def test_auc_needs_two_classes_in_every_block(rng):
    X = shifted(rng)[0]
    with pytest.raises(ValueError, match=r"'AUC' needs rows of two classes"):
        low = (X["heat"] < 0.3).to_numpy()
        perceptrons.compare(X, low, blocks="heat", metric="AUC")
