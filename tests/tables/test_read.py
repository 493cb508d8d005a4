"""Files become tables, or a sentence that says what is wrong and what to do."""

import sys

import numpy as np
import pandas as pd
import pytest

from perceptrons.tables import DataError, read
from perceptrons.tables.pieces import pieces
from perceptrons.tables.read import take_column


def read_table(path, as_written=()):
    return read(path, as_written=as_written).frame


def split_target(table, name):
    return take_column(table, name, "--target")


GOOD = 'name,age,price\nAda,36,1.5\n"Bob, jr",41,\n'


def test_a_plain_file_is_read_with_its_types(write):
    table = read_table(write(GOOD))
    assert list(table) == ["name", "age", "price"]
    assert table["name"].tolist() == ["Ada", "Bob, jr"]
    assert table["age"].tolist() == [36, 41]
    assert table["price"].isna().tolist() == [False, True]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_found(write, separator):
    text = "a,b c,d\n1,x y,2.5\n3,z,4.5\n".replace(",", separator)
    table = read_table(write(text))
    assert list(table) == ["a", "b c", "d"]
    assert table["d"].tolist() == [2.5, 4.5]


@pytest.mark.parametrize("separator", [";", "\t"])
def test_decimal_commas_are_numbers(write, separator):
    text = "price;size\n1,5;2\n-2,25;3\n".replace(";", separator)
    assert read_table(write(text))["price"].tolist() == [1.5, -2.25]


def test_labels_of_rows_stay_as_they_are_written(write):
    text = "when;site;x\n2020.10;A, B;1\n2020.1;007;2\n;1,10;3,5\n"
    table = read_table(write(text), {"when", "site", "no such column"})
    assert table["when"].tolist()[:2] == ["2020.10", "2020.1"]
    assert table["when"].isna().tolist() == [False, False, True]
    # The comma is that of decimals here.
    assert table["site"].tolist() == ["A, B", "007", "1.10"]
    assert table["x"].tolist() == [1, 2, 3.5]


def test_whole_numbers_as_pandas_writes_them_beside_gaps_are_the_same_label(write):
    table = read_table(write('g,x\n1,1\n1.0,2\n"1 ",3\n1 ,4\n1.00,5\n01,6\n'), {"g"})
    assert table["g"].tolist() == ["1"] * 5 + ["01"]
    assert read_table(write('g,x\n" ",1\n1,2\n'), {"g"})["g"].isna().tolist()[0]


