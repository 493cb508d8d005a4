"""Measure how often `compare` is right; write docs/comparison-statistics.md.

    python benchmarks/comparison_statistics.py [--jobs N] [--minutes M] [--sets K]

First the statistics alone: on differences drawn from the test's own model, and on
cross-validations of two learners whose gain is known exactly. Then the whole function,
where the truth is linear and where the network gains 2, 5 and 10 %, on 3 x 10 folds.
comparison_stand_ins.py has thousands of data sets for these statistics. Every result is
appended to a CSV file, so that a run can be stopped and goes on where it was; --report
only writes the page from what there is. Give a fresh folder --runs after a change of
the candidates: old rows would tell of the old ones.
"""

import argparse
import itertools
import os
import time
import warnings
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from multiprocessing import get_context
from pathlib import Path

# Every set runs on one thread; sets run side by side.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")

import numpy as np
import pandas as pd
from comparison_runs import Runs

from perceptrons import compare
from perceptrons.comparison import candidates
from perceptrons.comparison.decision import decide
from perceptrons.comparison.fitting import fit
from perceptrons.comparison.folds import Links, make_folds
from perceptrons.comparison.statistics import correlated_t
from perceptrons.comparison.task import Task
from perceptrons.comparison.ties import Ties

ROPE = 0.01
GAINS = (0.0, 0.02, 0.05, 0.10)
ALONE = 10_000
SPLITS = ((5, 5), (10, 10))
ROWS = (200, 500, 2000)
# Data sets of the whole function by rows, folds and true gain.
WHOLE = {
    (500, (3, 10), 0.0): 300,
    (500, (3, 10), 0.05): 300,
    (500, (3, 10), 0.02): 100,
    (500, (3, 10), 0.10): 100,
    (200, (3, 10), 0.0): 100,
    (2000, (3, 10), 0.0): 100,
}
WEIGHTS = np.array([1.0, -0.8, 0.6, -0.4, 0.2])
# Strengths of the bend, between which that of a wanted gain is found.
BENDS = (0.0, 0.4, 0.6, 0.8, 1.0, 1.3)
CALIBRATION = 10
TEST_ROWS = 20_000
SCENARIO = ("part", "n", "repeats", "folds", "wanted")
HEADS = {
    "alone": (*SCENARIO, "sets", "justified", "not justified", "undecided", "covered"),
    "calibration": ("n", "bend", "seed", "network", "linear"),
    "whole": (
        *SCENARIO, "seed", "bend", "reference", "status", "gain", "low", "high",
        "p_gain", "p_practical", "truth_network", "truth_reference", "seconds",
    ),
}  # fmt: skip


def from_the_model(n, repeats, folds, gain, seed):
    """Return differences with the correlation that the test assumes, 1 / folds."""
    rng = np.random.default_rng((1, n, repeats, round(1000 * gain), seed))
    rho, spread = 1 / folds, 0.5 / np.sqrt(n / folds)
    common, own = rng.normal(), rng.normal(size=repeats * folds)
    return gain + spread * (np.sqrt(rho) * common + np.sqrt(1 - rho) * own)


def from_two_learners(n, repeats, folds, gain, seed):
    """Return the gains, over folds, of one straight line over another.

    y = a x1 + b x2 + e with independent standard normal x1, x2, e. The line on x1
    leaves the variance 1 + b^2, the line on x2 1 + a^2, and both lose the same factor
    by estimation, so the gain is 1 - sqrt((1 + b^2) / (1 + a^2)) at every n.
    """
    rng = np.random.default_rng((2, n, repeats, round(1000 * gain), seed))
    b = 0.5
    a = np.sqrt((1 + b**2) / (1 - gain) ** 2 - 1)
    X = rng.normal(size=(n, 2))
    y = X @ [a, b] + rng.normal(size=n)
    made = make_folds(
        y, Links(), classes=False, n_folds=folds, repeats=repeats, seed=seed
    )
    test = np.array([fold.test for fold in made])
    candidate, reference = (line_errors(x, y, test) for x in X.T)
    return (reference - candidate) / reference.mean()


