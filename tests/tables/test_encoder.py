"""The encoder: numbers of any table, an account of every column, a plain state."""

import datetime
import json
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

import perceptrons
from perceptrons import MLPClassifier
from perceptrons.comparison.columns import prepare
from perceptrons.comparison.inputs import take_groups
from perceptrons.presets import tabular_classifier, tabular_regressor
from perceptrons.tables import DataError, TableEncoder, TableWarning
from perceptrons.tables.frames import read_cells

N = 120


@pytest.fixture
def table(rng):
    amounts = rng.normal(size=N)
    amounts[::9] = np.nan
    return pd.DataFrame(
        {
            "a": amounts,
            "n": rng.integers(0, 50, N),
            "word": rng.choice(["x", "y", "z"], N),
            "yes": rng.random(N) < 0.5,
            "day": pd.date_range("2020-01-01", periods=N, freq="36h"),
            "price": [f"${v:,}" for v in 900 + 37 * np.arange(N)],
        }
    )


def kinds(X):
    return {c.name: c.kind for c in TableEncoder().fit(X).account_}


def test_numbers_and_levels_are_what_scikit_learn_makes_of_them(rng):
    values = rng.normal(size=(N, 3))
    values[::7, 1] = np.nan
    numbers = pd.DataFrame(values, columns=list("abc"))
    imputer = SimpleImputer(strategy="median", add_indicator=True)
    np.testing.assert_array_equal(
        TableEncoder().fit_transform(numbers), imputer.fit_transform(numbers)
    )
    for n_levels in (5, 29, 30, 31, 60):
        codes = rng.geometric(0.08, 4000).clip(max=n_levels)
        words = pd.DataFrame({"w": [f"level {c:02d}" for c in codes]})
        theirs = OneHotEncoder(
            min_frequency=10,
            max_categories=30,
            handle_unknown="infrequent_if_exist",
            sparse_output=False,
        ).fit(words)
        ours = TableEncoder().fit(words)
        np.testing.assert_array_equal(ours.transform(words), theirs.transform(words))
        new = pd.DataFrame({"w": ["level 01", "never seen"]})
        np.testing.assert_array_equal(ours.apply(new), theirs.transform(new))


def test_frames_of_every_library_are_the_same_table(table):
    polars, pyarrow = pytest.importorskip("polars"), pytest.importorskip("pyarrow")
    plain = TableEncoder().fit(table)
    Z = plain.transform(table)
    arrow = pyarrow.Table.from_pandas(table, preserve_index=False)
    frames = [
        polars.DataFrame({name: table[name].tolist() for name in table}),
        arrow,
        table.convert_dtypes(),
        table.astype({"a": ">f8", "n": ">i8"}),
        arrow.to_pandas(types_mapper=pd.ArrowDtype),
        table.astype(object),
    ]
    for frame in frames:
        own = TableEncoder().fit(frame)
        assert [c.kind for c in own.account_] == [c.kind for c in plain.account_]
        np.testing.assert_array_equal(own.transform(frame), Z)
        np.testing.assert_array_equal(plain.transform(frame), Z)
        np.testing.assert_array_equal(own.transform(table), Z)


def test_names_and_groups_come_through_from_polars(rng):
    polars = pytest.importorskip("polars")
    X = polars.DataFrame({"age": rng.normal(size=40), "who": list("abcd") * 10})
    left, groups = take_groups(X, "who")
    assert left.columns == ["age"]
    assert groups.tolist() == [0, 1, 2, 3] * 10
    y = polars.Series("weight", rng.normal(size=40))
    prepared = prepare(left, y)
    assert prepared.features == ["age"]
    assert prepared.target == "weight"


def test_an_arrow_dictionary_is_a_category(rng):
    pyarrow = pytest.importorskip("pyarrow")
    kind = pd.ArrowDtype(pyarrow.dictionary(pyarrow.int32(), pyarrow.string()))
    who = pd.Series(list("abcd") * 30).astype("category").astype(kind)
    assert (
        kinds(pd.DataFrame({"who": who, "x": rng.normal(size=N)}))["who"] == "category"
    )


def test_masked_cells_are_missing(rng):
    X = np.ma.masked_greater(rng.normal(size=(N, 2)), 1)
    X.data[X.mask] = 1e6
    assert TableEncoder().fit_transform(X).max() < 1.5


