"""Gains: how much each candidate lowers the metric of the reference, fold by fold."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from perceptrons.comparison.decision import Status, decide
from perceptrons.comparison.statistics import (
    Posterior,
    correlated_t,
    over_rows,
    separate_noise,
)

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Pooled:
    """The metric over all rows of a repeat, each predicted by models without it.

    Parameters
    ----------
    values : DataFrame
        A row per repeat, a column per candidate.
    influences : DataFrame
        How much each candidate's metric moves with each row, the mean over repeats.
    clusters : ndarray of shape (n,) or None
        Equal for rows that belong together.
    """

    values: pd.DataFrame
    influences: pd.DataFrame
    clusters: NDArray[Any] | None


@dataclass(frozen=True)
class Gains:
    """Gains over a reference, as shares of its mean metric.

    Parameters
    ----------
    reference : str
    values : DataFrame
        Mean metric on the folds: a row per fold, a column per candidate.
    unit : float
        Mean metric of the reference, by which differences are divided.
    test_to_train : float
        As in :func:`perceptrons.comparison.statistics.correlated_t`.
    pooled : Pooled or None, default=None
        The metric over all rows; None where there is one repeat, so that the folds are
        all there is to tell by.
    least : float, default=0.0
        Metric below which a reference counts as exact.
    """

    reference: str
    values: pd.DataFrame
    unit: float
    test_to_train: float
    pooled: Pooled | None = None
    least: float = 0.0

    @property
    def exact(self) -> bool:
        """Whether the reference has next to no error, and nothing is left to gain."""
        return self.mean(self.reference) < self.unit

    def over(self, reference: str) -> Gains:
        """Return the gains over another reference."""
        # A constant without error leaves no unit, and nothing to gain either.
        unit = max(self.mean(reference), self.least) or 1.0
        return replace(self, reference=reference, unit=unit)

    def of(self, name: str) -> Array:
        """Return a candidate's gain on every fold."""
        difference = self.values[self.reference] - self.values[name]
        return np.asarray(difference / self.unit, np.float64)

    def posterior(self, name: str) -> Posterior:
        """Return what is known of a candidate's gain."""
        if name not in self._known:
            self._known[name] = self._posterior(name)
        return self._known[name]

    @cached_property
    def _known(self) -> dict[str, Posterior]:
        """The posteriors that were asked for: table, notes and verdict share them."""
        return {}

    def _posterior(self, name: str) -> Posterior:
        """Compute the posterior of a candidate's gain."""
        if self.pooled is None:
            return correlated_t(self.of(name), self.test_to_train)
        values, rows = self.pooled.values, self.pooled.influences
        repeats = (values[self.reference] - values[name]) / self.unit
        moved = rows[self.reference] - rows[name]
        if not self.exact:
            # The unit is an estimate, too.
            moved = moved - repeats.mean() * rows[self.reference]
        return over_rows(moved / self.unit, repeats, self.pooled.clusters)

    def interval(self, name: str) -> tuple[float, float]:
        """Return the 95 % interval of a candidate's gain, which cannot exceed 1."""
        low, high = self.posterior(name).interval()
        return low, min(high, 1.0)

    def status(self, name: str, rope: float) -> Status:
        """Return whether a candidate is justified over the reference."""
        return "not justified" if self.exact else decide(self.posterior(name), rope)

    def mean(self, name: str) -> float:
        """Return a candidate's mean metric."""
        values = self.values if self.pooled is None else self.pooled.values
        return float(values[name].mean())


def measure(
    scores: pd.DataFrame,
    reference: str,
    constant: str,
    test_to_train: float,
    exact: float,
    pooled: Pooled | None = None,
) -> Gains:
    """Return the gains over a reference.

    Parameters
    ----------
    scores : DataFrame
        From :func:`perceptrons.comparison.evaluate.evaluate`.
    reference, constant : str
        Candidates.
    test_to_train : float
    exact : float
        Share of the constant's error below which a reference counts as exact.
    pooled : Pooled or None, default=None
        The metric over all rows, where there are repeats.
    """
    gains = Gains(reference, fold_values(scores), 1.0, test_to_train, pooled)
    return replace(gains, least=exact * gains.mean(constant)).over(reference)


def fold_values(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the metric: a row per fold of each repeat, a column per candidate."""
    own = scores[scores["seed"] == 0]
    return own.pivot(index=["repeat", "fold"], columns="candidate", values="value")


def statistics_table(gains: Gains, names: list[str], rope: float) -> pd.DataFrame:
    """Return what is known of each candidate's gain but the reference's.

    Parameters
    ----------
    gains : Gains
    names : list of str
        All candidates.
    rope : float

    Returns
    -------
    DataFrame
        By candidate: mean (of the metric); gain, low, high (95 % interval); p_gain,
        p_practical, p_equal, p_worse: above 0, above rope, within, below -rope.
    """
    rows = {}
    for name in names:
        if name == gains.reference:
            continue
        posterior = gains.posterior(name)
        low, high = gains.interval(name)
        above, below = posterior.above(rope), 1 - posterior.above(-rope)
        rows[name] = {
            "mean": gains.mean(name),
            "gain": posterior.mean,
            "low": low,
            "high": high,
            "p_gain": posterior.above(0.0),
            "p_practical": above,
            "p_equal": 1 - above - below,
            "p_worse": below,
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("candidate")


def noise_table(gains: Gains, scores: pd.DataFrame) -> pd.DataFrame:
    """Return how much of a fold's scatter is the data's and how much training's.

    Parameters
    ----------
    gains : Gains
    scores : DataFrame

    Returns
    -------
    DataFrame
        By candidate trained with several seeds: data, training (standard deviations
        of a fold's gain), n_seeds; empty where the reference is exact.
    """
    rows = {}
    first = gains.values[gains.reference].loc[0]
    for name, own in scores[scores["repeat"] == 0].groupby("candidate"):
        by_seed = own.pivot(index="fold", columns="seed", values="value").dropna()
        if by_seed.shape[1] > 1 and name != gains.reference and not gains.exact:
            held = first[by_seed.index]
            each = [(held - by_seed[seed]) / gains.unit for seed in by_seed]
            data, training = separate_noise(each, gains.of(str(name)))
            rows[name] = (data, training, by_seed.shape[1])
    columns = ["data", "training", "n_seeds"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    return table.rename_axis("candidate")
