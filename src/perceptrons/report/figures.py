"""Figures: each a function of a table."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator

from perceptrons.pages.style import (
    BLUE,
    BROWN,
    CYCLE,
    GREEN,
    INK,
    MUTED,
    ORANGE,
    PINK,
    RED,
    SKY,
    panels,
)
from perceptrons.report.tables import ACTIVATIONS, OLS, OPTIMIZERS

#: One color per method, in every figure: the name up to its first comma. Networks take
#: the colors of the cycle in the order of their study.
COLORS = {
    OLS: RED,
    OPTIMIZERS["sgd"]: GREEN,
    OPTIMIZERS["rmsprop"]: PINK,
    OPTIMIZERS["adam"]: SKY,
    ACTIVATIONS["sigmoid"]: BLUE,
    ACTIVATIONS["relu"]: ORANGE,
    ACTIVATIONS["leaky_relu"]: GREEN,
    "perceptrons": BLUE,
    "scikit-learn": ORANGE,
    "PyTorch": GREEN,
    "Keras": PINK,
    "Ridge": SKY,
    "Lasso": BROWN,
}
_DASHES = ("-", (0, (5, 1.5)), (0, (1.5, 1.5)), (0, (5, 1.5, 1.5, 1.5)))


@contextmanager
def _axes(xlabel: str, ylabel: str) -> Iterator[tuple[Figure, Axes]]:
    """Yield an empty figure with one pair of axes."""
    with panels(3.5) as (figure, (axes,)):
        axes.set(xlabel=xlabel, ylabel=ylabel)
        yield figure, axes


def _look(names: Sequence[str]) -> dict[str, tuple[str, Any]]:
    """Give every series its color and dash; unknown names take the next free one."""
    own = {name: COLORS.get(name.partition(",")[0]) for name in names}
    free = cycle(color for color in CYCLE if color not in own.values())
    return {
        name: (own[name] or next(free), _DASHES[i % len(_DASHES)])
        for i, name in enumerate(names)
    }


def _legend(figure: Figure, title: str | None) -> None:
    """Put the legend above the axes, where it cannot hide anything."""
    entries = [
        text for axes in figure.axes for text in axes.get_legend_handles_labels()[1]
    ]
    columns = 4 if len(entries) <= 4 and title else 3
    # About 72 letters fit into the width, six of them for each line's sample.
    columns = max(1, min(columns, 72 // (6 + max(map(len, entries), default=1))))
    figure.legend(loc="outside upper center", ncols=columns, fontsize=9, title=title)


def _band(axes: Axes, x: str, table: pd.DataFrame, color: str) -> pd.DataFrame:
    """Fill from the lowest to the highest seed and return the median line."""
    groups = table.groupby(x)["value"]
    line = groups.median().reset_index()
    if table["seed"].nunique() > 1:
        axes.fill_between(
            line[x], groups.min(), groups.max(), color=color, alpha=0.18, lw=0
        )
    return line


def histories(table: pd.DataFrame, ylabel: str, legend: str) -> Figure:
    """Draw one quantity against epochs, both axes logarithmic.

    Parameters
    ----------
    table : DataFrame
        From :func:`perceptrons.report.tables.histories`. With several seeds the line
        is their median and the band runs from the lowest to the highest.
    ylabel : str
        Quantity and unit.
    legend : str
        What the series are.

    Returns
    -------
    Figure
        A series that diverged ends in a cross.
    """
    with _axes("epochs", ylabel) as (figure, axes):
        axes.set(xscale="log", yscale="log")
        names = list(dict.fromkeys(table["series"]))
        for name, (color, dash) in _look(names).items():
            rows = table[table["series"] == name]
            line = _band(axes, "epoch", rows, color)
            label = f"{name} (diverged)" if rows["diverged"].any() else name
            axes.plot(line["epoch"], line["value"], color=color, ls=dash, label=label)
            if rows["diverged"].any():
                end = line.dropna().iloc[-1:]
                axes.plot(end["epoch"], end["value"], "x", color=color, ms=9, mew=2)
        _legend(figure, legend)
    return figure


def against_rate(table: pd.DataFrame, legend: str, reference: float) -> Figure:
    """Draw train and test MSE against the learning rate, both axes logarithmic.

    Parameters
    ----------
    table : DataFrame
        ``series, part, learning_rate, seed, value, diverged``; part is "train" or
        "test". With several seeds the line is their median, the band their range.
    legend : str
        What the series are.
    reference : float
        Test MSE of OLS, a horizontal line.

    Returns
    -------
    Figure
        A cell that diverged is a cross of the series' color on the upper edge.
    """
    with _axes("learning rate", "mean squared error") as (figure, axes):
        axes.set(xscale="log", yscale="log")
        names = list(dict.fromkeys(table["series"]))
        for level, (name, (color, _)) in enumerate(_look(names).items()):
            rows = table[table["series"] == name]
            _mark_diverged(axes, rows, color, level)
            for part, style in _PARTS.items():
                line = _band(axes, "learning_rate", rows[rows["part"] == part], color)
                axes.plot(line["learning_rate"], line["value"], color=color, **style)
            axes.plot([], [], color=color, label=name)
        for part, style in _PARTS.items():
            axes.plot([], [], color=MUTED, label=part, **style)
        axes.axhline(reference, color=MUTED, lw=1.2, ls=":", label=f"{OLS}, test")
        if table["diverged"].any():
            axes.plot([], [], "x", color=MUTED, ms=8, mew=2, label="diverged")
            _keep_below(axes, _cross_height(len(names)))
        _label_rates(axes, sorted(table["learning_rate"].unique()))
        _legend(figure, legend)
    return figure


_PARTS: dict[str, dict[str, Any]] = {
    "train": {"ls": (0, (4, 2)), "marker": "o", "ms": 4.5},
    "test": {"ls": "-", "marker": "s", "ms": 4.5},
}


def _mark_diverged(axes: Axes, rows: pd.DataFrame, color: str, level: int) -> None:
    """Put a cross near the upper edge at every rate that diverged."""
    rates = rows.loc[rows["diverged"], "learning_rate"].unique()
    heights = np.full(rates.size, _cross_height(level))
    place = axes.get_xaxis_transform()
    axes.plot(rates, heights, "x", color=color, ms=8, mew=2, transform=place)


def _cross_height(level: int) -> float:
    """Return the height of a series' crosses as a share of the axes."""
    return 0.97 - 0.06 * level


