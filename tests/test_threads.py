"""Signals and forks: what fits share with the process they run in."""

import os
import signal
import subprocess
import sys
import warnings

import numpy as np
import pytest

from perceptrons import MLPRegressor, engine, fit_many

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


class LateError(Exception):
    """What a time-out raises."""


def raise_after(seconds, count=1):
    """Raise in the main thread after some runs of the alarm; note what 1e-310 is."""
    seen = []

    def handler(*_):
        seen.append(float(np.array([1e-310]).sum()))
        if len(seen) == count:
            raise LateError

    signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, seconds, seconds)
    return seen


@pytest.fixture
def alarm():
    """Yield raise_after; leave no alarm behind."""
    before = signal.getsignal(signal.SIGALRM)
    yield raise_after
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.skipif(engine.missing() is not None, reason="not compiled")
def test_a_handler_within_an_epoch_keeps_denormals(alarm, rng):
    X = rng.normal(size=(5000, 30))
    net = MLPRegressor(hidden_layer_sizes=(200, 200), max_iter=10**6, max_time=60)
    net.set_params(n_iter_no_change=10**6, n_jobs=1)
    seen = alarm(0.15, count=4)
    with pytest.raises(LateError):
        net.fit(X, X[:, 0])
    assert seen == [1e-310] * 4


def test_the_exception_of_a_handler_ends_fit_many(alarm, rng):
    X = rng.normal(size=(2000, 30))
    nets = [
        MLPRegressor(
            hidden_layer_sizes=(100,),
            max_iter=10**6,
            max_time=60,
            n_iter_no_change=10**6,
            random_state=seed,
        )
        for seed in range(2)
    ]
    alarm(0.5)
    with warnings.catch_warnings(record=True):
        warnings.simplefilter("always")
        with pytest.raises(LateError):
            fit_many(nets, X, X[:, 0], n_jobs=2)
    assert [net.outcome_.reason for net in nets] == ["interrupted"] * 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_child_forked_while_a_stream_is_seeded_draws_its_own():
    program = """
import os, signal, threading, time, warnings
import numpy as np
from perceptrons.sampling import Streams

warnings.simplefilter("ignore")  # fork with threads
inside, go = threading.Event(), threading.Event()
own = np.random.SeedSequence

def slow(*args, **rest):
    inside.set()
    go.wait()
    return own(*args, **rest)

np.random.SeedSequence = slow
thread = threading.Thread(target=lambda: Streams.of(0).weights)
thread.start()
inside.wait()
child = os.fork()
if child == 0:
    np.random.SeedSequence = own
    Streams.of(1).weights.random()
    os._exit(0)
for _ in range(30_000):
    done, status = os.waitpid(child, os.WNOHANG)
    if done:
        break
    time.sleep(0.01)
else:
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    status = "hangs"
go.set()
thread.join()
print(status)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "0\n", done.stdout + done.stderr


def test_a_fit_imports_nothing():
    """A child forked while another thread imports waits for that import for good."""
    program = """
import sys, warnings
import numpy as np
warnings.simplefilter("ignore")
from perceptrons import MLPClassifier, MLPRegressor
X = np.random.default_rng(0).normal(size=(40, 3))
before = set(sys.modules)
for solver in ("adam", "lbfgs"):
    net = MLPRegressor(hidden_layer_sizes=(4,), solver=solver, max_iter=3)
    net.fit(X, X[:, 0]).predict(X)
MLPClassifier((4,), max_iter=3, early_stopping=True).fit(X, X[:, 0] > 0).predict(X)
print(sorted(set(sys.modules) - before))
"""
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "[]"
