"""A table in any dress is the same table; what has two readings is refused."""

import gzip

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import perceptrons
from perceptrons import MLPRegressor, presets
from perceptrons.comparison.columns import prepare
from perceptrons.tables import DataError, read

N = 60
RANDOM = 40 * np.random.default_rng(0).normal(size=N)
QTY = 300 + 1037 * np.arange(N) % 3800
W = np.round(np.sin(np.arange(N)), 2)
Y = np.round(QTY / 10 + 20 * W, 2)


def lines(qty, w=None, y=None, sep=","):
    """Return a table of three columns as text, each cell as it is to be written."""
    w = [f"{v:.2f}" for v in W] if w is None else w
    y = [f"{v:.2f}" for v in Y] if y is None else y
    rows = zip(qty, w, y, strict=True)
    return "\n".join([f"qty{sep}w{sep}y", *(sep.join(row) for row in rows), ""])


def comma(values, form="{:.2f}"):
    return [form.format(v).replace(".", ",") for v in values]


def german(value):
    return f"{value:,}".replace(",", ".")


#: Ways to write the same three columns.
DRESSES = {
    "plain": lines([str(v) for v in QTY]),
    "thousands, tabs": lines([f"{v:,}" for v in QTY], sep="\t"),
    "thousands, quoted": lines([f'"{v:,}"' for v in QTY]),
    "German": lines([german(v) for v in QTY], comma(W), comma(Y), sep=";"),
    "German, whole numbers plain": lines(
        [str(v) for v in QTY], comma(W), comma(Y), ";"
    ),
    "Swiss": lines([f"{v:,}".replace(",", "'") for v in QTY]),
    "French": lines(
        [f"{v:,}".replace(",", "\u202f") for v in QTY], comma(W), comma(Y), ";"
    ),
    "no-break spaces": lines([f"{v:,}".replace(",", "\xa0") for v in QTY]),
    "currency": lines([f"${v}.00" for v in QTY]),
    "euros behind": lines([f"{german(v)} €" for v in QTY], comma(W), comma(Y), ";"),
    "percent": lines([f"{v}%" for v in QTY]),
    "a true minus": lines(
        [str(v) for v in QTY], [f"{v:.2f}".replace("-", "\N{MINUS SIGN}") for v in W]
    ),
    "accountants": lines(
        [str(v) for v in QTY], [f"({-v:.2f})" if v < 0 else f"{v:.2f}" for v in W]
    ),
    "blanks": lines([f" {v}  " for v in QTY]),
    "quoted": lines([f'"{v}"' for v in QTY], [f'"{v}"' for v in W]),
    "powers of ten": lines([f"{v}e0" for v in QTY]),
}
WRITTEN = {
    **{name: text.encode() for name, text in DRESSES.items()},
    "CR": DRESSES["plain"].replace("\n", "\r").encode(),
    "CRLF": DRESSES["plain"].replace("\n", "\r\n").encode(),
    "UTF-16": DRESSES["euros behind"].encode("utf-16"),
    "a mark of UTF-8": DRESSES["plain"].encode("utf-8-sig"),
    "Windows-1252": DRESSES["no-break spaces"].encode("cp1252"),
    "sep=": b"sep=;\n" + DRESSES["plain"].replace(",", ";").encode(),
    "gzip": gzip.compress(DRESSES["plain"].encode()),
}


@pytest.mark.parametrize("dress", WRITTEN)
def test_a_table_is_the_same_in_every_dress(write, dress):
    frame = read(write(WRITTEN[dress])).frame
    assert list(frame) == ["qty", "w", "y"]
    for name, values in (("qty", QTY), ("w", W), ("y", Y)):
        np.testing.assert_array_equal(frame[name], values)


@pytest.mark.parametrize("dress", WRITTEN)
def test_what_a_comparison_sees_does_not_depend_on_the_dress(write, dress):
    frame = read(write(WRITTEN[dress])).frame
    seen = prepare(frame[["qty", "w"]], frame["y"])
    plain = prepare(pd.DataFrame({"qty": QTY, "w": W}), Y)
    assert seen.task == plain.task
    assert seen.leaks == plain.leaks
    np.testing.assert_array_equal(seen.y, plain.y)
    np.testing.assert_array_equal(
        seen.transformer.fit_transform(seen.X), plain.transformer.fit_transform(plain.X)
    )


