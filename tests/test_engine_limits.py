"""At its limits the compiled engine is right, or says clearly why not: no crash."""

import os
import pickle
import shutil
import subprocess
import sys
import textwrap
import threading
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array, random_array

import perceptrons
from perceptrons import MLPRegressor, engine, fit_many, threads
from perceptrons.activations import ACTIVATIONS
from perceptrons.engine.reference import NumPyObjective
from perceptrons.losses import LOSSES, HalfSquaredError
from perceptrons.network import Architecture
from perceptrons.objective import Data, Problem, Steps
from perceptrons.optimizers import (
    OPTIMIZERS,
    Adam,
    GradientDescent,
    Momentum,
)
from perceptrons.penalties import Penalty
from perceptrons.sampling import Batches

pytestmark = [
    pytest.mark.skipif(engine.missing() is not None, reason="not compiled"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

DTYPES = ["float32", "float64"]
TOLERANCE = {"float64": 1e-12, "float32": 1e-5}  # as in the table of agreement
ERRORS = (MemoryError, ValueError, OverflowError, TypeError)


def bind(problem, rows, n_threads=1):
    from perceptrons.engine.compiled import CompiledObjective

    return CompiledObjective(problem, rows, n_threads)


def make_problem(sizes, dtype="float32", activation="tanh", loss="squared_error"):
    hidden = (ACTIVATIONS[activation],) * (len(sizes) - 2)
    return Problem(
        Architecture(sizes), hidden, LOSSES[loss], Penalty(), np.dtype(dtype)
    )


def in_subprocess(program, **settings):
    """Run a program to its end and return what it printed; a crash is an error."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        timeout=300,
        **settings,
    )
    assert done.returncode == 0, (done.returncode, done.stderr)
    return done.stdout


# Shapes ---------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n_rows", [1, 2, 5])
@pytest.mark.parametrize(
    "sizes",
    [
        (1, 1),
        (1, 1, 1),
        (1, 2, 1),
        (2, 1, 3),
        (15, 15, 15),
        (17, 2, 17),
        (1, 7, 10_000),
    ],
)
def test_shapes_at_the_edge_equal_the_reference(sizes, n_rows, dtype, rng):
    problem = make_problem(sizes, dtype)
    theta = rng.normal(0, 0.3, problem.architecture.n_parameters).astype(dtype)
    X = rng.normal(size=(n_rows, sizes[0])).astype(dtype)
    Y = rng.normal(size=(n_rows, sizes[-1])).astype(dtype)
    judge = NumPyObjective(make_problem(sizes, "float64"), n_rows)
    expected, grad = np.empty(len(theta)), np.empty_like(theta)
    value = judge.value_and_grad(
        theta.astype(float), X.astype(float), Y.astype(float), None, None, expected
    )
    got = bind(problem, n_rows).value_and_grad(theta, X, Y, None, None, grad)
    assert got == pytest.approx(value, rel=TOLERANCE[dtype])
    scale = np.abs(expected).max()
    assert_allclose(grad, expected, rtol=0, atol=TOLERANCE[dtype] * scale)


@pytest.mark.parametrize("batch_size", [1, 4, 5, 1000])
@pytest.mark.parametrize("hidden", [(), (1,), (3, 2)])
@pytest.mark.parametrize("n_rows", [1, 5])
def test_few_rows_and_large_batches_train(n_rows, hidden, batch_size, rng):
    X, y = rng.normal(size=(n_rows, 1)), rng.normal(size=n_rows)
    settings = {
        "hidden_layer_sizes": hidden,
        "activation": "tanh",
        "batch_size": batch_size,
        "max_iter": 3,
        "random_state": 0,
        "dtype": "float64",
    }
    if batch_size > n_rows:
        context = pytest.warns(UserWarning, match="batch_size|Maximum")
    else:
        context = pytest.warns(UserWarning, match="Maximum")
    with context:
        nets = [
            MLPRegressor(**settings, engine=name).fit(X, y)
            for name in ("numpy", "compiled")
        ]
    for A, B in zip(nets[0].coefs_, nets[1].coefs_, strict=True):
        # 15 steps at most, each as exact as the table of agreement.
        assert_allclose(B, A, rtol=0, atol=1e-11)


def test_ten_thousand_outputs_train(rng):
    X, Y = rng.normal(size=(7, 2)), rng.normal(size=(7, 10_000))
    net = MLPRegressor(
        hidden_layer_sizes=(3,), batch_size=4, max_iter=1, random_state=0
    ).fit(X, Y)
    assert net.outcome_.engine == "compiled"
    assert net.predict(X).shape == (7, 10_000)
    assert np.isfinite(net.loss_)


# Sizes nobody has memory for ------------------------------------------------------


@pytest.mark.parametrize("hidden", [(2**20, 2**20), (2**40,), (2**62, 2**62), (2**70,)])
def test_absurd_sizes_are_refused_at_once(hidden):
    started = time.process_time()
    net = MLPRegressor(hidden_layer_sizes=hidden, max_iter=1, engine="compiled")
    with pytest.raises(ERRORS):
        net.fit(np.ones((4, 3)), np.ones(4))
    assert time.process_time() - started < 5


def test_allocation_failure_is_an_error_that_leaves_the_engine_usable():
    printed = in_subprocess(
        """
        import resource
        import numpy as np
        from perceptrons import MLPRegressor
        from perceptrons.engine import _kernels

        def make(sizes, rows=4):
            hidden = len(sizes) - 2
            return _kernels.Network32(
                instructions="portable", sizes=sizes,
                activations=[{"code": 2}] * hidden, loss={"code": 0},
                penalty={"l1": 0.0, "l2": 0.0, "alpha": 0.0}, rows=rows,
            )

        net = MLPRegressor(
            hidden_layer_sizes=(3,), max_iter=2, random_state=0, engine="compiled"
        )
        import warnings
        warnings.simplefilter("ignore")
        before = net.fit(np.ones((4, 2)), np.arange(4.0)).coefs_[0].copy()
        with open("/proc/self/statm") as statm:
            used = int(statm.read().split()[0]) * resource.getpagesize()
        limit = used + 2**28
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        for sizes, rows in (
            ([2**20, 2**20], 4),
            ([2**15, 2**15, 1], 4),
            ([2**30, 2**30, 1], 4),
            ([2**31 - 1, 2**31 - 1], 4),
            ([1, 1], 2**31 - 1),
            ([100, 5, 2], 2**24),
        ):
            try:
                make(sizes, rows)
                print("made", sizes)
            except MemoryError:
                pass
        after = net.fit(np.ones((4, 2)), np.arange(4.0)).coefs_[0]
        print(np.array_equal(before, after))
        """
    )
    assert printed == "True\n"


def test_threads_the_system_does_not_grant_are_done_without():
    printed = in_subprocess(
        """
        import resource, warnings
        import numpy as np
        from perceptrons import MLPRegressor
        from perceptrons.engine import compiled

        warnings.simplefilter("ignore")
        compiled.THREAD_WORK = 0
        net = MLPRegressor(
            hidden_layer_sizes=(40,), batch_size=200, max_iter=2, random_state=0,
            engine="compiled",
        )
        rng = np.random.default_rng(0)
        X, y = rng.normal(size=(200, 3)), rng.normal(size=200)
        one = net.set_params(n_jobs=1).fit(X, y).coefs_[0].copy()
        with open("/proc/self/statm") as statm:
            used = int(statm.read().split()[0]) * resource.getpagesize()
        # Stacks of 8 MiB: some of the 150 threads start, not all.
        resource.setrlimit(resource.RLIMIT_STACK, (2**23, 2**23))
        resource.setrlimit(resource.RLIMIT_AS, (used + 2**28, used + 2**28))
        try:
            many = net.set_params(n_jobs=150).fit(X, y)
            print(np.array_equal(one, many.coefs_[0]))
            many.predict(X)
        except (RuntimeError, MemoryError):
            print(True)
        """
    )
    assert printed == "True\n"


# Arrays as users have them --------------------------------------------------------


def misaligned(array):
    """Return a copy that starts one byte beside an element's boundary."""
    memory = np.empty(array.nbytes + 1, np.uint8)
    copy = memory[1:].view(array.dtype).reshape(array.shape)
    copy[...] = array
    assert not copy.flags.aligned
    return copy


def read_only(array):
    copy = array.copy()
    copy.flags.writeable = False
    return copy


def strided(array):
    wide = np.full([2 * n for n in array.shape], 77, array.dtype)
    view = wide[tuple([slice(None, None, 2)] * array.ndim)]
    view[...] = array
    return view[::-1][::-1]


KINDS = {
    "misaligned": misaligned,
    "read-only": read_only,
    "strided": strided,
    "by columns": np.asfortranarray,
    "reversed": lambda array: array[::-1].copy()[::-1],
    "big-endian": lambda array: array.astype(array.dtype.newbyteorder(">")),
    "little-endian": lambda array: array.astype(array.dtype.newbyteorder("<")),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", KINDS)
def test_any_memory_layout_trains_to_the_same_bits(kind, dtype, rng):
    X = rng.normal(size=(30, 5)).astype(dtype)
    y, w = rng.normal(size=30).astype(dtype), rng.uniform(0.1, 1, 30)
    settings = {
        "hidden_layer_sizes": (7,),
        "batch_size": 8,
        "max_iter": 2,
        "random_state": 0,
        "engine": "compiled",
        "dtype": dtype,
    }
    change = KINDS[kind]
    plain = MLPRegressor(**settings).fit(X, y, w)
    other = MLPRegressor(**settings).fit(change(X), change(y), change(w))
    assert_array_equal(other.coefs_[0], plain.coefs_[0])
    # Rows of another byte order are predicted in float64.
    expected = plain.predict(X)
    assert_allclose(other.predict(change(X)), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["X", "Y", "weights", "theta", "grad"])
def test_the_door_takes_any_layout_or_refuses_it(name, kind, rng):
    problem = make_problem((3, 5, 2), "float64")
    given = {
        "theta": rng.normal(size=problem.architecture.n_parameters),
        "X": rng.normal(size=(6, 3)),
        "Y": rng.normal(size=(6, 2)),
        "weights": rng.uniform(0.1, 1, 6),
        "masks": None,
        "grad": np.zeros(problem.architecture.n_parameters),
    }
    value = bind(problem, 6).value_and_grad(**given)
    expected = given["grad"].copy()
    given["grad"] = np.zeros_like(expected)
    given[name] = KINDS[kind](given[name])
    try:
        got = bind(problem, 6).value_and_grad(**given)
    except (TypeError, ValueError):
        return
    assert got == value
    # A result written into a converted copy would be lost.
    assert_array_equal(given["grad"], expected)


def run_epoch(bound, theta, X, Y, weights, rates, **steps):
    """Take one epoch and return its loss."""
    epochs = bound.run_epochs(
        theta, Data(X, Y, weights), Steps(rates=np.array([rates], float), **steps)
    )
    assert epochs.interruption is None
    return epochs.losses[0]


def small_step(rng):
    """Return the arguments of a run_epoch that works, by name."""
    problem = make_problem((3, 5, 2), "float64")
    rule = Adam()
    theta = rng.normal(size=problem.architecture.n_parameters)
    return problem, {
        "rule": rule,
        "state": rule.init(theta),
        "theta": theta,
        "X": rng.normal(size=(6, 3)),
        "Y": rng.normal(size=(6, 2)),
        "weights": None,
        "batches": Batches(6, 4, "in order", np.random.default_rng(0)),
        "rates": [0.1, 0.1],
        "clip": None,
        "dropout": None,
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"theta": np.zeros(5)},
        {"theta": np.zeros(32, "float32")},
        {"theta": np.zeros(64)[::2]},
        {"theta": np.zeros((32, 1))},
        {"X": np.zeros((6, 2))},
        {"X": np.zeros((6, 4))},
        {"X": np.zeros((5, 3))},
        {"X": np.zeros(6)},
        {"X": csr_array(np.ones((6, 4)))},
        {"X": csr_array(np.ones((6, 1)))},
        {"X": csr_array(np.ones((5, 3)))},
        {"Y": np.zeros((6, 1))},
        {"Y": np.zeros((6, 3))},
        {"Y": np.zeros((7, 2))},
        {"Y": np.zeros(6)},
        {"weights": np.ones(5)},
        {"weights": np.ones(7)},
        {"weights": np.ones((6, 1))},
        {"rates": [0.1]},
        {"rates": []},
        {"batches": Batches(6, 5, "in order", np.random.default_rng(0))},
        {"batches": Batches(6, 2**40, "in order", np.random.default_rng(0))},
        {"batches": Batches(6, 0, "in order", np.random.default_rng(0))},
        {"batches": Batches(6, -1, "in order", np.random.default_rng(0))},
        {"state": {"mean": np.zeros(3), "mean_square": np.zeros(32), "step": 0}},
        {"state": {"mean": np.zeros(32), "mean_square": np.zeros(33), "step": 0}},
        {"state": {"mean": np.zeros(64)[::2], "mean_square": np.zeros(32), "step": 0}},
        {"state": {"mean": np.zeros(32, "f4"), "mean_square": np.zeros(32), "step": 0}},
        {"state": {"mean": None, "mean_square": np.zeros(32), "step": 0}},
        {"state": {"mean": np.zeros(32), "mean_square": None, "step": 0}},
    ],
    ids=repr,
)
def test_wrong_arguments_of_an_epoch_are_refused(wrong, rng):
    problem, given = small_step(rng)
    assert problem.architecture.n_parameters == 32
    run_epoch(bind(problem, 4), **given)
    with pytest.raises((TypeError, ValueError)):
        run_epoch(bind(problem, 4), **{**given, **wrong})


@pytest.mark.parametrize(
    "wrong",
    [
        {"theta": np.zeros(31)},
        {"grad": np.zeros(31)},
        {"grad": np.zeros(32, "f4")},
        {"grad": np.zeros(64)[::2]},
        {"X": np.zeros((5, 3)), "Y": np.zeros((5, 2))},  # more than bound
        {"X": np.zeros((0, 3)), "Y": np.zeros((0, 2))},
        {"X": csr_array(np.ones((4, 9)))},
        {"Y": np.zeros((4, 9))},
        {"weights": np.ones(3)},
        {"masks": []},
        {"masks": [np.ones((4, 5)), np.ones((4, 5))]},
        {"masks": [np.ones((3, 5))]},
        {"masks": [np.ones((4, 4))]},
        {"masks": [np.ones(20)]},
    ],
    ids=repr,
)
def test_wrong_arguments_of_value_and_grad_are_refused(wrong, rng):
    problem = make_problem((3, 5, 2), "float64")
    given = {
        "theta": np.zeros(32),
        "X": rng.normal(size=(4, 3)),
        "Y": rng.normal(size=(4, 2)),
        "weights": None,
        "masks": None,
        "grad": np.zeros(32),
    }
    bind(problem, 4).value_and_grad(**given)
    if wrong == {"masks": []}:  # the same as None
        assert bind(problem, 4).value_and_grad(**{**given, **wrong}) > 0
        return
    with pytest.raises((TypeError, ValueError)):
        bind(problem, 4).value_and_grad(**{**given, **wrong})


def test_wrong_arguments_of_the_forward_pass_are_refused():
    problem = make_problem((3, 5, 2), "float64")
    bound = bind(problem, 4)
    assert bound.raw_outputs(np.zeros(32), np.zeros((0, 3))).shape == (0, 2)
    for theta, X in (
        (np.zeros(31), np.zeros((4, 3))),
        (np.zeros(32), np.zeros((4, 2))),
        (np.zeros(32), csr_array(np.ones((4, 9)))),
    ):
        with pytest.raises((TypeError, ValueError)):
            bound.raw_outputs(theta, X)
    predict = bound.predictor(np.zeros(32))
    for X in (np.zeros((4, 2)), np.zeros((4, 4)), np.zeros(3)):
        with pytest.raises((TypeError, ValueError)):
            predict(X)
    with pytest.raises((TypeError, ValueError)):
        bound.predictor(np.zeros(33))


@pytest.mark.parametrize(
    "parts",
    [
        ([1.0], [0, 1], [3], 3),  # column out of range
        ([1.0], [0, 1], [-1], 3),
        ([1.0], [0, 2], [0], 3),  # ends beyond the values
        ([1.0], [1, 1], [0], 3),
        ([1.0, 1.0], [0, 2, 1, 2], [0, 1], 3),  # goes back
        ([1.0], [], [0], 3),
    ],
)
def test_broken_sparse_rows_are_refused(parts):
    from perceptrons.engine import _kernels

    values, starts, columns, n_columns = parts
    with pytest.raises((TypeError, ValueError)):
        _kernels.Features64(
            np.array(values, float),
            np.array(starts, np.int64),
            np.array(columns, np.int64),
            n_columns,
        )


@pytest.mark.parametrize("rows", [[6], [-1], [2**40]])
def test_selected_rows_out_of_range_are_refused(rows):
    from perceptrons.engine import _kernels

    features = _kernels.Features64(np.zeros((6, 3)))
    with pytest.raises(ValueError, match="row"):
        features.select(np.array(rows, np.int64))


# Numbers --------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("poison", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("where", ["theta", "X"])
@pytest.mark.parametrize("loss", LOSSES)
def test_poison_ends_as_a_loss_that_is_not_finite(loss, where, poison, dtype):
    K = 2
    problem = make_problem((3, 4, K), dtype, "identity", loss)
    rng = np.random.default_rng(0)
    given = {
        "theta": rng.normal(size=problem.architecture.n_parameters).astype(dtype),
        "X": rng.normal(size=(5, 3)).astype(dtype),
    }
    given[where].flat[1] = poison
    Y = np.full((5, K), 0.5, dtype)
    grad = np.empty_like(given["theta"])
    value = bind(problem, 5).value_and_grad(
        Y=Y, weights=None, masks=None, grad=grad, **given
    )
    assert not np.isfinite(value)
    theta, rule = given["theta"], GradientDescent()
    batches = Batches(5, 2, "in order", np.random.default_rng(0))
    with np.errstate(all="ignore"):
        end = run_epoch(
            bind(problem, 2), theta, given["X"], Y, None, [0.1] * 3,
            rule=rule, state={}, batches=batches,
        )  # fmt: skip
    assert not np.isfinite(end)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_nan_passes_every_activation(activation, dtype):
    problem = make_problem((2, 20, 1), dtype, activation)
    theta = np.full(problem.architecture.n_parameters, 0.1, dtype)
    X = np.array([[1, 2], [np.nan, 2]], dtype)
    raw = bind(problem, 2).raw_outputs(theta, X)
    assert np.isfinite(raw[0, 0])
    assert np.isnan(raw[1, 0])
    value = bind(problem, 2).value_and_grad(
        theta, X, np.zeros((2, 1), dtype), None, None, np.empty_like(theta)
    )
    assert np.isnan(value)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss", [name for name in LOSSES if name != "poisson"])
def test_raw_outputs_of_ten_thousand_stay_exact(loss, dtype):
    problem = make_problem((1, 2), dtype, loss=loss)
    theta = np.array([1e4, -1e4, 0, 0], dtype)
    X = np.array([[1], [-1], [0.5], [0]], dtype)
    Y = np.array([[1, 0], [1, 0], [0.25, 0.75], [0.5, 0.5]], dtype)
    expected, grad = np.empty(4), np.empty_like(theta)
    judge = NumPyObjective(make_problem((1, 2), "float64", loss=loss), 4)
    value = judge.value_and_grad(
        theta.astype(float), X.astype(float), Y.astype(float), None, None, expected
    )
    got = bind(problem, 4).value_and_grad(theta, X, Y, None, None, grad)
    assert got == pytest.approx(value, rel=TOLERANCE[dtype])
    scale = np.abs(expected).max()
    assert_allclose(grad, expected, rtol=0, atol=TOLERANCE[dtype] * scale)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("size", [1e4, 1e2, 1e-10, 1e-30])
def test_activations_of_huge_and_tiny_inputs_are_finite(size, activation, dtype):
    sizes = (1, 17, 1)
    problem = make_problem(sizes, dtype, activation)
    theta = np.ones(problem.architecture.n_parameters, dtype)
    theta[17:34] = 1e-4
    theta[1:17:2] = -1
    theta[34:] = 0
    X = np.array([[size], [-size]], dtype)
    Y, grad = np.zeros((2, 1), dtype), np.empty_like(theta)
    value = bind(problem, 2).value_and_grad(theta, X, Y, None, None, grad)
    assert np.isfinite(value)
    assert np.isfinite(grad).all()
    judge = NumPyObjective(make_problem(sizes, "float64", activation), 2)
    expected = np.empty(len(theta))
    with np.errstate(over="ignore"):
        judge.value_and_grad(
            theta.astype(float), X.astype(float), Y.astype(float), None, None, expected
        )
    # Near 0 an activation is exact to a rounding of 1, not of itself.
    scale = max(np.abs(expected).max(), 1)
    assert_allclose(grad, expected, rtol=0, atol=TOLERANCE[dtype] * scale)


def denormal_products():
    """Return products that are denormal numbers, unless the processor flushes them."""
    return (
        np.array([1e-30], "float32") * np.array([1e-10], "float32"),
        np.array([1e-300]) * np.array([1e-15]),
    )


@pytest.mark.parametrize("dtype", DTYPES)
def test_denormals_are_flushed_inside_and_live_on_outside(dtype, rng):
    before = denormal_products()
    assert all(product[0] > 0 for product in before)
    small = {"float32": (1e-30, 1e-10), "float64": (1e-300, 1e-15)}[dtype]
    problem = make_problem((1, 1), dtype)
    theta = np.array([small[0], 0], dtype)
    X = np.array([[small[1]]], dtype)
    assert bind(problem, 1).raw_outputs(theta, X)[0, 0] == 0
    assert_array_equal(denormal_products(), before)
    problem, given = small_step(rng)
    run_epoch(bind(problem, 4, n_threads=2), **given)
    assert_array_equal(denormal_products(), before)
    grad = np.empty(32)
    X, Y = given["X"][:4], given["Y"][:4]
    bind(problem, 4).value_and_grad(given["theta"], X, Y, None, None, grad)
    assert_array_equal(denormal_products(), before)
    with pytest.raises((TypeError, ValueError)):
        run_epoch(bind(problem, 4), **{**given, "rates": []})
    assert_array_equal(denormal_products(), before)


def test_sparse_rows_are_read_where_they_are(rng):
    X = random_array((20_000, 50), density=0.2, format="csr", rng=rng, dtype="float32")
    y = rng.normal(size=20_000)
    net = MLPRegressor(max_iter=2, tol=0, engine="compiled", batch_size=1000)
    net.fit(X[:1000], y[:1000])  # what is loaded once
    tracemalloc.start()
    net.fit(X, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < X.data.nbytes


# Ctrl-C and threads ---------------------------------------------------------------

LONG_FIT = """
    import os, signal, threading, time, warnings
    import numpy as np
    from perceptrons import MLPRegressor, fit_many

    warnings.simplefilter("ignore")
    asked = []

    def interrupt():
        asked.append(time.process_time())
        os.kill(os.getpid(), signal.SIGINT)

    class Keep:
        def on_epoch_end(self, state):
            self.coefs = [W.copy() for W in state.coefs]
            if state.epoch == 1:
                threading.Timer(0.1, interrupt).start()

    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40_000, 8)).astype("float32"), rng.normal(size=40_000)

    def make(seed):
        return MLPRegressor(
            hidden_layer_sizes=(100, 100), batch_size=20, max_iter=10**6, tol=0,
            n_iter_no_change=np.inf, random_state=seed, engine="compiled",
            callbacks=[Keep()],
        )

    def report(net):
        kept = net.callbacks[0].coefs
        same = all(np.array_equal(A, B) for A, B in zip(net.coefs_, kept))
        print(net.outcome_.reason, same, flush=True)
"""


def interrupt(program):
    """Interrupt a program in the midst of its second epoch, by itself.

    Returns what it prints, and the seconds of processor time to its answer: those of
    the clock are others' too.
    """
    parts = (LONG_FIT, program, "print(time.process_time() - asked[0])")
    printed = in_subprocess("".join(map(textwrap.dedent, parts)))
    *lines, seconds = printed.splitlines(keepends=True)
    return "".join(lines), float(seconds)


@pytest.mark.skipif(os.name == "nt", reason="no SIGINT for a child on Windows")
def test_ctrl_c_ends_a_fit_within_a_second_and_keeps_the_last_epoch():
    printed, seconds = interrupt(
        """
        net = make(0).fit(X, y)
        report(net)
        """
    )
    assert printed == "interrupted True\n"
    assert seconds < 1


@pytest.mark.skipif(os.name == "nt", reason="no SIGINT for a child on Windows")
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_ctrl_c_ends_a_step_of_seconds_within_a_second(n_jobs):
    printed, seconds = interrupt(
        f"""
        net = make(0).set_params(
            hidden_layer_sizes=(3000, 3000), batch_size=3000, n_jobs={n_jobs}
        )
        report(net.fit(X[:3000], y[:3000]))
        """
    )
    assert printed == "interrupted True\n"
    assert seconds < 1


@pytest.mark.skipif(os.name == "nt", reason="no SIGINT for a child on Windows")
@pytest.mark.parametrize("n_rows", [40, 40_000])  # epochs of microseconds, and long
def test_ctrl_c_ends_fit_many_within_a_second_and_keeps_the_last_epochs(n_rows):
    printed, seconds = interrupt(
        f"""
        X, y = X[:{n_rows}], y[:{n_rows}]

        class Silent(Keep):
            def on_epoch_end(self, state):
                self.coefs = [W.copy() for W in state.coefs]

        nets = [make(0), make(1), make(2), make(3)]
        nets[1].callbacks = [Silent()]
        try:
            fit_many(nets, X, y, n_jobs=2)
        except KeyboardInterrupt:
            print("raised", [hasattr(net, "coefs_") for net in nets])
        report(nets[0])
        outcome = nets[1].outcome_
        print(outcome.reason, flush=True)
        """
    )
    assert printed == (
        "raised [True, True, False, False]\ninterrupted True\ninterrupted\n"
    )
    assert seconds < 1


@pytest.mark.skipif(os.name == "nt", reason="no SIGINT for a child on Windows")
@pytest.mark.parametrize(
    "changes",
    [
        'solver="lbfgs", dtype="float64", max_fun=10**9',
        'engine="numpy", batch_size=2000',
    ],
)
def test_ctrl_c_ends_fits_that_the_kernels_do_not_see(changes):
    printed, seconds = interrupt(
        f"""
        X, y = X[:4000], y[:4000]
        nets = [make(0).set_params({changes}, callbacks=None) for _ in range(2)]
        nets[0].callbacks = [Keep()]
        try:
            fit_many(nets, X, y, n_jobs=2)
        except KeyboardInterrupt:
            print("raised")
        report(nets[0])
        print(nets[1].outcome_.reason, flush=True)
        """
    )
    assert printed == "raised\ninterrupted True\ninterrupted\n"
    assert seconds < 1


def test_other_threads_run_during_an_epoch(rng):
    n_rows = 20_000
    problem = make_problem((8, 100, 100, 1))
    theta = rng.normal(0, 0.1, problem.architecture.n_parameters).astype("float32")
    X = rng.normal(size=(n_rows, 8)).astype("float32")
    Y = rng.normal(size=(n_rows, 1)).astype("float32")
    batches = Batches(n_rows, 20, "shuffled", np.random.default_rng(0))
    bound, rule, ticks = bind(problem, 20), GradientDescent(), []
    ended = threading.Event()

    def tick():
        while not ended.wait(0.001):
            ticks.append(time.perf_counter())

    def inside():
        ticks.clear()
        begun = time.perf_counter()
        rates = [1e-3] * batches.n_steps
        run_epoch(bound, theta, X, Y, None, rates, rule=rule, state={}, batches=batches)
        done = time.perf_counter()
        return sum(begun < at < done for at in tuple(ticks))

    other = threading.Thread(target=tick)
    other.start()
    # Holding the lock would leave none in any epoch, of tens of milliseconds each;
    # a busy machine may leave none in some.
    found = any(inside() > 3 for _ in range(100))
    ended.set()
    other.join()
    assert found


# Many epochs in one call ----------------------------------------------------------


def watched(**settings):
    """Return two equal estimators: nobody watches the first, a callback the second."""

    class Watch:
        def on_epoch_end(self, state):
            return False

    return [
        MLPRegressor(
            hidden_layer_sizes=(9,),
            batch_size=7,
            random_state=3,
            engine="compiled",
            callbacks=callbacks,
            **settings,
        )
        for callbacks in (None, [Watch()])
    ]


@pytest.mark.parametrize(
    "settings",
    [
        {"max_iter": 400, "tol": 1e-3, "n_iter_no_change": 4},
        {"max_iter": 60, "schedule": "cosine", "tol": 0.0},
        {"max_iter": 60, "schedule": "invscaling", "solver": "sgd"},
        {"max_iter": 90, "learning_rate": "adaptive", "solver": "sgd", "tol": 1e-2},
        {
            "activation": "identity",
            "solver": "sgd",
            "learning_rate_init": 0.3,
        },  # diverges
    ],
    ids=repr,
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_epochs_of_one_call_are_those_of_many_calls(settings, rng):
    X = rng.normal(size=(40, 3))
    y = np.sin(X[:, 0]) + X[:, 1]
    together, one_by_one = watched(**settings)
    for net in (together, one_by_one):
        net.fit(X, y)
    columns, expected = (n.history_.columns for n in (together, one_by_one))
    for name in ("epoch", "loss", "learning_rate"):
        assert_array_equal(columns[name], expected[name])
    assert min(columns["seconds"]) >= 0
    for ours, theirs in zip(together.coefs_, one_by_one.coefs_, strict=True):
        assert_array_equal(ours, theirs)
    for name in ("reason", "epochs", "best_epoch"):
        assert getattr(together.outcome_, name) == getattr(one_by_one.outcome_, name)


def test_max_time_ends_many_epochs_of_one_call(rng):
    X = rng.normal(size=(40, 3))
    net, _ = watched(max_iter=10**9, tol=0.0, n_iter_no_change=np.inf, max_time=0.5)
    net.fit(X, X[:, 0])
    assert net.outcome_.reason == "limit reached"
    assert 0.05 <= net.outcome_.seconds < 1
    assert net.outcome_.epochs == len(net.history_) > 10


@pytest.mark.filterwarnings("ignore:Training interrupted")
def test_interruption_keeps_the_finished_epochs_of_a_call(rng):
    X = rng.normal(size=(40, 3))
    net, _ = watched(max_iter=10**9, tol=0.0, n_iter_no_change=np.inf)
    fitting = threading.Thread(target=net.fit, args=(X, X[:, 0]))
    begun = time.process_time()
    fitting.start()
    while time.process_time() - begun < 0.2:
        threading.Event().wait(0.01)
    with threads.interrupt_all():
        fitting.join(300)
    assert not fitting.is_alive()
    assert net.outcome_.reason == "interrupted"
    assert net.outcome_.epochs == len(net.history_) == net.outcome_.best_epoch > 10
    assert np.isfinite(net.history_.columns["loss"]).all()


# Choosing -------------------------------------------------------------------------


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


# Size, start and memory -----------------------------------------------------------


def test_extension_is_at_most_two_megabytes():
    from perceptrons.engine import _kernels

    assert Path(_kernels.__file__).stat().st_size <= 2_000_000


def test_engine_is_imported_within_twenty_milliseconds():
    program = """
        import time
        import perceptrons.objective, perceptrons.optimizers, scipy.sparse
        begun = time.process_time()
        import perceptrons.engine, perceptrons.engine.compiled
        print(time.process_time() - begun)
    """
    # The fastest of three: others share the machine.
    assert min(float(in_subprocess(program)) for _ in range(3)) <= 0.020


PEAK = """
    import resource, sys, warnings
    import numpy as np
    from scipy.sparse import random_array
    from perceptrons import MLPRegressor, fit_many

    warnings.simplefilter("ignore")

    def peak():
        scale = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale

    def make(**settings):
        return MLPRegressor(max_iter=2, random_state=0, engine="compiled", **settings)

    rng = np.random.default_rng(0)
    X, y = rng.random((300, 10), np.float32), rng.random(300, np.float32)
    make(hidden_layer_sizes=(5,), n_jobs=2).fit(X, y)  # everything is imported
"""
MEASURABLE = sys.platform != "win32"


@pytest.mark.skipif(not MEASURABLE, reason="no resource module on Windows")
@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_training_takes_no_more_memory_than_promised(solver):
    """data + 8 parameters + threads x (parameters + a batch tile)."""
    printed = in_subprocess(
        textwrap.dedent(PEAK)
        + textwrap.dedent(
            f"""
            sizes = (300, 3000, 3000, 1)
            X = rng.random((300, 300), np.float32)
            before = peak()
            make(
                hidden_layer_sizes=sizes[1:-1], batch_size=100, n_jobs=1,
                solver={solver!r},
            ).fit(X, y)
            print(peak() - before)
            """
        )
    )
    parameters = 4 * (300 * 3000 + 3000 * 3000 + 3000)
    # Every layer's outputs and deltas of a batch; 8 MB for the heap's own rounding.
    tile = 4 * 100 * 2 * (300 + 3000 + 3000)
    assert int(printed) <= 9 * parameters + tile + 8_000_000


@pytest.mark.skipif(not MEASURABLE, reason="no resource module on Windows")
@pytest.mark.parametrize(
    "rows",
    [
        "X",
        "np.asfortranarray(X)",
        "X[:, ::-1]",
    ],
)
def test_rows_of_a_fitting_dtype_are_not_copied(rows):
    printed = in_subprocess(
        textwrap.dedent(PEAK)
        + textwrap.dedent(
            f"""
            X = rng.random((50_000, 300), np.float32)
            X = {rows}
            y = np.zeros(50_000, np.float32)
            before = peak()
            nets = [make(hidden_layer_sizes=(4,), n_jobs=2) for _ in range(2)]
            nets[0].fit(X, y)
            fit_many(nets, X, y)
            nets[0].predict(X)
            print(peak() - before)
            """
        )
    )
    # X is 60 MB; some vectors of 50,000 rows and the batches are not.
    assert int(printed) < 15_000_000
