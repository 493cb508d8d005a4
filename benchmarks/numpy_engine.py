"""Time the NumPy engine against scikit-learn on two small networks.

    python benchmarks/numpy_engine.py [ROUNDS]

Same data (Runge's function, 1,200 rows), initial weights (standard normal), loss,
optimizer, batch size and number of epochs; float32 data, so that scikit-learn computes
in float32, too. Rounds alternate between the two; printed are medians, quartiles and
the ratio of medians. Exits with 1 if a ratio is below 3, or the median last losses
differ by more than a tenth.
"""

import sys
import time
import warnings
from itertools import pairwise

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPRegressor as ScikitLearn

from perceptrons import MLPRegressor
from perceptrons.data import runge

EPOCHS = 300
LEAST_RATIO, LOSS_TOLERANCE = 3.0, 0.1
SETTINGS = {
    "activation": "logistic",
    "learning_rate_init": 0.01,
    "beta_2": 0.99,
    "batch_size": 20,
    "alpha": 0.0,
    "max_iter": EPOCHS,
    "tol": 0.0,
    "n_iter_no_change": np.inf,
}
NETWORKS = {"1-10-1": (10,), "1-20-20-20-20-20-1": (20,) * 5}


def pair(hidden, seed, X, y):
    """Return one estimator of each library, about to start from the same weights."""
    sizes = (1, *hidden, 1)
    rng = np.random.default_rng(seed)
    coefs = [rng.standard_normal(shape).astype("f") for shape in pairwise(sizes)]
    intercepts = [rng.standard_normal(size).astype("f") for size in sizes[1:]]
    ours = MLPRegressor(
        hidden_layer_sizes=hidden,
        engine="numpy",
        init=(coefs, intercepts),
        random_state=seed,
        **SETTINGS,
    )
    # scikit-learn takes weights only from an earlier fit: one epoch, then replaced.
    theirs = ScikitLearn(
        hidden_layer_sizes=hidden, random_state=seed, warm_start=True, **SETTINGS
    ).partial_fit(X, y)
    theirs.coefs_ = [W.copy() for W in coefs]
    theirs.intercepts_ = [b.copy() for b in intercepts]
    return ours, theirs


def seconds(estimator, X, y):
    """Return the time of one fit and its last loss."""
    start = time.perf_counter()
    estimator.fit(X, y)
    return time.perf_counter() - start, estimator.loss_


def main(rounds):
    """Print one line per network and library; return the exit code."""
    warnings.simplefilter("ignore", ConvergenceWarning)
    data = runge(0)
    X, y = data.X_train.astype(np.float32), data.y_train.astype(np.float32).ravel()
    print(f"{EPOCHS} epochs of {-(-len(X) // 20)} steps, {rounds} rounds")
    failed = False
    for name, hidden in NETWORKS.items():
        times, losses = {"perceptrons": [], "scikit-learn": []}, {}
        for seed in range(rounds + 1):
            estimators = pair(hidden, seed, X, y)
            for library, estimator in zip(times, estimators, strict=True):
                duration, loss = seconds(estimator, X, y)
                if seed > 0:  # the first round warms up
                    times[library].append(duration)
                    losses.setdefault(library, []).append(loss)
        for library, durations in times.items():
            low, median, high = np.percentile(durations, [25, 50, 75])
            print(
                f"{name:20} {library:13} {median:7.3f} s ({low:.3f} to {high:.3f}), "
                f"last loss {np.median(losses[library]):.5f}"
            )
        ratio = np.median(times["scikit-learn"]) / np.median(times["perceptrons"])
        ours, theirs = (np.median(losses[library]) for library in times)
        print(f"{name:20} scikit-learn / perceptrons = {ratio:.1f}")
        failed |= ratio < LEAST_RATIO or abs(ours / theirs - 1) > LOSS_TOLERANCE
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5))
