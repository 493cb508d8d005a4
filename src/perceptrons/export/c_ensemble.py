"""C of a preset: columns, encodings, networks, their weighted mean."""

from __future__ import annotations

from typing import Any

import numpy as np

from perceptrons.export.c_code import constants, number, steps, vector, whole
from perceptrons.export.ensemble import Columns, Ensemble, Part
from perceptrons.presets import encodings
from perceptrons.presets.encodings import Bins, Cosines, Normal, Plain, Scaler


def before(ensemble: Ensemble) -> list[str]:
    """Return constants and functions of everything but the mean itself.

    Parameters
    ----------
    ensemble : Ensemble
    """
    lines = []
    if ensemble.columns is not None:
        lines += _columns(ensemble.columns, len(ensemble.features))
    scaler = next((p.encoder.scaler for p in ensemble.parts if p.encoder), None)
    if scaler is not None:
        lines += _scaled(scaler)
    for number_, part in enumerate(ensemble.parts):
        lines += _part(part, f"e{number_}_", _width(ensemble))
    classes = ensemble.classes is not None
    if not classes:
        lines.append(vector("scale", ensemble.scale, "double"))
        lines.append(vector("mean", ensemble.mean, "double"))
    return lines


def body(ensemble: Ensemble) -> list[str]:
    """Return the lines from x to y.

    Parameters
    ----------
    ensemble : Ensemble
    """
    K, width, numbers = ensemble.n_outputs, _width(ensemble), "x"
    loop = f"    for (int k = 0; k < {K}; k++)"
    lines = []
    if ensemble.columns is not None:
        numbers = "numbers"
        lines += [f"    double numbers[{width}];", "    columns(x, numbers);"]
    scaled = "numbers" if numbers != "x" else "x"
    if any(part.encoder is not None for part in ensemble.parts):
        scaled = "scaled"
        lines += [
            f"    double scaled[{width}];",
            f"    scale_columns({numbers}, scaled);",
        ]
    lines += [loop, "        y[k] = 0.0;"]
    for place in range(len(ensemble.parts)):
        lines.append(f"    e{place}_add({numbers}, {scaled}, y);")
    if ensemble.classes is not None:
        lines += ["    double total = 0.0;", loop, "        total += y[k];"]
        return [*lines, loop, "        y[k] /= total;"]
    return [*lines, loop, "        y[k] = mean[k] + scale[k] * y[k];"]


def _width(ensemble: Ensemble) -> int:
    """Return the columns that encodings and networks see."""
    columns = ensemble.columns
    return len(ensemble.features) if columns is None else len(columns.source)


def _columns(columns: Columns, n_inputs: int) -> list[str]:
    """Return what an encoder of a table does to numbers: order, gaps, indicators."""
    width = len(columns.source)
    return [
        whole("source", columns.source),
        whole("gap", columns.gap),
        vector("fill", columns.fill, "double"),
        f"static void columns(const double x[{n_inputs}], double numbers[{width}])",
        "{",
        f"    for (int i = 0; i < {width}; i++) {{",
        "        double own = x[source[i]];",
        "        numbers[i] = gap[i] ? (isnan(own) ? 1.0 : 0.0)",
        "                            : (isnan(own) ? fill[i] : own);",
        "    }",
        "}",
    ]


def _scaled(scaler: Scaler) -> list[str]:
    """Return (x - center) / spread, clipped smoothly."""
    d, clip = len(scaler.center), number(encodings.CLIP, "")
    return [
        vector("center", scaler.center, "double"),
        vector("spread", scaler.spread, "double"),
        f"static void scale_columns(const double x[{d}], double scaled[{d}])",
        "{",
        f"    for (int i = 0; i < {d}; i++) {{",
        "        double s = spread[i] > 0.0 ? (x[i] - center[i]) / spread[i] : 0.0;",
        f"        scaled[i] = s / hypot(1.0, s / {clip});",
        "    }",
        "}",
    ]


