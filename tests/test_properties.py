"""Properties that hold for any data: Hypothesis draws it; and same seed, same bits."""

import os
import pickle
import subprocess
import sys
import warnings
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning

import perceptrons
from perceptrons import MLPClassifier, MLPRegressor, optimizers
from perceptrons.activations import ACTIVATIONS
from perceptrons.losses import LOSSES
from perceptrons.optimizers import (
    OPTIMIZERS,
)
from perceptrons.schedules import (
    SCHEDULES,
)

quick = settings(max_examples=40, deadline=None, derandomize=True)

# The same sums in another order, over a few steps: roundings only.
SAME_SUMS = {"rtol": 1e-12, "atol": 1e-13}

seeds = st.integers(0, 2**16)
any_activation = st.sampled_from(sorted(ACTIVATIONS))
any_loss = st.sampled_from(sorted(LOSSES))


def fit(model, *data, **keywords):
    """Fit without the warning that the few epochs are used up."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(*data, **keywords)


def draw(seed, n, loss="squared_error", n_outputs=2):
    """Draw rows and targets in the domain of the loss."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 4))
    link = LOSSES[loss].link.name
    if link == "softmax":
        return X, np.eye(max(2, n_outputs))[rng.integers(0, max(2, n_outputs), n)]
    if link == "logistic":
        return X, rng.uniform(size=(n, n_outputs))
    if link == "exp":
        return X, rng.poisson(2.0, (n, n_outputs)).astype(float)
    return X, rng.normal(size=(n, n_outputs))


def full_batch(loss="squared_error", activation="tanh", **own):
    """Return a network that takes five full-batch steps in float64."""
    plain = {
        "solver": "gd",
        "learning_rate_init": 0.01,
        "max_iter": 5,
        "dtype": "float64",
        "random_state": 3,
        "alpha": 0.1,
        "l1": 0.01,
    }
    return MLPRegressor(loss, (5, 3), activation, **{**plain, **own})


def assert_same_network(ours, other):
    for mine, theirs in zip(
        ours.coefs_ + ours.intercepts_, other.coefs_ + other.intercepts_, strict=True
    ):
        assert_allclose(mine, theirs, **SAME_SUMS)


def assert_same_bits(ours, other):
    for mine, theirs in zip(
        ours.coefs_ + ours.intercepts_, other.coefs_ + other.intercepts_, strict=True
    ):
        assert_array_equal(mine, theirs)


# ----------------------------------------------------------------------- invariances


@quick
@given(seed=seeds, order=st.permutations(range(4)), activation=any_activation)
def test_permuting_features_with_their_weights_changes_nothing(seed, order, activation):
    X, Y = draw(seed, 20)
    rng = np.random.default_rng(seed + 1)
    shapes = [(4, 5), (5, 3), (3, 2)]
    coefs = [rng.normal(0.0, 0.5, shape) for shape in shapes]
    intercepts = [rng.normal(0.0, 0.5, shape[1]) for shape in shapes]
    model = fit(full_batch(activation=activation, init=(coefs, intercepts)), X, Y)
    permuted = full_batch(
        activation=activation, init=([coefs[0][order], *coefs[1:]], intercepts)
    )
    fit(permuted, X[:, order], Y)
    assert_allclose(permuted.predict(X[:, order]), model.predict(X), **SAME_SUMS)
    assert_allclose(permuted.coefs_[0], model.coefs_[0][order], **SAME_SUMS)


@quick
@given(seed=seeds, loss=any_loss, repeated=st.sets(st.integers(0, 11), min_size=1))
def test_weight_two_is_a_repeated_row(seed, loss, repeated):
    X, Y = draw(seed, 12, loss)
    rows = sorted(repeated)
    weights = np.ones(12)
    weights[rows] = 2.0
    weighted = fit(full_batch(loss), X, Y, sample_weight=weights)
    twice = fit(full_batch(loss), np.vstack([X, X[rows]]), np.vstack([Y, Y[rows]]))
    assert_same_network(weighted, twice)
    assert_allclose(weighted.loss_, twice.loss_, **SAME_SUMS)


@quick
@given(seed=seeds, loss=any_loss, absent=st.sets(st.integers(0, 10), min_size=1))
def test_weight_zero_is_an_absent_row(seed, loss, absent):
    X, Y = draw(seed, 12, loss)
    weights = np.ones(12)
    weights[sorted(absent)] = 0.0
    weighted = fit(full_batch(loss), X, Y, sample_weight=weights)
    kept = weights > 0
    without = fit(full_batch(loss), X[kept], Y[kept])
    assert_same_network(weighted, without)
    assert_allclose(weighted.loss_, without.loss_, **SAME_SUMS)


