"""Files as spreadsheets, R and databases write them are the table that was exported."""

import numpy as np
import pandas as pd
import pytest

from perceptrons.comparison.columns import prepare
from perceptrons.tables import DataError, read

N = 60
RNG = np.random.default_rng(0)
PLACE = np.arange(N)
CITY = RNG.choice(["Köln", "München", "Zürich"], N)
PRICE = RNG.uniform(800, 4000, N).round(2)
QTY = RNG.integers(1, 20, N)
DAY = pd.to_datetime({"year": 2023, "month": 1 + PLACE % 12, "day": 1 + PLACE % 28})
Y = (PRICE * QTY / 100 - 20).round(1)


def lines(*columns, sep, end="\n"):
    return end.join([*(sep.join(row) for row in zip(*columns, strict=True)), ""])


def german(values, form="{:,.2f}"):
    swapped = str.maketrans(",.", ".,")
    return [form.format(value).translate(swapped) for value in values]


def texts(values, gaps="", word=""):
    return [word if gaps and n % gaps == 0 else str(v) for n, v in enumerate(values)]


def quoted(values):
    return [f'"{value}"' for value in values]


def stamps(form):
    return DAY.dt.strftime(form).tolist()


BOOKED = [f"({-v:.1f})" if v < 0 else f"{v}" for v in Y]
COUNTED = texts(PLACE + 1)
EXPORTS = {
    "Excel, German": b"Datum;city;price;qty;y\r\n"
    + lines(
        stamps("%d.%m.%Y"), CITY, [f"{p} €" for p in german(PRICE)], texts(QTY),
        german(Y, "{:.1f}"), sep=";", end="\r\n",
    ).encode("cp1252"),
    "Excel, American": b"\xef\xbb\xbfDate,city,price,qty,y\r\n"
    + lines(
        stamps("%m/%d/%Y"), CITY, quoted(f"${p:,.2f}" for p in PRICE), texts(QTY),
        BOOKED, sep=",", end="\r\n",
    ).encode(),
    "Excel, Unicode text": (
        "Date\tcity\tprice\tqty\ty\r\n"
        + lines(
            stamps("%Y-%m-%d"), CITY, [f"{p:,.2f}" for p in PRICE], texts(QTY),
            texts(Y), sep="\t", end="\r\n",
        )
    ).encode("utf-16"),
    "R, write.csv": (
        '"","city","price","qty","y"\n'
        + lines(
            quoted(COUNTED), quoted(CITY), texts(PRICE, 11, "NA"), texts(QTY),
            texts(Y), sep=",",
        )
    ).encode(),
    "R, write.csv2": (
        '"city";"price";"qty";"y"\n'
        + lines(
            quoted(COUNTED), quoted(CITY), german(PRICE, "{}"), texts(QTY),
            german(Y, "{}"), sep=";",
        )
    ).encode(),
    "MySQL": (
        "id\tat\tcity\tprice\tqty\ty\n"
        + lines(
            texts(1000 + 3 * PLACE), stamps("%Y-%m-%d 10:05:00"), CITY,
            texts(PRICE, 9, "\\N"), texts(QTY), texts(Y), sep="\t",
        )
    ).encode(),
    "PostgreSQL": (
        "id,at,city,price,qty,y\n"
        + lines(
            COUNTED, stamps("%Y-%m-%d 10:05:00.123+00"), CITY, texts(PRICE, 9),
            texts(QTY), texts(Y), sep=",",
        )
    ).encode(),
    "SQLite": (
        "rowid,city,price,qty,y\r\n"
        + lines(
            COUNTED, CITY, texts(PRICE), texts(QTY), texts(Y), sep=",", end="\r\n"
        )
    ).encode(),
}  # fmt: skip


@pytest.mark.parametrize("program", EXPORTS)
def test_an_export_is_the_table_it_was_made_of(tmp_path, program):
    path = tmp_path / "export.csv"
    path.write_bytes(EXPORTS[program])
    frame = read(path).frame
    prepared = prepare(frame.drop(columns="y"), frame["y"])
    np.testing.assert_array_equal(prepared.y, Y)
    assert list(prepared.X["city"]) == list(CITY)
    np.testing.assert_array_equal(prepared.X["qty"], QTY)
    known = prepared.X["price"].notna().to_numpy()
    assert known.sum() >= 50
    np.testing.assert_array_equal(prepared.X["price"][known], PRICE[known])
    # What is left are dates; numbers of rows are none of the features.
    others = [name for name in prepared.X if name not in ("city", "qty", "price")]
    assert [prepared.kinds[name] for name in others] == ["date"] * len(others)
    for name in others:
        assert (prepared.X[name].dt.normalize() == DAY).all()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("CREATE TABLE t (id INT, y REAL);\nINSERT INTO t VALUES (1,2);\n", "SQL"),
        ("-- PostgreSQL database dump\n\nINSERT INTO t VALUES (1,2);\n", "SQL"),
        ('[\n{"a": 1, "y": 2},\n{"a": 2, "y": 3}\n]\n', "JSON"),
        ('{"a": 1, "y": 2}\n{"a": 2, "y": 3}\n', "JSON"),
        ("<html><body>\n<table><tr><td>1,2</td></tr></table>\n", "HTML or XML"),
        ("Sales 2023,,\n,,\nCity,Price,Sales\nOslo,3,4\n", "first begins 'Sales 2023"),
        ("a;;;\nx;1;2;3\n", "3 of 4 columns have no name"),
    ],
)
def test_what_is_no_table_of_lines_is_refused_by_what_it_is(tmp_path, content, told):
    path = tmp_path / "export.csv"
    path.write_text(content)
    with pytest.raises(DataError, match=told):
        read(path)


@pytest.mark.parametrize("header", ["<img src=x>;y", "begin;end", "<5;y", "{a};y"])
def test_names_that_begin_like_another_form_are_names(tmp_path, header):
    path = tmp_path / "export.csv"
    path.write_text(f"{header}\n1;2\n3;4\n")
    assert list(read(path).frame) == header.split(";")
