"""How a file of text is laid out: what separates its fields, where its rows begin."""

from __future__ import annotations

import csv
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import TextIO

from perceptrons.tables import decode
from perceptrons.tables.errors import DataError
from perceptrons.tables.names import check_unique, column_names

_SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_WORDS = {**_SEPARATORS, " ": "space"}


@dataclass(frozen=True)
class File:
    """A file of text and its layout.

    Parameters
    ----------
    path : Path
    encoding : str
    separator : str
    n_lines : int
        Lines before the rows.
    names : list of str
    """

    path: Path
    encoding: str
    separator: str
    n_lines: int
    names: list[str]

    @contextmanager
    def rows(self) -> Iterator[TextIO]:
        """Open the file where its rows begin."""
        with decode.text(self.path, self.encoding) as stream:
            for _ in range(self.n_lines):
                stream.readline()
            yield stream


@contextmanager
def _long_fields() -> Iterator[None]:
    """Let the csv module take fields of any length."""
    before = csv.field_size_limit(sys.maxsize)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def layout(path: Path, encoding: str, separator: str | None) -> File:
    """Return how a file is laid out, once all its lines are even.

    Parameters
    ----------
    path : Path
    encoding : str
        Of :func:`perceptrons.tables.decode.find_encoding`.
    separator : str or None
        None: what divides the first lines alike.

    Raises
    ------
    DataError
        If it is no table; the message names the line.
    """
    with _long_fields(), decode.text(path, encoding) as stream:
        lines = []
        for text in stream:
            lines.append(text)
            if len(lines) >= 30 and text.strip():
                break
        said = re.fullmatch(r"\"?sep=(.)\"?", lines[0].strip("\r\n")) if lines else None
        before = 1 if said else 0
        if separator is None:
            separator = said[1] if said else _separator(lines)
        try:
            records = _records(chain(lines[before:], stream), separator, before)
            n_header, header = next(records)
            first = list(islice(records, 100))
            names = _names(path, separator, header, [record for _, record in first])
            width = len(names)
            uneven = next(
                ((n, len(r)) for n, r in first if len(r) != width), None
            ) or _uneven(records, width)
        except csv.Error as error:
            raise DataError(
                f"{path} cannot be read as a table: {error}. Text that holds quotes, "
                "separators or line ends belongs in double quotes, and quotes in it "
                "are doubled."
            ) from None
        except StopIteration:
            raise DataError(f"{path} is empty; give {decode.FORMS}.") from None
    if uneven:
        line, count = uneven
        raise DataError(
            f"{path} has {len(header)} names in its header but {count} fields in "
            f"line {line} (separated by {separator_name(separator)}); every line "
            "needs as many. Text that holds the separator belongs in double quotes; "
            "--separator says what separates."
        )
    return File(path, encoding, separator, n_header, names)


def separator_name(separator: str) -> str:
    """Name a separator.

    Parameters
    ----------
    separator : str
    """
    return _WORDS.get(separator, repr(separator))


def _separator(lines: Sequence[str]) -> str:
    """Return what divides all of the first lines alike, else most of them.

    A comma is common in numbers and text, so that others are asked first.
    """
    whole = [line for line in lines if line.strip()]

    def fitness(separator: str) -> tuple[bool, int, int]:
        reader = csv.reader(whole, delimiter=separator, skipinitialspace=True)
        counts = Counter(len(record) for record in islice(reader, 20))
        fields, agreeing = counts.most_common(1)[0]
        alike = len(counts) == 1 and fields > 1
        return alike and separator != ",", (agreeing if fields > 1 else 0), fields

    found = max(_SEPARATORS, key=fitness)
    return " " if not fitness(found)[1] and _spaced(whole) else found


def _spaced(lines: Sequence[str]) -> bool:
    """Tell whether spaces divide all lines alike, as R's write.table does."""
    reader = csv.reader(lines, delimiter=" ", skipinitialspace=True)
    header, *widths = (len(record) for record in islice(reader, 20))
    # The names may be one fewer, for the names of the rows.
    return header > 1 and bool(widths) and set(widths) in ({header}, {header + 1})


def _records(
    lines: Iterator[str], separator: str, before: int
) -> Iterator[tuple[int, list[str]]]:
    """Yield every record that is not blank, with the number of its last line."""
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=True, strict=True)
    start = before + 1
    while True:
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "end of data" in str(error):
                text = f"the double quote that opens in line {start} is never closed"
                raise csv.Error(text) from None
            raise csv.Error(f"{error} in line {before + reader.line_num}") from None
        start = before + reader.line_num + 1
        if record:
            yield start - 1, record


def _uneven(
    records: Iterator[tuple[int, list[str]]], width: int
) -> tuple[int, int] | None:
    """Return line and length of the first record of another length."""
    for line, record in records:
        if len(record) != width:
            return line, len(record)
    return None


def _names(
    path: Path, separator: str, header: list[str], first: list[list[str]]
) -> list[str]:
    """Return the names in the header, and one for row names that it lacks."""
    if all(_is_number(name) for name in header):
        raise DataError(
            f"{path} has no column names: its first line is "
            f"{separator.join(header)[:60]!r}; put a line of names before it."
        )
    names = [name.strip() for name in header]
    blank = names.count("")
    if blank > 1 and 2 * blank > len(names):
        raise DataError(
            f"{path} has no line of names: its first begins "
            f"{separator.join(header)[:40]!r}, in which {blank} of {len(names)} "
            "columns have no name. If it is a title, delete the lines above the names; "
            "else name the columns."
        )
    if first and all(len(record) == len(header) + 1 for record in first):
        # A separator at the end of each row, or row names as R writes them.
        at_end = all(not record[-1].strip() for record in first)
        names = [*names, ""] if at_end else ["row.names", *names]
    names = column_names(names)
    check_unique(str(path), names)
    return names


def _is_number(field: str) -> bool:
    """Tell whether a field of the header is a value rather than a name."""
    try:
        float(field.replace(",", "."))
    except ValueError:
        return False
    return True
