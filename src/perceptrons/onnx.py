"""Networks as ONNX graphs, alone and inside pipelines that skl2onnx converts.

>>> from perceptrons.onnx import to_onnx

Needs the extra ``onnx``. Importing this module tells skl2onnx, where it is installed,
how our estimators are written, so that ``skl2onnx.to_onnx(pipeline, X)`` takes
pipelines that end in one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_classifier
from sklearn.utils.validation import check_is_fitted

from perceptrons import activations
from perceptrons._base import Perceptron
from perceptrons.estimators import MLPClassifier, MLPRegressor
from perceptrons.export.network import Network, network_of, unwritten

try:
    import onnx
    from onnx import TensorProto, helper, numpy_helper
except ImportError as error:
    raise ImportError(
        "perceptrons.onnx needs the package onnx: pip install 'perceptrons[onnx]'."
    ) from error

# What onnxruntime of 2024 and later reads; Gelu is there since 20.
OPSET, IR_VERSION = 20, 9

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


def to_onnx(model: Any) -> Any:
    """Return a fitted network as an ONNX model.

    Parameters
    ----------
    model : MLPRegressor, MLPClassifier, Pipeline or TransformedTargetRegressor
        Scalers of scikit-learn before the network, and one of the target, are folded
        into its weights; other pipelines are for ``skl2onnx.to_onnx``.

    Returns
    -------
    onnx.ModelProto
        From "X", float32 of shape (n, d), to "predictions", of the shape of
        ``predict``; for a classifier to "label", int64 or text, and "probabilities" of
        shape (n, n_classes). It computes in float32, whatever the network was trained
        in.

    Raises
    ------
    TypeError
        For another model, activations of your own, or classes that are no text, whole
        numbers or booleans.
    ImportError
        Without the package onnx.

    Examples
    --------
    >>> import onnxruntime
    >>> from sklearn.datasets import load_iris
    >>> from perceptrons import MLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> net = MLPClassifier(solver="lbfgs", random_state=0).fit(X, y)
    >>> session = onnxruntime.InferenceSession(to_onnx(net).SerializeToString())
    >>> label, p = session.run(None, {"X": X.astype("float32")})
    >>> bool((label == net.predict(X)).all())
    True
    """
    found = onnx.helper.make_model(
        _graph(network_of(model), flat=True),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="perceptrons",
    )
    onnx.checker.check_model(found, full_check=True)
    return found


class _Builder:
    """Nodes and constants of a graph under way, every node named."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, name: str, array: NDArray[Any]) -> str:
        """Add a constant and return its name."""
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def node(self, kind: str, inputs: list[str], output: str, **given: Any) -> str:
        """Add a node and return its output's name."""
        name = f"{kind}_{output}"
        self.nodes.append(helper.make_node(kind, inputs, [output], name=name, **given))
        return output


def _graph(network: Network, flat: bool) -> Any:
    """Return the graph; ``flat``: a single output is a vector, as in ``predict``."""
    build = _Builder()
    n_inputs, n_outputs = len(network.weights[0]), len(network.biases[-1])
    A, last = "X", len(network.weights) - 1
    for layer, (W, b) in enumerate(zip(network.weights, network.biases, strict=True)):
        names = [
            A,
            build.constant(f"W{layer}", W.astype(np.float32)),
            build.constant(f"b{layer}", b.astype(np.float32)),
        ]
        A = build.node("Gemm", names, f"Z{layer}")
        if layer < last:
            A = _activate(build, network.activations[layer], A, f"A{layer}")
    if network.link in _LINKS:
        given = {"axis": 1} if network.link == "softmax" else {}
        A = build.node(_LINKS[network.link], [A], "linked", **given)
    X = helper.make_tensor_value_info("X", TensorProto.FLOAT, [None, n_inputs])
    if network.classes is None:
        outputs = [_regression(build, A, n_outputs, flat)]
    else:
        outputs = _classification(build, A, network, n_outputs)
    return helper.make_graph(build.nodes, "network", [X], outputs, build.constants)


def _activate(build: _Builder, activation: Any, Z: str, A: str) -> str:
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


def _regression(build: _Builder, A: str, n_outputs: int, flat: bool) -> Any:
    """Add the predictions and return their description."""
    if flat and n_outputs == 1:
        shape = build.constant("flat", np.array([-1], np.int64))
        build.node("Reshape", [A, shape], "predictions")
        return helper.make_tensor_value_info("predictions", TensorProto.FLOAT, [None])
    build.node("Identity", [A], "predictions")
    return helper.make_tensor_value_info(
        "predictions", TensorProto.FLOAT, [None, n_outputs]
    )


