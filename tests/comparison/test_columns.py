"""Every column is used or left out for a reason, and the target sets the task."""

import datetime
import pickle

import numpy as np
import pandas as pd
import pytest

from perceptrons.comparison.columns import prepare
from perceptrons.tables import DataError, TableWarning

N = 200


@pytest.fixture
def amounts(rng):
    return pd.Series(rng.normal(size=N), name="price")


def table(rng, **columns):
    """Return a table of one honest column and those given."""
    return pd.DataFrame({"honest": rng.normal(size=N), **columns})


def action(prepared, name):
    (found,) = (c for c in prepared.columns if c.name == name)
    return found.kind, found.action


# The task.


@pytest.mark.parametrize(
    ("values", "task", "classes"),
    [
        (["yes", "no"], "classification", ["no", "yes"]),
        ([True, False], "classification", [False, True]),
        ([0.0, 1.0], "classification", [0, 1]),
        (list(range(10)), "classification", list(range(10))),
        (list(range(11)), "regression", None),
        ([0.5, 1.0], "regression", None),
        (pd.Categorical(["a", "b"]), "classification", ["a", "b"]),
    ],
)
def test_the_target_sets_the_task(rng, values, task, classes):
    y = pd.Series(values).sample(N, replace=True, random_state=0).rename("t")
    prepared = prepare(table(rng), y)
    assert prepared.task == task
    assert "'t'" in prepared.task_reason
    assert prepared.y.shape == (N,)
    if classes is None:
        assert prepared.classes is None
        assert prepared.y.dtype == np.float64
    else:
        assert prepared.classes.tolist() == classes


@pytest.mark.parametrize(("grades", "ordered"), [(2, False), (5, True)])
def test_grades_are_told_that_their_order_is_not_used(rng, grades, ordered):
    prepared = prepare(table(rng), pd.Series(np.arange(N) % grades, name="grade"))
    assert prepared.task == "classification"
    assert ("order no model uses" in prepared.task_reason) == ordered


def test_the_task_can_be_overridden(rng):
    y = np.arange(N) % 5
    prepared = prepare(table(rng), y, task="regression")
    assert prepared.task == "regression"
    assert prepared.y.dtype == np.float64
    assert "as asked for" in prepared.task_reason
    whole = prepare(table(rng), np.arange(N) % 20, task="classification")
    assert whole.classes.size == 20


def test_rows_without_a_target_are_left_out(rng, amounts):
    amounts[[3, 7]] = np.nan
    prepared = prepare(table(rng), amounts)
    assert len(prepared.X) == prepared.y.size == N - 2
    assert set(range(N)) - set(prepared.rows) == {3, 7}
    assert prepared.warnings == ["2 rows are left out, for they lack 'price'."]


def test_rows_of_rare_classes_are_left_out(rng):
    y = np.array(["a", "b"] * 98 + ["c"] * 4)
    prepared = prepare(table(rng), y)
    assert prepared.classes.tolist() == ["a", "b"]
    assert prepared.rows.tolist() == list(range(196))
    assert "4 rows" in prepared.warnings[0]
    assert "'c'" in prepared.warnings[0]


@pytest.mark.parametrize(
    ("y", "sentence"),
    [
        (np.ones(N), "has one value, 1, in all rows"),
        (["a"] * N, "has one value, a, in all rows"),
        ([np.nan] * N, "holds no values"),
        ([np.inf] + [1.5] * (N - 1), "1 infinite values"),
        ([f"row {i}" for i in range(N)], "200 classes in 200 rows"),
        ([str(i / 7) for i in range(N - 1)] + ["low"], "numbers, but also 'low'"),
        (pd.date_range("2020-01-01", periods=N), "holds dates"),
        (["2020-01-31"] * (N - 1) + ["2021-01-31"], "holds dates"),
        (np.arange(N) + 1j, r"complex numbers, such as 1j"),
        (np.linspace(0, 1e-200, N), r"varies by 1e-200 only.*smaller unit"),
        (np.ones((N, 2)), "one column, got the shape .* each in a call of its own"),
        (np.ones(N - 1), "200 rows and y has 199"),
    ],
)
def test_impossible_targets_are_refused(rng, y, sentence):
    with pytest.raises(DataError, match=sentence):
        prepare(table(rng), y)


