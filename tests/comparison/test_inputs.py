"""Groups, times and columns to drop: any reasonable form has one meaning."""

import datetime

import numpy as np
import pandas as pd
import pytest
from light import lighten

import perceptrons
from perceptrons.comparison import inputs

N = 6
X = np.zeros((N, 2))
TABLE = pd.DataFrame(np.arange(4.0 * N).reshape(N, 4))


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (None, ()),
        ((), ()),
        ("price", ("price",)),
        (0, ("0",)),
        ([0, "b"], ("0", "b")),
        (pd.Index(["a", "b"]), ("a", "b")),
    ],
)
def test_one_name_is_one_column_to_drop(given, found):
    assert inputs.names(given) == found


# Groups.


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ([1, "a", "b"] * 2, [0, 1, 2, 0, 1, 2]),
        ([(1, 2), (1, 3)] * 3, [0, 1, 0, 1, 0, 1]),
        ([1, "1"] * 3, [0, 1, 0, 1, 0, 1]),
        (pd.Categorical(list("abc") * 2), [0, 1, 2, 0, 1, 2]),
        (np.arange(N)[:, None], range(N)),
        (pd.DataFrame({"g": range(N)}), range(N)),
        (pd.Series([7] * N, index=[9] * N, dtype="Int64"), [0] * N),
    ],
)
def test_values_of_any_type_make_groups(given, found):
    assert inputs.take_groups(X, given)[1].tolist() == list(found)


def test_a_column_may_be_named_by_a_number():
    left, groups = inputs.take_groups(TABLE, 3)
    assert list(left.columns) == [0, 1, 2]
    assert groups.tolist() == list(range(N))


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ([[1], [2]] * 3, r"groups must hold values that can be told apart.*got \[1\]"),
        (np.zeros((N, 2)), r"one value per row, got the shape \(6, 2\); join"),
        ([1, 2], "6 in all and none missing, got 2 with 0 missing"),
        ([1, None] * 3, "got 6 with 3 missing"),
        ({1, 2}, "groups must hold one value per row, or name a column, got set"),
        (pd.MultiIndex.from_product([[1, 2, 3], list("ab")]), "got MultiIndex"),
    ],
)
def test_what_makes_no_groups_is_refused(given, text):
    with pytest.raises(ValueError, match=text):
        inputs.take_groups(X, given)


def test_a_column_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match=r"groups must name a column, got '9'\."):
        inputs.take_groups(TABLE, 9)
    with pytest.raises(TypeError, match="no named columns, got 3"):
        inputs.take_groups(X, 3)


# Time.

DAYS = pd.date_range("2020-01-28", periods=N)
UPWARD = list(range(N))


