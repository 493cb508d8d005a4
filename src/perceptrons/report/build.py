"""The whole way: experiments to runs, to records, to the page."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from rich.console import Console

from perceptrons import _checks
from perceptrons.data import told
from perceptrons.engine import ENGINES
from perceptrons.pages import pdf
from perceptrons.pages.lock import hold
from perceptrons.report import compared, document, generic
from perceptrons.report.claims import Claim
from perceptrons.report.section import Section
from perceptrons.report.sections import build, hypotheses
from perceptrons.report.study import Study
from perceptrons.report.tables import frame
from perceptrons.study.errors import ExperimentError
from perceptrons.study.experiment import builtin, load
from perceptrons.study.plan import Experiment, Run
from perceptrons.study.records import Store, StoreError
from perceptrons.study.runner import execute
from perceptrons.study.shipped import BUILTIN
from perceptrons.study.supply import supply

#: An experiment and its runs.
Planned = tuple[Experiment, list[Run]]


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
    data : Path, optional
        Folder with the files of data sets that are not shipped.
    from_store : bool, default=False
        Train nothing: draw what the store holds.
    printed : bool, default=False
        Write report.pdf, too.
    """

    studies: Sequence[str]
    out: Path
    quick: bool = False
    seeds: int | None = None
    jobs: int = 1
    engine: str | None = None
    command: str = "perceptrons report"
    data: Path | None = None
    from_store: bool = False
    printed: bool = False


@dataclass(frozen=True)
class Summary:
    """What was done.

    Parameters
    ----------
    page : Path
        Of index.html, or of report.pdf if that was asked for.
    trained, total : int
        Runs performed now, and runs shown.
    sections : list of Section
    hypotheses : list of Claim
        Section II.F's, with verdicts; empty for a reader's own study.
    moved : Path or None
        Where a damaged store was moved to.
    """

    page: Path
    trained: int
    total: int
    sections: list[Section] = field(repr=False)
    hypotheses: list[Claim] = field(repr=False)
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
            "hypotheses": [vars(claim) for claim in self.hypotheses],
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
        For an unknown study, settings that are refused or a damaged data file, before
        anything is trained.
    FolderError, StoreError
        If the folder cannot be written, or another command is at work in it.
    Interrupted
        On Ctrl-C.
    """
    named = [builtin(name) for name in dict.fromkeys(request.studies) or BUILTIN]
    return _make(request, named, console, own=False)


def study(path: Path, request: Request, console: Console | None = None) -> Summary:
    """Train what is missing of a reader's own study and write its page.

    Parameters
    ----------
    path : Path
        A TOML file as :mod:`perceptrons.study.experiment` describes it.
    request : Request
        Its ``studies`` are not looked at.
    console : Console, optional
        For progress and messages.

    Returns
    -------
    Summary

    Raises
    ------
    ExperimentError
        For a file, key or setting that is refused, before anything is trained.
    StoreError, Interrupted
        As :func:`report`.
    """
    with (
        console.status(f"reading {path.name} and its tables")
        if console and console.is_terminal
        else nullcontext()
    ):
        experiment = load(path)
    if console:
        for text in chain.from_iterable(map(told, experiment.datasets)):
            console.print(f"Warning: {text}", markup=False, soft_wrap=True)
    return _make(request, [experiment], console, own=True)


def _make(
    request: Request,
    experiments: Sequence[Experiment],
    console: Console | None,
    *,
    own: bool,
) -> Summary:
    """Check, train and write; a reader's own study has the generic section."""
    _check_engine(request.engine)
    if request.printed and not pdf.can_convert():
        raise ExperimentError(pdf.HINT)
    folder = None
    if not request.from_store:
        experiments, folder = supply(
            experiments, request.data, quick=request.quick, console=console
        )
    planned = [_plan(experiment, request) for experiment in experiments]
    with hold(request.out):
        trained, studies, moved = _train(request, planned, folder, console)
        sections = [
            generic.section(study) if own else build(study, studies)
            for study in studies.values()
        ]
        expected = [] if own else hypotheses.verdicts(studies)
        if not own and len(studies) == len(BUILTIN):
            expected += compared.claims()
        page = _write(request, sections, expected, own)
    total = sum(len(study.records) for study in studies.values())
    return Summary(page, trained, total, sections, expected, moved)


