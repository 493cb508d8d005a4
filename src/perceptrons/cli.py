"""The command line: parse, call one function, print, exit code.

Exit codes: 0 fine, 1 a check failed, 2 misuse or an error of the program, 130
interrupted. Whatever happens is told in a sentence; ``perceptrons --debug COMMAND``
ends in the traceback instead.
"""

from __future__ import annotations

import errno
import json
import os
import shlex
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table
from typer.core import TyperGroup

import perceptrons
from perceptrons import model_commands
from perceptrons.study.errors import ExperimentError
from perceptrons.study.shipped import BUILTIN, builtin_file, headings

_progress = Console(stderr=True)

_TRACKER = "the project's issue tracker"

# ClickException, of click or of typer's own copy of it.
_Misuse: type[Exception] = typer.BadParameter.mro()[2]


@contextmanager
def _plain_errors(debug: bool) -> Iterator[None]:
    """Turn every error into a sentence and exit code 2, Ctrl-C into 130."""
    try:
        yield
    except KeyboardInterrupt as interrupt:
        typer.echo(str(interrupt) or "Interrupted.", err=True)
        raise typer.Exit(130) from None
    except (typer.Exit, typer.Abort, _Misuse):
        raise
    except BrokenPipeError:
        # As of a command that SIGPIPE ends: who read the output, as head, has enough.
        _drop_output()
        raise typer.Exit(141) from None
    except Exception as error:
        if debug:
            raise
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            _drop_output()
        typer.echo(_sentence(error), err=True)
        raise typer.Exit(2) from None


def _sentence(error: Exception) -> str:
    """Say what went wrong: by the user, on the machine, or in this program."""
    from perceptrons.pages.lock import FolderError
    from perceptrons.study.records import StoreError

    if isinstance(error, ExperimentError | FolderError | StoreError):
        return f"Error: {error}"
    if isinstance(error, MemoryError):
        return "Error: memory ended; lower the sizes, or --jobs."
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return f"Error: the output cannot be written: {error.strerror}."
    said = " ".join(traceback.format_exception_only(error)[0].split())
    typed = shlex.join(["perceptrons", "--debug", *sys.argv[1:]])
    return (
        f"Error of perceptrons itself: {said}\n"
        f"Please report it at {_TRACKER}, with what `{typed}` prints."
    )


def _drop_output() -> None:
    """Let what stdout still holds go nowhere, or the end would try it again."""
    with suppress(OSError, ValueError), open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


class _Commands(TyperGroup):
    """The commands, whose errors are sentences."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command."""
        with _plain_errors(ctx.params["debug"]):
            return super().invoke(ctx)


