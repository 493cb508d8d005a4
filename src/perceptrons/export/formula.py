"""A small network as a formula: Python, C, Fortran, a spreadsheet, LaTeX."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from perceptrons import _checks, activations
from perceptrons.export.ensemble import read_network
from perceptrons.export.network import (
    Network,
    inputs_of,
    outputs_of,
    probable,
    unwritten,
    visible,
)

# Beyond it nobody reads the formula, and to_c writes loops.
MOST_PARAMETERS = 2000

Line = tuple[str, str]  # a name, and what it is


@dataclass(frozen=True)
class Words:
    """How a language writes products, numbers and functions.

    Parameters
    ----------
    times : str
    number : callable
        Text of a number in Python -> in the language.
    call : callable
        Name of a function, its arguments -> text.
    """

    times: str
    number: Callable[[str], str]
    call: Callable[[str, Sequence[str]], str]


def to_formula(model: Any, language: str = "python", digits: int | None = None) -> str:
    """Return a network of some 100 parameters as a formula.

    Parameters
    ----------
    model : estimator
        Fitted: a network, a linear or logistic regression, the best of a search, alone
        or in a Pipeline, a TransformedTargetRegressor or a TableModel. Scalers of
        scikit-learn before the network, and one of the target, are folded into its
        weights: the formula takes the raw columns and gives the raw target.
    language : {"python", "c", "fortran", "excel", "latex"}, default="python"
        A function ``predict`` in double precision; for "excel" one line per cell of
        row 2, its column and its formula between a tab, the raw columns in A2, B2, ...
    digits : int or None, default=None
        Of every number; None: all, and the predictions agree with ``predict`` within
        rounding.

    Returns
    -------
    str
        For a classifier it gives the probability of each class, in the order of
        ``classes_`` (of a network of two classes, the second alone).

    Raises
    ------
    ValueError
        For another language, or a network of more than 2,000 parameters.
    TypeError
        For another model, such as a preset, or activations of your own.
    """
    _checks.choice("language", language, _WRITERS)
    if digits is not None:
        _checks.integer("digits", digits, 1, "None writes all digits")
    network = read_network(model)
    if network.n_parameters > MOST_PARAMETERS:
        raise ValueError(
            f"model must have at most {MOST_PARAMETERS} parameters for a formula, got "
            f"{network.n_parameters}; perceptrons.export.to_c writes larger ones."
        )
    return _WRITERS[language](network, digits)


# ------------------------------------------------------------------------ expressions


def _lines(
    network: Network,
    words: Words,
    digits: int | None,
    inputs: Sequence[str],
    hidden: Callable[[int, int], str],
    raw: Callable[[int], str],
    outputs: Sequence[str],
) -> list[Line]:
    """Return every unit and every output with its expression, in order."""
    found: list[Line] = []
    before, last = list(inputs), len(network.weights) - 1
    for layer, (W, b) in enumerate(zip(network.weights, network.biases, strict=True)):
        sums = [
            _sum(words, digits, W[:, unit], b[unit], before) for unit in range(len(b))
        ]
        if layer < last:
            names = [hidden(layer, unit) for unit in range(len(b))]
            activation = network.activations[layer]
            values = [_activation(activation, total, words) for total in sums]
            found += zip(names, values, strict=True)
            before = names
    if network.link == "softmax":
        found += _softmax(sums, words, raw, outputs)
    else:
        found += [
            (name, _link(network.link, total, words))
            for name, total in zip(outputs, sums, strict=True)
        ]
    return found


def _sum(
    words: Words, digits: int | None, weights: Any, bias: Any, names: Sequence[str]
) -> str:
    """Return w1*x1 + w2*x2 - ... + b."""

    def number(value: float) -> str:
        value = abs(float(value))
        return words.number(repr(value) if digits is None else f"{value:.{digits}g}")

    text = "-" if math.copysign(1.0, bias) < 0 else ""
    text += number(bias)
    for weight, name in zip(weights, names, strict=True):
        sign = "-" if weight < 0 else "+"
        text += f" {sign} {number(weight)}{words.times}{name}"
    return text


def _activation(activation: Any, z: str, words: Words) -> str:
    """Return an activation of the sum z."""
    call, number, times = words.call, words.number, words.times
    zero = number("0.0")
    if isinstance(activation, activations.Identity):
        return z
    if isinstance(activation, activations.Tanh):
        return call("tanh", [z])
    if isinstance(activation, activations.Sigmoid):
        return _logistic(z, words)
    if isinstance(activation, activations.ReLU):
        return call("max", [zero, z])
    if isinstance(activation, activations.LeakyReLU):
        slope = number(repr(float(activation.alpha)))
        return call("max", [z, f"{slope}{times}({z})"])
    if isinstance(activation, activations.ELU | activations.SELU):
        scale, alpha = 1.0, getattr(activation, "alpha", 0.0)
        if isinstance(activation, activations.SELU):
            scale, alpha = activation.SCALE, activation.ALPHA
        negative = call("exp", [call("min", [zero, z])])
        return (
            f"{number(repr(scale))}{times}{call('max', [zero, z])} + "
            f"{number(repr(scale * alpha))}{times}({negative} - {number('1.0')})"
        )
    if isinstance(activation, activations.SiLU):
        return f"({z}){times}({_logistic(z, words)})"
    if isinstance(activation, activations.GELU):
        root = number(repr(math.sqrt(0.5)))
        inner = call("erf", [f"{root}{times}({z})"])
        half, one = number("0.5"), number("1.0")
        return f"{half}{times}({z}){times}({one} + {inner})"
    if isinstance(activation, activations.Softplus):
        # log(1 + exp(z)) without overflow
        small = call("exp", [f"-{call('abs', [z])}"])
        grown = call("log", [f"{number('1.0')} + {small}"])
        return f"{call('max', [zero, z])} + {grown}"
    raise unwritten(activation, "a formula")


def _logistic(z: str, words: Words) -> str:
    """Return 1 / (1 + exp(-z)) in the form that cannot overflow."""
    half, times = words.number("0.5"), words.times
    return f"{half} + {half}{times}{words.call('tanh', [f'{half}{times}({z})'])}"


def _link(link: str, z: str, words: Words) -> str:
    """Return a prediction from one raw output."""
    if link == "logistic":
        return _logistic(z, words)
    return words.call("exp", [z]) if link == "exp" else z


def _softmax(
    sums: Sequence[str],
    words: Words,
    raw: Callable[[int], str],
    outputs: Sequence[str],
) -> list[Line]:
    """Return raw outputs, then probabilities as 1 / sum_j exp(z_j - z_k)."""
    names = [raw(k) for k in range(len(sums))]
    found: list[Line] = list(zip(names, sums, strict=True))
    one = words.number("1.0")
    for name, z in zip(outputs, names, strict=True):
        # Clipped, so that exp cannot overflow: 1 / exp(700) is 0 to any purpose.
        terms = [
            words.call(
                "exp", [words.call("min", [f"{other} - {z}", words.number("700.0")])]
            )
            for other in names
            if other != z
        ]
        found.append((name, f"{one}/({' + '.join([one, *terms])})"))
    return found


# -------------------------------------------------------------------------- languages


def _plain_call(names: dict[str, str]) -> Callable[[str, Sequence[str]], str]:
    """Return how functions are called that have other names here and there."""
    return lambda name, given: f"{names.get(name, name)}({', '.join(given)})"


def _units(network: Network, words: Words, digits: int | None) -> list[Line]:
    """Return the lines with names that programs take."""
    return _lines(
        network,
        words,
        digits,
        inputs_of(network),
        lambda layer, unit: f"h{layer + 1}_{unit + 1}",
        lambda k: f"z{k + 1}",
        outputs_of(network),
    )


def _legend(network: Network) -> list[str]:
    """Return what the arguments and results are, where their names do not tell."""
    inputs, outputs = inputs_of(network), outputs_of(network)
    pairs = zip(inputs, network.features, strict=True)
    found = [f"{name}: {visible(own)}" for name, own in pairs if name != own]
    if network.classes is not None:
        found += [
            f"{name}: probability of {visible(label)}"
            for name, label in zip(
                outputs, probable(network.classes, network.n_outputs), strict=True
            )
        ]
    return found


def _python(network: Network, digits: int | None) -> str:
    """Return a function of Python."""
    words = Words("*", str, _plain_call({}))
    inputs, outputs = inputs_of(network), outputs_of(network)
    body = [f"{name} = {value}" for name, value in _units(network, words, digits)]
    legend = [f"# {line}" for line in _legend(network)]
    returned = ", ".join(outputs)
    return "\n".join(
        [
            "from math import erf, exp, log, tanh",
            "",
            "",
            f"def predict({', '.join(inputs)}):",
            *[f"    {line}" for line in [*legend, *body, f"return {returned}"]],
            "",
        ]
    )


def _c(network: Network, digits: int | None) -> str:
    """Return a function of C99."""
    names = {"max": "fmax", "min": "fmin", "abs": "fabs"}
    words = Words("*", str, _plain_call(names))
    inputs, outputs = inputs_of(network), outputs_of(network)
    body = [
        f"*{name} = {value};" if name in outputs else f"const double {name} = {value};"
        for name, value in _units(network, words, digits)
    ]
    arguments = [f"double {n}" for n in inputs] + [f"double *{n}" for n in outputs]
    legend = [f"/* {line} */" for line in _legend(network)]
    return "\n".join(
        [
            "#include <math.h>",
            "",
            f"void predict({', '.join(arguments)})",
            "{",
            *[f"    {line}" for line in [*legend, *body]],
            "}",
            "",
        ]
    )


def _fortran(network: Network, digits: int | None) -> str:
    """Return a subroutine of Fortran 2008."""

    def number(text: str) -> str:
        return text.replace("e", "d") if "e" in text else f"{text}d0"

    words = Words("*", number, _plain_call({}))
    inputs, outputs = inputs_of(network), outputs_of(network)
    lines = _units(network, words, digits)
    units = [name for name, _ in lines if name not in outputs]
    body = [
        *[f"! {line}" for line in _legend(network)],
        "implicit none",
        *[f"double precision, intent(in) :: {name}" for name in inputs],
        *[f"double precision, intent(out) :: {name}" for name in outputs],
        *[f"double precision :: {name}" for name in units],
        *[f"{name} = {value}" for name, value in lines],
    ]
    arguments = ", ".join([*inputs, *outputs])
    written = [f"subroutine predict({arguments})", *[f"  {line}" for line in body]]
    return "\n".join([*map(_folded, written), "end subroutine predict", ""])


def _folded(line: str) -> str:
    """Return a line of Fortran in pieces of at most 100 characters."""
    if line.lstrip().startswith("!"):
        return line[:130]
    pieces = textwrap.wrap(line, 100, subsequent_indent="    ", break_long_words=False)
    return " &\n".join(pieces)


def _excel(network: Network, digits: int | None) -> str:
    """Return cells of row 2: the column's letters, a tab, what is in it."""
    names = {"log": "LN"}
    words = Words(
        "*",
        lambda text: text.upper(),
        lambda name, given: f"{names.get(name, name.upper())}({','.join(given)})",
    )
    widths = [len(b) for b in network.biases]
    first = [len(network.features)]
    for width in widths:
        first.append(first[-1] + width)
    last = len(widths) - 1
    softmax = network.link == "softmax"
    outputs = [
        _cell(first[last] + k + (widths[-1] if softmax else 0))
        for k in range(widths[-1])
    ]
    lines = _lines(
        network,
        words,
        digits,
        [_cell(i) for i in range(len(network.features))],
        lambda layer, unit: _cell(first[layer] + unit),
        lambda k: _cell(first[last] + k),
        outputs,
    )
    return "".join(f"{name}\t={value}\n" for name, value in lines)


