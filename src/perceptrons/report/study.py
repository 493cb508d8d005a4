"""The finished runs of one experiment, as the sections read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from perceptrons.report.tables import MEASURES
from perceptrons.study.experiment import Experiment
from perceptrons.study.records import Record


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

    def curves(self, key: str) -> dict[str, Any]:
        """Return the curves of the run with this key."""
        (record,) = self.chosen(key=key)
        return record.result.curves
