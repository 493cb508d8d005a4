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

#: The same training takes up to this much longer from one time to the next on a
#: machine with other work: closer times are a tie.
TIMING = 1.25

# Seeds may contradict the others as long as a fair coin would show so few, or fewer,
# with at most this probability.
_CHANCE = 0.05


class Error(float):
    """An error that knows what it is the mean of.

    Parameters
    ----------
    value : float
    squares : ndarray of shape (n,), optional
        Squared error of each row; without it the error is a plain number.
    sample : hashable, optional
        Which rows these are; errors of the same sample can be paired.
    limit : float, default=inf
        A network with an error above it has learned nothing.
    share, count : float and int, optional
        Of a classifier: the share of its rows that it gets wrong, by which the number
        scatters, and how many rows these are.
    """

    squares: NDArray[Any] | None
    sample: Hashable
    limit: float
    share: float | None
    count: int

    def __new__(
        cls,
        value: float,
        squares: NDArray[Any] | None = None,
        sample: Hashable = None,
        *,
        limit: float = math.inf,
        share: float | None = None,
        count: int = 0,
    ) -> Error:
        """Make the number and keep the rest beside it."""
        error = super().__new__(cls, value)
        error.squares, error.sample, error.limit = squares, sample, limit
        error.share, error.count = share, count
        return error

    def replaced(self, value: float) -> Error:
        """Return another number that scatters alike, without rows to pair."""
        return Error(value, limit=self.limit, share=self.share, count=self.count)


def lost(error: float) -> bool:
    """Tell whether an error is that of a network that has learned nothing.

    Parameters
    ----------
    error : float
        Only an :class:`Error` knows its limit.
    """
    limit = error.limit if isinstance(error, Error) else math.inf
    return not error <= limit


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
        differences, row by row; 0 if they differ alike on every row. Of two shares of
        rows, two standard errors of their difference. Otherwise ``TIE`` times the
        larger of their sizes.
    """
    differences = _differences(a, b)
    if differences is not None:
        return float(2.0 * np.std(differences, ddof=1) / math.sqrt(len(differences)))
    if isinstance(a, Error) and isinstance(b, Error) and a.count and b.count:
        # Of n rows that two classifiers get a n and b n wrong, at most the sum of both
        # is wrong with one alone, and so is the variance of the difference.
        wrong = (a.share or 0.0) + (b.share or 0.0)
        return 2.0 * math.sqrt(wrong / min(a.count, b.count))
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
        None for a tie: within :func:`scatter`. Who has learned nothing loses against
        who has, and ties with its like, however many digits apart.
    """
    if lost(a) and lost(b):
        return None
    if lost(a) or lost(b):
        return lost(b)
    x, y = worst_last(a), worst_last(b)
    if x == y or (math.isfinite(x - y) and abs(x - y) <= scatter(a, b)):
        return None
    return bool(x < y)


def higher(a: float, b: float) -> bool | None:
    """Tell whether a is higher than b; None for a tie."""
    return lower(b, a)


def lower_by_share(a: float, b: float) -> bool | None:
    """Tell whether error a is lower than b by more than a share, however they scatter.

    Parameters
    ----------
    a, b : float
        NaN is infinitely bad.

    Returns
    -------
    bool or None
        None for errors that are alike: within ``TIE`` times the larger of their sizes,
        or both of networks that have learned nothing.
    """
    x, y = (Error(e, limit=e.limit) if isinstance(e, Error) else e for e in (a, b))
    return lower(x, y)


def not_lower_by_share(a: float, b: float) -> bool | None:
    """Tell whether a gains no more over b than a share; None if both are lost."""
    return None if lost(a) and lost(b) else lower_by_share(a, b) is not True


def not_lost_to(a: float, b: float) -> bool:
    """Tell whether a is not clearly worse than b: lower, or a tie."""
    return lower(b, a) is not True


def alike(a: float, b: float) -> bool | None:
    """Tell whether two errors differ by no more than ``TIE`` times the larger.

    Parameters
    ----------
    a, b : float
        NaN is infinitely bad.

    Returns
    -------
    bool or None
        None if both are of networks that have learned nothing: they say nothing.
    """
    return None if lost(a) and lost(b) else lower_by_share(a, b) is None


def fewer(a: float, b: float) -> bool | None:
    """Tell whether a count, or a share that is no sample, is smaller than another."""
    return None if a == b else a < b


def faster(a: float, b: float) -> bool | None:
    """Tell whether a time is shorter than another; None for a tie or a gap."""
    if math.isnan(a) or math.isnan(b) or max(a, b) <= TIMING * min(a, b):
        return None
    return a < b


def learns_alone(a: float, b: float) -> bool:
    """Tell whether the first network has learned something, and the other nothing."""
    return lost(b) and not lost(a)


def apart(a: float, b: float) -> str:
    """Say how far apart two errors are, for a sentence.

    Parameters
    ----------
    a, b : float

    Returns
    -------
    str
        In standard errors of their difference where these are known.
    """
    if not math.isfinite(a - b):
        return "one without a number"
    if lost(a) or lost(b):
        both = "both have" if lost(a) and lost(b) else "one has"
        return f"{both} learned nothing"
    if a == b:
        return "equal"
    two = scatter(a, b)
    if two == TIE * max(abs(a), abs(b)):
        return f"{abs(a - b) / max(abs(a), abs(b)):.1%} apart"
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