app = typer.Typer(
    cls=_Commands,
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


Studies = Annotated[
    list[str] | None, typer.Argument(metavar="[STUDY]...", help="All if none.")
]
Quick = Annotated[
    bool, typer.Option("--quick", help="Shorten the training; about a minute.")
]
Seeds = Annotated[
    int | None,
    typer.Option(min=1, max=2**32, help="Repeat everything over this many seeds."),
]
Out = Annotated[Path, typer.Option(help="Folder for page and runs.")]
Jobs = Annotated[
    int | None,
    typer.Option(min=1, max=1024, help="Processes; all cores if not given."),
]
Engine = Annotated[
    str | None,
    typer.Option(help="Engine of every network and gradient check, such as numpy."),
]
Data = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        file_okay=False,
        help="Folder with MNIST's files; else PERCEPTRONS_DATA, else a download.",
    ),
]
Format = Annotated[
    Literal["html", "pdf"],
    typer.Option("--format", help="pdf: write report.pdf, too; needs WeasyPrint."),
]
FromStore = Annotated[
    bool, typer.Option("--from-store", help="Train nothing, draw finished runs.")
]
Encoding = Annotated[
    str | None, typer.Option(help="Of the file, such as cp1252; judged if not given.")
]
Separator = Annotated[
    str | None, typer.Option(help="Between fields; judged if not given.")
]
Decimal = Annotated[
    str | None, typer.Option(help="Sign of decimals, . or ,; by each column.")
]
Thousands = Annotated[
    str | None, typer.Option(help="Sign of thousands, '' for none; by each column.")
]
Dates = Annotated[
    str | None,
    typer.Option(metavar="ORDER", help="day-first or month-first; by each column."),
]
Gaps = Annotated[
    list[str] | None, typer.Option(help="Word for a missing cell; may be repeated.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def list_studies(
    toml: Annotated[
        str | None,
        typer.Option(metavar="STUDY", help="Print this study's file, as a template."),
    ] = None,
    as_json: AsJson = False,
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
    studies: Studies = None,
    quick: Quick = False,
    seeds: Seeds = None,
    out: Out = Path("report"),
    jobs: Jobs = None,
    engine: Engine = None,
    data: Data = None,
    from_store: FromStore = False,
    form: Format = "html",
    as_json: AsJson = False,
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
    file: Annotated[Path, typer.Argument(help="TOML file; docs/studies.md tells how.")],
    quick: Quick = False,
    seeds: Seeds = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for page and runs; the file's name.")
    ] = None,
    jobs: Jobs = None,
    engine: Engine = None,
    data: Data = None,
    from_store: FromStore = False,
    form: Format = "html",
    as_json: AsJson = False,
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
    table: Annotated[Path, typer.Argument(help="A CSV, Parquet or Arrow file.")],
    target: Annotated[str, typer.Option(help="Column to predict.")],
    out: Annotated[Path, typer.Option(help="Folder for the page.")] = Path(
        "comparison"
    ),
    task: Annotated[
        str | None, typer.Option(help="regression or classification; by the target.")
    ] = None,
    groups: Annotated[
        str | None, typer.Option(help="Column whose equal values stay together.")
    ] = None,
    time: Annotated[
        str | None, typer.Option(help="Column to order by: train before, test after.")
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(help="Candidate that alone decides; every cheaper one does."),
    ] = None,
    drop: Annotated[
        list[str] | None, typer.Option(help="Column to leave out; may be repeated.")
    ] = None,
    category: Annotated[
        list[str] | None,
        typer.Option(help="Column whose numbers are codes; may be repeated."),
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option(help="Column to use though it looks like row numbers."),
    ] = None,
    encoding: Encoding = None,
    separator: Separator = None,
    decimal: Decimal = None,
    thousands: Thousands = None,
    dates: Dates = None,
    gaps: Gaps = None,
    metric: Annotated[
        str | None,
        typer.Option(
            help="RMSE, MAE or Poisson deviance; log loss, Brier, AUC, balanced error."
        ),
    ] = None,
    repeats: Annotated[
        int | None, typer.Option(min=1, help="Of cross-validation; 3.")
    ] = None,
    folds: Annotated[
        int | None, typer.Option(min=2, help="Of cross-validation; by the rows.")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="A first look: 2 x 3 folds.")
    ] = False,
    rope: Annotated[float, typer.Option(help="Least gain that matters.")] = 0.01,
    seed: Annotated[
        int, typer.Option(min=0, max=2**32 - 1, help="Of folds and fits.")
    ] = 0,
    jobs: Jobs = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the page of another table.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Tell whether a neural network is justified on a table."""
    from perceptrons.comparison import command
    from perceptrons.tables.read import Format

    form = Format(encoding, separator, decimal, thousands, dates, tuple(gaps or ()))
    request = command.Request(
        table, form, target, out, task, groups, time, against, drop or [],
        category or [], keep or [], metric, repeats, folds, quick, rope, seed, jobs,
        overwrite, _command(),
    )  # fmt: skip
    from perceptrons.pages.lock import hold

    try:
        with hold(out):
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
    except ValueError as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(2) from None
    if not as_json:
        typer.echo(page)
        model_commands.keep_winner(result, out)


for _command_of_models in (
    model_commands.fit,
    model_commands.predict,
    model_commands.export,
    model_commands.show,
):
    app.command()(_command_of_models)


@app.command()
def bench(
    peers: Annotated[
        list[str] | None, typer.Option(help="Only these peers, between commas.")
    ] = None,
    workloads: Annotated[
        list[str] | None, typer.Option(help="Only these, such as W1,W6.")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Few epochs.")] = False,
    complete: Annotated[
        bool, typer.Option("--complete", help="The whole work for slow peers, too.")
    ] = False,
    repeats: Annotated[int | None, typer.Option(min=1, help="Rounds.")] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Most threads.")] = None,
    as_json: AsJson = False,
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
def info(as_json: AsJson = False) -> None:
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


if __name__ == "__main__":
    app()
