"""Names of columns: text, one each, and the nearest to one that is not there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any

from perceptrons.tables.errors import DataError


def is_missing(value: Any) -> bool:
    """Tell whether a cell or a name is None, NaN, NaT or pandas' NA.

    Parameters
    ----------
    value : object
    """
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float) and value != value


def column_names(names: Iterable[Any]) -> list[str]:
    """Return names as text, and one for each column that has none.

    Parameters
    ----------
    names : iterable
        In the order of the columns.
    """
    given = ("" if is_missing(name) else str(name) for name in names)
    return [
        name if name.strip() else f"unnamed {place}"
        for place, name in enumerate(given, start=1)
    ]


def check_unique(where: str, names: Sequence[str]) -> None:
    """Refuse names that occur twice.

    Parameters
    ----------
    where : str
        What has these columns.
    names : sequence of str

    Raises
    ------
    DataError
    """
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(
            f"{where} has more than one column named {listed(twice)}; rename them, so "
            "that each column has a name of its own."
        )


def place_of(name: str, names: Sequence[str], option: str) -> int:
    """Return the place of a column.

    Parameters
    ----------
    name : str
    names : sequence of str
        Of all columns.
    option : str
        What the user gave the name to.

    Raises
    ------
    DataError
        If there is no such column; the nearest name is offered.
    """
    if name not in names:
        raise DataError(
            f"{option} must name a column, got {name!r}.{_nearest(name, names)} "
            f"The columns are {listed(names)}."
        )
    return list(names).index(name)


def _nearest(name: str, names: Sequence[str]) -> str:
    """Offer the name that was probably meant, whatever its capitals."""
    if "," in name and {part.strip() for part in name.split(",")} <= set(names):
        return " Name each column by itself."
    lower = {known.lower(): known for known in names}
    near = get_close_matches(name.lower(), lower, n=1)
    return f" Did you mean {lower[near[0]]!r}?" if near else ""


def listed(names: Sequence[str], most: int = 20) -> str:
    """List names: not all of thousands, and the first characters of a long one.

    Parameters
    ----------
    names : sequence of str
    most : int, default=20
    """
    heads = [name if len(name) <= 60 else f"{name[:57]}..." for name in names[:most]]
    shown = ", ".join(map(repr, heads))
    return shown + (f" and {len(names) - most:,} more" if len(names) > most else "")
