"""The finished runs of one experiment, as the sections read them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import pandas as pd

from perceptrons.data import DATASETS, Dataset
from perceptrons.report.tables import MEASURES
from perceptrons.report.ties import Error
from perceptrons.study.plan import Experiment
from perceptrons.study.records import Record

# The targets that an error is the mean squared distance from. Errors on the training
# rows stay plain numbers: these were fitted, and are no sample that would scatter.
_TARGETS = {"test_mse": "y_test", "excess": "y_test", "error_f": "f_test"}


class NoRunsError(LookupError):
    """A claim asks for the error of networks that were not trained."""

    def __init__(self) -> None:
        super().__init__("no run of what the claim compares")


@dataclass(frozen=True)
class Study:
    """The finished runs of an experiment.

    Parameters
    ----------
    experiment : Experiment
    records : list of Record
    table : DataFrame
        One row per record, from :func:`perceptrons.report.tables.frame`.
    """

    experiment: Experiment
    records: list[Record]
    table: pd.DataFrame

    @property
    def seeds(self) -> list[int]:
        """The seeds that were run, in order."""
        return sorted({record.run.seed for record in self.records})

    @property
    def metric(self) -> str:
        """Name of the measure that decides; lower is better."""
        return self.experiment.metric

    @property
    def measure(self) -> str:
        """What ``metric`` is called in a sentence."""
        return MEASURES.get(self.metric, self.metric)

    def models(self, kind: str) -> list[str]:
        """Return the names of what was fitted of one kind, in the experiment's order.

        Parameters
        ----------
        kind : str
            A value of the table's column ``kind``, such as "network" or "ols".
        """
        rows = self.table[self.table["kind"] == kind]
        return list(dict.fromkeys(rows["model"]))

    def chosen(self, **settings: object) -> list[Record]:
        """Return the records whose rows in ``table`` hold these values."""
        rows = self.table
        for name, value in settings.items():
            rows = rows[rows[name] == value]
        return [self.records[i] for i in rows.index]

    @cached_property
    def _by_key(self) -> dict[str, Record]:
        """The records by the keys of their runs."""
        return {record.run.key: record for record in self.records}

    def curves(self, key: str) -> dict[str, Any]:
        """Return the curves of the run with this key."""
        return self._by_key[key].result.curves

    def errors(self, rows: pd.DataFrame, metric: str | None = None) -> list[Error]:
        """Return the errors of some rows, each with the squared errors it is made of.

        Parameters
        ----------
        rows : DataFrame
            Of ``table``.
        metric : str, optional
            ``self.metric`` if not given.

        Returns
        -------
        list of Error
            Plain numbers of training errors, and where the run kept no predictions.
        """
        metric = metric or self.metric
        pairs = zip(rows["key"], rows[metric], strict=True)
        return [self._error(self._by_key[key], metric, value) for key, value in pairs]

    def lowest(self, rows: pd.DataFrame, metric: str | None = None) -> Error:
        """Return the lowest of the errors of some rows, NaN if all diverged.

        Parameters
        ----------
        rows : DataFrame
            Of ``table``.
        metric : str, optional
            ``self.metric`` if not given.

        Raises
        ------
        NoRunsError
            Without rows: no run is no bad run.
        """
        metric = metric or self.metric
        if rows.empty:
            raise NoRunsError
        order = rows.sort_values(metric, kind="stable", na_position="last")
        return self.errors(order.iloc[:1], metric)[0]

    def noise(self, rows: pd.DataFrame, metric: str) -> Error:
        """Return the error of the function without noise on the data of some rows.

        Parameters
        ----------
        rows : DataFrame
            Of ``table``, of one data set and seed.
        metric : str
            "train_mse" or "test_mse".
        """
        name, seed = rows["dataset"].iloc[0], int(rows["seed"].iloc[0])
        data = dataset(name, seed)
        if metric == "train_mse":
            return Error(data.noise_train)
        squares = np.square(data.y_test - data.f_test)
        return Error(data.noise_test, squares, (name, seed, "y_test"))

    def _error(self, record: Record, metric: str, value: float) -> Error:
        """Give an error the squared errors that it is the mean of."""
        target, predicted = _TARGETS.get(metric), record.result.curves.get("predicted")
        name, seed = record.run.dataset, record.run.seed
        if target is None or predicted is None or name not in DATASETS:
            return Error(value)
        squares = np.square(predicted - getattr(dataset(name, seed), target))
        return Error(value, squares, (name, seed, target))


@lru_cache(maxsize=64)
def dataset(name: str, seed: int) -> Dataset:
    """Return a data set that is shipped, made once.

    Parameters
    ----------
    name : str
        In :data:`perceptrons.data.DATASETS`.
    seed : int
    """
    return DATASETS[name](seed)
