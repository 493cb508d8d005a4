"""Checkpoints: a killed fit goes on to the bits of an unbroken one."""

import contextlib
import itertools
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse

import perceptrons
from perceptrons import Checkpoint, MLPClassifier, MLPRegressor, optimizers
from perceptrons.state import StateError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(7)
X = RNG.normal(size=(60, 3))
Y = X @ RNG.normal(size=(3, 2))


class Killed(BaseException):
    pass


class Kill:
    """Ends the process, as far as a test can, after so many epochs."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_epoch_end(self, state):
        if state.epoch == self.epoch:
            raise Killed


def fit_all(net, **more):
    return net.fit(X, Y, **more)


def assert_unbroken(make, path, kill, every=1, fit=fit_all):
    whole = fit(make(None))
    with pytest.raises(Killed):
        fit(make([Checkpoint(path, every), Kill(kill)]))
    broken = fit(make([Checkpoint(path, every)]), resume_from=path)
    for mine, other in zip(
        [*broken.coefs_, *broken.intercepts_],
        [*whole.coefs_, *whole.intercepts_],
        strict=True,
    ):
        assert_array_equal(mine, other)
    assert broken.loss_curve_ == whole.loss_curve_
    assert broken.validation_scores_ == whole.validation_scores_
    for name in ("reason", "epochs", "best_epoch"):
        assert getattr(broken.outcome_, name) == getattr(whole.outcome_, name)
    assert (broken.t_, broken.best_loss_) == (whole.t_, whole.best_loss_)
    if not whole.early_stopping:
        assert_array_equal(fit2(broken), fit2(whole))


def fit2(net):
    """Go on after the end: optimizer and streams must be the same, too."""
    return net.set_params(callbacks=None).partial_fit(X, Y).coefs_[0]


def maker(**given):
    plain = {
        "hidden_layer_sizes": (5,),
        "random_state": 1,
        "batch_size": 16,
        "max_iter": 9,
    }
    return lambda callbacks: MLPRegressor(**{**plain, **given}, callbacks=callbacks)


@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("engine", ["numpy", "auto"])
@pytest.mark.parametrize("solver", optimizers.OPTIMIZERS)
def test_a_broken_fit_ends_with_the_bits_of_an_unbroken_one(
    solver, engine, dropout, tmp_path
):
    make = maker(solver=solver, engine=engine, dropout=dropout, learning_rate_init=0.01)
    assert_unbroken(make, tmp_path / "at", kill=5)


@pytest.mark.parametrize("every", [1, 3])
@pytest.mark.parametrize(
    "given",
    [
        {"schedule": "one_cycle"},
        {
            "solver": "sgd",
            "learning_rate": "adaptive",
            "n_iter_no_change": 1,
            "tol": 9.0,
        },
        {"early_stopping": True, "n_iter_no_change": 2, "max_iter": 40, "tol": 0.1},
        {"tol": 9.0, "n_iter_no_change": 3},
        {"replacement": True, "dtype": "float64", "clip_norm": 0.1},
        {"random_state": 5, "shuffle": False},
    ],
    ids=str,
)
def test_schedules_and_stops_go_on(given, every, tmp_path):
    kills = itertools.takewhile(
        lambda kill: kill <= maker(**given)(None).fit(X, Y).n_iter_, (1, 2, 5, 6)
    )
    for kill in kills:
        assert_unbroken(maker(**given), tmp_path / f"{kill}", kill, every)


def test_classes_sparse_rows_and_rows_held_out_go_on(tmp_path):
    labels = np.array(["a", "b"])[(Y[:, 0] > 0).astype(int)]

    def make(callbacks):
        return MLPClassifier((4,), random_state=0, max_iter=6, callbacks=callbacks,
                             class_weight="balanced", early_stopping=True)  # fmt: skip

    def fit(net, **more):
        held = {"X_val": X[:20], "y_val": labels[:20]}
        return net.fit(sparse.csr_array(X[20:]), labels[20:], **held, **more)

    assert_unbroken(make, tmp_path / "at", 4, fit=fit)


def test_a_fit_without_a_seed_goes_on_with_the_one_it_drew(tmp_path):
    path, make = tmp_path / "at", maker(random_state=None, early_stopping=True, tol=0.0)
    with pytest.raises(Killed):
        make([Checkpoint(path), Kill(3)]).fit(X, Y)
    kept = path.read_bytes()
    first = make([Checkpoint(path)]).fit(X, Y, resume_from=path)
    path.write_bytes(kept)
    second = make([Checkpoint(path)]).fit(X, Y, resume_from=path)
    assert_array_equal(first.coefs_[0], second.coefs_[0])
    assert first.n_iter_ == 9


def test_the_first_start_needs_no_file(tmp_path):
    path = tmp_path / "at"
    net = maker()([Checkpoint(path)]).fit(X, Y, resume_from=path)
    assert_array_equal(net.coefs_[0], maker()(None).fit(X, Y).coefs_[0])
    with pytest.raises(FileNotFoundError):
        maker()(None).fit(X, Y, resume_from=tmp_path / "misspelt")


def test_another_fit_is_refused(tmp_path):
    path = tmp_path / "at"
    maker()([Checkpoint(path)]).fit(X, Y)
    for other, rows in (
        (maker(alpha=0.1), X), (maker(), X + 1e-9), (maker(hidden_layer_sizes=(6,)), X),
        (maker(batch_size=17), X), (maker(dtype="float64"), X),
    ):  # fmt: skip
        with pytest.raises(StateError, match="another fit"):
            other(None).fit(rows, Y, resume_from=path)
    maker(verbose=0, n_jobs=2, max_time=1e3)(None).fit(X, Y, resume_from=path)


def test_kinds_of_files_are_told_apart(tmp_path):
    path = tmp_path / "at"
    net = maker()([Checkpoint(path)]).fit(X, Y)
    with pytest.raises(StateError, match="checkpoint, for fit"):
        perceptrons.load(path)
    net.set_params(callbacks=None).save(path)
    with pytest.raises(StateError, match="no checkpoint"):
        net.fit(X, Y, resume_from=path)


def test_lbfgs_and_odd_arguments_are_refused(tmp_path):
    with pytest.raises(ValueError, match="lbfgs"):
        maker(solver="lbfgs")([Checkpoint(tmp_path / "at")]).fit(X, Y)
    with pytest.raises(ValueError, match="every must be at least 1"):
        Checkpoint("at", every=0)


SCRIPT = """
import itertools, os, signal, sys, warnings, numpy as np
warnings.simplefilter("ignore")
from perceptrons import Checkpoint, MLPRegressor
path, out, place, number = *sys.argv[1:4], int(sys.argv[4])
calls = itertools.count(1)

