"""Measure what it takes to read tables, account for their columns and look for leaks.

    python benchmarks/tables.py FILE...    # each: read, and made numbers
    python benchmarks/tables.py --made     # tables made here: wide ones, tall ones

Seconds are those of the processor, on one thread; memory is the largest beside what the
program holds once it has started, each table in a process of its own. The figures in
docs/tables.md are what this prints.
"""

import argparse
import multiprocessing
import os
import resource
import time
from pathlib import Path

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")

import numpy as np
import pandas as pd

from perceptrons.comparison.columns import prepare
from perceptrons.tables import TableEncoder, read

#: Rows, columns, whether the target is a class, whether a copy of it is among them.
MADE = [
    (200, 20_000, False, False),
    *((1_000, 1_000, classes, leak) for classes in (0, 1) for leak in (0, 1)),
    *((100_000, 40, classes, leak) for classes in (0, 1) for leak in (0, 1)),
    (1_000_000, 10, False, False),
]


def megabytes():
    """Return the most memory that this process held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def from_file(path):
    """Return a line of figures of a file."""
    before, start = megabytes(), time.process_time()
    table = read(path)
    seconds, memory = time.process_time() - start, megabytes() - before
    start = time.process_time()
    encoder = TableEncoder()
    width = encoder.fit_transform(table.frame).shape[1]
    encoded = time.process_time() - start
    rows, columns = table.frame.shape
    size = Path(path).stat().st_size / 2**20
    return [
        Path(path).name.split(".")[0], rows, columns, f"{size:.2f} MB",
        f"{seconds:.2f} s", f"{memory:.0f} MB", width, f"{encoded:.2f} s",
        len(table.told),
    ]  # fmt: skip


def made(rows, columns, classes, leak):
    """Return a line of figures of numbers made here."""
    rng = np.random.default_rng(1)
    X = pd.DataFrame(rng.normal(size=(rows, columns))).add_prefix("c")
    y = X.iloc[:, :5].sum(axis=1) + rng.normal(size=rows)
    if leak:
        X["copy"] = y + 0.01 * rng.normal(size=rows)
    if classes:
        y = np.array(["low", "mid", "high"])[np.digitize(y, [-1, 1])]
    numbers = 8 * rows * (columns + leak) / 2**20
    before, start = megabytes(), time.process_time()
    prepared = prepare(X, y)
    seconds = time.process_time() - start
    found = ", ".join(prepared.leaks) or "no leak"
    return [
        f"{rows:,} x {columns:,}", "classes" if classes else "amounts", found,
        f"{seconds:.2f} s", f"{(megabytes() - before) / numbers:.1f} times the numbers",
    ]  # fmt: skip


def alone(job):
    """Print the line of a job that a process of its own did."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        print("|", *(f"{cell} |" for cell in pool.apply(*job)), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*")
    parser.add_argument("--made", action="store_true")
    asked = parser.parse_args()
    for path in asked.files:
        alone((from_file, (path,)))
    for sizes in MADE if asked.made else []:
        alone((made, sizes))
