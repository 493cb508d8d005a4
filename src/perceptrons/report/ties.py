"""Which of two errors is lower, and when that is not decidable.

Two networks that predict the same rows are compared row by row: the difference of their
mean squared errors is the mean of the differences of their squared errors, and these
say how much it scatters. That is the scatter of the test set, of these two trained
networks: trained from other initial weights they would scatter further, which several
seeds show. Where there are no predictions to pair, as of medians, costs and printed
numbers, a share of the larger error has to do; so it does for errors on the training
rows, which were fitted and are no sample.

"Lower" is a question of scatter, "alike" one of size: two nearly equal networks can be
told apart however little they differ, so that claims of sameness have a margin.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Errors that cannot be paired tie if they are closer than this share of the larger:
#: two standard errors of the difference of two test MSEs on the same 300 rows, one of
#: which is 1 to 9 %, in the median 5.5 % (all pairs of the study "optimizers" with a
#: test MSE below 0.02). Errors no farther apart are alike.
TIE = 0.11

# Seeds may contradict the others as long as a fair coin would show so few, or fewer,
# with at most this probability.
_CHANCE = 0.05


class Error(float):
    """A mean squared error that knows what it is the mean of.

    Parameters
    ----------
    value : float
    squares : ndarray of shape (n,), optional
        Squared error of each row; without it the error is a plain number.
    sample : hashable, optional
        Which rows these are; errors of the same sample can be paired.
    """

    squares: NDArray[Any] | None
    sample: Hashable

    def __new__(
        cls,
        value: float,
        squares: NDArray[Any] | None = None,
        sample: Hashable = None,
    ) -> Error:
        """Make the number and keep the rest beside it."""
        error = super().__new__(cls, value)
        error.squares, error.sample = squares, sample
        return error


def _differences(a: float, b: float) -> NDArray[Any] | None:
    """Return how two errors of the same rows differ, row by row.

    None if they cannot be paired, or the only row says nothing about their scatter.
    """
    if not isinstance(a, Error) or not isinstance(b, Error) or a.sample != b.sample:
        return None
    if a.squares is None or b.squares is None or len(a.squares) < 2:
        return None
    differences: NDArray[Any] = a.squares - b.squares
    return differences


def scatter(a: float, b: float) -> float:
    """Return the largest difference of two finite errors that is a tie.

    Parameters
    ----------
    a, b : float

    Returns
    -------
    float
        Of an :class:`Error` of the same rows: two standard errors of the mean of the
        differences, row by row; 0 if they differ alike on every row. Otherwise
        ``TIE`` times the larger of their sizes.
    """
    differences = _differences(a, b)
    if differences is not None:
        return float(2.0 * np.std(differences, ddof=1) / math.sqrt(len(differences)))
    return TIE * max(abs(a), abs(b))


def worst_last(error: float) -> float:
    """Return an error by which one can sort; without a number it is the worst."""
    return math.inf if math.isnan(error) else error


def lower(a: float, b: float) -> bool | None:
    """Tell whether error a is lower than b.

    Parameters
    ----------
    a, b : float
        NaN is infinitely bad.

    Returns
    -------
    bool or None
        None for a tie: within :func:`scatter`.
    """
    x, y = worst_last(a), worst_last(b)
    if x == y or (math.isfinite(x - y) and abs(x - y) <= scatter(a, b)):
        return None
    return bool(x < y)


def lower_by_share(a: float, b: float) -> bool | None:
    """Tell whether error a is lower than b by more than a share, however they scatter.

    Parameters
    ----------
    a, b : float
        NaN is infinitely bad.

    Returns
    -------
    bool or None
        None for errors that are alike: within ``TIE`` times the larger of their sizes.
    """
    return lower(float(a), float(b))


def alike(a: float, b: float) -> bool:
    """Tell whether two errors differ by no more than ``TIE`` times the larger.

    Parameters
    ----------
    a, b : float
        NaN is infinitely bad; two of them are alike.
    """
    return lower_by_share(a, b) is None


def apart(a: float, b: float) -> str:
    """Say how far apart two errors are, for a sentence.

    Parameters
    ----------
    a, b : float

    Returns
    -------
    str
        In standard errors of their difference where they can be paired.
    """
    if not math.isfinite(a - b):
        return "one without a number"
    if a == b:
        return "equal"
    if _differences(a, b) is None:
        return f"{abs(a - b) / max(abs(a), abs(b)):.1%} apart"
    two = scatter(a, b)
    if two == 0.0:
        return "apart by the same on every row"
    return f"{2.0 * abs(a - b) / two:.1f} standard errors apart"


def agreement(answers: Iterable[bool | None]) -> bool | None:
    """Return what the seeds say together, None if that is open.

    Parameters
    ----------
    answers : iterable of bool or None
        One per seed, each beyond two standard errors; None for a tie.

    Returns
    -------
    bool or None
        The answer of more than half of all seeds, unless more of them contradict it
        than a sign test at 5 % allows: none of up to 7 that answer, 1 of 8 to 10, 2 of
        11 or 12.
    """
    found = list(answers)
    for answer in (True, False):
        said, against = found.count(answer), found.count(not answer)
        if 2 * said > len(found) and (not against or _rare(against, said + against)):
            return answer
    return None


def _rare(against: int, n: int) -> bool:
    """Tell whether a fair coin seldom shows one side so few times in n throws."""
    ways = sum(math.comb(n, k) for k in range(against + 1))
    return bool(ways <= _CHANCE * 2**n)
