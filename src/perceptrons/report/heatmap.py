"""Heat maps: a number in every cell, panels one above the other with one color scale.

Panels are stacked, not set side by side, and the colors explained below them, so that
the numbers can still be read where a page is as narrow as a phone.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import LogLocator

from perceptrons.pages.drawing import tip
from perceptrons.pages.style import GRID, INK, RED, panels

# Dark to bright in every kind of color vision (Nunez, Anderton and Renslow, 2018).
_MAP = "cividis"

# Colors follow the logarithm once the values span more than this factor.
_DECADE = 10.0

# Up to this factor the logarithm's scale names 2 and 5 beside the powers of ten.
_FEW = 1000.0

# The names of columns stand upright if they have more letters than fit side by side.
_LETTERS = 50

# Inches: a row of cells, what a panel needs above and below its cells, the colors below
# all, and a letter of an upright name.
_ROW, _AROUND, _BAR, _LETTER = 0.3, 0.75, 0.6, 0.08

# Numbers in cells, in points: on a phone a point is about a pixel. The letters of this
# size that fit into a row, for maps with more columns.
_SIZE, _FITTING = 10.0, 52


def heat_maps(
    table: pd.DataFrame,
    rows: str,
    columns: str,
    label: str,
    *,
    percent: bool = False,
    ceiling: float = math.inf,
) -> Figure:
    """Draw a grid of cells with a number in each, one panel below the other.

    Parameters
    ----------
    table : DataFrame
        One row per cell: the columns ``rows`` and ``columns``, which place it and whose
        names label the axes, in order of first appearance; ``value``, the number. And,
        where wanted: ``panel``, the title of the panel it belongs to, all panels
        sharing one color scale; ``diverged``, whether training broke down there, drawn
        hatched and without its number; ``framed``, whether the cell gets a frame. A
        cell without a row, or whose value is NaN, has a dash and no color.
    rows, columns : str
        Columns of ``table``.
    label : str
        Quantity that the colors show.
    percent : bool, default=False
        Write and color shares as percentages.
    ceiling : float, default=inf
        Values above it share its color, so that a few huge ones leave differences
        between the others visible; their numbers are written all the same.

    Returns
    -------
    Figure
        Colors follow the logarithm where positive values span more than a decade and
        no percentages are shown.

    Raises
    ------
    ValueError
        If two rows belong to the same cell.
    """
    table = table.assign(value=table["value"] * (100 if percent else 1))
    for flag in ("diverged", "framed"):
        # Panels put together may lack a flag; a gap is no.
        table[flag] = table[flag].isin([True]) if flag in table else False
    table["value"] = table["value"].mask(table["diverged"])
    titles = list(dict.fromkeys(table["panel"])) if "panel" in table else [""]
    labels = {name: list(dict.fromkeys(table[name])) for name in (rows, columns)}
    colors = _scale(table["value"].to_numpy(float), ceiling, percent)
    upright = _LETTER * _longest(labels[columns]) if _crowded(labels[columns]) else 0.0
    height = len(titles) * (_ROW * len(labels[rows]) + _AROUND + upright) + _BAR
    with panels(height, len(titles), grid=False) as (figure, grid):
        for axes, title in zip(grid, titles, strict=True):
            own = table[table["panel"] == title] if "panel" in table else table
            cells = own.set_index([rows, columns])
            if cells.index.has_duplicates:
                raise ValueError(
                    f"table must have one row per {rows}, {columns} and panel, got "
                    f"several for {cells.index[cells.index.duplicated()][0]}; average "
                    "them first."
                )
            _panel(axes, cells.to_dict("index"), labels, colors)
            axes.set_title(title, fontsize=10, loc="left")
            axes.set(xlabel=columns, ylabel=rows)
        words = f"{label} (%)" if percent else label
        _explain(figure, grid, colors, words, table["value"].max())
        if table["diverged"].any():
            mark = Patch(label="training diverged", **_HATCHED)
            figure.legend(handles=[mark], loc="outside lower left", fontsize=9)
    return figure


def _explain(
    figure: Figure, grid: list[Axes], colors: ScalarMappable, words: str, largest: float
) -> None:
    """Draw the scale of the colors below all panels."""
    low, high = np.asarray(colors.get_clim(), float)
    bar = figure.colorbar(
        colors, ax=grid, label=words, pad=0.02, aspect=40, location="bottom",
        extend="max" if largest > high else "neither",
    )  # fmt: skip
    if isinstance(colors.norm, LogNorm):
        bar.set_ticks(LogLocator(subs=(1, 2, 5) if high < _FEW * low else (1,)))
        bar.minorticks_off()


_HATCHED: dict[str, Any] = {
    "facecolor": "none", "edgecolor": GRID, "hatch": "////", "linewidth": 0.6
}  # fmt: skip


def _scale(values: Any, ceiling: float, percent: bool) -> ScalarMappable:
    """Return the colors for these values: linear, or logarithmic over decades."""
    found = values[np.isfinite(values)]
    low, high = (found.min(), found.max()) if found.size else (0.0, 1.0)
    # A logarithm has no color for zero.
    positive = found[found > 0]
    wide = bool(positive.size) and high > _DECADE * positive.min() and not percent
    low = positive.min() if wide else low
    high = min(high, ceiling) if ceiling > low else high
    return ScalarMappable((LogNorm if wide else Normalize)(low, high), _MAP)


def _panel(
    axes: Axes,
    cells: Mapping[Hashable, Mapping[Hashable, Any]],
    labels: Mapping[str, list[Any]],
    colors: ScalarMappable,
) -> None:
    """Draw the cells of one panel; ``cells`` is keyed by the labels of row, column."""
    rows, columns = labels.values()
    numbers = [number(cell["value"]) for cell in cells.values()]
    widest = max(map(len, numbers), default=1) * len(columns)
    size = min(_SIZE, _SIZE * _FITTING / widest)
    for (i, row), (j, column) in product(enumerate(rows), enumerate(columns)):
        place = (f"{k} {_name(v)}" for k, v in zip(labels, (row, column), strict=True))
        cell = cells.get((row, column), {})
        _cell(axes, (j, i), cell, colors, ", ".join(place), size)
    axes.set(xlim=(0, len(columns)), ylim=(len(rows), 0))
    crowded = _crowded(columns)
    names = [_name(c).replace("\n", " " if crowded else "\n") for c in columns]
    axes.set_xticks(np.arange(len(names)) + 0.5, names, rotation=90 if crowded else 0)
    axes.set_yticks(np.arange(len(rows)) + 0.5, [_name(r) for r in rows])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def _cell(
    axes: Axes,
    corner: tuple[int, int],
    cell: Mapping[Hashable, Any],
    colors: ScalarMappable,
    place: str,
    size: float,
) -> None:
    """Draw one cell: colored by its value or hatched if diverged, and its number."""
    value, share = cell.get("value", math.nan), None
    text = exact = "—"
    if cell.get("diverged"):
        text = exact = "div."
        axes.add_patch(
            Rectangle(corner, 1, 1, gid=tip(f"{place}: div."), **_HATCHED)
        ).set_in_layout(False)
    elif math.isfinite(value):
        text, exact = number(value), f"{value:.6g}"
        share = float(np.ma.filled(np.clip(colors.norm(value), 0.0, 1.0), 0.0))
    fill(axes, corner, share, text, f"{place}: {exact}", size=size)
    if cell.get("framed"):
        inner = corner[0] + 0.03, corner[1] + 0.03
        axes.add_patch(
            Rectangle(inner, 0.94, 0.94, fill=False, edgecolor=RED, lw=2, zorder=2)
        )


def fill(
    axes: Axes,
    corner: tuple[int, int],
    share: float | None,
    text: str,
    hover: str,
    *,
    size: float = _SIZE,
) -> None:
    """Color one cell and write into it.

    Parameters
    ----------
    axes : Axes
    corner : (int, int)
        Column and row of the cell.
    share : float or None
        Place in the color map, from 0 to 1; None: no color.
    text : str
    hover : str
        What a browser shows over the cell.
    size : float, default=10
        Of the text, in points.
    """
    gid, ink = tip(hover), INK
    if share is not None:
        ink = "#000000" if share > 0.5 else "#ffffff"
        color = colormaps[_MAP](share)
        # An edge of its own color leaves no hairline between cells.
        patch = Rectangle(corner, 1, 1, facecolor=color, edgecolor=color, lw=0.5)
        patch.set(gid=gid, in_layout=False)
        axes.add_patch(patch)
    middle = corner[0] + 0.5, corner[1] + 0.5
    # Cells are inside the axes: measuring every text would double the time to draw.
    style: dict[str, Any] = {"ha": "center", "va": "center", "in_layout": False}
    axes.text(*middle, text, color=ink, gid=gid, fontsize=size, **style)


def number(value: float) -> str:
    """Write a number so that it fits into a cell: three digits, two with an exponent.

    Parameters
    ----------
    value : float

    Returns
    -------
    str
    """
    text = f"{value:#.3g}".rstrip(".")
    if "e" not in text:
        return text
    mantissa, _, exponent = f"{value:.1e}".partition("e")
    return f"{mantissa}e{int(exponent)}"


def _name(label: Any) -> str:
    """Write the label of a row or column."""
    return label.replace("_", "\n") if isinstance(label, str) else f"{label:g}"


def _longest(labels: list[Any]) -> int:
    """Return the number of letters of the longest name, on one line."""
    return max(len(_name(label)) for label in labels)


def _crowded(labels: list[Any]) -> bool:
    """Tell whether the names of columns do not fit side by side."""
    lines = "\n".join(map(_name, labels)).split("\n")
    return max(map(len, lines)) * len(labels) > _LETTERS
