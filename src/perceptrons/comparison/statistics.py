"""What differences over folds say: corrected intervals and posterior probabilities.

Folds share training rows, so their differences d_1 ... d_J are correlated and the
variance of their mean is not s^2 / J. Nadeau and Bengio (2003), eq. 9, estimate it by

    (1 / J + n_test / n_train) s^2,      s^2 = 1 / (J - 1) sum_j (d_j - mean)^2

With k folds n_test / n_train = 1 / (k - 1) = rho / (1 - rho) for rho = 1 / k, the
correlation that the Bayesian correlated t-test of Corani and Benavoli (2015), eq. 8,
takes: its posterior of the mean difference is Student's t with J - 1 degrees of
freedom around that mean, and its central 95 % are the corrected interval. That is what
is known where there is one repeat, as along time.

With R repeats of all rows more is known. The gain is a smooth function of two means
over rows, so it moves with row i by its influence psi_i (the delta method; Bayle et al.
2020 and Austern and Zhou 2020 for cross-validation), and what the random course of
training and of folds adds shows between the repeats' gains g_1 ... g_R:

    SE^2 = (sum_i psi_i^2) / (n (n - 1)) + c s_R^2

with s_R^2 their variance, and Student's t with Satterthwaite's (1946) degrees of
freedom. Rows of one group count as one. That whether a network finds a weak pattern in
*these* rows is common to all repeats shows in neither part; c is what makes intervals
hold what they say nevertheless, found by simulation (docs/comparison-stand-ins.md).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[np.floating[Any]]

#: Weight of the variance between repeats.
BETWEEN = 0.5


@dataclass(frozen=True)
class Posterior:
    """Student's t around the mean difference.

    Parameters
    ----------
    mean : float
    scale : float
        0: the differences were all equal, and the mean is taken as certain.
    df : float
        Degrees of freedom.
    """

    mean: float
    scale: float
    df: float

    def above(self, value: float) -> float:
        """Return the probability that the true difference is above a value."""
        if self.scale == 0:
            return float(self.mean > value) + 0.5 * float(self.mean == value)
        return float(stats.t.sf(value, self.df, self.mean, self.scale))

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the central interval of this probability."""
        half = float(stats.t.ppf(0.5 + level / 2, self.df)) * self.scale
        return self.mean - half, self.mean + half


def correlated_t(differences: Any, test_to_train: float) -> Posterior:
    """Return the posterior of the mean of differences over folds.

    Parameters
    ----------
    differences : array-like of shape (J,)
        One per fold, J at least 2.
    test_to_train : float
        Rows tested on over rows trained on; with k folds 1 / (k - 1).

    Returns
    -------
    Posterior
    """
    d = np.asarray(differences, np.float64)
    if np.ptp(d) <= 1e-12 * np.abs(d).max():
        # Equal but for rounding.
        return Posterior(float(d[0]), 0.0, len(d) - 1)
    scale = float(d.std(ddof=1)) * math.sqrt(1 / len(d) + test_to_train)
    return Posterior(float(d.mean()), scale, len(d) - 1)


def over_rows(
    influence: Any, repeats: Any, clusters: Any = None, c: float = BETWEEN
) -> Posterior:
    """Return the posterior of a gain from the influences of rows and from repeats.

    Parameters
    ----------
    influence : array-like of shape (n,)
        How much the gain moves with each row, with mean 0; over all repeats.
    repeats : array-like of shape (R,)
        The gain in each repeat, R at least 2.
    clusters : array-like of shape (n,) or None, default=None
        Equal for rows that belong together; None: every row stands alone.
    c : float, default=BETWEEN
        Weight of the variance between repeats.

    Returns
    -------
    Posterior
    """
    psi, g = np.asarray(influence, np.float64), np.asarray(repeats, np.float64)
    n = len(psi)
    if clusters is not None:
        number = np.unique(clusters, return_inverse=True)[1]
        psi = np.bincount(number, psi).astype(np.float64)
    count = len(psi)
    by_rows = float(np.sum(np.square(psi))) / n**2 * count / (count - 1)
    between = c * float(np.var(g, ddof=1))
    variance = by_rows + between
    if variance <= (1e-12 * float(np.abs(g).max())) ** 2:
        return Posterior(float(g.mean()), 0.0, count - 1)
    df = variance**2 / (by_rows**2 / (count - 1) + between**2 / (len(g) - 1))
    return Posterior(float(g.mean()), math.sqrt(variance), df)


def separate_noise(by_seed: Sequence[Any], every: Any) -> tuple[float, float]:
    """Return the standard deviations that data and that training seeds give a fold.

    Seeds that differ on the same fold differ by training alone; what is left of the
    scatter over all folds is the data's.

    Parameters
    ----------
    by_seed : sequence of array-like of shape (F,)
        Differences on the same F folds, one array per seed, at least two.
    every : array-like of shape (J,)
        Differences on all folds with one seed each.

    Returns
    -------
    data, training : float
    """
    training = float(np.var(np.asarray(by_seed), axis=0, ddof=1).mean())
    total = float(np.var(np.asarray(every), ddof=1))
    return math.sqrt(max(0.0, total - training)), math.sqrt(training)
