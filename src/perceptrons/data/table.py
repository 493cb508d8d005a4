"""A reader's own file as a data set."""

from __future__ import annotations

import hashlib
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
from perceptrons.data.dataset import Dataset
from perceptrons.tables import Column, TableEncoder, read
from perceptrons.tables.column import told
from perceptrons.tables.encoder import nothing_left
from perceptrons.tables.frames import read_cells
from perceptrons.tables.kinds import account
from perceptrons.tables.read import take_column
from perceptrons.tables.settle import settle

#: What may be said of the form of a file, and of its columns.
_FORMAT = ("encoding", "separator", "decimal", "thousands", "dates", "gaps")
_COLUMNS = ("drop", "category", "keep")
_SHARES = ("test_size", "validation_size")


@dataclass(frozen=True)
class TableFile:
    """A file of a table, its target column and how it is split.

    Parameters
    ----------
    file : str
        Path of what :func:`perceptrons.tables.read` reads. Every column but the target
        is a feature, as :class:`perceptrons.tables.TableEncoder` makes numbers of it.
    target : str
        Column to predict.
    test_size : float
        Share of the rows that test, drawn afresh for every seed.
    validation_size : float
        Share of the rows, others than those, by which settings are chosen; 0: by the
        rows that test.
    classes : bool
        Whether the target's values are classes, of any text, or numbers.
    sha256 : str
        Of the file's content.
    how : str
        What the user says of its form and columns, as JSON; empty if nothing.
    """

    file: str
    target: str
    test_size: float
    validation_size: float
    classes: bool
    sha256: str
    how: str = ""

    @property
    def name(self) -> str:
        """All fields as a text from which :func:`named` makes the record again."""
        return json.dumps(asdict(self), sort_keys=True)

    @property
    def content(self) -> str:
        """What decides the data: all but the place of the file."""
        fields = {k: v for k, v in asdict(self).items() if k != "file"}
        if not self.how:
            # A file of which nothing is said is what it was before anything could be.
            del fields["how"]
        return json.dumps(fields, sort_keys=True)

    @property
    def told(self) -> list[str]:
        """A line for each column dropped, pooled or read in a way that could be wrong.

        None where the file is no longer there.
        """
        return _parsed(self.name).told if Path(self.file).is_file() else []

    @property
    def description(self) -> str:
        """One sentence: where the numbers come from."""
        mind = "".join(f" {line}" for line in self.told)
        choose = (
            f", {self.validation_size:.0%} choose among settings"
            if self.validation_size
            else ""
        )
        return (
            f"{Path(self.file).name} (SHA-256 {self.sha256[:12]}), target "
            f"{self.target}; {self.test_size:.0%} of its rows, drawn afresh for every "
            f"seed, test{choose}; features standardized by mean and standard deviation "
            f"of the training rows.{mind}"
        )


