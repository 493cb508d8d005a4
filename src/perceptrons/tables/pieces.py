"""A table file piece by piece, every cell as it is written: for tables past memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from perceptrons.tables import columnar, decode
from perceptrons.tables.errors import DataError
from perceptrons.tables.layout import layout

if TYPE_CHECKING:
    import pandas as pd

#: Rows at a time: some megabytes of text.
ROWS = 50_000


def pieces(path: str | Path, rows: int = ROWS) -> Iterator[pd.DataFrame]:
    """Yield a CSV, Parquet or Arrow file in tables of so many rows.

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
    if (form := columnar.form(start)) is not None:
        yield from columnar.pieces(path, form, rows)
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
