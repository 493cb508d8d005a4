"""What tests of the compiled engine share."""

import subprocess
import sys
import textwrap

import numpy as np

from perceptrons.activations import ACTIVATIONS
from perceptrons.losses import LOSSES
from perceptrons.network import Architecture
from perceptrons.objective import Data, Problem, Steps
from perceptrons.optimizers import Adam
from perceptrons.penalties import Penalty
from perceptrons.sampling import Batches

DTYPES = ["float32", "float64"]


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
