"""What became of a column, and what of it the user should hear."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from perceptrons.tables.dates import DateForm
from perceptrons.tables.names import listed
from perceptrons.tables.numerals import Form
from perceptrons.tables.settle import Reading

#: Kinds of columns that become features.
Kind = Literal["number", "category", "boolean", "date"]


@dataclass(frozen=True)
class Column:
    """A column of the user's table and what was done with it.

    Parameters
    ----------
    name : str
    kind : str
        "number", "category", "boolean" or "date" for a feature; otherwise why it is
        none: "target", "dropped", "time", "groups", "missing", "constant",
        "duplicate", "row number", "identifier" or "other".
    action : str
        What, why, what was lost, and what to do if it is wrong.
    reading : Form or DateForm or None
        How its text was read.
    notable : bool
        Whether something was lost, or read in a way that could be wrong.
    """

    name: str
    kind: str
    action: str
    reading: Reading = field(default=None, repr=False)
    notable: bool = False

    def __str__(self) -> str:
        """Return it as a line of its own."""
        return f"Column {self.name!r}: {self.action}"

    @property
    def used(self) -> bool:
        """Whether it is a feature."""
        return self.kind in get_args(Kind)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        reading = self.reading and {
            "what": type(self.reading).__name__, **self.reading.as_dict()
        }  # fmt: skip
        return {
            "name": self.name, "kind": self.kind, "action": self.action,
            "reading": reading or None, "notable": self.notable,
        }  # fmt: skip

    @staticmethod
    def from_dict(state: Mapping[str, Any]) -> Column:
        """Return the column of what :meth:`as_dict` gave.

        Parameters
        ----------
        state : mapping
            Of plain values.

        Returns
        -------
        Column
        """
        reading: Any = None
        if state["reading"]:
            fields = dict(state["reading"])
            known: dict[str, Any] = {"Form": Form, "DateForm": DateForm}
            reading = known[fields.pop("what")].from_dict(fields)
        return Column(**{**state, "reading": reading})


def plural(word: str, count: int) -> str:
    """Return a word for one or many.

    Parameters
    ----------
    word : str
    count : int
    """
    return word if count == 1 else f"{word}s"


#: More columns of one fate than this are told in one line.
_MOST_LINES = 5


def told(columns: Sequence[Column]) -> list[str]:
    """Return a line for each column that the user should hear of, few for thousands.

    Parameters
    ----------
    columns : sequence of Column
    """
    lines: list[str] = []
    for kind in dict.fromkeys(column.kind for column in columns):
        own = [column for column in columns if column.kind == kind and column.notable]
        by_action: dict[str, list[Column]] = {}
        for column in own:
            by_action.setdefault(column.action, []).append(column)
        if len(own) <= _MOST_LINES:
            lines += [str(column) for column in own]
        elif len(by_action) == 1:
            names = listed([column.name for column in own], 5)
            lines.append(f"Columns {names} ({len(own):,} in all): {own[0].action}")
        else:
            lines += [str(column) for column in own[:_MOST_LINES]]
            names = listed([column.name for column in own[_MOST_LINES:]], 5)
            lines.append(
                f"Columns {names}: {len(own) - _MOST_LINES:,} more of kind {kind!r} "
                "with something to mind; the account of all columns says what of each."
            )
    return lines
