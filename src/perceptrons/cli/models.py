"""The commands about models: fit, predict, export, show."""

from __future__ import annotations

import copy
import functools
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from perceptrons.cli import options
from perceptrons.cli.answers import answers, write

if TYPE_CHECKING:
    from perceptrons.table_model import TableModel
    from perceptrons.tables.column import Column
    from perceptrons.tables.read import Format
    from perceptrons.tables.read import Table as Read

Table = Annotated[Path, typer.Argument(help="A CSV or Parquet file.")]
File = Annotated[Path, typer.Argument(help="A model that fit or compare wrote.")]


def _in_a_sentence(command: Callable[..., None]) -> Callable[..., None]:
    """Make a command end bad files, columns and options in a sentence and code 2."""

    @functools.wraps(command)
    def run(*given: Any, **named: Any) -> None:
        try:
            command(*given, **named)
        except (ImportError, OSError, TypeError, ValueError) as error:
            said = str(error)
            if isinstance(error, OSError):
                if error.filename is None:
                    raise
                said = f"{error.filename}: {error.strerror}; name another file."
            typer.echo(f"Error: {said}", err=True)
            raise typer.Exit(2) from None

    return run


@_in_a_sentence
def fit(
    table: Table,
    target: options.Target,
    model: Annotated[Path, typer.Option(help="File to write.")] = Path(
        "model.safetensors"
    ),
    task: options.Task = None,
    drop: options.Drop = None,
    recommended: Annotated[
        bool,
        typer.Option("--recommended", help="Compare first, keep what is recommended."),
    ] = False,
    encoding: options.Encoding = None,
    separator: options.Separator = None,
    decimal: options.Decimal = None,
    thousands: options.Thousands = None,
    dates: options.Dates = None,
    gaps: options.Gaps = None,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1)] = 0,
) -> None:
    """Fit a model to a table and keep it in a file."""
    from perceptrons.tables.read import Format

    _check_target_file(model)
    form = Format(encoding, separator, decimal, thousands, dates, tuple(gaps or ()))
    fitted = _recommended if recommended else _preset
    kept = fitted(table, target, form, task, drop or [], seed)
    kept.save(model)
    about = kept.about or {}
    typer.echo(f"{model}: {about['model']}; {about['score']}")
    typer.echo(f"perceptrons predict {model} TABLE", err=True)


@_in_a_sentence
def predict(
    file: File,
    table: Table,
    out: Annotated[
        Path | None, typer.Option(help="CSV to write; printed if not given.")
    ] = None,
    interval: Annotated[
        float | None, typer.Option(help="Level of intervals, such as 0.9.")
    ] = None,
    encoding: options.Encoding = None,
    separator: options.Separator = None,
) -> None:
    """Predict the target of every row of a table."""
    import sys

    from perceptrons.comparison.progress import waiting
    from perceptrons.tables.read import Format

    model = _load(file)
    parts = answers(model, table, Format(encoding, separator), interval)
    if out is None:
        write(parts, sys.stdout)
        return
    part = out.with_name(f".{out.name}.part")
    try:
        with (
            waiting(True, f"predicting {table.name}"),
            open(part, "w", encoding="utf-8", newline="") as stream,
        ):
            write(parts, stream)
        part.replace(out)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


@_in_a_sentence
def export(
    file: Annotated[
        Path, typer.Argument(help="A saved model whose columns are numbers.")
    ],
    to: Annotated[Literal["onnx", "c", "formula"], typer.Option(help="What to write.")],
    out: Annotated[
        Path | None, typer.Option(help="File to write; beside the model if not given.")
    ] = None,
    language: Annotated[
        str, typer.Option(help="Of a formula: python, c, fortran, excel or latex.")
    ] = "python",
    digits: Annotated[int | None, typer.Option(min=1, help="Of a formula.")] = None,
) -> None:
    """Write a saved model in another language."""
    import perceptrons
    from perceptrons.export import to_c, to_formula
    from perceptrons.files import write_whole

    model = perceptrons.load(file)
    place = file if out is None else out
    if to == "onnx":
        from perceptrons.onnx import to_onnx

        written = {place.with_suffix(".onnx"): to_onnx(model).SerializeToString()}
    elif to == "c":
        name = "".join(c if c.isalnum() and c.isascii() else "_" for c in place.stem)
        code = to_c(model, name if name[:1].isalpha() else f"model_{name}"[:31])
        stem = place.with_name(name if name[:1].isalpha() else f"model_{name}"[:31])
        written = {
            stem.with_suffix(".h"): code.header.encode(),
            stem.with_suffix(".c"): code.source.encode(),
        }
    else:
        text = to_formula(model, language, digits)
        if out is None:
            typer.echo(text, nl=False)
            return
        written = {out: text.encode()}
    for path, content in written.items():
        typer.echo(write_whole(path, content))


@_in_a_sentence
def show(file: File) -> None:
    """Say what a model is, on what it was trained, and which columns it takes."""
    import perceptrons
    from perceptrons.table_model import TableModel

    model = perceptrons.load(file)
    if not isinstance(model, TableModel):
        summary = getattr(model, "summary", None)
        typer.echo(repr(model) if summary is None else str(summary()))
        return
    typer.echo(f"target: {model.target}")
    for name, text in (model.about or {}).items():
        typer.echo(f"{name}: {text}")
    if hasattr(model.model, "classes_"):
        typer.echo(f"classes: {', '.join(map(str, model.classes_))}")
    typer.echo("columns:")
    for column in model.encoder.account_:
        typer.echo(f"  {column.name}: {column.action}")