def _plan(experiment: Experiment, request: Request) -> Planned:
    """Return an experiment with the runs that are asked for."""
    # Quick is for a look: one seed.
    few = 1 if request.quick else None
    many = few if request.seeds is None else request.seeds
    seeds = None if many is None else range(many)
    runs = experiment.runs(quick=request.quick, seeds=seeds, engine=request.engine)
    return experiment, runs


def _stored(planned: Planned, store: Store, request: Request) -> Planned:
    """Return an experiment, or its stand-in if that is what the store holds."""
    experiment, runs = planned
    if not experiment.stand_in:
        return planned
    instead = _plan(experiment.standing_in(), request)
    if request.quick:
        return instead
    lacking = not all(map(store.holds, runs))
    return instead if lacking and all(map(store.holds, instead[1])) else planned


def _check_engine(engine: str | None) -> None:
    """Refuse an unknown engine by the name of its option."""
    try:
        _checks.choice("--engine", engine or "auto", ENGINES)
    except ValueError as error:
        raise ExperimentError(str(error)) from None


def _train(
    request: Request,
    planned: Sequence[Planned],
    folder: Path | None,
    console: Console | None,
) -> tuple[int, dict[str, Study], Path | None]:
    """Train what is missing; the number of new runs, the studies, a damaged store."""
    with Store(request.out) as store:
        if store.moved and console:
            console.print(f"The run store was damaged; it is kept as {store.moved}.")
        if request.from_store:
            planned = [_stored(one, store, request) for one in planned]
        runs = [run for _, some in planned for run in some]
        trained = 0
        if request.from_store:
            _check_complete(runs, store, request)
        else:
            trained = execute(
                runs, store, jobs=request.jobs, console=console, folder=folder
            )
        studies = {
            experiment.name: _study(experiment, some, store, request.quick)
            for experiment, some in planned
        }
        return trained, studies, store.moved


def _check_complete(runs: Sequence[Run], store: Store, request: Request) -> None:
    """Refuse to draw what was not trained, and say how to train it."""
    lacking = [run for run in dict.fromkeys(runs) if not store.holds(run)]
    if lacking:
        names = ", ".join(dict.fromkeys(run.study for run in lacking))
        command = request.command.replace(" --from-store", "")
        raise ExperimentError(
            f"--from-store needs every run in {store.path}, {len(lacking)} of "
            f"{len(runs)} are missing ({names}; runs belong to one version of the "
            f"program and one set of options); `{command}` trains them."
        )


def _study(
    experiment: Experiment, runs: Sequence[Run], store: Store, quick: bool
) -> Study:
    """Read the records of one experiment."""
    records = [store.get(run) for run in runs]
    shortened = quick and bool(experiment.quick)
    return Study(experiment, records, frame(records), shortened)


def _write(
    request: Request,
    sections: Sequence[Section],
    expected: Sequence[Claim],
    own: bool,
) -> Path:
    """Write the page; an error says what to do."""
    seeds = sorted({seed for section in sections for seed in section.study.seeds})
    # A part of the report has a page of its own: it must not replace the whole one.
    names = [section.study.experiment.name for section in sections]
    part = not own and len(names) < len(BUILTIN)
    facts = document.Facts(request.command, request.quick, seeds, own, part)
    folder = request.out / "-".join(names) if part else request.out
    try:
        return document.write(
            sections,
            facts,
            folder,
            hypotheses=expected,
            jobs=request.jobs,
            printed=request.printed,
        )
    except OSError as error:
        raise StoreError(
            f"{request.out} cannot be written ({error}); choose a folder you can "
            "write to with --out. The runs are kept."
        ) from error
