"""A model as C99: loops over constant matrices, nothing allocated, nothing linked."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import numpy as np

from perceptrons.export import c_ensemble
from perceptrons.export.c_code import constants, matrix, number, steps
from perceptrons.export.ensemble import Ensemble, read
from perceptrons.export.network import Network, probable, visible

# Rows of the test vector that comes with the code.
TEST_ROWS = 8


class Code(NamedTuple):
    """Two files of C.

    Parameters
    ----------
    header : str
        What a caller includes.
    source : str
        Everything else, the test in it: compiled with -D<NAME>_TEST it is a program
        that predicts the rows of the test vector and returns 0 if all agree.
    """

    header: str
    source: str


def to_c(model: Any, name: str = "model") -> Code:
    """Return a model as one self-contained file of C99 and its header.

    Nothing is allocated, nothing but ``math.h`` is needed, and all constants may stay
    in read-only memory. The scalars are float where a network was trained in float32,
    else double, as for presets, whose networks compute in float32 within.

    Parameters
    ----------
    model : estimator
        Fitted: as in :func:`perceptrons.onnx.to_onnx`. Scalers of scikit-learn before
        a network, and one of the target, are folded into its weights; of a preset the
        encodings, all networks and the target's scale are in the file.
    name : str, default="model"
        Prefix of every name in it, and of the file that the source includes,
        ``<name>.h``.

    Returns
    -------
    Code
        header and source: ``<name>_predict(x, y)`` writes the predictions of one row,
        the probability of each class for a classifier, in the order of ``classes_``
        (of a network of two, the second alone).

    Raises
    ------
    ValueError
        If ``name`` is no identifier of C.
    TypeError
        For another model, activations of your own, or columns of words or dates.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from perceptrons import MLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> net = MLPClassifier((4,), solver="lbfgs", random_state=0).fit(X, y)
    >>> print(to_c(net, "iris").header.splitlines()[-3])
    void iris_predict(const float x[IRIS_INPUTS], float y[IRIS_OUTPUTS]);
    """
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,30}", name):
        raise ValueError(f"name must be an identifier of C, got {name!r}; try 'model'.")
    source = read(model)
    single = isinstance(source, Network) and source.single
    kind = "float" if single else "double"
    return Code(_header(source, name, kind), _source(source, name, kind))


def _header(model: Network | Ensemble, name: str, kind: str) -> str:
    """Return the header."""
    upper = name.upper()
    notes = [
        f" * x[{i}]: {visible(feature)}" for i, feature in enumerate(model.features)
    ]
    notes += [
        f" * y[{k}]: probability of {visible(label)}"
        for k, label in enumerate(probable(model.classes, model.n_outputs))
    ]
    return "\n".join(
        [
            f"#ifndef {upper}_H",
            f"#define {upper}_H",
            "",
            f"#define {upper}_INPUTS {len(model.features)}",
            f"#define {upper}_OUTPUTS {model.n_outputs}",
            "",
            "/*",
            *notes,
            " */",
            f"void {name}_predict(const {kind} x[{upper}_INPUTS], "
            f"{kind} y[{upper}_OUTPUTS]);",
            "",
            "#endif",
            "",
        ]
    )


def _source(model: Network | Ensemble, name: str, kind: str) -> str:
    """Return the source."""
    if isinstance(model, Ensemble):
        before, body = c_ensemble.before(model), c_ensemble.body(model)
    else:
        before, body = constants(model, "", kind), steps(model, "", kind)
    upper = name.upper()
    return "\n".join(
        [
            f'#include "{name}.h"',
            "",
            "#include <math.h>",
            "",
            *before,
            "",
            f"void {name}_predict(const {kind} x[{upper}_INPUTS], "
            f"{kind} y[{upper}_OUTPUTS])",
            "{",
            *body,
            "}",
            "",
            *_test(model, name, kind),
            "",
        ]
    )


def _rows(model: Network | Ensemble) -> Any:
    """Return rows to test on: of a preset near those it has seen."""
    rows = np.random.default_rng(0).normal(size=(TEST_ROWS, len(model.features)))
    rows = rows.astype(np.float32).astype(np.float64)
    encoder = model.parts[0].encoder if isinstance(model, Ensemble) else None
    if encoder is None:
        return rows
    center, spread = encoder.scaler.center, encoder.scaler.spread
    columns = model.columns if isinstance(model, Ensemble) else None
    if columns is None:
        return center + spread * rows
    # Columns that say where gaps are have none of their own.
    own = ~columns.gap
    rows[:, columns.source[own]] *= spread[own]
    rows[:, columns.source[own]] += center[own]
    return rows


def _test(model: Network | Ensemble, name: str, kind: str) -> list[str]:
    """Return a program that compares with predictions made here, in double."""
    upper, f = name.upper(), "f" if kind == "float" else ""
    rows = _rows(model)
    # The networks of a preset compute in float32.
    share = 1e-4 if f or isinstance(model, Ensemble) else 1e-9
    size = float(np.max(model.scale)) if isinstance(model, Ensemble) else 1.0
    tolerance = number(share, f)
    unit = number(max(size, 1e-300), f)
    return [
        f"#ifdef {upper}_TEST",
        "int main(void)",
        "{",
        matrix("rows", rows, kind, "    "),
        matrix("expected", model.predict(rows), kind, "    "),
        f"    for (int n = 0; n < {TEST_ROWS}; n++) {{",
        f"        {kind} y[{upper}_OUTPUTS];",
        f"        {name}_predict(rows[n], y);",
        f"        for (int k = 0; k < {upper}_OUTPUTS; k++) {{",
        f"            {kind} far = fabs{f}(y[k] - expected[n][k]);",
        f"            if (!(far <= {tolerance} * ({unit} + fabs{f}(expected[n][k]))))",
        "                return 1;",
        "        }",
        "    }",
        "    return 0;",
        "}",
        "#endif",
    ]
