"""What is learned of the columns that are used, and the numbers this makes of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perceptrons.tables import dates
from perceptrons.tables.cells import Cells
from perceptrons.tables.column import Column
from perceptrons.tables.levels import kept_levels
from perceptrons.tables.values import check_finite, level_codes, numbers

Array = NDArray[np.float64]

#: More rare levels of a column than this are not kept.
MOST_REMEMBERED = 1000


@dataclass(frozen=True)
class Learned:
    """What was learned of a column: plain values only.

    Parameters
    ----------
    fill : float
        What a gap becomes: the median; of booleans the share that is true.
    gaps : bool
        Whether there were gaps, so that they have a column of their own.
    first : float
        Of dates: the day that counts as 0, in days since 1970.
    parts : tuple of str
        Of dates: their cycles.
    levels : tuple of str
        Of categories: those with a column of their own.
    pool : bool
        Of categories: whether others share a column.
    rare : tuple of str or None
        Of categories: the levels that share it, so that new ones are told from them;
        None if they are too many to be kept, where new ones must be expected.
    """

    fill: float = 0.0
    gaps: bool = False
    first: float = 0.0
    parts: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    pool: bool = False
    rare: tuple[str, ...] | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        rare = None if self.rare is None else list(self.rare)
        lists = {"parts": list(self.parts), "levels": list(self.levels), "rare": rare}
        return {**vars(self), **lists}

    @staticmethod
    def from_dict(state: Mapping[str, Any]) -> Learned:
        """Return what :meth:`as_dict` gave, also without rare levels.

        Raises
        ------
        KeyError, TypeError, ValueError
            If it is something else.
        """
        rare = state.get("rare")
        found = Learned(
            **{
                **state,
                "parts": tuple(state["parts"]),
                "levels": tuple(state["levels"]),
                "rare": None if rare is None else tuple(rare),
            }
        )
        found._check()
        return found

    def _check(self) -> None:
        """Refuse what no column teaches: it would fail only when rows come."""
        words = [*self.parts, *self.levels, *(self.rare or ())]
        flags, sizes = (self.gaps, self.pool), (self.fill, self.first)
        if not (
            all(isinstance(word, str) for word in words)
            and set(self.parts) <= set(dates.CYCLES)
            and all(isinstance(flag, bool) for flag in flags)
            and all(
                type(size) in (int, float) and math.isfinite(size) for size in sizes
            )
        ):
            raise ValueError("this was not learned of a column")


def learn(cells: Cells, column: Column, least: int) -> Learned:
    """Return what is to be known of a column.

    Parameters
    ----------
    cells : Cells
        The rows that are fitted.
    column : Column
    least : int
        Rows of a level that is not pooled.
    """
    if column.kind == "category":
        return _learn_levels(cells, least)
    values = numbers(cells, column.reading)
    known = values[~np.isnan(values)]
    gaps = known.size < values.size
    if column.kind == "boolean":
        return Learned(fill=float(known.mean()) if known.size else 0.0)
    fill = float(np.median(known)) if known.size else 0.0
    if column.kind == "number":
        return Learned(fill, gaps)
    first = float(np.floor(known.min())) if known.size else 0.0
    parts = tuple(dates.varying(values)) if np.ptp(known) > 0 else ()
    return Learned(fill, gaps, first, parts)


def _learn_levels(cells: Cells, least: int) -> Learned:
    """Return the levels of a category that have a column of their own."""
    codes, levels = level_codes(cells)
    counts = np.bincount(codes, minlength=len(levels))
    order = sorted(np.flatnonzero(counts).tolist(), key=lambda code: levels[code])
    kept = kept_levels(counts[order], least)
    own = tuple(levels[code] for code, keep in zip(order, kept, strict=True) if keep)
    n_rare = len(order) - len(own)
    others = (levels[code] for code, keep in zip(order, kept, strict=True) if not keep)
    rare = tuple(others) if n_rare <= MOST_REMEMBERED else None
    return Learned(levels=own, pool=n_rare > 0, rare=rare)


def _one_hot(cells: Cells, own: Learned) -> Array:
    """Return a column of 0 and 1 per level, and one for the rare."""
    codes, levels = level_codes(cells)
    places = {level: place for place, level in enumerate(own.levels)}
    width = len(own.levels) + own.pool
    rest = len(own.levels)
    columns = np.array([places.get(level, rest) for level in levels], np.intp)
    found = np.zeros((len(codes), rest + 1))
    found[np.arange(len(codes)), columns[codes]] = 1.0
    return found[:, :width]


def _calendar(line: Array, own: Learned) -> Array:
    """Return days since the first, cycles, and gaps."""
    absent = np.isnan(line)
    columns = [np.where(absent, own.fill, line) - own.first]
    for part in own.parts:
        angle = 2 * np.pi * dates.cycle(line, part) / dates.CYCLES[part]
        columns += [
            np.where(absent, 0.0, np.sin(angle)),
            np.where(absent, 0.0, np.cos(angle)),
        ]
    if own.gaps:
        columns.append(absent.astype(np.float64))
    return np.column_stack(columns)


def blocks(
    columns: Sequence[Column],
    learned: Mapping[str, Learned],
    found: Mapping[str, Cells],
) -> Iterator[Array]:
    """Yield the numbers: numbers, their gaps, categories, booleans, dates.

    Parameters
    ----------
    columns : sequence of Column
        Those that are used.
    learned : mapping of str to Learned
    found : mapping of str to Cells
    """
    gaps: list[Array] = []
    for column in columns:
        if column.kind == "number":
            own = learned[column.name]
            values = numbers(found[column.name], column.reading)
            check_finite(column.name, values)
            absent = np.isnan(values)
            values[absent] = own.fill
            if own.gaps:
                gaps.append(absent.astype(np.float64))
            yield values
    yield from gaps
    for column in columns:
        if column.kind == "category":
            yield _one_hot(found[column.name], learned[column.name])
    for column in columns:
        if column.kind == "boolean":
            values = numbers(found[column.name], None)
            values[np.isnan(values)] = learned[column.name].fill
            yield values
    for column in columns:
        if column.kind == "date":
            line = numbers(found[column.name], column.reading)
            yield _calendar(line, learned[column.name])


def names_out(
    columns: Sequence[Column], learned: Mapping[str, Learned]
) -> Iterator[str]:
    """Yield the names of what :func:`blocks` yields.

    Parameters
    ----------
    columns, learned : as there
    """
    yield from (c.name for c in columns if c.kind == "number")
    for column in columns:
        if column.kind == "number" and learned[column.name].gaps:
            yield f"{column.name} is missing"
    for column in columns:
        if column.kind == "category":
            yield from (
                f"{column.name} = {level}" for level in learned[column.name].levels
            )
            if learned[column.name].pool:
                yield f"{column.name} = (rare)"
    yield from (c.name for c in columns if c.kind == "boolean")
    for column in columns:
        if column.kind == "date":
            yield f"{column.name} in days"
            for part in learned[column.name].parts:
                yield f"{part} of {column.name}, sine"
                yield f"{part} of {column.name}, cosine"
            if learned[column.name].gaps:
                yield f"{column.name} is missing"
