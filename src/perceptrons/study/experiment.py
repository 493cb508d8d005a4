"""The files of experiments: TOML, checked and read into the records of a plan.

The name of a study is that of its file, a hyphen in the place of blanks and signs.
The keys of a file::

    title, question, reference          texts; the reference is optional
    metric                              the measure that decides, such as "test_mse":
                                        verdicts, best rows and the spread over seeds
                                        go by it, and lower is better
    procedure                           "network" unless said otherwise
    dataset                             where the procedure needs data: a name of
                                        perceptrons.data.DATASETS, or a table with the
                                        keys file (a CSV file, relative to this one),
                                        target (its column), test_size (0.2) and
                                        validation_size (0.2): the shares of the rows
                                        that are reported, and that choose the best
                                        settings (0: those that are reported choose)
    seeds                               list of integers, [0] unless said otherwise
    notes                               list of sentences printed beside the results
    [base]                              settings shared by all runs
    [axes]                              setting -> list of values; every combination.
                                        Settings that vary together are one axis of
                                        any name: a list of tables, each with the
                                        settings of one of its cells. "dataset" may
                                        be an axis, too
    [quick]                             settings that --quick replaces: of an axis, by
                                        one value or by a list of as many as it has
    [stand_in]                          where the data set's files are not at hand, and
                                        under --quick: another dataset, and settings
                                        that replace base's there; notes are left out
    [[extra]]                           one more run each: its procedure, dataset and
                                        settings; with the main procedure they replace
                                        base's
    [[claims]]                          what is expected, stated before training: text;
                                        lower and than, the settings of two kinds of
                                        runs (than: all others if left out); like, each
                                        and agree, see perceptrons.report.stated
"""

from __future__ import annotations

import itertools
import json
import math
import re
import sys
import tomllib
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from perceptrons import _reading
from perceptrons.data import DATASETS
from perceptrons.data.table import describe
from perceptrons.study import procedures
from perceptrons.study.errors import ExperimentError
from perceptrons.study.plan import (
    Experiment,
    check_count,
    check_seeds,
    choice,
    combinations,
)
from perceptrons.study.shipped import builtin_file

_REQUIRED = ("title", "question", "metric")
_OPTIONAL = {
    "dataset": str | dict,
    "reference": str,
    "procedure": str,
    "seeds": list,
    "notes": list,
    "base": dict,
    "axes": dict,
    "quick": dict,
    "stand_in": dict,
    "extra": list,
    "claims": list,
}
# The keys of a claim, and what kind they have; the first two are needed.
_CLAIM: dict[str, Any] = {
    "text": str, "lower": dict, "than": dict, "like": bool, "each": list, "agree": str
}  # fmt: skip
# No file that a person writes is longer.
_LONGEST = 1_000_000

# A key in the table of a table ...: reading it takes the square of its parts.
_DEEP = re.compile(r"(?<![\w.-])(?:[\w-]+\s*\.\s*){100}")

_KINDS: dict[Any, str] = {
    str: "text", list: "list", dict: "table", bool: "true or false",
    str | dict: "text or a table",
}  # fmt: skip


def builtin(name: str) -> Experiment:
    """Load one of the package's experiments.

    Raises
    ------
    ExperimentError
        For an unknown name, with the nearest known one.
    """
    return load(builtin_file(name))


def load(path: Path | Traversable) -> Experiment:
    """Read and check an experiment.

    Parameters
    ----------
    path : Path
        A TOML file of the form this module describes.

    Returns
    -------
    Experiment

    Raises
    ------
    ExperimentError
        If the file cannot be read or a key is unknown, missing or of a wrong kind;
        the text names file and key.
    """
    source = str(path)
    table = _table(source, path)
    _check(source, table)
    return Experiment(
        name=_name(path),
        **{key: table[key] for key in _REQUIRED},
        dataset=_dataset(source, table),
        procedure=table.get("procedure", "network"),
        reference=table.get("reference", ""),
        seeds=tuple(table.get("seeds", [0])),
        notes=tuple(table.get("notes", [])),
        base=table.get("base", {}),
        axes=table.get("axes", {}),
        quick=table.get("quick", {}),
        stand_in=table.get("stand_in", {}),
        extra=tuple(table.get("extra", [])),
        claims=tuple(table.get("claims", [])),
        source=source,
    )


