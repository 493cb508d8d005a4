"""Experiments: a TOML file becomes a frozen record, and that becomes runs.

The name of a study is that of its file. The keys of a file::

    title, question, reference          texts; the reference is optional
    metric                              the measure that decides, such as "test_mse":
                                        verdicts, best rows and the spread over seeds
                                        go by it, and lower is better
    procedure                           "network" unless said otherwise
    dataset                             where the procedure needs data: a name of
                                        perceptrons.data.DATASETS, or a table with the
                                        keys file (a CSV file, relative to this one),
                                        target (its column) and test_size (0.2)
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
                                        that replace base's there
    [[extra]]                           one more run each: its procedure, dataset and
                                        settings; with the main procedure they replace
                                        base's
"""

from __future__ import annotations

import hashlib
import itertools
import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import perceptrons
from perceptrons import _checks
from perceptrons.data import DATASETS, identity
from perceptrons.data.table import describe
from perceptrons.engine import missing
from perceptrons.study import procedures, provenance

#: The studies in the order in which they are listed and printed: the report's own.
#: The file studies/NAME.toml holds the settings; perceptrons.report.sections has a
#: module of that name, its hyphens underscores, for the page.
BUILTIN = (
    "gradient-descent",
    "learning-rates",
    "optimizers",
    "gradient-check",
    "libraries",
    "architectures",
    "regularization",
    "linear-baselines",
    "mnist-architectures",
    "mnist-regularization",
    "mnist-final",
)

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
}
_KINDS = {str: "text", list: "list", dict: "table", str | dict: "text or a table"}


class ExperimentError(ValueError):
    """An experiment, or what was asked of it, cannot be run; the text says why."""


