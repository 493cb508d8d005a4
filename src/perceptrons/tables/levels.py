"""Levels of a category: which have a column of their own, and which share one."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from perceptrons.tables.cells import Cells
from perceptrons.tables.column import Column, plural
from perceptrons.tables.names import listed
from perceptrons.tables.numerals import GAP_WORDS
from perceptrons.tables.values import MISSING, level_codes

#: A level of fewer rows says little about the target, and is pooled; in small tables
#: that is 5 % of the rows.
LEAST_LEVEL_ROWS = 10

#: More levels than this, and the rarest are pooled, so that one column of text cannot
#: outweigh all others.
MOST_LEVELS = 30

_WHOLE_FRACTION = re.compile(r"^([+-]?\d+)\.0+$")
_COMMA_ALONE = re.compile(r"^([+-]?\d*),(\d*)$")


def without_fraction(label: str) -> str:
    """Return 1 for 1.0, as a column of whole numbers with gaps is often written.

    Parameters
    ----------
    label : str
    """
    return _WHOLE_FRACTION.sub(r"\1", label)


def with_point(label: str) -> str:
    """Return 1.5 for 1,5.

    Parameters
    ----------
    label : str
    """
    return _COMMA_ALONE.sub(r"\1.\2", label)


def least_level_rows(n_rows: int) -> int:
    """Return the fewest rows of a level that is not pooled.

    Parameters
    ----------
    n_rows : int
        Of the table.
    """
    return max(2, min(LEAST_LEVEL_ROWS, n_rows // 20))


def kept_levels(counts: NDArray[np.intp], least: int) -> NDArray[np.bool_]:
    """Tell which levels have a column of their own; the others share one.

    Parameters
    ----------
    counts : ndarray of int, of shape (L,)
        Rows of each, in the order of their names.
    least : int
        Rows of a level that is not pooled.
    """
    kept = np.asarray(counts >= least)
    if kept.sum() + 1 > MOST_LEVELS:
        order = np.argsort(counts, kind="stable")
        kept[order[: -(MOST_LEVELS - 1)]] = False
    return kept


def category(cells: Cells) -> Column:
    """Describe a column of categories.

    Parameters
    ----------
    cells : Cells
    """
    codes, levels = level_codes(cells)
    all_counts = np.bincount(codes, minlength=len(levels))
    occurring = np.flatnonzero(all_counts)
    counts = all_counts[occurring]
    n_missing = int(cells.missing.sum())
    own = counts.size - bool(n_missing)
    least = least_level_rows(len(cells))
    # The pool is itself one of the most levels.
    most = MOST_LEVELS if counts.size <= MOST_LEVELS else MOST_LEVELS - 1
    n_kept = min(int((counts >= least).sum()), most)
    if n_kept == 0:
        return _without_levels(cells, own, least)
    by_rows = occurring[np.argsort(-counts, kind="stable")]
    pooled = {levels[place] for place in by_rows[n_kept:]}
    lost = pooled - {MISSING}
    why = f"in fewer than {least} rows" if n_kept < most else f"beyond {most}"
    words = [w for w in levels if w != MISSING and w.lower() in GAP_WORDS]
    said = [
        f"Used as a category of {own:,} {plural('level', own)}, one column each.",
        f"The rarest ({len(lost):,}, {why}) share one column; pool them yourself where "
        "some belong together."
        if lost
        else "",
        _said_of_words(words),
        blanks_sentence(cells.blanks),
        _said_of_gaps(n_missing, len(cells), MISSING in pooled),
    ]
    notable = bool(lost or words or cells.blanks)
    action = " ".join(filter(None, said))
    return Column(cells.name, "category", action, notable=notable)


def _without_levels(cells: Cells, own: int, least: int) -> Column:
    """Describe text none of which repeats enough to be a level."""
    action = (
        f"Not used: {own:,} different texts in {len(cells):,} rows, none of them "
        f"in {least} rows or more, as of an identifier or free text. Derive a "
        "coarser column, or numbers from its words, to use it."
    )
    if own < len(cells) - int(cells.missing.sum()):
        action += " If rows of one value belong together, name it for groups."
    return Column(cells.name, "identifier", action, notable=True)


def _said_of_words(words: list[str]) -> str:
    """Say which levels are words that elsewhere stand for gaps."""
    if not words:
        return ""
    are = "is a level" if len(words) == 1 else "are levels"
    return f"{listed(words, 5)} {are} of it; if that means missing, say so (--gaps)."


def _said_of_gaps(n_missing: int, n_rows: int, pooled: bool) -> str:
    """Say what became of missing cells."""
    if not n_missing:
        return ""
    own_level = "counted with the rarest" if pooled else "their own level"
    return f"{n_missing:,} missing ({100 * n_missing / n_rows:.1f} %): {own_level}."


def blanks_sentence(count: int) -> str:
    """Say how many cells had blanks at their ends.

    Parameters
    ----------
    count : int
    """
    if not count:
        return ""
    return f"Blanks at the ends of {count:,} cells are left out."