def _check_target_file(path: Path) -> None:
    """Refuse a file that cannot be written before hours of training."""
    from perceptrons.tables.errors import DataError

    if not path.parent.is_dir() or path.is_dir():
        raise DataError(f"--model must name a file in a folder that is there: {path}.")


def _preset(
    table: Path,
    target: str,
    form: Format,
    task: str | None,
    drop: list[str],
    seed: int,
) -> TableModel:
    """Return the preset for tables, fitted."""
    from sklearn.pipeline import Pipeline

    from perceptrons import presets
    from perceptrons.comparison.columns import prepare
    from perceptrons.comparison.progress import waiting
    from perceptrons.table_model import TableModel
    from perceptrons.tables.read import take_column

    found = _read(table, form, drop)
    X, y = take_column(found.frame, target, "--target")
    prepared = prepare(X, y, task=task, drop=drop, form=form)
    for text in prepared.warnings:
        typer.echo(f"Warning: {text}", err=True)
    columns = found.account(prepared.columns)
    described = _described(table, len(X), form)
    del found, X, y  # the table is held once, beside its numbers
    classes = prepared.task == "classification"
    make = presets.tabular_classifier if classes else presets.tabular_regressor
    encoder = prepared.transformer
    numbers = encoder.fit_transform(prepared.X)
    with waiting(True, "training the preset"):
        made = make(random_state=seed).fit(numbers, prepared.y)
    loss = min(trial["loss"] for trial in made.trials_)
    score = f"cross-entropy {loss:.4g}" if classes else f"R^2 {1 - 2 * loss:.4g}"
    about = {
        **described,
        "model": f"preset for tables, {type(made).__name__}",
        "score": f"{score} on rows held out by the inner cross-validation",
    }
    steps = Pipeline([("columns", encoder), ("model", made)])
    model = TableModel.of(steps, prepared.target, about)
    return _with_readings(model, columns)


def _recommended(
    table: Path,
    target: str,
    form: Format,
    task: str | None,
    drop: list[str],
    seed: int,
) -> TableModel:
    """Return what a comparison recommends, fitted."""
    from perceptrons.comparison.compare import compare
    from perceptrons.tables.read import take_column

    found = _read(table, form, drop)
    X, y = take_column(found.frame, target, "--target")
    result = compare(X, y, task=task, drop=drop, random_state=seed, progress=True)
    typer.echo(str(result.verdict), err=True)
    columns = found.account(result.prepared.columns)
    kept = _with_readings(winner_of(result), columns)
    kept.about = {**_described(table, len(X), form), **(kept.about or {})}
    return kept


def _read(table: Path, form: Format, drop: list[str]) -> Read:
    """Return a table, and tell what could be wrong."""
    from perceptrons.comparison.progress import waiting
    from perceptrons.tables.read import read

    with waiting(True, f"reading {table.name}"):
        found = read(table, form=form, as_written=drop)
    for text in found.told:
        typer.echo(f"Warning: {text}", err=True)
    return found


def _described(table: Path, n_rows: int, form: Format) -> dict[str, str]:
    """Return what a model was trained on."""
    return {"table": f"{table.name}, {n_rows:,} rows", **_gaps_of(form)}


def _gaps_of(form: Format) -> dict[str, str]:
    """Return which words stand for missing cells, also in rows to come."""
    return {"gaps": json.dumps(form.gaps)} if form.gaps else {}


def winner_of(result: Any) -> TableModel:
    """Return a comparison's winner with its columns.

    Parameters
    ----------
    result : Comparison
    """
    from perceptrons.table_model import TableModel

    name = result.verdict.recommended
    error = result.table().loc[name, result.metric]
    about = {
        "model": f"{name}: {result.candidates.loc[name, 'description']}",
        "score": f"{result.metric} {error:.4g}, {result.split}",
    }
    found = TableModel.of(result.winner, result.prepared.target, about)
    return _with_readings(found, result.prepared.columns)


def _with_readings(model: TableModel, columns: Sequence[Column]) -> TableModel:
    """Let a model read new rows as these columns were, whatever their file suggests."""
    known = {column.name: column for column in columns}
    model.encoder = copy.copy(model.encoder)
    told = [known.get(column.name, column) for column in model.encoder.account_]
    model.encoder.account_ = [
        replace(own, reading=own.reading or column.reading)
        for own, column in zip(told, model.encoder.account_, strict=True)
    ]
    return model


def keep_winner(result: Any, folder: Path, form: Format) -> None:
    """Write what a comparison recommends beside its page, and say how it is used.

    Parameters
    ----------
    result : Comparison
    folder : Path
    form : Format
        How the table is written.
    """
    from perceptrons.state import StateError

    path = folder / "model.safetensors"
    try:
        kept = winner_of(result)
        kept.about = {**(kept.about or {}), **_gaps_of(form)}
        kept.save(path)
    except (StateError, OSError) as error:
        typer.echo(f"Note: the recommended model is not kept: {error}", err=True)
        return
    typer.echo(f"perceptrons predict {path} TABLE")


def _load(file: Path) -> TableModel:
    """Return a model with its columns."""
    import perceptrons
    from perceptrons.table_model import TableModel
    from perceptrons.tables.errors import DataError

    model = perceptrons.load(file)
    if not isinstance(model, TableModel):
        raise DataError(
            f"{file} holds a {type(model).__name__} without the columns of a table; "
            "use it from Python: perceptrons.load."
        )
    return model