def test_commas_in_text_do_not_pass_for_separators(write):
    table = read_table(write("a;b\n1;x, y, z\n2;u, v, w\n"))
    assert table["b"].tolist() == ["x, y, z", "u, v, w"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings_that_can_be_told_are_read(write, encoding):
    table = read_table(write("größe,b\n1,é\n2,ü\n".encode(encoding)))
    assert list(table) == ["größe", "b"]
    assert table["b"].tolist() == ["é", "ü"]


def test_spaces_around_names_and_blank_lines_do_not_matter(write):
    table = read_table(write("\na , b\n1, x\n\n2, y\n\n"))
    assert list(table) == ["a", "b"]
    assert table["b"].tolist() == ["x", "y"]


def test_a_nameless_column_gets_a_name(write):
    assert list(read_table(write(",a\n0,1\n1,2\n"))) == ["unnamed 1", "a"]


def test_parquet_is_read_whatever_its_name(tmp_path):
    pytest.importorskip("pyarrow")
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", None]}, index=[7, 9])
    frame.to_parquet(tmp_path / "table.data")
    table = read_table(tmp_path / "table.data")
    assert table["a"].tolist() == [1, 2]
    assert table.index.tolist() == [0, 1]
    frame.rename_axis("when").to_parquet(tmp_path / "named.parquet")
    assert list(read_table(tmp_path / "named.parquet")) == ["when", "a", "b"]


def test_parquet_without_pyarrow_says_what_to_install(write, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(DataError, match=r"pip install 'perceptrons\[parquet\]'"):
        read_table(write(b"PAR1" + bytes(20), "t.parquet"))


@pytest.mark.parametrize("how", [read_table, lambda path: list(pieces(path))])
@pytest.mark.parametrize(("sign", "name"), [(b"PAR1", "Parquet"), (b"ARROW1", "Arrow")])
def test_a_damaged_file_is_named(write, how, sign, name):
    pytest.importorskip("pyarrow")
    with pytest.raises(DataError, match=rf"\.data is a damaged {name} file .*anew"):
        how(write(sign + bytes(20), "t.data"))


def test_columns_of_one_name_are_told_of_pieces_too(tmp_path):
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    twice = arrow.table([[1, 2], [3, 4]], names=["a", "a"])
    parquet.write_table(twice, tmp_path / "t.parquet")
    with pytest.raises(DataError, match=r"more than one column named 'a'; rename"):
        list(pieces(tmp_path / "t.parquet"))


def test_many_blank_lines_before_the_names_do_not_matter(write):
    table = read_table(write("\n" * 60 + "a;b\n1;2\n3;4\n"))
    assert table["b"].tolist() == [2, 4]


@pytest.mark.parametrize("index", [[7, 9, 2, 4, 5], pd.RangeIndex(30, 15, -3)])
def test_pieces_of_parquet_are_the_whole(index, tmp_path):
    pytest.importorskip("pyarrow")
    frame = pd.DataFrame({"a": range(5), "b": list("uvwxy")}, index=index)
    frame.rename_axis("when").to_parquet(tmp_path / "t.parquet")
    found = list(pieces(tmp_path / "t.parquet", rows=2))
    assert [len(piece) for piece in found] == [2, 2, 1]
    whole = pd.concat(found, ignore_index=True)
    pd.testing.assert_frame_equal(whole, read_table(tmp_path / "t.parquet"))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "is empty"),
        (" \n\n", "is empty"),
        ("a,b\n", "column names but no rows"),
        ("a\n1\n2\n", "one column, 'a'"),
        ("a,b\n1,2\n3,4,5\n", r"2 names in its header but 3 fields in line 3"),
        ("a,b,c\n1,2,3\n1,2\n", r"3 names in its header but 2 fields in line 3"),
        ("a,b,a\n1,2,3\n", "more than one column named 'a'; rename"),
        ("1.5,2\n3,4\n", "no column names: its first line is '1.5,2'"),
        ('a,b\n1,"x\n', "cannot be read as a table"),
        (b"PK\x03\x04rest", "Excel workbook"),
        (b"\x1f\x8brest", "cannot be read \\(Compressed file ended"),
        (b"a,b\n1,\x00\n", "is not text"),
    ],
)
def test_what_is_no_table_is_refused_with_the_reason(write, content, sentence):
    with pytest.raises(DataError, match=f"table.csv .*{sentence}"):
        read_table(write(content))


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"no file .*houses.csv"):
        read_table(tmp_path / "houses.csv")
    with pytest.raises(DataError, match="cannot be read"):
        read_table(tmp_path)


def test_the_target_is_split_off(write):
    X, y = split_target(read_table(write(GOOD)), "price")
    assert list(X) == ["name", "age"]
    assert y.name == "price"
    np.testing.assert_array_equal(y, [1.5, np.nan])


@pytest.mark.parametrize("near", ["prise", "PRICE", "price "])
def test_an_absent_target_offers_the_nearest_name(write, near):
    sentence = r"--target must name a column.*Did you mean 'price'\?.*'name', 'age'"
    with pytest.raises(DataError, match=sentence):
        split_target(read_table(write(GOOD)), near)


def test_thousands_of_names_are_not_all_listed():
    table = pd.DataFrame(np.zeros((2, 1000)), columns=[f"c{i}" for i in range(1000)])
    with pytest.raises(DataError, match="and 980 more") as refused:
        take_column(table, "zzz", "--groups")
    assert "Did you mean" not in str(refused.value)
    assert len(str(refused.value)) < 300
