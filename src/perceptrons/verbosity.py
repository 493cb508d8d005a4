"""What training prints: nothing, scikit-learn's lines, or a progress bar."""

from __future__ import annotations

from typing import Any, Protocol

from perceptrons import extras


class Reporter(Protocol):
    """What the loop tells whoever watches."""

    def epoch(self, epoch: int, loss: float, score: float | None) -> None:
        """Take the result of one epoch."""
        ...

    def message(self, text: str) -> None:
        """Take a remark on the course of training."""
        ...

    def close(self) -> None:
        """End the display."""
        ...


class Silent:
    """Prints nothing."""

    def epoch(self, epoch: int, loss: float, score: float | None) -> None:
        """Print nothing."""

    def message(self, text: str) -> None:
        """Print nothing."""

    def close(self) -> None:
        """Print nothing."""


class Lines:
    """Prints the lines scikit-learn prints."""

    def epoch(self, epoch: int, loss: float, score: float | None) -> None:
        """Print loss and validation score."""
        print(f"Iteration {epoch}, loss = {loss:.8f}")  # noqa: T201
        if score is not None:
            print(f"Validation score: {score:f}")  # noqa: T201

    def message(self, text: str) -> None:
        """Print the remark."""
        print(text)  # noqa: T201

    def close(self) -> None:
        """Print nothing."""


class Bar:
    """A rich progress bar on standard error, with the loss of the last epoch."""

    def __init__(self, total: int) -> None:
        with extras.study('verbose="bar"'):
            from rich.console import Console
            from rich.progress import (
                BarColumn,
                MofNCompleteColumn,
                Progress,
                TextColumn,
                TimeRemainingColumn,
            )

        self._progress = Progress(
            TextColumn("epoch"),
            MofNCompleteColumn(),
            BarColumn(),
            TextColumn("{task.fields[result]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
        )
        self._task = self._progress.add_task("fit", total=total, result="")
        self._progress.start()

    def epoch(self, epoch: int, loss: float, score: float | None) -> None:
        """Advance the bar."""
        result = f"loss {loss:.4g}"
        if score is not None:
            result += f", validation score {score:.4g}"
        self._progress.update(self._task, completed=epoch, result=result)

    def message(self, text: str) -> None:
        """Print the remark above the bar."""
        self._progress.console.print(text)

    def close(self) -> None:
        """Leave the bar as it stands."""
        self._progress.stop()


def reporter(verbose: Any, total: int) -> Reporter:
    """Return the reporter for an estimator's ``verbose``."""
    if verbose == "bar":
        return Bar(total)
    return Lines() if verbose else Silent()
