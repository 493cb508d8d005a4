"""Numbers as people write them: the parts of a cell, and its value in a form."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perceptrons.tables.names import listed

#: Words that stand for a missing number, in lower case.
GAP_WORDS = frozenset(
    """? ?? - -- --- \N{EN DASH} \N{EM DASH} . .. ... * / \\n n/a na n.a. n.a #n/a #na
    nan <na> -nan none null nil n/d nd n.d. missing unknown not_available unavailable
    k.a. s/d #value! #div/0! #ref! #num! #null! #name? (blank) (null) (missing) tbd
    """.split()  # noqa: SIM905
) | {"not available", "not known", "no data", "not reported"}

_CODES = (
    "USD|EUR|GBP|CHF|JPY|CNY|SEK|NOK|DKK|PLN|CZK|HUF|RON|INR|BRL|CAD|AUD|NZD|ZAR|MXN|"
    "KRW|TRY|RUB|SGD|HKD"
)
_CELL = re.compile(
    rf"(?P<open>\()?\s*(?P<sign>[+-])?\s*"
    rf"(?P<before>(?:[A-Z]{{0,3}}\$|[€£¥₹₽₩₺₫₪₴₦฿₱¢]|{_CODES}|R[sp]\.?)\s*)?"
    rf"(?P<inner>[+-])?\s*"
    rf"(?P<body>\d[\d.,' ]*|[.,]\d+)(?P<power>[eE][+-]?\d+)?"
    rf"(?P<after>\s*(?:%|[A-Z]{{0,3}}\$|[€£¥₹₽₩₺₫₪₴₦฿₱¢]|{_CODES}|kr\.?|zł|Kč|Ft))?"
    rf"(?P<end>-)?\s*(?P<close>\))?"
)
PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
# Python refuses to read whole numbers of thousands of digits.
WHOLE = re.compile(r"[+-]?\d{1,300}")
INFINITE = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)
# Python's whole numbers are made of fewer digits; longer ones are infinite as floats.
LONGEST = 4000


@dataclass(frozen=True)
class Form:
    """How the numbers of a column of text are written.

    Parameters
    ----------
    decimal : {".", ","}
    thousands : {"", ",", ".", "'", " "}
    mark : str
        A percent or currency sign that cells have; "" for none.
    gaps : tuple of str
        Words that stand for missing numbers.
    whole : bool
        Whether all are whole numbers.
    """

    decimal: str = "."
    thousands: str = ""
    mark: str = ""
    gaps: tuple[str, ...] = ()
    whole: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return {**asdict(self), "gaps": list(self.gaps)}

    @staticmethod
    def from_dict(state: Mapping[str, Any]) -> Form:
        """Return the form of what :meth:`as_dict` gave."""
        return Form(**{**state, "gaps": tuple(state["gaps"])})

    def sentence(self) -> str:
        """Say what is special about it; nothing of plain numbers."""
        said = []
        if self.mark:
            said.append(f"{self.mark!r} is left out: a number of {_units(self.mark)}.")
        if self.thousands:
            sign = "a space" if self.thousands == " " else repr(self.thousands)
            said.append(
                f"{sign} parts thousands (1{self.thousands}337 is 1337; --thousands or "
                "--decimal for another reading)."
            )
        if self.decimal == ",":
            said.append("',' is the decimal sign (1,5 is one and a half).")
        if self.gaps:
            said.append(
                f"{listed(self.gaps, 5)} {'is' if len(self.gaps) == 1 else 'are'} "
                "read as missing."
            )
        return " ".join(said)


def _units(mark: str) -> str:
    """Name what a sign counts."""
    return "percent, 7% is 7" if mark == "%" else mark


def normal(text: str) -> str:
    """Return text with plain spaces, digits and signs for typographic ones.

    Parameters
    ----------
    text : str
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
        text = re.sub(
            "[\N{MINUS SIGN}\N{EN DASH}\N{FULLWIDTH HYPHEN-MINUS}]", "-", text
        )
        text = text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    return text.strip()


