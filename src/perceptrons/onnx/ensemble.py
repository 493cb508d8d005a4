"""A preset as nodes of a graph: columns, encodings, networks, their weighted mean."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import TensorProto

from perceptrons.export.ensemble import Columns, Ensemble, Part
from perceptrons.onnx.graph import Builder
from perceptrons.onnx.network import add_network
from perceptrons.presets import encodings
from perceptrons.presets.encodings import Bins, Cosines, Normal, Plain, Scaler

# Beyond it a scaled column is 3 to the last digit, and no square overflows.
_FAR = 1e100


def ensemble_graph(ensemble: Ensemble) -> Any:
    """Return the graph of an ensemble.

    Everything but the networks themselves is in float64.

    Parameters
    ----------
    ensemble : Ensemble
    """
    build = Builder(double=True)
    X = "X"
    if ensemble.columns is not None:
        X = _columns(build, ensemble.columns, X)
    scaled = ""
    terms = []
    for number, part in enumerate(ensemble.parts):
        if part.encoder is not None and not scaled:
            # All encoders of a preset share it.
            scaled = _scaled(build, part.encoder.scaler, X)
        terms += _part(build, part, X, scaled, f"e{number}_")
    total = build.node("Sum", terms, "total")
    if ensemble.classes is not None:
        axis = build.constant("axis", np.array([1], np.int64))
        sums = build.node("ReduceSum", [total, axis], "sums", keepdims=1)
        total = build.node("Div", [total, sums], "shares")
        outputs = build.classification(total, ensemble.classes, ensemble.n_outputs)
    else:
        scale = build.number("scale", ensemble.scale)
        total = build.node("Mul", [total, scale], "spread")
        total = build.node("Add", [total, build.number("mean", ensemble.mean)], "y")
        outputs = build.regression(total, ensemble.n_outputs, flat=True)
    return build.graph(len(ensemble.features), outputs)


def _columns(build: Builder, columns: Columns, X: str) -> str:
    """Add what an encoder of a table does to numbers: order, gaps, indicators."""
    source = build.constant("source", columns.source.astype(np.int64))
    taken = build.node("Gather", [X, source], "taken", axis=1)
    absent = build.node("IsNaN", [taken], "absent")
    fill = build.number("fill", columns.fill)
    filled = build.node("Where", [absent, fill, taken], "filled")
    if not columns.gap.any():
        return filled
    said = build.node("Cast", [absent], "said", to=build.kind)
    gap = build.constant("gap", columns.gap)
    return build.node("Where", [gap, said, filled], "numbers")


def _scaled(build: Builder, scaler: Scaler, X: str) -> str:
    """Add (x - center) / spread, clipped smoothly."""
    constant = scaler.spread == 0
    center = build.number("center", scaler.center)
    spread = build.number("spread_of", np.where(constant, 1.0, scaler.spread))
    s = build.node("Sub", [X, center], "moved")
    s = build.node("Div", [s, spread], "scaled")
    low, high = build.number("far_below", -_FAR), build.number("far_above", _FAR)
    s = build.node("Clip", [s, low, high], "near")
    third = build.node("Div", [s, build.number("clip", encodings.CLIP)], "third")
    square = build.node("Mul", [third, third], "square")
    root = build.node("Add", [square, build.number("unit", 1.0)], "under")
    s = build.node("Div", [s, build.node("Sqrt", [root], "root")], "smooth")
    if constant.any():
        varying = build.number("varying", ~constant)
        s = build.node("Mul", [s, varying], "taught")
    return s


def _part(build: Builder, part: Part, X: str, scaled: str, prefix: str) -> list[str]:
    """Add an encoding and its networks; return the names of the weighted outputs."""
    inputs = X
    if part.encoder is not None:
        inputs = _ENCODERS[type(part.encoder)](build, part.encoder, X, scaled, prefix)
    # Networks compute in float32; a line in raw columns, such as a year, in float64.
    single = part.networks[0][1].single
    if single:
        inputs = build.node("Cast", [inputs], f"{prefix}inputs", to=TensorProto.FLOAT)
    terms = []
    for number, (weight, network) in enumerate(part.networks):
        own = f"{prefix}n{number}_"
        kind = np.float32 if single else np.float64
        A = add_network(build, network, inputs, own, kind)
        A = build.node("Cast", [A], f"{own}double", to=build.kind)
        share = build.number(f"{own}weight", weight)
        terms.append(build.node("Mul", [A, share], f"{own}term"))
    return terms


def _plain(build: Builder, encoder: Plain, X: str, scaled: str, prefix: str) -> str:
    """Add nothing."""
    return scaled


def _bins(build: Builder, encoder: Bins, X: str, scaled: str, prefix: str) -> str:
    """Add where in each bin a number lies."""
    if not len(encoder.column):
        return scaled
    column = build.constant(f"{prefix}column", encoder.column.astype(np.int64))
    own = build.node("Gather", [X, column], f"{prefix}own", axis=1)
    inside = _inside(build, own, encoder.low, encoder.width, prefix)
    return build.node("Concat", [scaled, inside], f"{prefix}all", axis=1)


def _normal(build: Builder, encoder: Normal, X: str, scaled: str, prefix: str) -> str:
    """Add ranks: a broken line is the sum of its pieces, each from 0 to its rise."""
    numbers = encoder.scaler.numbers
    if not len(numbers):
        return scaled
    most = max(len(seen) for seen in encoder.seen)
    low = np.zeros((len(numbers), most - 1))
    width, rise = np.ones_like(low), np.zeros_like(low)
    for row, (seen, normal) in enumerate(
        zip(encoder.seen, encoder.normal, strict=True)
    ):
        pieces = slice(len(seen) - 1)
        low[row, pieces], width[row, pieces] = seen[:-1], np.diff(seen)
        rise[row, pieces] = np.diff(normal)
    column = build.constant(f"{prefix}column", numbers.astype(np.int64))
    own = build.node("Gather", [X, column], f"{prefix}own", axis=1)
    last = build.constant(f"{prefix}last", np.array([2], np.int64))
    own = build.node("Unsqueeze", [own, last], f"{prefix}each")
    inside = _inside(build, own, low, width, prefix)
    rise_of = build.number(f"{prefix}rise", rise)
    risen = build.node("Mul", [inside, rise_of], f"{prefix}risen")
    risen = build.node("ReduceSum", [risen, last], f"{prefix}sum", keepdims=0)
    first = build.number(f"{prefix}first", [normal[0] for normal in encoder.normal])
    ranks = build.node("Add", [risen, first], f"{prefix}ranks")
    # Scaled columns and ranks side by side, of which each column takes its own.
    both = build.node("Concat", [scaled, ranks], f"{prefix}both", axis=1)
    place = np.arange(len(encoder.scaler.center))
    place[numbers] = len(place) + np.arange(len(numbers))
    places = build.constant(f"{prefix}places", place.astype(np.int64))
    return build.node("Gather", [both, places], f"{prefix}all", axis=1)


def _cosines(build: Builder, encoder: Cosines, X: str, scaled: str, prefix: str) -> str:
    """Add cosines of each number."""
    numbers, (_, n_waves) = encoder.scaler.numbers, encoder.frequency.shape
    if not len(numbers):
        return scaled
    column = np.repeat(numbers, n_waves).astype(np.int64)
    own = [scaled, build.constant(f"{prefix}column", column)]
    turns = build.node("Gather", own, f"{prefix}own", axis=1)
    angle = 2 * np.pi * encoder.frequency.ravel()
    frequency = build.number(f"{prefix}frequency", angle)
    turns = build.node("Mul", [turns, frequency], f"{prefix}turned")
    phase = build.number(f"{prefix}phase", 2 * np.pi * encoder.phase.ravel())
    turns = build.node("Add", [turns, phase], f"{prefix}angle")
    waves = build.node("Cos", [turns], f"{prefix}waves")
    return build.node("Concat", [scaled, waves], f"{prefix}all", axis=1)


def _inside(build: Builder, x: str, low: Any, width: Any, prefix: str) -> str:
    """Add min(1, max(0, (x - low) / width))."""
    beyond = build.node("Sub", [x, build.number(f"{prefix}low", low)], f"{prefix}up")
    share = [beyond, build.number(f"{prefix}width", width)]
    ends = build.number(f"{prefix}0", 0.0), build.number(f"{prefix}1", 1.0)
    share = [build.node("Div", share, f"{prefix}share"), *ends]
    return build.node("Clip", share, f"{prefix}inside")


_ENCODERS: dict[type, Any] = {
    Plain: _plain,
    Bins: _bins,
    Normal: _normal,
    Cosines: _cosines,
}