def die_at(call):
    def watched(*given):
        if next(calls) == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*given)
    return watched

class Kill:
    on_epoch_end = staticmethod(die_at(lambda state: None) if place == "epoch"
                                else lambda state: None)

if place in ("fsync", "replace"):
    setattr(os, place, die_at(getattr(os, place)))
rng = np.random.default_rng(0)
X = rng.normal(size=(300, 5)); y = np.sin(X).sum(axis=1)
net = MLPRegressor(hidden_layer_sizes=(20,), dropout=0.1, random_state=0, max_iter=150,
                   n_iter_no_change=np.inf, schedule="cosine",
                   callbacks=[Checkpoint(path), Kill()])
net.fit(X, y, resume_from=path)
np.save(out, net.coefs_[0])
"""


def run(path, out, place="nowhere", number=0):
    """Run until the end, or until it kills itself in the so-manieth of these calls."""
    command = [sys.executable, "-c", SCRIPT, path, out, place, str(number)]
    return subprocess.run(command, check=False).returncode


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    folder = tmp_path_factory.mktemp("unbroken")
    assert run(folder / "at", folder / "whole.npy") == 0
    return np.load(folder / "whole.npy")


# After an epoch; before a file is on the disk; before it is in its place.
@pytest.mark.parametrize("place", ["epoch", "fsync", "replace"])
def test_a_process_killed_at_any_moment_goes_on(place, unbroken, tmp_path):
    for number in (1, 2, 60):
        assert run(tmp_path / "at", tmp_path / "x", place, number) == -signal.SIGKILL
    assert run(tmp_path / "at", tmp_path / "broken.npy") == 0
    assert_array_equal(np.load(tmp_path / "broken.npy"), unbroken)


@pytest.mark.slow
def test_twenty_kills_at_random_moments_go_on(unbroken, tmp_path):
    path, out = tmp_path / "at", tmp_path / "out.npy"
    random, killed = np.random.default_rng(0), 0
    while killed < 20:
        before = path.stat().st_mtime_ns if path.exists() else None
        started = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, path, out, "nowhere", "0"]
        )
        while started.poll() is None and (
            not path.exists() or path.stat().st_mtime_ns == before
        ):
            time.sleep(0.001)
        with contextlib.suppress(subprocess.TimeoutExpired):
            started.wait(random.uniform(0.0, 0.2))
        started.kill()
        if started.wait() == -signal.SIGKILL:
            killed += 1
        else:  # it came to its end: the next one begins anew
            assert_array_equal(np.load(out), unbroken)
            path.unlink()
    assert run(path, out) == 0
    assert_array_equal(np.load(out), unbroken)
