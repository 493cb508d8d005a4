"""How a network sees the columns: scaled, and numbers encoded in one of four ways.

A network of a few layers bends slowly along a column; an encoding brings the bends to
its inputs. Which one serves is a matter of the table, so they are settings of the race.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

Array = NDArray[np.floating[Any]]
Places = NDArray[np.intp]
Encoding = Literal["plain", "bins", "normal", "cosines"]

# Where a scaled column bends: RealMLP's smooth clipping, |x| < 3 for every x.
CLIP = 3.0
# Bins of a column: between so many quantiles, fewer where there are many columns.
MOST_BINS, LEAST_BINS, APPENDED = 8, 3, 256
# Cosines of a column, and the spread of their frequencies in cycles per deviation.
COSINES, FREQUENCY = 4, 0.3
# Quantiles that become those of a normal, which ends at so many deviations.
KNOTS, FARTHEST = 256, 3.0
# Rows at a time of which bisection finds the quantiles sooner than NumPy.
FEW = 8


@dataclass(frozen=True)
class Scaler:
    """Robust scale of the columns, learned once for all encodings.

    Parameters
    ----------
    center, spread : ndarray of shape (d,)
        The median, and the distance that counts as 1: that between the quartiles;
        where they agree, as in an indicator column of a rare category, between the
        ends; 0 for a constant column.
    numbers : ndarray of int
        Columns of more than two values, which are encoded; the others are indicators.
    """

    center: Array
    spread: Array
    numbers: Places

    @staticmethod
    def of(X: Array) -> Scaler:
        """Learn from rows X (n, d)."""
        low, center, high = np.quantile(X, [0.25, 0.5, 0.75], axis=0)
        ends = X.min(axis=0), X.max(axis=0)
        spread = np.where(high > low, high - low, ends[1] - ends[0])
        between = ((ends[0] < X) & (ends[1] > X)).any(axis=0)
        return Scaler(center, spread, np.flatnonzero(between))

    def __call__(self, X: Array) -> Array:
        """Return the columns scaled and clipped smoothly, in (-3, 3)."""
        # A constant column is 0 whatever comes later: it has taught nothing.
        scaled: Array = X - self.center
        scaled /= np.where(self.spread > 0, self.spread, np.inf)
        # x / sqrt(1 + (x / 3)^2), written so that no square overflows.
        scaled /= np.hypot(1.0, scaled / CLIP)
        return scaled


@dataclass(frozen=True)
class Plain:
    """Scaled columns and no more."""

    scaler: Scaler

    @staticmethod
    def of(scaler: Scaler, X: Array, random: np.random.RandomState) -> Plain:
        """Learn nothing further."""
        return Plain(scaler)

    def __call__(self, X: Array) -> Array:
        """Return the inputs of a network, float32."""
        return self.scaler(X).astype(np.float32)


@dataclass(frozen=True)
class Bins:
    """Scaled columns, and where in each bin between quantiles a number lies.

    min(1, max(0, (x - low) / width)), the piecewise linear encoding of Gorishniy,
    Rubachev and Babenko (2022), On embeddings for numerical features, eq. 1.

    Parameters
    ----------
    scaler : Scaler
    column : ndarray of int of shape (m,)
    low, width : ndarray of shape (m,)
    """

    scaler: Scaler
    column: Places
    low: Array
    width: Array

    @staticmethod
    def of(scaler: Scaler, X: Array, random: np.random.RandomState) -> Bins:
        """Learn the bins of rows X (n, d)."""
        per_column = APPENDED // max(len(scaler.numbers), 1)
        n_bins = int(np.clip(per_column, LEAST_BINS, MOST_BINS))
        levels = np.linspace(0, 1, n_bins + 1)
        column: list[Places] = []
        low: list[Array] = []
        width: list[Array] = []
        for number in scaler.numbers:
            edges = np.unique(np.quantile(X[:, number], levels))
            # A single bin is the column itself.
            if len(edges) > 2:
                column.append(np.full(len(edges) - 1, number))
                low.append(edges[:-1])
                width.append(np.diff(edges))
        if not column:
            return Bins(scaler, np.zeros(0, np.intp), np.zeros(0), np.zeros(0))
        return Bins(
            scaler, np.concatenate(column), np.concatenate(low), np.concatenate(width)
        )

    def __call__(self, X: Array) -> Array:
        """Return the inputs of a network, float32."""
        inside = X.take(self.column, axis=1)
        inside -= self.low
        inside /= self.width
        np.maximum(inside, 0.0, out=inside)
        np.minimum(inside, 1.0, out=inside)
        return _beside(self.scaler(X), inside)


@dataclass(frozen=True)
class Normal:
    """Numbers by their rank among those seen, as quantiles of a normal.

    Parameters
    ----------
    scaler : Scaler
        For the columns that are no numbers.
    seen, normal : list of ndarray
        Of each number: values in order and the quantiles they become; linear between.
    """

    scaler: Scaler
    seen: list[Array]
    normal: list[Array]

    @staticmethod
    def of(scaler: Scaler, X: Array, random: np.random.RandomState) -> Normal:
        """Learn the ranks of rows X (n, d)."""
        seen, normal = [], []
        end = 0.5 * (1 + np.tanh(FARTHEST))  # keeps ndtri finite before it is clipped
        for number in scaler.numbers:
            ordered = np.sort(X[:, number])
            values = np.unique(np.quantile(ordered, np.linspace(0, 1, KNOTS + 1)))
            below = np.searchsorted(ordered, values, "left")
            upto = np.searchsorted(ordered, values, "right")
            rank = np.clip((below + upto) / (2 * len(ordered)), 1 - end, end)
            seen.append(values)
            normal.append(np.clip(ndtri(rank), -FARTHEST, FARTHEST))
        return Normal(scaler, seen, normal)

    def __call__(self, X: Array) -> Array:
        """Return the inputs of a network, float32."""
        inputs = self.scaler(X)
        triples = zip(self.scaler.numbers, self.seen, self.normal, strict=True)
        for number, seen, normal in triples:
            inputs[:, number] = np.interp(X[:, number], seen, normal)
        return inputs.astype(np.float32)

    def fast(self) -> Callable[[Array], Array]:
        """Return what does the same, bit for bit, in less time for a few rows.

        A call of NumPy for all columns, each place having been found by bisection.
        """
        if not self.seen:
            return self
        sizes = [len(seen) + 1 for seen in self.seen]
        offset = np.cumsum([0, *sizes[:-1]])
        places = [seen.tolist() for seen in self.seen]
        # Before the first value and after the last a level, between them slopes.
        start = np.concatenate([np.append(seen[0], seen) for seen in self.seen])
        level = np.concatenate([np.append(f[0], f) for f in self.normal])
        slope = np.concatenate(
            [
                np.concatenate([[0.0], np.diff(f) / np.diff(seen), [0.0]])
                for seen, f in zip(self.seen, self.normal, strict=True)
            ]
        )
        numbers = self.scaler.numbers

        def encode(X: Array) -> Array:
            if len(X) > FEW:
                return self(X)
            columns = X.take(numbers, axis=1)
            at = offset + [
                [bisect_right(p, x) for p, x in zip(places, row, strict=True)]
                for row in columns.tolist()
            ]
            columns -= start[at]
            columns *= slope[at]
            columns += level[at]
            if len(numbers) == X.shape[1]:
                return columns.astype(np.float32)
            inputs = self.scaler(X)
            inputs[:, numbers] = columns
            return inputs.astype(np.float32)

        return encode


@dataclass(frozen=True)
class Cosines:
    """Scaled columns, and cosines of each number at random frequencies.

    cos(2 pi (f x + p)): random Fourier features of one column (Rahimi and Recht 2007,
    Random features for large-scale kernel machines; periodic embeddings of Gorishniy,
    Rubachev and Babenko 2022, not trained).

    Parameters
    ----------
    scaler : Scaler
    frequency, phase : ndarray of shape (number of numbers, cosines)
    """

    scaler: Scaler
    frequency: Array
    phase: Array

    @staticmethod
    def of(scaler: Scaler, X: Array, random: np.random.RandomState) -> Cosines:
        """Draw frequencies and phases."""
        shape = len(scaler.numbers), COSINES
        # The quartiles of a normal are 1.35 deviations apart.
        frequency = random.normal(0.0, 1.35 * FREQUENCY, shape)
        return Cosines(scaler, frequency, random.uniform(size=shape))

    def __call__(self, X: Array) -> Array:
        """Return the inputs of a network, float32."""
        scaled = self.scaler(X)
        turns = scaled[:, self.scaler.numbers, None] * self.frequency + self.phase
        waves = np.cos(2 * np.pi * turns).reshape(len(X), -1)
        return _beside(scaled, waves)


def _beside(left: Array, right: Array) -> Array:
    """Return the columns of both, float32."""
    d = left.shape[1]
    out = np.empty((len(left), d + right.shape[1]), np.float32)
    out[:, :d] = left
    out[:, d:] = right
    return out


Encoder = Plain | Bins | Normal | Cosines
ENCODINGS: dict[Encoding, type[Plain] | type[Bins] | type[Normal] | type[Cosines]] = {
    "plain": Plain,
    "bins": Bins,
    "normal": Normal,
    "cosines": Cosines,
}