@pytest.mark.parametrize("dress", ["thousands, tabs", "currency", "euros behind"])
def test_a_frame_of_text_is_read_as_a_file_is(dress):
    text = DRESSES[dress].splitlines()
    sep = next(s for s in "\t;," if s in text[0])
    rows = [line.split(sep) for line in text[1:]]
    frame = pd.DataFrame(rows, columns=["qty", "w", "y"])
    prepared = prepare(frame[["qty", "w"]], frame["y"])
    np.testing.assert_array_equal(prepared.X["qty"], QTY)
    np.testing.assert_array_equal(prepared.y, Y)


@pytest.mark.slow
def test_the_verdict_is_the_same_to_the_last_digit_in_twelve_dresses(
    write, monkeypatch
):
    def network(*, random_state=None, n_jobs=None):
        return MLPRegressor("squared_error", (3,), solver="lbfgs", max_iter=20)

    monkeypatch.setattr(presets, "tabular_regressor", network)
    # More dresses give the same columns: the test before this one.
    first, *others = [*DRESSES][:6] + [*WRITTEN][-6:]

    def scores(dress):
        frame = read(write(WRITTEN[dress])).frame
        # The amount of the target is all but known from both columns.
        found = perceptrons.compare(
            frame[["qty", "w"]], frame["y"] + RANDOM, random_state=0, repeats=1,
            n_folds=2, n_jobs=1,
        )  # fmt: skip
        return found.scores["value"].tolist(), found.verdict.status

    plain = scores(first)
    for dress in others:
        assert scores(dress) == plain, dress


# Hypothesis: any numbers, in any form that can be told.

SEPARATORS = {".": [",", "'", " ", ""], ",": [".", "'", " ", ""]}


@st.composite
def written(draw):
    """Return numbers and how they are written in one form."""
    decimal = draw(st.sampled_from(".,"))
    thousands = draw(st.sampled_from(SEPARATORS[decimal]))
    mark = draw(st.sampled_from(["", "$", "€", "%"]))
    # Two decimals, some above a thousand: then every sign can be told.
    cents = draw(st.lists(st.integers(-(10**9), 10**9), min_size=3, max_size=30))
    cents = [*cents, 123_456_789, -5]
    gaps = draw(st.lists(st.integers(0, len(cents) - 3), max_size=2))
    word = draw(st.sampled_from(["", "?", "n/a", "-", "not available"]))
    values, cells = [], []
    for place, cent in enumerate(cents):
        if place in gaps:
            values.append(np.nan)
            cells.append(word)
            continue
        values.append(float(f"{cent / 100:.2f}"))
        whole, part = f"{abs(cent) / 100:,.2f}".split(".")
        number = whole.replace(",", thousands) + decimal + part
        number = number + mark if mark in "€%" else mark + number
        cells.append(("-" if cent < 0 else "") + number)
    return values, cells


@settings(deadline=None, max_examples=60)
@given(written(), st.sampled_from(["utf-8", "utf-16"]), st.sampled_from(["\n", "\r\n"]))
def test_numbers_are_read_back_in_whatever_form_they_were_written(
    tmp_path_factory, table, encoding, end
):
    values, cells = table
    text = end.join(['"a";"b"', *(f'"{cell}";x' for cell in cells), ""])
    path = tmp_path_factory.mktemp("forms") / "t.csv"
    path.write_bytes(text.encode(encoding))
    np.testing.assert_array_equal(read(path).frame["a"].astype(float), values)


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1)


@settings(deadline=None, max_examples=60)
@given(st.lists(WORDS, min_size=2, max_size=8), st.sampled_from([",", ";", "\t"]))
def test_words_are_read_back_whatever_is_in_them(tmp_path_factory, words, sep):
    # What is no number or date in any form.
    cells = [f"word {word}" for word in words]
    quoted = ['"' + cell.replace('"', '""') + '"' for cell in cells]
    path = tmp_path_factory.mktemp("words") / "t.csv"
    rows = [f"{cell}{sep}{n}" for n, cell in enumerate(quoted)]
    path.write_text("\n".join([f"a{sep}b", *rows, ""]), encoding="utf-8")
    assert read(path).frame["a"].tolist() == cells


