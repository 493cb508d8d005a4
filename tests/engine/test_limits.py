"""At its limits the compiled engine is right, or says clearly why not: no crash."""

import time

import numpy as np
import pytest
from engines import DTYPES, bind, in_subprocess, make_problem, run_epoch, small_step
from numpy.testing import assert_allclose, assert_array_equal

from perceptrons import MLPRegressor, engine
from perceptrons.activations import ACTIVATIONS
from perceptrons.engine.reference import NumPyObjective
from perceptrons.losses import LOSSES
from perceptrons.optimizers import (
    GradientDescent,
)
from perceptrons.sampling import Batches

pytestmark = [
    pytest.mark.skipif(engine.missing() is not None, reason="not compiled"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

TOLERANCE = {"float64": 1e-12, "float32": 1e-5}  # as in the table of agreement


ERRORS = (MemoryError, ValueError, OverflowError, TypeError)


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
