"""The run store: one SQLite file, one row per finished run, curves beside it.

A row and its curves are committed in one transaction as soon as the run ends, so a
killed process loses nothing finished.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from perceptrons import provenance
from perceptrons.data import public
from perceptrons.study.plan import Run
from perceptrons.study.procedures import PROCEDURES
from perceptrons.study.result import Result

FILE = "runs.sqlite"

# Raised whenever the columns change; a store of another layout is refused.
_LAYOUT = 1

_SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
    key TEXT PRIMARY KEY, study TEXT, "procedure" TEXT, dataset TEXT, seed INTEGER,
    settings TEXT, metrics TEXT, reason TEXT, message TEXT, epochs INTEGER,
    seconds REAL, n_parameters INTEGER, engine TEXT, versions TEXT, "commit" TEXT,
    finished TEXT
);
CREATE TABLE IF NOT EXISTS curves (
    key TEXT, name TEXT, dtype TEXT, shape TEXT, data BLOB, PRIMARY KEY (key, name)
);
"""


class StoreError(OSError):
    """The run store cannot be used; the text says why and what to do."""


class UnusableRunError(StoreError):
    """A stored run is damaged or was interrupted; it has to be made again."""


@dataclass(frozen=True)
class Record:
    """A finished run: what was asked, what came out, and where it comes from.

    Parameters
    ----------
    run : Run
    result : Result
    versions : dict of str to str
    commit, finished : str
        Commit of the code and time of the end, ISO 8601 in UTC.
    """

    run: Run
    result: Result
    versions: dict[str, str]
    commit: str
    finished: str