@dataclass(frozen=True)
class Number:
    """The parts of a cell that is a number."""

    text: str
    negative: bool
    body: str
    power: str
    mark: str


def split(text: str) -> Number | None:
    """Return the parts of a cell, None if it is no number.

    Parameters
    ----------
    text : str
    """
    found = _CELL.fullmatch(normal(text))
    if not found:
        return None
    parts = found.groupdict(default="")
    minus = [parts["sign"], parts["inner"], parts["end"]].count("-")
    plus = "+" in (parts["sign"], parts["inner"])
    bracketed = bool(parts["open"])
    marks = [m for m in (parts["before"].strip(), parts["after"].strip()) if m]
    if (
        bracketed != bool(parts["close"])
        or minus + plus + bracketed > 1
        or len(marks) > 1
        # A year before a dash, the start of a span.
        or (parts["end"] and marks)
    ):
        return None
    mark = marks[0] if marks else ""
    negative = bool(minus) or bracketed
    return Number(text, negative, parts["body"].rstrip(" "), parts["power"], mark)


def pattern(decimal: str, thousands: str) -> re.Pattern[str]:
    """Return what matches a number without its sign.

    Parameters
    ----------
    decimal, thousands : str
        As in :class:`Form`.
    """
    grouped = ""
    if thousands:
        t = re.escape(thousands)
        grouped = rf"[1-9]\d{{0,2}}(?:{t}\d{{3}})+|"
        if thousands == ",":
            # Lakhs and crores: 12,34,567.
            grouped += rf"[1-9]\d?(?:{t}\d\d)+{t}\d{{3}}|"
    d = re.escape(decimal)
    return re.compile(rf"(?:{grouped}\d+)(?:{d}\d*)?|{d}\d+")


def without_power(body: str) -> tuple[str, bool]:
    """Return a number without its power of ten, and whether it had one.

    Parameters
    ----------
    body : str
    """
    short = re.sub(r"[eE][+-]?\d+$", "", body)
    return short, short != body


def parse(texts: Iterable[str], form: Form) -> NDArray[np.float64]:
    """Return texts as numbers; NaN for gaps and for what is no number.

    Parameters
    ----------
    texts : iterable of str
    form : Form
    """
    return np.array([_value(text, form) for text in texts], np.float64)


def parse_whole(texts: Sequence[str], form: Form) -> NDArray[Any]:
    """Return texts as whole numbers, int64 or, beyond it, Python's; 0 for gaps.

    Parameters
    ----------
    texts : sequence of str
    form : Form
        Its numbers are whole.
    """
    gaps = set(form.gaps)
    found = [0 if text in gaps else _integer(text, form) for text in texts]
    fits = all(-(2**63) <= value < 2**63 for value in found)
    return np.array(found, np.int64 if fits else object)


def _value(text: str, form: Form) -> float:
    """Return a number, NaN for a gap or another word."""
    if text in form.gaps:
        return math.nan
    if PLAIN.fullmatch(text) and form.thousands != "." and form.decimal == ".":
        return float(text)
    if INFINITE.fullmatch(text):
        return float(text)
    digits = _digits(text, form)
    return math.nan if digits is None else float(digits)


def _integer(text: str, form: Form) -> int:
    """Return a whole number."""
    return int(text) if WHOLE.fullmatch(text) else int(_digits(text, form) or 0)


def _digits(text: str, form: Form) -> str | None:
    """Return a number as Python writes it, None for what is none of this form."""
    number = split(text)
    if number is None or number.mark not in ("", form.mark):
        return None
    body, _ = without_power(number.body)
    if not pattern(form.decimal, form.thousands).fullmatch(body):
        return None
    if form.thousands:
        body = body.replace(form.thousands, "")
    minus = "-" if number.negative else ""
    return minus + body.replace(form.decimal, ".") + number.power
