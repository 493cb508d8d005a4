"""Numbers as people write them, decided by all cells of a column.

"1,337" is a thousand and more or little over one; what else stands in the column, and
in the table, tells. Where nothing does, the column is refused with both readings.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perceptrons.tables.errors import DataError
from perceptrons.tables.names import listed

#: Words that stand for a missing number, in lower case.
GAP_WORDS = frozenset(
    """? ?? - -- --- \N{EN DASH} \N{EM DASH} . .. ... * / \\n n/a na n.a. n.a #n/a #na
    nan <na> -nan none null nil n/d nd n.d. missing unknown not_available unavailable
    k.a. s/d #value! #div/0! #ref! #num! #null! #name? (blank) (null) (missing) tbd
    """.split()  # noqa: SIM905
) | {"not available", "not known", "no data", "not reported"}

#: A column is of numbers with gaps if so much of it is numbers, and the rest few words
#: that are not known to stand for gaps.
LEAST_NUMERIC = 0.9
MOST_OTHER_WORDS = 3

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
_PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
# Python refuses to read whole numbers of thousands of digits.
_WHOLE = re.compile(r"[+-]?\d{1,300}")
_INFINITE = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)
_SIGNS = ".,' "
# Python's whole numbers are made of fewer digits; longer ones are infinite as floats.
_LONGEST = 4000


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
            said.append(f"{self.mark!r} is left out: a number of {_UNITS(self.mark)}.")
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


def _UNITS(mark: str) -> str:  # noqa: N802
    """Name what a sign counts."""
    return "percent, 7% is 7" if mark == "%" else mark


@dataclass(frozen=True)
class Options:
    """What the user says of the numbers of a file; None: judged by its columns.

    Parameters
    ----------
    decimal : {".", ","}, optional
    thousands : {"", ",", ".", "'", " "}, optional
        "" for none.
    gaps : tuple of str
        Further words for missing cells, of all columns.
    """

    decimal: str | None = None
    thousands: str | None = None
    gaps: tuple[str, ...] = ()


@dataclass(frozen=True)
class Candidates:
    """The forms that all numbers of a column allow.

    Parameters
    ----------
    forms : tuple of Form
        One or two; two if a sign may be that of decimals or of thousands.
    example : str
        A cell that the two read differently, else a cell.
    small : bool
        Whether whole numbers below a thousand, and none above, stand without a sign.
    large : bool
        Whether whole numbers of a thousand and more stand without a sign.
    n_signed : int
        Different cells with the sign.
    decimal_seen : bool
        Whether a decimal sign can be no other.
    """

    forms: tuple[Form, ...]
    example: str
    small: bool = False
    large: bool = False
    n_signed: int = 0
    decimal_seen: bool = False


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
class _Number:
    """The parts of a cell that is a number."""

    text: str
    negative: bool
    body: str
    power: str
    mark: str


def _split(text: str) -> _Number | None:
    """Return the parts of a cell, None if it is no number."""
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
    return _Number(text, negative, parts["body"].rstrip(" "), parts["power"], mark)


def _pattern(decimal: str, thousands: str) -> re.Pattern[str]:
    """Return what matches a number without its sign."""
    grouped = ""
    if thousands:
        t = re.escape(thousands)
        grouped = rf"[1-9]\d{{0,2}}(?:{t}\d{{3}})+|"
        if thousands == ",":
            # Lakhs and crores: 12,34,567.
            grouped += rf"[1-9]\d?(?:{t}\d\d)+{t}\d{{3}}|"
    d = re.escape(decimal)
    return re.compile(rf"(?:{grouped}\d+)(?:{d}\d*)?|{d}\d+")


def examine(
    levels: Sequence[str], counts: NDArray[np.intp], options: Options
) -> Candidates | None:
    """Tell in which forms a column of text is one of numbers.

    Parameters
    ----------
    levels : sequence of str
        Its different texts, without blanks at their ends.
    counts : ndarray of int
        Rows of each.
    options : Options

    Returns
    -------
    Candidates or None
        None if it is no column of numbers.
    """
    numbers: list[_Number] = []
    words: list[str] = []
    plain = whole = True
    n_rows = n_numbers = n_odd = odd = 0
    for text, count in zip(levels, counts.tolist(), strict=True):
        if not count:
            continue
        if _PLAIN.fullmatch(text):
            number: _Number | None = _Number(text, False, text, "", "")
            short = len(text) <= _LONGEST
            whole = whole and short and _WHOLE.fullmatch(text) is not None
        elif _INFINITE.fullmatch(text):
            number, whole = _Number(text, False, "0", "", ""), False
        else:
            number, plain = _split(text), False
        known = text in options.gaps or text.lower() in GAP_WORDS
        if number is None or text in options.gaps:
            words.append(text)
            n_odd += 0 if known else count
            odd += not known
        else:
            numbers.append(number)
            n_numbers += count
        n_rows += count
        if odd > MOST_OTHER_WORDS and n_odd > (1 - LEAST_NUMERIC) * counts.sum():
            return None
    if not numbers or (words and len({n.text for n in numbers}) < 2):
        return None
    if odd and (
        odd > MOST_OTHER_WORDS or n_numbers < LEAST_NUMERIC * (n_numbers + n_odd)
    ):
        return None
    gaps = tuple(words)
    signed = [n for n in numbers if not n.text.isdigit()]
    if plain and not any("." in n.body or "," in n.body for n in signed):
        return Candidates((Form(gaps=gaps, whole=whole),), numbers[0].text)
    return _candidates(numbers, gaps, options)


def _candidates(
    numbers: list[_Number], gaps: tuple[str, ...], options: Options
) -> Candidates | None:
    """Return the forms that all numbers allow."""
    # Plain numbers came with their sign.
    cut = [_without_power(n.body.lstrip("+-")) for n in numbers]
    bodies, powers = [body for body, _ in cut], [power for _, power in cut]
    mark = _common_mark(numbers, bodies)
    if mark is None:
        return None
    signs = {sign for body in bodies for sign in body if sign in _SIGNS}
    forms: list[Form] = []
    for decimal in (".", ","):
        others = signs - {decimal}
        thousands = others.pop() if len(others) == 1 else ""
        if others or (options.decimal or decimal) != decimal:
            continue
        if (
            options.thousands is not None
            and thousands != options.thousands
            and thousands
        ):
            continue
        if options.thousands == decimal:
            continue
        pattern = _pattern(decimal, thousands)
        if all(pattern.fullmatch(body) for body in bodies):
            whole = not any(powers) and not any(
                decimal in body or len(body) > 300 for body in bodies
            )
            whole = whole and max(map(len, bodies)) <= _LONGEST
            forms.append(Form(decimal, thousands, mark, gaps, whole))
    if not forms:
        return None
    if not signs & {".", ","}:
        forms = forms[:1]
    signed = [
        n for n, body in zip(numbers, bodies, strict=True) if set(body) & {".", ","}
    ]
    plain = [body for body in bodies if body.isdigit() and body.strip("0")]
    small = {body for body in plain if len(body) <= 3}
    return Candidates(
        tuple(forms),
        (signed or numbers)[0].text,
        small=len(small) >= 2 and len(small) == len(set(plain)),
        large=any(len(body) > 3 for body in plain),
        n_signed=len({n.body for n in signed}),
        decimal_seen=len(forms) == 1
        and any(forms[0].decimal in body for body in bodies),
    )


def _without_power(body: str) -> tuple[str, bool]:
    """Return a number without its power of ten, and whether it had one."""
    short = re.sub(r"[eE][+-]?\d+$", "", body)
    return short, short != body


def _common_mark(numbers: Sequence[_Number], bodies: Sequence[str]) -> str | None:
    """Return the mark of a column's cells, None if they have several.

    A zero needs none, and of currency the other cells, too, as accountants write.
    """
    marks = {n.mark for n in numbers} - {""}
    if len(marks) > 1:
        return None
    mark = marks.pop() if marks else ""
    bare = any(
        not n.mark and set(body) - set("0.,")
        for n, body in zip(numbers, bodies, strict=True)
    )
    return None if mark == "%" and bare else mark


def choose(name: str, found: Candidates, decimals: Collection[str]) -> Form:
    """Return the form of a column, by its own cells or by the rest of its table.

    Parameters
    ----------
    name : str
        Of the column, for the refusal.
    found : Candidates
    decimals : collection of str
        Decimal signs that other columns of the table have beyond doubt.

    Raises
    ------
    DataError
        If a comma may be either; both readings are told.
    """
    if len(found.forms) == 1:
        return found.forms[0]
    by_decimal = next((form for form in found.forms if not form.thousands), None)
    if by_decimal is None:
        # 1,234 and 5.678 in one column.
        raise _undecided(name, found)
    by_thousands = next(form for form in found.forms if form.thousands)
    sign = by_decimal.decimal
    if sign == ".":
        # The form of every program: another reading needs a reason.
        if set(decimals) == {","} and not found.large:
            return by_thousands
        thousands = found.small and found.n_signed >= 3 and "." not in decimals
        return by_thousands if thousands else by_decimal
    if by_thousands.mark not in ("", "%") and not found.large:
        # No currency has thousandths.
        return by_thousands
    if found.large:
        if set(decimals) == {","}:
            return by_decimal
        raise _undecided(name, found)
    if found.small and "," not in decimals:
        return by_thousands
    if len(set(decimals)) == 1 and not found.small:
        return by_decimal if "," in decimals else by_thousands
    raise _undecided(name, found)


def _undecided(name: str, found: Candidates) -> DataError:
    """Return the refusal of a column of two readings."""
    first, second = (f"{parse([found.example], form)[0]:g}" for form in found.forms[:2])
    return DataError(
        f"The column {name!r} can be read in two ways: {found.example!r} as {first} or "
        f"as {second}, and no other cell tells. Say which: --decimal "
        f"{found.forms[0].decimal!r} for {first}, --decimal {found.forms[1].decimal!r} "
        f"for {second} (decimal= in tables.read), or write numbers without signs of "
        "thousands."
    )


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
    if _PLAIN.fullmatch(text) and form.thousands != "." and form.decimal == ".":
        return float(text)
    if _INFINITE.fullmatch(text):
        return float(text)
    digits = _digits(text, form)
    return math.nan if digits is None else float(digits)


def _integer(text: str, form: Form) -> int:
    """Return a whole number."""
    return int(text) if _WHOLE.fullmatch(text) else int(_digits(text, form) or 0)


def _digits(text: str, form: Form) -> str | None:
    """Return a number as Python writes it, None for what is none of this form."""
    number = _split(text)
    if number is None or number.mark not in ("", form.mark):
        return None
    body, _ = _without_power(number.body)
    if not _pattern(form.decimal, form.thousands).fullmatch(body):
        return None
    if form.thousands:
        body = body.replace(form.thousands, "")
    minus = "-" if number.negative else ""
    return minus + body.replace(form.decimal, ".") + number.power