class Store:
    """The store of one report folder; a context manager.

    Parameters
    ----------
    folder : Path
        Made if it does not exist.

    Attributes
    ----------
    moved : Path or None
        Where a damaged file was moved to when this store was opened.

    Raises
    ------
    StoreError
        If the folder cannot be written, or the file has another layout or is no run
        store; such a file is left as it is.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        self.moved: Path | None = None
        with _explained(self.path):
            folder.mkdir(parents=True, exist_ok=True)
            try:
                self._open()
            except sqlite3.DatabaseError as error:
                if not _is_damage(error):
                    raise
                self.moved = self._move_aside()
                self._open()

    def _open(self) -> None:
        """Connect, check the file and make its tables."""
        self._connection = sqlite3.connect(self.path, timeout=60)
        try:
            verdict = self._connection.execute("PRAGMA quick_check").fetchone()[0]
            if verdict != "ok":
                damage = sqlite3.DatabaseError(verdict)
                damage.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
                raise damage
            self._refuse_foreign()
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.executescript(_SCHEMA)
            self._connection.execute(f"PRAGMA user_version={_LAYOUT}")
        except BaseException:
            self._connection.close()
            raise

    def _refuse_foreign(self) -> None:
        """Raise for a database that is not a run store of this layout."""
        layout = self._connection.execute("PRAGMA user_version").fetchone()[0]
        found, own = _columns(self._connection), _own_columns()
        if found and not found.keys() & own.keys():
            raise StoreError(
                f"{self.path} is not a run store: it is a database with the tables "
                f"{', '.join(found)}; choose another folder with --out."
            )
        if layout not in (0, _LAYOUT) or not found.items() <= own.items():
            raise StoreError(
                f"{self.path} was not written by this version of perceptrons (layout "
                f"{layout}, here {_LAYOUT}, or other columns); choose another folder "
                "with --out."
            )

    def _move_aside(self) -> Path:
        """Rename the damaged file and what belongs to it; nothing is overwritten."""
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
        target = self.path.with_name(f"{FILE}.damaged-{stamp}")
        for suffix in ("", "-wal", "-shm"):
            part = self.path.with_name(FILE + suffix)
            if part.exists():
                part.rename(target.with_name(target.name + suffix))
        return target

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()

    def holds(self, run: Run) -> bool:
        """Tell whether a finished run is there, and can be read."""
        try:
            self.get(run)
        except (KeyError, UnusableRunError):
            return False
        return True

    def add(self, run: Run, result: Result) -> None:
        """Commit one finished run with its curves.

        What the store holds stays; a row that cannot be used is replaced.

        Raises
        ------
        ValueError
            If the run was interrupted: it has not finished.
        StoreError
            If it cannot be written; the store stays as it was.
        """
        if result.reason == "interrupted":
            raise ValueError(
                "result must come from a finished run, got reason 'interrupted'; "
                "perform the run again."
            )
        if self.holds(run):
            return
        row = (
            run.key, run.study, run.procedure, public(run.dataset), run.seed,
            run.settings_json,
            json.dumps({name: _or_none(v) for name, v in result.metrics.items()}),
            result.reason, result.message, result.epochs, _or_none(result.seconds),
            result.n_parameters, result.engine, json.dumps(provenance.versions()),
            provenance.commit(), datetime.now(UTC).isoformat(timespec="seconds"),
        )  # fmt: skip
        curves = [
            (run.key, name, str(array.dtype), json.dumps(array.shape), array.tobytes())
            for name, array in result.curves.items()
        ]
        places = ", ".join("?" * len(row))
        with _explained(self.path), self._connection as transaction:
            transaction.execute("DELETE FROM curves WHERE key = ?", (run.key,))
            transaction.execute(f"INSERT OR REPLACE INTO runs VALUES ({places})", row)
            transaction.executemany("INSERT INTO curves VALUES (?, ?, ?, ?, ?)", curves)

    def get(self, run: Run) -> Record:
        """Return the record of a finished run.

        Raises
        ------
        KeyError
            If it is not in the store.
        UnusableRunError
            If its row is damaged, or was interrupted.
        """
        columns = (
            "metrics, reason, message, epochs, seconds, n_parameters, engine, "
            'versions, "commit", finished'
        )
        with _explained(self.path):
            row = self._connection.execute(
                f"SELECT {columns} FROM runs WHERE key = ?", (run.key,)
            ).fetchone()
            curves = self._connection.execute(
                "SELECT name, dtype, shape, data FROM curves WHERE key = ?", (run.key,)
            ).fetchall()
        if row is None:
            raise KeyError(run.key)
        try:
            return _record(run, row, curves)
        except (AttributeError, TypeError, ValueError) as error:
            raise UnusableRunError(
                f"The run {run.key} in {self.path} cannot be used ({error}); the same "
                "command makes it again."
            ) from error


def _record(run: Run, row: tuple[Any, ...], curves: list[tuple[Any, ...]]) -> Record:
    """Decode a row and its curves; an error says what is wrong with them."""
    metrics, reason, message, epochs, seconds, n_parameters, engine = row[:7]
    result = Result(
        metrics={k: _or_nan(v) for k, v in json.loads(metrics).items()},
        curves={
            name: np.frombuffer(data, dtype).reshape(json.loads(shape))
            for name, dtype, shape, data in curves
        },
        reason=reason,
        message=message,
        epochs=epochs,
        seconds=_or_nan(seconds),
        n_parameters=n_parameters,
        engine=engine,
    )
    if reason == "interrupted":
        raise ValueError("it was interrupted")
    if lacks := PROCEDURES[run.procedure].lacks(run.settings, result):
        raise ValueError(f"without {', '.join(lacks)}")
    return Record(run, result, json.loads(row[7]), row[8], row[9])


def _columns(connection: sqlite3.Connection) -> dict[str, tuple[str, ...]]:
    """Return the names of all columns, by table."""
    names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    return {
        table: tuple(
            column
            for (column,) in connection.execute(
                "SELECT name FROM pragma_table_info(?)", (table,)
            )
        )
        for (table,) in names.fetchall()
    }


def _own_columns() -> dict[str, tuple[str, ...]]:
    """Return the columns that a run store has."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(_SCHEMA)
        return _columns(connection)


def _or_none(value: float) -> float | None:
    """Turn what JSON and SQL cannot hold into null."""
    return float(value) if math.isfinite(value) else None


def _or_nan(value: Any) -> float:
    """Turn null back into NaN."""
    return math.nan if value is None else float(value)


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    """Tell a broken file from one that cannot be opened, read or written."""
    damaged = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
    return getattr(error, "sqlite_errorcode", None) in damaged


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn every failure to read or write into a StoreError that says what to do."""
    try:
        yield
    except StoreError:
        raise
    except (OSError, sqlite3.Error) as error:
        raise StoreError(
            f"{path} cannot be written or read ({error}); choose a folder you can "
            "write to with --out."
        ) from error
