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
    from perceptrons.comparison.bar import show

    with show(total) as advance:
        yield advance
