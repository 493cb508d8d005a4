"""Where two models disagree: partial dependence on the columns that part them most."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.inspection import partial_dependence
from sklearn.tree import DecisionTreeRegressor

from perceptrons.comparison.columns import Prepared
from perceptrons.tables import TableEncoder
from perceptrons.tables.frames import read_cells
from perceptrons.tables.values import numbers

#: Columns shown.
MOST_FEATURES = 4

_POINTS = 15
_ROWS = 100
_MOST_LEVELS = 8


def parting_columns(
    prepared: Prepared, difference: NDArray[np.floating[Any]]
) -> list[str]:
    """Return the columns that the difference of two models follows most.

    A tree of at most eight leaves predicts the difference from one column; what counts
    is how much smaller it leaves the squares.

    Parameters
    ----------
    prepared : Prepared
    difference : ndarray of shape (n,) or (n, K)
        Of predictions of rows not trained on; NaN where there are none.

    Returns
    -------
    list of str
        At most four, the most first.
    """
    outputs = difference.reshape(len(difference), -1)
    known = np.isfinite(outputs).all(axis=1)
    outputs = outputs[known] - outputs[known].mean(axis=0)
    tree = DecisionTreeRegressor(max_leaf_nodes=8, min_samples_leaf=0.05)
    left = {}
    held = {cells.name: cells for cells in read_cells(prepared.X)}
    for column in (column for column in prepared.columns if column.used):
        encoder = TableEncoder(columns=[column])
        Z = encoder.encode({column.name: held[column.name]})[known]
        guess = tree.fit(Z, outputs).predict(Z).reshape(outputs.shape)
        left[column.name] = float(np.sum((outputs - guess) ** 2))
    return sorted(left, key=lambda name: left[name])[:MOST_FEATURES]


def curves(
    prepared: Prepared, names: list[str], models: Mapping[str, Any]
) -> pd.DataFrame:
    """Return the partial dependence of two models on some columns.

    Parameters
    ----------
    prepared : Prepared
    names : list of str
        Columns.
    models : mapping of str to Pipeline
        Two, fitted on the columns of ``prepared.X``.

    Returns
    -------
    DataFrame
        feature, candidate, value, prediction, of class: empty for regression; of three
        classes and more, that whose probability differs most.
    """
    kinds, X = prepared.kinds, prepared.X.copy()
    for cells in read_cells(prepared.X):
        # Whole numbers are refused, since values between them would be cut; dates are
        # drawn along their days, which the encoder takes for them.
        if kinds[cells.name] in ("number", "date"):
            X[cells.name] = numbers(cells, None)
    rows = X.sample(n=min(len(X), _ROWS), random_state=0)
    parts = []
    for name in names:
        values = _values(X[name], kinds[name])
        found = [_averages(model, rows, name, values) for model in models.values()]
        output = int((found[0] - found[1]).std(axis=1).argmax())
        for candidate, averages in zip(models, found, strict=True):
            shown = 1970 + values / 365.2425 if kinds[name] == "date" else values
            part = pd.DataFrame({"value": list(shown)}, dtype=object)
            part["prediction"] = averages[output]
            part["of class"] = _class(prepared, output)
            part.insert(0, "candidate", candidate)
            part.insert(0, "feature", name)
            parts.append(part)
    return pd.concat(parts, ignore_index=True)


def _class(prepared: Prepared, output: int) -> str:
    """Name the class whose probability an output is."""
    if prepared.classes is None:
        return ""
    # scikit-learn gives one curve for two classes, that of the second.
    place = 1 if len(prepared.classes) == 2 else output
    return str(prepared.classes[place])


def _values(column: pd.Series[Any], kind: str) -> NDArray[Any]:
    """Return values along a column: frequent levels by name, or numbers inside."""
    if kind not in ("number", "date"):
        frequent = column.dropna().value_counts().index[:_MOST_LEVELS].to_numpy()
        return np.array(sorted(frequent, key=str), dtype=frequent.dtype)
    low, high = column.quantile([0.02, 0.98])
    distinct = np.unique(column.dropna())
    inside = distinct[(distinct >= low) & (distinct <= high)]
    return inside if inside.size <= _POINTS else np.linspace(low, high, _POINTS)


def _averages(
    model: Any, X: pd.DataFrame, name: str, values: NDArray[Any]
) -> NDArray[np.float64]:
    """Return average predictions, a row per output."""
    found = partial_dependence(
        model, X, [name], custom_values={name: values}, kind="average", method="brute"
    )
    return np.asarray(found["average"])
