"""Figures of classifiers: accuracy against a penalty, and confusion matrices."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from perceptrons.pages.drawing import tip
from perceptrons.pages.style import BLUE, INK, MUTED, RED, panels
from perceptrons.report.heatmap import fill

# L1 and L2 keep their colors; parts of the data differ in line and marker.
_COLORS = {"L1": RED, "L2": BLUE}
_PARTS: dict[str, dict[str, Any]] = {
    "train": {"ls": (0, (4, 2)), "marker": "o"},
    "test": {"ls": "-", "marker": "s"},
}

# Errors in percent that the vertical axis names; no error at all is drawn as the first.
_ERRORS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 90.0)

# Rates below this share the darkest color: one wrong image in 2000.
_RAREST = 5e-4


def against_strength(table: pd.DataFrame) -> Figure:
    """Draw training and test accuracy against the strength of a penalty.

    The vertical scale follows the logarithm of the error, so that 95 and 97 % differ as
    clearly as 50 and 70 %.

    Parameters
    ----------
    table : DataFrame
        ``norm`` ("L1", "L2" or "none"), ``strength``, ``part`` ("train" or "test"),
        ``seed`` and ``value``, the accuracy. With several seeds the line is their
        median, the band their range.

    Returns
    -------
    Figure
        Networks without a penalty are horizontal lines; one that diverged has no
        point. Every point says its accuracy on hover.
    """
    with panels(3.8) as (figure, (axes,)):
        axes.set(xscale="log", xlabel="penalty λ", ylabel="accuracy (%), log of error")
        errors = (100 * (1 - table["value"])).clip(lower=_ERRORS[0])
        table = table.assign(value=errors)
        norms = list(dict.fromkeys(table["norm"]))
        for norm, part in product(norms, _PARTS):
            rows = table[(table["norm"] == norm) & (table["part"] == part)]
            if norm == "none":
                level, style = rows["value"].median(), _PARTS[part]["ls"]
                gid = tip(f"no penalty, {part}: {_accuracy(level)}")
                axes.axhline(level, color=MUTED, lw=1.2, ls=style, gid=gid)
                continue
            seeds = rows.groupby("strength")["value"]
            line, color = seeds.median(), _COLORS[norm]
            axes.plot(line.index, line, color=color, ls=_PARTS[part]["ls"])
            for strength, error in line.dropna().items():
                gid = tip(f"{norm}, {part}, λ {strength:g}: {_accuracy(error)}")
                style = {"marker": _PARTS[part]["marker"], "s": 20}
                axes.scatter(strength, error, color=color, gid=gid, zorder=2, **style)
            if rows["seed"].nunique() > 1:
                edges = seeds.min(), seeds.max()
                axes.fill_between(line.index, *edges, color=color, alpha=0.18, lw=0)
        axes.set(yscale="log", ylim=(130, max(errors.min() / 1.5, _ERRORS[0] / 1.5)))
        axes.set_yticks(_ERRORS, [f"{100 - error:g}" for error in _ERRORS])
        axes.yaxis.set_minor_locator(NullLocator())
        for norm, color in _COLORS.items():
            axes.plot([], [], color=color, label=norm)
        axes.plot([], [], color=MUTED, lw=1.2, label="no penalty")
        for part, style in _PARTS.items():
            axes.plot([], [], color=INK, ms=4.5, label=part, **style)
        figure.legend(loc="outside upper center", ncols=3, fontsize=9)
    return figure


def _accuracy(error: float) -> str:
    """Write the accuracy that belongs to an error, both in percent."""
    return f"{100 - error:.2f} %"


def confusion(table: pd.DataFrame) -> Figure:
    """Draw a confusion matrix: counts over their share of the true class in percent.

    Parameters
    ----------
    table : DataFrame
        One row per cell: ``true``, ``predicted``, ``count`` and ``rate``, the count
        divided by the number of rows of that true class.

    Returns
    -------
    Figure
        Colored by the logarithm of the rate; cells without a count are blank.
    """
    classes = sorted(table["true"].unique())
    norm = LogNorm(_RAREST, 1.0, clip=True)
    with panels(5.2, grid=False) as (figure, (axes,)):
        for cell in table.to_dict("records"):
            x, y = classes.index(cell["predicted"]), classes.index(cell["true"])
            if not np.isfinite(cell["rate"]):
                continue
            text, share = "0", None
            if cell["count"] > 0:
                digits = 3 if cell["rate"] >= 0.1 else 2
                shown = 4 if cell["count"] >= 1000 else 3
                text = f"{cell['count']:.{shown}g}\n{100 * cell['rate']:.{digits}g}"
                share = float(norm(cell["rate"]))
            hover = (
                f"true {cell['true']}, predicted {cell['predicted']}: "
                f"{cell['count']:.6g}, {cell['rate']:.3%}"
            )
            fill(axes, (x, y), share, text, hover)
        places = np.arange(len(classes)) + 0.5
        axes.set(xlim=(0, len(classes)), ylim=(len(classes), 0), aspect="equal")
        axes.set(xlabel="predicted class", ylabel="true class")
        axes.set_xticks(places, classes)
        axes.set_yticks(places, classes)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
    return figure
