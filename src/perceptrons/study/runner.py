"""Performs the runs that a store lacks, over several processes."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

import joblib
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from perceptrons.data import DATASETS, Dataset
from perceptrons.study.experiment import Run
from perceptrons.study.procedures import PROCEDURES, Result
from perceptrons.study.records import Store


class Interrupted(KeyboardInterrupt):
    """Ctrl-C between two runs; the text says what is kept."""


def execute(
    runs: Sequence[Run], store: Store, *, jobs: int, console: Console | None = None
) -> int:
    """Perform every run that the store lacks and commit each as it ends.

    Parameters
    ----------
    runs : sequence of Run
    store : Store
    jobs : int >= 1
        Processes; 1 stays in this one.
    console : Console, optional
        Where progress is shown; quiet without one.

    Returns
    -------
    int
        Number of runs performed.

    Raises
    ------
    Interrupted
        On Ctrl-C; what has ended is kept.

    Any other error of a run comes through as it is, with a note that names the run;
    what has ended is kept.
    """
    missing = [run for run in dict.fromkeys(runs) if not store.holds(run)]
    missing.sort(key=lambda run: run.work, reverse=True)
    done = 0
    with _progress(console) as bar:
        task = bar.add_task("training", total=sum(run.work for run in missing))
        start = time.perf_counter()
        try:
            for run, result in _performed(missing, jobs):
                store.add(run, result)
                done += 1
                rate = done / (time.perf_counter() - start)
                text = f"{done} of {len(missing)} networks, {rate:.2g}/s"
                bar.update(task, advance=run.work, description=text)
        except KeyboardInterrupt:
            raise Interrupted(
                f"Interrupted: {done} of {len(missing)} runs ended and are kept in "
                f"{store.path}; the same command continues there."
            ) from None
    return done


def _performed(runs: Sequence[Run], jobs: int) -> Iterator[tuple[Run, Result]]:
    """Yield every run with its result, in the order they end."""
    if jobs == 1 or len(runs) < 2:
        yield from map(perform, runs)
        return
    pool = joblib.Parallel(n_jobs=jobs, return_as="generator_unordered")
    results: Iterable[tuple[Run, Result]] = pool(
        joblib.delayed(perform)(run) for run in runs
    )
    yield from results


def perform(run: Run) -> tuple[Run, Result]:
    """Perform one run, in whatever process this is; its errors name the run."""
    try:
        dataset = _dataset(run.dataset, run.seed) if run.dataset else None
        result = PROCEDURES[run.procedure].run(run.settings, dataset, run.seed)
    except Exception as error:
        error.add_note(
            f"In the study {run.study!r}, procedure {run.procedure!r}, seed "
            f"{run.seed}, settings {run.settings_json}"
        )
        raise
    if result.reason == "interrupted":
        # An estimator ends quietly on Ctrl-C and keeps what it has; a study does not.
        raise KeyboardInterrupt
    return run, result


@lru_cache(maxsize=4)
def _dataset(name: str, seed: int) -> Dataset:
    """Load a data set once per process."""
    return DATASETS[name](seed)


def _progress(console: Console | None) -> Progress:
    """Return a bar whose time left follows the work, not the number of runs."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TimeRemainingColumn(),
        TextColumn("left"),
        console=console,
        disable=console is None,
        transient=True,
    )
