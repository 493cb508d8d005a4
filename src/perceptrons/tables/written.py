"""Cells of a file of text as a fitted encoder knows them, a piece of rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from perceptrons.tables.cells import text
from perceptrons.tables.encoder import TableEncoder
from perceptrons.tables.levels import with_point, without_fraction

if TYPE_CHECKING:
    import pandas as pd

_TRUTHS = {"true": "1", "false": "0"}


def as_fitted(encoder: TableEncoder, piece: pd.DataFrame) -> pd.DataFrame:
    """Return rows whose text the encoder reads as it did the rows it was fitted to.

    Numbers and dates it reads by itself, as those were read. Truths become 0 and 1. A
    label that is not known as it stands becomes the level that it is another way of
    writing: 1.0 beside gaps is 1, and TRUE is True.

    Parameters
    ----------
    encoder : TableEncoder
        Fitted.
    piece : DataFrame
        Returned as it is where its columns are no text.
    """
    changed = {}
    for column in encoder.account_:
        if column.kind not in ("boolean", "category") or column.name not in piece:
            continue
        own = piece[column.name]
        if own.dtype.kind in "fiubM" or hasattr(own, "cat"):
            continue
        cells = text(column.name, own.to_list())
        if column.kind == "boolean":
            levels = [_TRUTHS.get(label.lower(), label) for label in cells.levels]
        else:
            known = encoder.levels(column.name)
            levels = [_as_known(known, label) for label in cells.levels]
        changed[column.name] = replace(cells, levels=tuple(levels)).texts()
    return piece.assign(**changed)


def _as_known(known: set[str], label: str) -> str:
    """Return the way to write a label that is known, itself if none is."""
    return next((way for way in _ways(label) if way in known), label)


def _ways(label: str) -> Iterator[str]:
    """Yield the ways to write a label, itself first."""
    for own in (label, with_point(label)):
        yield own
        yield without_fraction(own)
    if label.lower() in _TRUTHS:
        yield from (label.capitalize(), label.upper(), label.lower())