@quick
@given(seed=seeds, order=st.permutations(range(15)))
def test_the_order_of_the_rows_changes_no_full_batch_step(seed, order):
    X, Y = draw(seed, 15)
    model = fit(full_batch(), X, Y)
    assert_same_network(fit(full_batch(), X[order], Y[order]), model)


@quick
@given(seed=seeds, cuts=st.lists(st.integers(0, 40), max_size=6), thin=st.booleans())
def test_predictions_do_not_depend_on_how_rows_are_batched(seed, cuts, thin):
    X, Y = draw(seed, 40)
    model = fit(full_batch(), X, Y)
    rows = sparse.csr_array(X) if thin else X
    whole = model.predict(rows)
    edges = [0, *sorted(set(cuts) - {0, 40}), 40]
    parts = [model.predict(rows[start:end]) for start, end in pairwise(edges)]
    assert_allclose(np.vstack(parts), whole, **SAME_SUMS)


def test_predictions_do_not_depend_on_tiles_within_one_call():
    X, Y = draw(0, 40)
    model = fit(full_batch().set_params(hidden_layer_sizes=(100,)), X, Y)
    # More than 2^18 / 100 rows: several tiles.
    many = np.tile(X, (200, 1))
    assert_allclose(
        model.predict(many), np.tile(model.predict(X), (200, 1)), **SAME_SUMS
    )


# --------------------------------------------------- partial_fit and fit, bit for bit

N_EPOCHS = 4


def stochastic(**own):
    plain = {
        "hidden_layer_sizes": (6, 4),
        "learning_rate_init": 0.01,
        "batch_size": 8,
        "max_iter": N_EPOCHS,
        "tol": 0.0,
        "n_iter_no_change": np.inf,
        "random_state": 5,
    }
    return MLPRegressor(**{**plain, **own})


def assert_epochs_equal_one_fit(X, Y, **own):
    whole = fit(stochastic(**own), X, Y)
    parts = stochastic(**own)
    for _ in range(N_EPOCHS):
        parts.partial_fit(X, Y)
    assert_same_bits(parts, whole)
    assert parts.loss_curve_ == whole.loss_curve_
    assert parts.t_ == whole.t_
    rates = "learning_rate"
    assert parts.history_.columns[rates] == whole.history_.columns[rates]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("solver", OPTIMIZERS)
def test_epochs_of_partial_fit_equal_one_fit(solver, dtype):
    assert_epochs_equal_one_fit(*draw(0, 30), solver=solver, dtype=dtype)


@pytest.mark.parametrize(
    "own",
    [
        {"shuffle": False},
        {"replacement": True},
        {"dropout": 0.3},
        {"dropout": [0.0, 0.5], "replacement": True},
        {"clip_norm": 0.1},
        {"solver": "sgd", "learning_rate": "invscaling"},
        {"solver": optimizers.RMSProp(0.5)},
        {"alpha": 0.1, "l1": 0.01, "l2": 0.01},
    ],
    ids=str,
)
def test_epochs_of_partial_fit_equal_one_fit_with(own):
    assert_epochs_equal_one_fit(*draw(0, 30), **own)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_epochs_of_partial_fit_equal_one_fit_under_a_schedule(schedule):
    assert_epochs_equal_one_fit(*draw(0, 30), solver="sgd", schedule=schedule)


@quick
@given(
    seed=seeds,
    n=st.integers(2, 40),
    batch_size=st.integers(1, 40),
    solver=st.sampled_from(sorted(OPTIMIZERS)),
    replacement=st.booleans(),
    dropout=st.sampled_from([0.0, 0.4]),
    loss=any_loss,
)
def test_epochs_of_partial_fit_equal_one_fit_for_any_batches(
    seed, n, batch_size, solver, replacement, dropout, loss
):
    assert_epochs_equal_one_fit(
        *draw(seed, n, loss),
        loss=loss,
        batch_size=min(batch_size, n),
        solver=solver,
        replacement=replacement,
        dropout=dropout,
        learning_rate_init=1e-3,
    )


def test_epochs_of_partial_fit_equal_one_fit_for_a_classifier():
    X, _ = draw(0, 30)
    y = np.arange(30) % 3
    own = {"batch_size": 8, "max_iter": 3, "tol": 0.0, "random_state": 5}
    whole = fit(MLPClassifier((6,), **own), X, y)
    parts = MLPClassifier((6,), **own)
    for _ in range(3):
        parts.partial_fit(X, y, classes=[0, 1, 2])
    assert_same_bits(parts, whole)


