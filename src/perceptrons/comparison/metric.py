"""Which metric decides: what the user named, checked against the target."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from perceptrons.comparison.measures import MEASURES, Measure, cost, pinball

_PINBALL = "pinball"


def choose(metric: Any, classes: Any, y: Any) -> Measure | None:
    """Return the metric that a user named, or of a user's cost matrix.

    Parameters
    ----------
    metric : str, array-like or None
        A name; "pinball" with a quantile, such as "pinball 0.9"; costs, also as JSON.
    classes : ndarray or None
        All classes; None for numbers.
    y : ndarray of shape (n,)
        The target.

    Raises
    ------
    ValueError
        If it does not suit the target.
    """
    if metric is None:
        return None
    fitting = [m.name for m in MEASURES.values() if m.classes == (classes is not None)]
    if classes is None:
        fitting.append(f"{_PINBALL} with a quantile")
    if isinstance(metric, str) and metric.lstrip().startswith("["):
        metric = _from_json(metric)
    if not isinstance(metric, str):
        return _costs(metric, classes, fitting)
    name = metric.strip().lower()
    if classes is None and name.startswith(_PINBALL):
        return _pinball(metric, name.removeprefix(_PINBALL))
    name = {"auc": "1 - auc"}.get(name, name)
    own = [known for known in fitting if known.lower() == name]
    if not own:
        raise ValueError(
            f"metric must be one of {', '.join(fitting)} for this target, got "
            f"{metric!r}."
        )
    if own == ["Poisson deviance"] and np.min(y) < 0:
        raise ValueError(
            f"metric 'Poisson deviance' needs a target of 0 or more, got "
            f"{np.min(y):g}; use RMSE or MAE."
        )
    return MEASURES[own[0]]


def _from_json(text: str) -> Any:
    """Return costs that were written as JSON."""
    try:
        return json.loads(text)
    except ValueError as error:
        raise ValueError(
            f"metric must be a name or costs as JSON, a row per true class, such as "
            f"[[0, 1], [10, 0]], got {text!r} ({error})."
        ) from None


def _costs(matrix: Any, classes: Any, fitting: list[str]) -> Measure:
    """Return the measure of a cost matrix that suits the classes."""
    n_classes = 0 if classes is None else len(classes)
    try:
        table = np.asarray(matrix, np.float64)
        fits = table.shape == (n_classes, n_classes) and bool(np.isfinite(table).all())
        came = f"{table.shape}" if table.size < 2 or np.isfinite(table).all() else "NaN"
    except (TypeError, ValueError):
        fits, came = False, repr(matrix)
    if classes is None or not fits:
        costs = f"finite costs of taking each class for each, of shape ({n_classes}, "
        other = "" if classes is None else f" or {costs}{n_classes}) here"
        raise ValueError(
            f"metric must be a name{other}, got {came}; for this target: "
            f"{', '.join(fitting)}."
        )
    return cost(table)


def _pinball(metric: str, rest: str) -> Measure:
    """Return the pinball loss of the quantile that a name ends in."""
    try:
        quantile = float(rest.strip(" ()="))
    except ValueError:
        quantile = float("nan")
    if not 0 < quantile < 1:
        raise ValueError(
            f"metric 'pinball' needs a quantile between 0 and 1, such as 'pinball "
            f"0.9', got {metric!r}."
        )
    return pinball(quantile)
