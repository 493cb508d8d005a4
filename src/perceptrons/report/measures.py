"""What can be measured on a run, by name: its metrics, and more from its curves."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from perceptrons.data import Dataset
from perceptrons.report import ties
from perceptrons.report.study import NoRunsError, Study, dataset

#: What the measures beyond a run's metrics are called in a sentence.
WORDS = {
    "gap": "gap between test and training error",
    "noise_gap": "gap of the noise alone",
    "first_cost": "cost after the first epoch",
    "last_cost": "cost after the last epoch",
    "jumps": "mean change of the cost from epoch to epoch, second half",
    "relative_jumps": "mean change of the logarithm of the cost, second half",
    "mean_square": "median over epochs of the mean G_t",
    "epochs_to_learn": "epochs until the cost is twice the noise",
    "edge": "error against f where abs(x) > 0.8",
    "late_move": "range of the cost over the last third, relative to its mean",
    "late_fall": "share by which the cost changes over the last third",
    "near_zero": "share of weights below 0.001 in size",
    "seconds": "seconds",
}

# Polynomials of degree 8 oscillate towards both ends of [-1, 1].
_EDGE = 0.8

# A network is as good as trained once its cost is below this multiple of the noise.
_LEARNED = 2.0


def measured(study: Study, row: pd.DataFrame, name: str) -> float | None:
    """Measure one run.

    Parameters
    ----------
    study : Study
    row : DataFrame
        Of its table, one row.
    name : str
        A metric, a column of numbers, or a key of ``MEASURES``.

    Returns
    -------
    float or None
        An :class:`~perceptrons.report.ties.Error` where the scatter is known; None if
        the run says nothing about this.

    Raises
    ------
    NoRunsError
        Without a row, or if the run could not be performed.
    """
    if row.empty or row["reason"].iloc[0] == "not installed":
        raise NoRunsError
    if name in MEASURES:
        return MEASURES[name](study, row)
    return study.errors(row, name)[0]


def data_of(row: pd.DataFrame) -> Dataset:
    """Return the data set that the runs of one seed were trained on."""
    return dataset(row["dataset"].iloc[0], int(row["seed"].iloc[0]))


def _curve(study: Study, row: pd.DataFrame, name: str) -> Any:
    """Return a curve of a run, one NaN if no epoch was finite."""
    curve = study.curves(row["key"].iloc[0]).get(name, np.empty(0))
    return curve if curve.size else np.array([math.nan])


def _errors(study: Study, row: pd.DataFrame) -> tuple[ties.Error, ties.Error]:
    """Return the test and the training error, of a classifier shares of images."""
    names = (
        ("test_error", "train_error")
        if "test_error" in row and row["test_error"].notna().any()
        else ("test_mse", "train_mse")
    )
    test, train = (study.errors(row, name)[0] for name in names)
    return test, train


def _gap(study: Study, row: pd.DataFrame) -> float:
    """Return test minus training error, which scatters as the test error does.

    The training rows were fitted and are no sample.
    """
    test, train = _errors(study, row)
    return ties.Error(
        test - train, test.squares, test.sample, share=test.share, count=test.count
    )


def _noise_gap(study: Study, row: pd.DataFrame) -> float:
    """Return the gap of the function without noise, on the run's data."""
    test = study.noise(row, "test_mse")
    gap = test - study.noise(row, "train_mse")
    return ties.Error(gap, test.squares, test.sample)


def _second_half(study: Study, row: pd.DataFrame) -> Any:
    """Return the second half of a cost, None without two finite epochs there."""
    cost = _curve(study, row, "cost")
    late = cost[len(cost) // 2 :]
    return late if len(late) > 1 and np.all(np.isfinite(late)) else None


def _jumps(study: Study, row: pd.DataFrame) -> float:
    """Return the mean of abs(c_t+1 - c_t), infinite of training that broke down."""
    late = _second_half(study, row)
    return math.inf if late is None else float(np.mean(np.abs(np.diff(late))))


def _relative_jumps(study: Study, row: pd.DataFrame) -> float | None:
    """Return the mean of abs(ln c_t+1 / c_t); of what learned nothing it says nothing.

    The cost of such a network hardly moves, which is no merit.
    """
    if "test_mse" in row and ties.lost(study.errors(row, "test_mse")[0]):
        return None
    late = _second_half(study, row)
    return math.inf if late is None else float(np.mean(np.abs(np.diff(np.log(late)))))


def _epochs_to_learn(study: Study, row: pd.DataFrame) -> float:
    """Return the first epoch whose cost is near the noise; inf if there is none."""
    cost = _curve(study, row, "cost")
    reached = np.flatnonzero(cost <= _LEARNED * data_of(row).noise_train)
    return float(reached[0] + 1) if reached.size else math.inf


def _edge(study: Study, row: pd.DataFrame) -> float:
    """Return the error against the function behind the data, near both ends."""
    data = data_of(row)
    edge = np.abs(data.X_test[:, 0]) > _EDGE
    away = _curve(study, row, "predicted") - data.f_test
    squares = np.square(away)[edge] if away.size > 1 else np.array([math.nan])
    return ties.Error(float(squares.mean()), squares, "edge")


def _late_move(study: Study, row: pd.DataFrame) -> float:
    """Return the range of the last third of a cost over its mean."""
    cost = _curve(study, row, "cost")
    late = cost[2 * len(cost) // 3 :]
    return float(np.ptp(late) / late.mean())


def late_fall(cost: list[float]) -> float:
    """Return by what share a cost falls over the last third of the epochs."""
    after = cost[max(0, 2 * len(cost) // 3 - 1)] if cost else 0.0
    return 1 - cost[-1] / after if after > 0 else math.inf


def _near_zero(study: Study, row: pd.DataFrame) -> float:
    """Return the share of weights that are next to zero."""
    share = float(_curve(study, row, "near_zero")[0])
    if math.isnan(share):
        raise NoRunsError
    return share


#: Name -> what measures it on one run.
MEASURES: dict[str, Callable[[Study, pd.DataFrame], float | None]] = {
    "gap": _gap,
    "noise_gap": _noise_gap,
    "first_cost": lambda study, row: float(_curve(study, row, "cost")[0]),
    "last_cost": lambda study, row: float(_curve(study, row, "cost")[-1]),
    "jumps": _jumps,
    "relative_jumps": _relative_jumps,
    "mean_square": lambda study, row: float(
        np.median(_curve(study, row, "mean_square"))
    ),
    "epochs_to_learn": _epochs_to_learn,
    "edge": _edge,
    "late_move": _late_move,
    "late_fall": lambda study, row: abs(late_fall(_curve(study, row, "cost").tolist())),
    "near_zero": _near_zero,
}