def _keep_below(axes: Axes, share: float) -> None:
    """Raise the top of a log axis, so that all that is drawn ends at this share."""
    low, high = axes.get_ylim()
    axes.set_ylim(low, low * (high / low) ** (1 / share))


def _label_rates(axes: Axes, rates: list[float]) -> None:
    """Put a tick at every rate, its label in the first line that has room for it."""
    labels: list[str] = []
    last = [math.inf, math.inf]
    for rate in reversed(rates):
        line = next((i for i, taken in enumerate(last) if rate < 0.7 * taken), None)
        labels.insert(0, "" if line is None else "\n" * line + f"{rate:g}")
        if line is not None:
            last[line] = rate
    axes.set_xticks(rates, labels)
    axes.xaxis.set_minor_locator(NullLocator())


def by_shape(
    table: pd.DataFrame, ylabel: str, reference: float, ceiling: float
) -> Figure:
    """Draw errors against the width, one panel per depth, one line per activation.

    Parameters
    ----------
    table : DataFrame
        ``source`` ("here" or "report"), ``activation``, ``hidden layers``,
        ``nodes per layer``, ``seed``, ``value``, ``diverged``. With several seeds the
        line is their median, the band their range.
    ylabel : str
        What the values are.
    reference : float
        A horizontal line, the realized noise.
    ceiling : float
        Upper edge; a triangle near it is a value above, a cross one that diverged.

    Returns
    -------
    Figure
    """
    depths = sorted(table["hidden layers"].unique())
    widths = sorted(table["nodes per layer"].unique())
    rows = math.ceil(len(depths) / 2)
    height = 1.7 * rows + 0.8
    with panels(height, rows, 2, share=True) as (figure, grid):
        for axes, depth in zip(grid, depths, strict=False):
            axes.set(xscale="log", yscale="log")
            axes.set_title(
                f"{depth} hidden layer{'s' if depth > 1 else ''}", fontsize=9
            )
            axes.axhline(reference, color=MUTED, lw=1.2, ls=":")
            of_depth = table[table["hidden layers"] == depth]
            for level, (name, part) in enumerate(
                of_depth.groupby("activation", sort=False)
            ):
                _shape_lines(axes, part, str(name), ceiling, level)
            axes.set_xticks(widths, [f"{width:g}" for width in widths], fontsize=8)
            axes.xaxis.set_minor_locator(NullLocator())
        low = min(reference, table["value"].min())
        grid[0].set_ylim(0.9 * low, ceiling)
        for axes in grid[len(depths) :]:
            axes.remove()
        for axes in grid[: len(depths)][-2:]:
            axes.tick_params(labelbottom=True)
        figure.supxlabel("nodes per layer", fontsize=10)
        figure.supylabel(ylabel, fontsize=10)
        _shape_legend(figure, list(dict.fromkeys(table["activation"])))
    return figure


