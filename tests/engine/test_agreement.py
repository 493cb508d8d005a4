"""The table: the compiled engine equals the NumPy reference, case by case."""

import pickle
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from domains import targets
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array

from perceptrons import MLPClassifier, MLPRegressor, engine
from perceptrons.activations import ACTIVATIONS, ELU, LeakyReLU
from perceptrons.engine.reference import NumPyObjective
from perceptrons.losses import LOSSES, CrossEntropy, Huber, Pinball
from perceptrons.network import Architecture
from perceptrons.objective import Data, Problem, Steps
from perceptrons.optimizers import (
    OPTIMIZERS,
    Adam,
    GradientDescent,
    Momentum,
)
from perceptrons.penalties import Penalty
from perceptrons.sampling import Batches, Dropout, RowSubset
from perceptrons.settings import clipping

pytestmark = pytest.mark.skipif(engine.missing() is not None, reason="not compiled")

# Of the largest entry of what is compared. Sums here have at most 100 terms through at
# most three layers: 1e-12 is 4,500 roundings of float64, 1e-5 are 84 of float32. The
# judge of both is NumPy in float64, given the same (rounded) numbers.
TOLERANCE = {"float64": 1e-12, "float32": 1e-5}
DTYPES = list(TOLERANCE)

ACTIVATION_ROWS = [*ACTIVATIONS.values(), LeakyReLU(0.3), ELU(0.4)]
LOSS_ROWS = [
    *LOSSES.values(),
    Huber(0.2),
    Pinball(0.9),
    Pinball((0.1, 0.9)),
    Pinball((0.05, 0.5, 0.8)),
    CrossEntropy(0.15),
]
PENALTIES = [Penalty(), Penalty(l1=0.02), Penalty(l2=0.3), Penalty(0.01, 0.1, 0.2)]
HIDDEN = [(), (1,), (16,), (17, 33), (33, 1)]
OUTPUTS = [1, 2, 3, 10]


def bind(problem, rows, n_threads=1):
    from perceptrons.engine.compiled import CompiledObjective

    return CompiledObjective(problem, rows, n_threads)


def make_problem(activation, loss, penalty, sizes, dtype):
    hidden = len(sizes) - 2
    return Problem(
        Architecture(sizes), (activation,) * hidden, loss, penalty, np.dtype(dtype)
    )


def exactly(problem):
    """Return the problem in float64: the judge."""
    return Problem(
        problem.architecture,
        problem.activations,
        problem.loss,
        problem.penalty,
        np.dtype("float64"),
    )


def outputs_of(loss):
    """Return how many outputs the loss can have."""
    if isinstance(loss, Pinball):
        levels = len(loss.levels)
        return [levels] if levels > 1 else OUTPUTS
    return OUTPUTS[1:] if isinstance(loss, CrossEntropy) else OUTPUTS


def initial(problem, rng):
    """Return weights that keep the activations within their curved range."""
    architecture = problem.architecture
    theta = rng.normal(0, 0.3, architecture.n_parameters)
    for W in architecture.views(theta)[0]:
        W /= np.sqrt(len(W))
    return theta.astype(problem.dtype)


def features(n_rows, n_features, dtype, rng):
    """Return one X as every array the engine reads."""
    X = rng.normal(size=(n_rows, n_features))
    X[rng.random(X.shape) < 0.3] = 0
    X = X.astype(dtype)
    wide = np.full((2 * n_rows, 3 * n_features), np.nan, dtype)
    wide[::2, ::3][:, ::-1] = X
    order = rng.permutation(n_rows)
    shuffled = np.empty_like(X)
    shuffled[order] = X
    return {
        "contiguous": X,
        "by columns": np.asfortranarray(X),
        "strided": wide[::2, ::3][:, ::-1],
        "sparse": csr_array(X),
        "rows": RowSubset(shuffled, order),
        "sparse rows": RowSubset(csr_array(shuffled), order),
    }


