"""A user's file: one that ends, and that memory holds."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from perceptrons import _memory


def check(path: Path, most: int | None = None) -> None:
    """Refuse what is no file, or too large a one.

    Parameters
    ----------
    path : Path
    most : int, optional
        Bytes it may have; what memory holds if not given.

    Raises
    ------
    OSError
        Its ``strerror`` says what is wrong: no such file, a folder, a device or a
        pipe, which need not end, a name no file can have, too large.
    """
    try:
        found = path.stat()
    except ValueError as error:
        raise OSError(errno.EINVAL, f"no file can have this name: {error}") from None
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "it is a device or a pipe, not a file")
    most = _memory.limit() if most is None else most
    if found.st_size > most:
        raise OSError(
            errno.EFBIG, f"it has {found.st_size:,} bytes, and may have {most:,}"
        )


def content(path: Path, most: int | None = None) -> bytes:
    """Return what a file holds; arguments and errors as in :func:`check`."""
    check(path, most)
    return path.read_bytes()
