"""What new rows hold that the rows fitted did not, a sentence for each column."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from perceptrons.tables.cells import Cells
from perceptrons.tables.column import Column, plural
from perceptrons.tables.learned import Learned
from perceptrons.tables.numerals import GAP_WORDS
from perceptrons.tables.values import numbers


class TableWarning(UserWarning):
    """New rows that are not what the rows fitted were."""


@dataclass(frozen=True)
class Surprise:
    """Cells of a column that could not be taken for what they say.

    Parameters
    ----------
    column : str
    what : {"unread", "new level"}
        No number or date as the column's were; or a level that no row fitted had.
    count : int
    first : str
        The first such cell.
    pooled : bool
        Whether rare levels share a column, in which new ones count.
    """

    column: str
    what: Literal["unread", "new level"]
    count: int
    first: str
    pooled: bool = False

    def __str__(self) -> str:
        """Return a sentence with its remedy."""
        cells = f"Column {self.column!r}: {self.count:,} {plural('cell', self.count)}"
        if self.what == "unread":
            return (
                f"{cells} cannot be read as those fitted, the first {self.first!r}; "
                "taken as missing. Write such cells as in the table that was fitted, "
                "or leave them empty."
            )
        among = "among the rare levels" if self.pooled else "as none of the levels"
        return (
            f"{cells} with a level that no row fitted had, the first {self.first!r}; "
            f"taken {among}. Check how it is spelled, or fit again with such rows."
        )


def find(
    columns: Sequence[Column],
    learned: Mapping[str, Learned],
    found: Mapping[str, Cells],
) -> list[Surprise]:
    """Return what is new of each column, in order.

    Empty cells and words for them are no surprise, nor new levels of a column of
    thousands.

    Parameters
    ----------
    columns : sequence of Column
        Those that are used.
    learned : mapping of str to Learned
    found : mapping of str to Cells
        The new rows.
    """
    seen = (
        _new_levels(found[column.name], learned[column.name])
        if column.kind == "category"
        else _unread(found[column.name], column)
        for column in columns
    )
    return [own for own in seen if own is not None]


def joined(found: Iterable[Surprise]) -> list[Surprise]:
    """Return one surprise for each column of many pieces of a table.

    Parameters
    ----------
    found : iterable of Surprise
    """
    whole: dict[str, Surprise] = {}
    for own in found:
        before = whole.get(own.column)
        whole[own.column] = (
            own if before is None else replace(before, count=before.count + own.count)
        )
    return list(whole.values())


def _unread(cells: Cells, column: Column) -> Surprise | None:
    """Return the cells of a column of numbers or dates that are none."""
    if cells.storage not in ("text", "other"):
        return None
    lost = np.isnan(numbers(cells, column.reading)) & ~cells.missing
    if not lost.any():
        return None
    if cells.storage == "other":
        return Surprise(column.name, "unread", int(lost.sum()), cells.levels[0])
    known = getattr(column.reading, "gaps", ())
    odd = [
        level not in known and level.lower() not in GAP_WORDS for level in cells.levels
    ]
    return _told(cells, lost & np.array([*odd, False])[cells.values], "unread")


def _new_levels(cells: Cells, learned: Learned) -> Surprise | None:
    """Return the cells of a category whose levels were not fitted."""
    if learned.rare is None:
        return None
    text = cells.as_text()
    known = {*learned.levels, *learned.rare}
    new = np.array([*(level not in known for level in text.levels), False])
    own = new[text.values] & ~text.missing
    return _told(text, own, "new level", pooled=learned.pool)


def _told(
    cells: Cells,
    own: np.ndarray[tuple[int], np.dtype[np.bool_]],
    what: Literal["unread", "new level"],
    pooled: bool = False,
) -> Surprise | None:
    """Return a surprise of some cells of text, None if there are none."""
    rows = np.flatnonzero(own)
    if not rows.size:
        return None
    first = cells.levels[cells.values[rows[0]]]
    return Surprise(cells.name, what, rows.size, first, pooled)
