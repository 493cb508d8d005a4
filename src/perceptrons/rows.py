"""The rows of a fit: weighed, held out, and in the dtype that is computed in."""

from __future__ import annotations

import math
from dataclasses import replace
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.model_selection import train_test_split
from sklearn.utils import check_array

from perceptrons import _checks
from perceptrons.objective import Data
from perceptrons.sampling import RowSubset

Array = NDArray[np.floating[Any]]


def check_weights(sample_weight: Any, n_rows: int) -> Array | None:
    """Return valid sample weights in float64."""
    if sample_weight is None:
        return None
    if isinstance(sample_weight, Real):
        sample_weight = np.full(n_rows, float(sample_weight))
    with _checks.naming("sample_weight"):
        weights: Array = check_array(
            sample_weight, ensure_2d=False, dtype=np.float64, input_name="sample_weight"
        )
    if weights.ndim != 1:
        raise ValueError(
            f"sample_weight must be 1D array or scalar, got {weights.ndim}D array. "
            f"Expected shape ({n_rows},)."
        )
    if len(weights) != n_rows:
        raise ValueError(
            f"sample_weight.shape == {weights.shape}, expected {(n_rows,)}! Give one "
            "weight per row."
        )
    if (weights < 0).any():
        raise ValueError(
            "sample_weight must not be negative, got Negative values in data down to "
            f"{weights.min():g}; use 0 to leave a row out."
        )
    if not weights.any():
        raise ValueError(
            "sample_weight must not be zero for every row: Sample weights must contain "
            "at least one non-zero number."
        )
    return weights


def hold_out(
    data: Data, fraction: float, stream: np.random.Generator, labels: Any
) -> tuple[Data, Data]:
    """Return rows to train on and rows drawn at random to validate on.

    Parameters
    ----------
    data : Data
    fraction : float
        Of the rows to validate on.
    stream : Generator
    labels : array-like of shape (n,) or None
        Kept in proportion where each class has a row for either part.

    Raises
    ------
    ValueError
        If nothing is left to train or to validate on.
    """
    if fraction == 0:
        raise ValueError(
            "validation_fraction must be positive for early_stopping=True, got "
            "0; 0.1 is usual, or give fit the arguments X_val and y_val."
        )
    kept, left_out = train_test_split(
        np.arange(len(data.Y)),
        test_size=fraction,
        random_state=int(stream.integers(2**31 - 1)),
        stratify=_proportional(labels, fraction),
    )
    if len(left_out) < 2:
        raise ValueError(
            "The validation set is too small. Increase 'validation_fraction' "
            "or the size of your dataset."
        )
    train = _some(data, kept)
    if train.weights is not None and not train.weights.any():
        raise ValueError(
            "sample_weight must not be 0 for all rows left to train on; lower "
            "validation_fraction."
        )
    return train, _some(data, left_out)


def _proportional(labels: Any, fraction: float) -> Any:
    """Return the labels where a split can keep them in proportion, else None.

    Each class needs a row in either part; scikit-learn's MLP does not stratify more
    than two classes at all.
    """
    if labels is None:
        return None
    n_held = math.ceil(fraction * len(labels))
    _, counts = np.unique(labels, return_counts=True)
    room = min(n_held, len(labels) - n_held)
    return labels if counts.min() >= 2 and len(counts) <= room else None


def _some(data: Data, rows: Any) -> Data:
    """Return a subset of the rows; those of X are not copied."""
    weights = None if data.weights is None else data.weights[rows]
    return Data(RowSubset.of(data.X, rows), data.Y[rows], weights)


def to_train_on(data: Data, dtype: np.dtype[Any]) -> tuple[Data, float]:
    """Return the rows in this dtype, their weights of mean 1, and the mean they had."""
    if data.weights is None:
        return cast(data, dtype), 1.0
    # By the largest first: neither a sum nor a quotient can overflow.
    largest = float(data.weights.max())
    weights = data.weights / largest
    mean = float(weights.mean())
    return cast(replace(data, weights=weights / mean), dtype), largest * mean


def to_validate_on(data: Data, dtype: np.dtype[Any]) -> Data:
    """Return the rows in this dtype, their weights as they are; all 0 count alike."""
    weights = data.weights
    if weights is not None and not weights.any():
        weights = None
    return replace(cast(replace(data, weights=None), dtype), weights=weights)


def cast(data: Data, dtype: np.dtype[Any]) -> Data:
    """Return the rows in this dtype, copied only where theirs differs."""
    weights = data.weights
    return Data(
        cast_array("X", data.X, dtype),
        cast_array("y", data.Y, dtype),
        None if weights is None else cast_array("sample_weight", weights, dtype),
    )


def cast_array(name: str, array: Any, dtype: np.dtype[Any]) -> Any:
    """Cast one array; a finite value that becomes infinite is an error."""
    if isinstance(array, RowSubset):
        return RowSubset(cast_array(name, array.X, dtype), array.rows)
    if array.dtype == dtype:
        return array
    with np.errstate(over="ignore", under="ignore"):
        changed = array.astype(dtype)
    values = changed.data if issparse(changed) else changed
    if not np.isfinite(values).all():
        raise ValueError(
            # The first two sentences are scikit-learn's.
            "Solver produced non-finite parameter weights. The input data may contain "
            f"large values and need to be preprocessed. {name} holds values beyond "
            f"{np.finfo(dtype).max:.2g}, the largest {dtype} number: scale {name}, or "
            'set dtype="float64".'
        )
    return changed
