"""Presets and models of tables outside Python: ONNX and C against ``predict``."""

import re
import shutil
import subprocess
from contextlib import contextmanager

import numpy as np
import onnxruntime
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from onnx.reference import ReferenceEvaluator
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LassoCV, LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from perceptrons import distill, presets
from perceptrons.comparison.ridge import ValidatedRidge
from perceptrons.comparison.splines import SplineRegressor
from perceptrons.export import to_c, to_formula
from perceptrons.onnx import to_onnx
from perceptrons.presets import race
from perceptrons.table_model import TableModel
from perceptrons.tables import TableEncoder

RNG = np.random.default_rng(3)
N = 160
# Columns of many values, of few, of one, and one far from 0.
X = np.column_stack(
    [
        RNG.normal(size=N),
        1e6 + RNG.uniform(size=N),
        RNG.integers(0, 2, N),
        np.full(N, 7.0),
        RNG.integers(0, 6, N),
    ]
)
SIGNAL = np.sin(2 * X[:, 0]) + X[:, 1] - 1e6 + X[:, 2]
TARGETS = {
    "one": 1e4 + 300 * SIGNAL,
    "several": np.column_stack([SIGNAL, 5 - 40 * X[:, 4]]),
    "constant": np.full(N, 2.5),
    "two": np.where(SIGNAL > 1, "yes", "no"),
    "three": np.digitize(SIGNAL, [0.5, 1.2]),
    "single": np.full(N, "a"),
}
# Beyond the rows seen, too.
ROWS = np.vstack([X[:40], X[:5] * 3, X[:5] - 1e7])
COMPILER = shutil.which("gcc") or shutil.which("cc")
FLAGS = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-O1",
         "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]  # fmt: skip