_SOURCES: dict[str, dict[str, Any]] = {
    "here": {"ls": "-", "marker": "s", "ms": 3.5},
    "report": {"ls": (0, (3, 2)), "lw": 1.0, "alpha": 0.8},
}


def _shape_lines(
    axes: Axes, rows: pd.DataFrame, name: str, ceiling: float, level: int
) -> None:
    """Draw one activation's errors here and in the report."""
    color = COLORS[name]
    for source, style in _SOURCES.items():
        own = rows[rows["source"] == source]
        line = _band(axes, "nodes per layer", own, color)
        x, y = line["nodes per layer"], line["value"]
        # No label: the legend is the whole figure's. The gid names it on hover.
        axes.plot(x, y, color=color, gid=f"{name}, {source}", **style)
        beyond = x[(y > ceiling).to_numpy()]
        top = axes.get_xaxis_transform()
        heights = np.full(len(beyond), _cross_height(level))
        axes.plot(beyond, heights, "^", color=color, ms=5, transform=top)
        _mark_diverged(axes, own.rename(columns={"nodes per layer": "learning_rate"}),
                       color, level)  # fmt: skip


def _shape_legend(figure: Figure, names: Sequence[str]) -> None:
    """Explain colors and dashes once for all panels."""
    lines = [Line2D([], [], color=COLORS[name], label=name) for name in names]
    for source, style in _SOURCES.items():
        lines.append(Line2D([], [], color=MUTED, label=source, **style))
    figure.legend(handles=lines, loc="outside upper center", ncols=5, fontsize=9)


def predictions(table: pd.DataFrame) -> Figure:
    """Draw predictions over the noisy test points and the true function.

    Parameters
    ----------
    table : DataFrame
        ``x``, ``y`` (noisy), ``f`` (noiseless), then one column per model, ordered
        by x; a column of NaN is a model that diverged.

    Returns
    -------
    Figure
    """
    with _axes("x, centered by the training mean", "y") as (figure, axes):
        axes.plot(
            table["x"], table["y"], ".", color=MUTED, ms=3.5, alpha=0.45,
            label="noisy test points",
        )  # fmt: skip
        axes.plot(table["x"], table["f"], color=INK, lw=2.4, alpha=0.85, label="true f")
        models = [name for name in table.columns if name not in ("x", "y", "f")]
        for name, (color, dash) in _look(models).items():
            label = f"{name} (diverged)" if table[name].isna().all() else name
            axes.plot(table["x"], table[name], color=color, ls=dash, label=label)
        _legend(figure, None)
    return figure
