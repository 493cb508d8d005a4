"""How to compare: what a user asks for beside the table and the target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from perceptrons import _checks

# A longer list is rows, and stands by its name in the call that a page shows.
_MOST_WRITTEN = 20
# Who else repeats a comparison may have other cores.
_UNSAID = ("random_state", "n_jobs")


@dataclass(frozen=True)
class Options:
    """The arguments of :func:`perceptrons.compare` that say how to compare.

    Parameters
    ----------
    task, groups, time, gap, blocks, weights, drop, category, keep, candidates,
    against, metric, repeats, n_folds, quick, rope, random_state, n_jobs
        As there.
    """

    task: str | None = None
    groups: Any = None
    time: Any = None
    gap: int = 0
    blocks: Any = None
    weights: Any = None
    drop: Any = ()
    category: Any = ()
    keep: Any = ()
    candidates: Mapping[str, Any] | None = None
    against: str | None = None
    metric: Any = None
    repeats: int | None = None
    n_folds: int | None = None
    quick: bool = False
    rope: float = 0.01
    random_state: int | None = None
    n_jobs: int | None = None

    @property
    def jobs(self) -> int | None:
        """Folds at a time; None: as many as there are cores."""
        return None if self.n_jobs == -1 else self.n_jobs

    def check(self) -> None:
        """Refuse numbers out of range, before anything is read.

        Raises
        ------
        ValueError, TypeError
        """
        if self.repeats is not None:
            _checks.integer("repeats", self.repeats, 1, "None takes 3")
        if self.n_folds is not None:
            _checks.integer("n_folds", self.n_folds, 2, "None chooses by the rows")
        if self.jobs is not None:
            _checks.integer("n_jobs", self.jobs, 1, "None or -1 takes all cores")
        _checks.integer("gap", self.gap, 0, "0 leaves none")
        if self.gap and self.time is None:
            raise ValueError(
                f"gap is one along time, got {self.gap} without time; name the column "
                "that orders the rows, or leave gap out."
            )
        given = self.groups is not None or self.time is not None
        if self.blocks is not None and given:
            raise ValueError(
                "blocks must not be given with groups or time, since one fold cannot "
                "follow both; choose what says how the model will be used."
            )
        _checks.real("rope", self.rope, "0.01 is 1 %", low=0, high=1, closed="left")
        if self.random_state is not None:
            _checks.integer("random_state", self.random_state, 0, "None draws a seed")

    def call(self, seed: int) -> str:
        """Return the call that repeats a comparison with its seed.

        Rows and models are too long to write out: their argument stands for itself.
        """
        given = [
            f"{field.name}={_written(field.name, getattr(self, field.name))}"
            for field in fields(self)
            if field.name not in _UNSAID
            and not _is_default(getattr(self, field.name), field.default)
        ]
        given = ["X", "y", *given, f"random_state={seed}"]
        return f"perceptrons.compare({', '.join(given)})"


def _written(name: str, value: Any) -> str:
    """Write a value, or its name where it is too long."""
    return repr(value) if _is_plain(value) else name


def _is_default(value: Any, default: Any) -> bool:
    """Tell whether a value says no more than the default does."""
    return _is_plain(value) and (value == default or (not default and not value))


def _is_plain(value: Any) -> bool:
    """Tell whether a value's text is the value."""
    if isinstance(value, list | tuple):
        return len(value) <= _MOST_WRITTEN and all(map(_is_plain, value))
    return value is None or isinstance(value, str | int | float)
