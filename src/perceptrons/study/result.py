"""What a run found, and what a procedure that performs runs must say of itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from numpy.typing import NDArray

Settings = Mapping[str, Any]


@dataclass(frozen=True)
class Result:
    """What one run found.

    Parameters
    ----------
    metrics : dict of str to float
        NaN where there is none.
    curves : dict of str to ndarray
        Histories, predictions and other arrays.
    reason, message : str
        How the run ended: the words of ``outcome_``.
    epochs, n_parameters : int
    seconds : float
    engine : str
        What computed it.
    """

    metrics: dict[str, float]
    curves: dict[str, NDArray[Any]] = field(default_factory=dict)
    reason: str = "converged"
    message: str = ""
    epochs: int = 0
    seconds: float = math.nan
    n_parameters: int = 0
    engine: str = "scikit-learn"


@dataclass(frozen=True)
class Procedure:
    """A row of ``PROCEDURES``.

    Parameters
    ----------
    run : callable
        (settings, data set, seed) -> Result.
    check : callable
        Refuses settings that cannot be run: a TypeError or ValueError says why.
    memory : callable
        (settings, (rows, columns) of the data) -> bytes that a run needs, roughly.
    known : tuple of str
        Names of the settings it takes.
    metrics : tuple of str
        Names of the measures in its results, all of them better when lower.
    work : callable
        settings -> expected seconds, roughly: to order runs and foretell the end.
    needs_data : bool, default=True
        Whether an experiment must name a data set.
    curves : callable
        settings -> names of the curves that every result has.
    classes : bool, default=False
        Whether it needs data whose targets are classes, or numbers.
    libraries : tuple of str, default=()
        Optional libraries that its results depend on: once one is installed, the
        runs made without it are made again.
    alone : bool, default=False
        Whether its seconds are compared: no other run is then performed beside it.
    """

    run: Callable[[Settings, Any, int], Result]
    check: Callable[[Settings], None]
    memory: Callable[[Settings, tuple[int, int]], int]
    known: tuple[str, ...]
    metrics: tuple[str, ...]
    work: Callable[[Settings], float] = lambda settings: 0.01
    needs_data: bool = True
    curves: Callable[[Settings], tuple[str, ...]] = lambda settings: ()
    classes: bool = False
    libraries: tuple[str, ...] = ()
    alone: bool = False

    def lacks(self, settings: Settings, result: Result) -> list[str]:
        """Return the names of the metrics and curves that a result should have."""
        curves = set(self.curves(settings)) - set(result.curves)
        return sorted(curves | set(self.metrics) - set(result.metrics))

    def installed(self) -> dict[str, str]:
        """Return the version of each of its optional libraries that is there."""
        found = {}
        for library in self.libraries:
            if number := _version(library):
                found[library] = number
        return found


@cache
def _version(library: str) -> str | None:
    """Return the installed version of a library, None if it is missing."""
    try:
        return version(library)
    except PackageNotFoundError:
        return None
