"""Models as ONNX graphs, alone and inside pipelines that skl2onnx converts.

>>> from perceptrons.onnx import to_onnx

Needs the extra ``onnx``. Importing this package tells skl2onnx, where it is installed,
how our estimators are written, so that ``skl2onnx.to_onnx(pipeline, X)`` takes
pipelines that end in one.
"""

try:
    import onnx as _onnx  # noqa: F401
except ImportError as error:
    raise ImportError(
        "perceptrons.onnx needs the package onnx: pip install 'perceptrons[onnx]'."
    ) from error

from perceptrons.onnx.pipelines import register
from perceptrons.onnx.write import to_onnx as to_onnx

__all__ = ["to_onnx"]

register()
