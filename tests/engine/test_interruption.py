"""Ctrl-C, other threads and limits of time, while epochs go on in the kernels."""

import os
import textwrap
import threading
import time

import numpy as np
import pytest
from engines import bind, in_subprocess, make_problem, run_epoch
from numpy.testing import assert_array_equal

from perceptrons import MLPRegressor, engine, threads
from perceptrons.optimizers import (
    GradientDescent,
)
from perceptrons.sampling import Batches

pytestmark = [
    pytest.mark.skipif(engine.missing() is not None, reason="not compiled"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

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
    assert net.outcome_.seconds >= 0.5
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