def test_regression_on_text_is_refused(rng):
    with pytest.raises(DataError, match="is text, such as 'a', and a regression needs"):
        prepare(table(rng), ["a", "b"] * (N // 2), task="regression")


def test_an_unknown_task_offers_the_nearest(rng, amounts):
    with pytest.raises(ValueError, match="Did you mean 'regression'"):
        prepare(table(rng), amounts, task="regresion")


def test_three_rows_are_refused(rng):
    with pytest.raises(DataError, match=r"3 rows with a target.*at least 20"):
        prepare(np.eye(3), [0.1, 0.2, 0.3])


# The columns.


def test_numbers_are_filled_by_the_median_of_the_training_rows(rng, amounts):
    values = rng.normal(size=N)
    values[:10] = np.nan
    prepared = prepare(table(rng, gaps=values), amounts)
    kind, text = action(prepared, "gaps")
    assert kind == "number"
    assert "10 missing values (5.0 %)" in text
    train, test = prepared.X.iloc[100:], prepared.X.iloc[:5]
    Z = prepared.transformer.fit(train).transform(test)
    # Rows 100 and on have no gaps, so there is no indicator to learn.
    assert Z.shape == (5, 2)
    np.testing.assert_allclose(Z[:, 1], np.median(values[100:]))
    both = prepared.transformer.fit_transform(prepared.X)
    np.testing.assert_array_equal(both[:, 2], np.isnan(values))


def test_categories_are_one_hot_with_rare_levels_pooled_and_missing_its_own(
    rng, amounts
):
    color = ["red"] * 90 + ["blue"] * 60 + [None] * 44 + ["teal"] * 3 + ["plum"] * 3
    prepared = prepare(table(rng, color=color), amounts)
    kind, text = action(prepared, "color")
    assert kind == "category"
    assert "4 levels" in text
    assert "The rarest (2, in fewer than 10 rows)" in text
    assert "44 missing (22.0 %): their own level" in text
    Z = prepared.transformer.fit_transform(prepared.X)
    assert Z.shape == (N, 5)
    np.testing.assert_array_equal(Z[:, 1:].sum(axis=1), 1)
    np.testing.assert_array_equal(np.sort(Z[:, 1:].sum(axis=0)), [6, 44, 60, 90])


def test_levels_never_seen_are_no_error(rng, amounts):
    prepared = prepare(table(rng, color=["red", "blue"] * 100), amounts)
    fitted = prepared.transformer.fit(prepared.X)
    new = pd.DataFrame({"color": ["teal", None], "honest": [0.0, np.nan], "other": 1})
    with pytest.warns(TableWarning, match="'color': 1 cell with a level .* 'teal'"):
        Z = fitted.transform(new)
    np.testing.assert_array_equal(Z[:, 1:], 0)
    assert np.isfinite(Z).all()


def test_ten_thousand_categories_are_pooled_or_left_out(rng):
    n = 20_000
    y = rng.normal(size=n)
    many = [f"c{i % 10_000}" for i in range(n)]
    some = np.where(rng.random(n) < 0.5, "common", many)
    frame = pd.DataFrame({"x": rng.normal(size=n), "many": many, "some": some})
    prepared = prepare(frame, y)
    kind, text = action(prepared, "many")
    assert kind == "identifier"
    assert "10,000 different texts in 20,000 rows" in text
    assert any("'many'" in warning for warning in prepared.warnings)
    assert action(prepared, "some")[0] == "category"
    assert prepared.transformer.fit_transform(prepared.X).shape == (n, 3)


def test_more_than_thirty_levels_share_thirty_columns(rng, amounts):
    levels = [f"c{i % 40}" for i in range(4000)]
    frame = pd.DataFrame({"x": rng.normal(size=4000), "c": levels})
    prepared = prepare(frame, rng.normal(size=4000))
    assert "The rarest (11, beyond 29)" in action(prepared, "c")[1]
    assert prepared.transformer.fit_transform(prepared.X).shape == (4000, 31)


def test_booleans_are_zero_and_one_and_may_be_missing(rng, amounts):
    whole = rng.random(N) < 0.5
    gaps = pd.Series(rng.random(N) < 0.5, dtype="boolean")
    gaps[:20] = pd.NA
    prepared = prepare(table(rng, whole=whole, gaps=gaps), amounts)
    assert action(prepared, "whole")[0] == "boolean"
    assert action(prepared, "gaps")[0] == "category"
    Z = prepared.transformer.fit_transform(prepared.X)
    assert Z.shape == (N, 1 + 3 + 1)
    np.testing.assert_array_equal(Z[:, -1], whole)


def test_words_for_gaps_in_a_column_of_numbers_are_missing(rng, amounts):
    power = [str(i) for i in range(100, 100 + N - 2)] + ["?", "n.a."]
    prepared = prepare(table(rng, power=power), amounts)
    kind, text = action(prepared, "power")
    assert kind == "number"
    assert "'?', 'n.a.' are read as missing" in text
    Z = prepared.transformer.fit_transform(prepared.X)
    np.testing.assert_array_equal(Z[:, 2], [0] * (N - 2) + [1, 1])


DATES = pd.date_range("2021-03-01", periods=N)


@pytest.mark.parametrize(
    "dates",
    [
        DATES,
        DATES.strftime("%Y-%m-%d"),
        DATES.strftime("%d.%m.%Y"),
        DATES.strftime("%m/%d/%y %H:%M"),
        DATES.strftime("%b %d, %Y"),
        DATES.strftime("%Y-%m-%dT%H:%M:%S"),
        [day.date() for day in DATES],
    ],
)
def test_dates_are_a_line_and_cycles_in_any_form(rng, amounts, dates):
    prepared = prepare(table(rng, sold=dates), amounts)
    kind, text = action(prepared, "sold")
    assert kind == "date"
    assert "days since 2021-03-01, and month and weekday as cycles" in text
    assert prepared.features == ["honest", "sold"]
    Z = prepared.transformer.fit_transform(prepared.X)
    np.testing.assert_array_equal(Z[:, 1], np.arange(N))
    angle = 2 * np.pi * (DATES.month - 1) / 12
    np.testing.assert_allclose(Z[:, 2:4], np.c_[np.sin(angle), np.cos(angle)])
    angle = 2 * np.pi * DATES.day_of_week / 7
    np.testing.assert_allclose(Z[:, 4:], np.c_[np.sin(angle), np.cos(angle)])


def test_a_table_of_a_date_and_a_target_is_a_table(amounts):
    prepared = prepare(pd.DataFrame({"day": DATES}), amounts)
    assert prepared.features == ["day"]


@pytest.mark.parametrize(
    "texts", [["12-34-56", "99-12-01"], ["1234-56", "4711-10"], ["May", "June"]]
)
def test_codes_do_not_pass_for_dates(rng, amounts, texts):
    prepared = prepare(table(rng, code=texts * 100), amounts)
    assert action(prepared, "code")[0] == "category"


def test_columns_without_information_are_left_out(rng, amounts):
    values = rng.normal(size=N)
    frame = table(
        rng,
        empty=np.nan,
        same=3.0,
        number=values,
        again=values,
        town=["Cherbourg", "Queenstown"] * 100,
        port=["C", "Q"] * 100,
        row=np.arange(1, N + 1),
        house_id=rng.permutation(N) + 1000,
        lists=[[1]] * N,
        span=pd.Interval(0, 1),
    )
    prepared = prepare(frame, amounts)
    assert prepared.features == ["honest", "number", "town"]
    kinds = {c.name: c.kind for c in prepared.columns if not c.used}
    assert kinds == {
        "empty": "missing",
        "same": "constant",
        "again": "duplicate",
        "port": "duplicate",
        "row": "row number",
        "house_id": "identifier",
        "lists": "other",
        "span": "other",
    }
    assert "'number'" in action(prepared, "again")[1]


def test_the_target_is_never_a_feature(rng, amounts):
    prepared = prepare(table(rng, price=amounts), amounts)
    assert prepared.features == ["honest"]
    assert action(prepared, "price")[0] == "target"
    assert any("'price'" in warning for warning in prepared.warnings)


def test_columns_are_dropped_on_request(rng, amounts):
    prepared = prepare(table(rng, price_old=amounts), amounts, drop=["price_old"])
    assert prepared.features == ["honest"]
    with pytest.raises(DataError, match="Did you mean 'price_old'"):
        prepare(table(rng, price_old=amounts), amounts, drop=["price_odl"])


@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e300])
def test_infinite_values_are_refused_with_their_place(rng, amounts, value):
    values = rng.normal(size=N)
    values[5] = value
    frame = table(rng, ratio=values)
    with pytest.raises(DataError, match=r"'ratio' holds 1 infinite value.* row 6"):
        prepare(frame, amounts)
    assert prepare(frame, amounts, drop=["ratio"]).features == ["honest"]


