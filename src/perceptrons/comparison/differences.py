"""Figures that show where network and reference differ: predictions, columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from perceptrons.comparison import dependence, effects, figures
from perceptrons.comparison.findings import Findings
from perceptrons.comparison.worth import strongest_columns

# More points cover each other, and weigh on the page.
_MOST_POINTS = 600


def differences(comparison: Findings) -> Iterator[dict[str, Any]]:
    """Yield name, title, caption, figure and table of each picture.

    Parameters
    ----------
    comparison : Findings
    """
    if comparison.task == "regression":
        yield _truth(comparison)
    else:
        yield _confusion(comparison)
    first, second = (comparison.predictions[name] for name in _pair(comparison))
    columns = dependence.parting_columns(comparison.prepared, second - first)
    # Of few columns the strongest are shown already.
    if set(columns) != set(strongest_columns(comparison)[: dependence.MOST_FEATURES]):
        yield effects.parting(comparison, columns)


def _pair(comparison: Findings) -> tuple[str, str]:
    """Return the models that are set beside each other."""
    return comparison.reference, comparison.network


def _tested(comparison: Findings) -> np.ndarray[Any, Any]:
    """Return the rows that were tested, by their places."""
    first = comparison.predictions[comparison.network].reshape(
        len(comparison.prepared.y), -1
    )
    return np.flatnonzero(np.isfinite(first).all(axis=1))


def _truth(comparison: Findings) -> dict[str, Any]:
    """Set predictions beside the truth."""
    prepared, rows = comparison.prepared, _tested(comparison)
    parts = [
        pd.DataFrame(
            {
                "candidate": name,
                "row": prepared.rows[rows] + 1,
                "truth": prepared.y[rows],
                "predicted": comparison.predictions[name][rows],
            }
        )
        for name in _pair(comparison)
    ]
    table = pd.concat(parts, ignore_index=True)
    shown = np.random.default_rng(0).permutation(rows)[:_MOST_POINTS]
    drawn = table[table["row"].isin(prepared.rows[shown] + 1)]
    some = f"; {_MOST_POINTS} of {len(rows):,} rows" if len(rows) > _MOST_POINTS else ""
    return {
        "name": "predictions",
        "title": "Predictions against the truth",
        "caption": "Each row predicted by models that were not trained on it (first "
        f"repeat{some}). On the line, predictions are right.",
        "figure": figures.truth(drawn, prepared.target, comparison.candidates["kind"]),
        "table": table,
    }


def _confusion(comparison: Findings) -> dict[str, Any]:
    """Count how often each class is taken for each."""
    prepared, rows = comparison.prepared, _tested(comparison)
    classes, codes = np.unique(prepared.y, return_inverse=True)
    parts = []
    for name in _pair(comparison):
        predicted = comparison.predictions[name][rows].argmax(axis=1)
        pairs = pd.DataFrame({"truth": codes[rows], "predicted": predicted})
        counts = pairs.value_counts(sort=False).rename("rows").reset_index()
        parts.append(counts.assign(candidate=name))
    table = pd.concat(parts, ignore_index=True)
    labels = [str(label) for label in classes]
    named = table.assign(
        truth=np.array(labels)[table["truth"]],
        predicted=np.array(labels)[table["predicted"]],
    )
    return {
        "name": "confusion",
        "title": "Which classes are taken for which",
        "caption": "Rows, each predicted by models that were not trained on it (first "
        "repeat), by true class and most probable class. Stronger color: a larger "
        "share of the true class.",
        "figure": figures.confusion(table, prepared.target, labels),
        "table": named[["candidate", "truth", "predicted", "rows"]],
    }