def test_the_state_is_plain_and_makes_the_same_encoder(table):
    fitted = TableEncoder().fit(table)
    again = TableEncoder.from_state(json.loads(json.dumps(fitted.to_state())))
    np.testing.assert_array_equal(again.transform(table), fitted.transform(table))
    assert again.account_ == fitted.account_
    assert again.get_feature_names_out().tolist() == list(
        fitted.get_feature_names_out()
    )


def test_every_column_of_numbers_has_a_name(table):
    fitted = TableEncoder().fit(table)
    names = fitted.get_feature_names_out()
    assert fitted.transform(table).shape[1] == len(names) == len(set(names))
    assert {"a", "a is missing", "word = x", "day in days"} <= set(names)


def test_it_is_a_part_of_a_pipeline(table, rng):
    y = rng.normal(size=N)
    model = make_pipeline(TableEncoder(), Ridge()).fit(table, y)
    assert model.predict(table).shape == (N,)
    assert clone(model)[0].get_params()["drop"] == ()


def test_new_rows_are_read_as_those_that_were_fitted(table):
    fitted = TableEncoder().fit(table)
    place = list(fitted.get_feature_names_out()).index("price")
    new = table.iloc[:3].assign(price=["$1,000", "2500", "sold out"])
    with pytest.warns(TableWarning, match="'price': 1 cell cannot be read"):
        found = fitted.transform(new)[:, place]
    median = np.median(900 + 37 * np.arange(N))
    np.testing.assert_array_equal(found, [1000, 2500, median])
    with pytest.raises(DataError, match="X lacks 'word'"):
        fitted.transform(table.drop(columns="word"))


def test_a_wide_frame_is_read_as_its_columns_are_one_by_one(rng):
    wide = pd.DataFrame(rng.normal(size=(30, 1200))).add_prefix("g")
    wide["g7"] = rng.integers(0, 9, 30)
    wide["g9"] = rng.integers(0, 9, 30).astype("uint8")
    wide["g11"] = rng.random(30) < 0.5
    wide["g13"] = list("ab") * 15
    wide["g15"] = pd.Series(range(30), dtype="Int64").where(rng.random(30) < 0.5)
    wide.iloc[3, 20] = np.nan
    for place, cells in enumerate(read_cells(wide)):
        (own,) = read_cells(wide.iloc[:, [place]])
        assert (cells.name, cells.storage) == (own.name, own.storage)
        assert cells.values.dtype == own.values.dtype
        np.testing.assert_array_equal(cells.plain(), own.plain())


# New rows that are not what the rows fitted were.


