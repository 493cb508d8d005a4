"""The guard warns of copies of the target and stays silent on honest tables."""

import os
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn import datasets
from sklearn.linear_model import LinearRegression
from sklearn.neighbors import KNeighborsRegressor

from perceptrons.comparison import leaks as leaks_module
from perceptrons.comparison.columns import prepare
from perceptrons.comparison.folds import Links, make_folds
from perceptrons.tables.read import read, take_column

TABLES = {
    "concrete": "strength_mpa",
    "energy": "heating_load",
    "mpg": "mpg",
    "penguins": "species",
    "titanic": "survived",
    "wine-quality-red": "quality",
}
N = 300


def leaks(X, y, **options):
    return [
        w for w in prepare(X, y, **options).warnings if w.startswith("Possible leak")
    ]


def real(name):
    """Return a table of the folder that holds them, or skip."""
    folder = Path(os.environ.get("PERCEPTRONS_DATA", "../shared/data")) / "tables"
    if not (folder / f"{name}.csv").exists():
        pytest.skip("set PERCEPTRONS_DATA to a folder with tables/")
    return take_column(read(folder / f"{name}.csv").frame, TABLES[name], "--target")


@pytest.fixture
def honest(rng):
    X = pd.DataFrame(rng.normal(size=(N, 3)), columns=["a", "b", "c"])
    return X, X.sum(axis=1) + rng.normal(size=N)


def test_a_noisy_copy_of_an_amount_is_a_leak(honest, rng):
    X, y = honest
    (warning,) = leaks(X.assign(total=100 * y + 5 * rng.normal(size=N)), y)
    assert "leak: the column 'total'" in warning
    assert "--drop total" in warning
    assert "of the variance" in warning


def test_a_curved_copy_is_a_leak(honest):
    X, y = honest
    assert len(leaks(X.assign(power=np.exp(y)), y)) == 1


def test_a_renamed_class_is_a_leak(honest):
    X, y = honest
    sold = np.where(y > 0, "sold", "kept")
    (warning,) = leaks(X.assign(state=sold), (y > 0).astype(int))
    assert "'state'" in warning
    assert "100.0 % of the rows right" in warning


def test_a_category_that_tells_the_class_is_a_leak(honest, rng):
    X, y = honest
    grade = np.digitize(y, [-1, 1])
    # Twelve codes, each of one class: "A3" is among those of grade 0.
    code = np.char.add(np.array(list("AKZ"))[grade], rng.integers(0, 4, N).astype(str))
    (warning,) = leaks(X.assign(code=code), np.array(["low", "mid", "high"])[grade])
    assert "'code'" in warning


def test_a_category_that_tells_the_amount_is_a_leak(honest):
    X, y = honest
    band = np.digitize(y, np.quantile(y, np.linspace(0, 1, 13)[1:-1]))
    level = pd.Series(y).groupby(band).transform("mean")
    tight = level + 0.02 * (y - level)
    (warning,) = leaks(X.assign(band=[f"band {b}" for b in band]), tight)
    assert "'band'" in warning


def test_a_number_given_in_the_order_of_the_target_is_a_leak(honest):
    X, y = honest
    ticket = 5000 + 3 * y.rank().astype(int)
    (warning,) = leaks(X.assign(ticket=ticket), y)
    assert "'ticket'" in warning
    # Under the name of an identifier it is no feature at all.
    prepared = prepare(X.assign(ticket_id=ticket), y)
    assert "ticket_id" not in prepared.features


def test_a_time_that_tells_the_target_is_a_leak_unless_it_orders_the_rows(rng):
    X = pd.DataFrame(rng.normal(size=(N, 3)), columns=["a", "b", "c"])
    trend = np.arange(N) + rng.normal(size=N)
    (warning,) = leaks(X.assign(minute=7 + 2 * np.arange(N)), trend)
    assert "'minute'" in warning
    assert leaks(X, trend) == []


def test_gaps_that_know_the_target_are_a_leak(honest, rng):
    X, y = honest
    refund = np.where(y > 0, rng.normal(size=N), np.nan)
    (warning,) = leaks(X.assign(refund=refund), y > 0)
    assert "'refund'" in warning


def test_two_copies_do_not_hide_each_other(honest, rng):
    X, y = honest
    noise = rng.normal(size=(2, N))
    copies = X.assign(gross=y + 0.05 * noise[0], net=y + 0.05 * noise[1])
    assert len(leaks(copies, y)) == 2


