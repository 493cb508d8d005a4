"""
ONNX and C
==========

A network leaves Python as an ONNX graph, for any runtime, or as a C function that needs
nothing but ``math.h``. Here both are asked for the same rows as ``predict``.
"""

import ctypes
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
import numpy as np
from onnx.reference import ReferenceEvaluator

from perceptrons import MLPRegressor
from perceptrons.export import to_c, to_formula
from perceptrons.onnx import to_onnx

rng = np.random.default_rng(0)
X = rng.uniform(-2, 2, (500, 2)).astype(np.float32)
y = np.sin(X[:, 0]) * X[:, 1]
net = MLPRegressor(
    hidden_layer_sizes=(16, 16), activation="silu", solver="lbfgs", max_iter=5000,
    tol=1e-3, random_state=0,
).fit(X, y)  # fmt: skip
predicted = net.predict(X)
differences = {}

# %%
# **ONNX.** The graph in memory, run by ONNX's own reference; a file of it is
# ``graph.SerializeToString()``.

graph = to_onnx(net)
print([node.op_type for node in graph.graph.node])
(said,) = ReferenceEvaluator(graph).run(["predictions"], {"X": X})
differences["ONNX"] = said.ravel() - predicted

# %%
# **C.** A header and a source, here compiled into a library where there is a compiler.

code = to_c(net, "wave")
print(code.header)
with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
    source, library = Path(folder) / "wave.c", Path(folder) / "wave.so"
    source.write_text(code.source)
    (Path(folder) / "wave.h").write_text(code.header)
    if compiler := shutil.which("cc"):
        subprocess.run(
            [
                compiler,
                "-std=c99",
                "-O2",
                "-shared",
                "-fPIC",
                source,
                "-o",
                library,
                "-lm",
            ],
            check=True,
        )
        predict = ctypes.CDLL(str(library)).wave_predict
        said = np.empty((len(X), 1), np.float32)
        pointer = ctypes.POINTER(ctypes.c_float)
        for row, out in zip(X, said, strict=True):
            predict(row.ctypes.data_as(pointer), out.ctypes.data_as(pointer))
        differences["C"] = said.ravel() - predicted

# %%
# All compute in float32, in another order of sums: the differences are rounding.

figure, ax = plt.subplots(figsize=(6.5, 3.4), layout="constrained")
for name, difference in differences.items():
    ax.hist(difference * 1e6, bins=40, histtype="step", label=name)
    print(f"{name}: at most {np.abs(difference).max():.1e}")
ax.set(xlabel="difference from predict, in millionths", ylabel="rows")
ax.legend()

# %%
# **A formula**, for small networks: as text for Python, C, Fortran, a spreadsheet or a
# paper.

small = MLPRegressor(hidden_layer_sizes=(2,), activation="tanh", solver="lbfgs",
                     tol=1e-2, max_iter=1000, random_state=0).fit(X, y)  # fmt: skip
print(to_formula(small, "python", digits=3))
