"""Networks outside Python: a formula, a file of C, an ONNX graph."""

from perceptrons.export.c import to_c as to_c
from perceptrons.export.formula import to_formula as to_formula

__all__ = ["to_c", "to_formula"]
