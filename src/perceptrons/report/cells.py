"""A DataFrame becomes headings and cells: text, and a class that says how it looks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from perceptrons.report.answers import Answer, Ending
from perceptrons.report.tables import HEADINGS, RUNS


def grid(table: pd.DataFrame) -> dict[str, Any]:
    """Return headings and cells for the page's template.

    Parameters
    ----------
    table : DataFrame
        Its column "runs", if there is one, holds the keys of the runs that a row rests
        on, and becomes links.

    Returns
    -------
    dict
        ``head``, pairs of heading and class; ``rows``, lists of cells with ``text``,
        ``kind`` (the class) and ``runs`` (their keys).
    """
    kinds = [_column_kind(str(name), table[name]) for name in table]
    # A standard deviation over a few seeds is known to no more than two digits.
    digits = [2 if name == HEADINGS["spread"] else 4 for name in table]
    columns = list(zip(table.columns, kinds, digits, strict=True))
    rows = [
        [_cell(name, value, kind, places)
         for value, (name, kind, places) in zip(row, columns, strict=True)]
        for row in table.itertuples(index=False)
    ]  # fmt: skip
    names = [str(name).replace("_", " ") for name in table.columns]
    return {"head": list(zip(names, kinds, strict=True)), "rows": rows}


def _column_kind(name: str, column: pd.Series[Any]) -> str:
    """Return the class of a heading and its cells."""
    if name == RUNS:
        return "keys"
    return "num" if pd.api.types.is_numeric_dtype(column) else ""


def _cell(name: str, value: Any, kind: str, digits: int) -> dict[str, Any]:
    """Return one cell."""
    if name == RUNS:
        keys = str(value).split()
        text = f"{len(keys)} runs" if len(keys) > 1 else keys[0][:6]
        return {"text": text, "kind": kind, "runs": keys}
    return {
        "text": cell_text(value, digits),
        "kind": _kind(name, value, kind),
        "runs": [],
    }


def _kind(name: str, value: Any, kind: str) -> str:
    """Return the class of a cell: numbers, answers and divergence look different."""
    if isinstance(value, Answer):
        return {True: "yes", False: "no", None: "open"}[value.holds]
    broke_down = (
        value.diverged
        if isinstance(value, Ending)
        else name == "reason" and value == "diverged"
    )
    return "no" if broke_down else kind


def cell_text(value: Any, digits: int = 4) -> str:
    """Write a value, a gap as a dash.

    Parameters
    ----------
    value : object
    digits : int, default=4
        Significant digits of a number that is not whole.

    Returns
    -------
    str
    """
    if isinstance(value, (bool, str, int, np.integer, Answer, Ending)):
        return str(value)
    if value is None or np.isnan(value):
        return "—"
    if np.isinf(value):
        return "\N{MINUS SIGN}∞" if value < 0 else "∞"
    if value == 0 or (float(value).is_integer() and abs(value) < 1e6):
        return f"{value:g}"
    text = f"{value:.{digits}g}"
    mantissa, _, exponent = text.partition("e")
    raised = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
    power = str(int(exponent)).translate(raised) if exponent else ""
    text = f"{mantissa} \N{MULTIPLICATION SIGN} 10{power}" if power else mantissa
    return text.replace("-", "\N{MINUS SIGN}")
