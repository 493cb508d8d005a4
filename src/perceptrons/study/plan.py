"""Experiments and their runs as frozen records, and how one becomes the others.

:mod:`~perceptrons.study.experiment` reads them from files.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import perceptrons
from perceptrons import _checks, _memory, provenance
from perceptrons.data import DATASETS, identity, shape
from perceptrons.data import check as check_data
from perceptrons.engine import missing
from perceptrons.study import procedures
from perceptrons.study.errors import ExperimentError

#: A page of as many runs takes about a gigabyte and some minutes to draw.
MOST_RUNS = 100_000


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
    claims : tuple of mappings, default=()
        What is expected; :mod:`perceptrons.report.stated` reads them.
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
    claims: tuple[Mapping[str, Any], ...] = ()

    def runs(
        self,
        *,
        quick: bool = False,
        seeds: Sequence[int] | None = None,
        engine: str | None = None,
    ) -> list[Run]:
        """Expand into runs: every combination of the axes, then the extra runs.

        Parameters
        ----------
        quick : bool, default=False
            Let the file's ``[quick]`` settings replace the others.
        seeds : sequence of int, optional
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
            For a setting the procedure does not know, a value it refuses, a class of a
            CSV file of which a seed leaves no row to train on, more runs than
            ``MOST_RUNS``, or one that needs more memory than there is.
        """
        seeds = self.seeds if seeds is None else seeds
        entries = [*combinations(self.axes), *self.extra]
        check_count(self.source, len(entries), len(seeds))
        self._check_data(seeds)
        planned = []
        for entry in entries:
            settings = _without(entry, "procedure", "dataset")
            procedure = entry.get("procedure", self.procedure)
            if procedure == self.procedure:
                settings = {**self.base, **settings}
                settings |= self._shortened(settings) if quick else {}
            dataset = entry.get("dataset", self.dataset)
            checked = self._checked(procedure, dataset, settings, engine)
            planned.append((procedure, dataset, checked))
        made = [Run(self.name, *parts, seed) for seed in seeds for parts in planned]
        return list(dict.fromkeys(made))

    @property
    def datasets(self) -> list[str]:
        """The names of all data sets it uses, its own first."""
        entries = [*combinations(self.axes), *self.extra]
        used = [self.dataset, *(e.get("dataset", self.dataset) for e in entries)]
        return [name for name in dict.fromkeys(used) if name]

    def standing_in(self) -> Experiment:
        """Return the same question asked of the stand-in's data, and titled so.

        The notes, which speak of the data set's own numbers, are left out.
        """
        dataset = self.stand_in["dataset"]
        old, new = DATASETS[self.dataset].label, DATASETS[dataset].label
        return replace(
            self,
            title=self.title.replace(old, new),
            question=self.question.replace(old, new),
            notes=(),
            dataset=dataset,
            base={**self.base, **_without(self.stand_in, "dataset")},
            extra=tuple({**entry, "dataset": dataset} for entry in self.extra),
        )

    def _check_data(self, seeds: Iterable[int]) -> None:
        """Refuse a data set that cannot be split by these seeds."""
        try:
            for name in self.datasets:
                check_data(name, seeds)
        except ValueError as error:
            raise ExperimentError(f"{self.source}: {error}") from None

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

    def _checked(
        self, name: str, dataset: str, settings: dict[str, Any], engine: str | None
    ) -> str:
        """Return the settings of a run as JSON, once they can be run."""
        procedure = procedures.PROCEDURES[name]
        known = procedure.known
        for key in settings:
            choice(self.source, key, known, f"a setting of {name!r}")
            if isinstance(settings[key], dict):
                raise ExperimentError(
                    f"{self.source}: {key} must be a value or a list, got the table "
                    f"{settings[key]!r}."
                )
        if engine is not None and "engine" in known:
            settings = {**settings, "engine": engine}
        try:
            procedure.check(settings)
            needed = procedure.memory(settings, shape(dataset))
            _memory.check(
                f"a run of {name!r}", needed, "lower its sizes, batch_size or degree"
            )
            return json.dumps(settings, sort_keys=True)
        except (TypeError, ValueError) as error:
            raise ExperimentError(
                f"The study {self.name!r} cannot run: {error}"
            ) from None


def check_seeds(source: str, seeds: Sequence[Any]) -> None:
    """Check that there are seeds, all of them integers that a generator takes.

    Parameters
    ----------
    source : str
        Where the experiment's file lies.
    seeds : sequence
        As it was read.

    Raises
    ------
    ExperimentError
    """
    if not seeds:
        raise ExperimentError(f"{source}: seeds must hold at least one, such as [0].")
    for seed in seeds:
        whole = isinstance(seed, int) and not isinstance(seed, bool)
        if not whole or not 0 <= seed < 2**32:
            raise ExperimentError(
                f"{source}: seeds must hold integers of at least 0 and below 2^32, got "
                f"{seed!r}."
            )


def check_count(source: str, entries: int, seeds: int) -> None:
    """Refuse more runs than one store and one page can show, before they are made.

    Parameters
    ----------
    source : str
        Where the experiment's file lies.
    entries : int
        Combinations of the axes, and extra runs.
    seeds : int

    Raises
    ------
    ExperimentError
    """
    if entries * seeds > MOST_RUNS:
        raise ExperimentError(
            f"{source} asks for {min(entries * seeds, 10**99):.4g} runs ({entries:.4g} "
            f"of each seed, {seeds} seeds); a study may have {MOST_RUNS:,}: shorten "
            "its axes or its seeds."
        )


def combinations(axes: Mapping[str, list[Any]]) -> list[dict[str, Any]]:
    """Return one dictionary of settings per cell, the last axis running fastest.

    Parameters
    ----------
    axes : mapping
        As in :class:`Experiment`.
    """
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


def choice(source: str, value: Any, known: Iterable[str], what: str) -> None:
    """Refuse an unknown name, with file and nearest known name.

    Parameters
    ----------
    source : str
        Where the experiment's file lies.
    value : Any
    known : iterable of str
    what : str
        What the value is.

    Raises
    ------
    ExperimentError
    """
    try:
        _checks.choice(what, value, known)
    except (TypeError, ValueError) as error:
        raise ExperimentError(f"{source}: {error}") from None
