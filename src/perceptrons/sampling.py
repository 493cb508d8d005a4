"""Which rows make a batch and which units are dropped, drawn from raw random words.

Every engine reads the same 64-bit words of the same generator in the same order, so
for one seed all engines visit the same batches and drop the same units.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]
Indices = NDArray[np.intp]


def high_words(raw: NDArray[np.uint64], bounds: Any) -> Indices:
    """Return the high 64 bits of raw x bounds: whole numbers in [0, bounds).

    ``bounds`` (integers below 2**32) times a 64-bit word needs 96 bits, so the word
    is split into halves of 32.
    """
    n = np.asarray(bounds, np.uint64)
    half = np.uint64(32)
    low = (raw & np.uint64(0xFFFFFFFF)) * n
    return ((((raw >> half) * n) + (low >> half)) >> half).astype(np.intp)


#: Names of a training's streams, in the order in which they are spawned.
STREAMS = ("weights", "batches", "split", "dropout")


@dataclass
class Streams:
    """The random streams of one training, each seeded when it is first drawn from.

    They are the four that ``numpy.random.default_rng(seed).spawn(4)`` returns.

    Parameters
    ----------
    entropy : int
        Of NumPy's SeedSequence.
    drawn : dict of str to Generator
        The streams that were drawn from.
    """

    entropy: int
    drawn: dict[str, np.random.Generator] = field(default_factory=dict, repr=False)

    @staticmethod
    def of(seed: int | np.integer[Any] | None) -> Streams:
        """Return the streams of a seed; None: of the system's randomness."""
        return Streams(secrets.randbits(128) if seed is None else int(seed))

    @property
    def weights(self) -> np.random.Generator:
        """The stream of initial weights."""
        return self._stream("weights")

    @property
    def batches(self) -> np.random.Generator:
        """The stream of batches."""
        return self._stream("batches")

    @property
    def split(self) -> np.random.Generator:
        """The stream of the validation split."""
        return self._stream("split")

    @property
    def dropout(self) -> np.random.Generator:
        """The stream of dropout."""
        return self._stream("dropout")

    def _stream(self, name: str) -> np.random.Generator:
        """Return the stream of this name, always the same."""
        # Not a cached_property: before Python 3.12 its lock is one for all objects, and
        # a child forked while another thread holds it would wait for ever.
        if name not in self.drawn:
            key = (STREAMS.index(name),)
            seeds = np.random.SeedSequence(self.entropy, spawn_key=key)
            self.drawn[name] = np.random.Generator(np.random.PCG64(seeds))
        return self.drawn[name]


@dataclass(frozen=True)
class RowSubset:
    """Some rows of X, left where they lie: an engine reads them through the indices.

    Parameters
    ----------
    X : {ndarray, CSR matrix} of shape (n, d)
    rows : ndarray of int
        The rows that count, in their order.
    """

    X: Any
    rows: Indices

    @property
    def shape(self) -> tuple[int, int]:
        """(number of rows that count, d)."""
        return len(self.rows), self.X.shape[1]

    def __getitem__(self, rows: Any) -> Any:
        """Copy some of the rows that count."""
        return self.X[self.rows[rows]]

    @staticmethod
    def of(X: Any, rows: Indices) -> RowSubset:
        """Return rows of X, which may be a subset already."""
        if isinstance(X, RowSubset):
            return RowSubset(X.X, X.rows[rows])
        return RowSubset(X, rows)


@dataclass(frozen=True)
class Batches:
    """How the rows of one epoch are drawn and cut into batches.

    Stochastic gradient descent: the gradient of eq. (29) of the report, taken over one
    batch instead of all rows.

    Parameters
    ----------
    n_rows : int
        Rows of the training data, below 2**32.
    size : int
        Rows of a batch; the last batch of an epoch may be shorter.
    draw : {"in order", "shuffled", "with replacement"}
        "shuffled" visits every row once, in a new order every epoch; "with
        replacement" draws n_rows rows independently.
    stream : Generator
        Source of the raw words.
    """

    n_rows: int
    size: int
    draw: Literal["in order", "shuffled", "with replacement"]
    stream: np.random.Generator

    @property
    def n_steps(self) -> int:
        """Number of batches in an epoch."""
        return -(-self.n_rows // self.size)

    def order(self) -> Indices | None:
        """Draw the row indices of the next epoch; None: all rows as they stand."""
        n = self.n_rows
        words = self.stream.bit_generator.random_raw
        if self.draw == "with replacement":
            return high_words(words(n), n)
        if self.draw == "in order" or n == 1:
            return None
        # Fisher and Yates from the end. A loop over Python integers: each swap
        # depends on the one before, and lists beat arrays element by element.
        partners = high_words(words(n - 1), np.arange(n, 1, -1)).tolist()
        order = list(range(n))
        for i, j in zip(range(n - 1, 0, -1), partners, strict=True):
            order[i], order[j] = order[j], order[i]
        return np.array(order, np.intp)


@dataclass(frozen=True)
class Dropout:
    """Inverted dropout of hidden units (Srivastava et al. 2014, section 10).

    A unit is dropped when its raw word is below p 2^64; the others are scaled by
    1 / (1 - p), so prediction needs no scaling.

    Parameters
    ----------
    rates : sequence of float in [0, 1)
        The p of each hidden layer.
    widths : sequence of int
        Units of each hidden layer.
    stream : Generator
        Source of the raw words, layer by layer, row by row.
    """

    rates: Sequence[float]
    widths: Sequence[int]
    stream: np.random.Generator

    def masks(self, n_rows: int, dtype: Any) -> list[Array | None]:
        """Draw the factors of every hidden layer for one batch; None: all kept."""
        masks: list[Array | None] = []
        for p, width in zip(self.rates, self.widths, strict=True):
            if p == 0.0:
                masks.append(None)
                continue
            raw = self.stream.bit_generator.random_raw(n_rows * width)
            kept = (raw >= np.uint64(int(p * 2.0**64))).reshape(n_rows, width)
            masks.append(np.multiply(kept, 1.0 / (1.0 - p), dtype=dtype))
        return masks
