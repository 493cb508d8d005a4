"""The whole way: experiments to runs, to records, to the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

from perceptrons import _checks
from perceptrons.engine import ENGINES
from perceptrons.report import document
from perceptrons.report.section import Section
from perceptrons.report.sections import SECTIONS
from perceptrons.report.study import Study
from perceptrons.report.tables import frame
from perceptrons.study.experiment import (
    BUILTIN,
    Experiment,
    ExperimentError,
    Run,
    builtin,
)
from perceptrons.study.lock import hold
from perceptrons.study.records import Store, StoreError
from perceptrons.study.runner import execute


@dataclass(frozen=True)
class Request:
    """What the user asked for.

    Parameters
    ----------
    studies : sequence of str
        Names of built-in studies; empty for all.
    out : Path
        Folder of the report and its run store.
    quick : bool, default=False
        Shortened training.
    seeds : int, optional
        How many; the experiments' own seeds if not given.
    jobs : int, default=1
        Processes.
    engine : str, optional
        For every network.
    command : str
        As the user typed it, for the page.
    """

    studies: Sequence[str]
    out: Path
    quick: bool = False
    seeds: int | None = None
    jobs: int = 1
    engine: str | None = None
    command: str = "perceptrons report"


@dataclass(frozen=True)
class Summary:
    """What was done.

    Parameters
    ----------
    page : Path
        Of index.html.
    trained, total : int
        Runs performed now, and runs shown.
    sections : list of Section
    moved : Path or None
        Where a damaged store was moved to.
    """

    page: Path
    trained: int
    total: int
    sections: list[Section] = field(repr=False)
    moved: Path | None = None

    @property
    def failures(self) -> list[str]:
        """Checks that failed, a sentence each."""
        return [text for section in self.sections for text in section.failures]

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values for JSON."""
        return {
            "page": str(self.page),
            "trained": self.trained,
            "runs": self.total,
            "damaged_store": str(self.moved) if self.moved else None,
            "failures": self.failures,
            "studies": [
                {
                    "name": section.study.experiment.name,
                    "seeds": section.study.seeds,
                    "claims": [vars(claim) for claim in section.claims],
                }
                for section in self.sections
            ],
        }


def report(request: Request, console: Console | None = None) -> Summary:
    """Train what is missing and write the page.

    Parameters
    ----------
    request : Request
    console : Console, optional
        For progress and messages.

    Returns
    -------
    Summary

    Raises
    ------
    ExperimentError
        For an unknown study or settings that are refused, before anything is trained.
    StoreError
        If the folder cannot be written, or another report is at work in it.
    Interrupted
        On Ctrl-C.
    """
    _check_engine(request.engine)
    experiments = [builtin(name) for name in dict.fromkeys(request.studies) or BUILTIN]
    seeds = None if request.seeds is None else range(request.seeds)
    planned = [
        (e, e.runs(quick=request.quick, seeds=seeds, engine=request.engine))
        for e in experiments
    ]
    with hold(request.out):
        return _report(request, planned, console)


def _check_engine(engine: str | None) -> None:
    """Refuse an unknown engine by the name of its option."""
    try:
        _checks.choice("--engine", engine or "auto", ENGINES)
    except ValueError as error:
        raise ExperimentError(str(error)) from None


def _report(
    request: Request,
    planned: Sequence[tuple[Experiment, list[Run]]],
    console: Console | None,
) -> Summary:
    """Train and write; the caller holds the folder."""
    runs = [run for _, some in planned for run in some]
    with Store(request.out) as store:
        if store.moved and console:
            console.print(f"The run store was damaged; it is kept as {store.moved}.")
        trained = execute(runs, store, jobs=request.jobs, console=console)
        studies = [_study(experiment, some, store) for experiment, some in planned]
    sections = _sections(studies)
    facts = document.Facts(
        request.command, request.quick, sorted({run.seed for run in runs})
    )
    try:
        page = document.write(sections, facts, request.out)
    except OSError as error:
        raise StoreError(
            f"{request.out} cannot be written ({error}); choose a folder you can "
            "write to with --out."
        ) from error
    return Summary(page, trained, len(runs), sections, store.moved)


def _study(experiment: Experiment, runs: Sequence[Run], store: Store) -> Study:
    """Read the records of one experiment."""
    records = [store.get(run) for run in runs]
    return Study(experiment, records, frame(records))


def _sections(studies: Sequence[Study]) -> list[Section]:
    """Build every study's section."""
    by_name = {study.experiment.name: study for study in studies}
    return [SECTIONS[name](study, by_name) for name, study in by_name.items()]
