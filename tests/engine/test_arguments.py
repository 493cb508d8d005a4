"""Arrays of any layout are taken or refused; wrong arguments are refused."""

import tracemalloc

import numpy as np
import pytest
from engines import DTYPES, bind, make_problem, run_epoch, small_step
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array, random_array

from perceptrons import MLPRegressor, engine
from perceptrons.sampling import Batches

pytestmark = [
    pytest.mark.skipif(engine.missing() is not None, reason="not compiled"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]


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
    ids=lambda wrong: next(iter(wrong)),
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


def test_names_the_kernels_do_not_know_are_refused(rng):
    """Settings go to C++ by name: none is dropped, none is missing."""
    from perceptrons.engine import _kernels

    given = {
        "instructions": "portable",
        "sizes": [3, 5, 2],
        "activations": [{"code": 4, "alpha": 0.1}],
        "loss": {"code": 3, "delta": 1.0},
        "penalty": {"l1": 0.0, "l2": 0.0, "alpha": 0.0},
        "rows": 4,
    }
    network = _kernels.Network64(**given)
    for wrong, said in (
        ({"loss": {"code": 3, "delte": 1.0}}, "loss holds a name that is not known"),
        ({"loss": {"delta": 1.0}}, "code of the loss is missing"),
        ({"activations": [{"code": 4, "beta": 0.1}]}, "activation holds a name"),
        ({"penalty": {"l1": 0.0, "l2": 0.0}}, "alpha of the penalty is missing"),
    ):
        with pytest.raises(ValueError, match=said):
            _kernels.Network64(**{**given, **wrong})
    with pytest.raises(TypeError, match="delta of the loss is of another type"):
        _kernels.Network64(**{**given, "loss": {"code": 3, "delta": "much"}})
    rows = {
        "theta": np.zeros(32), "X": _kernels.Features64(rng.normal(size=(4, 3))),
        "Y": np.zeros((4, 2)), "weights": None,
    }  # fmt: skip
    steps = {
        "batch_rows": 4, "draw": 0, "batches": rng.bit_generator.capsule,
        "rates": np.ones((1, 1)), "most_seconds": np.inf, "clip": 0.0,
        "clip_layers": False, "dropout": [], "drops": None, "n_threads": 1,
    }  # fmt: skip
    rule = {"code": 0, "first": None, "second": None, "steps": 0}
    assert len(network.run_epochs(**rows, steps=steps, rule=rule)[0]) == 1
    for wrong, said in (
        ({"steps": {**steps, "epochs": 1}}, "steps holds a name that is not known"),
        ({"rule": {**rule, "momenta": 0.9}}, "rule holds a name that is not known"),
        ({"rule": {"code": 0}}, "first of the rule is missing"),
    ):
        with pytest.raises(ValueError, match=said):
            network.run_epochs(**{**rows, "steps": steps, "rule": rule, **wrong})


@pytest.mark.parametrize(
    "wrong",
    [
        {"X": np.ones((3, 2))},
        {"X": np.ones((0, 3)), "Y": np.zeros((0, 2))},
        {"Y": np.zeros((4, 2))},
        {"Y": np.zeros((3, 1))},
        {"weights": np.ones(2)},
        {"score": {"code": 4}},
        {"score": {"code": -1}},
        {"score": {"code": 2}},
        {"score": {"code": 2, "totals": [1.0]}},
        {"score": {"code": 0, "last": 1.0}},
        {"best": "high"},
        {"kept": np.zeros(31)},
        {"kept": np.zeros(32, "f4")},
        {"kept": np.zeros(64)[::2]},
        {"kep": None},
    ],
    ids=repr,
)
def test_wrong_rows_held_out_are_refused(wrong, rng):
    from perceptrons.engine import _kernels

    network = _kernels.Network64(
        instructions="portable", sizes=[3, 5, 2],
        activations=[{"code": 4, "alpha": 0.1}], loss={"code": 0},
        penalty={"l1": 0.0, "l2": 0.0, "alpha": 0.0}, rows=4,
    )  # fmt: skip
    held = {
        "X": np.ones((3, 3)), "Y": np.zeros((3, 2)), "weights": None,
        "score": {"code": 0}, "best": -np.inf, "kept": np.zeros(32),
    }  # fmt: skip
    given = {
        "theta": np.zeros(32), "X": _kernels.Features64(rng.normal(size=(4, 3))),
        "Y": np.zeros((4, 2)), "weights": None,
        "steps": {
            "batch_rows": 4, "draw": 0, "batches": rng.bit_generator.capsule,
            "rates": np.ones((1, 1)), "most_seconds": np.inf, "clip": 0.0,
            "clip_layers": False, "dropout": [], "drops": None, "n_threads": 1,
        },
        "rule": {"code": 0, "first": None, "second": None, "steps": 0},
    }  # fmt: skip

    def run(rows):
        return network.run_epochs(
            **given, held={**rows, "X": _kernels.Features64(rows["X"])}
        )

    assert np.isfinite(run(held)[3]).all()
    with pytest.raises((TypeError, ValueError)):
        run({**held, **wrong})


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