def assert_close(actual, expected, tolerance):
    """Compare by the largest entry expected."""
    scale = np.abs(expected).max()
    assert_allclose(actual, expected, rtol=0, atol=tolerance * scale)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss", LOSS_ROWS, ids=repr)
@pytest.mark.parametrize("activation", ACTIVATION_ROWS, ids=repr)
def test_value_and_gradient_equal_the_reference(activation, loss, dtype, rng):
    n_rows = 13
    tolerance = TOLERANCE[dtype]
    X = rng.normal(size=(n_rows, 3)).astype(dtype)
    weights = rng.uniform(0, 2, n_rows).astype(dtype)
    weights[4] = 0
    for hidden, K in product(HIDDEN, outputs_of(loss)):
        sizes = (3, *hidden, K)
        Y = targets(loss, (n_rows, K), rng, shares=True).astype(dtype)
        drops = [
            ((rng.random((n_rows, width)) < 0.7) / 0.7).astype(dtype)
            for width in hidden
        ]
        some = [None if layer == 0 else mask for layer, mask in enumerate(drops)]
        for penalty in PENALTIES:
            problem = make_problem(activation, loss, penalty, sizes, dtype)
            judge = NumPyObjective(exactly(problem), n_rows)
            compiled = bind(problem, n_rows)
            theta = initial(problem, rng)
            expected = np.empty(len(theta))
            grad = np.full(len(theta), np.nan, dtype)
            for w, masks in product((None, weights), (None, drops, some)):
                if masks is some and len(hidden) < 2:
                    continue
                value = judge.value_and_grad(
                    theta.astype("float64"),
                    X.astype("float64"),
                    Y.astype("float64"),
                    None if w is None else w.astype("float64"),
                    as_float64(masks),
                    expected,
                )
                got = compiled.value_and_grad(theta, X, Y, w, masks, grad)
                assert got == pytest.approx(value, rel=tolerance)
                assert_close(grad, expected, tolerance)


def as_float64(masks):
    if masks is None:
        return None
    return [None if mask is None else mask.astype("float64") for mask in masks]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n_features", [1, 3, 16, 17])
@pytest.mark.parametrize("hidden", HIDDEN)
def test_every_kind_of_rows_gives_the_same_bits(hidden, n_features, dtype, rng):
    n_rows = 23
    Xs = features(n_rows, n_features, dtype, rng)
    loss = LOSSES["squared_error"]
    problem = make_problem(
        ACTIVATIONS["tanh"], loss, Penalty(), (n_features, *hidden, 3), dtype
    )
    theta = initial(problem, rng)
    Y = targets(loss, (n_rows, 3), rng, shares=True).astype(dtype)
    expected = np.empty_like(theta)
    value = bind(problem, n_rows).value_and_grad(
        theta, Xs["contiguous"], Y, None, None, expected
    )
    for kind, X in Xs.items():
        grad = np.empty_like(theta)
        compiled = bind(problem, n_rows)
        got = compiled.value_and_grad(theta, X, Y, None, None, grad)
        assert got == value, kind
        assert_array_equal(grad, expected, err_msg=kind)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n_rows", [1, 2, 7, 47, 48, 49, 96, 97, 300])
def test_any_number_of_rows_equals_the_reference(n_rows, dtype, rng):
    sizes = (5, 33, 17, 3)
    loss = LOSSES["cross_entropy"]
    problem = make_problem(ACTIVATIONS["gelu"], loss, Penalty(), sizes, dtype)
    theta = initial(problem, rng)
    X = rng.normal(size=(n_rows, 5)).astype(dtype)
    Y = targets(loss, (n_rows, 3), rng, shares=True).astype(dtype)
    expected, grad = np.empty(len(theta)), np.empty_like(theta)
    value = NumPyObjective(exactly(problem), n_rows).value_and_grad(
        theta.astype(float), X.astype(float), Y.astype(float), None, None, expected
    )
    got = bind(problem, n_rows).value_and_grad(theta, X, Y, None, None, grad)
    assert got == pytest.approx(value, rel=TOLERANCE[dtype])
    assert_close(grad, expected, TOLERANCE[dtype])


