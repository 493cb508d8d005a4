"""What a comparison found: verdict, tables, fitted models."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from perceptrons.comparison.candidate import Candidate
from perceptrons.comparison.columns import Prepared
from perceptrons.comparison.fitting import fit, seed_of
from perceptrons.comparison.task import Task
from perceptrons.comparison.ties import Ties
from perceptrons.comparison.verdict import Verdict

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Findings:
    """All that a comparison knows, drawn and written nowhere yet.

    Parameters
    ----------
    verdict : Verdict
        ``str(verdict)`` is the sentence, ``verdict.status`` the answer.
    prepared : Prepared
        The columns and what was done to them.
    metric, metric_sentence, second_metric : str
        What decides (less is better), what it is, and what is told beside it.
    split : str
        How rows were divided.
    n_folds, repeats : int
    rope : float
        Relative gain that matters in practice.
    seed : int
        From which every split and fit is drawn.
    reference : str
        The model that gains are measured against.
    network : str
        Name of the network among the candidates.
    candidates : DataFrame
        By name: kind, description.
    scores : DataFrame
        One row per repeat, fold, candidate and seed: value, second, n_train, n_test,
        parameters, seconds to train, microseconds per predicted row. Seed 0 is that of
        the comparison.
    means : DataFrame
        By candidate: value and second, both metrics over all rows, the mean over
        repeats; along time the value is the mean over folds.
    statistics : DataFrame
        By candidate, but for the reference: mean, gain, low, high, p_gain,
        p_practical, p_equal, p_worse.
    costs : DataFrame
        By candidate: mean parameters and seconds, least microseconds, and how many
        times the seconds of the reference.
    noise : DataFrame
        By candidate trained with several seeds: standard deviations of a fold's gain
        due to data and to training, and n_seeds.
    learning : DataFrame
        candidate, fold, n_train, value: of the reference and the network.
    importance : DataFrame
        repeat, fold, candidate, column, rise: of the metric on a test fold of the first
        repeat, as the column is permuted; empty with more than 60 columns.
    test_to_train : float
        Rows tested on over rows trained on, the mean over folds.
    predictions : dict of str to ndarray
        Out of fold, in the first repeat; (n,), or probabilities (n, K).
    warnings, caveats : list of str
        What to mind about the data, and about the statistics.
    reproduce : str
        The call that gives this result.
    source : str
        Name and checksum of the file that the data came from; empty if from none.
    """

    verdict: Verdict
    prepared: Prepared
    metric: str
    metric_sentence: str
    second_metric: str
    split: str
    n_folds: int
    repeats: int
    rope: float
    seed: int
    reference: str
    network: str
    candidates: pd.DataFrame
    scores: pd.DataFrame
    means: pd.DataFrame
    statistics: pd.DataFrame
    costs: pd.DataFrame
    noise: pd.DataFrame
    learning: pd.DataFrame
    importance: pd.DataFrame
    test_to_train: float
    predictions: dict[str, Array] = field(repr=False)
    warnings: list[str]
    caveats: list[str]
    reproduce: str
    source: str
    _entries: dict[str, Candidate] = field(repr=False)
    _ties: Ties = field(repr=False)
    _fitted: dict[str, Any] = field(repr=False, default_factory=dict)

    def __repr__(self) -> str:
        """Return the answer; the tables have names of their own."""
        name, many = type(self).__name__, len(self.candidates)
        return f"{name}({self.verdict.status!r}, {many} candidates)"

    def _repr_html_(self) -> str:
        """Return the sentence and the table."""
        table = self.table().to_html(float_format="{:.4g}".format, na_rep="")
        return f"<p>{html.escape(str(self.verdict))}</p>{table}"

    @property
    def task(self) -> str:
        """Either "regression" or "classification"."""
        return self.prepared.task

    @property
    def winner(self) -> Pipeline:
        """What the verdict recommends, fitted on all rows.

        A pipeline that takes the columns as :func:`perceptrons.compare` took them.
        """
        return self.fitted(self.verdict.recommended)

    def fitted(self, name: str) -> Pipeline:
        """Return a candidate fitted on all rows, behind the preparation of columns.

        Parameters
        ----------
        name : str
            Of a candidate.

        Returns
        -------
        Pipeline
            The same object in every call.

        Raises
        ------
        KeyError
            If there is no such candidate.
        """
        if name not in self._entries:
            raise KeyError(f"no candidate {name!r}; there are {list(self._entries)}.")
        if name not in self._fitted:
            entry = self._entries[name]
            steps = [
                ("columns", clone(self.prepared.transformer)),
                ("model", clone(entry.estimator)),
            ]
            whole = Candidate(name, entry.kind, Pipeline(steps), entry.description)
            seed = seed_of(self.seed, self.repeats, 0, 0)
            # Forecasts go on from the last row.
            times, n = self._ties.time, len(self.prepared.y)
            order = np.arange(n) if times is None else np.argsort(times, kind="stable")
            data = self.prepared.X.iloc[order], self.prepared.y[order]
            judged = Task(self.prepared.classes)
            ties = self._ties.among(order)
            self._fitted[name] = fit(whole, *data, seed, judged, ties)[0]
        return self._fitted[name]

    def table(self) -> pd.DataFrame:
        """Return all candidates with their errors, gains and costs, the best first.

        Returns
        -------
        DataFrame
            By candidate: kind, the metric, its standard deviation over folds, skill
            (how much smaller it is than the constant's, as a share), the second metric;
            gain, low, high, p_gain, p_practical against the reference; parameters,
            seconds, microseconds.
        """
        own = self.scores[self.scores["seed"] == 0].groupby("candidate")
        table = self.candidates[["kind"]].copy()
        table[self.metric] = self.means["value"]
        table["sd over folds"] = own["value"].std()
        constant = table[self.metric].iloc[0]
        table["skill"] = 1 - table[self.metric] / (constant or np.nan)
        table[self.second_metric] = self.means["second"]
        gains = self.statistics[["gain", "low", "high", "p_gain", "p_practical"]]
        costs = self.costs[["parameters", "seconds", "microseconds"]]
        return table.join(gains).join(costs).sort_values(self.metric)

    def as_dict(self) -> dict[str, Any]:
        """Return everything but predictions as plain values, for JSON."""
        tables = {
            name: getattr(self, name).reset_index()
            for name in ("candidates", "statistics", "costs", "noise")
        }
        tables |= {"scores": self.scores, "learning": self.learning}
        tables["importance"] = self.importance
        plain = {
            "verdict": self.verdict.as_dict(),
            "task": self.task,
            "task_reason": self.prepared.task_reason,
            "metric": self.metric,
            "split": self.split,
            "repeats": self.repeats,
            "n_folds": self.n_folds,
            "rope": self.rope,
            "seed": self.seed,
            "warnings": self.warnings,
            "caveats": self.caveats,
            "reproduce": self.reproduce,
            "source": self.source,
            **{name: table.to_dict("records") for name, table in tables.items()},
        }
        cleaned: dict[str, Any] = _plain(plain)
        return cleaned


def _plain(value: Any) -> Any:
    """Return a value that JSON can hold: NaN and infinities become None."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value
