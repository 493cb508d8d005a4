"""A file becomes a table, or a sentence that says what is wrong with it."""

from __future__ import annotations

import csv
import hashlib
import re
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np
from numpy.typing import NDArray

from perceptrons import _checks
from perceptrons.tables import decode, numerals
from perceptrons.tables.cells import Cells, text_cells
from perceptrons.tables.errors import DataError
from perceptrons.tables.kinds import EXACT, Column, told
from perceptrons.tables.names import check_unique, column_names, place_of
from perceptrons.tables.numerals import Form, Options
from perceptrons.tables.settle import Reading, settle

if TYPE_CHECKING:
    import pandas as pd

_SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_WORDS = {**_SEPARATORS, " ": "space"}
#: Cells that are read at a time: what bounds memory beside the numbers themselves.
_PIECE = 1_000_000
_HEAD = 1000
_WHOLE_FRACTION = re.compile(r"^([+-]?\d+)\.0+$")
_COMMA_ALONE = re.compile(r"^([+-]?\d*),(\d*)$")
_DAY_FIRST = {"day-first": True, "month-first": False}


@dataclass(frozen=True)
class Format:
    """What the user says of how a file is written; the rest is judged.

    Parameters
    ----------
    encoding, separator, decimal, thousands, dates, gaps
        As the arguments of :func:`read`.
    """

    encoding: str | None = None
    separator: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    dates: str | None = None
    gaps: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what means nothing."""
        for option, value, allowed in (
            ("decimal", self.decimal, (".", ",")),
            ("thousands", self.thousands, ("", ",", ".", "'", " ")),
            ("dates", self.dates, tuple(_DAY_FIRST)),
        ):
            if value is not None:
                _checks.choice(option, value, allowed)
        if self.decimal is not None and self.decimal == self.thousands:
            raise DataError(
                "decimal and thousands must be two signs, got "
                f"{self.decimal!r} for both."
            )
        if self.separator is not None and len(self.separator) != 1:
            raise DataError(f"separator must be one character, got {self.separator!r}.")


@dataclass(frozen=True)
class Table:
    """A table and how it was read.

    Parameters
    ----------
    frame : DataFrame
        At least two columns with unique names, and at least one row; numbers, dates
        and text, each column in its own type.
    source : str
        Name and checksum of the file, its encoding and separator.
    readings : dict of str to str
        Of columns whose text was read as something else: how, one sentence.
    told : list of str
        What could be wrong, a line each with its remedy.
    """

    frame: pd.DataFrame
    source: str
    readings: dict[str, str]
    told: list[str]


def read(
    path: str | Path,
    *,
    encoding: str | None = None,
    separator: str | None = None,
    decimal: str | None = None,
    thousands: str | None = None,
    dates: str | None = None,
    gaps: Collection[str] = (),
    form: Format | None = None,
    as_written: Collection[str] = (),
) -> Table:
    """Read a CSV, Parquet or Arrow file, or one of them that gzip compressed.

    What is not said is judged from all that the file holds, and told.

    Parameters
    ----------
    path : str or Path
    encoding : str, optional
        Such as "cp1252"; None: UTF-8, or what the file says or shows.
    separator : str, optional
        Between fields; None: comma, semicolon, tab, bar or else space, whichever
        divides the lines most evenly.
    decimal : {".", ","}, optional
        Sign of decimals; None: by each column.
    thousands : {"", ",", ".", "'", " "}, optional
        Sign of thousands, "" for none; None: by each column.
    dates : {"day-first", "month-first"}, optional
        What 01/02/2020 means; None: by each column.
    gaps : collection of str, default=()
        Words that stand for missing cells in every column. Beside them the usual ones
        ("?", "n/a", "-", ...) are read so in columns of numbers and dates alone.
    form : Format, optional
        All of these in one record, in their place.
    as_written : collection of str, default=()
        Columns that stay text where the file is text: labels of groups, and codes, in
        which 1.10 is not 1.1.

    Returns
    -------
    Table

    Raises
    ------
    DataError
        If the file is missing, empty, damaged, no table, or can be read in two ways;
        the message names line or column and the remedy.
    """
    path = Path(path)
    if form is None:
        form = Format(encoding, separator, decimal, thousands, dates, tuple(gaps))
    start = decode.head(path)
    notes: list[str] = []
    readings: dict[str, str] = {}
    if start.startswith((b"PAR1", b"ARROW1")):
        frame, how = _columnar(path, parquet=start.startswith(b"PAR1")), ""
    else:
        found = decode.find_encoding(path, form.encoding)
        notes += [found.note] if found.note else []
        file = _File(path, found.name, *_layout(path, found.name, form.separator))
        options = Options(form.decimal, form.thousands, form.gaps)
        day_first = None if form.dates is None else _DAY_FIRST[form.dates]
        frame, columns = _typed(file, options, day_first, set(as_written))
        readings = {c.name: c.action for c in columns}
        notes += told(columns)
        name = "utf-8" if found.name == "utf-8-sig" else found.name
        how = f", {_word(file.separator)}, {name}"
    if frame.empty:
        raise DataError(f"{path} has column names but no rows; give it data.")
    if frame.shape[1] < 2:
        raise DataError(
            f"{path} has one column, {frame.columns[0]!r}; a target and at least one "
            "other column are needed. If there are more, separate them by commas, or "
            "say what separates them (--separator)."
        )
    return Table(frame, _source(path) + how, readings, notes)


def take_column(
    table: pd.DataFrame, name: str, option: str
) -> tuple[pd.DataFrame, pd.Series[Any]]:
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
    place = place_of(name, column_names(table.columns), option)
    return table.drop(columns=table.columns[place]), table.iloc[:, place]


def _source(path: Path) -> str:
    """Return the name of a file and the checksum of what it holds."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return f"{path.name}, SHA-256 {digest}"


