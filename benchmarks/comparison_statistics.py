"""Measure how often `compare` is right; write docs/comparison-statistics.md.

    python benchmarks/comparison_statistics.py [--jobs N] [--minutes M] [--sets K]

First the statistics alone: on differences drawn from the test's own model, and on
cross-validations of two learners whose gain is known exactly. Then the whole function,
where the network gains 0, 2, 5 and 10 % over the best other model.
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
# Data sets of the whole function by rows, folds and true gain: those first that the
# promise is about, in turns.
WHOLE = {
    (500, (3, 10), 0.0): 300,
    (500, (3, 10), 0.05): 300,
    (500, (3, 10), 0.02): 100,
    (500, (3, 10), 0.10): 100,
    (200, (3, 10), 0.0): 100,
    (2000, (3, 5), 0.0): 100,
}
FIRST = 2
RUNS = Path(__file__).parent / "comparison_counts"
WEIGHTS = np.array([1.0, -0.8, 0.6, -0.4, 0.2])
# Strengths of the bend, between which that of a wanted gain is found.
BENDS = (0.0, 0.4, 0.6, 0.8, 1.0, 1.3)
CALIBRATION = 5
TEST_ROWS = 20_000
SCENARIO = ("part", "n", "repeats", "folds", "wanted")
HEADS = {
    "alone": (*SCENARIO, "sets", "justified", "not justified", "undecided", "covered"),
    "truths": ("n", "bend", "seed", "candidate", "error"),
    "whole": (
        *SCENARIO, "seed", "bend", "reference", "status", "gain", "low", "high",
        "p_gain", "p_practical", "processor_seconds",
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
    return [row | {"sets": ALONE}]


def sample(n, bend, rng):
    """Return n rows: linear in five features, plus a wave across all of them."""
    X = rng.normal(size=(n, len(WEIGHTS)))
    wave = np.sin(2 * X.sum(axis=1) / np.sqrt(len(WEIGHTS)))
    return X, X @ WEIGHTS + bend * wave + rng.normal(size=n)


def true_errors(task):
    """Return every candidate's RMSE on many fresh rows, trained on fresh rows."""
    n, bend, seed = task
    warnings.simplefilter("ignore")
    rng = np.random.default_rng((3, n, round(1000 * bend), seed))
    X, y = sample(n, bend, rng)
    X_test, y_test = sample(TEST_ROWS, bend, rng)
    errors = []
    for entry in candidates.regressors(n, X.shape[1], 1)[0]:
        model, _ = fit(entry, X, y, seed, Task(None), Ties())
        rest = y_test - model.predict(X_test)
        values = (n, bend, seed, entry.name, float(np.sqrt(np.mean(rest**2))))
        errors.append(dict(zip(HEADS["truths"], values, strict=True)))
    return errors


def judge_whole(task):
    """Return the verdict on one data set."""
    n, (repeats, folds), wanted, bend, seed = task
    # The user would see them; here they would only repeat.
    warnings.simplefilter("ignore")
    X, y = sample(n, bend, np.random.default_rng((4, n, round(1000 * bend), seed)))
    start = time.process_time()
    result = compare(
        X, y, repeats=repeats, n_folds=folds, rope=ROPE, random_state=seed, n_jobs=1
    )
    seconds = time.process_time() - start
    verdict = result.verdict.as_dict()
    row = dict(zip(SCENARIO, ("whole", n, repeats, folds, wanted), strict=True))
    row |= {name: verdict[name] for name in HEADS["whole"] if name in verdict}
    return [row | {"seed": seed, "bend": bend, "processor_seconds": seconds}]


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
            for row in future.result():
                runs.append(name, row)
                print(row, flush=True)


def simulate(runs, jobs, minutes, sets):
    """Fill in what is missing, the cheap parts first."""
    deadline = time.monotonic() + 60 * minutes
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:

        def all_of(name, work, tasks):
            perform(runs, name, work, tasks, pool, jobs, deadline)

        all_of("alone", judge_alone, alone_tasks(runs))
        for part in (list(WHOLE)[:FIRST], WHOLE):
            all_of("truths", true_errors, bend_tasks(runs, part))
            # As many training sets tell the truth as data sets are judged.
            for most in (10, 30, 100, sets):
                all_of("whole", judge_whole, whole_tasks(runs, part, most))
                all_of("truths", true_errors, truth_tasks(runs, part, most))


def alone_tasks(runs):
    """Return the scenarios of the statistics alone that are missing."""
    sizes = [("model", 500), *(("learners", n) for n in ROWS)]
    scenarios = itertools.product(sizes, SPLITS, GAINS)
    return [
        (part, n, split, gain)
        for (part, n), split, gain in scenarios
        if runs.missing("alone", 1, **scenario(part, n, split, gain))
    ]