def _table(source: str, path: Path | Traversable) -> dict[str, Any]:
    """Return what a file says."""
    try:
        # What comes with the package may be in an archive.
        raw = (
            _reading.content(path, _LONGEST)
            if isinstance(path, Path)
            else path.read_bytes()
        )
        text = raw.decode("utf-8-sig")
    except OSError as error:
        raise ExperimentError(f"{source} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise ExperimentError(f"{source} must be text in UTF-8: {error}.") from None
    deep = f"{source} cannot be read: it nests tables or lists too deeply."
    if _DEEP.search(text):
        raise ExperimentError(deep)
    try:
        table = tomllib.loads(text)
        # As deep as it was read, it must also be written down.
        json.dumps(table, default=str)
    except RecursionError:
        raise ExperimentError(deep) from None
    except tomllib.TOMLDecodeError as error:
        raise ExperimentError(f"{source} is not valid TOML: {error}.") from None
    except ValueError:
        raise ExperimentError(
            f"{source} cannot be read: it holds a whole number of more than "
            f"{sys.get_int_max_str_digits():,} digits."
        ) from None
    return table


def _name(path: Path | Traversable) -> str:
    """Return the file's name, of signs that ids, links and file names can hold."""
    return re.sub(r"[^\w-]+", "-", Path(path.name).stem).strip("-") or "study"


def _check(source: str, table: dict[str, Any]) -> None:
    """Check keys and kinds; the names of settings are checked when runs are made."""
    for key in table:
        choice(source, key, [*_REQUIRED, *_OPTIONAL], "a key")
    for key in _REQUIRED:
        if key not in table:
            raise ExperimentError(f"{source}: the key {key!r} is missing; add it.")
    for key, kind in {**dict.fromkeys(_REQUIRED, str), **_OPTIONAL}.items():
        if key in table and not isinstance(table[key], kind):
            raise ExperimentError(
                f"{source}: {key} must be a {_KINDS[kind]}, got {table[key]!r}."
            )
    check_seeds(source, table.get("seeds", [0]))
    _check_axes(source, table.get("axes", {}))
    cells = math.prod(map(len, table.get("axes", {}).values()))
    entries = cells + len(table.get("extra", []))
    check_count(source, entries, len(table.get("seeds", [0])))
    for entry in table.get("extra", []):
        if not isinstance(entry, dict):
            raise ExperimentError(
                f"{source}: extra must hold tables, got {entry!r}; write [[extra]]."
            )
    _check_claims(source, table)
    _check_parts(source, table)
    if "stand_in" in table:
        _check_stand_in(source, table)


def _check_claims(source: str, table: dict[str, Any]) -> None:
    """Check that claims are whole, and speak of settings that vary here."""
    cells = [*combinations(table.get("axes", {})), *table.get("extra", [])]
    known = ["model", "procedure", *itertools.chain(table.get("base", {}), *cells)]
    for claim in table.get("claims", []):
        if not isinstance(claim, dict):
            raise ExperimentError(
                f"{source}: claims must hold tables, got {claim!r}; write [[claims]]."
            )
        for key, value in claim.items():
            choice(source, key, _CLAIM, "a key of claims")
            if not isinstance(value, _CLAIM[key]):
                raise ExperimentError(
                    f"{source}: {key} of a claim must be a {_KINDS[_CLAIM[key]]}, got "
                    f"{value!r}."
                )
        for key in ("text", "lower"):
            if key not in claim:
                raise ExperimentError(f"{source}: a claim needs {key!r}; add it.")
        choice(source, claim.get("agree", "all"), ["all", "most"], "agree of a claim")
        named = itertools.chain(
            claim["lower"], claim.get("than", {}), claim.get("each", [])
        )
        for name in named:
            choice(source, name, dict.fromkeys(known), "a setting of a claim")


def _check_parts(source: str, table: dict[str, Any]) -> None:
    """Check wherever they may stand that procedure, metric and data set fit."""
    parts = [
        ("the file", table),
        *(("axes", cell) for cell in combinations(table.get("axes", {}))),
        *(("extra", entry) for entry in table.get("extra", [])),
        ("stand_in", table.get("stand_in", {})),
    ]
    for place, part in parts:
        name = part.get("procedure", table.get("procedure", "network"))
        choice(source, name, procedures.PROCEDURES, "a procedure")
        procedure = procedures.PROCEDURES[name]
        choice(source, table["metric"], procedure.metrics, "metric")
        dataset = part.get("dataset", table.get("dataset", ""))
        if "dataset" in part and part is not table and not isinstance(dataset, str):
            raise ExperimentError(
                f"{source}: dataset of {place} must be a name, got {dataset!r}; a "
                "table is for the whole file, at its top."
            )
        if isinstance(dataset, dict):
            continue  # its file is checked when it is read
        if procedure.needs_data or dataset:
            fit = [
                k for k, data in DATASETS.items() if data.classes == procedure.classes
            ]
            choice(source, dataset, fit, "dataset")


def _check_stand_in(source: str, table: dict[str, Any]) -> None:
    """Check that there is another data set, and one that it can replace."""
    if "dataset" not in table["stand_in"]:
        raise ExperimentError(
            f"{source}: stand_in needs a dataset, such as dataset = 'digits'."
        )
    if table.get("dataset") not in list(DATASETS):
        raise ExperimentError(
            f"{source}: stand_in can only replace a dataset that is a name, got "
            f"{table.get('dataset')!r}; leave it out."
        )
    if any("dataset" in cell for cell in combinations(table.get("axes", {}))):
        raise ExperimentError(
            f"{source}: stand_in replaces the dataset; leave dataset out of axes, or "
            "leave stand_in out."
        )


def _dataset(source: str, table: dict[str, Any]) -> str:
    """Return the name of the data set; a file of the reader's own is read for it."""
    dataset = table.get("dataset", "")
    if isinstance(dataset, str):
        return dataset
    procedure = procedures.PROCEDURES[table.get("procedure", "network")]
    try:
        folder = Path(source).parent
        return describe(dataset, folder, classes=procedure.classes).name
    except (TypeError, ValueError) as error:
        raise ExperimentError(f"{source}: {error}") from None


def _check_axes(source: str, axes: dict[str, Any]) -> None:
    """Check that every axis has values, and that no setting varies along two."""
    varied: dict[str, str] = {}
    for axis, values in axes.items():
        if not isinstance(values, list) or not values:
            raise ExperimentError(
                f"{source}: axes.{axis} must be a list of values, got {values!r}."
            )
        tables = [value for value in values if isinstance(value, dict)]
        if tables and len(tables) < len(values):
            raise ExperimentError(
                f"{source}: axes.{axis} must hold tables only or no tables, got "
                f"{values!r}."
            )
        for key in dict.fromkeys(itertools.chain(*tables)) if tables else [axis]:
            if key in varied:
                raise ExperimentError(
                    f"{source}: axes.{axis} varies {key}, which axes.{varied[key]} "
                    "varies already; put both into one axis of tables."
                )
            varied[key] = axis