def _columnar(path: Path, parquet: bool) -> pd.DataFrame:
    """Read Parquet or Arrow; a named index becomes columns."""
    import pandas as pd

    form = "Parquet" if parquet else "Arrow"
    try:
        with decode.opened(path) as stream:
            if parquet:
                table = pd.read_parquet(stream, engine="pyarrow")
            else:
                table = pd.read_feather(stream)
    except ImportError:
        raise DataError(
            f"{path} is a {form} file, and reading it needs pyarrow: install it with "
            "`pip install 'perceptrons[parquet]'`, or give a CSV file."
        ) from None
    except (OSError, ValueError, NotImplementedError) as error:
        raise DataError(f"{path} is a damaged {form} file: {error}") from None
    named = any(name is not None for name in table.index.names)
    table = table.reset_index(drop=not named)
    table.columns = column_names(table.columns)
    check_unique(str(path), list(table.columns))
    return table


# Text: how it is laid out.


@dataclass(frozen=True)
class _File:
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


def _layout(
    path: Path, encoding: str, separator: str | None
) -> tuple[str, int, list[str]]:
    """Return separator, lines before the rows, and names, once all lines are even."""
    with _long_fields(), decode.text(path, encoding) as stream:
        lines = list(islice(stream, 30))
        said = re.fullmatch(r"\"?sep=(.)\"?", lines[0].strip("\r\n")) if lines else None
        before = 1 if said else 0
        if separator is None:
            separator = said[1] if said else _separator(lines)
        try:
            records = _records(chain(lines[before:], stream), separator)
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
            f"line {line + before} (separated by {_word(separator)}); every line needs "
            "as many. Text that holds the separator belongs in double quotes; "
            "--separator says what separates."
        )
    return separator, n_header + before, names


def _word(separator: str) -> str:
    """Name a separator."""
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


