"""A reader's own CSV file as a data set."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perceptrons import _checks, _reading


@dataclass(frozen=True)
class TableFile:
    """A CSV file, its target column and how it is split.

    Parameters
    ----------
    file : str
        Path of a CSV file in UTF-8 whose first line names the columns. Every column
        but the target is a feature and holds numbers.
    target : str
        Column to predict.
    test_size : float
        Share of the rows that test, drawn afresh for every seed.
    classes : bool
        Whether the target's values are classes, of any text, or numbers.
    sha256 : str
        Of the file's content.
    """

    file: str
    target: str
    test_size: float
    classes: bool
    sha256: str

    @property
    def name(self) -> str:
        """All fields as a text from which :func:`named` makes the record again."""
        return json.dumps(asdict(self), sort_keys=True)

    @property
    def content(self) -> str:
        """What decides the data: all but the place of the file."""
        fields = {k: v for k, v in asdict(self).items() if k != "file"}
        return json.dumps(fields, sort_keys=True)

    @property
    def description(self) -> str:
        """One sentence: where the numbers come from."""
        return (
            f"{Path(self.file).name} (SHA-256 {self.sha256[:12]}), target "
            f"{self.target}; {self.test_size:.0%} of its rows, drawn afresh for every "
            "seed, test; features standardized by mean and standard deviation of the "
            "training rows."
        )


def describe(settings: Mapping[str, Any], folder: Path, *, classes: bool) -> TableFile:
    """Check what an experiment says about its file, and the file itself.

    Parameters
    ----------
    settings : mapping
        ``file``, relative to the folder; ``target``; ``test_size``, 0.2 if not given.
    folder : Path
    classes : bool

    Returns
    -------
    TableFile

    Raises
    ------
    ValueError, TypeError
        Naming the key or column, the rule, what came, and a remedy.
    """
    for key in settings:
        _checks.choice("a key of dataset", key, ["file", "target", "test_size"])
    for key in ("file", "target"):
        if not isinstance(settings.get(key), str):
            raise TypeError(
                f"dataset.{key} must be a text, got {settings.get(key)!r}; write "
                "dataset = { file = 'my.csv', target = 'y' }."
            )
    remedy = "it is the share of rows that test"
    test_size = _checks.real(
        "dataset.test_size", settings.get("test_size", 0.2), remedy,
        low=0, high=1, closed="neither",
    )  # fmt: skip
    path = folder / settings["file"]
    try:
        digest = hashlib.sha256(_reading.content(path)).hexdigest()
        path = path.resolve()
    except OSError as error:
        raise ValueError(
            f"dataset.file {path} cannot be read: {error.strerror}."
        ) from None
    table = TableFile(str(path), settings["target"], test_size, classes, digest)
    check(table, [])
    return table


def check(table: TableFile, seeds: Iterable[int]) -> None:
    """Refuse a file that cannot be used, or not with these seeds.

    Parameters
    ----------
    table : TableFile
    seeds : iterable of int
        Each must leave rows of every class to train on.

    Raises
    ------
    ValueError
        As :func:`load`.
    """
    _, y = _read(table)
    _test_rows(table, len(y))
    for seed in seeds:
        _split(table, y, seed)


def named(name: str) -> TableFile:
    """Return the record whose ``name`` this is.

    Parameters
    ----------
    name : str

    Raises
    ------
    ValueError
        If the text is no such name.
    """
    try:
        return TableFile(**json.loads(name))
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name!r} names no table: {error}.") from None


def load(
    table: TableFile, seed: int
) -> tuple[NDArray[np.float64], NDArray[Any], NDArray[np.float64], NDArray[Any]]:
    """Read, split and standardize a table.

    Parameters
    ----------
    table : TableFile
    seed : int >= 0
        The rows are shuffled by ``RandomState(seed)``.

    Returns
    -------
    X_train, X_test : ndarray of shape (n, d)
    y_train, y_test : ndarray of shape (n,)
        Returned as X_train, y_train, X_test, y_test; classes as integers from 0.

    Raises
    ------
    ValueError
        If the file has changed, or cannot be used, or if a class has rows that test
        but none to train on.
    """
    X, y = _read(table)
    train, test = _split(table, y, seed)
    if table.classes:
        y = np.unique(y, return_inverse=True)[1].astype(np.int64)
    center, scale = X[train].mean(axis=0), X[train].std(axis=0)
    # A column that does not vary stays 0.
    X = (X - center) / np.where(scale > 0, scale, 1.0)
    return X[train], y[train], X[test], y[test]


@lru_cache(maxsize=8)
def shape(table: TableFile) -> tuple[int, int]:
    """Return the number of rows and of features; errors as :func:`load`.

    Parameters
    ----------
    table : TableFile
    """
    rows, columns = _read(table)[0].shape
    return rows, columns


def _test_rows(table: TableFile, n: int) -> int:
    """Return how many of n rows test."""
    n_test = math.ceil(table.test_size * n)
    if n - n_test < 2:
        raise ValueError(
            f"dataset.file has {n} rows, of which dataset.test_size = "
            f"{table.test_size} leaves {n - n_test} to train on; 2 are needed."
        )
    return n_test


def _split(
    table: TableFile, y: NDArray[Any], seed: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the rows that train and those that test."""
    n_test = _test_rows(table, len(y))
    order = np.random.RandomState(seed).permutation(len(y))
    train, test = order[n_test:], order[:n_test]
    unknown = np.setdiff1d(y[test], y[train])
    if table.classes and len(unknown):
        raise ValueError(
            f"dataset.file: seed {seed} leaves no row of class {str(unknown[0])!r} to "
            "train on, only rows that test; give it more rows, lower "
            "dataset.test_size or choose other seeds."
        )
    return train, test


