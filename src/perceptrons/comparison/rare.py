"""Two classes of which one is rare: what thresholds find, what probabilities hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from perceptrons.comparison.findings import Findings
from perceptrons.comparison.measures import MEASURES

Array = NDArray[np.floating[Any]]

#: A class of at most such a share of the rows is rare.
MOST_RARE = 0.25
#: Shares of the rows that are taken for the rare class, the most probable ones first.
FLAGGED = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
BINS = 10


@dataclass(frozen=True)
class Rare:
    """The rare class as the models see it, in rows that they were not trained on.

    Parameters
    ----------
    label : object
    share : float
        Of the rows.
    auc : dict of str to float
        Area under the ROC curve, by candidate.
    thresholds : DataFrame
        candidate, flagged (share of the rows at or above the threshold), threshold,
        recall, precision.
    calibration : DataFrame
        candidate, predicted, observed, rows: of tenths of the rows by probability.
    """

    label: Any
    share: float
    auc: dict[str, float]
    thresholds: pd.DataFrame
    calibration: pd.DataFrame


def look(comparison: Findings) -> Rare | None:
    """Return what the network and the model beside it make of a rare class.

    Parameters
    ----------
    comparison : Findings

    Returns
    -------
    Rare or None
        None unless there are two classes, and one is rare and was tested.
    """
    classes, y = comparison.prepared.classes, comparison.prepared.y
    if classes is None or len(classes) != 2:
        return None
    counts = [int((y == label).sum()) for label in classes]
    place = int(np.argmin(counts))
    if counts[place] > MOST_RARE * len(y):
        return None
    names = dict.fromkeys(
        (comparison.network, comparison.verdict.recommended, comparison.reference)
    )
    auc, tables, curves = {}, [], []
    for name in names:
        shares = comparison.predictions[name]
        known = np.isfinite(shares).all(axis=1)
        if not (y[known] == classes[place]).any():
            # Along time the class may come in the rows of training alone.
            return None
        true, p = y[known] == classes[place], shares[known, place]
        codes = np.searchsorted(classes, y[known])
        auc[name] = 1 - MEASURES["1 - AUC"].value(codes, shares[known])
        tables.append(thresholds(true, p).assign(candidate=name))
        curves.append(calibration(true, p).assign(candidate=name))
    return Rare(
        classes[place],
        counts[place] / len(y),
        auc,
        pd.concat(tables, ignore_index=True),
        pd.concat(curves, ignore_index=True),
    )


def thresholds(true: NDArray[np.bool_], p: Array) -> pd.DataFrame:
    """Return recall and precision where so many rows are taken for the class.

    Parameters
    ----------
    true : ndarray of bool, of shape (n,)
        Whether a row is of the class.
    p : ndarray of shape (n,)
        Probability of it.

    Returns
    -------
    DataFrame
        flagged, threshold, recall, precision; rows of equal probability go together,
        so that more may be flagged than asked for.
    """
    ranked = np.sort(p)[::-1]
    rows = []
    for share in FLAGGED:
        threshold = ranked[max(1, round(share * len(p))) - 1]
        taken = p >= threshold
        hits = float((true & taken).sum())
        rows.append((taken.mean(), threshold, hits / true.sum(), hits / taken.sum()))
    table = pd.DataFrame(rows, columns=["flagged", "threshold", "recall", "precision"])
    return table.drop_duplicates("threshold", ignore_index=True)


def calibration(true: NDArray[np.bool_], p: Array) -> pd.DataFrame:
    """Return how often the class came, by tenths of the rows in order of probability.

    Parameters
    ----------
    true, p : as in :func:`thresholds`

    Returns
    -------
    DataFrame
        predicted (mean probability), observed (share of the class), rows; equal
        probabilities stay in one part.
    """
    edges = np.unique(np.quantile(p, np.linspace(0, 1, BINS + 1))[1:-1])
    part = np.searchsorted(edges, p, side="left")
    rows = [
        (p[part == own].mean(), true[part == own].mean(), int((part == own).sum()))
        for own in np.unique(part)
    ]
    return pd.DataFrame(rows, columns=["predicted", "observed", "rows"])
