"""Rows that belong together, at the door of every candidate's inner validation.

A fold of the comparison keeps groups and copies on one side, and trains on what was
before. What a candidate does with its training rows must do so, too: a strength chosen
on the other rows of a group is one for groups already seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import get_config
from sklearn.model_selection import BaseCrossValidator
from sklearn.model_selection._search import BaseSearchCV
from sklearn.pipeline import Pipeline
from sklearn.utils.metadata_routing import get_routing_for_object
from sklearn.utils.validation import has_fit_parameter

from perceptrons.comparison.folds import Links
from perceptrons.presets.folds import codes, deal, join

Rows = NDArray[np.intp]

# Of candidates that validate row by row, and of those whose `cv` is None.
_FOLDS = 5


@dataclass(frozen=True)
class Ties:
    """What fits must know of rows: who may not be parted, and how much each counts.

    Parameters
    ----------
    groups : ndarray of shape (n,) or None
        Equal for rows that stay together.
    time : ndarray of shape (n,) or None
        Rows are held out in blocks along it.
    weights : ndarray of shape (n,) or None
        How many rows each stands for, with a mean of 1.
    """

    groups: NDArray[Any] | None = None
    time: NDArray[Any] | None = None
    weights: NDArray[np.float64] | None = None

    @staticmethod
    def of(links: Links) -> Ties:
        """Return the ties of rows with groups, copies or times.

        Along time copies do not count: it is the order that says what was known.
        """
        groups, duplicates, time = links.groups, links.duplicates, links.time
        if time is not None:
            return Ties(time=np.asarray(time))
        if groups is None or duplicates is None:
            own = duplicates if groups is None else groups
            return Ties(None if own is None else np.asarray(own))
        return Ties(join(groups, duplicates))

    def among(self, rows: Rows) -> Ties:
        """Return what is known of some rows; no ties where all of these are tied."""
        groups, time = (
            None if given is None or len(np.unique(given[rows])) < 2 else given[rows]
            for given in (self.groups, self.time)
        )
        return Ties(groups, time, self.weighing(rows))

    def weighing(self, rows: Any) -> NDArray[np.float64] | None:
        """Return the weights of some rows."""
        return None if self.weights is None else self.weights[rows]

    def divide(
        self, y: NDArray[Any], n_folds: int, seed: int, *, classes: bool
    ) -> list[tuple[Rows, Rows]]:
        """Return inner folds as pairs (train, held out).

        Without those that would train on fewer than all classes; none where rows are
        free.
        """
        if self.groups is None and self.time is None:
            return []
        fold = deal(
            np.unique(y, return_inverse=True)[1] if classes else y,
            n_folds,
            np.random.RandomState(seed),
            classes=classes,
            groups=_codes("groups", self.groups),
            time=_codes("time", self.time),
        )
        pairs = [
            (np.flatnonzero(fold != held), np.flatnonzero(fold == held))
            for held in range(fold.max() + 1)
        ]
        known = len(np.unique(y))
        return [
            (train, held)
            for train, held in pairs
            if not classes or len(np.unique(y[train])) == known
        ]


def tied(
    model: Any, ties: Ties, y: NDArray[Any], seed: int, *, own: bool, classes: bool
) -> dict[str, Any]:
    """Return what to hand to a candidate's fit; set the inner folds of ours.

    The user's candidates are never changed: they get groups, time and sample_weight
    where their ``fit`` takes arguments of these names, where metadata routing asks for
    them, and where they are a search whose splitter takes groups, or whose estimator
    takes weights.

    Parameters
    ----------
    model : estimator
        Not fitted; ours is changed in place.
    ties : Ties
        Of the rows it will be fitted on.
    y : ndarray of shape (n,)
    seed : int
        Of the inner folds.
    own : bool
        Whether it is one of ours.
    classes : bool

    Returns
    -------
    dict
        Further arguments of ``fit``.
    """
    if own:
        for name, value in model.get_params().items():
            if name.rpartition("__")[2] == "cv":
                folds = value if isinstance(value, int) else _FOLDS
                pairs = ties.divide(y, folds, seed, classes=classes)
                model.set_params(**({name: pairs} if pairs else {}))
    given = {"groups": ties.groups, "time": ties.time, "sample_weight": ties.weights}
    return {
        place: values
        for name, values in given.items()
        if values is not None and (place := _place(model, name)) is not None
    }


def takes_weights(model: Any) -> bool:
    """Tell whether the fit of a model takes weights of rows.

    Parameters
    ----------
    model : estimator
    """
    return _place(model, "sample_weight") is not None


def _place(model: Any, name: str) -> str | None:
    """Return by what name fit takes groups, time or weights; None if it does not."""
    if has_fit_parameter(model, name):
        return name
    if get_config()["enable_metadata_routing"]:
        routing = get_routing_for_object(model)
        return name if routing.consumes("fit", [name]) else None
    if isinstance(model, Pipeline):
        last, step = model.steps[-1]
        inner = _place(step, name)
        return None if inner is None else f"{last}__{inner}"
    if name == "sample_weight" and isinstance(model, BaseSearchCV):
        return _place(model.estimator, name)
    splitter = getattr(model, "cv", None)
    # A search takes groups for a splitter that asks for them; others would warn.
    if name == "groups" and isinstance(splitter, BaseCrossValidator):
        asks = get_routing_for_object(splitter).consumes("split", ["groups"])
        return name if asks else None
    return None


def _codes(name: str, values: NDArray[Any] | None) -> Rows | None:
    """Return the values as numbers."""
    return None if values is None else codes(name, values, len(values))