def test_without_features_the_reasons_are_given(amounts):
    frame = pd.DataFrame({"same": ["x"] * N})
    with pytest.raises(
        DataError, match=r"No column is left.*'same': Not used: the same"
    ):
        prepare(frame, amounts)
    with pytest.raises(DataError, match="No column is left"):
        prepare(pd.DataFrame({"price": amounts}), amounts)


@pytest.mark.parametrize(
    ("X", "sentence"),
    [
        (np.ones(N), "must have rows and columns"),
        (
            pd.DataFrame(np.ones((N, 2)), columns=["a", "a"]),
            "more than one column named",
        ),
    ],
)
def test_what_is_no_table_is_refused(amounts, X, sentence):
    with pytest.raises(DataError, match=sentence):
        prepare(X, amounts)


def test_arrays_get_names_and_are_used_whole(rng):
    X = rng.normal(size=(N, 3))
    prepared = prepare(X, X[:, 0] ** 2)
    assert prepared.features == ["x0", "x1", "x2"]
    assert prepared.target == "y"
    np.testing.assert_array_equal(prepared.transformer.fit_transform(prepared.X), X)


def test_a_target_may_be_a_table_of_one_column(rng, amounts):
    X = table(rng)
    whole = prepare(X, amounts)
    frame = prepare(X, amounts.to_frame())
    array = prepare(X, amounts.to_numpy()[:, None])
    assert frame.target == whole.target == "price"
    np.testing.assert_array_equal(frame.y, whole.y)
    np.testing.assert_array_equal(array.y, whole.y)


@pytest.mark.parametrize("missing", [" ", pd.NA, pd.NaT])
def test_columns_without_a_name_get_one_by_their_place(rng, amounts, missing):
    names = pd.Index([None, "b", np.nan, missing], dtype=object)
    X = pd.DataFrame(rng.normal(size=(N, 4)), columns=names)
    prepared = prepare(X, amounts)
    assert prepared.features == ["unnamed 1", "b", "unnamed 3", "unnamed 4"]


def test_the_users_table_is_left_as_it_was(rng, amounts):
    frame = table(rng, color=["red", None] * 100, day=[datetime.date(2020, 1, 1)] * N)
    before, target = frame.copy(deep=True), amounts.copy(deep=True)
    prepare(frame, amounts)
    pd.testing.assert_frame_equal(frame, before)
    pd.testing.assert_series_equal(amounts, target)


def test_the_transformer_can_be_pickled(rng, amounts):
    prepared = prepare(table(rng, color=["red", None] * 100), amounts)
    fitted = prepared.transformer.fit(prepared.X)
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(
        again.transform(prepared.X), fitted.transform(prepared.X)
    )
