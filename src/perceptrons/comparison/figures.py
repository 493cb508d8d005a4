"""Figures of a comparison.

One color per kind of model, in every figure: networks blue, straight lines red, models
that bend and are linear in their coefficients pink, the yardstick green, the user's own
orange, constants gray.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullLocator

from perceptrons.pages.style import (
    BLUE,
    GREEN,
    GRID,
    INK,
    MUTED,
    ORANGE,
    PINK,
    RED,
    panels,
)
from perceptrons.pages.wording import percent

if TYPE_CHECKING:
    from perceptrons.comparison.findings import Findings

#: By kind of candidate.
COLORS = {
    "network": BLUE,
    "linear": RED,
    "curved": PINK,
    "yardstick": GREEN,
    "user": ORANGE,
    "constant": MUTED,
}

#: Gains below this are told in words at the edge: they would flatten all others.
_LEAST_SHOWN = -0.5

#: Matrices with more classes are drawn below each other, and without counts.
_FEW_CLASSES = 4
_MOST_NUMBERED = 15


def plain(text: object, most: int = 24) -> str:
    """Return a user's text so that matplotlib draws it as it is, if not too long.

    Parameters
    ----------
    text : object
    most : int, default=24
        Characters.
    """
    shown = "".join(c if c.isprintable() else " " for c in str(text))
    if len(shown) > most:
        shown = shown[: most - 1] + "…"
    # Between two unescaped dollars is mathematics.
    return shown.replace("$", r"\$")


def forest(comparison: Findings) -> Figure:
    """Draw the gain of every candidate with its 95 % interval, the best on top.

    Parameters
    ----------
    comparison : Findings

    Returns
    -------
    Figure
        The band is the region of practical equivalence; what lies far to the left is
        told in words.
    """
    table = comparison.statistics.join(comparison.candidates["kind"])
    table = table.sort_values("gain")
    places = range(len(table))
    names = [plain(name) for name in table.index]
    with panels(1.1 + 0.34 * len(table)) as (figure, (axes,)):
        axes.grid(axis="y", visible=False)
        axes.axvline(0, color=INK, lw=1.2)
        rope = 100 * comparison.rope
        axes.axvspan(-rope, rope, color=MUTED, alpha=0.22, lw=0)
        for place, row in zip(places, table.itertuples(), strict=True):
            _interval(axes, place, row)
        shown = table[table["gain"] >= _LEAST_SHOWN]
        ends = np.r_[-rope, rope, 100 * shown["low"], 100 * shown["high"]]
        margin = 0.06 * np.ptp(ends)
        axes.set_xlim(max(ends.min(), 120 * _LEAST_SHOWN) - margin, ends.max() + margin)
        axes.set_ylim(-0.6, len(table) - 0.4)
        axes.set_yticks(places, names)
        axes.set_xlabel(f"gain over {plain(comparison.reference)}, %")
        axes.tick_params(axis="y", length=0)
        sides = axes.twinx()
        sides.grid(visible=False)
        sides.set_ylim(axes.get_ylim())
        sides.set_yticks(
            places, [_words(row) for row in table.itertuples()], fontsize=9
        )
        sides.tick_params(axis="y", length=0)
    return figure


def has_arrow(gains: pd.Series[float]) -> bool:
    """Tell whether the forest plot shows some gain as an arrow at its edge."""
    return bool((gains < _LEAST_SHOWN).any())


def _interval(axes: Axes, place: int, row: Any) -> None:
    """Draw one gain and its interval, or an arrow at the left edge."""
    color = COLORS[row.kind]
    if row.gain < _LEAST_SHOWN:
        edge = axes.get_yaxis_transform()
        axes.plot(0.03, place, "<", color=color, ms=7, transform=edge)
        return
    axes.plot([100 * row.low, 100 * row.high], [place, place], color=color, lw=2)
    axes.plot(100 * row.gain, place, "o", color=color, ms=7)


def _words(row: Any) -> str:
    """Write a gain and its interval."""
    limits = interval(row.gain, row.low, row.high)
    text = f"{percent(row.gain)} ({limits})" if limits else percent(row.gain)
    return text.replace("-", "\N{MINUS SIGN}")


def interval(gain: float, low: float, high: float) -> str:
    """Write the interval of a gain in percent; nothing where it does not matter.

    Parameters
    ----------
    gain, low, high : float
        As shares: 0.05 is 5 %.
    """
    return f"{percent(low)} to {percent(high)}" if gain > -10 else ""


def learning_curves(table: pd.DataFrame, metric: str, kinds: pd.Series[str]) -> Figure:
    """Draw the metric against the number of training rows.

    Parameters
    ----------
    table : DataFrame
        candidate, n_train, mean, error (standard error over folds).
    metric : str
    kinds : Series of str
        Of the candidates.

    Returns
    -------
    Figure
        The band is one standard error to either side.
    """
    with panels(3.5) as (figure, (axes,)):
        axes.set(xscale="log", xlabel="training rows", ylabel=metric)
        for name, rows in table.groupby("candidate", sort=False):
            color = COLORS[kinds[str(name)]]
            low, high = rows["mean"] - rows["error"], rows["mean"] + rows["error"]
            axes.fill_between(rows["n_train"], low, high, color=color, alpha=0.18, lw=0)
            axes.plot(
                rows["n_train"], rows["mean"], color=color, marker="o", ms=4.5,
                label=plain(name),
            )  # fmt: skip
        sizes = sorted(table["n_train"].unique())
        axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
        axes.xaxis.set_minor_locator(NullLocator())
        figure.legend(loc="outside upper center", ncols=2, fontsize=9)
    return figure


def around(truth: Any) -> tuple[float, float]:
    """Return a range about twice as wide as that of the truth.

    What is predicted beyond it would flatten all else.

    Parameters
    ----------
    truth : array-like of shape (n,)
    """
    low, high = float(np.min(truth)), float(np.max(truth))
    return low - (high - low) / 2, high + (high - low) / 2


def truth(table: pd.DataFrame, target: str, kinds: pd.Series[str]) -> Figure:
    """Draw out-of-fold predictions against the truth, a panel per model.

    Parameters
    ----------
    table : DataFrame
        candidate, truth, predicted.
    target : str
    kinds : Series of str
        Of the candidates.

    Returns
    -------
    Figure
        On the diagonal predictions are right.
    """
    found = pd.concat([table["truth"], table["predicted"]])
    low, high = np.clip([found.min(), found.max()], *around(table["truth"]))
    limits = low - 0.02 * (high - low), high + 0.02 * (high - low)
    models = list(table.groupby("candidate", sort=False))
    with panels(3.0, 1, len(models)) as (figure, grid):
        for axes, (name, rows) in zip(grid, models, strict=True):
            axes.plot(
                rows["truth"], rows["predicted"], ".", color=COLORS[kinds[str(name)]],
                ms=5, alpha=0.45, mew=0,
            )  # fmt: skip
            axes.plot(limits, limits, color=INK, lw=1)
            axes.set(xlim=limits, ylim=limits, aspect="equal", title=plain(name))
            for axis in (axes.xaxis, axes.yaxis):
                axis.set_major_locator(MaxNLocator(4))
            axes.set_xlabel(f"true {plain(target)}")
        grid[0].set_ylabel(f"predicted {plain(target)}")
    return figure


def confusion(table: pd.DataFrame, target: str, labels: Sequence[str]) -> Figure:
    """Draw how often each class is taken for each, a panel per model.

    Parameters
    ----------
    table : DataFrame
        candidate, truth, predicted (places among the labels), rows.
    target : str
    labels : sequence of str

    Returns
    -------
    Figure
        Colors show the share of the true class, so that rare classes count as much.
    """
    n = len(labels)
    models = list(table.groupby("candidate", sort=False))
    beside = n <= _FEW_CLASSES
    shape = (1, len(models)) if beside else (len(models), 1)
    height = 1.3 + 0.45 * n if beside else len(models) * (1.0 + 0.28 * min(n, 20))
    with panels(height, *shape, grid=False) as (figure, grid):
        for axes, (name, rows) in zip(grid, models, strict=True):
            counts = np.zeros((n, n))
            counts[rows["truth"], rows["predicted"]] = rows["rows"]
            _matrix(axes, counts)
            names = [plain(label, 12) for label in labels]
            axes.set_title(plain(name))
            crowded = n * max(map(len, names)) > (18 if beside else 50)
            axes.set_xticks(np.arange(n), names, rotation=90 if crowded else 0)
            axes.set_yticks(np.arange(n), names)
            axes.set_xlabel(f"predicted {plain(target)}")
            if axes is grid[0] or not beside:
                axes.set_ylabel(f"true {plain(target)}")
    return figure


def _matrix(axes: Axes, counts: np.ndarray[Any, Any]) -> None:
    """Fill cells by their share of the row and write their counts."""
    n = len(counts)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    for (i, j), share in np.ndenumerate(shares):
        # One color, more or less of it, so that it suits light and dark pages.
        axes.fill_between(
            [j - 0.5, j + 0.5], i - 0.5, i + 0.5, color=BLUE, alpha=share, lw=0
        )
        if n <= _MOST_NUMBERED and counts[i, j]:
            color = "#ffffff" if share > 0.55 else INK
            axes.text(
                j, i, f"{counts[i, j]:,.0f}", ha="center", va="center", fontsize=9,
                color=color,
            )  # fmt: skip
    axes.set(xlim=(-0.5, n - 0.5), ylim=(n - 0.5, -0.5))
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set(visible=True, color=GRID)


def calibration(table: pd.DataFrame, label: str, kinds: pd.Series[str]) -> Figure:
    """Draw how often a class came against its mean probability.

    Parameters
    ----------
    table : DataFrame
        candidate, predicted, observed.
    label : str
        Of the class.
    kinds : Series of str
        Of the candidates.

    Returns
    -------
    Figure
        On the diagonal probabilities hold.
    """
    most = 1.05 * float(table[["predicted", "observed"]].to_numpy().max())
    with panels(3.5) as (figure, (axes,)):
        axes.plot([0, most], [0, most], color=INK, lw=1)
        for name, rows in table.groupby("candidate", sort=False):
            axes.plot(
                rows["predicted"], rows["observed"], color=COLORS[kinds[str(name)]],
                marker="o", ms=4.5, label=plain(name),
            )  # fmt: skip
        axes.set(xlim=(0, most), ylim=(0, most))
        axes.set_xlabel(f"mean probability of {plain(label)}")
        axes.set_ylabel(f"share that is {plain(label)}")
        figure.legend(loc="outside upper center", ncols=3, fontsize=9)
    return figure


def dependence(
    table: pd.DataFrame,
    ylabel: str,
    kinds: pd.Series[str],
    within: tuple[float, float] = (-np.inf, np.inf),
) -> Figure:
    """Draw average predictions as one column varies, a panel per column.

    Parameters
    ----------
    table : DataFrame
        feature, candidate, value, prediction, of class (told below the feature, if
        not empty); values of a category are text.
    ylabel : str
    kinds : Series of str
        Of the candidates.
    within : (float, float), default=(-inf, inf)
        Predictions beyond are not drawn.

    Returns
    -------
    Figure
    """
    features = list(dict.fromkeys(table["feature"]))
    n_rows = -(-len(features) // 2)
    # One scale for all panels, or a small effect would look like a large one.
    low, high = np.clip([table["prediction"].min(), table["prediction"].max()], *within)
    margin = 0.05 * (high - low) or 1.0
    with panels(0.6 + 2.2 * n_rows, n_rows, 2) as (figure, grid):
        for axes, feature in zip(grid, features, strict=False):
            rows = table[table["feature"] == feature]
            for name, line in rows.groupby("candidate", sort=False):
                color = COLORS[kinds[str(name)]]
                _dependence(axes, line, color, plain(name))
            of_class = rows["of class"].iloc[0]
            below = f"\nprobability of {plain(of_class)}" if of_class else ""
            axes.set_xlabel(plain(feature, 32) + below)
            axes.set_ylim(low - margin, high + margin)
        for axes in grid[len(features) :]:
            axes.set_visible(False)
        figure.supylabel(plain(ylabel, 48), fontsize=10)
        handles, names = grid[0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside upper center", ncols=2, fontsize=9)
    return figure


def _dependence(axes: Axes, line: pd.DataFrame, color: str, label: str) -> None:
    """Draw a curve over numbers, or points over categories."""
    values = line["value"].tolist()
    if not any(isinstance(value, str) for value in values):
        axes.plot(values, line["prediction"], color=color, label=label)
        axes.xaxis.set_major_locator(MaxNLocator(4))
        return
    places = np.arange(len(values))
    axes.plot(places, line["prediction"], "o:", color=color, lw=1, ms=5, label=label)
    names = [plain(value, 12) for value in values]
    axes.set_xticks(places, names, fontsize=8)
    if len(names) > 3:
        axes.tick_params(axis="x", rotation=90)
