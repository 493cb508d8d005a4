"""onnxruntime, for prediction: the graph is one Gemm and one activation per layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from perceptrons.peers.task import LEAK, Array, Task

_OPERATORS = {"sigmoid": "Sigmoid", "relu": "Relu", "leaky_relu": "LeakyRelu"}


def _graph(task: Task) -> Any:
    """Return the network as an ONNX model from "X" to "Y"."""
    nodes, constants = [], []
    operator = _OPERATORS[task.network.activation]
    settings = {"alpha": LEAK} if operator == "LeakyRelu" else {}
    before, last = "X", len(task.layers) - 1
    for index, (W, b) in enumerate(task.layers):
        raw = "Y" if index == last else f"Z{index}"
        constants.append(numpy_helper.from_array(W, f"W{index}"))
        constants.append(numpy_helper.from_array(b, f"b{index}"))
        inputs = [before, f"W{index}", f"b{index}"]
        nodes.append(helper.make_node("Gemm", inputs, [raw]))
        if index < last:
            before = f"A{index}"
            nodes.append(helper.make_node(operator, [raw], [before], **settings))
    graph = helper.make_graph(
        nodes,
        "network",
        [
            helper.make_tensor_value_info(
                "X", TensorProto.FLOAT, [None, len(task.layers[0][0])]
            )
        ],
        [helper.make_tensor_value_info("Y", TensorProto.FLOAT, [None, None])],
        constants,
    )
    version = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=version, ir_version=9)


def predictor(task: Task) -> Callable[[], Array]:
    """Return a call that predicts."""
    model = _graph(task)
    onnx.checker.check_model(model)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = task.threads
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    rows = {"X": task.X}

    def predict() -> Array:
        outputs: Array = session.run(None, rows)[0]
        return outputs

    return predict