def test_parts_that_add_up_to_the_target_are_a_leak(rng):
    X = pd.DataFrame(rng.normal(size=(N, 4)), columns=list("abcd"))
    casual = rng.poisson(60 * np.exp(0.4 * X["b"]))
    registered = rng.poisson(150 * np.exp(0.3 * X["a"]))
    parts = X.assign(casual=casual, registered=registered)
    (warning,) = leaks(parts, pd.Series(casual + registered, name="riders"))
    assert "leak: the columns 'casual' and 'registered' together give" in warning
    assert "--drop casual --drop registered" in warning
    assert prepare(parts, casual + registered).leaks == ("casual", "registered")
    # Prices that are the mean of a lowest and a highest one, rounded to cents.
    low, high = rng.uniform(8, 40, N), rng.uniform(1, 30, N)
    prices = X.assign(low=low, high=low + high)
    assert len(leaks(prices, np.round(low + high / 2, 2))) == 1


def test_a_sum_that_takes_all_columns_is_the_question_itself(rng):
    X = pd.DataFrame(rng.normal(size=(N, 2)), columns=["a", "b"])
    assert leaks(X, X["a"] + X["b"]) == []
    # Nor are many columns that explain the target, but for noise.
    more = pd.DataFrame(rng.normal(size=(N, 6)), columns=list("abcdef"))
    assert leaks(more, more.sum(axis=1)) == []
    assert leaks(more, more["a"] + more["b"] + 0.05 * rng.normal(size=N)) == []


def test_parts_are_found_beside_a_stand_in_and_in_spite_of_gaps(rng):
    X = pd.DataFrame(rng.normal(size=(N, 4)), columns=list("abcd"))
    y = X["a"] + X["b"]
    noise = rng.normal(size=(2, N))
    beside = X.assign(proxy=y + 0.6 * noise[0], last=y + 0.4 * noise[1])
    assert prepare(beside, y).leaks == ("a", "b")
    assert prepare(beside, y + X["c"]).leaks == ("a", "b", "c")
    X.loc[[3, 8], "a"] = np.nan
    assert prepare(X, y).leaks == ("a", "b")
    # Gaps elsewhere leave hardly a row whole.
    holes = np.where(rng.random((N, 150)) < 0.04, np.nan, rng.normal(size=(N, 150)))
    wide = X.join(pd.DataFrame(holes).add_prefix("noise "))
    assert prepare(wide, y).leaks == ("a", "b")
    # A fee that is paid or not is a part, too.
    paid = X.assign(paid=X["c"] > 0)
    assert prepare(paid, X["a"] + paid["paid"]).leaks == ("a", "paid")


def test_sensors_of_one_quantity_are_no_parts_of_it(rng):
    y = rng.normal(size=N)
    noise = 0.015 * rng.normal(size=(N, 6))
    assert leaks(pd.DataFrame(y[:, None] + noise, columns=list("abcdef")), y) == []


def test_all_other_columns_together_are_judged_by_what_suits_them(rng):
    X = pd.DataFrame(rng.normal(size=(N, 8)), columns=list("abcdefgh"))
    y = X.sum(axis=1) + 2 * rng.normal(size=N)
    (warning,) = leaks(X.assign(copy=y + 0.1 * rng.normal(size=N)), y)
    r2 = LinearRegression().fit(X, y).score(X, y)
    told = float(re.search(r"together (.*?) %", warning)[1])
    assert told == pytest.approx(100 * r2, abs=8)
    noise = X.assign(state=np.where(y > 2, "high", "low"))
    (warning,) = leaks(noise[["a", "state"]], y > 2)
    shares = re.search(r"together (.*?) %, the commonest class (.*?) %", warning)
    together, commonest = map(float, shares.groups())
    assert commonest == pytest.approx(100 * np.mean(y <= 2), abs=0.1)
    assert together >= commonest


def test_a_dropped_leak_is_not_warned_of(honest):
    X, y = honest
    assert leaks(X.assign(copy=2 * y), y, drop=["copy"]) == []


def test_a_strong_feature_among_strong_features_is_no_leak(rng):
    size = rng.normal(size=N)
    X = pd.DataFrame(
        {name: size + 0.1 * rng.normal(size=N) for name in ("length", "height", "mass")}
    )
    assert leaks(X, size + 0.1 * rng.normal(size=N)) == []


def test_the_only_column_is_the_question_itself():
    x = np.linspace(-1, 1, N)
    assert leaks(x[:, None], 1 / (1 + 25 * x**2)) == []


