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

# The targets that a constant would predict with their variance as its error.
_PARTS = {"train_mse": "y_train", **dict.fromkeys(_TARGETS, "y_test")}

#: A network whose error is above this share of that variance has learned nothing that a
#: constant would not say about as well.
STUCK = 0.5


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
    shortened : bool, default=False
        Whether training was shortened: then nothing must hold.
    """

    experiment: Experiment
    records: list[Record]
    table: pd.DataFrame
    shortened: bool = False

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

    @property
    def chosen_by(self) -> str:
        """Name of the measure by which the best of several settings is chosen.

        That of the rows that validate; ``metric`` itself where there are none, as in
        the report, whose test rows chose.
        """
        held_out = self.metric.replace("test_", "validation_")
        return held_out if held_out in self.table else self.metric

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

    def record(self, key: str) -> Record:
        """Return the record of the run with this key."""
        return self._by_key[key]

    def predictions(self, rows: pd.DataFrame, name: str) -> pd.DataFrame:
        """Return what some runs predict for the test set, ordered by x.

        Parameters
        ----------
        rows : DataFrame
            Of ``table``, of one seed and data set.
        name : str
            Column that names them.

        Returns
        -------
        DataFrame
            ``x``, ``y`` (noisy), ``f`` (without noise), then one column per run.
        """
        data = dataset(rows["dataset"].iloc[0], int(rows["seed"].iloc[0]))
        columns = {"x": data.X_test[:, 0], "y": data.y_test, "f": data.f_test}
        for word, key in zip(rows[name], rows["key"], strict=True):
            columns[word] = self.curves(key)["predicted"]
        return pd.DataFrame(columns).sort_values("x", ignore_index=True)

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
        """Give an error what it is the mean of, and when nothing was learned."""
        curves, part = record.result.curves, metric.removesuffix("_error")
        if f"{part}_confusion" in curves:
            count = int(curves[f"{part}_confusion"].sum())
            return Error(value, share=value, count=count)
        name, seed = record.run.dataset, record.run.seed
        if name not in DATASETS or metric not in _PARTS:
            return Error(value)
        data = dataset(name, seed)
        limit = STUCK * float(np.var(getattr(data, _PARTS[metric])))
        if metric == "excess":
            limit -= data.noise_test
        target, predicted = _TARGETS.get(metric), curves.get("predicted")
        if target is None or predicted is None:
            return Error(value, limit=limit)
        squares = np.square(predicted - getattr(data, target))
        return Error(value, squares, (name, seed, target), limit=limit)


def joined(study: Study, others: list[Study]) -> Study:
    """Return a study with the runs of others, told apart by the column ``study``.

    Parameters
    ----------
    study : Study
    others : list of Study
    """
    if not others:
        return study
    parts = [study, *others]
    tables = [part.table.assign(study=part.experiment.name) for part in parts]
    records = [record for part in parts for record in part.records]
    table = pd.concat(tables, ignore_index=True)
    return Study(study.experiment, records, table, study.shortened)


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
