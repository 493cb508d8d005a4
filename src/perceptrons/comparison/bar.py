"""The bar of a comparison, with the time that is left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
)
from rich.text import Text


class TimeLeft(ProgressColumn):
    """The seconds so far until a fold is done, from then on those that are left.

    Folds take about as long as each other, so those that are done tell from the first
    one on; between two of them the time goes down as a clock does.
    """

    def __init__(self) -> None:
        super().__init__()
        self._done, self._then = 0.0, 0.0

    def render(self, task: Task) -> Text:
        """Return the text of this moment."""
        now = task.elapsed or 0.0
        if task.completed != self._done:
            self._done, self._then = task.completed, now
        if not self._done:
            return Text(f"{now:.0f} s; the first fold tells how long it takes")
        left = max(self._then / self._done * (task.total or 0.0) - now, 0.0)
        return Text(f"about {_written(left)} left")


def _written(seconds: float) -> str:
    """Write a time in the unit that suits it."""
    return f"{seconds:.0f} s" if seconds < 99.5 else f"{seconds / 60:.0f} min"


@contextmanager
def show(total: int) -> Iterator[Callable[[], None]]:
    """Show a bar on standard error, if that is a terminal.

    Parameters
    ----------
    total : int
        Folds, and parts of them.

    Yields
    ------
    callable
        To call after each.
    """
    console = Console(stderr=True)
    # In a file a bar that is wiped out at the end leaves an empty line.
    hidden = not console.is_terminal
    columns = TextColumn("folds"), BarColumn(), MofNCompleteColumn(), TimeLeft()
    with Progress(*columns, console=console, transient=True, disable=hidden) as shown:
        task = shown.add_task("folds", total=total)
        yield lambda: shown.advance(task)
