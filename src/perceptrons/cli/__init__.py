"""The command line: parse, call one function, print, exit code.

Exit codes: 0 fine, 1 a check failed, 2 misuse or an error of the program, 130
interrupted. Whatever happens is told in a sentence; ``perceptrons --debug COMMAND``
ends in the traceback instead.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

import perceptrons
from perceptrons.cli import models, options
from perceptrons.cli.errors import Commands
from perceptrons.study.errors import ExperimentError
from perceptrons.study.shipped import BUILTIN, builtin_file, headings

_progress = Console(stderr=True)

app = typer.Typer(
    cls=Commands,
    help="Re-run the report's studies and set its numbers beside ours.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    """Print the version and end."""
    if wanted:
        typer.echo(f"perceptrons {perceptrons.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_print_version,
            is_eager=True,
            help="Print the version and exit.",
        ),
    ] = False,
    debug: Annotated[
        bool,
        typer.Option("--debug", help="End errors in a traceback, not in a sentence."),
    ] = False,
) -> None:
    """Take what comes before a command."""
    # Figures become files; a backend that is not there must not stop us.
    os.environ["MPLBACKEND"] = "agg"


@app.command("list")
def list_studies(
    toml: options.Template = None,
    as_json: options.AsJson = False,
) -> None:
    """List the studies and the questions they answer."""
    if toml is not None:
        typer.echo(builtin_file(toml).read_text(encoding="utf-8"), nl=False)
        return
    listed = [headings(name) for name in BUILTIN]
    if as_json:
        typer.echo(json.dumps(listed))
        return
    table = Table("study", "in the report", "question", box=None, pad_edge=False)
    for study in listed:
        table.add_row(study["name"], study["reference"], study["question"])
    Console().print(table)


@app.command()
def report(
    studies: options.Studies = None,
    quick: options.Quick = False,
    seeds: options.Seeds = None,
    out: options.Out = Path("report"),
    jobs: options.Jobs = None,
    engine: options.Engine = None,
    data: options.Data = None,
    from_store: options.FromStore = False,
    form: options.Format = "html",
    as_json: options.AsJson = False,
) -> None:
    """Train what is missing and write one page with tables and figures."""
    from perceptrons.report import build

    request = build.Request(
        studies or [], out, quick, seeds, jobs or _cores(), engine, _command(), data,
        from_store, form == "pdf",
    )  # fmt: skip
    _conclude(build.report(request, _progress), as_json)


@app.command()
def study(
    file: options.StudyFile,
    quick: options.Quick = False,
    seeds: options.Seeds = None,
    out: options.StudyOut = None,
    jobs: options.Jobs = None,
    engine: options.Engine = None,
    data: options.Data = None,
    from_store: options.FromStore = False,
    form: options.Format = "html",
    as_json: options.AsJson = False,
) -> None:
    """Run your own study and write one page with its tables and figures."""
    from perceptrons.report import build

    request = build.Request(
        [], out or Path(file.stem), quick, seeds, jobs or _cores(), engine, _command(),
        data, from_store, form == "pdf",
    )  # fmt: skip
    _conclude(build.study(file, request, _progress), as_json)


def _command() -> str:
    """Return the command as the user typed it."""
    return shlex.join(["perceptrons", *sys.argv[1:]])


def _conclude(summary: Any, as_json: bool) -> None:
    """Say what was done; a failed check exits with 1."""
    shown = f"{summary.page} ({summary.total} runs, {summary.trained} trained now)"
    typer.echo(json.dumps(summary.as_dict()) if as_json else shown)
    for text in summary.failures:
        typer.echo(f"Check failed: {text}", err=True)
    raise typer.Exit(1 if summary.failures else 0)


@app.command()
def compare(
    table: options.TableFile,
    target: options.Target,
    out: options.PageOut = Path("comparison"),
    task: options.Task = None,
    groups: options.Groups = None,
    time: options.Time = None,
    gap: options.Gap = 0,
    blocks: options.Blocks = None,
    weights: options.Weights = None,
    against: options.Against = None,
    drop: options.Drop = None,
    category: options.Category = None,
    keep: options.Keep = None,
    encoding: options.Encoding = None,
    separator: options.Separator = None,
    decimal: options.Decimal = None,
    thousands: options.Thousands = None,
    dates: options.Dates = None,
    gaps: options.Gaps = None,
    metric: options.Metric = None,
    repeats: options.Repeats = None,
    folds: options.Folds = None,
    quick: options.FirstLook = False,
    rope: options.Rope = 0.01,
    seed: options.Seed = 0,
    jobs: options.Jobs = None,
    overwrite: options.Overwrite = False,
    as_json: options.AsJson = False,
) -> None:
    """Tell whether a neural network is justified on a table."""
    from perceptrons.comparison.command import Request
    from perceptrons.comparison.options import Options
    from perceptrons.tables.read import Format

    form = Format(encoding, separator, decimal, thousands, dates, tuple(gaps or ()))
    how = Options(
        task, groups, time, gap, blocks, weights, drop or [], category or [],
        keep or [], None, against, metric, repeats, folds, quick, rope, seed, jobs,
    )  # fmt: skip
    request = Request(table, form, target, out, how, overwrite, _command())
    _compare(request, as_json)


def _compare(request: Any, as_json: bool) -> None:
    """Compare, and say what came out before the page is drawn and after."""
    from perceptrons.comparison import command
    from perceptrons.pages.lock import hold

    try:
        with hold(request.out):
            result = command.run(request)
            for text in result.caveats:
                typer.echo(f"Note: {text}", err=True)
            # Whatever fails while the page is drawn must not cost the answer.
            if not as_json:
                typer.echo("\n".join(command.told(result)))
            page = None
            try:
                page = command.save(result, request)
            finally:
                if as_json:
                    typer.echo(command.as_json(result, page))
            if not as_json:
                typer.echo(page)
                models.keep_winner(result, request.out, request.form)
    except ValueError as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(2) from None


for _command_of_models in (
    models.fit,
    models.predict,
    models.export,
    models.show,
):
    app.command()(_command_of_models)


@app.command()
def bench(
    peers: options.Peers = None,
    workloads: options.Workloads = None,
    quick: options.FewEpochs = False,
    complete: options.Complete = False,
    repeats: options.Rounds = None,
    threads: options.Threads = None,
    as_json: options.AsJson = False,
) -> None:
    """Time this library and every installed peer, in turn in one run."""
    from perceptrons.bench import commands

    try:
        code = commands.bench(
            peers or [],
            workloads or [],
            quick=quick,
            complete=complete,
            repeats=repeats,
            threads=threads,
            as_json=as_json,
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    raise typer.Exit(code)


@app.command()
def info(as_json: options.AsJson = False) -> None:
    """Say which engine trains and why, and on what machine."""
    from perceptrons.bench import commands

    try:
        commands.info(as_json=as_json)
    except ValueError as error:
        # A variable of the environment that the engine reads.
        raise ExperimentError(str(error)) from None


def _cores() -> int:
    """Return the number of cores this process may use."""
    from perceptrons import threads

    try:
        return threads.cores()
    except ValueError as error:
        raise ExperimentError(str(error)) from None
