"""Exports against ``predict``: ONNX, C and formulas of every kind of network."""

import math
import re
import shutil
import subprocess

import numpy as np
import onnxruntime
import pandas as pd
import pytest
import skl2onnx
from numpy.testing import assert_allclose, assert_array_equal
from onnx.reference import ReferenceEvaluator
from scipy.special import expit, softmax
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    PowerTransformer,
    RobustScaler,
    StandardScaler,
)

from perceptrons import (
    GridSearch,
    MLPClassifier,
    MLPRegressor,
    activations,
    losses,
)
from perceptrons.export import to_c, to_formula
from perceptrons.export.network import network_of
from perceptrons.onnx import to_onnx

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(11)
X = RNG.normal(size=(50, 3)).astype(np.float32)
SIGNAL = (X @ RNG.normal(size=(3, 3))).astype(np.float64)
LABELS = {
    "text": np.array(["a", "b b", "ç*/"])[SIGNAL.argmax(axis=1)],
    "two texts": np.where(SIGNAL[:, 0] > 0, "yes", "no"),
    "integers": SIGNAL.argmax(axis=1) * 2 - 1,
    "booleans": SIGNAL[:, 0] > 0,
    "several": (SIGNAL > 0).astype(int),
}
COMPILER = shutil.which("gcc") or shutil.which("cc")
FORTRAN = shutil.which("gfortran")


def regressor(loss="squared_error", activation="tanh", n_outputs=2, **given):
    Y = SIGNAL[:, :n_outputs]
    link = losses.LOSSES[loss].link.name
    if link == "softmax":
        Y = softmax(Y, axis=1)
    elif link != "identity":
        Y = expit(Y) if link == "logistic" else np.exp(0.1 * Y)
    plain = {"hidden_layer_sizes": (4, 3), "max_iter": 20, "random_state": 0}
    Y = Y[:, 0] if n_outputs == 1 else Y
    return MLPRegressor(loss, activation=activation, **{**plain, **given}).fit(X, Y)


def classifier(labels, **given):
    plain = {"hidden_layer_sizes": (4,), "max_iter": 20, "random_state": 0}
    return MLPClassifier(**{**plain, **given}).fit(X, LABELS[labels])


def wanted(model):
    """What an export puts out: predictions, or probabilities."""
    rows = X.astype(np.float64)
    if not hasattr(model, "predict_proba"):
        return np.reshape(model.predict(rows), (len(X), -1))
    probabilities = model.predict_proba(rows)
    return (
        probabilities[:, 1:]
        if network_of(model).biases[-1].size == 1
        else probabilities
    )


EVERY_NETWORK = (
    pytest.mark.parametrize("loss", losses.LOSSES),
    pytest.mark.parametrize("activation", activations.ACTIVATIONS),
)


def every_network(test):
    for mark in EVERY_NETWORK:
        test = mark(test)
    return test


# ------------------------------------------------------------------------------- ONNX


