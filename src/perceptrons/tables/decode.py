"""Bytes of a file become text: what it is, and in which encoding."""

from __future__ import annotations

import codecs
import gzip
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TextIO, cast

from perceptrons import _reading
from perceptrons.tables import encodings
from perceptrons.tables.errors import DataError

#: What is asked for where a file is none of it.
FORMS = "a CSV file of a header line and one row per line, or a Parquet file"

# First bytes of files that are often taken for tables of text.
_BINARY = {
    b"PK\x03\x04": "an Excel workbook or another ZIP archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF document",
    b"SQLite format 3": "an SQLite database",
    b"\x89HDF": "an HDF5 file",
}
# How files of text begin that are no lines of fields.
_OTHER_TEXT = {
    r"(create table|insert into|drop table|begin;\s*[\r\n]|-- |/\*)": (
        "a dump of SQL statements"
    ),
    r"(\[\s*[{\[]|\{\s*\")": "a JSON file",
    r"<(!doctype|\?xml|html|head|body|table)\b": "an HTML or XML file",
}
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_PIECE = 1 << 20


@dataclass(frozen=True)
class Encoding:
    """How bytes become text.

    Parameters
    ----------
    name : str
        As Python knows it.
    note : str
        What to mind; empty where it is certain.
    """

    name: str
    note: str = ""


def head(path: Path, size: int = 64) -> bytes:
    """Return the first bytes of a file, of what is in it if it is compressed.

    Parameters
    ----------
    path : Path
    size : int, default=64

    Raises
    ------
    DataError
        If there is no such file, or it cannot be read.
    """
    try:
        _reading.check(path)
        with opened(path) as stream:
            return stream.read(size)
    except FileNotFoundError:
        raise DataError(f"There is no file {path}; give the path of {FORMS}.") from None
    except (OSError, EOFError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError(f"{path} cannot be read ({reason}); give {FORMS}.") from None


def opened(path: Path) -> IO[bytes]:
    """Open a file, or what is in it if gzip compressed it.

    Parameters
    ----------
    path : Path
    """
    with path.open("rb") as stream:
        compressed = stream.read(2) == b"\x1f\x8b"
    return cast(IO[bytes], gzip.open(path) if compressed else path.open("rb"))


def text(path: Path, encoding: str) -> TextIO:
    """Open a file as text, whatever its line ends.

    Parameters
    ----------
    path : Path
    encoding : str
    """
    return io.TextIOWrapper(opened(path), encoding=encoding, newline=None)


def find_encoding(path: Path, asked: str | None = None) -> Encoding:
    """Return the encoding of a file of text.

    UTF-8, or what its first bytes say, or what makes letters of the bytes that are not
    UTF-8.

    Parameters
    ----------
    path : Path
    asked : str, optional
        What the user says it is.

    Raises
    ------
    DataError
        If the file is empty, no text, or in an encoding that cannot be told.
    """
    start = head(path)
    _check_form(path, start)
    if asked is not None:
        _check_encoding(path, asked)
        return Encoding(asked)
    marked = (name for mark, name in _MARKS.items() if start.startswith(mark))
    name = next(marked, "utf-8")
    blank = True
    decoder = codecs.getincrementaldecoder(name)()
    try:
        for piece in _pieces(path):
            decoded = decoder.decode(piece)
            blank = blank and not decoded.strip()
            if "\0" in decoded:
                raise DataError(f"{path} is not text; give {FORMS}.")
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        if name != "utf-8":
            raise DataError(
                f"{path} begins as {name} does, but is damaged; save it as UTF-8."
            ) from None
        number, lines = _foreign_lines(path)
        found = encodings.guess(lines)
        if isinstance(found, encodings.Guess):
            return Encoding(found.name, found.note(path.name))
        raise DataError(
            f"{path} is not UTF-8 text: line {number} holds bytes of another encoding, "
            f"and which cannot be told ({found}). Say which with --encoding (encoding= "
            "in tables.read), or save the file as UTF-8."
        ) from None
    if blank:
        raise DataError(f"{path} is empty; give {FORMS}.")
    return Encoding("utf-8-sig" if name == "utf-8" else name)


def _check_form(path: Path, start: bytes) -> None:
    """Refuse what begins as no table of lines does."""
    for magic, form in _BINARY.items():
        if start.startswith(magic):
            raise DataError(f"{path} is {form}, not text; save it as CSV (UTF-8).")
    opening = start.removeprefix(codecs.BOM_UTF8).decode("latin-1").lstrip().lower()
    for pattern, form in _OTHER_TEXT.items():
        if re.match(pattern, opening):
            raise DataError(
                f"{path} is {form}, not a table of lines; export the table as CSV."
            )


def _pieces(path: Path) -> Iterator[bytes]:
    """Yield the bytes of a file."""
    with opened(path) as stream:
        while piece := stream.read(_PIECE):
            yield piece


def _check_encoding(path: Path, asked: str) -> None:
    """Refuse an encoding that there is not, or that the file is not in."""
    try:
        decoder = codecs.getincrementaldecoder(asked)()
        for piece in _pieces(path):
            decoder.decode(piece)
    except LookupError:
        raise DataError(
            f"encoding must be one that Python knows, got {asked!r}; for instance "
            f"{', '.join(encodings.NAMES)}."
        ) from None
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path} is not in the encoding {asked}: it holds the byte "
            f"0x{error.object[error.start]:02x} where none may be. Leave --encoding "
            "out, or try another."
        ) from None


def _foreign_lines(path: Path) -> tuple[int, list[bytes]]:
    """Return the first line with bytes beyond ASCII, and lines that have some."""
    lines, number, total = [], 0, 0
    with opened(path) as stream:
        for place, line in enumerate(stream, start=1):
            if not line.isascii():
                number = number or place
                lines.append(line)
                total += len(line)
            if total > _PIECE:
                break
    return number, lines