def line_errors(x, y, test):
    """Return the RMSE of a straight line on every fold, all folds at once."""

    def on_training_rows(values):
        return values.sum() - values[test].sum(axis=1)

    count = len(y) - test.shape[1]
    mean_x, mean_y = on_training_rows(x) / count, on_training_rows(y) / count
    slope = (on_training_rows(x * y) / count - mean_x * mean_y) / (
        on_training_rows(x * x) / count - mean_x**2
    )
    line = mean_y[:, None] + slope[:, None] * (x[test] - mean_x[:, None])
    return np.sqrt(np.mean((y[test] - line) ** 2, axis=1))


def judge_alone(task):
    """Count the verdicts on many simulated sets of differences."""
    part, n, (repeats, folds), gain = task
    draw = from_the_model if part == "model" else from_two_learners
    row = dict(zip(SCENARIO, (part, n, repeats, folds, gain), strict=True))
    row |= {"justified": 0, "not justified": 0, "undecided": 0, "covered": 0}
    for seed in range(ALONE):
        posterior = correlated_t(draw(n, repeats, folds, gain, seed), 1 / (folds - 1))
        low, high = posterior.interval()
        row[decide(posterior, ROPE)] += 1
        row["covered"] += low <= gain <= high
    return row | {"sets": ALONE}


def sample(n, bend, rng):
    """Return n rows: linear in five features, plus a wave across all of them."""
    X = rng.normal(size=(n, len(WEIGHTS)))
    wave = np.sin(2 * X.sum(axis=1) / np.sqrt(len(WEIGHTS)))
    return X, X @ WEIGHTS + bend * wave + rng.normal(size=n)


def true_errors(n, bend, seed):
    """Return every candidate's RMSE on many fresh rows, trained on fresh rows."""
    rng = np.random.default_rng((3, n, round(1000 * bend), seed))
    X, y = sample(n, bend, rng)
    X_test, y_test = sample(TEST_ROWS, bend, rng)
    errors = {}
    for entry in candidates.regressors(n, X.shape[1], 1)[0]:
        model, _ = fit(entry, X, y, seed, Task(None), Ties())
        rest = y_test - model.predict(X_test)
        errors[entry.name] = float(np.sqrt(np.mean(rest**2)))
    return errors


def calibrate(task):
    """Return the network's and the best other error at one bend, from one set."""
    n, bend, seed = task
    errors = true_errors(n_train(n, (3, 10)), bend, seed)
    network = errors.pop("network")
    linear = min(errors.values())
    return {"n": n, "bend": bend, "seed": seed, "network": network, "linear": linear}


def judge_whole(task):
    """Return the verdict on one data set, and true errors from a fresh one."""
    n, (repeats, folds), wanted, bend, seed = task
    # The user would see them; here they would only repeat.
    warnings.simplefilter("ignore")
    X, y = sample(n, bend, np.random.default_rng((4, n, round(1000 * bend), seed)))
    start = time.perf_counter()
    result = compare(
        X, y, repeats=repeats, n_folds=folds, rope=ROPE, random_state=seed, n_jobs=1
    )
    seconds = time.perf_counter() - start
    truth = true_errors(n_train(n, (repeats, folds)), bend, 10_000 + seed)
    verdict = result.verdict.as_dict()
    row = dict(zip(SCENARIO, ("whole", n, repeats, folds, wanted), strict=True))
    row |= {name: verdict[name] for name in HEADS["whole"] if name in verdict}
    row |= {"seed": seed, "bend": bend, "seconds": seconds}
    row["truth_network"] = truth["network"]
    return row | {"truth_reference": truth[verdict["reference"]]}


def n_train(n, split):
    """Return the rows that a fold trains on."""
    return round(n * (split[1] - 1) / split[1])


def perform(runs, name, work, tasks, pool, jobs, deadline):
    """Work on the tasks side by side and keep every result; stop at the deadline."""
    waiting, tasks = set(), iter(tasks)
    while True:
        if time.monotonic() < deadline:
            fresh = itertools.islice(tasks, jobs - len(waiting))
            waiting |= {pool.submit(work, task) for task in fresh}
        if not waiting:
            return
        done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
        for future in done:
            runs.append(name, future.result())
            print(future.result(), flush=True)


