"""A table file piece by piece, every cell as it is written: for tables past memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perceptrons.tables import columnar, decode
from perceptrons.tables.errors import DataError
from perceptrons.tables.layout import File, layout

if TYPE_CHECKING:
    import pandas as pd

#: Rows at a time: some megabytes of text.
ROWS = 50_000

#: Cells at a time: what bounds memory beside the numbers themselves.
_CELLS = 1_000_000


def pieces(
    path: str | Path,
    rows: int = ROWS,
    *,
    encoding: str | None = None,
    separator: str | None = None,
    gaps: Sequence[str] = (),
) -> Iterator[pd.DataFrame]:
    """Yield a CSV, Parquet or Arrow file in tables of so many rows.

    Cells of a file of text stay text, so that every piece is read as the whole would
    be by an encoder that was fitted on text.

    Parameters
    ----------
    path : str or Path
    rows : int, default=50000
    encoding, separator, gaps
        As the arguments of :func:`perceptrons.tables.read`.

    Raises
    ------
    DataError
        If the file is missing, damaged or no table.
    """
    path = Path(path)
    start = decode.head(path)
    if (form := columnar.form(start)) is not None:
        yield from columnar.pieces(path, form, rows)
        return
    file = layout(path, decode.find_encoding(path, encoding).name, separator)
    yield from rows_of(file, file.names, rows, dtype=str, na_values=["", *gaps])


def rows_of(
    file: File, names: Sequence[str], rows: int | None = None, **options: Any
) -> Iterator[pd.DataFrame]:
    """Yield some columns of a file of text, a piece of its rows at a time.

    Parameters
    ----------
    file : File
    names : sequence of str
    rows : int, optional
        Of a piece; about a million cells of the file if not given.
    **options
        What pandas' ``read_csv`` makes of the cells.

    Raises
    ------
    DataError
        If the file is no table.
    """
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
        "chunksize": rows or max(1000, _CELLS // len(file.names)),
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


def note(path: str | Path, encoding: str | None = None) -> str:
    """Say in which encoding a file of text is taken to be, where that is a guess.

    Parameters
    ----------
    path : str or Path
    encoding : str, optional
        What the user says.
    """
    path = Path(path)
    if columnar.form(decode.head(path)) is not None:
        return ""
    return decode.find_encoding(path, encoding).note
