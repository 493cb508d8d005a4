"""A file becomes a table, or a sentence that says what is wrong with it."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import pandas as pd

from perceptrons.comparison.errors import DataError

_SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_FORMS = "a CSV file of a header line and one row per line, or a Parquet file"
_DECIMAL_COMMA = re.compile(r"(^|[\t;|])-?\d+,\d+([\t;|]|$)", re.MULTILINE)
_WHOLE_FRACTION = re.compile(r"^([+-]?\d+)\.0+$")
_COMMA_ALONE = re.compile(r"^([+-]?\d*),(\d*)$")
# First bytes of files that are often taken for tables of text.
_BINARY = {
    b"PK\x03\x04": "an Excel workbook or another ZIP archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"\x1f\x8b": "compressed by gzip",
}


def read_table(path: Path, as_written: Collection[str] = ()) -> pd.DataFrame:
    """Read a CSV or Parquet file.

    Text may be separated by commas, semicolons, tabs or bars, and have decimal commas
    where it is not separated by commas; both are found from the text.

    Parameters
    ----------
    path : Path
    as_written : collection of str, default=()
        Columns that stay text where the file is text: of groups and times, in which
        1.10 is not 1.1.

    Returns
    -------
    DataFrame
        At least two columns with unique names, and at least one row.

    Raises
    ------
    DataError
        If the file is missing, empty, damaged, neither of the two forms, not UTF-8,
        or no table of at least two columns.
    """
    content = _bytes(path)
    if content[:4] == b"PAR1":
        table = _parquet(path, content)
    else:
        table = _text(path, _decoded(path, content), as_written)
    if table.empty:
        raise DataError(f"{path} has column names but no rows; give it data.")
    if table.shape[1] < 2:
        raise DataError(
            f"{path} has one column, {table.columns[0]!r}; a comparison needs a target "
            "and at least one other column. If there are more, separate them by commas."
        )
    return table


def split_target(table: pd.DataFrame, name: str) -> tuple[pd.DataFrame, pd.Series]:
    """Return the features and the target.

    Parameters
    ----------
    table : DataFrame
    name : str
        Of the target's column.

    Raises
    ------
    DataError
        If there is no such column; the nearest name is offered.
    """
    return take_column(table, name, "--target")


def source(path: Path) -> str:
    """Return the name of a file and the checksum of what it holds.

    Parameters
    ----------
    path : Path
    """
    return f"{path.name}, SHA-256 {hashlib.sha256(path.read_bytes()).hexdigest()}"


def take_column(
    table: pd.DataFrame, name: str, option: str
) -> tuple[pd.DataFrame, pd.Series]:
    """Return a table without a column, and that column.

    Parameters
    ----------
    table : DataFrame
    name : str
    option : str
        What the user gave the name to.

    Raises
    ------
    DataError
        If there is no such column; the nearest name is offered.
    """
    names = column_names(table.columns)
    if name not in names:
        raise DataError(
            f"{option} must name a column, got {name!r}.{_nearest(name, names)} "
            f"The columns are {_listed(names)}."
        )
    place = names.index(name)
    return table.drop(columns=table.columns[place]), table.iloc[:, place]


def column_names(names: Iterable[Any]) -> list[str]:
    """Return names as text, and one for each column that has none.

    Parameters
    ----------
    names : iterable
        In the order of the columns.
    """
    given = (
        # A tuple, the name of a column with several levels, is no scalar.
        "" if pd.api.types.is_scalar(name) and pd.isna(name) else str(name)
        for name in names
    )
    return [
        name if name.strip() else f"unnamed {place}"
        for place, name in enumerate(given, start=1)
    ]


def _nearest(name: str, names: Sequence[str]) -> str:
    """Offer the name that was probably meant, whatever its capitals."""
    if "," in name and {part.strip() for part in name.split(",")} <= set(names):
        return " Name each column by itself."
    lower = {known.lower(): known for known in names}
    near = get_close_matches(name.lower(), lower, n=1)
    return f" Did you mean {lower[near[0]]!r}?" if near else ""


def _listed(names: Sequence[str], most: int = 20) -> str:
    """List names, not all of thousands."""
    shown = ", ".join(repr(name) for name in names[:most])
    return shown + (f" and {len(names) - most} more" if len(names) > most else "")


def _bytes(path: Path) -> bytes:
    """Return what the file holds."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise DataError(
            f"There is no file {path}; give the path of {_FORMS}."
        ) from None
    except OSError as error:
        raise DataError(
            f"{path} cannot be read ({error.strerror}); give {_FORMS}."
        ) from None
    if not content.strip():
        raise DataError(f"{path} is empty; give {_FORMS}.")
    return content


