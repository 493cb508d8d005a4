"""Packages that only some installations have, and one sentence where they lack."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

# Of the extra "study" in pyproject.toml, by the names they are imported by.
_STUDY = ("pandas", "matplotlib", "typer", "rich", "jinja2", "pooch")


@contextmanager
def study(what: str) -> Iterator[None]:
    """Import what comes with the extra "study", or name the command that installs it.

    Raises
    ------
    ModuleNotFoundError
        In one sentence, if one of its packages is missing.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in _STUDY:
            raise
        raise ModuleNotFoundError(
            f"{what} needs {package}, which is not installed here; "
            "python3 -m pip install 'perceptrons[study]' brings it.",
            name=error.name,
        ) from None