def mostly_zeros(n_rows, n_features, share, dtype, rng):
    """Return rows with so large a share of numbers that are not zero."""
    X = rng.normal(size=(n_rows, n_features)) * (
        rng.random((n_rows, n_features)) < share
    )
    return X.astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("share", [0.0, 0.02, 0.2, 0.45, 0.55])
@pytest.mark.parametrize("n_rows", [1, 3, 50, 97])
@pytest.mark.parametrize(("n_features", "width"), [(32, 32), (131, 40), (260, 101)])
def test_mostly_zero_rows_equal_the_reference(
    n_features, width, n_rows, share, dtype, rng
):
    loss = LOSSES["squared_error"]
    sizes = (n_features, width, 2)
    problem = make_problem(ACTIVATIONS["tanh"], loss, Penalty(l2=0.1), sizes, dtype)
    theta = initial(problem, rng)
    X = mostly_zeros(n_rows, n_features, share, dtype, rng)
    Y = targets(loss, (n_rows, 2), rng, shares=True).astype(dtype)
    expected, grad = np.empty(len(theta)), np.empty_like(theta)
    value = NumPyObjective(exactly(problem), n_rows).value_and_grad(
        theta.astype(float), X.astype(float), Y.astype(float), None, None, expected
    )
    got = bind(problem, n_rows).value_and_grad(theta, X, Y, None, None, grad)
    assert got == pytest.approx(value, rel=TOLERANCE[dtype])
    assert_close(grad, expected, TOLERANCE[dtype])
    raw = bind(problem, n_rows).raw_outputs(theta, X)
    judge = NumPyObjective(exactly(problem), n_rows)
    assert_close(raw, judge.raw_outputs(theta.astype(float), X), TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("share", [0.02, 0.2])
def test_to_pass_over_zeros_leaves_the_same_bits(share, dtype, rng):
    """Rows of weight 0 add nothing, but make the table too dense to look for zeros."""
    loss = LOSSES["squared_error"]
    problem = make_problem(ACTIVATIONS["sigmoid"], loss, Penalty(), (150, 70, 3), dtype)
    theta = initial(problem, rng)
    X = mostly_zeros(100, 150, share, dtype, rng)
    dense = rng.normal(size=(300, 150)).astype(dtype)
    Y = targets(loss, (400, 3), rng, shares=True).astype(dtype)
    grads = []
    for rows in (X, np.concatenate([X, dense])):
        weights = (np.arange(len(rows)) < len(X)).astype(dtype)
        weights *= len(rows) / len(X)  # 1 or 4: of mean 1, exactly
        grads.append(np.empty_like(theta))
        bind(problem, len(rows)).value_and_grad(
            theta, rows, Y[: len(rows)], weights, None, grads[-1]
        )
    assert_array_equal(*grads)


# One epoch, and many --------------------------------------------------------------

RULES = [*OPTIMIZERS.values(), Momentum(0.5, nesterov=False)]


class Run:
    """An epoch's arguments, the same for every engine: fresh streams, copied state."""

    def __init__(self, dtype, rng, hidden=(17, 5), n_rows=50, weighted=False):
        self.loss = LOSSES["squared_error"]
        self.problem = make_problem(
            ACTIVATIONS["tanh"], self.loss, Penalty(l2=0.01), (3, *hidden, 2), dtype
        )
        self.hidden, self.n_rows = hidden, n_rows
        self.theta = initial(self.problem, rng)
        self.X = rng.normal(size=(n_rows, 3)).astype(dtype)
        self.Y = 0.3 * targets(self.loss, (n_rows, 2), rng).astype(dtype)
        self.weights = None
        if weighted:
            self.weights = rng.uniform(0.1, 2, n_rows).astype(dtype)
            self.weights[7:14] = 0  # a whole batch of 7, where rows stay in order

    def train(
        self,
        make,
        rule,
        size,
        draw="shuffled",
        clip=None,
        dropout=0.0,
        epochs=1,
        rate=0.05,
        start=None,
        X=None,
    ):
        """Return loss, theta, state and the states of both generators."""
        theta = (self.theta if start is None else start).copy()
        state = rule.init(theta)
        batches = Batches(self.n_rows, size, draw, np.random.default_rng(7))
        drops = np.random.default_rng(8)
        drop = None
        if dropout:
            drop = Dropout((dropout, 0.0)[: len(self.hidden)], self.hidden, drops)
        objective = make(self.problem, size)
        X = self.X if X is None else X
        for _ in range(epochs):
            epochs = objective.run_epochs(
                theta,
                Data(X, self.Y, self.weights),
                Steps(
                    rule, state, batches, np.full((1, batches.n_steps), rate),
                    clipping(clip, self.problem.architecture), drop,
                ),
            )  # fmt: skip
            loss = epochs.losses[0]
        streams = (
            batches.stream.bit_generator.state,
            drops.bit_generator.state,
        )
        return loss, theta, state, streams


def assert_same_training(run, tolerance, **settings):
    """Train on both engines and compare all they leave behind."""
    expected_loss, expected, expected_state, expected_streams = run.train(
        NumPyObjective, **settings
    )
    loss, theta, state, streams = run.train(bind, **settings)
    assert loss == pytest.approx(expected_loss, rel=tolerance)
    assert_close(theta, expected, tolerance)
    assert streams == expected_streams
    assert state.keys() == expected_state.keys()
    for name in state.keys() - {"scratch", "step"}:
        if np.ndim(state[name]):
            assert_close(state[name], expected_state[name], 20 * tolerance)
    assert state.get("step") == expected_state.get("step")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("clip", [None, 0.05, ("layer", 0.02)])
@pytest.mark.parametrize("dropout", [0.0, 0.4])
@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_one_step_of_every_rule_equals_the_reference(rule, dropout, clip, dtype, rng):
    run = Run(dtype, rng)
    # Both engines round here; a state's squares double the relative error.
    assert_same_training(
        run, 2 * TOLERANCE[dtype], rule=rule, size=50, clip=clip, dropout=dropout
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [1, 7, 50, 64])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("draw", ["in order", "shuffled", "with replacement"])
def test_both_engines_visit_the_same_batches(draw, weighted, size, dtype, rng):
    run = Run(dtype, rng, weighted=weighted)
    # At most 50 steps, each as exact as the table above; other batches would move
    # theta by 1e-2.
    tolerance = 50 * TOLERANCE[dtype]
    rule = GradientDescent()
    assert_same_training(run, tolerance, rule=rule, size=size, draw=draw)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("clip", [1.0, ("layer", 1.0)])
def test_a_step_is_clipped_where_the_squared_norm_overflows(clip, dtype, rng):
    run = Run(dtype, rng)
    strength = {"float32": 1e25, "float64": 1e170}[dtype]
    run.problem = replace(run.problem, penalty=Penalty(l2=strength))
    # Five steps of length 0.05, back and forth.
    assert_same_training(
        run, 5 * TOLERANCE[dtype], rule=GradientDescent(), size=10, clip=clip
    )


@pytest.mark.parametrize(("dtype", "size"), [("float32", 1e38), ("float64", 1e306)])
def test_a_step_is_clipped_where_limit_by_norm_is_subnormal(dtype, size, rng):
    run, start = Run(dtype, rng), Run(dtype, rng).theta
    run.problem = replace(run.problem, penalty=Penalty(l2=size))
    # One step of length 1, of a penalty beside which the loss is nothing.
    assert_same_training(
        run, TOLERANCE[dtype], rule=GradientDescent(), size=50, rate=1e3, clip=1e-3,
        start=start,
    )  # fmt: skip
    moved = run.train(bind, rule=GradientDescent(), size=50, rate=1e3, clip=1e-3)[1]
    assert np.linalg.norm(moved - run.theta) == pytest.approx(1, rel=1e-5)


def test_a_loss_whose_square_overflows_is_finite(rng):
    run = Run("float32", rng)
    run.Y *= np.float32(1e22)
    assert_same_training(
        run, TOLERANCE["float32"], rule=GradientDescent(), size=50, rate=1e-22
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [7, 50])
def test_both_engines_drop_the_same_units(size, dtype, rng):
    run = Run(dtype, rng, weighted=True)
    rule = Adam()
    # 8 steps; another unit dropped would move theta by a step, 5e-2.
    tolerance = 20 * TOLERANCE[dtype]
    assert_same_training(run, tolerance, rule=rule, size=size, dropout=0.3)


@pytest.mark.parametrize("rule", RULES, ids=repr)
@pytest.mark.parametrize("dtype", DTYPES)
def test_epochs_on_sparse_and_selected_rows_equal_dense_ones(dtype, rule, rng):
    run = Run(dtype, rng)
    order = rng.permutation(run.n_rows)
    shuffled = np.empty_like(run.X)
    shuffled[order] = run.X
    settings = {"rule": rule, "size": 7, "epochs": 2, "dropout": 0.2}
    _, expected, _, _ = run.train(bind, **settings)
    for X in (
        np.asfortranarray(run.X),
        csr_array(run.X),
        RowSubset(shuffled, order),
        RowSubset(csr_array(shuffled), order),
    ):
        _, theta, _, _ = run.train(bind, X=X, **settings)
        assert_array_equal(theta, expected)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rule", [GradientDescent(), Momentum(), Adam()], ids=repr)
def test_fifty_epochs_stay_within_the_growth_of_rounding_errors(rule, dtype, rng):
    """Compare 50 epochs, 400 steps, to a tolerance derived from the trajectory.

    A step of rate eta differs by no more than eta tol (the table, entries of the update
    being at most about 1) plus one rounding of theta, u max abs(theta). Later steps
    multiply a difference by the trajectory's own amplification A, measured here: the
    reference is started 1e-7 apart. N steps add up to A N (eta tol + u max abs(theta)),
    momentum summing up to 1 / (1 - 0.9) updates. Smooth activation and loss, so that
    the amplification is that of a differentiable map.
    """
    run = Run(dtype, rng)
    exact = Run("float64", np.random.default_rng(20240229))
    settings = {"rule": rule, "size": 7, "epochs": 50, "rate": 0.01}
    N, eta, u = 400, 0.01, np.finfo(dtype).eps / 2
    start = exact.theta
    _, reached, _, _ = exact.train(NumPyObjective, start=start, **settings)
    apart = 1e-7 * rng.choice([-1, 1], len(start))
    _, beside, _, _ = exact.train(NumPyObjective, start=start + apart, **settings)
    amplification = max(1.0, np.abs(beside - reached).max() / 1e-7)
    sums = 10 if isinstance(rule, Momentum) else 1
    tolerance = (
        amplification * N * (sums * eta * TOLERANCE[dtype] + u * np.abs(reached).max())
    )
    assert tolerance < (1e-2 if dtype == "float32" else 1e-10)
    expected_loss, expected, _, expected_streams = run.train(NumPyObjective, **settings)
    loss, theta, _, streams = run.train(bind, **settings)
    assert streams == expected_streams
    assert_allclose(theta, expected, rtol=0, atol=tolerance)
    assert loss == pytest.approx(expected_loss, abs=10 * tolerance)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize("n_rows", [1, 31, 200])
def test_raw_outputs_equal_the_reference(n_rows, hidden, dtype, rng):
    loss = LOSSES["squared_error"]
    problem = make_problem(ACTIVATIONS["silu"], loss, Penalty(), (3, *hidden, 3), dtype)
    theta = initial(problem, rng)
    Xs = features(n_rows, 3, dtype, rng)
    judge = NumPyObjective(exactly(problem), 8)
    expected = judge.raw_outputs(theta.astype(float), Xs["contiguous"].astype(float))
    for kind, X in Xs.items():
        for rows in (1, 8, 64):
            raw = bind(problem, rows).raw_outputs(theta, X)
            assert raw.dtype == problem.dtype, kind
            assert_close(raw, expected, TOLERANCE[dtype])
    predict = bind(problem, 8).predictor(theta)
    flat = predict(Xs["contiguous"])
    assert_close(flat, expected.ravel(), TOLERANCE[dtype])


# Estimators -----------------------------------------------------------------------


def regression(rng, n_rows=80):
    X = rng.normal(size=(n_rows, 3))
    return X, np.sin(X[:, 0]) + 0.5 * X[:, 1] * X[:, 2]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_lbfgs_goes_the_same_way_on_both_engines(rng):
    X, y = regression(rng)
    nets = [
        MLPRegressor(
            hidden_layer_sizes=(9,),
            activation="tanh",
            solver="lbfgs",
            max_iter=10,
            random_state=0,
            dtype="float64",
            engine=name,
        ).fit(X, y)
        for name in ("numpy", "compiled")
    ]
    assert nets[1].outcome_.engine == "compiled"
    assert nets[0].n_iter_ == nets[1].n_iter_
    # Ten line searches, each amplifying 1e-12 by the curvature it estimates from
    # differences of gradients, whose cancellation costs some digits.
    for A, B in zip(nets[0].coefs_, nets[1].coefs_, strict=True):
        assert_allclose(B, A, rtol=0, atol=1e-8)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("dtype", DTYPES)
def test_estimators_predict_the_same_on_both_engines(dtype, rng):
    X, y = regression(rng)
    labels = np.digitize(y, [-0.5, 0.5])
    settings = {
        "hidden_layer_sizes": (7, 5),
        "activation": "tanh",
        "max_iter": 5,
        "random_state": 0,
        "dtype": dtype,
    }
    # 5 epochs of one batch; see the derivation of fifty.
    tolerance = 100 * TOLERANCE[dtype]
    for Estimator, target, method in (
        (MLPRegressor, y, "predict"),
        (MLPClassifier, labels, "predict_proba"),
        (MLPClassifier, labels > 0, "predict_proba"),
    ):
        numpy_net, compiled = (
            Estimator(**settings, engine=name).fit(X, target)
            for name in ("numpy", "compiled")
        )
        expected = getattr(numpy_net, method)(X)
        actual = getattr(compiled, method)(X)
        assert actual.dtype == expected.dtype
        assert_close(actual, expected, tolerance)


@pytest.mark.parametrize("first", ["numpy", "compiled"])
@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_model_pickled_on_one_engine_goes_on_with_the_other(solver, first, rng):
    X, y = regression(rng)
    second = {"numpy": "compiled", "compiled": "numpy"}[first]
    net = MLPRegressor(
        hidden_layer_sizes=(8, 3),
        activation="tanh",
        solver=solver,
        batch_size=16,
        dropout=0.2,
        random_state=0,
        dtype="float64",
        engine=first,
    )
    for _ in range(3):
        net.partial_fit(X, y)
    moved = pickle.loads(pickle.dumps(net)).set_params(engine=second)
    for _ in range(3):
        net.partial_fit(X, y)
        moved.partial_fit(X, y)
    assert moved.outcome_.engine == second
    # 15 steps after the change, each as exact as the table.
    for A, B in zip(net.coefs_, moved.coefs_, strict=True):
        assert_allclose(B, A, rtol=0, atol=1e-11)


def test_a_schedule_gives_both_engines_the_same_rates(rng):
    X, y = regression(rng)
    nets = [
        MLPRegressor(
            hidden_layer_sizes=(8,),
            activation="tanh",
            solver="sgd",
            schedule="one_cycle",
            batch_size=16,
            random_state=0,
            max_iter=10,
            n_iter_no_change=np.inf,
            dtype="float64",
            engine=name,
        )
        for name in ("numpy", "compiled")
    ]
    for net in nets:
        with pytest.warns(match="Maximum iterations"):
            net.fit(X, y)
    # 50 steps; another rate would show in the third digit.
    for A, B in zip(nets[0].coefs_, nets[1].coefs_, strict=True):
        assert_allclose(B, A, rtol=0, atol=1e-10)
