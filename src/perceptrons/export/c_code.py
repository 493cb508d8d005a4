"""C of a network: constant matrices, loops over them, activations and links."""

from __future__ import annotations

from typing import Any

from perceptrons import activations
from perceptrons.export.network import Network, unwritten


def constants(network: Network, prefix: str, kind: str) -> list[str]:
    """Return the matrices of a network.

    Parameters
    ----------
    network : Network
    prefix : str
        Of their names.
    kind : {"float", "double"}
    """
    found = []
    for layer, (W, b) in enumerate(zip(network.weights, network.biases, strict=True)):
        # One row per unit, so that the inner loop walks through memory.
        found.append(matrix(f"{prefix}W{layer}", W.T, kind))
        found.append(vector(f"{prefix}b{layer}", b, kind))
    return found


def steps(network: Network, prefix: str, kind: str) -> list[str]:
    """Return the lines from x to y of a network.

    Parameters
    ----------
    network, prefix, kind : as in :func:`constants`
    """
    f = "f" if kind == "float" else ""
    widths = [len(b) for b in network.biases]
    found = [f"    {kind} a{k}[{max(widths)}];" for k in range(min(2, len(widths) - 1))]
    for layer, (W, b) in enumerate(zip(network.weights, network.biases, strict=True)):
        before = "x" if layer == 0 else f"a{(layer - 1) % 2}"
        last = layer == len(widths) - 1
        after = "y" if last else f"a{layer % 2}"
        act = "z" if last else _activation(network.activations[layer], f)
        found += [
            f"    for (int j = 0; j < {len(b)}; j++) {{",
            f"        {kind} z = {prefix}b{layer}[j];",
            f"        for (int i = 0; i < {len(W)}; i++)",
            f"            z += {prefix}W{layer}[j][i] * {before}[i];",
            f"        {after}[j] = {act};",
            "    }",
        ]
    return [*found, *_link(network.link, widths[-1], kind, f)]


def _activation(activation: Any, f: str) -> str:
    """Return an activation of z, f the suffix of float's functions and numbers."""
    if isinstance(activation, activations.Identity):
        return "z"
    if isinstance(activation, activations.Tanh):
        return f"tanh{f}(z)"
    if isinstance(activation, activations.Sigmoid):
        return f"1.0{f} / (1.0{f} + exp{f}(-z))"
    if isinstance(activation, activations.ReLU):
        return f"z > 0.0{f} ? z : 0.0{f}"
    if isinstance(activation, activations.LeakyReLU):
        return f"z > 0.0{f} ? z : {number(activation.alpha, f)} * z"
    if isinstance(activation, activations.SELU):
        scale = number(activation.SCALE, f)
        steep = number(activation.SCALE * activation.ALPHA, f)
        return f"z > 0.0{f} ? {scale} * z : {steep} * expm1{f}(z)"
    if isinstance(activation, activations.ELU):
        return f"z > 0.0{f} ? z : {number(activation.alpha, f)} * expm1{f}(z)"
    if isinstance(activation, activations.SiLU):
        return f"z / (1.0{f} + exp{f}(-z))"
    if isinstance(activation, activations.GELU):
        return f"0.5{f} * z * erfc{f}(-0.70710678118654752{f} * z)"
    if isinstance(activation, activations.Softplus):
        return f"(z > 0.0{f} ? z : 0.0{f}) + log1p{f}(exp{f}(-fabs{f}(z)))"
    raise unwritten(activation, "C")


def _link(link: str, n_outputs: int, kind: str, f: str) -> list[str]:
    """Return the lines from raw outputs to predictions."""
    loop = f"    for (int k = 0; k < {n_outputs}; k++)"
    if link == "logistic":
        return [loop, f"        y[k] = 1.0{f} / (1.0{f} + exp{f}(-y[k]));"]
    if link == "exp":
        return [loop, f"        y[k] = exp{f}(y[k]);"]
    if link == "softmax":
        return [
            f"    {kind} largest = y[0], total = 0.0{f};",
            loop,
            f"        largest = fmax{f}(largest, y[k]);",
            loop,
            f"        total += y[k] = exp{f}(y[k] - largest);",
            loop,
            "        y[k] /= total;",
        ]
    return []


def matrix(name: str, rows: Any, kind: str, indent: str = "") -> str:
    """Return a constant matrix."""
    f = "f" if kind == "float" else ""
    body = ",\n".join(
        f"{indent}    {{{', '.join(number(v, f) for v in row)}}}" for row in rows
    )
    shape = f"[{len(rows)}][{len(rows[0])}]"
    return f"{indent}static const {kind} {name}{shape} = {{\n{body}\n{indent}}};"


def vector(name: str, values: Any, kind: str) -> str:
    """Return a constant vector."""
    f = "f" if kind == "float" else ""
    body = ", ".join(number(v, f) for v in values)
    return f"static const {kind} {name}[{len(values)}] = {{{body}}};"


def number(value: float, f: str) -> str:
    """Return a number in as many digits as tell it from its neighbours."""
    text = f"{value:.9g}" if f else repr(float(value))
    return f"{text}{f}" if "." in text or "e" in text else f"{text}.0{f}"


def whole(name: str, values: Any) -> str:
    """Return a constant vector of whole numbers."""
    body = ", ".join(str(int(value)) for value in values)
    return f"static const int {name}[{len(values)}] = {{{body}}};"