# What cannot be told.


def test_a_comma_that_may_be_either_is_refused_with_both_readings(write):
    rows = "\n".join(f'"{v:,}";{n}' for n, v in enumerate([1337, 2374, 5678]))
    path = write("qty;y\n" + rows)
    told = "'qty' can be read in two ways: '1,337' as 1337 or as 1.337, .*--decimal"
    with pytest.raises(DataError, match=told):
        read(path)
    assert read(path, decimal=".").frame["qty"].tolist() == [1337, 2374, 5678]
    assert read(path, decimal=",").frame["qty"].tolist() == [1.337, 2.374, 5.678]
    assert read(path, thousands=",").frame["qty"].tolist() == [1337, 2374, 5678]


def test_the_rest_of_the_table_tells_what_a_column_cannot(write):
    point = read(write("a;b\n1,337;0.5\n2,374;1.5\n")).frame
    assert point["a"].tolist() == [1337, 2374]
    comma = read(write("a;b\n1,337;0,5\n2,374;1,5\n")).frame
    assert comma["a"].tolist() == [1.337, 2.374]
    points = read(write("a;b\n1.337;0,5\n2.374;1,5\n")).frame
    assert points["a"].tolist() == [1337, 2374]


def test_three_decimals_are_no_thousands(write):
    assert read(write("a,b\n1.337,1\n2.374,2\n")).frame["a"].tolist() == [1.337, 2.374]
    zero = read(write("a;b\n0,337;1\n2,374;2\n")).frame
    assert zero["a"].tolist() == [0.337, 2.374]


def test_a_date_that_may_be_either_is_refused_with_both_readings(write):
    path = write("day,y\n01/02/2020,1\n03/04/2020,2\n")
    told = "'01/02/2020' as 2020-02-01 or as 2020-01-02, .*--dates"
    with pytest.raises(DataError, match=told):
        read(path)
    for order, month in (("day-first", 2), ("month-first", 1)):
        day = read(path, dates=order).frame["day"]
        assert day[0] == pd.Timestamp(2020, month, 3 - month)
    later = read(write("day,y\n01/02/2020,1\n13/04/2020,2\n")).frame["day"]
    assert later[0] == pd.Timestamp(2020, 2, 1)


def test_marks_that_differ_are_no_numbers(write):
    frame = read(write("price,y\n$3,1\n€4,2\n")).frame
    assert frame["price"].tolist() == ["$3", "€4"]
    mixed = read(write("share,y\n3%,1\n4,2\n")).frame
    assert mixed["share"].tolist() == ["3%", "4"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"decimal": ";"}, "decimal must be one of"),
        ({"decimal": ",", "thousands": ","}, "must be two signs"),
        ({"dates": "dayfirst"}, "Did you mean 'day-first'"),
        ({"separator": "::"}, "one character"),
        ({"encoding": "klingon"}, "one that Python knows"),
        ({"encoding": "ascii"}, "not in the encoding ascii"),
    ],
)
def test_options_that_mean_nothing_are_refused(write, options, told):
    with pytest.raises(ValueError, match=told):
        read(write("a,b\n1,ü\n"), **options)


# Gaps, blanks, whole numbers.


def test_words_for_gaps_do_not_eat_a_class(write):
    text = "qty,damage\n" + "".join(
        f"{q},{d}\n" for q, d in zip(QTY, ["None", "Mild", "NA"] * 20, strict=True)
    )
    frame = read(write(text)).frame
    prepared = prepare(frame[["qty"]], frame["damage"])
    assert prepared.classes.tolist() == ["Mild", "NA", "None"]
    assert prepared.y.size == N
    (told,) = (w for w in prepared.warnings if "counts as a class" in w)
    assert "--gaps" in told
    gone = read(write(text), gaps=["NA"]).frame
    assert gone["damage"].isna().sum() == 20


