"""FANN, the C library of small networks, for prediction; called through ctypes.

Its training knows no Adam and no mini-batches, so that is not compared.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes.util import find_library
from typing import Any

import numpy as np

from perceptrons.peers.task import Array, Layers, Task

LINEAR, SIGMOID = 0, 3  # fann_data.h, enum fann_activationfunc_enum


def _library() -> Any:
    """Return the library, the types of its functions declared."""
    fann = ctypes.CDLL(find_library("fann"))
    pointer, number, real = ctypes.c_void_p, ctypes.c_uint, ctypes.c_float
    fann.fann_create_standard_array.restype = pointer
    fann.fann_create_standard_array.argtypes = [number, ctypes.POINTER(number)]
    fann.fann_set_weight.argtypes = [pointer, number, number, real]
    for part in ("hidden", "output"):
        function = getattr(fann, f"fann_set_activation_function_{part}")
        function.argtypes = [pointer, ctypes.c_int]
        getattr(fann, f"fann_set_activation_steepness_{part}").argtypes = [
            pointer,
            real,
        ]
    fann.fann_run.restype = ctypes.POINTER(real)
    fann.fann_run.argtypes = [pointer, pointer]
    return fann


def _network(fann: Any, layers: Layers) -> Any:
    """Return the network; FANN's sigmoid of steepness 1/2 is the logistic one."""
    sizes = [len(layers[0][0]), *(b.size for _, b in layers)]
    net = fann.fann_create_standard_array(
        len(sizes), (ctypes.c_uint * len(sizes))(*sizes)
    )
    fann.fann_set_activation_function_hidden(net, SIGMOID)
    fann.fann_set_activation_steepness_hidden(net, 0.5)
    fann.fann_set_activation_function_output(net, LINEAR)
    fann.fann_set_activation_steepness_output(net, 1.0)
    first = 0  # neurons are counted through the layers, each followed by its bias
    for W, b in layers:
        n_in = len(W)
        for (i, j), weight in np.ndenumerate(np.vstack([W, b])):
            fann.fann_set_weight(net, first + i, first + n_in + 1 + j, float(weight))
        first += n_in + 1
    return net


def predictor(task: Task) -> Callable[[], Array]:
    """Return a call that predicts, row by row: FANN knows no other way."""
    if task.network.activation != "sigmoid":
        raise ValueError(f"FANN has no {task.network.activation}.")
    fann = _library()
    net = _network(fann, task.layers)
    rows = task.X.ctypes.data
    step = task.X.strides[0]
    out = np.empty(len(task.X), np.float32)

    def predict() -> Array:
        for index in range(len(out)):
            out[index] = fann.fann_run(net, rows + index * step)[0]
        return out

    return predict
