"""Performs the runs that a store lacks, over several processes."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from functools import lru_cache
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from sklearn.utils.parallel import delayed

from perceptrons import work
from perceptrons.data import Dataset, source
from perceptrons.study.errors import ExperimentError
from perceptrons.study.plan import Run
from perceptrons.study.procedures import PROCEDURES
from perceptrons.study.records import Store
from perceptrons.study.result import Result


class Interrupted(KeyboardInterrupt):
    """Ctrl-C between two runs; the text says what is kept."""


def execute(
    runs: Sequence[Run],
    store: Store,
    *,
    jobs: int,
    console: Console | None = None,
    folder: Path | None = None,
) -> int:
    """Perform every run that the store lacks and commit each as it ends.

    The largest starts first; runs whose seconds are compared come last, one by one in
    the order given.

    Parameters
    ----------
    runs : sequence of Run
    store : Store
    jobs : int >= 1
        Processes; 1 stays in this one.
    console : Console, optional
        Where progress is shown; quiet without one.
    folder : Path, optional
        Where the files of data sets are that are not shipped.

    Returns
    -------
    int
        Number of runs performed.

    Raises
    ------
    Interrupted
        On Ctrl-C; what has ended is kept.

    ExperimentError
        If a run cannot be performed: the text names it. What has ended is kept.

    Any other error of a run comes through as it is, with a note that names the run.
    """
    missing = [run for run in dict.fromkeys(runs) if not store.holds(run)]
    done = 0
    with _progress(console) as bar:
        task = bar.add_task("training", total=sum(run.work for run in missing))
        start = time.perf_counter()
        try:
            for run, result in _performed(missing, jobs, folder):
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


def _performed(
    runs: Sequence[Run], jobs: int, folder: Path | None
) -> Iterator[tuple[Run, Result]]:
    """Yield every run with its result, in the order they end."""
    alone = [run for run in runs if PROCEDURES[run.procedure].alone]
    together = [run for run in runs if not PROCEDURES[run.procedure].alone]
    together.sort(key=lambda run: run.work, reverse=True)
    if jobs == 1 or len(together) < 2:
        yield from (perform(run, folder) for run in together)
    else:
        # One run at a time comes back, or a kill would lose finished ones with it.
        ask = work.pool(
            min(jobs, len(together)), batch_size=1, return_as="generator_unordered"
        )
        try:
            yield from ask(delayed(perform)(run, folder) for run in together)
        except BrokenProcessPool:
            raise ExperimentError(
                "A process that trained was ended from outside, perhaps for want of "
                f"memory; try fewer --jobs than {jobs}. What has ended is kept."
            ) from None
    yield from (perform(run, folder) for run in alone)


def perform(run: Run, folder: Path | None = None) -> tuple[Run, Result]:
    """Perform one run, in whatever process this is; its errors name the run.

    Raises
    ------
    ExperimentError
        If the data and the settings do not go together, or memory ends.
    """
    try:
        dataset = _dataset(run.dataset, run.seed, folder) if run.dataset else None
        result = PROCEDURES[run.procedure].run(run.settings, dataset, run.seed)
    except (OSError, MemoryError, ValueError) as error:
        words = "memory ended" if isinstance(error, MemoryError) else str(error)
        raise ExperimentError(
            f"The study {run.study!r} cannot run: {words.rstrip('.')}. This was "
            f"{run.procedure!r}, seed {run.seed}, settings {run.settings_json}; what "
            "has ended before is kept."
        ) from error
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


def _dataset(name: str, seed: int, folder: Path | None) -> Dataset:
    """Load a data set once per process, and once for all seeds if they share it."""
    return _loaded(name, seed if source(name).seeded else 0, folder)


@lru_cache(maxsize=2)
def _loaded(name: str, seed: int, folder: Path | None) -> Dataset:
    """Load a data set and remember it."""
    return source(name)(seed, folder)


def _progress(console: Console | None) -> Progress:
    """Return a bar whose time left follows the work, not the number of runs.

    The time elapsed shows that a long run is at work.
    """
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("elapsed,"),
        TimeRemainingColumn(),
        TextColumn("left"),
        console=console,
        disable=console is None,
        transient=True,
    )