@contextmanager
def quick(*encodings):
    """A race of small networks that see the columns in these ways."""
    effort = race.Effort(1e5, encodings, (0.3,), ((6, 5),), len(encodings), 2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(race.EFFORTS, "small", effort)
        patch.setitem(race.RATES, (6, 5), 0.01)
        # Cosines race on tables of many rows alone.
        patch.setattr(race, "FEW_ROWS", 10)
        yield


def fitted(encodings, target):
    y = TARGETS[target]
    numbers = np.issubdtype(y.dtype, np.floating)
    make = presets.tabular_regressor if numbers else presets.tabular_classifier
    with quick(*encodings):
        return make(effort="small", random_state=0, n_jobs=1).fit(X, y)


@pytest.fixture(scope="module")
def models():
    made = {(e, "one"): fitted((e,), "one") for e in ("bins", "normal", "cosines")}
    mixed = ("plain", "bins", "normal", "cosines")
    with pytest.warns(UserWarning, match="one class"):
        made["mixed", "single"] = fitted(mixed, "single")
    for target in TARGETS:
        if target != "single":
            made["mixed", target] = fitted(mixed, target)
    return made


def answers(model, rows):
    """What an export puts out, (n, K)."""
    if hasattr(model, "classes_"):
        return model.predict_proba(rows)
    return np.reshape(model.predict(rows), (len(rows), -1))


def run_onnx(found, rows):
    session = onnxruntime.InferenceSession(
        found.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(None, {"X": rows})


def assert_same(found, model, rows):
    """Equal but for float32 of networks that compute in another order."""
    expected = answers(model, rows)
    found = np.reshape(found, expected.shape)
    assert_allclose(found, expected, rtol=0, atol=2e-6 * max(1.0, np.ptp(expected)))


def test_every_encoding_is_among_them(models):
    used = {s["encoding"] for model in models.values() for s in model.chosen_}
    assert used == {"plain", "bins", "normal", "cosines"}
    # Linear models are averaged with networks.
    assert any(len(model.chosen_) > 1 for model in models.values())


def test_onnx_of_presets_predicts_as_predict(models):
    for model in models.values():
        graph = to_onnx(model)
        for found in (
            run_onnx(graph, ROWS), ReferenceEvaluator(graph).run(None, {"X": ROWS})
        ):  # fmt: skip
            assert_same(found[-1], model, ROWS)
            if hasattr(model, "classes_"):
                assert_array_equal(found[0], model.predict(ROWS))
            else:
                assert found[0].shape == model.predict(ROWS).shape


def in_c(model, rows, folder):
    """Return what the C code answers, which passes its own test first."""
    code = to_c(model, "net")
    assert not re.search("malloc|calloc|alloca|stdlib", code.source)
    (folder / "net.h").write_text(code.header)
    # Its own test, called by the program below: a compiler takes seconds.
    own = code.source.replace("int main(void)", "int own(void);\nint own(void)")
    (folder / "net.c").write_text(own)
    given = ", ".join(
        f"{{{', '.join('NAN' if np.isnan(v) else repr(float(v)) for v in row)}}}"
        for row in rows
    )
    (folder / "main.c").write_text(
        '#include <math.h>\n#include <stdio.h>\n#include "net.h"\nint own(void);\n'
        f"static const double X[{len(rows)}][NET_INPUTS] = {{{given}}};\n"
        "int main(void)\n{\n    double y[NET_OUTPUTS];\n"
        f"    for (int n = 0; n < {len(rows)}; n++) {{\n        net_predict(X[n], y);\n"
        "        for (int k = 0; k < NET_OUTPUTS; k++)\n"
        '            printf("%.17g\\n", y[k]);\n    }\n    return own();\n}\n'
    )
    files = ["-DNET_TEST", "net.c", "main.c", "-lm", "-o", "run"]
    subprocess.run([COMPILER, *FLAGS, *files], check=True, cwd=folder)
    done = subprocess.run([folder / "run"], capture_output=True, check=True)
    return np.array(done.stdout.split(), float)


@pytest.mark.skipif(COMPILER is None, reason="no C compiler")
@pytest.mark.parametrize("target", ["one", "several", "three", "single"])
def test_c_of_presets_predicts_as_predict(models, target, tmp_path):
    model = models["mixed", target]
    assert_same(in_c(model, ROWS, tmp_path), model, ROWS)


@pytest.mark.skipif(COMPILER is None, reason="no C compiler")
@pytest.mark.parametrize("encoding", ["bins", "normal", "cosines"])
def test_c_of_every_encoding_predicts_as_predict(models, encoding, tmp_path):
    model = models[encoding, "one"]
    assert_same(in_c(model, ROWS, tmp_path), model, ROWS)


# ----------------------------------------------------------------------- with a table

TABLE = pd.DataFrame({"sold": X[:, 2] > 0, "area": X[:, 0], "rooms": X[:, 4]})
TABLE.loc[::7, "area"] = np.nan


def numbers_of(table):
    """The table as a program would give it: numbers, NaN for gaps."""
    return table.to_numpy(np.float64)


def kept(model, y, table=TABLE):
    encoder = TableEncoder().fit(table)
    return TableModel(encoder, model.fit(encoder.transform(table), y), "y", {})


@pytest.mark.skipif(COMPILER is None, reason="no C compiler")
def test_models_with_a_tables_columns_predict_as_predict(tmp_path):
    small = TARGETS["one"] / 1e3
    ridge = kept(make_pipeline(StandardScaler(), ValidatedRidge()), small)
    classes = [
        kept(make_pipeline(StandardScaler(), LogisticRegression()), TARGETS[name])
        for name in ("two", "three")
    ]
    with quick("normal"):
        preset = presets.tabular_regressor(effort="small", random_state=0, n_jobs=1)
        own = presets.tabular_regressor(effort="small", random_state=0, n_jobs=1)
        models = [ridge, *classes, kept(preset, small), own.fit(TABLE, small)]
    for number, model in enumerate(models):
        rows = numbers_of(TABLE)
        assert_same(run_onnx(to_onnx(model), rows)[-1], model, TABLE)
        folder = tmp_path / str(number)
        folder.mkdir()
        assert_same(in_c(model, rows, folder), model, TABLE)
    assert "x[1]: area" in to_c(ridge).header


def test_words_and_curves_are_refused_by_a_sentence(models):
    table = TABLE.assign(kind=np.where(SIGNAL > 1, "a", "b"))
    words = kept(ValidatedRidge(), SIGNAL, table)
    curved = SplineRegressor().fit(X, SIGNAL)
    for write in (to_onnx, to_c, to_formula):
        with pytest.raises(
            TypeError, match=r"words or dates in 'kind'; in Python export"
        ):
            write(words)
        with pytest.raises(TypeError, match="got SplineRegressor; perc"):
            write(curved)
    with pytest.raises(TypeError, match=r"got 10 of encoded columns; .*to_c"):
        to_formula(models["mixed", "one"])
    with pytest.raises(TypeError, match="without gaps"):
        to_formula(kept(ValidatedRidge(), SIGNAL))


def test_a_line_in_seconds_of_years_keeps_its_digits():
    seconds = pd.DataFrame({"at": 1.7e9 + np.arange(300.0) * 288})
    line = kept(LinearRegression(), np.arange(300.0), seconds)
    found = np.ravel(run_onnx(to_onnx(line), numbers_of(seconds))[-1])
    assert_allclose(found, line.predict(seconds), atol=1e-5)


def test_several_labels_of_a_row_are_refused_by_a_sentence():
    both = np.column_stack([SIGNAL > 1, X[:, 1] > 0]).astype(int)
    with quick("plain"):
        model = presets.tabular_classifier(effort="small", random_state=0, n_jobs=1)
        model.fit(X, both)
    for write in (to_onnx, to_c):
        with pytest.raises(TypeError, match="one label of a row for export"):
            write(model)


@pytest.mark.parametrize(
    "model",
    [ValidatedRidge(), make_pipeline(StandardScaler(), LassoCV()), LinearRegression()],
    ids=lambda model: type(model).__name__,
)
def test_linear_models_become_formulas(model):
    table = TABLE.fillna(0.0)
    behind = kept(clone(model), SIGNAL, table)
    for own, rows in ((behind, table), (model.fit(X, SIGNAL), X)):
        names = {}
        exec(to_formula(own), names)
        found = [names["predict"](*row) for row in np.asarray(rows, float).tolist()]
        assert_allclose(found, own.predict(rows), rtol=1e-6)


@pytest.mark.skipif(COMPILER is None, reason="no C compiler")
@pytest.mark.parametrize("target", ["one", "three"])
def test_students_predict_as_predict(target, tmp_path):
    y = TARGETS[target]
    numbers = np.issubdtype(y.dtype, np.floating)
    slow = RandomForestRegressor if numbers else RandomForestClassifier
    teacher = slow(10, random_state=0).fit(X, y)
    with quick("normal"):
        student = distill(teacher, X, effort="small", random_state=0, n_jobs=1)
    assert_same(run_onnx(to_onnx(student), ROWS)[-1], student, ROWS)
    assert_same(in_c(student, ROWS, tmp_path), student, ROWS)
    with pytest.raises(TypeError, match="one network of the columns as they are"):
        to_formula(student)