def test_blanks_at_the_ends_make_no_classes(write):
    table = read(write("q,answer\n1,yes\n2,yes \n3,no\n4, no\xa0\n"))
    assert table.frame["answer"].tolist() == ["yes", "yes", "no", "no"]
    assert table.told == [
        "Column 'answer': Blanks at the ends of 2 cells are left out."
    ]
    prepared = prepare(pd.DataFrame({"q": QTY}), ["yes", "yes ", "no"] * 20)
    assert prepared.classes.tolist() == ["no", "yes"]


def test_question_marks_among_numbers_are_gaps(write):
    qty = ["?" if n % 7 == 0 else str(v) for n, v in enumerate(QTY)]
    table = read(write(lines(qty)))
    assert table.frame["qty"].isna().sum() == 9
    assert table.told == ["Column 'qty': '?' is read as missing."]


def test_whole_numbers_beyond_float64_are_told_apart(write):
    ids = 10**17 + np.repeat([1, 2, 40], 20)
    frame = read(
        write("w,id\n" + "".join(f"{n},{i}\n" for n, i in enumerate(ids)))
    ).frame
    assert frame["id"].tolist() == ids.tolist()
    prepared = prepare(pd.DataFrame({"w": W}), frame["id"])
    assert prepared.classes.tolist() == [10**17 + 1, 10**17 + 2, 10**17 + 40]
    gap = read(write(f"id,b\n{10**17 + 1},1\n,2\n{10**17 + 2},3\n")).frame["id"]
    assert gap.tolist()[::2] == [10**17 + 1, 10**17 + 2]
    own = prepare(pd.DataFrame({"tweet_id": 10**18 + 3 * np.arange(N), "w": W}), Y)
    assert [c.kind for c in own.columns] == ["identifier", "number"]


