"""What a kept model says of a table: read as that it was fitted to, piece by piece."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    import pandas as pd

    from perceptrons.table_model import TableModel
    from perceptrons.tables.read import Format


def _pieces_of(table: Path, form: Format) -> Iterator[pd.DataFrame]:
    """Return a table piece by piece, as it is written; say what was guessed of it."""
    from perceptrons.tables.pieces import note, pieces

    if text := note(table, form.encoding):
        typer.echo(f"Warning: {text}", err=True)
    return pieces(
        table, encoding=form.encoding, separator=form.separator, gaps=form.gaps
    )


@contextmanager
def _counted_from(before: int) -> Iterator[None]:
    """Say of the row that an error names after which of the table it is counted."""
    from perceptrons.tables.errors import DataError

    try:
        yield
    except DataError as error:
        if not before:
            raise
        raise DataError(f"{error} (Rows are counted after row {before:,}.)") from None


def answers(
    model: TableModel, table: Path, form: Format, interval: float | None
) -> Iterator[pd.DataFrame]:
    """Yield predictions, and what is known of how sure they are, piece by piece."""
    import pandas as pd

    from perceptrons.tables.surprises import joined
    from perceptrons.tables.written import as_fitted

    about = model.about or {}
    form = replace(form, gaps=tuple(json.loads(about.get("gaps", "[]"))))
    new, before = [], 0
    for piece in map(partial(as_fitted, model.encoder), _pieces_of(table, form)):
        new += model.encoder.surprises(piece)
        with _counted_from(before):
            numbers = model.encoder.apply(piece)
        before += len(piece)
        found = pd.DataFrame({model.target: model.ask("predict", numbers)})
        if hasattr(model.model, "classes_"):
            shares = model.ask("predict_proba", numbers)
            for place, label in enumerate(model.classes_):
                found[f"probability of {label}"] = shares[:, place]
        if interval is not None:
            ends = model.ask("predict_interval", numbers, interval)
            found["low"], found["high"] = ends[:, 0], ends[:, 1]
        yield found
    for own in joined(new):
        typer.echo(f"Warning: {own}", err=True)


def write(parts: Iterator[pd.DataFrame], stream: Any) -> None:
    """Write tables one after another, one header."""
    for number, part in enumerate(parts):
        part.to_csv(stream, index=False, header=number == 0, lineterminator="\n")