def bend_tasks(runs, part):
    """Return the training sets that tell how much the network gains at each bend."""
    bent = sorted({n_train(n, split) for n, split, _ in part})
    return [
        (n, bend, seed)
        for bend, n in itertools.product(BENDS, bent)
        for seed in runs.missing("truths", CALIBRATION, n=n, bend=bend)
    ]


def whole_tasks(runs, part, most):
    """Return the data sets that are missing, the same share of every scenario first."""
    tasks = []
    for n, split, gain in part:
        count, bend = WHOLE[n, split, gain], bend_of(runs, n, split, gain)
        where = scenario("whole", n, split, gain)
        seeds = runs.missing("whole", min(count, most), **where)
        tasks += [((1 + seed) / count, (n, split, gain, bend, seed)) for seed in seeds]
    return [task for _, task in sorted(tasks)]


def truth_tasks(runs, part, most):
    """Return the training sets that tell the truth, of every scenario with verdicts."""
    return [
        (n_train(n, split), bend, seed)
        for n, split, gain in part
        for bend in [bend_of(runs, n, split, gain)]
        for seed in runs.missing(
            "truths", min(WHOLE[n, split, gain], most), n=n_train(n, split), bend=bend
        )
    ]


def scenario(part, n, split, gain):
    """Return the columns that tell a scenario."""
    return dict(zip(SCENARIO, (part, n, *split, gain), strict=True))


def bend_of(runs, n, split, gain):
    """Return the bend at which the network truly gains so much, by interpolation.

    It is kept from the first data set on, whatever further training sets say.
    """
    whole = runs.table("whole")
    own = whole[(whole["n"] == n) & (whole["wanted"] == gain)]
    if len(own):
        return float(own["bend"].iloc[0])
    truths = runs.table("truths")
    truths = truths[(truths["n"] == n_train(n, split)) & truths["bend"].isin(BENDS)]
    means = truths.groupby(["bend", "candidate"])["error"].mean().unstack()
    others = means.drop(columns="network").min(axis=1)
    gains = np.maximum.accumulate(1 - means["network"] / others)
    return round(float(np.interp(gain, gains, means.index)), 3)


def summary(runs):
    """Return counts, a row per scenario."""
    alone, whole = runs.table("alone"), runs.table("whole")
    rows = []
    for names, sets in whole.groupby(list(SCENARIO)):
        row = dict(zip(SCENARIO, names, strict=True)) | {"sets": len(sets)}
        truths = true_gains(runs, sets)
        if truths is None:
            continue
        truth = sets["reference"].map(truths["gain"])
        counts = sets["status"].value_counts()
        row |= {name: counts.get(name, 0) for name in HEADS["alone"][6:9]}
        row["covered"] = ((sets["low"] <= truth) & (truth <= sets["high"])).sum()
        often = truths.loc[sets["reference"].mode()[0]]
        row |= {"gain": often["gain"], "error": often["error"]}
        row |= {"training_sets": int(often["sets"])}
        row |= {"processor_seconds": sets["processor_seconds"].median()}
        rows.append(row)
    return pd.concat([alone.assign(gain=alone["wanted"]), pd.DataFrame(rows)])


def true_gains(runs, sets):
    """Return the network's true gain over each candidate: gain, error, sets.

    The error is the standard error over training sets, by the delta method; None
    where fewer than two were trained.
    """
    first = sets.iloc[0]
    n = n_train(first["n"], (first["repeats"], first["folds"]))
    table = runs.table("truths")
    own = table[(table["n"] == n) & np.isclose(table["bend"], first["bend"])]
    errors = own.pivot(index="seed", columns="candidate", values="error")
    if len(errors) < 2:
        return None
    means = errors.mean()
    gains = 1 - means["network"] / means
    ratio = means["network"] / means
    moved = (errors.mul(ratio).sub(errors["network"], axis=0)) / means
    error = moved.std() / np.sqrt(len(errors))
    return pd.DataFrame({"gain": gains, "error": error, "sets": len(errors)})


def main():
    """Simulate, then write the page."""
    from comparison_statistics_page import write

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--minutes", type=float, default=float("inf"))
    parser.add_argument("--sets", type=int, default=300, help="most per scenario")
    parser.add_argument("--runs", type=Path, default=RUNS)
    parser.add_argument("--report", action="store_true", help="simulate nothing")
    options = parser.parse_args()
    runs = Runs(options.runs, HEADS)
    if not options.report:
        simulate(runs, options.jobs, options.minutes, options.sets)
    write(summary(runs), Path(__file__).parent.parent)


if __name__ == "__main__":
    main()
