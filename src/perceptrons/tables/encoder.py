"""From a table to numbers, with an account of every column."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from perceptrons.tables import surprises
from perceptrons.tables.cells import Cells
from perceptrons.tables.column import Column
from perceptrons.tables.errors import DataError
from perceptrons.tables.frames import is_frame, iterate, names_of, read_cells
from perceptrons.tables.kinds import account
from perceptrons.tables.learned import Learned, blocks, learn, names_out
from perceptrons.tables.levels import least_level_rows
from perceptrons.tables.names import listed, place_of
from perceptrons.tables.settle import settle

Array = NDArray[np.float64]


class TableEncoder(TransformerMixin, BaseEstimator):
    """Turns a table into numbers that a model can use, and accounts for every column.

    Numbers become themselves, also as people write them ("$1,234", "18%"); a gap
    becomes the median, with an indicator where there were gaps. Categories become one
    column of 0 and 1 per level, rare levels one together, missing a level of its own;
    levels never seen count as rare, or as none. Booleans become 0 and 1. Dates become
    days since the first, and month, weekday and hour, where they vary, as sine and
    cosine.

    Parameters
    ----------
    category : sequence of str, default=()
        Columns whose numbers are codes.
    drop : sequence of str, default=()
        Columns to leave out.
    keep : sequence of str, default=()
        Columns to use though they look like row numbers, identifiers or repetitions.
    columns : sequence of Column, optional
        Decisions made before, for all rows; others are then not made. Columns that are
        not among them are ignored.
    n_rows : int, optional
        Rows that decide which levels are rare; None: those that are fitted.

    Attributes
    ----------
    account_ : list of Column
        Every column: what it is, why, what was done, what was lost.
    n_features_in_, feature_names_in_ : int, ndarray of str
        Number and names of the columns.

    Examples
    --------
    >>> import numpy as np
    >>> from perceptrons.tables import TableEncoder
    >>> table = np.array([["$1,200", "a"], ["$800", "b"], ["?", "a"], ["$950", "b"]])
    >>> encoder = TableEncoder().fit(table)
    >>> encoder.transform(table)[:, 0]
    array([1200.,  800.,  950.,  950.])
    >>> [column.kind for column in encoder.account_]
    ['number', 'category']
    """

    def __init__(
        self,
        *,
        category: Collection[str] = (),
        drop: Collection[str] = (),
        keep: Collection[str] = (),
        columns: Sequence[Column] | None = None,
        n_rows: int | None = None,
    ) -> None:
        self.category = category
        self.drop = drop
        self.keep = keep
        self.columns = columns
        self.n_rows = n_rows

    def fit(self, X: Any, y: Any = None) -> Self:
        """Decide about every column and learn medians, levels and days.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n, d)
            Of pandas, polars or Arrow, or an array.
        y : ignored

        Returns
        -------
        self

        Raises
        ------
        DataError
            If no column can be used, or one can be read in two ways.
        """
        self._learn(X)
        return self

    def fit_transform(self, X: Any, y: Any = None) -> Array:
        """Fit, and return the numbers of the same rows.

        Parameters
        ----------
        X : as in :meth:`fit`
        y : ignored

        Returns
        -------
        ndarray of shape (n, m)
        """
        return self._encode(self._learn(X))

    def transform(self, X: Any) -> Array:
        """Return numbers; what new rows hold beyond those fitted is a warning.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n, d)
            With the columns that are used, found by name.

        Returns
        -------
        ndarray of shape (n, m)
            Finite.

        Raises
        ------
        DataError
            If a column is not there, or holds an infinite value.

        Warns
        -----
        TableWarning
            Of cells that cannot be read as those fitted were, and of levels that no
            row fitted had: column, count, the first, and what to do.
        """
        check_is_fitted(self, "account_")
        found = self._found(X)
        for own in surprises.find(self._used(), self._learned, found):
            warnings.warn(str(own), surprises.TableWarning, stacklevel=2)
        return self._encode(found)

    def apply(self, X: Any) -> Array:
        """Return numbers as :meth:`transform` does, without a word of what is new.

        Parameters
        ----------
        X : as in :meth:`transform`
        """
        check_is_fitted(self, "account_")
        return self._encode(self._found(X))

    def surprises(self, X: Any) -> list[surprises.Surprise]:
        """Return what :meth:`transform` would warn of.

        Parameters
        ----------
        X : as in :meth:`transform`
        """
        check_is_fitted(self, "account_")
        return surprises.find(self._used(), self._learned, self._found(X))

    def levels(self, name: str) -> set[str]:
        """Return the levels of a category, those that are pooled and known, too.

        Parameters
        ----------
        name : str
            Of the column.
        """
        check_is_fitted(self, "account_")
        own = self._learned[name]
        return {*own.levels, *(own.rare or ())}

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> Any:
        """Return the names of the columns of numbers.

        Parameters
        ----------
        input_features : ignored

        Returns
        -------
        ndarray of str
        """
        check_is_fitted(self, "account_")
        return np.array(list(names_out(self._used(), self._learned)), object)

    def to_state(self) -> dict[str, Any]:
        """Return all that was learned as text, numbers and lists, for JSON."""
        check_is_fitted(self, "account_")
        return {
            "columns": [column.as_dict() for column in self.account_],
            "names": list(self.feature_names_in_),
            "learned": {name: own.as_dict() for name, own in self._learned.items()},
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> TableEncoder:
        """Return the fitted encoder of what :meth:`to_state` gave.

        Parameters
        ----------
        state : mapping
        """
        encoder = cls()
        encoder.account_ = [Column.from_dict(own) for own in state["columns"]]
        encoder.feature_names_in_ = np.array(state["names"], object)
        encoder.n_features_in_ = len(state["names"])
        encoder._learned = {
            name: Learned.from_dict(own) for name, own in state["learned"].items()
        }
        return encoder

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn that text and gaps may come."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        return tags

    def _learn(self, X: Any) -> dict[str, Cells]:
        """Fit; return the columns that are used."""
        names = names_of(X)
        if self.columns is None:
            for option in ("category", "drop", "keep"):
                for name in getattr(self, option):
                    place_of(name, names, option)
            settled = settle(read_cells(X), as_written=self.category)
            self.account_ = account(
                settled, drop=self.drop, category=self.category, keep=self.keep
            )
            used = {column.name for column in self.account_ if column.used}
            found = {cells.name: cells for cells, _ in settled if cells.name in used}
        else:
            self.account_ = list(self.columns)
            found = self._found(X)
        if not found:
            raise DataError(nothing_left(self.account_))
        self.feature_names_in_ = np.array(names, object)
        self.n_features_in_ = len(names)
        self._learn_all(found)
        return found

    def encode(self, found: Mapping[str, Cells]) -> Array:
        """Learn from columns that are held already, and return their numbers.

        Parameters
        ----------
        found : mapping of str to Cells
            By name; ``columns`` says what they are.
        """
        self.account_ = list(self.columns or ())
        self._learn_all(found)
        return self._encode(found)

    def _learn_all(self, found: Mapping[str, Cells]) -> None:
        """Learn medians, levels and days."""
        n = len(next(iter(found.values())))
        least = least_level_rows(n if self.n_rows is None else self.n_rows)
        self._learned = {
            column.name: learn(found[column.name], column, least)
            for column in self._used()
        }

    def _used(self) -> list[Column]:
        """Return the columns that are features."""
        return [column for column in self.account_ if column.used]

    def _found(self, X: Any) -> dict[str, Cells]:
        """Return the columns that are used, by name."""
        wanted = [column.name for column in self._used()]
        found = {cells.name: cells for cells in iterate(X, wanted)}
        lacking = [name for name in wanted if name not in found]
        if lacking:
            raise DataError(
                f"X lacks {listed(lacking, 5)}, which the model was fitted with; give "
                "a table of the same columns."
            )
        return found

    def _encode(self, found: Mapping[str, Cells]) -> Array:
        """Return the numbers of all columns, block by block."""
        n = len(next(iter(found.values())))
        used = self._used()
        out = np.empty((n, sum(1 for _ in names_out(used, self._learned))))
        place = 0
        for block in blocks(used, self._learned, found):
            width = 1 if block.ndim == 1 else block.shape[1]
            out[:, place : place + width] = block.reshape(n, width)
            place += width
        return out


def needs_encoding(X: Any) -> bool:
    """Tell whether a table has words, dates or gaps: what is no number as it stands.

    Parameters
    ----------
    X : DataFrame or array-like
        False for what is no frame.
    """
    if not is_frame(X):
        return False
    plain = ("float", "integer", "boolean")
    return any(c.storage not in plain or c.missing.any() for c in iterate(X))


def nothing_left(columns: Sequence[Column]) -> str:
    """Say why no column is a feature.

    Parameters
    ----------
    columns : sequence of Column
    """
    reasons = " ".join(f"{c.name!r}: {c.action}" for c in columns[:10])
    return f"No column is left to predict from. {reasons}".strip()
