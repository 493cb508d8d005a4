"""How much memory there is, and refusals before it ends."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

# Where the system does not tell, as on Windows.
_UNKNOWN = 8 * 2**30

# Where containers say how much they may have: control groups 2 and 1.
_CONTAINER = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


def limit() -> int:
    """Return the bytes of memory that this process may have.

    The least of the machine's, its container's and ``ulimit -v``.
    """
    known = []
    with suppress(AttributeError, OSError, ValueError):
        known.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    for path in _CONTAINER:
        with suppress(OSError, ValueError):
            known.append(int(path.read_text(encoding="ascii")))
    with suppress(ImportError):
        import resource

        soft = resource.getrlimit(resource.RLIMIT_AS)[0]
        if soft != resource.RLIM_INFINITY:
            known.append(soft)
    return min((size for size in known if size > 0), default=_UNKNOWN)


def check(what: str, needed: int, remedy: str) -> None:
    """Refuse what needs more memory than there is.

    Parameters
    ----------
    what : str
        Subject of the sentence.
    needed : int
        Bytes, roughly.
    remedy : str

    Raises
    ------
    ValueError
        Naming the size and the limit.
    """
    most = limit()
    if needed > most:
        raise ValueError(
            f"{what} needs about {_gigabytes(needed)} of memory, and there are "
            f"{_gigabytes(most)}; {remedy}."
        )


def _gigabytes(size: int) -> str:
    """Write a number of bytes, however large."""
    return f"{min(size, 10**99) / 1e9:.3g} GB"
