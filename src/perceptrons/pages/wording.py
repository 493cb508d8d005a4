"""How numbers are written in sentences, tables and figures."""

from __future__ import annotations

import math
import re


def same_digits(a: float, b: float) -> tuple[str, str]:
    """Write two values with three digits, or as many more as tell them apart."""
    for digits in (3, 4, 5):
        texts = significant(a, digits), significant(b, digits)
        if texts[0] != texts[1]:
            break
    return texts


def significant(value: float, digits: int = 3) -> str:
    """Write a value with so many significant digits: 0.430, 2.00, 45,200.

    Parameters
    ----------
    value : float
    digits : int, default=3
    """
    rounded = float(f"{value:.{digits}g}")
    if rounded == 0:
        return "0"
    if not 1e-4 <= abs(rounded) < 1e9:
        return f"{value:.{digits - 1}e}"
    before = 1 + math.floor(math.log10(abs(rounded)))
    return f"{rounded:,.{max(0, digits - before)}f}"


def percent(share: float) -> str:
    """Write a share in percent, 0.012 as "1.2"; below -1,000 % figures say nothing."""
    if share < -10:
        return "below -1,000"
    text = f"{100 * share:,.1f}"
    return text.removeprefix("-") if float(text.replace(",", "")) == 0 else text


def probability(value: float) -> str:
    """Write a probability with two digits, more where it is near 0 or 1."""
    if value < 0.0005 or value > 0.9995:
        return "below 0.001" if value < 0.5 else "above 0.999"
    return f"{value:.3f}" if value < 0.01 or value > 0.99 else f"{value:.2f}"


def times(ratio: float) -> str:
    """Write a ratio with two digits: "the same", or "2.5 times the"."""
    written = two_digits(ratio)
    return "the same" if written == "1" else f"{written} times the"


def two_digits(value: float) -> str:
    """Write a number with two significant digits and without an exponent above 1."""
    return f"{float(f'{value:.2g}'):,g}"


def typeset(text: object) -> str:
    """Return a text whose numbers keep their percent sign, and have a true minus.

    What is quoted stays as it is: names, and commands to be copied.
    """
    pieces = re.split(r"(\'[^\']*\'|\"[^\"]*\")", str(text))
    for place in range(0, len(pieces), 2):
        signed = re.sub(r"(^|(?<=[ (]))-(?=\d)", "\N{MINUS SIGN}", pieces[place])
        pieces[place] = re.sub(r"(?<=\d) %", "\N{NO-BREAK SPACE}%", signed)
    return "".join(pieces)
