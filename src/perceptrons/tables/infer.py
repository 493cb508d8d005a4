"""What the cells of a file of text are: plain numbers, or text that settles what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from perceptrons.tables import forms
from perceptrons.tables.cells import Cells, text_cells
from perceptrons.tables.column import Column
from perceptrons.tables.forms import Options
from perceptrons.tables.layout import File
from perceptrons.tables.levels import blanks_sentence, with_point, without_fraction
from perceptrons.tables.numerals import Form
from perceptrons.tables.pieces import rows_of
from perceptrons.tables.settle import Reading, settle
from perceptrons.tables.values import EXACT

if TYPE_CHECKING:
    import pandas as pd

_HEAD = 1000


def typed(
    file: File, options: Options, day_first: bool | None, as_written: set[str]
) -> tuple[pd.DataFrame, list[Column]]:
    """Return the table, and an account of its text and how it was read.

    Parameters
    ----------
    file : File
    options : Options
    day_first : bool or None
        What the user says of 01/02/2020.
    as_written : set of str
        Columns that stay text.
    """
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
    return frame, account


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
        said.append(blanks_sentence(cells.blanks))
        notable = True
    text = " ".join(filter(None, said))
    return Column(cells.name, "text", text, reading, notable=notable)


def _labels(texts: NDArray[Any], comma: bool) -> NDArray[Any]:
    """Return labels, alike where pandas wrote a whole number beside gaps."""
    found = texts.copy()
    for place, text in enumerate(texts):
        if text is not None:
            text = without_fraction(text)
            found[place] = with_point(text) if comma else text
    return found


def _has_fraction(values: NDArray[np.floating[Any]]) -> bool:
    """Tell whether numbers have decimals, so that their sign is the point."""
    some = values[:100_000]
    return bool((np.isfinite(some) & (some != np.round(some))).any())


def _grouped(file: File, names: Sequence[str]) -> set[str]:
    """Return the columns in whose first rows a point may part thousands."""
    found = set()
    for piece in rows_of(file, names, dtype=str, na_filter=False, nrows=_HEAD):
        for name in piece:
            levels = piece[name].unique().tolist()
            seen = forms.examine(
                [level.strip() for level in levels if level.strip()],
                np.ones(sum(bool(level.strip()) for level in levels), np.intp),
                Options(),
            )
            if seen is not None and len(seen.forms) > 1:
                found.add(str(name))
    return found


def _numbers(
    file: File, names: Sequence[str], gaps: tuple[str, ...]
) -> dict[str, NDArray[Any]]:
    """Return the columns that are plain numbers or true and false in every row."""
    parts: dict[str, list[NDArray[Any]]] = {name: [] for name in names}
    for piece in rows_of(file, names, na_values=["", *gaps]):
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


def _texts(file: File, names: Sequence[str], gaps: tuple[str, ...]) -> list[Cells]:
    """Return columns as text: their levels, and a code per row."""
    import pandas as pd

    levels: dict[str, dict[str, int]] = {name: {} for name in names}
    codes: dict[str, list[NDArray[np.intp]]] = {name: [] for name in names}
    for piece in rows_of(file, names, dtype=object, na_filter=False):
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