# ----------------------------------------------------------------- same seed, same bits


@pytest.mark.parametrize("solver", ["lbfgs", *OPTIMIZERS])
def test_repeated_fits_give_the_same_bits(solver):
    X, Y = draw(1, 50)
    own = {"solver": solver, "dropout": 0.0 if solver == "lbfgs" else 0.2}
    model = stochastic(**own)
    again = fit(stochastic(**own), X, Y)
    assert_same_bits(fit(model, X, Y), again)
    assert_same_bits(fit(model, X, Y), again)


@pytest.mark.parametrize("own", [{"replacement": True}, {"dropout": 0.2}, {}], ids=str)
def test_another_seed_gives_another_network(own):
    X, Y = draw(1, 50)
    first, second = (fit(stochastic(random_state=s, **own), X, Y) for s in (0, 1))
    assert np.any(first.coefs_[0] != second.coefs_[0])


def test_dropout_draws_from_a_stream_of_its_own():
    X, Y = draw(1, 50)
    # A rate of 1e-18 drops a unit once in 1e18 and scales the others by 1: the same
    # batches in the same order give the same bits.
    plain = fit(stochastic(), X, Y)
    assert_same_bits(fit(stochastic(dropout=1e-18), X, Y), plain)


def test_the_first_stream_of_the_seed_draws_the_first_weights():
    X, Y = draw(1, 50)
    model = fit(
        stochastic(init="standard_normal", learning_rate_init=1e-30, dtype="float64"),
        X,
        Y,
    )
    stream = np.random.default_rng(5).spawn(4)[0]
    assert_array_equal(model.coefs_[0], stream.standard_normal((4, 6)))


def test_no_seed_gives_a_new_network_every_time():
    X, Y = draw(1, 50)
    first, second = (fit(stochastic(random_state=None), X, Y) for _ in range(2))
    assert np.any(first.coefs_[0] != second.coefs_[0])


def test_a_random_state_moves_on_from_fit_to_fit():
    X, Y = draw(1, 50)
    state = np.random.RandomState(4)
    first, second = (fit(stochastic(random_state=state), X, Y) for _ in range(2))
    assert np.any(first.coefs_[0] != second.coefs_[0])
    again = fit(stochastic(random_state=np.random.RandomState(4)), X, Y)
    assert_same_bits(first, again)


def test_fitting_leaves_numpys_global_generator_alone():
    X, Y = draw(1, 50)
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    fit(stochastic(early_stopping=True, dropout=0.2), X, Y)
    assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
def test_the_number_of_jobs_changes_no_bit(solver):
    X, Y = draw(1, 300)
    one, two, auto = (
        fit(stochastic(solver=solver, batch_size=100, n_jobs=n), X, Y)
        for n in (1, 2, None)
    )
    assert_same_bits(one, two)
    assert_same_bits(one, auto)


def test_pickling_before_the_fit_changes_no_bit():
    X, Y = draw(1, 50)
    model = stochastic(dropout=0.2)
    moved = pickle.loads(pickle.dumps(model))
    assert_same_bits(fit(moved, X, Y), fit(model, X, Y))


FINGERPRINT = """
import hashlib
import warnings

import numpy as np

from perceptrons import MLPRegressor

warnings.simplefilter("ignore")
rng = np.random.default_rng(0)
X, Y = rng.normal(size=(200, 6)), rng.normal(size=(200, 2))
digest = hashlib.sha256()
for solver in ("sgd", "adam", "lbfgs"):
    model = MLPRegressor(
        hidden_layer_sizes=(20, 10),
        solver=solver,
        batch_size=32,
        max_iter=5,
        dropout=0.0 if solver == "lbfgs" else 0.2,
        random_state=1,
    ).fit(X, Y)
    for array in model.coefs_ + model.intercepts_:
        digest.update(array.tobytes())
print(digest.hexdigest())
"""


def test_a_new_process_gives_the_same_bits(capsys):
    source = str(Path(perceptrons.__file__).parents[1])
    path = os.pathsep.join([source, os.environ.get("PYTHONPATH", "")])
    with warnings.catch_warnings():
        exec(compile(FINGERPRINT, "fingerprint", "exec"), {})
    here = capsys.readouterr().out
    there = [
        subprocess.run(
            [sys.executable, "-c", FINGERPRINT],
            env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": threads},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for threads in ("1", "2")
    ]
    assert there == [here, here]
