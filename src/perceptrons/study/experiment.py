"""Experiments: a TOML file becomes a frozen record, and that becomes runs.

The name of a study is that of its file. The keys of a file::

    title, question, reference          texts; the reference is optional
    metric                              the measure that decides, such as "test_mse":
                                        verdicts, best rows and the spread over seeds
                                        go by it, and lower is better
    procedure                           "network" unless said otherwise
    dataset                             a name of perceptrons.data.DATASETS, where the
                                        procedure needs data
    seeds                               list of integers, [0] unless said otherwise
    notes                               list of sentences printed beside the results
    [base]                              settings shared by all runs
    [axes]                              setting -> list of values; every combination
    [quick]                             settings that --quick replaces
    [[extra]]                           one more run each: its procedure and settings;
                                        with the main procedure they replace base's
"""

from __future__ import annotations

import hashlib
import itertools
import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import perceptrons
from perceptrons import _checks
from perceptrons.data import DATASETS
from perceptrons.engine import missing
from perceptrons.study import procedures, provenance

#: The studies in the order in which they are listed and printed: the report's own.
#: The file studies/NAME.toml holds the settings; perceptrons.report.sections has a
#: module of that name, its hyphens underscores, for the page.
BUILTIN = ("gradient-descent", "learning-rates", "optimizers", "gradient-check")

_REQUIRED = ("title", "question", "metric")
_OPTIONAL = {
    "dataset": str,
    "reference": str,
    "procedure": str,
    "seeds": list,
    "notes": list,
    "base": dict,
    "axes": dict,
    "quick": dict,
    "extra": list,
}


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
        A name of ``data.DATASETS``, or "".
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
        """Hash of all that decides the result, version and commit included."""
        parts = {
            "study": self.study,
            "procedure": self.procedure,
            "dataset": self.dataset,
            "settings": self.settings,
            "seed": self.seed,
            "version": perceptrons.__version__,
            "commit": provenance.commit(),
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
    extra : tuple of mappings
        Each with the key ``procedure`` and settings.
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
            In the file's order, seed after seed.

        Raises
        ------
        ExperimentError
            For a setting the procedure does not know, or a value it refuses.
        """
        override = dict(self.quick) if quick else {}
        planned: list[tuple[str, dict[str, Any]]] = [
            (self.procedure, {**self.base, **cell, **override})
            for cell in _combinations(self.axes)
        ]
        for entry in self.extra:
            settings = {k: v for k, v in entry.items() if k != "procedure"}
            procedure = entry.get("procedure", self.procedure)
            if procedure == self.procedure:
                settings = {**self.base, **settings, **override}
            planned.append((procedure, settings))
        return [
            self._run(procedure, settings, seed, engine)
            for seed in (self.seeds if seeds is None else seeds)
            for procedure, settings in planned
        ]

    def _run(
        self, name: str, settings: dict[str, Any], seed: int, engine: str | None
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
        return Run(self.name, name, self.dataset, text, seed)


def _combinations(axes: Mapping[str, list[Any]]) -> list[dict[str, Any]]:
    """Return one dictionary per cell, the last axis running fastest."""
    return [
        dict(zip(axes, values, strict=True))
        for values in itertools.product(*axes.values())
    ]


def builtin(name: str) -> Experiment:
    """Load one of the package's experiments.

    Raises
    ------
    ExperimentError
        For an unknown name, with the nearest known one.
    """
    try:
        _checks.choice("STUDY", name, BUILTIN)
    except ValueError as error:
        raise ExperimentError(str(error)) from None
    return load(resources.files("perceptrons.study") / "studies" / f"{name}.toml")


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
        dataset=table.get("dataset", ""),
        procedure=table.get("procedure", "network"),
        reference=table.get("reference", ""),
        seeds=tuple(table.get("seeds", [0])),
        notes=tuple(table.get("notes", [])),
        base=table.get("base", {}),
        axes=table.get("axes", {}),
        quick=table.get("quick", {}),
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
                f"{source}: {key} must be a {kind.__name__}, got {table[key]!r}."
            )
    main = table.get("procedure", "network")
    for part in [table, *table.get("extra", [])]:
        name = part.get("procedure", main)
        _choice(source, name, procedures.PROCEDURES, "a procedure")
        _choice(source, table["metric"], procedures.PROCEDURES[name].metrics, "metric")
        if procedures.PROCEDURES[name].needs_data or "dataset" in table:
            _choice(source, table.get("dataset", ""), DATASETS, "dataset")
    for key, values in table.get("axes", {}).items():
        if not isinstance(values, list) or not values:
            raise ExperimentError(
                f"{source}: axes.{key} must be a list of values, got {values!r}."
            )
    for seed in table.get("seeds", [0]):
        if not isinstance(seed, int) or seed < 0:
            raise ExperimentError(
                f"{source}: seeds must hold integers of at least 0, got {seed!r}."
            )


def _choice(source: str, value: Any, known: Iterable[str], what: str) -> None:
    """Refuse an unknown name, with file and nearest known name."""
    try:
        _checks.choice(what, value, known)
    except (TypeError, ValueError) as error:
        raise ExperimentError(f"{source}: {error}") from None
