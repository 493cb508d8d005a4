"""The compiled engine's results do not depend on threads, vectors or the process.

Run as a script, this file trains the 25 networks below on each of two tables and prints
a digest of each.
"""

import hashlib
import json
import os
import subprocess
import sys
import warnings
from functools import cache
from itertools import cycle, islice

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.base import clone

from perceptrons import MLPClassifier, MLPRegressor, engine, fit_many, losses

pytestmark = [
    pytest.mark.skipif(engine.missing() is not None, reason="not compiled"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

N_NETWORKS = 25
HIDDEN = [(), (1,), (16,), (17, 33), (40, 40, 3), (128, 70)]
ACTIVATIONS = ["logistic", "tanh", "relu", "gelu", "silu", "softplus", "elu"]
SOLVERS = ["adam", "sgd", "adamw", "rmsprop", "adagrad"]
LOSSES = ["squared_error", losses.Huber(0.3), "pinball", losses.Pinball((0.1, 0.9))]
BATCHES = [3, 20, 64, 97]


def data():
    """Return 97 rows with targets and classes."""
    rng = np.random.default_rng(5)
    X = rng.normal(size=(97, 5))
    y = np.sin(X[:, 0]) + X[:, 1] * X[:, 2]
    return X, y, np.digitize(y, [-0.5, 0.5])


def mostly_zeros():
    """Return 97 rows of 41 columns, most of them zero: products pass over those."""
    rng = np.random.default_rng(6)
    return rng.normal(size=(97, 41)) * (rng.random((97, 41)) < 0.2)


def networks():
    """Return estimators that walk through every setting, each period prime to others.

    Every third one is a classifier.
    """
    walk = zip(
        cycle(HIDDEN),
        cycle(ACTIVATIONS),
        cycle(SOLVERS),
        cycle(LOSSES),
        cycle(BATCHES),
        cycle([None, None, 0.1, ("layer", 0.05), None, None, 0.5]),
        cycle([0.0, 0.0, 0.3]),
        cycle(["float32", "float32", "float64"]),
        cycle([False, False, False, True]),
        strict=False,
    )
    built = []
    for seed, settings in enumerate(islice(walk, N_NETWORKS)):
        hidden, activation, solver, loss, batch, clip, drop, dtype, again = settings
        arguments = {
            "hidden_layer_sizes": hidden,
            "activation": activation,
            "solver": solver,
            "batch_size": batch,
            "clip_norm": clip,
            "dropout": drop if hidden else 0.0,
            "dtype": dtype,
            "replacement": again,
            "max_iter": 4,
            "random_state": seed,
            "engine": "compiled",
        }
        if seed % 3 == 2:
            built.append(MLPClassifier(**arguments))
        else:
            built.append(MLPRegressor(loss, l1=1e-4, **arguments))
    return built


def target_of(net, y, labels):
    return labels if isinstance(net, MLPClassifier) else y


def digest(net):
    """Return a digest of all weights and the loss of every epoch."""
    content = hashlib.sha256()
    for array in (*net.coefs_, *net.intercepts_, np.array(net.loss_curve_)):
        content.update(np.ascontiguousarray(array).tobytes())
    return content.hexdigest()


def fit_all(n_jobs=1):
    """Return the digest of each network on both tables, one after the other."""
    X, y, labels = data()
    return [
        digest(net.set_params(n_jobs=n_jobs).fit(table, target_of(net, y, labels)))
        for table in (X, mostly_zeros())
        for net in networks()
    ]


@cache
def fit_elsewhere(instructions, repetition):
    """Return the digests of another process, forced to an instruction set."""
    del repetition  # part of the cache's key only
    done = subprocess.run(
        [sys.executable, __file__],
        env={**os.environ, "PERCEPTRONS_ISA": instructions},
        check=True,
        capture_output=True,
        text=True,
    )
    return json.loads(done.stdout)


def supported():
    """Return the instruction sets of this processor, or none without an engine."""
    if engine.missing() is not None:
        return ["none"]
    from perceptrons.engine import _kernels

    return _kernels.instruction_sets()


def require(*instructions):
    for name in instructions:
        if name not in supported():
            pytest.skip(f"this processor has no {name}")


def assert_equal_digests(actual, expected):
    """Name the networks that differ."""
    differ = [i for i in range(len(expected)) if actual[i] != expected[i]]
    assert not differ, [(i, networks()[i % N_NETWORKS]) for i in differ]


def test_avx2_and_avx512_give_the_same_bits():
    require("avx2", "avx512")
    assert_equal_digests(fit_elsewhere("avx2", 1), fit_elsewhere("avx512", 1))


@pytest.mark.parametrize("instructions", ["avx512", "avx2", "portable"])
def test_two_processes_give_the_same_bits(instructions):
    require(instructions)
    first, second = fit_elsewhere(instructions, 1), fit_elsewhere(instructions, 2)
    assert_equal_digests(first, second)


@pytest.mark.parametrize("instructions", ["avx512", "avx2", "portable"])
def test_this_process_gives_the_bits_of_another(instructions, monkeypatch):
    require(instructions)
    monkeypatch.setenv("PERCEPTRONS_ISA", instructions)
    assert_equal_digests(fit_all(), fit_elsewhere(instructions, 1))


@pytest.fixture
def eager_threads(monkeypatch):
    """Split even the smallest work over threads."""
    from perceptrons.engine import compiled

    used = []
    own = compiled.CompiledObjective._threads

    def threads(self, n_rows):
        used.append(own(self, n_rows))
        return used[-1]

    monkeypatch.setattr(compiled, "THREAD_WORK", 0)
    monkeypatch.setattr(compiled.CompiledObjective, "_threads", threads)
    return used


@pytest.mark.parametrize("n_jobs", [2, 3, 7])
def test_threads_do_not_change_the_bits(n_jobs, eager_threads):
    expected = fit_all(n_jobs=1)
    assert set(eager_threads) == {1}
    eager_threads.clear()
    assert_equal_digests(fit_all(n_jobs=n_jobs), expected)
    assert max(eager_threads) == n_jobs


def test_threads_do_not_change_predictions(eager_threads):
    X, y, _ = data()
    X = np.tile(X, (40, 1))  # several tiles of rows for each thread
    net = MLPRegressor(
        hidden_layer_sizes=(33, 17), max_iter=2, random_state=0, engine="compiled"
    ).fit(X[:97], y)
    for rows in (1, 2, 63, 64, 65, len(X)):
        for kind in (np.asarray, csr_array):
            one = net.set_params(n_jobs=1).predict(kind(X[:rows]))
            several = net.set_params(n_jobs=3).predict(kind(X[:rows]))
            np.testing.assert_array_equal(one, several)
    assert 3 in eager_threads


def test_fit_many_gives_the_bits_of_each_fit(eager_threads):
    X, y, labels = data()
    expected = fit_all(n_jobs=2)
    eager_threads.clear()
    actual = []
    for table in (X, mostly_zeros()):
        nets = networks()
        for Estimator, target in ((MLPRegressor, y), (MLPClassifier, labels)):
            same = [net for net in nets if isinstance(net, Estimator)]
            fit_many(same, table, target, n_jobs=2)
        actual += [digest(net) for net in nets]
    assert_equal_digests(actual, expected)
    assert set(eager_threads) == {1}  # the cores are shared out among the fits


def test_crowded_threads_give_the_same_bits_every_time(eager_threads):
    X, y, _ = data()
    net = MLPRegressor(
        hidden_layer_sizes=(128, 70),
        batch_size=20,
        max_iter=3,
        random_state=0,
        engine="compiled",
    )
    expected = digest(clone(net).fit(X, y))
    for _ in range(20):
        assert digest(clone(net).set_params(n_jobs=5).fit(X, y)) == expected
    assert max(eager_threads) == 5


def test_a_second_fit_gives_the_same_bits():
    X, y, labels = data()
    for net in networks():
        target = target_of(net, y, labels)
        assert digest(net.fit(X, target)) == digest(net.fit(X, target))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    sys.stdout.write(json.dumps(fit_all()))
