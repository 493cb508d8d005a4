"""A network as nodes of a graph."""

from __future__ import annotations

from typing import Any

import numpy as np

from perceptrons import activations
from perceptrons.export.network import Network, unwritten
from perceptrons.onnx.graph import Builder

_NODES: dict[type, tuple[str, tuple[str, ...]]] = {
    activations.Sigmoid: ("Sigmoid", ()),
    activations.Tanh: ("Tanh", ()),
    activations.ReLU: ("Relu", ()),
    activations.LeakyReLU: ("LeakyRelu", ("alpha",)),
    activations.ELU: ("Elu", ("alpha",)),
    activations.GELU: ("Gelu", ()),
    activations.Softplus: ("Softplus", ()),
}
_LINKS = {"logistic": "Sigmoid", "exp": "Exp", "softmax": "Softmax"}


def network_graph(network: Network, flat: bool) -> Any:
    """Return the graph of a network alone, in float32.

    Parameters
    ----------
    network : Network
    flat : bool
        Whether a single output is a vector, as in ``predict``.
    """
    build = Builder(double=False)
    A = add_network(build, network, "X", "")
    if network.classes is None:
        outputs = build.regression(A, network.n_outputs, flat)
    elif network.multilabel:
        outputs = build.several_labels(A, network.n_outputs)
    else:
        outputs = build.classification(A, network.classes, network.n_outputs)
    return build.graph(len(network.weights[0]), outputs)


def add_network(
    build: Builder, network: Network, A: str, prefix: str, kind: Any = np.float32
) -> str:
    """Add a network and return the name of its predictions.

    Parameters
    ----------
    build : Builder
    network : Network
    A : str
        Its input.
    prefix : str
        Of every name.
    kind : dtype, default=float32
        Of its input and of all that it computes.
    """
    last = len(network.weights) - 1
    for layer, (W, b) in enumerate(zip(network.weights, network.biases, strict=True)):
        names = [
            A,
            build.constant(f"{prefix}W{layer}", W.astype(kind)),
            build.constant(f"{prefix}b{layer}", b.astype(kind)),
        ]
        A = build.node("Gemm", names, f"{prefix}Z{layer}")
        if layer < last:
            activation = network.activations[layer]
            A = _activate(build, activation, A, f"{prefix}A{layer}")
    if network.link in _LINKS:
        given = {"axis": 1} if network.link == "softmax" else {}
        A = build.node(_LINKS[network.link], [A], f"{prefix}linked", **given)
    return A


def _activate(build: Builder, activation: Any, Z: str, A: str) -> str:
    """Add an activation."""
    if isinstance(activation, activations.Identity):
        return Z
    if isinstance(activation, activations.SiLU):
        return build.node("Mul", [Z, build.node("Sigmoid", [Z], f"{A}_s")], A)
    if isinstance(activation, activations.SELU):
        settings = {"alpha": activation.ALPHA, "gamma": activation.SCALE}
        return build.node("Selu", [Z], A, **settings)
    if type(activation) not in _NODES:
        raise unwritten(activation, "ONNX")
    kind, names = _NODES[type(activation)]
    return build.node(
        kind, [Z], A, **{name: float(getattr(activation, name)) for name in names}
    )