@pytest.mark.parametrize(
    "name", ["diabetes", "breast_cancer", "digits", "iris", "wine"]
)
def test_sets_of_scikit_learn_do_not_cry_wolf(name):
    data = getattr(datasets, f"load_{name}")(as_frame=True)
    assert leaks(data.data, data.target) == []


@pytest.mark.parametrize("name", TABLES)
def test_real_tables_warn_of_the_one_leak_in_them(name):
    warnings = leaks(*real(name))
    if name == "titanic":
        (warning,) = warnings
        assert "leak" in warning
        assert "'alive'" in warning
    else:
        assert warnings == []


# Rows that repeat each other.


def test_repeated_rows_share_a_group(honest):
    X, y = honest
    rows = np.r_[0:N, 0:40]
    prepared = prepare(X.iloc[rows], y.iloc[rows])
    assert prepared.groups.shape == (N + 40,)
    np.testing.assert_array_equal(prepared.groups[N:], prepared.groups[:40])
    assert np.unique(prepared.groups).size == N
    (warning,) = prepared.warnings
    assert "40 rows repeat all features of another row, and its target" in warning
    assert "kept together" in warning
    other = y.iloc[rows].to_numpy() + np.r_[np.zeros(N + 8), np.ones(32)]
    (warning,) = prepare(X.iloc[rows], other).warnings
    assert (
        "40 rows repeat all features of another row, 8 of them its target," in warning
    )


def test_rows_with_gaps_repeat_each_other_too(honest):
    X, y = honest
    X = X.assign(kind=["u", None, "v"] * 100)
    X.loc[0, "a"] = np.nan
    rows = np.r_[0:N, 0, 1]
    groups = prepare(X.iloc[rows], y.iloc[rows]).groups
    np.testing.assert_array_equal(groups[N:], groups[:2])


def test_distinct_rows_have_no_groups(honest):
    assert prepare(*honest).groups is None


def test_copies_of_a_row_do_not_help_whoever_learns_by_heart(rng):
    # Noise cannot be predicted: who does has seen the row in training.
    X, y = np.tile(rng.normal(size=(60, 3)), (3, 1)), np.tile(rng.normal(size=60), 3)
    prepared = prepare(X, y)
    folds = make_folds(
        y,
        Links(duplicates=prepared.groups),
        classes=False,
        n_folds=3,
        repeats=2,
        seed=0,
    )
    heart = KNeighborsRegressor(1)
    for fold in folds:
        guess = heart.fit(X[fold.train], y[fold.train]).predict(X[fold.test])
        assert np.mean((guess - y[fold.test]) ** 2) > np.var(y)


def test_rows_that_must_repeat_are_no_duplicates(rng):
    corners = rng.integers(0, 2, size=(N, 2))
    prepared = prepare(corners, corners[:, 0] ^ corners[:, 1])
    assert prepared.groups is None
    assert prepared.warnings == []


# The screen looks at many columns at a time.


def test_the_line_of_the_screen_is_that_of_a_regression_with_marked_gaps(rng):
    Z = rng.normal(size=(N, 4))
    y = Z @ [1.0, 0.3, 0.0, 2.0] + rng.normal(size=N)
    Z[rng.random((N, 4)) < [0.0, 0.3, 0.9, 0.1]] = np.nan
    found = leaks_module._Judge(y, "regression", None)._off_line(Z)
    for own, left in zip(Z.T, found, strict=True):
        gaps = np.isnan(own)
        columns = np.c_[np.where(gaps, 0.0, own), gaps]
        fitted = LinearRegression().fit(columns, y)
        assert left == pytest.approx(1 - fitted.score(columns, y), abs=1e-12)


@pytest.mark.parametrize("levels", [2, 40])
def test_rows_are_repeats_where_pandas_finds_them_equal(rng, levels):
    X = pd.DataFrame(rng.integers(0, levels, (2000, 12 if levels == 2 else 3)))
    X = X.where(rng.random(X.shape) > 0.01).astype(float) - 0.0
    X.iloc[5] = -X.iloc[6]
    X.iloc[1500:1600] = X.iloc[:100].to_numpy()
    groups = leaks_module.repeated_rows(
        np.ascontiguousarray(X[name]) + 0.0 for name in X
    )
    theirs = X.groupby([*X], dropna=False, sort=False).ngroup()
    assert pd.crosstab(groups, theirs).astype(bool).sum().eq(1).all()
    assert np.unique(groups).size == theirs.nunique()
