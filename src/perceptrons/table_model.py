"""A model with the columns of its table: what the commands fit, keep and ask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline

from perceptrons.state import StateError
from perceptrons.trees import SavableTree, check_answers


class TableModel(SavableTree, BaseEstimator):
    """A fitted encoder of columns, a fitted model behind it, and what it is about.

    >>> from perceptrons.table_model import TableModel  # doctest: +SKIP
    >>> TableModel.of(compare(X, y).winner, target="price").save("m")  # doctest: +SKIP

    Parameters
    ----------
    encoder : TableEncoder
        Fitted.
    model : estimator
        Fitted on the encoder's numbers.
    target : str
        Name of the column predicted.
    about : mapping of str to str
        What it was trained on and how well it did, for ``perceptrons show``.
    """

    def __init__(
        self,
        encoder: Any = None,
        model: Any = None,
        target: str = "",
        about: Mapping[str, str] | None = None,
    ) -> None:
        self.encoder = encoder
        self.model = model
        self.target = target
        self.about = about

    @classmethod
    def of(
        cls, winner: Pipeline, target: str, about: Mapping[str, str] | None = None
    ) -> TableModel:
        """Return the model of a ``Comparison.winner``, of two steps.

        Parameters
        ----------
        winner : Pipeline
            Fitted: a TableEncoder, and a model behind it.
        target : str
            Name of the column predicted.
        about : mapping of str to str or None, default=None
            What it was trained on, for ``perceptrons show``.

        Returns
        -------
        TableModel
        """
        encoder, model = (step for _, step in winner.steps)
        return cls(encoder, model, target, about)

    @property
    def columns(self) -> list[str]:
        """Names of the columns that predictions need."""
        return [column.name for column in self.encoder.account_ if column.used]

    @property
    def classes_(self) -> Any:
        """The classes, where there are any."""
        return self.model.classes_

    def __sklearn_is_fitted__(self) -> bool:
        """Tell scikit-learn that it is fitted if its parts are given."""
        return self.encoder is not None and self.model is not None

    def fit(self, table: Any, y: Any) -> Self:
        """Fit the encoder, and the model on its numbers, in place.

        Parameters
        ----------
        table : DataFrame of shape (n, d)
        y : array-like of shape (n,)

        Returns
        -------
        self
        """
        self.model.fit(self.encoder.fit_transform(table), y)
        return self

    def predict(self, table: Any) -> NDArray[Any]:
        """Predict the target of each row.

        Parameters
        ----------
        table : DataFrame of shape (n, d)
            With the columns the model was fitted with, found by name, in any order.

        Returns
        -------
        ndarray of shape (n,)

        Raises
        ------
        DataError
            Naming the columns that are missing, or one with an infinite value.

        Warns
        -----
        TableWarning
            As :meth:`perceptrons.tables.TableEncoder.transform` does.
        """
        return self.ask("predict", self.encoder.transform(table))

    def predict_proba(self, table: Any) -> NDArray[Any]:
        """Return the probability of each class.

        Parameters
        ----------
        table : DataFrame of shape (n, d)
            As for :meth:`predict`.

        Returns
        -------
        ndarray of shape (n, n_classes)
            In the order of ``classes_``.
        """
        return self.ask("predict_proba", self.encoder.transform(table))

    def predict_interval(self, table: Any, level: float = 0.9) -> NDArray[Any]:
        """Return an interval for the target of each row.

        Parameters
        ----------
        table : DataFrame of shape (n, d)
            As for :meth:`predict`.
        level : float in (0, 1), default=0.9
            Share of new targets that the intervals are to hold.

        Returns
        -------
        ndarray of shape (n, 2)
            Lower and upper ends.

        Raises
        ------
        TypeError
            If the model knows no intervals.
        """
        return self.ask("predict_interval", self.encoder.transform(table), level)

    def ask(self, what: str, numbers: NDArray[np.float64], *more: Any) -> NDArray[Any]:
        """Return what the model answers about numbers that the encoder made.

        Parameters
        ----------
        what : {"predict", "predict_proba", "predict_interval"}
        numbers : ndarray of shape (n, m)
            Also of no rows.
        *more
            Arguments of the method: the level of intervals.

        Raises
        ------
        TypeError
            If the model knows no intervals.
        """
        method = getattr(self.model, what, None)
        if method is None:
            raise TypeError(
                f"{what} is not known to {type(self.model).__name__}; the preset for "
                "numbers knows intervals, that for classes probabilities."
            )
        if len(numbers):
            return np.asarray(method(numbers, *more))
        # Models refuse to answer nothing: one row says in what form they answer.
        row = np.zeros((1, numbers.shape[1]))
        return np.asarray(method(row, *more))[:0]

    def _try_out(self) -> None:
        """Predict rows of numbers, or refuse what was read."""
        about = {} if self.about is None else self.about
        told = isinstance(about, dict) and [self.target, *about, *about.values()]
        if not told or not all(isinstance(word, str) for word in told):
            raise StateError("it does not say what it is about")
        try:
            width = len(self.encoder.get_feature_names_out())
            check_answers(self.model, width)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError,
                MemoryError) as error:  # fmt: skip
            raise StateError(f"its parts do not fit ({type(error).__name__})") from None
