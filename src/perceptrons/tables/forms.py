"""In which form the numbers of a column are written, decided by all of its cells.

"1,337" is a thousand and more or little over one; what else stands in the column, and
in the table, tells. Where nothing does, the column is refused with both readings.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perceptrons.tables.errors import DataError
from perceptrons.tables.numerals import (
    GAP_WORDS,
    INFINITE,
    LONGEST,
    PLAIN,
    WHOLE,
    Form,
    Number,
    parse,
    pattern,
    split,
    without_power,
)

#: A column is of numbers with gaps if so much of it is numbers, and the rest few words
#: that are not known to stand for gaps.
LEAST_NUMERIC = 0.9
MOST_OTHER_WORDS = 3

#: Characters of such a word; what is longer is text.
LONGEST_WORD = 60

_SIGNS = ".,' "


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
    numbers: list[Number] = []
    words: list[str] = []
    plain = whole = True
    n_numbers = n_odd = odd = 0
    most_odd = (1 - LEAST_NUMERIC) * counts.sum()
    for text, count in zip(levels, counts.tolist(), strict=True):
        if not count:
            continue
        number = _plain(text)
        if number is None:
            number, plain = split(text), False
        elif whole:
            whole = len(text) <= LONGEST and WHOLE.fullmatch(text) is not None
        known = text in options.gaps or text.lower() in GAP_WORDS
        if number is None or text in options.gaps:
            if not known and len(text) > LONGEST_WORD:
                return None
            words.append(text)
            n_odd += 0 if known else count
            odd += not known
        else:
            numbers.append(number)
            n_numbers += count
        if odd > MOST_OTHER_WORDS and n_odd > most_odd:
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


def _plain(text: str) -> Number | None:
    """Return a number as programs write it, or an infinite one; None for others."""
    if PLAIN.fullmatch(text):
        return Number(text, False, text, "", "")
    return Number(text, False, "0", "", "") if INFINITE.fullmatch(text) else None


def _candidates(
    numbers: list[Number], gaps: tuple[str, ...], options: Options
) -> Candidates | None:
    """Return the forms that all numbers allow."""
    # Plain numbers came with their sign.
    cut = [without_power(n.body.lstrip("+-")) for n in numbers]
    bodies, powers = [body for body, _ in cut], [power for _, power in cut]
    mark = _common_mark(numbers, bodies)
    if mark is None:
        return None
    signs = {sign for body in bodies for sign in body if sign in _SIGNS}
    forms = [
        Form(decimal, thousands, mark, gaps, _all_whole(bodies, powers, decimal))
        for decimal, thousands in _readings(signs, options)
        if _all_match(pattern(decimal, thousands), bodies)
    ]
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


def _readings(signs: set[str], options: Options) -> Iterator[tuple[str, str]]:
    """Yield the signs of decimals and thousands that the signs of a column allow."""
    for decimal in (".", ","):
        others = signs - {decimal}
        thousands = others.pop() if len(others) == 1 else ""
        asked_otherwise = (options.decimal or decimal) != decimal or (
            thousands and options.thousands not in (None, thousands)
        )
        if not others and not asked_otherwise and options.thousands != decimal:
            yield decimal, thousands


def _all_match(form: re.Pattern[str], bodies: Sequence[str]) -> bool:
    """Tell whether all numbers are written so."""
    return all(form.fullmatch(body) for body in bodies)


def _all_whole(bodies: Sequence[str], powers: Sequence[bool], decimal: str) -> bool:
    """Tell whether all are whole numbers that Python reads."""
    longest = min(LONGEST, 300)
    return not any(powers) and not any(
        decimal in body or len(body) > longest for body in bodies
    )


def _common_mark(numbers: Sequence[Number], bodies: Sequence[str]) -> str | None:
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
