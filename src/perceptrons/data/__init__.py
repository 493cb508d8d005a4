"""Data sets of the studies: a table of them by name, and tables of the user's own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from perceptrons.data import table
from perceptrons.data.dataset import Dataset
from perceptrons.data.images import DIGITS, MNIST, load_digits, load_mnist
from perceptrons.data.samples import describe_runge, runge, runge_function

__all__ = [
    "DATASETS",
    "Dataset",
    "Source",
    "check",
    "identity",
    "load_digits",
    "load_mnist",
    "public",
    "runge",
    "runge_function",
    "shape",
    "source",
    "told",
]

# Samples and where their interval begins, of every data set of Runge's function.
_RUNGE = {
    "runge": (1500, -1.0),
    "runge-0-1": (1500, 0.0),
    "runge-10000": (10_000, -1.0),
    "runge-0-1-10000": (10_000, 0.0),
}


@dataclass(frozen=True)
class Source:
    """A row of ``DATASETS``, to be called for its data set.

    Parameters
    ----------
    load : callable
        (seed, folder or None) -> Dataset.
    label : str
        What titles call it.
    description : str
        One sentence, as in the Dataset.
    shape : (int, int)
        Rows of both parts, and columns.
    classes : bool, default=False
        Whether the targets are classes.
    seeded : bool, default=False
        Whether every seed draws it afresh.
    files : bool, default=False
        Whether it is read from files that are not shipped: :func:`mnist.find`.
    """

    load: Callable[[int, Path | None], Dataset]
    label: str
    description: str
    shape: tuple[int, int]
    classes: bool = False
    seeded: bool = False
    files: bool = False

    def __call__(self, seed: int = 0, folder: Path | None = None) -> Dataset:
        """Load it for a seed, its files from this folder."""
        return self.load(seed, folder)


def _samples(name: str) -> Source:
    """Return the row of one of the sets of samples of Runge's function."""
    n, low = _RUNGE[name]
    return Source(
        lambda seed, folder: replace(runge(seed, n_samples=n, low=low), name=name),
        "Runge's function",
        describe_runge(n, low),
        (n, 1),
        seeded=True,
    )


def _split(name: str) -> Source:
    """Return the row of one of MNIST's splits."""
    return Source(
        lambda seed, folder: load_mnist(name, folder, download=False),
        "MNIST",
        MNIST[name],
        (70_000, 784),
        classes=True,
        files=True,
    )


DATASETS: dict[str, Source] = {
    **{name: _samples(name) for name in _RUNGE},
    "digits": Source(
        lambda seed, folder: load_digits(),
        "Digits (8 x 8)",
        DIGITS,
        (1797, 64),
        classes=True,
    ),
    "mnist-report": _split("report"),
    "mnist-official": _split("official"),
}


def source(name: str) -> Source:
    """Return the data set of this name.

    Parameters
    ----------
    name : str
        A name in ``DATASETS``, or that of a :class:`table.TableFile`.

    Returns
    -------
    Source
    """
    if name in DATASETS:
        return DATASETS[name]
    file = table.named(name)

    def load(seed: int, folder: Path | None) -> Dataset:
        return table.load(file, seed)

    label = Path(file.file).name
    return Source(
        load, label, file.description, table.shape(file), file.classes, seeded=True
    )


def shape(name: str) -> tuple[int, int]:
    """Return the rows of both parts of a data set and its columns, (0, 0) without one.

    Parameters
    ----------
    name : str
        As in :func:`source`, or "".
    """
    return source(name).shape if name else (0, 0)


def identity(name: str) -> str:
    """Return what decides a data set: its name, of a file the content, not the place.

    Parameters
    ----------
    name : str
        As in :func:`source`, or "".
    """
    return name if name in DATASETS or not name else table.named(name).content


def public(name: str) -> str:
    """Return what may be written down of a data set: of a file no place, only its name.

    Parameters
    ----------
    name : str
        As in :func:`source`, or "".
    """
    if name in DATASETS or not name:
        return name
    file = table.named(name)
    return replace(file, file=Path(file.file).name).name


def told(name: str) -> list[str]:
    """Return what to mind of a data set: of a file its columns that were lost.

    Parameters
    ----------
    name : str
        As in :func:`source`.
    """
    return [] if name in DATASETS else table.named(name).told


def check(name: str, seeds: Iterable[int]) -> None:
    """Refuse a data set that cannot be split by these seeds.

    Parameters
    ----------
    name : str
        As in :func:`source`.
    seeds : iterable of int

    Raises
    ------
    ValueError
        For a :class:`table.TableFile` that cannot be used: :func:`table.check`.
    """
    if name not in DATASETS:
        table.check(table.named(name), seeds)