def _parquet(path: Path, content: bytes) -> pd.DataFrame:
    """Read Parquet; a named index becomes columns."""
    try:
        table = pd.read_parquet(io.BytesIO(content), engine="pyarrow")
    except ImportError:
        raise DataError(
            f"{path} is a Parquet file, and reading it needs pyarrow: install it with "
            "`pip install 'perceptrons[parquet]'`, or give a CSV file."
        ) from None
    except (OSError, ValueError, NotImplementedError) as error:
        raise DataError(f"{path} is a damaged Parquet file: {error}") from None
    named = any(name is not None for name in table.index.names)
    table = table.reset_index(drop=not named)
    table.columns = column_names(table.columns)
    _unique(path, list(table.columns))
    return table


def _decoded(path: Path, content: bytes) -> str:
    """Return the text, which is UTF-8, or UTF-16 that says so in its first bytes."""
    for start, form in _BINARY.items():
        if content.startswith(start):
            raise DataError(f"{path} is {form}, not text; save it as CSV (UTF-8).")
    marked = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = content.decode("utf-16" if marked else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise DataError(
            f"{path} is not UTF-8 text: line {line} holds the byte "
            f"0x{content[error.start]:02x}. It is probably Windows-1252 or Latin-1; "
            "save it as UTF-8, for instance with `iconv -f WINDOWS-1252 -t UTF-8 "
            f"{path.name} > utf8.csv`."
        ) from None
    if "\0" in text:
        raise DataError(f"{path} is not text; give {_FORMS}.")
    return text


def _text(path: Path, text: str, as_written: Collection[str]) -> pd.DataFrame:
    """Read separated text, strictly: every line has as many fields as the header."""
    separator = _separator(text)
    names = _checked_names(path, text, separator)
    european = separator != "," and _DECIMAL_COMMA.search(text)
    try:
        table = pd.read_csv(
            io.StringIO(text),
            sep=separator,
            decimal="," if european else ".",
            names=names,
            dtype={name: "str" for name in names if name in as_written},
            header=0,
            index_col=False,
            skipinitialspace=True,
            low_memory=False,
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise DataError(f"{path} cannot be read as a table: {error}") from None
    for name in set(names) & set(as_written):
        stripped = table[name].str.strip()
        table[name] = stripped.where(stripped != "")
        # pandas writes whole numbers so in a column that has gaps.
        table[name] = table[name].str.replace(_WHOLE_FRACTION, r"\1", regex=True)
        if european:
            table[name] = table[name].str.replace(_COMMA_ALONE, r"\1.\2", regex=True)
    return table


def _separator(text: str) -> str:
    """Return the separator that divides the first lines most evenly, else the comma."""
    lines = [line for line in text.splitlines()[:20] if line.strip()]

    def fitness(separator: str) -> tuple[int, int]:
        counts = Counter(
            len(record) for record in csv.reader(lines, delimiter=separator)
        )
        fields, agreeing = counts.most_common(1)[0]
        return (agreeing if fields > 1 else 0), fields

    return max(_SEPARATORS, key=fitness)


def _records(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Return every record that is not blank, with the number of its last line."""
    reader = csv.reader(
        io.StringIO(text), delimiter=separator, skipinitialspace=True, strict=True
    )
    for record in reader:
        if record:
            yield reader.line_num, record


def _checked_names(path: Path, text: str, separator: str) -> list[str]:
    """Return the names in the header, once every line has as many fields."""
    try:
        records = _records(text, separator)
        _, header = next(records)
        uneven = next(((n, r) for n, r in records if len(r) != len(header)), None)
    except csv.Error as error:
        raise DataError(f"{path} cannot be read as a table: {error}.") from None
    if uneven:
        line, record = uneven
        raise DataError(
            f"{path} has {len(header)} names in its header but {len(record)} fields in "
            f"line {line} (separated by {_SEPARATORS[separator]}); every line needs as "
            "many. Text that holds the separator belongs in double quotes."
        )
    if all(_is_number(name) for name in header):
        raise DataError(
            f"{path} has no column names: its first line is "
            f"{separator.join(header)[:60]!r}; put a line of names before it."
        )
    names = column_names(name.strip() for name in header)
    _unique(path, names)
    return names


def _is_number(field: str) -> bool:
    """Tell whether a field of the header is a value rather than a name."""
    try:
        float(field.replace(",", "."))
    except ValueError:
        return False
    return True


def _unique(path: Path, names: Sequence[str]) -> None:
    """Refuse names that occur twice."""
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(
            f"{path} has more than one column named {_listed(twice)}; rename them, so "
            "that each column has a name of its own."
        )