def _records(lines: Iterator[str], separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yield every record that is not blank, with the number of its last line."""
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=True, strict=True)
    start = 1
    while True:
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "end of data" in str(error):
                text = f"the double quote that opens in line {start} is never closed"
                raise csv.Error(text) from None
            raise csv.Error(f"{error} in line {reader.line_num}") from None
        start = reader.line_num + 1
        if record:
            yield reader.line_num, record


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


# Text: what its cells are.


def _typed(
    file: _File, options: Options, day_first: bool | None, as_written: set[str]
) -> tuple[pd.DataFrame, list[Column]]:
    """Return the table, and an account of the text that was read as something else."""
    import pandas as pd

    texts = as_written & set(file.names)
    if options.decimal or options.thousands is not None:
        texts = set(file.names)
    texts |= _grouped(file, [name for name in file.names if name not in texts])
    numbers = _numbers(file, [n for n in file.names if n not in texts], options.gaps)
    texts |= {name for name in file.names if name not in texts and name not in numbers}
    cells = _texts(file, [name for name in file.names if name in texts], options.gaps)
    fractions = any(v.dtype.kind == "f" and _has_fraction(v) for v in numbers.values())
    settled = settle(
        cells,
        options,
        day_first=day_first,
        decimals={"."} if fractions else (),
        as_written=as_written,
    )
    columns, account = dict(numbers), []
    comma = any(isinstance(r, Form) and r.decimal == "," for _, r in settled)
    for own, reading in settled:
        plain = own.plain()
        if own.name in as_written:
            plain = _labels(plain, comma)
        columns[own.name] = plain
        if reading is not None or own.blanks:
            account.append(_column(own, reading))
    frame = pd.DataFrame({name: columns.pop(name) for name in file.names}, copy=False)
    return frame, [column for column in account if column.action]


def _column(cells: Cells, reading: Reading) -> Column:
    """Account for one column of text."""
    said = []
    notable = False
    if isinstance(reading, Form):
        said.append(reading.sentence())
        notable = bool(said[0])
    elif reading is not None and reading.form == "year last":
        order = "day" if reading.day_first else "month"
        said.append(
            f"Read as dates whose {order} comes first; --dates for another order."
        )
        notable = True
    if cells.blanks and reading is None:
        said.append(f"Blanks at the ends of {cells.blanks:,} cells are left out.")
        notable = True
    text = " ".join(filter(None, said))
    return Column(cells.name, "text", text, notable=notable)


def _labels(texts: NDArray[Any], comma: bool) -> NDArray[Any]:
    """Return labels, alike where pandas wrote a whole number beside gaps."""
    found = texts.copy()
    for place, text in enumerate(texts):
        if text is not None:
            text = _WHOLE_FRACTION.sub(r"\1", text)
            found[place] = _COMMA_ALONE.sub(r"\1.\2", text) if comma else text
    return found


def _has_fraction(values: NDArray[np.floating[Any]]) -> bool:
    """Tell whether numbers have decimals, so that their sign is the point."""
    some = values[:100_000]
    return bool((np.isfinite(some) & (some != np.round(some))).any())


def _pieces(
    file: _File, names: Sequence[str], **options: Any
) -> Iterator[pd.DataFrame]:
    """Yield the rows of some columns, a piece at a time."""
    import pandas as pd

    if not names:
        return
    read_csv: Any = pd.read_csv
    how: dict[str, Any] = {
        "sep": file.separator,
        "header": None,
        "names": file.names,
        "usecols": list(names),
        "index_col": False,
        "skipinitialspace": True,
        "keep_default_na": False,
        "low_memory": False,
        "chunksize": max(1000, _PIECE // len(file.names)),
    }
    try:
        with file.rows() as stream:
            yield from read_csv(stream, **how, **_exact(), **options)
    except pd.errors.EmptyDataError:
        return
    except (pd.errors.ParserError, OverflowError) as error:
        raise DataError(
            f"{file.path} cannot be read as a table: {error}; look at that line, or "
            "say what separates the fields (--separator)."
        ) from None


def _exact() -> dict[str, str]:
    """Return what makes pandas round numbers as Python does: later ones always do."""
    import pandas as pd

    major, minor = map(int, pd.__version__.split(".")[:2])
    return {} if (major, minor) >= (3, 1) else {"float_precision": "round_trip"}


def _grouped(file: _File, names: Sequence[str]) -> set[str]:
    """Return the columns in whose first rows a point may part thousands."""
    found = set()
    for piece in _pieces(file, names, dtype=str, na_filter=False, nrows=_HEAD):
        for name in piece:
            levels = piece[name].unique().tolist()
            seen = numerals.examine(
                [level.strip() for level in levels if level.strip()],
                np.ones(sum(bool(level.strip()) for level in levels), np.intp),
                Options(),
            )
            if seen is not None and len(seen.forms) > 1:
                found.add(str(name))
    return found


def _numbers(
    file: _File, names: Sequence[str], gaps: tuple[str, ...]
) -> dict[str, NDArray[Any]]:
    """Return the columns that are plain numbers or true and false in every row."""
    parts: dict[str, list[NDArray[Any]]] = {name: [] for name in names}
    for piece in _pieces(file, names, na_values=["", *gaps]):
        for name in list(parts):
            own = piece[name].to_numpy()
            if own.dtype.kind not in "iufb" or _inexact(own):
                del parts[name]
            else:
                parts[name].append(own)
    found = {}
    for name in list(parts):
        own_parts = parts.pop(name)
        kinds = {part.dtype.kind for part in own_parts}
        mixed = len(kinds) > 1 and ("b" in kinds or any(map(_large, own_parts)))
        if own_parts and not mixed:
            found[name] = np.concatenate(own_parts)
    return found


def _inexact(values: NDArray[Any]) -> bool:
    """Tell whether whole numbers with gaps were made float64 and may be merged."""
    return values.dtype.kind == "f" and _large(values)


def _large(values: NDArray[Any]) -> bool:
    """Tell whether there are whole numbers that float64 does not tell apart."""
    if values.dtype.kind == "b" or not values.size:
        return False
    if values.dtype.kind == "f":
        big = np.abs(values) >= EXACT
        return bool(big.any()) and bool((np.abs(values[big]) < 1e30).any())
    return bool(values.max() >= EXACT or values.min() <= -EXACT)


def _texts(file: _File, names: Sequence[str], gaps: tuple[str, ...]) -> list[Cells]:
    """Return columns as text: their levels, and a code per row."""
    import pandas as pd

    levels: dict[str, dict[str, int]] = {name: {} for name in names}
    codes: dict[str, list[NDArray[np.intp]]] = {name: [] for name in names}
    for piece in _pieces(file, names, dtype=object, na_filter=False):
        for name in names:
            own, different = pd.factorize(piece[name].to_numpy())
            known = levels[name]
            places = [known.setdefault(text, len(known)) for text in different]
            codes[name].append(np.array(places, np.intp)[own])
    found = []
    for name in names:
        own_levels = ["" if text.strip() in gaps else text for text in levels[name]]
        joined = np.concatenate([np.zeros(0, np.intp), *codes.pop(name)])
        found.append(text_cells(name, joined, own_levels))
    return found
