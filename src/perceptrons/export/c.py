"""A network as C99: loops over constant matrices, nothing allocated, nothing linked."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from perceptrons import activations
from perceptrons.export.network import Network, network_of, probable, unwritten, visible

# Rows of the test vector that comes with the code.
TEST_ROWS = 8


class Code(NamedTuple):
    """Two files of C.

    Parameters
    ----------
    header : str
        What a caller includes.
    source : str
        Everything else, the test in it: compiled with -D<NAME>_TEST it is a program
        that predicts the rows of the test vector and returns 0 if all agree.
    """

    header: str
    source: str


def to_c(model: Any, name: str = "model") -> Code:
    """Return a network as one self-contained file of C99 and its header.

    Nothing is allocated, nothing but ``math.h`` is needed, and all constants may stay
    in read-only memory. The scalars are float where the network was trained in
    float32, else double.

    Parameters
    ----------
    model : MLPRegressor, MLPClassifier, Pipeline or TransformedTargetRegressor
        Fitted. Scalers of scikit-learn before the network, and one of the target, are
        folded into its weights.
    name : str, default="model"
        Prefix of every name in it, and of the file that the source includes,
        ``<name>.h``.

    Returns
    -------
    Code
        header and source: ``<name>_predict(x, y)`` writes the predictions of one row,
        the probability of each class for a classifier (of the second, for two).

    Raises
    ------
    ValueError
        If ``name`` is no identifier of C.
    TypeError
        For another model, or activations of your own.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from perceptrons import MLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> net = MLPClassifier((4,), solver="lbfgs", random_state=0).fit(X, y)
    >>> print(to_c(net, "iris").header.splitlines()[-3])
    void iris_predict(const float x[IRIS_INPUTS], float y[IRIS_OUTPUTS]);
    """
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,30}", name):
        raise ValueError(f"name must be an identifier of C, got {name!r}; try 'model'.")
    network = network_of(model)
    kind = "float" if network.single else "double"
    return Code(_header(network, name, kind), _source(network, name, kind))


def _header(network: Network, name: str, kind: str) -> str:
    """Return the header."""
    upper = name.upper()
    n_inputs, n_outputs = len(network.weights[0]), len(network.biases[-1])
    notes = [
        f" * x[{i}]: {visible(feature)}" for i, feature in enumerate(network.features)
    ]
    notes += [
        f" * y[{k}]: probability of {visible(label)}"
        for k, label in enumerate(probable(network))
    ]
    return "\n".join(
        [
            f"#ifndef {upper}_H",
            f"#define {upper}_H",
            "",
            f"#define {upper}_INPUTS {n_inputs}",
            f"#define {upper}_OUTPUTS {n_outputs}",
            "",
            "/*",
            *notes,
            " */",
            f"void {name}_predict(const {kind} x[{upper}_INPUTS], "
            f"{kind} y[{upper}_OUTPUTS]);",
            "",
            "#endif",
            "",
        ]
    )


def _source(network: Network, name: str, kind: str) -> str:
    """Return the source."""
    suffix = "f" if kind == "float" else ""
    widths = [len(b) for b in network.biases]
    widest = max(widths)
    constants, steps = [], []
    for layer, (W, b) in enumerate(zip(network.weights, network.biases, strict=True)):
        # One row per unit, so that the inner loop walks through memory.
        constants.append(_matrix(f"W{layer}", W.T, kind))
        constants.append(_vector(f"b{layer}", b, kind))
        steps += _layer(network, layer, kind, suffix)
    buffers = [f"    {kind} a{k}[{widest}];" for k in range(min(2, len(widths) - 1))]
    upper = name.upper()
    return "\n".join(
        [
            f'#include "{name}.h"',
            "",
            "#include <math.h>",
            "",
            *constants,
            "",
            f"void {name}_predict(const {kind} x[{upper}_INPUTS], "
            f"{kind} y[{upper}_OUTPUTS])",
            "{",
            *buffers,
            *steps,
            *_link(network.link, widths[-1], kind, suffix),
            "}",
            "",
            *_test(network, name, kind, suffix),
            "",
        ]
    )


def _layer(network: Network, layer: int, kind: str, suffix: str) -> list[str]:
    """Return the loops of one layer, from one buffer to the other."""
    n_inputs, n_units = network.weights[layer].shape
    before = "x" if layer == 0 else f"a{(layer - 1) % 2}"
    after, value = "y", "z"
    if layer < len(network.activations):
        after = f"a{layer % 2}"
        value = _activation(network.activations[layer], suffix)
    return [
        f"    for (int j = 0; j < {n_units}; j++) {{",
        f"        {kind} z = b{layer}[j];",
        f"        for (int i = 0; i < {n_inputs}; i++)",
        f"            z += W{layer}[j][i] * {before}[i];",
        f"        {after}[j] = {value};",
        "    }",
    ]


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
        return f"z > 0.0{f} ? z : {_number(activation.alpha, f)} * z"
    if isinstance(activation, activations.SELU):
        scale = _number(activation.SCALE, f)
        steep = _number(activation.SCALE * activation.ALPHA, f)
        return f"z > 0.0{f} ? {scale} * z : {steep} * expm1{f}(z)"
    if isinstance(activation, activations.ELU):
        return f"z > 0.0{f} ? z : {_number(activation.alpha, f)} * expm1{f}(z)"
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


def _test(network: Network, name: str, kind: str, f: str) -> list[str]:
    """Return a program that compares with predictions made here, in double."""
    upper = name.upper()
    random = np.random.default_rng(0)
    rows = random.normal(size=(TEST_ROWS, len(network.weights[0])))
    rows = rows.astype(np.float32).astype(np.float64)
    tolerance = _number(1e-4 if f else 1e-9, f)
    return [
        f"#ifdef {upper}_TEST",
        "int main(void)",
        "{",
        _matrix("rows", rows, kind, "    "),
        _matrix("expected", _predict(network, rows), kind, "    "),
        f"    for (int n = 0; n < {TEST_ROWS}; n++) {{",
        f"        {kind} y[{upper}_OUTPUTS];",
        f"        {name}_predict(rows[n], y);",
        f"        for (int k = 0; k < {upper}_OUTPUTS; k++) {{",
        f"            {kind} far = fabs{f}(y[k] - expected[n][k]);",
        f"            if (!(far <= {tolerance} * (1.0{f} + fabs{f}(expected[n][k]))))",
        "                return 1;",
        "        }",
        "    }",
        "    return 0;",
        "}",
        "#endif",
    ]


def _predict(network: Network, X: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the predictions, in double."""
    A: Any = X
    last = len(network.weights) - 1
    for layer, (W, b) in enumerate(zip(network.weights, network.biases, strict=True)):
        A = A @ W.astype(np.float64) + b
        if layer < last:
            A = network.activations[layer].value(A, np.empty_like(A))
    return np.asarray(_LINKS[network.link](A))


