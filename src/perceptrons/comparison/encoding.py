"""From columns of a table to numbers: scikit-learn's transformers, by kind of column.

What depends on the data (medians, levels) is learned in `fit`, so inside each fold; the
rest looks at one cell at a time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder

#: Kinds of columns that become features.
Kind = Literal["number", "category", "boolean"]

#: What a missing level is called.
MISSING = "(missing)"

#: Larger numbers count as infinite, as they do in float32, which trees compute in.
LARGEST = 1e38

#: A target that varies less is taken for constant by some estimators: scikit-learn's
#: Lasso knows no penalty below 1e-15, and its path spans three powers of ten.
SMALLEST = 1e-10

#: A level of fewer rows says little about the target, and is pooled; in small tables
#: that is 5 % of the rows.
LEAST_LEVEL_ROWS = 10

#: More levels than this, and the rarest are pooled, so that one column of text cannot
#: outweigh all others.
MOST_LEVELS = 30


def encoder(kinds: Mapping[str, Kind], n_rows: int) -> ColumnTransformer:
    """Return the transformer of a table.

    Numbers become themselves, a gap their median, with an indicator where there were
    gaps. Categories become one column of 0 and 1 per level, rare levels one together,
    missing a level of its own; levels never seen count as rare, or as none. Booleans
    become 0 and 1.

    Parameters
    ----------
    kinds : mapping of str to {"number", "category", "boolean"}
        Of the columns to take; others are ignored.
    n_rows : int
        Of the table, for what is rare.

    Returns
    -------
    ColumnTransformer
        Not fitted; gives a dense array of float64.
    """
    steps: dict[Kind, Any] = {
        "number": make_pipeline(
            FunctionTransformer(numbers, feature_names_out="one-to-one"),
            SimpleImputer(
                strategy="median", add_indicator=True, keep_empty_features=True
            ),
        ),
        "category": make_pipeline(
            FunctionTransformer(levels, feature_names_out="one-to-one"),
            OneHotEncoder(
                min_frequency=least_level_rows(n_rows),
                max_categories=MOST_LEVELS,
                handle_unknown="infrequent_if_exist",
                sparse_output=False,
            ),
        ),
        "boolean": FunctionTransformer(numbers, feature_names_out="one-to-one"),
    }
    used = {kind: [n for n, own in kinds.items() if own == kind] for kind in steps}
    return ColumnTransformer(
        [(kind, steps[kind], names) for kind, names in used.items() if names],
        verbose_feature_names_out=False,
    )


def least_level_rows(n_rows: int) -> int:
    """Return the fewest rows of a level that is not pooled.

    Parameters
    ----------
    n_rows : int
        Of the table.
    """
    return max(2, min(LEAST_LEVEL_ROWS, n_rows // 20))


def numbers(table: pd.DataFrame) -> NDArray[np.float64]:
    """Return numbers; NaN for what is missing or is not a number.

    Parameters
    ----------
    table : DataFrame

    Returns
    -------
    ndarray of shape (n, d)
    """
    columns = [to_numbers(table.iloc[:, place]) for place in range(table.shape[1])]
    return np.column_stack(columns)


def to_numbers(column: pd.Series[Any]) -> NDArray[np.float64]:
    """Return one column as numbers; NaN for what is missing or is not a number.

    Parameters
    ----------
    column : Series

    Returns
    -------
    ndarray of shape (n,)
    """
    parsed = pd.to_numeric(column, errors="coerce")
    return np.asarray(parsed.to_numpy(dtype=np.float64, na_value=np.nan))


def levels(table: pd.DataFrame) -> NDArray[Any]:
    """Return categories as text; `MISSING` for what is missing.

    Parameters
    ----------
    table : DataFrame

    Returns
    -------
    ndarray of object, of shape (n, d)
    """
    return np.column_stack(
        [to_levels(table.iloc[:, place]) for place in range(table.shape[1])]
    )


def to_levels(column: pd.Series[Any]) -> NDArray[Any]:
    """Return one column as text; `MISSING` for what is missing.

    Parameters
    ----------
    column : Series

    Returns
    -------
    ndarray of object, of shape (n,)
    """
    found = column.astype(object)
    text: Sequence[str] = [
        MISSING if gap else str(value)
        for value, gap in zip(found, found.isna(), strict=True)
    ]
    return np.array(text, dtype=object)