def _read(table: TableFile) -> tuple[NDArray[np.float64], NDArray[Any]]:
    """Return features and target of all rows, classes as texts."""
    content = _reading.content(Path(table.file))
    if hashlib.sha256(content).hexdigest() != table.sha256:
        raise ValueError(
            f"dataset.file {table.file} changed while the study was running; run the "
            "same command again."
        )
    try:
        text = io.StringIO(content.decode("utf-8-sig"), newline="")
        lines = [line for line in csv.reader(text) if line]
    except UnicodeDecodeError as error:
        raise ValueError(f"dataset.file must be text in UTF-8: {error}.") from None
    except csv.Error as error:
        raise ValueError(f"dataset.file cannot be read as a table: {error}.") from None
    if len(lines) < 2 or len(lines[0]) < 2:
        raise ValueError(
            f"dataset.file {table.file} must have a line of at least two column names, "
            "commas between them, and rows below it."
        )
    head, rows = lines[0], lines[1:]
    if twice := [name for name in head if head.count(name) > 1]:
        raise ValueError(
            f"dataset.file has two columns called {twice[0]!r}; rename or drop one."
        )
    _checks.choice("dataset.target", table.target, head)
    for number, row in enumerate(rows, start=2):
        if len(row) != len(head):
            raise ValueError(
                f"dataset.file: row {number} has {len(row)} values, got {len(head)} "
                "column names; every row needs one value per column."
            )
    columns = dict(zip(head, zip(*rows, strict=True), strict=True))
    target = columns.pop(table.target)
    X = np.column_stack([_numbers(name, texts) for name, texts in columns.items()])
    if table.classes:
        return X, np.array(target)
    return X, _numbers(table.target, target)


def _numbers(name: str, texts: tuple[str, ...]) -> NDArray[np.float64]:
    """Return a column as finite numbers."""
    for number, text in enumerate(texts, start=2):
        try:
            finite = math.isfinite(float(text))
        except ValueError:
            finite = False
        if not finite:
            raise ValueError(
                f"dataset.file: column {name!r} must hold finite numbers, got "
                f"{text[:40]!r} in row {number}; encode or drop it first."
            )
    return np.array(texts, np.float64)