def simulate(runs, jobs, minutes, sets):
    """Fill in what is missing, the cheap parts first."""
    deadline = time.monotonic() + 60 * minutes
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
        perform(runs, "alone", judge_alone, alone_tasks(runs), pool, jobs, deadline)
        perform(runs, "calibration", calibrate, bend_tasks(runs), pool, jobs, deadline)
        if time.monotonic() < deadline:
            whole = whole_tasks(runs, sets)
            perform(runs, "whole", judge_whole, whole, pool, jobs, deadline)


def alone_tasks(runs):
    """Return the scenarios of the statistics alone that are missing."""
    sizes = [("model", 500), *(("learners", n) for n in ROWS)]
    scenarios = itertools.product(sizes, SPLITS, GAINS)
    return [
        (part, n, split, gain)
        for (part, n), split, gain in scenarios
        if runs.missing("alone", 1, **scenario(part, n, split, gain))
    ]


def bend_tasks(runs):
    """Return the training sets that tell how much the network gains at each bend."""
    bent = sorted({n for n, _, gain in WHOLE if gain})
    return [
        (n, bend, seed)
        for n, bend in itertools.product(bent, BENDS)
        for seed in runs.missing("calibration", CALIBRATION, n=n, bend=bend)
    ]


def whole_tasks(runs, sets):
    """Return the data sets that are missing, the same share of every scenario first."""
    tasks = []
    for (n, split, gain), count in WHOLE.items():
        bend = bend_of(runs, n, gain) if gain else 0.0
        where = scenario("whole", n, split, gain)
        seeds = runs.missing("whole", min(count, sets), **where)
        tasks += [((1 + seed) / count, (n, split, gain, bend, seed)) for seed in seeds]
    return [task for _, task in sorted(tasks)]


def scenario(part, n, split, gain):
    """Return the columns that tell a scenario."""
    return dict(zip(SCENARIO, (part, n, *split, gain), strict=True))


def bend_of(runs, n, gain):
    """Return the bend at which the network truly gains so much, by interpolation."""
    table = runs.table("calibration").query("n == @n")
    means = table.groupby("bend")[["network", "linear"]].mean()
    gains = 1 - means["network"] / means["linear"]
    return round(float(np.interp(gain, gains, means.index)), 3)


def summary(runs):
    """Return counts, a row per scenario."""
    alone, whole = runs.table("alone"), runs.table("whole")
    rows = []
    for names, sets in whole.groupby(list(SCENARIO)):
        truth = true_gains(sets)
        counts = sets["status"].value_counts()
        row = dict(zip(SCENARIO, names, strict=True)) | {"sets": len(sets)}
        row |= {name: counts.get(name, 0) for name in HEADS["alone"][6:9]}
        row["covered"] = ((sets["low"] <= truth) & (truth <= sets["high"])).sum()
        rows.append(row | {"gain": truth.mean(), "seconds": sets["seconds"].median()})
    return pd.concat([alone.assign(gain=alone["wanted"]), pd.DataFrame(rows)])


def true_gains(sets):
    """Return the true gain over each set's own reference, errors averaged over sets."""
    reference = sets.groupby("reference")["truth_reference"].transform("mean")
    return 1 - sets["truth_network"].mean() / reference


def main():
    """Simulate, then write the page."""
    from comparison_statistics_page import write

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--minutes", type=float, default=float("inf"))
    parser.add_argument("--sets", type=int, default=300, help="most per scenario")
    parser.add_argument("--runs", type=Path, default=Path("comparison-statistics"))
    parser.add_argument("--report", action="store_true", help="simulate nothing")
    options = parser.parse_args()
    runs = Runs(options.runs, HEADS)
    if not options.report:
        simulate(runs, options.jobs, options.minutes, options.sets)
    write(summary(runs), Path(__file__).parent.parent)


if __name__ == "__main__":
    main()
