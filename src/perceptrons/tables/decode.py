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
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
#: What a file that is not UTF-8 may be, the commonest first.
_GUESSES = {
    "cp1252": "Windows-1252",
    "mac_roman": "Mac Roman",
    "cp1250": "Windows-1250",
    "cp1251": "Windows-1251",
    "cp850": "DOS, code page 850",
    "shift_jis": "Shift JIS",
    "gb18030": "GB 18030",
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
    for magic, form in _BINARY.items():
        if start.startswith(magic):
            raise DataError(f"{path} is {form}, not text; save it as CSV (UTF-8).")
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
        return _guess(path)
    if blank:
        raise DataError(f"{path} is empty; give {FORMS}.")
    return Encoding("utf-8-sig" if name == "utf-8" else name)


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
            f"{', '.join(_GUESSES)}."
        ) from None
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path} is not in the encoding {asked}: it holds the byte "
            f"0x{error.object[error.start]:02x} where none may be. Leave --encoding "
            "out, or try another."
        ) from None


def _guess(path: Path) -> Encoding:
    """Return the encoding that makes the likeliest text of the bytes beyond ASCII."""
    number, words = _foreign_words(path)
    scores = {}
    for name in _GUESSES:
        try:
            scores[name] = _oddness([word.decode(name) for word in words])
        except UnicodeDecodeError:
            continue
    best = sorted(scores, key=lambda name: scores[name])
    if not best or scores[best[0]] > _ODDEST or _tie(words, scores, best):
        readings = "; ".join(
            f"{words[0].decode(name)!r} in {name}" for name in best[:3]
        )
        raise DataError(
            f"{path} is not UTF-8 text: line {number} holds bytes of another encoding, "
            f"and which cannot be told ({readings or 'none fits'}). Say which with "
            "--encoding (encoding= in tables.read), or save the file as UTF-8."
        )
    name = best[0]
    shown = ", ".join(repr(word.decode(name)) for word in words[:3])
    return Encoding(
        name,
        f"{path.name} is not UTF-8; it was read as {_GUESSES[name]}, in which it holds "
        f"{shown}. If that is wrong, say what it is with --encoding.",
    )


#: Text whose words are odder than this is none.
_ODDEST = 0.8


def _foreign_words(path: Path) -> tuple[int, list[bytes]]:
    """Return the first line with bytes beyond ASCII, and different words with them."""
    lines, number, total = [], 0, 0
    with opened(path) as stream:
        for place, line in enumerate(stream, start=1):
            if not line.isascii():
                number = number or place
                lines.append(line)
                total += len(line)
            if total > _PIECE:
                break
    return number, list(dict.fromkeys(_WORD.findall(b"\n".join(lines))))[:5000]


def _tie(words: list[bytes], scores: dict[str, float], best: list[str]) -> bool:
    """Tell whether two encodings fit alike, and read the words differently."""
    return (
        len(best) > 1
        and scores[best[1]] == scores[best[0]]
        and _differ(words, best[:2])
    )


_WORD = re.compile(rb"[0-9A-Za-z\x80-\xff'-]*[\x80-\xff][0-9A-Za-z\x80-\xff'-]*")


def _differ(words: list[bytes], names: list[str]) -> bool:
    """Tell whether two encodings read the words differently."""
    first, second = names
    return any(word.decode(first) != word.decode(second) for word in words)


def _oddness(words: list[str]) -> float:
    """Return how unlike words these are, from 0 on, per word."""
    return sum(map(_odd, words)) / max(len(words), 1)


#: Letters of Western Europe beyond ASCII, the common ones first, and signs that stand
#: beside words.
_FREQUENT = set("äöüßéèêáóíñçåæøàúÄÖÜÉÅØÁÓÍÑÇ")
_COMMON = _FREQUENT | set("âãëìîïòôõùûýÿœÀÂÃÆÈÊËÌÎÏÒÔÕÙÚÛÝŸŒ")
_SIGNS = set("’‘“”«»–—…•°§€£©®™²³ºª¿¡·\xa0µ±×¼½¾")  # noqa: RUF001
_USUAL = set("’–°\xa0€")  # noqa: RUF001


def _odd(word: str) -> float:
    """Return how unlike a word this is."""
    odd = 0.0
    mixed = any("a" <= other.lower() <= "z" for other in word)
    for before, letter, after in zip(" " + word, word, word[1:] + " ", strict=False):
        if letter.isascii():
            continue
        if letter in _SIGNS:
            odd += 0.3 if letter in _USUAL else 0.6
        elif not letter.isalpha():
            odd += 2.0
        elif letter in _COMMON:
            odd += 0.0 if letter in _FREQUENT else 0.2
            # Letters with marks come one at a time.
            odd += 0.6 if before in _COMMON else 0.0
        elif "\u0400" <= letter <= "\u30ff":
            # Scripts of their own, kana among them.
            odd += 2.0 if mixed else 0.1
        else:
            far = letter > "\u30ff"
            odd += (2.0 if mixed else 0.4) if far else 0.4
        if letter.isalpha():
            # A capital amid small letters, and a letter beside digits.
            small = before.islower() or (before.isalpha() and after.islower())
            odd += 1.5 if letter.isupper() and small else 0.0
            odd += 1.0 if before.isdigit() or after.isdigit() else 0.0
    return odd
