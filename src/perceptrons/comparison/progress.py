"""What a comparison shows on standard error while it works."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager


@contextmanager
def waiting(progress: bool, what: str) -> Iterator[None]:
    """Show on a terminal what is done before the bar.

    Parameters
    ----------
    progress : bool
    what : str
    """
    if not progress:
        yield
        return
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield
        return
    with console.status(what):
        yield


def tell(progress: bool, texts: Iterable[str]) -> None:
    """Say on standard error what to mind, at once and not after minutes of training.

    Parameters
    ----------
    progress : bool
    texts : iterable of str
    """
    if progress:
        for text in texts:
            sys.stderr.write(f"Warning: {text}\n")


@contextmanager
def bar(progress: bool, total: int) -> Iterator[Callable[[], None]]:
    """Yield what to call after each fold.

    Parameters
    ----------
    progress : bool
    total : int
        Folds, and parts of them.
    """
    if not progress:
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    # In a file a bar that is wiped out at the end leaves an empty line.
    hidden = not console.is_terminal
    with Progress(console=console, transient=True, disable=hidden) as shown:
        task = shown.add_task("folds", total=total)
        yield lambda: shown.advance(task)