def _cell(column: int) -> str:
    """Return the name of a cell in row 2: A2, ..., Z2, AA2, ..."""
    letters, rest = "", column + 1
    while rest:
        rest, letter = divmod(rest - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return f"{letters}2"


def _latex(network: Network, digits: int | None) -> str:
    """Return an aligned block of equations."""

    def call(name: str, given: Sequence[str]) -> str:
        inner = ", ".join(given)
        if name == "abs":
            return rf"\left|{inner}\right|"
        called = r"\operatorname{erf}" if name == "erf" else f"\\{name}"
        return rf"{called}\left({inner}\right)"

    def number(text: str) -> str:
        mantissa, _, exponent = text.partition("e")
        return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if exponent else mantissa

    n_outputs = len(network.biases[-1])
    lines = _lines(
        network,
        Words(r" \, ", number, call),
        digits,
        [f"x_{{{i + 1}}}" for i in range(len(network.features))],
        lambda layer, unit: f"h_{{{layer + 1},{unit + 1}}}",
        lambda k: f"z_{{{k + 1}}}",
        [f"y_{{{k + 1}}}" for k in range(n_outputs)],
    )
    body = " \\\\\n".join(f"  {name} &= {value}" for name, value in lines)
    return f"\\begin{{aligned}}\n{body}\n\\end{{aligned}}\n"


_WRITERS: dict[str, Callable[[Network, int | None], str]] = {
    "python": _python,
    "c": _c,
    "fortran": _fortran,
    "excel": _excel,
    "latex": _latex,
}
