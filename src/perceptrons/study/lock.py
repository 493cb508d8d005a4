"""One report at a time: a lock on its folder that ends with the process holding it.

The lock is an open transaction on an empty SQLite file: the operating system ends it
when the process ends, however that happens, so there is no stale lock to clear. A text
file beside it says who holds it, and means nothing while nobody does.
"""

from __future__ import annotations

import os
import platform
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from perceptrons.study.records import StoreError

FILE, HOLDER = ".lock", ".lock-holder"


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Keep other reports out of a folder, which is made if it does not exist.

    Raises
    ------
    StoreError
        At once, if another process holds the lock (the text says which), or if the
        folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(folder / FILE, timeout=0, isolation_level=None)
    except (OSError, sqlite3.Error) as error:
        raise _refusal(folder, error) from error
    with closing(connection):
        try:
            connection.execute("BEGIN IMMEDIATE")
            since = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
            words = f"process {os.getpid()} on {platform.node()}, since {since}"
            (folder / HOLDER).write_text(words, encoding="utf-8")
        except (OSError, sqlite3.Error) as error:
            raise _refusal(folder, error) from error
        yield


def _refusal(folder: Path, error: Exception) -> StoreError:
    """Say why the lock cannot be had, and what to do."""
    if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
        return StoreError(
            f"{folder} is in use by {_read(folder / HOLDER)}; wait until that report "
            "ends, or choose another folder with --out."
        )
    for path in (folder, *folder.parents):
        if path.is_file():
            return StoreError(
                f"{path} is a file, not a folder; choose a folder you can write to "
                "with --out."
            )
    return StoreError(
        f"{folder} cannot be written or read ({error}); choose a folder you can "
        "write to with --out."
    )


def _read(holder: Path) -> str:
    """Return who holds the lock; that is written an instant after it is taken."""
    try:
        return holder.read_text(encoding="utf-8") or "another process"
    except OSError:
        return "another process"
