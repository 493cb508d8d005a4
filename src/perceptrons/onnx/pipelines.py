"""What skl2onnx needs to convert pipelines that end in one of our networks."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import TensorProto, helper
from sklearn.base import is_classifier
from sklearn.utils.validation import check_is_fitted

from perceptrons._base import Perceptron
from perceptrons.estimators import MLPClassifier, MLPRegressor
from perceptrons.export.network import network_of
from perceptrons.onnx.graph import OPSET, labels_of
from perceptrons.onnx.network import network_graph


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
    text = labels_of(model.classes_).dtype.kind == "O"
    kind = StringTensorType if text else Int64TensorType
    shape = [n_rows, len(model.classes_)] if network.multilabel else [n_rows]
    operator.outputs[0].type = kind(shape)
    operator.outputs[1].type = FloatTensorType([n_rows, len(model.classes_)])


def _convert(scope: Any, operator: Any, container: Any) -> None:
    """Add a network's graph to the pipeline's."""
    from skl2onnx.common.data_types import FloatTensorType, guess_numpy_type
    from skl2onnx.helpers.integration import add_onnx_graph

    check_is_fitted(operator.raw_operator)
    graph = network_graph(network_of(operator.raw_operator), flat=False)
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


def register() -> None:
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