def told(fitted, rows):
    """Return the warnings of a transform; it must not differ from a quiet one."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        Z = fitted.transform(rows)
    np.testing.assert_array_equal(Z, fitted.apply(rows))
    assert all(own.category is TableWarning for own in caught)
    return [str(own.message) for own in caught]


def test_cells_that_cannot_be_read_as_fitted_are_told_with_a_remedy(table):
    fitted = TableEncoder().fit(table)
    assert told(fitted, table) == []
    # Gaps and words for them say themselves what they are.
    quiet = table.assign(price="n/a", day=pd.NaT, yes=None, a=np.nan)
    assert told(fitted, quiet) == []
    prices = table["price"].where(np.arange(N) > 2, "sold")
    yes = table["yes"].map({True: "yes", False: "no"})
    lines = told(fitted, table.assign(price=prices, day="soon", yes=yes, a="1,5"))
    assert lines == [
        "Column 'a': 120 cells cannot be read as those fitted, the first '1,5'; taken "
        "as missing. Write such cells as in the table that was fitted, or leave them "
        "empty.",
        *(
            f"Column {name!r}: {count} cells cannot be read as those fitted, the first "
            f"{first!r}; taken as missing. Write such cells as in the table that was "
            "fitted, or leave them empty."
            for name, count, first in (
                ("yes", 120, yes[0]), ("day", 120, "soon"), ("price", 3, "sold"),
            )
        ),
    ]  # fmt: skip


def test_levels_that_no_row_fitted_had_are_told(rng):
    words = ["x", "y"] * 59 + ["once", "twice"]
    X = pd.DataFrame({"w": words, "v": ["p", "q", "r"] * 40})
    fitted = TableEncoder().fit(X)
    assert told(fitted, X) == []
    new = X.assign(w=["z", "z", "once"] * 40, v=["p", None, "s"] * 40)
    assert told(fitted, new) == [
        "Column 'w': 80 cells with a level that no row fitted had, the first 'z'; "
        "taken among the rare levels. Check how it is spelled, or fit again with such "
        "rows.",
        "Column 'v': 40 cells with a level that no row fitted had, the first 's'; "
        "taken as none of the levels. Check how it is spelled, or fit again with such "
        "rows.",
    ]
    kept = TableEncoder.from_state(json.loads(json.dumps(fitted.to_state())))
    assert told(kept, new) == told(fitted, new)


def test_a_column_of_thousands_of_levels_always_has_new_ones(rng):
    X = pd.DataFrame({"w": ["often"] * 2000 + [f"w{n}" for n in range(2000)]})
    assert told(TableEncoder().fit(X), pd.DataFrame({"w": ["new", "often"]})) == []


def test_codes_are_the_same_levels_beside_gaps(rng):
    codes = pd.DataFrame({"code": rng.integers(0, 4, N), "v": rng.normal(size=N)})
    fitted = TableEncoder(category=["code"]).fit(codes)
    holes = codes.astype(float)
    holes.loc[0, "code"] = np.nan
    assert told(fitted, holes) == []
    np.testing.assert_array_equal(
        fitted.transform(holes)[1:], fitted.transform(codes)[1:]
    )


def test_a_preset_of_a_table_tells_what_is_new(table):
    model = tabular_regressor(effort="small", random_state=0, n_jobs=1)
    model.fit(table, table["n"])
    with pytest.warns(TableWarning, match="'word': 120 cells with a level"):
        model.predict(table.assign(word="new"))
    with pytest.raises(DataError, match="X lacks 'day'"):
        model.predict(table.drop(columns="day"))


# Dates.


def test_dates_in_other_places_than_frames(rng):
    days = [datetime.date(2020, 1, 1) + datetime.timedelta(7 * n) for n in range(N)]
    clock = [datetime.time(n % 24, 30) for n in range(N)]
    X = pd.DataFrame({"day": days, "clock": clock})
    fitted = TableEncoder().fit(X)
    assert [c.kind for c in fitted.account_] == ["date", "date"]
    names = list(fitted.get_feature_names_out())
    # Every day is the same day of the week.
    assert "weekday of day, sine" not in names
    hour = names.index("hour of clock, sine")
    angle = 2 * np.pi * (np.arange(N) % 24 + 0.5) / 24
    np.testing.assert_allclose(fitted.transform(X)[:, hour], np.sin(angle))


def test_gaps_among_dates_are_the_median_day_and_marked():
    days = pd.Series(pd.date_range("2021-01-01", periods=N))
    days[5] = pd.NaT
    fitted = TableEncoder().fit(pd.DataFrame({"d": days}))
    Z = fitted.transform(pd.DataFrame({"d": days}))
    assert np.isfinite(Z).all()
    assert Z[5, 0] == np.median(np.delete(np.arange(N), 5))
    np.testing.assert_array_equal(Z[:, -1], np.arange(N) == 5)


def test_first_days_of_months_have_no_day_of_the_week():
    days = pd.date_range("2015-01-01", periods=48, freq="MS")
    names = TableEncoder().fit(pd.DataFrame({"d": days})).get_feature_names_out()
    assert list(names) == ["d in days", "month of d, sine", "month of d, cosine"]


# Row numbers.


@pytest.mark.parametrize("name", ["", "Unnamed: 0", "index", "row.names", "X", "Id"])
@pytest.mark.parametrize("how", ["in order", "one dropped", "shuffled", "halved"])
def test_row_numbers_are_no_features(rng, name, how):
    numbers = {
        "in order": np.arange(N),
        "one dropped": np.delete(np.arange(N + 1), 30),
        "shuffled": rng.permutation(N),
        "halved": 2 * np.arange(N),
    }[how]
    X = pd.DataFrame({name: numbers, "a": rng.normal(size=N)})
    first = TableEncoder().fit(X).account_[0]
    # A measurement may be called X.
    assert first.used == (name == "X" and how != "in order")
    if not first.used:
        assert first.kind == "row number"
        assert "--keep" in first.action
        assert TableEncoder(keep=[first.name]).fit(X).account_[0].kind == "number"


def test_what_was_lost_is_told_in_a_line_each(rng):
    X = pd.DataFrame({f"empty {n}": [np.nan] * N for n in range(200)})
    X["free"] = [f"text {n}" for n in range(N)]
    X["town"] = ["rare"] + ["a", "b", "c"] * 39 + ["a", "b"]
    X["x"] = rng.normal(size=N)
    told = prepare(X, rng.normal(size=N)).warnings
    assert len(told) == 3
    assert "200 in all" in told[0]
    assert "'free': Not used: 120 different texts" in told[1]
    assert "'town': Used as a category of 4 levels" in told[2]


# The presets take tables as they come.


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_presets_take_words_gaps_and_dates(table, library):
    frame = table
    if library == "polars":
        polars = pytest.importorskip("polars")
        frame = polars.DataFrame({name: table[name].tolist() for name in table})
    y = table["n"] + 20 * (table["word"] == "x") + 0.1 * np.arange(N)
    model = tabular_regressor(random_state=0, n_jobs=1).fit(frame, y.to_numpy())
    assert model.score(frame, y.to_numpy()) > 0.9
    by_hand = TableEncoder().fit(frame)
    plain = tabular_regressor(random_state=0, n_jobs=1)
    plain.fit(by_hand.transform(frame), y.to_numpy())
    np.testing.assert_array_equal(
        model.predict(frame), plain.predict(by_hand.transform(frame))
    )
    assert model.n_features_in_ == frame.shape[1]
    assert list(model.feature_names_in_) == list(frame.columns)
    np.testing.assert_allclose(
        model.predictor()(by_hand.transform(frame)), model.predict(frame), rtol=1e-5
    )


def test_presets_of_tables_are_saved_and_refined(table, tmp_path):
    y = table["n"].to_numpy()
    model = tabular_regressor(effort="small", random_state=0).fit(table, y)
    model.save(tmp_path / "model.safetensors")
    found = perceptrons.load(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(found.predict(table), model.predict(table))
    assert list(found.feature_names_in_) == list(table.columns)
    assert found.refine(table[:30], y[:30]).n_features_in_ == table.shape[1]


def test_presets_of_classes_take_them_with_weights(table, rng):
    y = np.where(table["word"] == "x", "one", "two")
    weights = rng.integers(1, 3, N)
    model = tabular_classifier(random_state=0, n_jobs=1)
    model.fit(table, y, sample_weight=weights)
    assert model.score(table, y) > 0.95


# Targets of words.


@pytest.mark.skipif(not hasattr(np.dtypes, "StringDType"), reason="NumPy 2")
def test_words_of_numpys_own_type_are_classes(rng):
    X, words = rng.normal(size=(60, 2)), np.array(["yes", "no"] * 30)
    own = words.astype(np.dtypes.StringDType())
    assert prepare(X, own).classes.tolist() == ["no", "yes"]
    gaps = words.astype(object)
    gaps[:3] = None
    gaps = gaps.astype(np.dtypes.StringDType(na_object=None))
    assert prepare(X, gaps).y.size == 57
    network = MLPClassifier((3,), tol=1.0, n_iter_no_change=2)
    preset = tabular_classifier(effort="small", random_state=0, n_jobs=1)
    for model in (network.set_params(random_state=0), preset):
        found = clone(model).fit(X, own)
        np.testing.assert_array_equal(
            found.predict(X), clone(model).fit(X, words).predict(X)
        )


def test_free_text_by_the_documented_recipe():
    skrub = pytest.importorskip("skrub")
    rng = np.random.default_rng(0)
    words = rng.choice(["cellar", "garden", "harbour", "attic"], 300)
    tails = rng.integers(10**6, size=300)
    X = pd.DataFrame({"size": rng.normal(size=300)})
    X["text"] = [f"{w} no {t}" for w, t in zip(words, tails, strict=True)]
    y = X["size"] + 3.0 * (words == "garden")
    dropped = next(c for c in TableEncoder().fit(X).account_ if c.name == "text")
    assert not dropped.used
    derived = skrub.StringEncoder(n_components=8, random_state=0).fit_transform(
        X["text"]
    )
    wide = pd.concat([X.drop(columns="text"), derived], axis=1)

    def score(table):
        numbers = TableEncoder().fit_transform(table)
        return LinearRegression().fit(numbers, y).score(numbers, y)

    assert score(wide) > 0.9 > score(X) + 0.3


def test_codes_of_text_stay_as_they_are_written():
    codes = ["1.10", "1.1", "007", "7"] * 10
    table = pd.DataFrame({"code": codes, "size": np.arange(40.0) ** 2})
    made = TableEncoder(category=["code"]).fit_transform(table)
    assert len(np.unique(made[:, 1:], axis=0)) == 4
    own = prepare(table, np.arange(40) * 1.0, category=["code"])
    assert own.X["code"].nunique() == 4