def _softmax(Z: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the softmax of each row."""
    E = np.exp(Z - Z.max(axis=1, keepdims=True))
    return np.asarray(E / E.sum(axis=1, keepdims=True))


_LINKS: dict[str, Any] = {
    "identity": lambda Z: Z,
    "logistic": lambda Z: 0.5 + 0.5 * np.tanh(0.5 * Z),
    "exp": np.exp,
    "softmax": _softmax,
}


def _matrix(name: str, rows: Any, kind: str, indent: str = "") -> str:
    """Return a constant matrix."""
    f = "f" if kind == "float" else ""
    body = ",\n".join(
        f"{indent}    {{{', '.join(_number(v, f) for v in row)}}}" for row in rows
    )
    shape = f"[{len(rows)}][{len(rows[0])}]"
    return f"{indent}static const {kind} {name}{shape} = {{\n{body}\n{indent}}};"


def _vector(name: str, values: Any, kind: str) -> str:
    """Return a constant vector."""
    f = "f" if kind == "float" else ""
    body = ", ".join(_number(v, f) for v in values)
    return f"static const {kind} {name}[{len(values)}] = {{{body}}};"


def _number(value: float, f: str) -> str:
    """Return a number in as many digits as tell it from its neighbours."""
    text = f"{value:.9g}" if f else repr(float(value))
    return f"{text}{f}" if "." in text or "e" in text else f"{text}.0{f}"