def _part(part: Part, prefix: str, width: int) -> list[str]:
    """Return an encoding, its networks, and what adds their weighted outputs."""
    made, lines = [], []
    for place, (_, network) in enumerate(part.networks):
        own = f"{prefix}n{place}_"
        n_in, n_out = len(network.weights[0]), network.n_outputs
        kind = "float" if network.single else "double"
        lines += constants(network, own, kind)
        lines += [
            f"static void {own}predict(const {kind} x[{n_in}], {kind} y[{n_out}])",
            "{",
            *steps(network, own, kind),
            "}",
        ]
        made.append(own)
    n_in, K = len(part.networks[0][1].weights[0]), part.networks[0][1].n_outputs
    single = part.networks[0][1].single
    kind, cast = ("float", "(float)") if single else ("double", "")
    fixed, encode = [], [f"    for (int i = 0; i < {width}; i++)",
                         f"        in[i] = {cast}scaled[i];"]  # fmt: skip
    if part.encoder is not None:
        fixed, more = _ENCODERS[type(part.encoder)](part.encoder, prefix, width)
        encode += more
    lines += [
        *fixed,
        f"static void {prefix}add(const double x[{width}], "
        f"const double scaled[{width}], double y[{K}])",
        "{",
        f"    {kind} in[{n_in}], out[{K}];",
        *([] if "x[" in " ".join(encode) else ["    (void)x;"]),
        *encode,
    ]
    for own, (weight, _) in zip(made, part.networks, strict=True):
        lines += [
            f"    {own}predict(in, out);",
            f"    for (int k = 0; k < {K}; k++)",
            f"        y[k] += {number(weight, '')} * (double)out[k];",
        ]
    return [*lines, "}"]


Lines = tuple[list[str], list[str]]


def _plain(encoder: Plain, prefix: str, width: int) -> Lines:
    """Return nothing further."""
    return [], []


def _bins(encoder: Bins, prefix: str, width: int) -> Lines:
    """Return where in each bin a number lies."""
    n_bins = len(encoder.column)
    if not n_bins:
        return [], []
    fixed = [
        whole(f"{prefix}column", encoder.column),
        vector(f"{prefix}low", encoder.low, "double"),
        vector(f"{prefix}width", encoder.width, "double"),
    ]
    return fixed, [
        f"    for (int i = 0; i < {n_bins}; i++) {{",
        f"        double share = x[{prefix}column[i]] - {prefix}low[i];",
        f"        share = fmin(1.0, fmax(0.0, share / {prefix}width[i]));",
        f"        in[{width} + i] = (float)share;",
        "    }",
    ]


def _normal(encoder: Normal, prefix: str, width: int) -> Lines:
    """Return ranks: a broken line, its piece found by halving."""
    numbers = encoder.scaler.numbers
    if not len(numbers):
        return [], []
    lengths = [len(seen) for seen in encoder.seen]
    first = np.concatenate([[0], np.cumsum(lengths)])
    fixed = [
        whole(f"{prefix}column", numbers),
        whole(f"{prefix}first", first),
        vector(f"{prefix}seen", np.concatenate(encoder.seen), "double"),
        vector(f"{prefix}rank", np.concatenate(encoder.normal), "double"),
    ]
    return fixed, [
        f"    for (int i = 0; i < {len(numbers)}; i++) {{",
        f"        int low = {prefix}first[i], high = {prefix}first[i + 1] - 1;",
        f"        double v = x[{prefix}column[i]];",
        f"        v = fmin({prefix}seen[high], fmax({prefix}seen[low], v));",
        "        while (high - low > 1) {",
        "            int half = (low + high) / 2;",
        f"            if ({prefix}seen[half] <= v)",
        "                low = half;",
        "            else",
        "                high = half;",
        "        }",
        f"        double r = {prefix}rank[low];",
        "        if (high > low)",
        f"            r += ({prefix}rank[high] - r) * (v - {prefix}seen[low])",
        f"                 / ({prefix}seen[high] - {prefix}seen[low]);",
        f"        in[{prefix}column[i]] = (float)r;",
        "    }",
    ]


def _cosines(encoder: Cosines, prefix: str, width: int) -> Lines:
    """Return cosines of each number."""
    numbers, (_, n_waves) = encoder.scaler.numbers, encoder.frequency.shape
    if not len(numbers):
        return [], []
    turn = 2 * np.pi
    fixed = [
        whole(f"{prefix}column", np.repeat(numbers, n_waves)),
        vector(f"{prefix}frequency", turn * encoder.frequency.ravel(), "double"),
        vector(f"{prefix}phase", turn * encoder.phase.ravel(), "double"),
    ]
    return fixed, [
        f"    for (int i = 0; i < {encoder.frequency.size}; i++)",
        f"        in[{width} + i] = (float)cos({prefix}frequency[i]",
        f"            * scaled[{prefix}column[i]] + {prefix}phase[i]);",
    ]


_ENCODERS: dict[type, Any] = {
    Plain: _plain,
    Bins: _bins,
    Normal: _normal,
    Cosines: _cosines,
}