@dataclass(frozen=True)
class Run:
    """One fully resolved configuration and its seed.

    Parameters
    ----------
    study : str
        Name of the experiment.
    procedure : str
        A name of ``procedures.PROCEDURES``.
    dataset : str
        A name that ``data.source`` knows, or "".
    settings_json : str
        All settings as JSON with sorted keys, so that runs compare and hash.
    seed : int
        Of the data and of the procedure.
    """

    study: str
    procedure: str
    dataset: str
    settings_json: str
    seed: int

    @cached_property
    def settings(self) -> dict[str, Any]:
        """The settings as a dictionary."""
        decoded: dict[str, Any] = json.loads(self.settings_json)
        return decoded

    @cached_property
    def key(self) -> str:
        """Hash of all that decides the result, the code included."""
        parts = {
            "study": self.study,
            "procedure": self.procedure,
            "dataset": identity(self.dataset),
            "settings": self.settings,
            "seed": self.seed,
            "version": perceptrons.__version__,
            "code": provenance.code(),
            "libraries": procedures.PROCEDURES[self.procedure].installed(),
            # "auto" trains on the compiled engine once there is one.
            "compiled": missing() is None,
        }
        text = json.dumps(parts, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def work(self) -> float:
        """Expected seconds, roughly, to start the largest run first."""
        return procedures.PROCEDURES[self.procedure].work(self.settings)


@dataclass(frozen=True)
class Experiment:
    """A question and the runs that answer it; see the module for its file.

    Parameters
    ----------
    name, title, question, dataset, metric, procedure, reference : str
    seeds : tuple of int
    notes : tuple of str
    base, quick : mapping of setting to value
    axes : mapping of setting to its values
    stand_in : mapping
        Empty, or the key ``dataset`` and settings.
    extra : tuple of mappings
        Each with the keys ``procedure`` and ``dataset``, or without, and settings.
    source : str
        Where the file lies, for error messages.
    """

    name: str
    title: str
    question: str
    dataset: str
    metric: str
    procedure: str
    reference: str
    seeds: tuple[int, ...]
    notes: tuple[str, ...]
    base: Mapping[str, Any]
    axes: Mapping[str, list[Any]]
    quick: Mapping[str, Any]
    stand_in: Mapping[str, Any]
    extra: tuple[Mapping[str, Any], ...]
    source: str

    def runs(
        self,
        *,
        quick: bool = False,
        seeds: Iterable[int] | None = None,
        engine: str | None = None,
    ) -> list[Run]:
        """Expand into runs: every combination of the axes, then the extra runs.

        Parameters
        ----------
        quick : bool, default=False
            Let the file's ``[quick]`` settings replace the others.
        seeds : iterable of int, optional
            Instead of the file's.
        engine : str, optional
            Replaces the ``engine`` of every network and gradient check.

        Returns
        -------
        list of Run
            In the file's order, seed after seed, none twice.

        Raises
        ------
        ExperimentError
            For a setting the procedure does not know, or a value it refuses.
        """
        planned: list[tuple[str, str, dict[str, Any]]] = []
        for entry in [*_combinations(self.axes), *self.extra]:
            settings = _without(entry, "procedure", "dataset")
            procedure = entry.get("procedure", self.procedure)
            if procedure == self.procedure:
                settings = {**self.base, **settings}
                settings |= self._shortened(settings) if quick else {}
            planned.append((procedure, entry.get("dataset", self.dataset), settings))
        made = [
            self._run(procedure, dataset, settings, seed, engine)
            for seed in (self.seeds if seeds is None else seeds)
            for procedure, dataset, settings in planned
        ]
        return list(dict.fromkeys(made))

    @property
    def datasets(self) -> list[str]:
        """The names of all data sets it uses, its own first."""
        entries = [*_combinations(self.axes), *self.extra]
        used = [self.dataset, *(e.get("dataset", self.dataset) for e in entries)]
        return [name for name in dict.fromkeys(used) if name]

    def standing_in(self) -> Experiment:
        """Return the same question asked of the stand-in's data, and titled so."""
        dataset = self.stand_in["dataset"]
        old, new = DATASETS[self.dataset].label, DATASETS[dataset].label
        return replace(
            self,
            title=self.title.replace(old, new),
            question=self.question.replace(old, new),
            dataset=dataset,
            base={**self.base, **_without(self.stand_in, "dataset")},
            extra=tuple({**entry, "dataset": dataset} for entry in self.extra),
        )

    def _shortened(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Return what ``quick`` puts in the place of these settings."""
        shorter = dict(self.quick)
        for name, values in self.axes.items():
            new = shorter.get(name)
            if isinstance(new, list) and list(map(type, new)) == list(
                map(type, values)
            ):
                old = settings.get(name)
                shorter[name] = new[values.index(old)] if old in values else old
        return shorter

    def _run(
        self,
        name: str,
        dataset: str,
        settings: dict[str, Any],
        seed: int,
        engine: str | None,
    ) -> Run:
        """Check the settings and freeze one run."""
        procedure = procedures.PROCEDURES[name]
        known = procedure.known()
        for key in settings:
            _choice(self.source, key, known, f"a setting of {name!r}")
        if engine is not None and "engine" in known:
            settings = {**settings, "engine": engine}
        try:
            procedure.check(settings)
        except (TypeError, ValueError) as error:
            raise ExperimentError(
                f"The study {self.name!r} cannot run: {error}"
            ) from None
        text = json.dumps(settings, sort_keys=True)
        return Run(self.name, name, dataset, text, seed)


def _combinations(axes: Mapping[str, list[Any]]) -> list[dict[str, Any]]:
    """Return one dictionary per cell, the last axis running fastest."""
    parts = [
        [value if isinstance(value, dict) else {name: value} for value in values]
        for name, values in axes.items()
    ]
    return [
        {key: value for part in cell for key, value in part.items()}
        for cell in itertools.product(*parts)
    ]


def _without(table: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Return all entries but these."""
    return {key: value for key, value in table.items() if key not in names}


def builtin(name: str) -> Experiment:
    """Load one of the package's experiments.

    Raises
    ------
    ExperimentError
        For an unknown name, with the nearest known one.
    """
    return load(builtin_file(name))


def builtin_file(name: str) -> Traversable:
    """Return the file of a built-in experiment; errors as :func:`builtin`."""
    try:
        _checks.choice("STUDY", name, BUILTIN)
    except ValueError as error:
        raise ExperimentError(str(error)) from None
    return resources.files("perceptrons.study") / "studies" / f"{name}.toml"


def published(name: str) -> Traversable:
    """Return the file with the report's own numbers called ``name``.csv."""
    return resources.files("perceptrons.study") / "published" / f"{name}.csv"


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
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ExperimentError(f"{source} cannot be read: {error}.") from None
    except tomllib.TOMLDecodeError as error:
        raise ExperimentError(f"{source} is not valid TOML: {error}.") from None
    _check(source, table)
    return Experiment(
        name=Path(path.name).stem,
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
        source=source,
    )


def _check(source: str, table: dict[str, Any]) -> None:
    """Check keys and kinds; the names of settings are checked when runs are made."""
    for key in table:
        _choice(source, key, [*_REQUIRED, *_OPTIONAL], "a key")
    for key in _REQUIRED:
        if key not in table:
            raise ExperimentError(f"{source}: the key {key!r} is missing; add it.")
    for key, kind in {**dict.fromkeys(_REQUIRED, str), **_OPTIONAL}.items():
        if key in table and not isinstance(table[key], kind):
            raise ExperimentError(
                f"{source}: {key} must be a {_KINDS[kind]}, got {table[key]!r}."
            )
    main = table.get("procedure", "network")
    stand_ins = [table["stand_in"]] if "stand_in" in table else []
    for part in [table, *table.get("extra", []), *stand_ins]:
        name = part.get("procedure", main)
        _choice(source, name, procedures.PROCEDURES, "a procedure")
        procedure = procedures.PROCEDURES[name]
        _choice(source, table["metric"], procedure.metrics, "metric")
        dataset = part.get("dataset", table.get("dataset", ""))
        if isinstance(dataset, dict):
            continue  # its file is checked when it is read
        if procedure.needs_data or dataset:
            fit = [
                k for k, data in DATASETS.items() if data.classes == procedure.classes
            ]
            _choice(source, dataset, fit, "dataset")
    _check_axes(source, table.get("axes", {}))
    for dataset in table.get("axes", {}).get("dataset", []):
        _choice(source, dataset, DATASETS, "dataset")
    for seed in table.get("seeds", [0]):
        if not isinstance(seed, int) or seed < 0:
            raise ExperimentError(
                f"{source}: seeds must hold integers of at least 0, got {seed!r}."
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


def _choice(source: str, value: Any, known: Iterable[str], what: str) -> None:
    """Refuse an unknown name, with file and nearest known name."""
    try:
        _checks.choice(what, value, known)
    except (TypeError, ValueError) as error:
        raise ExperimentError(f"{source}: {error}") from None