@pytest.mark.parametrize(
    ("given", "ranks"),
    [
        ([5, 5, 1, 9, 9, 0], [2, 2, 1, 3, 3, 0]),
        (["10", "9", " 8", "+100", "-1", "0"], [4, 3, 2, 5, 0, 1]),
        ([10, 9, 8.5, 100, -1, 0], [4, 3, 2, 5, 0, 1]),
        (["20200131", "20200101"] * 3, [1, 0] * 3),
        ([True, False] * 3, [1, 0] * 3),
        (DAYS, UPWARD),
        (DAYS.tz_localize("Europe/Berlin"), UPWARD),
        (DAYS.to_period("D"), UPWARD),
        (DAYS - DAYS[0], UPWARD),
        (pd.Categorical(DAYS), UPWARD),
        (pd.Categorical(["9", "10"] * 3), [0, 1] * 3),
        (pd.Categorical(["low", "high"] * 3, ["low", "mid", "high"], True), [0, 1] * 3),
        ([datetime.date(2020, 1, 6 - i) for i in range(N)], UPWARD[::-1]),
        (DAYS.strftime("%Y-%m-%d"), UPWARD),
        # Days that pass for months must not make them so.
        (["2020-01-02", "2019-02-03", "2019-03-01"] * 2, [2, 0, 1] * 2),
        (DAYS.strftime("%d.%m.%Y"), UPWARD),
        (DAYS.strftime("%m/%d/%Y"), UPWARD),
        (["2020-01-01T00:00+01:00", "2020-01-01T00:00+02:00"] * 3, [1, 0] * 3),
        (["2020-02", "2019-12"] * 3, [1, 0] * 3),
        (["2020-01-02 ", "\xa02020-01-01"] * 3, [1, 0] * 3),
        (["10:00", "9:30", "23:59"] * 2, [1, 0, 2] * 2),
        (["3 Jan 2020", "20 Dec 2019", "4 Feb 2020"] * 2, [1, 0, 2] * 2),
        (["20200131T10", "20200101T09"] * 3, [1, 0] * 3),
        (["2.5", "-1", "1e1", ".5", " 3. ", "10.25"], [2, 0, 4, 1, 3, 5]),
        # Seconds, a clock's hundredths, parts of years, sorted months.
        (["1.5", "1.1", "2.3"] * 2, [1, 0, 2] * 2),
        (["1.10", "1.11", "1.99"] * 2, [0, 1, 2] * 2),
        (["2020.10", "2020.09", "2021.01"] * 2, [1, 0, 2] * 2),
    ],
)
def test_numbers_and_dates_in_any_form_have_an_order(given, ranks):
    assert inputs.take_times(X, given)[1].tolist() == ranks


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (["2020-01-01", "01.02.2020"] * 3, "one form, got '01.02.2020' in row 2"),
        (["a"] * N, "one form, got 'a' in row 1; write dates as year-month-day"),
        ([1 + 2j] * N, "numbers or dates"),
        ([(1, 2)] * N, "numbers or dates"),
        (["2020-01-01", 3] * 3, "numbers or dates"),
        (["01.02.2020", "01.03.2020"] * 3, "which number is the month, got '01.02"),
        # As numbers, October would be January, and 15.01 after 01.02.
        (["2020.1", "2020.10"] * 3, "whether '2020.10', in row 2, is a number or a"),
        (["1850.1", "1850.10", "1850.2"] * 2, "whether '1850.10', in row 2"),
        (["2020.1", "2020.10", "2020.52"] * 2, "whether '2020.10', in row 2"),
        (["1.15", "1.2", "12.31"] * 2, "whether '1.15', in row 1"),
        (["2019.9", "2020.11", "2020.12"] * 2, "whether '2020.11', in row 2"),
        (["01.2020", "12.2019", "02.2020"] * 2, "whether '01.2020', in row 1"),
        (
            ["Jan-20", "Feb-20", "Dec-19"] * 2,
            "four digits, got 'Jan-20' in row 1",
        ),
        (["20-01", "19-12"] * 3, "year of four digits, got '20-01' in row 1"),
        (["01/20", "12/19"] * 3, "year of four digits, got '01/20'"),
        (["20.01.13", "19.12.31"] * 3, "year of four digits, got '20.01.13'"),
        (["1"] * 5 + ["?"], r"one form, got '\?' in row 6"),
        (["31.12", "1.1"] * 3, "whether '31.12', in row 1, .* write dates as year-mon"),
        (["15.01", "01.02"] * 3, "whether '15.01', in row 1"),
        (["7", "7,5"] * 3, "one form, got '7,5' in row 2"),
        (pd.Categorical(["low", "high"] * 3), "one form, got 'low' in row 1"),
        ([np.nan] + [1.0] * 5, "got 6 with 1 missing"),
    ],
)
def test_what_has_no_order_is_refused(given, text):
    with pytest.raises(ValueError, match=f"^time must .*{text}"):
        inputs.take_times(X, given)


# The whole.


@pytest.fixture
def small(monkeypatch):
    lighten(monkeypatch)


def test_columns_named_by_numbers_are_dropped_grouped_and_put_in_order(small, rng):
    n = 60
    table = pd.DataFrame(rng.normal(size=(n, 3)))
    table[3] = np.arange(n) // 5
    y = table[0] + rng.normal(size=n)
    short = {"repeats": 1, "n_folds": 3, "random_state": 0, "n_jobs": 1}
    y = y.rename("y")
    grouped = perceptrons.compare(table, y, drop=1, groups=3, **short)
    assert grouped.prepared.features == ["0", "2"]
    assert "group" in grouped.split
    words = table.assign(**{"3": table.pop(3).astype(str)})
    along = perceptrons.compare(words, y, drop="1", time="3", **short)
    numbers = perceptrons.compare(
        words.drop(columns="3"), y, drop=[1], time=np.arange(n) // 5, **short
    )
    assert along.scores["value"].equals(numbers.scores["value"])
