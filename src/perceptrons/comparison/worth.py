"""Pictures of what the columns are worth, and what predictions do along them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from perceptrons.comparison import effects
from perceptrons.comparison.dependence import MOST_FEATURES
from perceptrons.comparison.figures import COLORS, plain
from perceptrons.comparison.findings import Findings
from perceptrons.comparison.importance import summary
from perceptrons.pages.style import INK, panels

#: Columns shown.
_MOST = 12


def worth(comparison: Findings) -> Iterator[dict[str, Any]]:
    """Yield name, title, caption, figure and table of each picture.

    Parameters
    ----------
    comparison : Findings
    """
    if comparison.importance.empty:
        return
    names = (comparison.network, comparison.reference)
    own = comparison.importance["candidate"].isin(names)
    table = summary(comparison.importance[own], comparison.test_to_train)
    strongest = strongest_columns(comparison)
    shown = strongest[:_MOST]
    few = f", of the {_MOST} strongest" if len(strongest) > _MOST else ""
    yield {
        "name": "importance",
        "title": "What the columns are worth",
        "caption": f"How much {comparison.metric} rises where one column is permuted "
        f"among the rows of a test fold{few}, the models staying as they are "
        "(permutation importance), with 95 % intervals over the folds of the first "
        "repeat. At zero a model does as well without what the column alone tells; of "
        "columns that tell the same each seems worth little.",
        "figure": importance(
            table, shown, comparison.metric, comparison.candidates["kind"]
        ),
        "table": table,
    }
    yield effects.strongest(comparison, strongest[:MOST_FEATURES])


def strongest_columns(comparison: Findings) -> list[str]:
    """Return the columns by what they are worth to the network, the most first.

    Parameters
    ----------
    comparison : Findings
    """
    rises = comparison.importance
    own = rises[rises["candidate"] == comparison.network]
    means = own.groupby("column", sort=False)["rise"].mean()
    return list(means.sort_values(ascending=False, kind="stable").index)


def importance(
    table: pd.DataFrame, columns: list[str], metric: str, kinds: pd.Series[str]
) -> Figure:
    """Draw what columns are worth to each model, the most on top.

    Parameters
    ----------
    table : DataFrame
        candidate, column, rise, low, high.
    columns : list of str
        Those drawn, the strongest first.
    metric : str
    kinds : Series of str
        Of the candidates.

    Returns
    -------
    Figure
    """
    with panels(1.2 + 0.42 * len(columns)) as (figure, (axes,)):
        axes.grid(axis="y", visible=False)
        axes.axvline(0, color=INK, lw=1.2)
        places = np.arange(len(columns))[::-1]
        for number, (name, rows) in enumerate(table.groupby("candidate", sort=False)):
            own = rows.set_index("column").loc[columns]
            at, color = places - 0.16 + 0.32 * (number == 0), COLORS[kinds[str(name)]]
            axes.hlines(at, own["low"], own["high"], color=color, lw=2)
            axes.plot(own["rise"], at, "o", color=color, ms=6, label=plain(name))
        axes.set_yticks(places, [plain(column) for column in columns])
        axes.set_ylim(-0.6, len(columns) - 0.4)
        axes.set_xlabel(f"rise of {plain(metric)} without the column")
        axes.tick_params(axis="y", length=0)
        figure.legend(loc="outside upper center", ncols=2, fontsize=9)
    return figure