def run_onnx(found, rows=X):
    session = onnxruntime.InferenceSession(
        found.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(None, {session.get_inputs()[0].name: rows})


@every_network
def test_onnx_predicts_as_predict(activation, loss):
    model = regressor(loss, activation)
    found = to_onnx(model)
    # float32 in another order; docs/models.md states the largest difference.
    assert_allclose(run_onnx(found)[0], model.predict(X), rtol=0, atol=1e-6)
    with np.errstate(all="ignore"):
        reference = ReferenceEvaluator(found).run(None, {"X": X})[0]
    assert_allclose(reference, model.predict(X), rtol=0, atol=1e-6)


@pytest.mark.parametrize("hidden", [(), (4,)])
@pytest.mark.parametrize("labels", LABELS)
def test_onnx_gives_labels_and_probabilities(labels, hidden):
    model = classifier(labels, hidden_layer_sizes=hidden)
    label, probabilities = run_onnx(to_onnx(model))
    assert_array_equal(label, model.predict(X))
    assert_allclose(probabilities, model.predict_proba(X), rtol=0, atol=1e-6)


def test_onnx_gives_a_vector_where_predict_does():
    model = regressor(n_outputs=1)
    assert run_onnx(to_onnx(model))[0].shape == model.predict(X).shape == (50,)


@pytest.mark.parametrize("kind", [MLPRegressor, MLPClassifier])
def test_the_number_of_rows_of_onnx_has_a_name(kind):
    X, y = np.arange(8.0).reshape(4, 2), np.array([0, 1, 0, 1])
    graph = to_onnx(kind(hidden_layer_sizes=(3,), max_iter=1).fit(X, y)).graph
    found = [
        value.type.tensor_type.shape.dim[0].dim_param
        for value in (*graph.input, *graph.output)
    ]
    assert set(found) == {"rows"}


def test_onnx_refuses_classes_it_has_no_type_for():
    model = MLPClassifier((2,), max_iter=2).fit(X, np.where(SIGNAL[:, 0] > 0, 1.0, 2.0))
    with pytest.raises(TypeError, match="text, whole numbers or booleans"):
        to_onnx(model)


@pytest.mark.parametrize("labels", LABELS)
def test_pipelines_are_converted_by_skl2onnx(labels):
    model = make_pipeline(PowerTransformer(), MLPClassifier((4,), max_iter=20))
    model.fit(X, LABELS[labels])
    found = skl2onnx.to_onnx(
        model, X[:1], target_opset=20, options={MLPClassifier: {"zipmap": False}}
    )
    label, probabilities = run_onnx(found)
    assert_array_equal(label, model.predict(X))
    # The power transform itself is in float32 there.
    assert_allclose(probabilities, model.predict_proba(X), rtol=0, atol=1e-5)


def test_a_pipeline_of_a_table_is_converted_with_text_and_doubles():
    table = pd.DataFrame({"a": X[:, 0].astype(float), "b": X[:, 1].astype(float)})
    table["c"] = np.where(X[:, 2] > 0, "u", "v").astype(object)
    columns = make_column_transformer(
        (StandardScaler(), ["a", "b"]), (OneHotEncoder(sparse_output=False), ["c"])
    )
    model = make_pipeline(columns, MLPRegressor(hidden_layer_sizes=(4,), max_iter=20))
    model.fit(table, SIGNAL[:, 0])
    kinds = {"a": "double", "b": "double", "c": "string"}
    types = {
        "double": skl2onnx.common.data_types.DoubleTensorType([None, 1]),
        "string": skl2onnx.common.data_types.StringTensorType([None, 1]),
    }
    initial = [(name, types[kind]) for name, kind in kinds.items()]
    found = skl2onnx.convert_sklearn(model, initial_types=initial, target_opset=20)
    session = onnxruntime.InferenceSession(found.SerializeToString())
    fed = {name: table[[name]].to_numpy() for name in kinds}
    assert_allclose(session.run(None, fed)[0][:, 0], model.predict(table), atol=1e-5)


# ------------------------------------------------------------------------------ scaled


@pytest.mark.parametrize(
    "scaler",
    [StandardScaler(), StandardScaler(with_mean=False), StandardScaler(with_std=False),
     MinMaxScaler((-1, 3)), MaxAbsScaler(), RobustScaler(),
     RobustScaler(with_scaling=False), "passthrough"],
    ids=str,
)  # fmt: skip
def test_scalers_before_and_behind_are_folded_in(scaler):
    y = 1000.0 + 50.0 * SIGNAL[:, 0]
    target = None if scaler == "passthrough" else scaler
    inner = make_pipeline(
        scaler, StandardScaler(), MLPRegressor(hidden_layer_sizes=(4,), random_state=0)
    )
    model = TransformedTargetRegressor(inner, transformer=target).fit(X, y)
    rows = X.astype(np.float64)
    expected = model.predict(rows)
    # float32 weights, folded in float64: the scaler's own rounding, and the order.
    assert_allclose(evaluate_python(model), expected[:, None], rtol=1e-9)
    assert_allclose(run_onnx(to_onnx(model))[0], expected, rtol=1e-5)


def test_what_cannot_be_folded_is_refused():
    pipeline = make_pipeline(PowerTransformer(), MLPRegressor()).fit(X, SIGNAL[:, 0])
    with pytest.raises(TypeError, match="PowerTransformer"):
        to_formula(pipeline)
    with pytest.raises(TypeError, match="got StandardScaler"):
        to_c(StandardScaler().fit(X))
    own = MLPRegressor(hidden_layer_sizes=(2,), activation=(np.sin, np.cos), max_iter=2)
    with pytest.raises(TypeError, match="activation must be one of"):
        to_onnx(own.fit(X, SIGNAL))


# ----------------------------------------------------------------------------- formula


def evaluate_python(model, digits=None):
    names = {}
    exec(to_formula(model, "python", digits), names)
    return np.array([np.ravel(names["predict"](*row)) for row in X.tolist()])


@every_network
def test_the_formula_of_python_predicts_as_predict(activation, loss):
    model = regressor(loss, activation)
    # Double precision, sums in another order.
    assert_allclose(evaluate_python(model), wanted(model), rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("labels", LABELS)
def test_the_formula_of_a_classifier_gives_probabilities(labels):
    model = classifier(labels)
    assert_allclose(evaluate_python(model), wanted(model), rtol=1e-11, atol=1e-13)


def test_digits_shorten_the_formula():
    model = regressor()
    short, whole = to_formula(model, digits=4), to_formula(model)
    assert len(short) < 0.6 * len(whole)
    assert_allclose(evaluate_python(model, digits=4), wanted(model), atol=5e-3)


def cells(text):
    """Evaluate a sheet's row, cell by cell in the order they are given."""
    functions = {
        "TANH": math.tanh, "EXP": math.exp, "LN": math.log, "ERF": math.erf,
        "MAX": max, "MIN": min, "ABS": abs,
    }  # fmt: skip
    lines = [line.split("\t=") for line in text.splitlines()]
    for row in X.tolist():
        known = dict(zip(("A2", "B2", "C2"), row, strict=True))
        for name, expression in lines:
            known[name] = eval(expression, {"__builtins__": {}}, {**functions, **known})
        yield known, lines


@every_network
def test_the_formula_of_a_spreadsheet_predicts_as_predict(activation, loss):
    model = regressor(loss, activation)
    expected = wanted(model)
    found = []
    for known, lines in cells(to_formula(model, "excel")):
        found.append([known[name] for name, _ in lines[-expected.shape[1] :]])
    assert_allclose(found, expected, rtol=1e-11, atol=1e-13)
    assert lines[0][0] == "D2"


@every_network
def test_the_formula_of_latex_predicts_as_predict(activation, loss):
    model = regressor(loss, activation)
    text = to_formula(model, "latex")
    assert text.startswith("\\begin{aligned}")
    plain = text.split("\n", 1)[1].rsplit("\\end", 1)[0].replace(r"\\", "")
    plain = re.sub(r"\\cdot 10\^\{(-?\d+)\}", r"* 10**\1", plain)
    plain = re.sub(r"([xhzy])_\{([\d,]+)\}", r"\1_\2", plain).replace(",", "_", 0)
    plain = re.sub(r"_(\d+),(\d+)", r"_\1_\2", plain).replace(r" \, ", "*")
    plain = plain.replace(r"\left|", "abs(").replace(r"\right|", ")")
    plain = plain.replace(r"\operatorname{erf}", "erf").replace("&=", "=")
    plain = re.sub(r"\\(left|right|)", "", plain)
    names = {"tanh": math.tanh, "exp": math.exp, "log": math.log, "erf": math.erf}
    for row, expected in zip(X[:5].tolist(), wanted(model), strict=False):
        known = {f"x_{i + 1}": value for i, value in enumerate(row)}
        exec(re.sub(r"^ +", "", plain, flags=re.M), names, known)
        found = [known[f"y_{k + 1}"] for k in range(len(expected))]
        assert_allclose(found, expected, rtol=1e-11, atol=1e-13)


FLAGS = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-O1",
         "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]  # fmt: skip


def compiled(folder, *given, by=None):
    program = folder / "program"
    subprocess.run(
        [*(by or [COMPILER, *FLAGS]), *given, "-lm", "-o", program],
        check=True, cwd=folder,
    )  # fmt: skip
    return program


@pytest.mark.skipif(COMPILER is None, reason="no C compiler")
def test_formulas_of_c_compile_and_predict_as_predict(tmp_path):
    """All activations and links in one program: a compiler takes half a second."""
    models = [regressor(activation=name) for name in activations.ACTIVATIONS]
    models += [regressor(loss) for loss in losses.LOSSES]
    models += [classifier(labels) for labels in LABELS]
    expected = [wanted(model)[:5] for model in models]
    source, calls = "", ""
    for k, (model, answers) in enumerate(zip(models, expected, strict=True)):
        text = to_formula(model, "c").replace("void predict", f"static void predict{k}")
        source += text
        n = answers.shape[1]
        outputs = ", ".join(f"y + {j}" for j in range(n))
        for row in X[:5].astype(float).tolist():
            values = ", ".join(map(repr, row))
            calls += f"    predict{k}({values}, {outputs});\n"
            calls += f'    for (int j = 0; j < {n}; j++) printf("%.17g\\n", y[j]);\n'
    main = f"int main(void)\n{{\n    double y[9];\n{calls}    return 0;\n}}\n"
    main = f"#include <stdio.h>\n{main}"
    (tmp_path / "all.c").write_text(source + main)
    program = compiled(tmp_path, "all.c")
    printed = subprocess.run([program], check=True, capture_output=True, text=True)
    found = [float(line) for line in printed.stdout.split()]
    assert_allclose(found, np.concatenate([a.ravel() for a in expected]), rtol=1e-11,
                    atol=1e-13)  # fmt: skip


@pytest.mark.skipif(FORTRAN is None, reason="no Fortran compiler")
def test_formulas_of_fortran_compile_and_predict_as_predict(tmp_path):
    """All activations, links and classes in one program."""
    models = [regressor(activation=name) for name in activations.ACTIVATIONS]
    models += [regressor(loss) for loss in losses.LOSSES]
    models += [classifier(labels) for labels in LABELS]
    source, calls, expected = "", "", []
    for k, model in enumerate(models):
        text = to_formula(model, "fortran")
        source += text.replace("subroutine predict", f"subroutine predict{k}")
        answers = wanted(model)[:5]
        expected += answers.ravel().tolist()
        outputs = ", ".join(f"y({j + 1})" for j in range(answers.shape[1]))
        for row in X[:5].astype(float).tolist():
            values = ", &\n  ".join(f"{v!r}d0".replace("e", "d") for v in row)
            values = re.sub(r"(d-?\d+)d0", r"\1", values)
            calls += f"call predict{k}({values}, &\n  {outputs})\n"
            calls += f"print '(es25.17)', y(1:{answers.shape[1]})\n"
    main = f"program p\nimplicit none\ndouble precision :: y(9)\n{calls}end program\n"
    (tmp_path / "all.f90").write_text(source + main)
    flags = ["-std=f2008", "-Wall", "-Wextra", "-Werror", "-fcheck=all"]
    subprocess.run([FORTRAN, *flags, "all.f90", "-o", "all"], check=True, cwd=tmp_path)
    printed = subprocess.run(
        [tmp_path / "all"], capture_output=True, text=True, check=True
    )
    found = [float(line) for line in printed.stdout.split()]
    assert_allclose(found, expected, rtol=1e-11, atol=1e-13)


def test_a_single_class_leaves_a_chance_for_any_other():
    """What learned from rows of one class has a column of all others beside it."""
    with pytest.warns(UserWarning, match="one class"):
        model = MLPClassifier((3,), max_iter=3).fit(X, np.full(len(X), "a"))
    assert_allclose(evaluate_python(model), wanted(model), rtol=1e-11)
    assert "probability of any other class" in to_formula(model)
    assert "y[0]: probability of any other class" in to_c(model).header
    label, probabilities = run_onnx(to_onnx(model))
    assert set(label) == {"a"}
    assert_allclose(probabilities, model.predict_proba(X), rtol=0, atol=1e-6)


def test_the_best_of_a_search_is_written():
    net = MLPRegressor(hidden_layer_sizes=(3,), max_iter=5, random_state=0)
    search = GridSearch(net, {"alpha": [0.1, 1.0]}, cv=2).fit(X, SIGNAL[:, 0])
    assert to_formula(search) == to_formula(search.best_estimator_)
    assert_allclose(run_onnx(to_onnx(search))[0], search.predict(X), atol=1e-6)


def test_fortran_keeps_within_its_lines():
    text = to_formula(regressor(hidden_layer_sizes=(30,)), "fortran")
    assert max(map(len, text.splitlines())) <= 132
    assert not re.search(r"\d\.\d+(?!d|\d|e)", text)


def test_large_networks_and_odd_arguments_are_refused():
    with pytest.raises(ValueError, match="to_c writes larger ones"):
        to_formula(regressor(hidden_layer_sizes=(500,)))
    with pytest.raises(ValueError, match="language must be one of"):
        to_formula(regressor(), "cobol")
    with pytest.raises(ValueError, match="identifier of C"):
        to_c(regressor(), "a b")


# ----------------------------------------------------------------------------------- C


def tools(machine):
    """What compiles for a machine, and what runs its programs here."""
    if machine == "this machine":
        found, runner = [COMPILER, *FLAGS], []
    else:
        plain = [flag for flag in FLAGS if "sanitize" not in flag]
        found = [shutil.which("aarch64-linux-gnu-gcc"), *plain, "-static"]
        runner = [shutil.which("qemu-aarch64") or shutil.which("qemu-aarch64-static")]
    if None in (found[0], *runner):
        pytest.skip(f"no C compiler for {machine}, or nothing that runs its programs")
    return found, runner


@pytest.mark.parametrize("machine", ["this machine", "aarch64"])
def test_c_compiles_without_a_warning_and_passes_its_own_test(machine, tmp_path):
    """Every activation, link and kind of classes, single and double."""
    compiler, runner = tools(machine)
    models = [regressor(activation=name) for name in activations.ACTIVATIONS]
    models += [regressor(loss, dtype="float64") for loss in losses.LOSSES]
    models += [classifier(labels) for labels in LABELS]
    models += [
        regressor(hidden_layer_sizes=()),
        regressor(hidden_layer_sizes=(3, 9, 4)),
    ]
    tests = ""
    for k, model in enumerate(models):
        name = f"net{k}"
        code = to_c(model, name)
        (tmp_path / f"{name}.h").write_text(code.header)
        own = code.source.replace(
            "int main(void)", f"int test{k}(void);\nint test{k}(void)"
        )
        (tmp_path / f"{name}.c").write_text(own)
        tests += f"    if (test{k}()) return {k + 1};\n"
    declared = "".join(f"int test{k}(void);\n" for k in range(len(models)))
    (tmp_path / "main.c").write_text(
        f"{declared}int main(void)\n{{\n{tests}    return 0;\n}}\n"
    )
    names = [f"net{k}.c" for k in range(len(models))]
    tested = [f"-DNET{k}_TEST" for k in range(len(models))]
    program = compiled(tmp_path, "main.c", *names, *tested, by=compiler)
    assert subprocess.run([*runner, program], check=False).returncode == 0


@pytest.mark.skipif(COMPILER is None, reason="no C compiler")
def test_the_test_in_the_c_code_can_fail(tmp_path):
    code = to_c(regressor(), "net")
    (tmp_path / "net.h").write_text(code.header)
    broken = code.source.replace("tanhf(z)", "z")
    assert broken != code.source
    (tmp_path / "net.c").write_text(broken)
    program = compiled(tmp_path, "net.c", "-DNET_TEST")
    assert subprocess.run([program], check=False).returncode == 1


@pytest.mark.skipif(COMPILER is None, reason="no C compiler")
def test_c_predicts_as_predict_and_without_warnings_alone(tmp_path):
    model = classifier("text")
    code = to_c(model, "net")
    (tmp_path / "net.h").write_text(code.header)
    (tmp_path / "net.c").write_text(code.source)
    rows = ", ".join(f"{{{', '.join(f'{v:.9g}f' for v in row)}}}" for row in X[:9])
    (tmp_path / "main.c").write_text(
        '#include <stdio.h>\n#include "net.h"\n'
        f"static const float X[9][3] = {{{rows}}};\n"
        "int main(void)\n{\n    float y[NET_OUTPUTS];\n"
        "    for (int n = 0; n < 9; n++) {\n        net_predict(X[n], y);\n"
        '        printf("%.9g %.9g %.9g\\n", y[0], y[1], y[2]);\n    }\n'
        "    return 0;\n}\n"
    )
    program = compiled(tmp_path, "main.c", "net.c")
    printed = subprocess.run([program], check=True, capture_output=True, text=True)
    found = np.reshape([float(word) for word in printed.stdout.split()], (9, 3))
    # float32 in another order.
    assert_allclose(found, model.predict_proba(X[:9]), atol=1e-6)
    assert not re.search("malloc|calloc|alloca|stdlib", code.source)


class Cube:
    """A row that no language knows."""

    def value(self, z, out):
        return np.power(z, 3, out=out)

    def slope(self, z, a, out):
        return np.multiply(3.0, z * z, out=out)


@pytest.mark.parametrize("write", [to_c, to_formula, to_onnx])
def test_a_row_that_a_language_lacks_is_refused_and_not_taken_for_another(
    write, monkeypatch
):
    monkeypatch.setitem(activations.ACTIVATIONS, "cube", Cube())
    net = MLPRegressor(activation="cube", max_iter=2)
    with pytest.raises(TypeError, match=r"Cube.* cannot be written as"):
        write(net.fit(X, SIGNAL[:, 0]))
