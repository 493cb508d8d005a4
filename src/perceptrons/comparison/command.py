"""The command ``perceptrons compare``: a file, its verdict and its page."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from perceptrons.comparison.compare import compare
from perceptrons.comparison.options import Options
from perceptrons.comparison.progress import tell, waiting
from perceptrons.comparison.result import Comparison
from perceptrons.tables import DataError, read
from perceptrons.tables.read import Format, take_column

#: Beside the page: which question it answers.
ORIGIN = "comparison.json"


@dataclass(frozen=True)
class Request:
    """What the user asked for.

    Parameters
    ----------
    table : Path
        A CSV, Parquet or Arrow file.
    form : Format
        What the user says of how it is written.
    target : str
        Column to predict.
    out : Path
        Folder of the page.
    options : Options
        Columns by name.
    overwrite : bool
        Whether a page of another table or target may be replaced.
    command : str
        As the user typed it, for the page.
    """

    table: Path
    form: Format
    target: str
    out: Path
    options: Options
    overwrite: bool
    command: str

    @property
    def origin(self) -> dict[str, str]:
        """The question that a page answers: one of the same may replace it."""
        return {"table": str(self.table.resolve()), "target": self.target}


def run(request: Request) -> Comparison:
    """Read the file, say what to mind, and compare; no file is written.

    Parameters
    ----------
    request : Request

    Returns
    -------
    Comparison

    Raises
    ------
    ValueError
        If the file, the columns or an option do not allow a comparison, or the folder
        holds the page of another one.
    """
    _check_folder(request)
    options = request.options
    named = (options.groups, options.time, options.blocks, *options.category)
    labels = {name for name in named if name is not None}
    written = {*labels, *options.drop}
    with waiting(True, f"reading {request.table.name}"):
        table = read(request.table, form=request.form, as_written=written)
    tell(True, table.told)
    _check_single(request.target, list(map(str, table.frame.columns)))
    X, y = take_column(table.frame, request.target, "--target")
    for option, names in (("category", options.category), ("keep", options.keep)):
        for name in names:
            take_column(X, name, f"--{option}")
    result = compare(X, y, **vars(options), progress=True)
    return replace(
        result,
        prepared=replace(
            result.prepared, columns=table.account(result.prepared.columns)
        ),
        warnings=[*table.told, *result.warnings],
        reproduce=request.command,
        source=table.source,
    )


def _check_single(target: str, names: list[str]) -> None:
    """Refuse several targets, each of which has a verdict of its own."""
    parts = [part.strip() for part in target.split(",")]
    if target not in names and len(parts) > 1 and set(parts) <= set(names):
        raise DataError(
            f"--target must name one column, got {target!r}; several targets are "
            f"several questions: compare each in a call of its own, --target {parts[0]}"
            f" --drop {' --drop '.join(parts[1:])} where the others are not known when "
            "it is predicted."
        )


def _check_folder(request: Request) -> None:
    """Refuse, before minutes of training, to replace a page of another question."""
    page = request.out / "index.html"
    if request.overwrite or not page.exists():
        return
    found = _origin(request.out / ORIGIN)
    if found == request.origin:
        return
    of = "something else"
    if isinstance(found, dict) and found.keys() == request.origin.keys():
        of = f"{found['target']!r} in {found['table']}"
    raise DataError(
        f"--out must not hold another page, got {request.out}, whose page is of {of}; "
        "name another folder, or replace the page with --overwrite."
    )


def _origin(path: Path) -> Any:
    """Return what a page answers; None if that is not known."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None


def save(result: Comparison, request: Request) -> Path:
    """Write the page and return the path of index.html.

    Parameters
    ----------
    result : Comparison
    request : Request

    Raises
    ------
    DataError
        If the folder cannot be written; nothing is then written.
    """
    folder = request.out
    try:
        page = result.save(folder)
        (folder / ORIGIN).write_text(json.dumps(request.origin), encoding="utf-8")
        return page
    except OSError as error:
        raise DataError(
            f"{folder} cannot be written ({error}); choose a folder you can write to "
            "with --out."
        ) from error


def told(result: Comparison) -> list[str]:
    """Return the lines of the terminal: the sentence, the steps, and what to mind."""
    verdict = result.verdict
    return [str(verdict), *map(str, verdict.steps), *verdict.notes]


def as_json(result: Comparison, page: Path | None) -> str:
    """Return everything but predictions, and where the page is, if it is, as JSON."""
    return json.dumps({"page": page and str(page), **result.as_dict()})