def describe(settings: Mapping[str, Any], folder: Path, *, classes: bool) -> TableFile:
    """Check what an experiment says about its file, and the file itself.

    Parameters
    ----------
    settings : mapping
        ``file``, relative to the folder; ``target``; ``test_size`` and
        ``validation_size``, each 0.2 if not given;
        where they are needed the arguments of :func:`perceptrons.tables.read` and of
        :class:`perceptrons.tables.TableEncoder`.
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
        _checks.choice(
            "a key of dataset",
            key,
            ["file", "target", *_SHARES, *_FORMAT, *_COLUMNS],
        )
    for key in ("file", "target"):
        if not isinstance(settings.get(key), str):
            raise TypeError(
                f"dataset.{key} must be a text, got {settings.get(key)!r}; write "
                "dataset = { file = 'my.csv', target = 'y' }."
            )
    test_size = _checks.real(
        "dataset.test_size", settings.get("test_size", 0.2),
        "it is the share of rows that test", low=0, high=1, closed="neither",
    )  # fmt: skip
    validation_size = _checks.real(
        "dataset.validation_size", settings.get("validation_size", 0.2),
        "it is the share of rows by which settings are chosen",
        low=0, high=1, closed="left",
    )  # fmt: skip
    path = folder / settings["file"]
    try:
        digest = hashlib.sha256(_reading.content(path)).hexdigest()
        path = path.resolve()
    except OSError as error:
        raise ValueError(
            f"dataset.file {path} cannot be read: {error.strerror}."
        ) from None
    how = {key: settings[key] for key in (*_FORMAT, *_COLUMNS) if key in settings}
    for key in ("gaps", *_COLUMNS):
        if not isinstance(how.get(key, []), list):
            raise TypeError(
                f"dataset.{key} must be a list of texts, got {how[key]!r}; write "
                f"{key} = ['...']."
            )
    said = json.dumps(how, sort_keys=True) if how else ""
    table = TableFile(
        str(path), settings["target"], test_size, validation_size, classes, digest, said
    )
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
    y = _read(table).y
    _sizes(table, len(y))
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


def load(table: TableFile, seed: int) -> Dataset:
    """Read, split and standardize a table.

    Parameters
    ----------
    table : TableFile
    seed : int >= 0
        The rows are shuffled by ``RandomState(seed)``.

    Returns
    -------
    Dataset
        Classes as integers from 0. The same rows test whatever share validates.

    Raises
    ------
    ValueError
        If the file has changed, or cannot be used, or if a class has rows that are
        held out but none to train on.
    """
    held = _read(table)
    y = held.y
    train, validation, test = _split(table, y, seed)
    if table.classes:
        y = np.unique(y, return_inverse=True)[1].astype(np.int64)
    used = [column for column in held.columns if column.used]
    encoder = TableEncoder(columns=used, n_rows=len(y)).fit(held.X.iloc[train])
    X = encoder.apply(held.X)
    center, scale = X[train].mean(axis=0), X[train].std(axis=0)
    # A column that does not vary stays 0.
    X = (X - center) / np.where(scale > 0, scale, 1.0)
    held_out = (X[validation], y[validation]) if len(validation) else None
    return Dataset(
        table.name, X[train], y[train], X[test], y[test], None, None,
        table.description, held_out,
    )  # fmt: skip


@lru_cache(maxsize=8)
def shape(table: TableFile) -> tuple[int, int]:
    """Return the number of rows and of features; errors as :func:`load`.

    Parameters
    ----------
    table : TableFile
    """
    held = _read(table)
    used = [column for column in held.columns if column.used]
    encoder = TableEncoder(columns=used).fit(held.X)
    return len(held.y), len(encoder.get_feature_names_out())


def _sizes(table: TableFile, n: int) -> tuple[int, int]:
    """Return how many of n rows test, and how many validate."""
    n_test = math.ceil(table.test_size * n)
    n_validation = math.ceil(table.validation_size * n)
    left = n - n_test - n_validation
    if left < 2:
        raise ValueError(
            f"dataset.file has {n} rows, of which dataset.test_size = "
            f"{table.test_size} and dataset.validation_size = {table.validation_size} "
            f"leave {max(left, 0)} to train on; 2 are needed: lower them, or set "
            "validation_size = 0."
        )
    return n_test, n_validation


def _split(
    table: TableFile, y: NDArray[Any], seed: int
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Return the rows that train, those that validate and those that test."""
    n_test, n_validation = _sizes(table, len(y))
    held_out = n_test + n_validation
    order = np.random.RandomState(seed).permutation(len(y))
    train = order[held_out:]
    unknown = np.setdiff1d(y[order[:held_out]], y[train])
    if table.classes and len(unknown):
        raise ValueError(
            f"dataset.file: seed {seed} leaves no row of class {str(unknown[0])!r} to "
            "train on, only rows held out; give it more rows, lower "
            "dataset.test_size or dataset.validation_size, or choose other seeds."
        )
    return train, order[n_test:held_out], order[:n_test]


@dataclass(frozen=True, eq=False)
class _Held:
    """A file that was read: its features, its target, and what to mind."""

    X: Any
    y: NDArray[Any]
    columns: list[Column]
    told: list[str]


def _read(table: TableFile) -> _Held:
    """Return features and target of all rows, classes as texts."""
    content = _reading.content(Path(table.file))
    if hashlib.sha256(content).hexdigest() != table.sha256:
        raise ValueError(
            f"dataset.file {table.file} changed while the study was running; run the "
            "same command again."
        )
    return _parsed(table.name)


@lru_cache(maxsize=4)
def _parsed(name: str) -> _Held:
    """Read a file; every seed divides the same rows."""
    table = named(name)
    said = json.loads(table.how or "{}")
    how = {key: said[key] for key in _FORMAT if key in said}
    columns = {key: said.get(key, ()) for key in _COLUMNS}
    written = {*columns["drop"], *columns["category"]}
    if table.classes:
        written.add(table.target)
    found = read(table.file, **how, as_written=written)
    X, y = take_column(found.frame, table.target, "dataset.target")
    for key, names in columns.items():
        for own in names:
            take_column(X, own, f"dataset.{key}")
    lacking = np.flatnonzero(y.isna())
    if lacking.size:
        raise ValueError(
            f"dataset.file: the target {table.target!r} lacks {lacking.size} values, "
            f"the first in row {lacking[0] + 2}; leave such rows out of the file."
        )
    target = np.asarray(y)
    if not table.classes:
        if target.dtype.kind not in "iufb":
            odd = next(text for text in target if isinstance(text, str) or text)
            raise ValueError(
                f"dataset.file: the target {table.target!r} must hold numbers, got "
                f"{str(odd)!r}; for classes let the study train classifiers."
            )
        target = target.astype(np.float64)
        if not np.isfinite(target).all():
            raise ValueError(
                f"dataset.file: the target {table.target!r} must hold finite numbers."
            )
    used = account(settle(read_cells(X)), **columns)
    if not any(column.used for column in used):
        raise ValueError(f"dataset.file: {nothing_left(used)}")
    return _Held(X, target, used, [*found.told, *told(used)])
