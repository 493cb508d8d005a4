"""to_onnx: a model as a graph of its own."""

from __future__ import annotations

from typing import Any

import onnx
from onnx import helper

from perceptrons.export.ensemble import Ensemble, read
from perceptrons.onnx.ensemble import ensemble_graph
from perceptrons.onnx.graph import IR_VERSION, OPSET
from perceptrons.onnx.network import network_graph


def to_onnx(model: Any) -> Any:
    """Return a fitted model as an ONNX model.

    Parameters
    ----------
    model : estimator
        An MLPRegressor or MLPClassifier, alone, the best of a search, or in a Pipeline
        or TransformedTargetRegressor: scalers of scikit-learn before the network, and
        one of the target, are folded into its weights; other pipelines are for
        ``skl2onnx.to_onnx``. Or a preset for tables, a student of
        :func:`perceptrons.distill`, or a
        :class:`~perceptrons.table_model.TableModel` of one or of a linear model, whose
        columns are numbers and booleans: encodings, all networks, their weights and
        the target's scale are in the graph.

    Returns
    -------
    onnx.ModelProto
        From "X" of shape (n, d) to "predictions", of the shape of ``predict``; for a
        classifier to "label", int64 or text, and "probabilities" of shape
        (n, n_classes). A network takes and gives float32, and computes in it, whatever
        it was trained in. A preset takes and gives float64: it scales raw columns.

    Raises
    ------
    TypeError
        For another model, activations of your own, columns of words or dates, or
        classes that are no text, whole numbers or booleans.
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
    source = read(model)
    graph = (
        ensemble_graph(source)
        if isinstance(source, Ensemble)
        else network_graph(source, flat=True)
    )
    found = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="perceptrons",
    )
    onnx.checker.check_model(found, full_check=True)
    return found
