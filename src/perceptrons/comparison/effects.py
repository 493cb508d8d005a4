"""Predictions along columns: of those that part the models, and of the strongest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from perceptrons.comparison import dependence, figures
from perceptrons.comparison.findings import Findings


def parting(comparison: Findings, columns: Sequence[str]) -> dict[str, Any]:
    """Show predictions along the columns that part network and reference most.

    Parameters
    ----------
    comparison : Findings
    columns : sequence of str

    Returns
    -------
    dict
        name, title, caption, figure, table.
    """
    reference, network = comparison.reference, comparison.network
    return {
        "name": "dependence",
        "title": f"Where {network} and {reference} disagree most",
        **_drawn(
            comparison,
            columns,
            "for the columns that the difference of their predictions follows most. "
            "Where the two run together, the network has found nothing in that column "
            "alone; it may still use it together with others.",
        ),
    }


def strongest(comparison: Findings, columns: Sequence[str]) -> dict[str, Any]:
    """Show predictions along the columns that the network needs most.

    Parameters
    ----------
    comparison : Findings
    columns : sequence of str

    Returns
    -------
    dict
        name, title, caption, figure, table.
    """
    return {
        "name": "effects",
        "title": "What predictions do along the strongest columns",
        **_drawn(comparison, columns, "for the columns worth most to the network."),
    }


def _drawn(comparison: Findings, columns: Sequence[str], which: str) -> dict[str, Any]:
    """Return caption, figure and table of both models along some columns."""
    prepared, target = comparison.prepared, comparison.prepared.target
    names = comparison.reference, comparison.network
    models = {name: comparison.fitted(name) for name in names}
    table = dependence.curves(prepared, list(columns), models)
    drawn, ylabel = table, f"average prediction of {target}"
    within, beyond = (-np.inf, np.inf), ""
    if prepared.classes is not None:
        ylabel = f"average probability of {target}"
    else:
        within = figures.around(prepared.y)
        if not table["prediction"].between(*within).all():
            beyond = _BEYOND
    if prepared.classes is not None and len(prepared.classes) == 2:
        ylabel += f" = {prepared.classes[1]}"
        drawn = table.assign(**{"of class": ""})
    return {
        "caption": "Average prediction of both, trained on all rows, as one column "
        f"varies and the others stay as they are (partial dependence), {which}{beyond}",
        "figure": figures.dependence(
            drawn, ylabel, comparison.candidates["kind"], within
        ),
        "table": table,
    }


_BEYOND = (
    " Curves that leave the picture are far from any true value: the column moves "
    "together with others, and where it varies alone, models guess for rows that do "
    "not exist."
)
