"""Palette and axes of every figure.

Text, axes, grid and the darkest line use colors that the pages replace by their own, so
that one drawing suits light and dark; files on disk keep them on white.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

INK, MUTED, GRID = "#1b1f24", "#57606b", "#d5dae0"

# Okabe and Ito (2008): told apart by the color-blind, legible on white and on black.
BLUE, ORANGE, GREEN, RED = "#0072b2", "#e69f00", "#009e73", "#d55e00"
PINK, SKY, BROWN = "#cc79a7", "#56b4e9", "#a6761d"
CYCLE = (BLUE, ORANGE, GREEN, RED, PINK, SKY, BROWN)

#: The house style of every figure, for ``matplotlib.rc_context``.
STYLE: dict[Any, Any] = {
    # The resolution of SVG and PDF, so that text is measured once for both.
    "figure.dpi": 72,
    "axes.facecolor": "none",
    "font.size": 10,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "text.color": INK,
    "legend.frameon": False,
    "lines.linewidth": 1.6,
    "svg.fonttype": "none",
}

_WIDTH = 5.4  # inches: as wide as a column of a page


@contextmanager
def panels(
    height: float,
    rows: int = 1,
    columns: int = 1,
    *,
    grid: bool = True,
    share: bool = False,
) -> Iterator[tuple[Figure, list[Axes]]]:
    """Yield an empty figure in the house style, and its axes row by row.

    Parameters
    ----------
    height : float
        Inches.
    rows, columns : int, default=1
        Of axes.
    grid : bool, default=True
        Whether there are lines behind the data.
    share : bool, default=False
        Whether all axes have one scale.
    """
    with rc_context({**STYLE, "axes.grid": grid}):
        figure = Figure(figsize=(_WIDTH, height), layout="constrained")
        FigureCanvasAgg(figure)
        found = figure.subplots(
            rows, columns, sharex=share, sharey=share, squeeze=False
        ).ravel()
        for axes in found:
            axes.set_axisbelow(True)
        yield figure, list(found)