def test_rows_that_differ_beyond_float64_are_no_repeats(rng):
    X = pd.DataFrame({"account": 10**17 + np.arange(N) // 2, "w": np.repeat(Y[:30], 2)})
    X["v"] = np.repeat(rng.normal(size=30), 2)
    options = {"keep": ["account"]}
    assert np.unique(prepare(X, Y, **options).groups).size == 30
    distinct = X.assign(
        account=10**17 + 1 + np.arange(N) % 2 + 10 * (np.arange(N) // 4)
    )
    assert prepare(distinct, Y, **options).groups is None


# Files that Excel, R and others write.


def test_row_names_that_the_header_lacks_are_row_numbers(write):
    rows = "".join(
        f'"{n}",{w},{y}\n' for n, (w, y) in enumerate(zip(W, Y, strict=True), 1)
    )
    frame = read(write('"w","y"\n' + rows)).frame
    assert list(frame) == ["row.names", "w", "y"]
    np.testing.assert_array_equal(frame["w"], W)
    assert prepare(frame[["row.names", "w"]], frame["y"]).features == ["w"]


def test_what_a_table_of_r_divides_by_spaces_is_read(write):
    rows = "".join(f'"{n}" {w} "a b"\n' for n, w in enumerate(W, 1))
    frame = read(write('"w" "town"\n' + rows)).frame
    assert list(frame) == ["row.names", "w", "town"]
    np.testing.assert_array_equal(frame["w"], W)
    assert set(frame["town"]) == {"a b"}
    # Words with spaces are no such table.
    with pytest.raises(DataError, match="one column, 'text'"):
        read(write("text\nhello world\ngood morning\n"))


def test_times_of_a_database_are_dates(write):
    rows = "".join(f"2023-01-{d:02d} 0{d % 10}:15:00+00,{d}\n" for d in range(1, 29))
    frame = read(write("at,y\n" + rows)).frame
    assert frame["at"][2] == pd.Timestamp("2023-01-03 03:15")


def test_a_separator_at_the_end_of_rows_is_an_empty_column(write):
    frame = read(write("a,b\n1,2,\n3,4,\n")).frame
    assert list(frame) == ["a", "b", "unnamed 3"]
    assert frame["unnamed 3"].isna().all()


def test_a_comma_in_a_header_of_semicolons_is_part_of_a_name(write):
    frame = read(write("size, m;price, $, net\n1,5;2,5\n2,5;3,5\n")).frame
    assert list(frame) == ["size, m", "price, $, net"]
    assert frame["size, m"].tolist() == [1.5, 2.5]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\xef\xbb\xbf", "is empty"),
        ('a,b\n1,2\n3,"x\n5,6\n', "double quote that opens in line 3 is never closed"),
        ('a,b\n1,"x"y\n', "expected after .* in line 2"),
        ("a,b\n1,東京\n2,x\n".encode("shift_jis"), "cannot be told.*--encoding"),
        (b"\x1f\x8b\x08\x00", "cannot be read"),
        (b"%PDF-1.4", "PDF"),
    ],
)
def test_a_damaged_file_is_a_sentence(write, content, told):
    with pytest.raises(DataError, match=told):
        read(write(content))


def test_a_long_text_among_numbers_is_no_word_for_a_gap(write):
    cells = [str(v) for v in range(59)]
    rest = [*cells, "1"]
    short = read(write(lines([*cells, "w" * 60], w=rest, y=rest)))
    assert short.frame["qty"].isna().sum() == 1
    long = read(write(lines([*cells, "w" * 10**6], w=rest, y=rest)))
    assert long.frame["qty"].tolist()[:2] == ["0", "1"]
    assert len(repr((long.source, long.readings, long.told))) < 1000


def test_a_cell_of_a_megabyte_and_a_long_header_are_read(write):
    long = "x" * 1_000_000
    assert read(write(f"a,b\n1,{long}\n2,y\n")).frame["b"][0] == long
    names = [f"ENSG{n:011d}" for n in range(20_000)]
    text = ",".join(names) + "\n" + 2 * (",".join(["1"] * 20_000) + "\n")
    assert read(write(text)).frame.shape == (2, 20_000)


@pytest.mark.parametrize(
    ("encoding", "words"),
    [
        ("mac_roman", ["Åsa", "Kåre\N{RIGHT SINGLE QUOTATION MARK}s"]),
        ("cp1252", ["café", "naïve", "Ålesund"]),
        ("cp850", ["München", "Köln"]),
        ("cp1250", ["Łódź", "Kraków"]),
        ("cp1250", ["Dvořák", "Plzeň", "České Budějovice"]),
        ("cp1250", ["Győr", "Hűvösvölgy", "Székesfehérvár"]),
        ("cp1251", ["Москва", "Казань"]),
        ("cp1252", ["Conceição", "Ribeirão", "São Paulo"]),
        ("cp1252", ["Ørsted", "Næstved", "Århus"]),
        ("mac_roman", ["Besançon", "Nîmes", "Orléans"]),
        ("cp1254", ["Muğla", "Uşak", "Eskişehir", "Gümüşhane"]),
        (
            "cp932",
            [
                "東京都",
                "大阪市",
                "横浜市",
                "名古屋市",
                "さっぽろ",
                "神戸市",
                "京都市",
                "かわさき",
            ],
        ),
        (
            "gb18030",
            [
                "北京市",
                "上海市",
                "广州市",
                "深圳市",
                "成都市",
                "重庆市",
                "天津市",
                "武汉市",
            ],
        ),
    ],
)
def test_an_encoding_is_judged_by_its_words_and_told(write, encoding, words):
    text = "name,y\n" + "".join(f"{word},{n}\n" for n, word in enumerate(words))
    table = read(write(text.encode(encoding)))
    assert table.frame["name"].tolist() == words
    assert any("--encoding" in line and words[0] in line for line in table.told)
    asked = read(write(text.encode(encoding)), encoding=encoding)
    assert asked.told == []
    assert asked.frame["name"].tolist() == words


def test_more_digits_than_python_reads_are_infinite_and_named(write):
    digits = ["1" * 9000 if n == 5 else str(v) for n, v in enumerate(QTY)]
    frame = read(write(lines([f"${cell}" for cell in digits]))).frame
    with pytest.raises(DataError, match=r"'qty' holds 1 infinite value.* row 6"):
        prepare(frame[["qty", "w"]], frame["y"])
