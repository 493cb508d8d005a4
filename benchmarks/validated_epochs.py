"""What rows held out cost: epochs of small networks with and without them.

    python benchmarks/validated_epochs.py

Both train the same epochs on one thread, in alternation; the ratio is that of the
medians of 7 rounds. A quarter as many rows are held out. Let nothing else compute.
"""

import time
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from perceptrons import MLPRegressor

ROUNDS, EPOCHS = 7, 60
# Rows, columns, hidden layers, rows of a batch.
CASES = [
    (800, 20, (64, 64), 16),
    (800, 20, (64, 64), 32),
    (800, 20, (64, 64), 64),
    (800, 10, (32, 32), 16),
    (8000, 20, (64, 64), 128),
]


def seconds(network, *rows, **held_out):
    """Return how long one fit takes."""
    start = time.perf_counter()
    network.fit(*rows, **held_out)
    return time.perf_counter() - start


def compare(n_rows, n_columns, hidden, batch):
    """Return the medians of an epoch without and with rows held out, in seconds."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows * 5 // 4, n_columns))
    y = np.sin(X[:, 0]) + X[:, 1]
    settings = {
        "hidden_layer_sizes": hidden, "activation": "silu", "batch_size": batch,
        "max_iter": EPOCHS, "n_iter_no_change": 1000, "tol": 0.0, "n_jobs": 1,
        "schedule": "cosine", "random_state": 0,
    }  # fmt: skip
    plain = MLPRegressor(**settings)
    stopping = MLPRegressor(**settings, early_stopping=True)
    rows, held_out = (X[:n_rows], y[:n_rows]), (X[n_rows:], y[n_rows:])
    given = dict(zip(("X_val", "y_val"), held_out, strict=True))
    times = [
        (seconds(plain, *rows), seconds(stopping, *rows, **given))
        for _ in range(ROUNDS)
    ]
    return np.median(times, axis=0) / EPOCHS


def main():
    """Print a line for each case."""
    warnings.simplefilter("ignore", ConvergenceWarning)
    for n_rows, n_columns, hidden, batch in CASES:
        plain, stopping = compare(n_rows, n_columns, hidden, batch)
        print(
            f"{n_rows:,} rows of {n_columns} through {hidden}, batches of {batch}: "
            f"{1e6 * plain:.0f} us an epoch, {stopping / plain:.2f} times that with "
            f"{n_rows // 4:,} rows held out"
        )


if __name__ == "__main__":
    main()
