"""What every page does with its files: a name until whole, a link that carries."""

from __future__ import annotations

import base64
from pathlib import Path

# A larger CSV file stays beside the page: all in it would be there twice.
_CARRIED = 64 * 1024


def part_of(path: Path) -> Path:
    """Return where a file stands until it is whole.

    One name per file: what a killed process left is replaced, not added to.

    Parameters
    ----------
    path : Path
    """
    return path.with_name(f".{path.name}.part")


def carrying_link(content: bytes) -> str:
    """Return a link that holds a CSV file itself, or nothing if that is too large.

    Parameters
    ----------
    content : bytes
    """
    if len(content) > _CARRIED:
        return ""
    return f"data:text/csv;base64,{base64.b64encode(content).decode()}"
