"""The options of the commands: what each is called, takes and says of itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

# What many commands take.
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Jobs = Annotated[
    int | None,
    typer.Option(min=1, max=1024, help="Processes; all cores if not given."),
]
Target = Annotated[str, typer.Option(help="Column to predict.")]
Task = Annotated[
    str | None, typer.Option(help="regression or classification; by the target.")
]
Drop = Annotated[
    list[str] | None, typer.Option(help="Column to leave out; may be repeated.")
]

# Of the report and of studies.
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
StudyFile = Annotated[
    Path, typer.Argument(help="TOML file; docs/studies.md tells how.")
]
StudyOut = Annotated[
    Path | None, typer.Option(help="Folder for page and runs; the file's name.")
]
Template = Annotated[
    str | None,
    typer.Option(metavar="STUDY", help="Print this study's file, as a template."),
]

# How a table's file is written.
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

# Of a comparison.
TableFile = Annotated[Path, typer.Argument(help="A CSV, Parquet or Arrow file.")]
PageOut = Annotated[Path, typer.Option(help="Folder for the page.")]
Groups = Annotated[
    str | None, typer.Option(help="Column whose equal values stay together.")
]
Time = Annotated[
    str | None, typer.Option(help="Column to order by: train before, test after.")
]
Gap = Annotated[
    int, typer.Option(min=0, help="Moments between training and test along time.")
]
Blocks = Annotated[
    str | None, typer.Option(help="Column whose blocks are folds, to see what shifts.")
]
Weights = Annotated[
    str | None, typer.Option(help="Column that says for how many each row stands.")
]
Against = Annotated[
    str | None,
    typer.Option(help="Candidate that alone decides; every cheaper one does."),
]
Category = Annotated[
    list[str] | None,
    typer.Option(help="Column whose numbers are codes; may be repeated."),
]
Keep = Annotated[
    list[str] | None,
    typer.Option(help="Column to use though it looks like row numbers."),
]
Metric = Annotated[
    str | None,
    typer.Option(
        help="RMSE, MAE, Poisson deviance or 'pinball 0.9'; log loss, Brier, AUC, "
        "balanced error or costs, '[[0, 1], [10, 0]]': a row per true class."
    ),
]
Repeats = Annotated[int | None, typer.Option(min=1, help="Of cross-validation; 3.")]
Folds = Annotated[
    int | None, typer.Option(min=2, help="Of cross-validation; by the rows.")
]
FirstLook = Annotated[bool, typer.Option("--quick", help="A first look: 2 x 3 folds.")]
Rope = Annotated[float, typer.Option(help="Least gain that matters.")]
Seed = Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Of folds and fits.")]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace the page of another table.")
]

# Of the benchmarks.
Peers = Annotated[
    list[str] | None, typer.Option(help="Only these peers, between commas.")
]
Workloads = Annotated[list[str] | None, typer.Option(help="Only these, such as W1,W6.")]
FewEpochs = Annotated[bool, typer.Option("--quick", help="Few epochs.")]
Complete = Annotated[
    bool, typer.Option("--complete", help="The whole work for slow peers, too.")
]
Rounds = Annotated[int | None, typer.Option(min=1, help="Rounds.")]
Threads = Annotated[int | None, typer.Option(min=1, help="Most threads.")]
