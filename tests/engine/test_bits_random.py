"""Networks of random settings get the same bits from every instruction set and team.

As a script, ``python tests/engine/test_bits_random.py 2000`` trains 2,000 of them and
prints what differs; without a number, 200, as the test does.
"""

import hashlib
import os
import sys
import warnings

import numpy as np
import pytest
from scipy.sparse import csr_array

from perceptrons import MLPClassifier, MLPRegressor, engine, optimizers
from perceptrons.activations import ACTIVATIONS, ELU, LeakyReLU
from perceptrons.history import DivergedError
from perceptrons.losses import LOSSES, CrossEntropy, Huber, Pinball
from perceptrons.schedules import SCHEDULES

pytestmark = [
    pytest.mark.skipif(engine.missing() is not None, reason="not compiled"),
    pytest.mark.filterwarnings("ignore"),
]

SOLVERS = [
    *optimizers.OPTIMIZERS,
    "lbfgs",
    optimizers.Momentum(0.7, nesterov=False),
    optimizers.Adam(beta_1=0.5, beta_2=0.9),
    optimizers.AdamW(weight_decay=0.3),
]
REGRESSION = [
    *(loss for name, loss in LOSSES.items() if name != "cross_entropy"),
    Huber(0.2),
    Pinball(0.9),
    Pinball((0.1, 0.5, 0.8)),
]
N_CASES = 200


def pick(rng, options):
    """Return one of the options, as it is."""
    return options[rng.integers(len(options))]


def case(seed):
    """Return an estimator with random settings, its rows, targets and weights."""
    rng = np.random.default_rng(seed)
    n, d = (int(size) for size in rng.integers((10, 1), (160, 60)))
    hidden = tuple(int(width) for width in rng.integers(1, 70, rng.integers(4)))
    dtype = pick(rng, ["float32", "float32", "float64"])
    X = rng.normal(size=(n, d)) * (rng.random((n, d)) < pick(rng, [1, 0.5, 0.1]))
    X = pick(rng, [np.asarray, np.asarray, np.asfortranarray, csr_array])(X)
    activations = [*ACTIVATIONS.values(), LeakyReLU(0.3), ELU(0.4)]
    solver = pick(rng, SOLVERS)
    settings = {
        "hidden_layer_sizes": hidden,
        "activation": [pick(rng, activations) for _ in hidden],
        "solver": solver,
        "learning_rate_init": pick(rng, [0.001, 0.01, 0.1]),
        "schedule": None if rng.random() < 0.7 else pick(rng, [*SCHEDULES]),
        "batch_size": int(rng.integers(1, n + 1)),
        "clip_norm": pick(rng, [None, None, 0.1, ("layer", 0.05)]),
        "dropout": pick(rng, [0.0, 0.0, 0.3]) if solver != "lbfgs" else 0.0,
        "l1": pick(rng, [0.0, 1e-4, 0.1]),
        "l2": pick(rng, [0.0, 1e-3, 0.1]),
        "alpha": pick(rng, [0.0, 1e-4, 0.1]),
        "init": pick(rng, ["auto", "he_normal", "standard_normal"]),
        "shuffle": bool(rng.random() < 0.8),
        "replacement": bool(rng.random() < 0.2),
        "dtype": dtype,
        "max_iter": 3,
        "random_state": seed,
        "engine": "compiled",
    }
    weights = None if rng.random() < 0.5 else rng.integers(0, 3, n) * rng.random(n)
    if weights is not None:
        weights[0] = 1.0
    if rng.random() < 0.3:
        y = np.arange(n) % pick(rng, [2, 3, 10])
        loss = pick(rng, ["log_loss", CrossEntropy(0.1)])
        return MLPClassifier(loss=loss, **settings), X, y, weights
    loss = pick(rng, REGRESSION)
    several = isinstance(loss, Pinball) and len(loss.levels) > 1
    y = rng.random((n, 1 if several else pick(rng, [1, 1, 2, 5])))
    return MLPRegressor(loss=loss, **settings), X, y, weights


def digest(seed):
    """Train one case; return a digest of its weights, losses and predictions."""
    net, X, y, weights = case(seed)
    content = hashlib.sha256()
    try:
        net.fit(X, y, weights)
    except DivergedError as error:  # alike in all ways
        return repr(error)
    for array in (*net.coefs_, *net.intercepts_, net.loss_curve_, net.predict(X)):
        content.update(np.ascontiguousarray(array).tobytes())
    return content.hexdigest()


def ways():
    """Return pairs (instruction set, threads) that must all agree, group by group."""
    from perceptrons.engine import _kernels

    sets = _kernels.instruction_sets()
    # Without fused multiply-add numbers are rounded differently: a group of its own.
    fused = [(name, n_jobs) for name in sets if name != "portable" for n_jobs in (1, 3)]
    return [group for group in (fused, [("portable", 1), ("portable", 3)]) if group]


def differing(seeds):
    """Return (seed, group) of each case whose digests differ."""
    from perceptrons.engine import compiled

    found = []
    with pytest.MonkeyPatch.context() as patch:
        for seed in seeds:
            for group in ways():
                digests = set()
                for name, n_jobs in group:
                    patch.setenv("PERCEPTRONS_ISA", name)
                    patch.setattr(compiled.CompiledObjective, "_threads", fixed(n_jobs))
                    digests.add(digest(seed))
                if len(digests) > 1:
                    found.append((seed, group))
    return found


def fixed(n_jobs):
    """Return a rule that gives work of any size so many threads, or its rows."""
    return lambda self, n_rows: min(n_jobs, self._rows)


def test_random_settings_give_the_same_bits_in_every_way():
    assert not [
        (seed, case(seed)[0]) for seed, _ in differing(range(300, 300 + N_CASES))
    ]


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    os.environ.pop("PERCEPTRONS_ISA", None)
    n_cases = int(sys.argv[1]) if len(sys.argv) > 1 else N_CASES
    differ = differing(range(n_cases))
    for seed, group in differ:
        sys.stdout.write(f"{seed} {group}: {case(seed)[0]}\n")
    sys.stdout.write(f"{len(differ)} differences in {n_cases} cases over {ways()}\n")
    sys.exit(bool(differ))
