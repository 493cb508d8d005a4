"""A table file piece by piece, every cell as it is written: for tables past memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from perceptrons.tables import decode
from perceptrons.tables.errors import DataError
from perceptrons.tables.layout import layout

if TYPE_CHECKING:
    import pandas as pd

#: Rows at a time: some megabytes of text.
ROWS = 50_000


def pieces(path: str | Path, rows: int = ROWS) -> Iterator[pd.DataFrame]:
    """Yield a CSV or Parquet file in tables of so many rows.

    Cells of a file of text stay text, so that every piece is read as the whole would
    be by an encoder that was fitted on text.

    Parameters
    ----------
    path : str or Path
    rows : int, default=50000

    Raises
    ------
    DataError
        If the file is missing, damaged or no table.
    """
    import pandas as pd

    path = Path(path)
    start = decode.head(path)
    if start.startswith(b"PAR1"):
        yield from _parquet(path, rows)
        return
    if start.startswith(b"ARROW1"):
        yield pd.read_feather(path)
        return
    encoding = decode.find_encoding(path).name
    file = layout(path, encoding, None)
    with file.rows() as stream:
        try:
            yield from pd.read_csv(
                stream,
                sep=file.separator,
                names=file.names,
                header=None,
                dtype=str,
                keep_default_na=False,
                na_values=[""],
                chunksize=rows,
            )
        except pd.errors.ParserError as error:
            raise DataError(f"{path} is damaged: {error}.") from None


def _parquet(path: Path, rows: int) -> Iterator[pd.DataFrame]:
    """Yield a Parquet file in pieces."""
    try:
        from pyarrow import parquet
    except ImportError:
        raise DataError(
            f"{path} is a Parquet file, and reading it needs pyarrow: install it with "
            "`pip install 'perceptrons[parquet]'`, or give a CSV file."
        ) from None
    with parquet.ParquetFile(path) as stored:
        for batch in stored.iter_batches(batch_size=rows):
            yield batch.to_pandas()
