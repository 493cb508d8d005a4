"""Which engine trains, and what is said where there is none."""

import os
import pickle
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

import perceptrons
from perceptrons import MLPRegressor, engine, fit_many
from perceptrons.activations import ACTIVATIONS
from perceptrons.losses import LOSSES, HalfSquaredError
from perceptrons.optimizers import (
    OPTIMIZERS,
    Momentum,
)

pytestmark = [
    pytest.mark.skipif(engine.missing() is not None, reason="not compiled"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]


class OwnRule(Momentum):
    """A rule that only Python knows."""


class SquaresError(HalfSquaredError):
    """A loss that only Python knows."""


def cube(z):
    return z**3


def cube_slope(z):
    return 3 * z**2


PYTHON_ONLY = {
    "activation": {"activation": (cube, cube_slope)},
    "loss": {"loss": SquaresError()},
    "optimizer": {"solver": OwnRule()},
}


@pytest.mark.parametrize("part", PYTHON_ONLY)
def test_python_parts_are_refused_by_name(part, rng):
    X, y = rng.normal(size=(10, 2)), rng.normal(size=10)
    settings = {"hidden_layer_sizes": (3,), "max_iter": 2, **PYTHON_ONLY[part]}
    with pytest.raises(ValueError, match=f"not available: the {part} .* in Python"):
        MLPRegressor(engine="compiled", **settings).fit(X, y)
    net = MLPRegressor(engine="auto", **settings).fit(X, y)
    assert net.outcome_.engine == "numpy"
    assert f"the {part}" in net.outcome_.engine_reason
    assert "written in Python" in net.outcome_.engine_reason
    assert np.isfinite(net.predict(X)).all()


class Cube:
    """A row of the user's own, without a code."""

    def value(self, z, out):
        out[...] = cube(z)
        return out

    def slope(self, z, a, out):
        out[...] = cube_slope(z)
        return out


def test_a_row_without_a_code_runs_on_numpy_and_says_so(rng, monkeypatch):
    from perceptrons.engine import _kernels
    from perceptrons.engine.compiled import check_codes

    monkeypatch.setitem(ACTIVATIONS, "cube", Cube())
    monkeypatch.setitem(OPTIMIZERS, "own", OwnRule())  # an heir's code is not its own
    monkeypatch.setitem(LOSSES, "own", SquaresError())
    check_codes(_kernels.codes())
    X = rng.normal(size=(20, 3))
    for settings in ({"activation": "cube"}, {"loss": "own"}):
        net = MLPRegressor(hidden_layer_sizes=(4,), max_iter=2, **settings)
        outcome = net.fit(X, X[:, 0]).outcome_
        assert outcome.engine == "numpy"
        assert "written in Python" in outcome.engine_reason
    net = MLPRegressor(hidden_layer_sizes=(4,), max_iter=2).fit(X, X[:, 0])
    assert net.outcome_.engine == "compiled"


def test_auto_takes_the_compiled_engine_and_says_why(rng, monkeypatch):
    X, y = rng.normal(size=(10, 2)), rng.normal(size=10)
    from perceptrons.engine import _kernels

    for instructions in _kernels.instruction_sets():
        monkeypatch.setenv("PERCEPTRONS_ISA", instructions)
        net = MLPRegressor(hidden_layer_sizes=(3,), max_iter=2).fit(X, y)
        assert net.outcome_.engine == "compiled"
        assert instructions in net.outcome_.engine_reason


@pytest.mark.parametrize("table", ["activations", "losses", "optimizers"])
def test_an_extension_built_for_other_codes_is_refused(table):
    from perceptrons.engine import _kernels
    from perceptrons.engine.compiled import check_codes

    check_codes(_kernels.codes())
    other = _kernels.codes()
    first, second, *_ = other[table]
    other[table][first], other[table][second] = 1, 0
    with pytest.raises(ImportError, match=f"codes of {table} .*install perceptrons"):
        check_codes(other)
    del other[table][first]
    with pytest.raises(ImportError, match=f"codes of {table}"):
        check_codes(other)


def test_unknown_instruction_set_is_an_error_that_names_the_known(monkeypatch):
    monkeypatch.setenv("PERCEPTRONS_ISA", "mmx")
    with pytest.raises(ValueError, match=r"PERCEPTRONS_ISA must be one of .*portable"):
        MLPRegressor(max_iter=1).fit(np.ones((3, 1)), np.ones(3))


def test_without_the_extension_auto_trains_on_numpy_and_says_so(rng, monkeypatch):
    X, y = rng.normal(size=(10, 2)), rng.normal(size=10)
    with_it = MLPRegressor(hidden_layer_sizes=(3,), max_iter=2).fit(X, y)
    saved = pickle.dumps(with_it)
    monkeypatch.setattr(engine, "missing", lambda: "there was no compiler")
    net = MLPRegressor(hidden_layer_sizes=(3,), max_iter=2).fit(X, y)
    assert net.outcome_.engine == "numpy"
    assert net.outcome_.engine_reason == "there was no compiler"
    with pytest.raises(ValueError, match="there was no compiler"):
        net.set_params(engine="compiled").fit(X, y)
    net.set_params(engine="auto")
    assert fit_many([net], X, y)[0].outcome_.engine == "numpy"
    assert net.predictor()(X.astype("float32")).shape == (10,)
    # Predictions of float64 rows are as exact as the table of agreement.
    assert_allclose(pickle.loads(saved).predict(X), with_it.predict(X), rtol=1e-12)


def test_an_installation_without_the_extension_is_silent_and_works(tmp_path):
    package = Path(perceptrons.__file__).parent
    left_out = shutil.ignore_patterns("*.so", "*.pyd", "kernels", "__pycache__")
    shutil.copytree(package, tmp_path / "perceptrons", ignore=left_out)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    program = """
        import perceptrons, perceptrons.engine
        from perceptrons import MLPRegressor, fit_many
        assert perceptrons.__file__.startswith({home!r}), perceptrons.__file__
        print("imported", flush=True)
        import numpy as np
        X, y = np.ones((8, 2)), np.arange(8.0)
        net = MLPRegressor(hidden_layer_sizes=(3,), solver="lbfgs", tol=1).fit(X, y)
        fit_many([net], X, y)
        print(net.outcome_.engine, "|", net.outcome_.engine_reason)
    """
    done = subprocess.run(
        [
            sys.executable,
            "-W",
            "error",
            "-c",
            textwrap.dedent(program).format(home=str(tmp_path)),
        ],
        capture_output=True,
        text=True,
        env=environment,
        cwd=tmp_path,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout == (
        "imported\nnumpy | this installation was built without the compiled engine\n"
    )
