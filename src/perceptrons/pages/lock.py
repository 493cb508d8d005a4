"""One command at a time: a lock on its folder that ends with the process holding it.

The lock is an open transaction on an empty SQLite file: the operating system ends it
when the process ends, however that happens, so there is no stale lock to clear. A text
file beside it says who holds it, and means nothing while nobody does. Both are removed
at the end, and the folder with them where nothing was written into it.
"""

from __future__ import annotations

import errno
import os
import platform
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

FILE, HOLDER = ".lock", ".lock-holder"

# A command that has just ended may take away the file that this one has opened.
_TRIES = 100

# What SQLite says of a file that goes while it is opened. Whether it has gone cannot be
# asked afterwards: the next file of its name may have got its number.
_GONE = {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}


class FolderError(OSError):
    """A folder cannot be used; the text says why and what to do."""


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Keep other commands out of a folder, which is made if it does not exist.

    Parameters
    ----------
    folder : Path

    Raises
    ------
    FolderError
        At once, if another process holds the lock (the text says which), or if the
        folder cannot be written.
    """
    made = _missing(folder)
    try:
        connection = _locked(folder)
    except (OSError, ValueError, sqlite3.Error) as error:
        raise _refusal(folder, error) from error
    try:
        with closing(connection):
            try:
                yield
            finally:
                # While the lock is held: nobody takes a file that is about to go.
                for path in (folder / HOLDER, folder / FILE):
                    with suppress(OSError):
                        path.unlink()
    finally:
        for place in made:
            with suppress(OSError):
                place.rmdir()


def _missing(folder: Path) -> list[Path]:
    """Return the folder and those above it that are not there, innermost first."""
    with suppress(OSError, ValueError):
        return [place for place in (folder, *folder.parents) if not place.exists()]
    return []


def _locked(folder: Path) -> sqlite3.Connection:
    """Return a connection that holds the lock, and say so beside it."""
    path = folder / FILE
    last: Exception | None = None
    for _ in range(_TRIES):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path.touch()
            found = path.stat()
            connection = _took(path)
        except (FileNotFoundError, FileExistsError) as error:
            # The folder or the file went between two of these steps.
            last = error
            continue
        except sqlite3.Error as error:
            if _code(error) not in _GONE:
                raise
            last = error
            continue
        # Another file of that name may stand there by now, and be locked by another.
        if _is_still(path, found):
            since = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
            words = f"process {os.getpid()} on {platform.node()}, since {since}"
            (folder / HOLDER).write_text(words, encoding="utf-8")
            return connection
        connection.close()
    raise last or FileNotFoundError(errno.ENOENT, "its lock comes and goes", str(path))


def _took(path: Path) -> sqlite3.Connection:
    """Take the lock on a file."""
    connection = sqlite3.connect(path, timeout=0, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _is_still(path: Path, found: os.stat_result) -> bool:
    """Tell whether a file is the one that was found before."""
    try:
        return os.path.samestat(path.stat(), found)
    except FileNotFoundError:
        return False


def _code(error: Exception) -> int | None:
    """Return SQLite's primary code of an error; None of any other error."""
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def _is_busy(error: Exception) -> bool:
    """Tell whether another connection holds the lock."""
    return _code(error) == sqlite3.SQLITE_BUSY


def _refusal(folder: Path, error: Exception) -> FolderError:
    """Say why the lock cannot be had, and what to do."""
    if _is_busy(error):
        return FolderError(
            f"{folder} is in use by {_read(folder / HOLDER)}; wait until that command "
            "ends, or choose another folder with --out."
        )
    for path in (folder, *folder.parents):
        # Unlike the path's own method it takes any name.
        if os.path.isfile(path):
            return FolderError(
                f"{path} is a file, not a folder; choose a folder you can write to "
                "with --out."
            )
    return FolderError(
        f"{folder} cannot be written or read ({error}); choose a folder you can "
        "write to with --out."
    )


def _read(holder: Path) -> str:
    """Return who holds the lock; that is written an instant after it is taken."""
    try:
        return holder.read_text(encoding="utf-8") or "another process"
    except OSError:
        return "another process"
