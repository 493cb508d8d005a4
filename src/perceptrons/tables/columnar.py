"""Parquet and Arrow files, whole or in pieces; what is wrong with one in a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perceptrons.tables import decode
from perceptrons.tables.errors import DataError
from perceptrons.tables.names import check_unique, column_names

if TYPE_CHECKING:
    import pandas as pd

_SIGNS = {b"PAR1": "Parquet", b"ARROW1": "Arrow"}


def form(start: bytes) -> str | None:
    """Return "Parquet" or "Arrow" if a file begins as theirs do."""
    return next((name for sign, name in _SIGNS.items() if start.startswith(sign)), None)


def whole(path: Path, form: str) -> pd.DataFrame:
    """Read a file; a named index becomes columns.

    Raises
    ------
    DataError
        If the file is damaged, holds two columns of one name, or pyarrow is missing.
    """
    import pandas as pd

    with _explained(path, form), decode.opened(path) as stream:
        if form == "Parquet":
            table = pd.read_parquet(stream, engine="pyarrow")
        else:
            table = pd.read_feather(stream)
    return _plain(table, path)


def pieces(path: Path, form: str, rows: int) -> Iterator[pd.DataFrame]:
    """Yield a file in tables of at most so many rows; an Arrow file is read at once.

    Raises
    ------
    DataError
        If the file is damaged, or pyarrow is missing.
    """
    if form == "Arrow":
        yield whole(path, form)
        return
    with _explained(path, form):
        from pyarrow import parquet

        with decode.opened(path) as stream, parquet.ParquetFile(stream) as stored:
            steps, seen = _named_range(stored.schema_arrow), 0
            for batch in stored.iter_batches(batch_size=rows):
                table = batch.to_pandas()
                if steps is not None:
                    # Only its ends are stored, and they are those of all rows.
                    table.index = steps[seen : seen + len(table)]
                seen += len(table)
                yield _plain(table, path)


def _named_range(schema: Any) -> pd.RangeIndex | None:
    """Return the index of a file that stores a range by its ends, if it has a name."""
    import pandas as pd

    for stored in (schema.pandas_metadata or {}).get("index_columns", []):
        if isinstance(stored, dict) and stored.get("name") is not None:
            ends = stored["start"], stored["stop"], stored["step"]
            return pd.RangeIndex(*ends, name=stored["name"])
    return None


def _plain(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Return a table of columns alone, each with a name of its own."""
    named = any(name is not None for name in table.index.names)
    table = table.reset_index(drop=not named)
    table.columns = column_names(table.columns)
    check_unique(str(path), list(table.columns))
    return table


@contextmanager
def _explained(path: Path, form: str) -> Iterator[None]:
    """Say which file an error is of, and what to do."""
    try:
        yield
    except DataError:
        raise
    except ImportError:
        raise DataError(
            f"{path} holds {form}, and reading it needs pyarrow: install it with `pip "
            "install 'perceptrons[parquet]'`, or give a CSV file."
        ) from None
    except (OSError, ValueError, NotImplementedError) as error:
        raise DataError(
            f"{path} is a damaged {form} file ({error}); write it anew, or give a CSV "
            "file."
        ) from None
