"""A graph under way: nodes, constants, and what comes out of it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

# What onnxruntime of 2024 and later reads; Gelu is there since 20.
OPSET, IR_VERSION = 20, 9
#: Name of the free dimension, by which compilers that need sizes can be given one.
ROWS = "rows"


class Builder:
    """Nodes and constants of a graph, every node named.

    Parameters
    ----------
    double : bool
        Whether predictions and probabilities are float64.
    """

    def __init__(self, double: bool) -> None:
        self.real = np.dtype(np.float64 if double else np.float32)
        self.kind = TensorProto.DOUBLE if double else TensorProto.FLOAT
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, name: str, array: Any) -> str:
        """Add a constant and return its name."""
        self.constants.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def number(self, name: str, value: Any) -> str:
        """Add a constant in the type of the predictions and return its name."""
        return self.constant(name, np.asarray(value, self.real))

    def node(self, kind: str, inputs: list[str], output: str, **given: Any) -> str:
        """Add a node and return its output's name."""
        name = f"{kind}_{output}"
        self.nodes.append(helper.make_node(kind, inputs, [output], name=name, **given))
        return output

    def graph(self, n_inputs: int, outputs: list[Any]) -> Any:
        """Return the graph from "X" to the outputs."""
        X = helper.make_tensor_value_info("X", self.kind, [ROWS, n_inputs])
        return helper.make_graph(self.nodes, "model", [X], outputs, self.constants)

    def regression(self, A: str, n_outputs: int, flat: bool) -> list[Any]:
        """Add the predictions and return their description.

        Parameters
        ----------
        A : str
        n_outputs : int
        flat : bool
            Whether a single output is a vector, as in ``predict``.
        """
        shape: list[Any] = [ROWS, n_outputs]
        if flat and n_outputs == 1:
            vector = self.constant("flat", np.array([-1], np.int64))
            self.node("Reshape", [A, vector], "predictions")
            shape = [ROWS]
        else:
            self.node("Identity", [A], "predictions")
        return [helper.make_tensor_value_info("predictions", self.kind, shape)]

    def classification(
        self, A: str, classes: NDArray[Any], n_outputs: int
    ) -> list[Any]:
        """Add labels and probabilities and return their descriptions.

        Parameters
        ----------
        A : str
            A probability for every class, or that of the second alone.
        classes : ndarray
        n_outputs : int
        """
        known = labels_of(classes)
        if n_outputs == 1:
            other = self.node("Sub", [self.number("one", 1.0), A], "other")
            self.node("Concat", [other, A], "probabilities", axis=1)
        else:
            self.node("Identity", [A], "probabilities")
        best = self.node("ArgMax", ["probabilities"], "best", axis=1, keepdims=0)
        # A single class has a column beside it that no label stands for.
        n_columns = max(2, len(known))
        places = self.constant("classes", np.resize(known, n_columns))
        self.node("Gather", [places, best], "label")
        text = known.dtype.kind == "O"
        kind = TensorProto.STRING if text else TensorProto.INT64
        return self._described(kind, [ROWS], n_columns)

    def several_labels(self, A: str, n_outputs: int) -> list[Any]:
        """Add a label for each class on its own, and return the descriptions."""
        above = self.node("Greater", [A, self.number("half", 0.5)], "above")
        self.node("Cast", [above], "label", to=TensorProto.INT64)
        self.node("Identity", [A], "probabilities")
        return self._described(TensorProto.INT64, [ROWS, n_outputs], n_outputs)

    def _described(self, kind: int, shape: list[Any], n_columns: int) -> list[Any]:
        """Return the descriptions of labels and probabilities."""
        return [
            helper.make_tensor_value_info("label", kind, shape),
            helper.make_tensor_value_info(
                "probabilities", self.kind, [ROWS, n_columns]
            ),
        ]


def labels_of(classes: NDArray[Any]) -> NDArray[Any]:
    """Return classes as ONNX knows them: text, or int64.

    Raises
    ------
    TypeError
        For classes of another kind.
    """
    if classes.dtype.kind in "UTO" and all(isinstance(c, str) for c in classes):
        return np.array([str(c) for c in classes], object)
    if classes.dtype.kind in "biu" and all(int(c) < 2**63 for c in classes):
        return classes.astype(np.int64)
    raise TypeError(
        "classes must be text, whole numbers or booleans in ONNX, got "
        f"{classes.dtype} {classes!r}; train on those."
    )
