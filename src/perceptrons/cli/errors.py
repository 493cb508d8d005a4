"""How commands end: whatever happens is told in a sentence, with an exit code."""

from __future__ import annotations

import errno
import os
import shlex
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import typer
from typer.core import TyperGroup

from perceptrons.study.errors import ExperimentError

_TRACKER = "the project's issue tracker"

# ClickException, of click or of typer's own copy of it.
_Misuse: type[Exception] = typer.BadParameter.mro()[2]


@contextmanager
def _plain_errors(debug: bool) -> Iterator[None]:
    """Turn every error into a sentence and exit code 2, Ctrl-C into 130."""
    try:
        yield
    except KeyboardInterrupt as interrupt:
        typer.echo(str(interrupt) or "Interrupted.", err=True)
        raise typer.Exit(130) from None
    except (typer.Exit, typer.Abort, _Misuse):
        raise
    except BrokenPipeError:
        # As of a command that SIGPIPE ends: who read the output, as head, has enough.
        _drop_output()
        raise typer.Exit(141) from None
    except Exception as error:
        if debug:
            raise
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            _drop_output()
        typer.echo(_sentence(error), err=True)
        raise typer.Exit(2) from None


def _sentence(error: Exception) -> str:
    """Say what went wrong: by the user, on the machine, or in this program."""
    from perceptrons.pages.lock import FolderError
    from perceptrons.study.records import StoreError

    if isinstance(error, ExperimentError | FolderError | StoreError):
        return f"Error: {error}"
    if isinstance(error, MemoryError):
        return "Error: memory ended; lower the sizes, or --jobs."
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return f"Error: the output cannot be written: {error.strerror}."
    said = " ".join(traceback.format_exception_only(error)[0].split())
    typed = shlex.join(["perceptrons", "--debug", *sys.argv[1:]])
    return (
        f"Error of perceptrons itself: {said}\n"
        f"Please report it at {_TRACKER}, with what `{typed}` prints."
    )


def _drop_output() -> None:
    """Let what stdout still holds go nowhere, or the end would try it again."""
    with suppress(OSError, ValueError), open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


class Commands(TyperGroup):
    """The commands, whose errors are sentences."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command."""
        with _plain_errors(ctx.params["debug"]):
            return super().invoke(ctx)
