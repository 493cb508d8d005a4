"""Fits after fits: refused ones, partial ones, warm starts, forks."""

import contextlib
import os
import subprocess
import sys
import threading
import warnings

import numpy as np
import pytest
from curves import ENGINES, X, Y, limit_reached, network
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit
from sklearn.exceptions import ConvergenceWarning


def test_refused_fits_leave_a_usable_network_at_every_moment():
    net = network(max_iter=2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        expected = net.fit(X, Y).predict(X)
    stop = threading.Event()

    def refused():
        while not stop.is_set():
            with contextlib.suppress(ValueError):
                net.fit(X[:, :1], Y[:5])

    before, interval = set(vars(net)), sys.getswitchinterval()
    others = [threading.Thread(target=refused) for _ in range(2)]
    sys.setswitchinterval(1e-6)
    try:
        for thread in others:
            thread.start()
        for _ in range(500):
            assert_array_equal(net.predict(X), expected)
    finally:
        stop.set()
        sys.setswitchinterval(interval)
        for thread in others:
            thread.join()
    assert set(vars(net)) == before


@limit_reached
def test_a_network_predicts_by_its_old_weights_until_its_fit_is_done():
    seen = []
    net = network(max_iter=2).fit(X, Y)
    expected = net.predict(X)

    class Predict:
        def on_epoch_end(self, state):
            seen.append(net.predict(X))

    wider = np.hstack([X, X])
    net.set_params(callbacks=[Predict()]).fit(wider, Y)
    assert len(seen) == 2
    for prediction in seen:
        assert_array_equal(prediction, expected)
    assert net.n_features_in_ == 4


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_the_optimizers_state_follows_a_change_of_dtype(solver, engine):
    changed, single = (network(solver=solver, engine=engine) for _ in range(2))
    changed.partial_fit(X, Y).set_params(dtype="float64").partial_fit(X, Y)
    single.partial_fit(X, Y).partial_fit(X, Y)
    assert changed.coefs_[0].dtype == np.float64
    # The same course, with other roundings: the state is kept.
    assert_allclose(changed.coefs_[0], single.coefs_[0], rtol=1e-4, atol=1e-6)
    changed.set_params(dtype="float32").partial_fit(X, Y)
    single.partial_fit(X, Y)
    assert_allclose(changed.coefs_[0], single.coefs_[0], rtol=1e-3, atol=1e-5)


def test_partial_fit_lengthens_its_history_without_copying_it():
    net = network().partial_fit(X, Y)
    history, losses, column = (
        net.history_,
        net.loss_curve_,
        net.history_.columns["loss"],
    )
    for _ in range(3):
        net.partial_fit(X, Y)
    assert net.history_ is history
    assert net.history_.columns["loss"] is column
    assert net.loss_curve_ is losses
    assert history.columns["epoch"] == [1, 2, 3, 4]
    assert losses == history.columns["loss"]
    with pytest.raises(ValueError, match="inconsistent"):
        net.partial_fit(X, Y[:5])
    assert len(net.history_) == 4


@limit_reached
def test_warm_start_goes_on_from_the_weights_and_appends_to_the_history():
    model = network(warm_start=True, max_iter=3).fit(X, Y)
    first = [W.copy() for W in model.coefs_]
    model.fit(X, Y)
    assert len(model.history_) == 6
    assert model.n_iter_ == 3
    assert model.t_ == 6 * len(X)
    assert model.loss_curve_[3] < model.loss_curve_[0]
    assert any(np.any(W != V) for W, V in zip(model.coefs_, first, strict=True))


@limit_reached
@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_warm_start_takes_over_the_weights_and_nothing_of_the_optimizer(solver):
    settings = {"solver": solver, "shuffle": False, "schedule": "cosine"}
    settings |= {"max_iter": 3, "dtype": "float64"}
    warm = network(**settings, warm_start=True).fit(X, Y)
    start = tuple(
        [p.copy() for p in group] for group in (warm.coefs_, warm.intercepts_)
    )
    warm.fit(X, Y)
    fresh = network(**settings, init=start).fit(X, Y)
    for mine, other in zip(warm.coefs_, fresh.coefs_, strict=True):
        assert_array_equal(mine, other)
    rates = [model.history_.columns["learning_rate"][-3:] for model in (warm, fresh)]
    assert rates[0] == rates[1]


@limit_reached
def test_a_new_fit_forgets_the_old_one():
    model = network(max_iter=3).fit(X, Y)
    first = [W.copy() for W in model.coefs_]
    model.fit(X, Y)
    assert len(model.history_) == 3
    assert model.t_ == 3 * len(X)
    for mine, other in zip(model.coefs_, first, strict=True):
        assert_array_equal(mine, other)


@limit_reached
@pytest.mark.parametrize("solver", ["sgd", "adam", "rmsprop"])
def test_partial_fit_goes_on_with_a_smaller_rate_after_divergence(solver):
    model = network(solver=solver).partial_fit(X, Y).partial_fit(X, Y)
    kept = [W.copy() for W in model.coefs_]
    model.set_params(learning_rate_init=1e30).partial_fit(X, Y)
    assert model.outcome_.reason == "diverged"
    for W, expected in zip(model.coefs_, kept, strict=True):
        assert_array_equal(W, expected)
    model.set_params(learning_rate_init=1e-3).partial_fit(X, Y)
    assert model.outcome_.reason == "limit reached"
    assert all(np.isfinite(W).all() for W in model.coefs_)


def test_a_users_own_loss_and_activation_need_only_the_seam():
    class Doubled:
        """Twice the logistic function."""

        def value(self, z, out):
            out[...] = 2.0 * expit(z)
            return out

        def slope(self, z, a, out):
            out[...] = 0.5 * a * (2.0 - a)
            return out

    model = network(activation=Doubled(), solver="lbfgs", dtype="float64")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, Y)
    assert model.score(X, Y) > 0.9


def test_a_warning_turned_into_an_error_loses_no_training():
    model = network(max_iter=3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ConvergenceWarning):
            model.fit(X, Y)
    assert model.n_iter_ == 3


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_child_forked_while_another_thread_trains_can_train():
    # The child of a fork has no other thread: a lock held by one would stay held.
    code = """
import os, sys, threading, time, warnings
warnings.simplefilter("ignore")
import numpy as np
from perceptrons import MLPRegressor
from perceptrons.threads import one_blas_thread
X = np.linspace(0, 1, 50)[:, None]
with one_blas_thread:
    one_blas_thread._lock.acquire()
    child = os.fork()
    if child == 0:
        MLPRegressor(max_iter=2, engine="numpy").fit(X, X[:, 0])
        os._exit(7)
    one_blas_thread._lock.release()
deadline = time.monotonic() + 300
while time.monotonic() < deadline:
    ended, status = os.waitpid(child, os.WNOHANG)
    if ended:
        sys.exit(os.waitstatus_to_exitcode(status))
    time.sleep(0.01)
os.kill(child, 9)
sys.exit(1)
"""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=False)
    assert done.returncode == 7