def _classification(
    build: _Builder, A: str, network: Network, n_outputs: int
) -> list[Any]:
    """Add labels and probabilities and return their descriptions."""
    classes = _labels(np.asarray(network.classes))
    if network.multilabel:
        half = build.constant("half", np.array(0.5, np.float32))
        above = build.node("Greater", [A, half], "above")
        build.node("Cast", [above], "label", to=TensorProto.INT64)
        build.node("Identity", [A], "probabilities")
        kind, shape = TensorProto.INT64, [None, n_outputs]
    else:
        if n_outputs == 1:
            one = build.constant("one", np.array(1.0, np.float32))
            other = build.node("Sub", [one, A], "other")
            build.node("Concat", [other, A], "probabilities", axis=1)
        else:
            build.node("Identity", [A], "probabilities")
        best = build.node("ArgMax", ["probabilities"], "best", axis=1, keepdims=0)
        build.node("Gather", [build.constant("classes", classes), best], "label")
        text = classes.dtype.kind == "O"
        kind, shape = TensorProto.STRING if text else TensorProto.INT64, [None]
    n_classes = len(classes)
    return [
        helper.make_tensor_value_info("label", kind, shape),
        helper.make_tensor_value_info(
            "probabilities", TensorProto.FLOAT, [None, n_classes]
        ),
    ]


def _labels(classes: NDArray[Any]) -> NDArray[Any]:
    """Return classes as ONNX knows them: text, or int64."""
    if classes.dtype.kind in "UTO" and all(isinstance(c, str) for c in classes):
        return np.array([str(c) for c in classes], object)
    if classes.dtype.kind in "biu" and all(int(c) < 2**63 for c in classes):
        return classes.astype(np.int64)
    raise TypeError(
        "classes must be text, whole numbers or booleans in ONNX, got "
        f"{classes.dtype} {classes!r}; train on those."
    )


# ----------------------------------------------------------------- inside of pipelines


def _shapes(operator: Any) -> None:
    """Tell skl2onnx the outputs' types and shapes."""
    from skl2onnx.common.data_types import (
        FloatTensorType,
        Int64TensorType,
        StringTensorType,
    )

    model = operator.raw_operator
    n_rows = operator.inputs[0].get_first_dimension()
    if not is_classifier(model):
        operator.outputs[0].type = FloatTensorType([n_rows, model.n_outputs_])
        return
    network = network_of(model)
    text = _labels(model.classes_).dtype.kind == "O"
    kind = StringTensorType if text else Int64TensorType
    shape = [n_rows, len(model.classes_)] if network.multilabel else [n_rows]
    operator.outputs[0].type = kind(shape)
    operator.outputs[1].type = FloatTensorType([n_rows, len(model.classes_)])


def _convert(scope: Any, operator: Any, container: Any) -> None:
    """Add a network's graph to the pipeline's."""
    from skl2onnx.common.data_types import FloatTensorType, guess_numpy_type
    from skl2onnx.helpers.integration import add_onnx_graph

    check_is_fitted(operator.raw_operator)
    graph = _graph(network_of(operator.raw_operator), flat=False)
    if guess_numpy_type(operator.inputs[0].type) != np.float32:
        # Doubles and whole numbers: the network computes in float32.
        given = operator.inputs[0]
        name = scope.get_unique_variable_name("as_float32")
        container.add_node(
            "Cast",
            given.onnx_name,
            name,
            to=TensorProto.FLOAT,
            name=scope.get_unique_operator_name("Cast"),
        )
        cast = type("Cast", (), {"onnx_name": name, "type": FloatTensorType()})
        operator = _Recast(operator, cast)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
    add_onnx_graph(scope, operator, container, model)


class _Recast:
    """An operator whose input is another."""

    def __init__(self, operator: Any, given: Any) -> None:
        self.inputs, self.outputs = [given], operator.outputs


def _register() -> None:
    """Tell skl2onnx, where it is installed, of both estimators."""
    try:
        from skl2onnx import update_registered_converter
    except ImportError:
        return
    kinds: list[tuple[type[Perceptron], dict[str, list[Any]] | None]] = [
        (MLPRegressor, None),
        (
            MLPClassifier,
            {
                "zipmap": [True, False, "columns"],
                "nocl": [True, False],
                "output_class_labels": [False, True],
            },
        ),
    ]
    for kind, options in kinds:
        update_registered_converter(
            kind, f"Perceptrons{kind.__name__}", _shapes, _convert, options=options
        )


_register()
