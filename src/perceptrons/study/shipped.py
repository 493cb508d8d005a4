"""What comes with the package: the report's studies and its printed numbers."""

from __future__ import annotations

import tomllib
from importlib import resources
from importlib.resources.abc import Traversable

from perceptrons import _checks
from perceptrons.study.errors import ExperimentError

#: The studies in the order in which they are listed and printed: the report's own.
#: The file studies/NAME.toml holds the settings; perceptrons.report.sections has a
#: module of that name, its hyphens underscores, for the page.
BUILTIN = (
    "gradient-descent",
    "learning-rates",
    "optimizers",
    "gradient-check",
    "libraries",
    "architectures",
    "regularization",
    "linear-baselines",
    "mnist-architectures",
    "mnist-regularization",
    "mnist-final",
)


def headings(name: str) -> dict[str, str]:
    """Return what a built-in study is about, without reading what it needs to be run.

    Parameters
    ----------
    name : str
        In ``BUILTIN``.

    Returns
    -------
    dict
        ``name, title, reference, question``.
    """
    table = tomllib.loads(builtin_file(name).read_text(encoding="utf-8"))
    keys = ("title", "reference", "question")
    return {"name": name, **{key: table.get(key, "") for key in keys}}


def builtin_file(name: str) -> Traversable:
    """Return the file of a built-in experiment; errors as :func:`builtin`."""
    try:
        _checks.choice("STUDY", name, BUILTIN)
    except ValueError as error:
        raise ExperimentError(str(error)) from None
    return resources.files("perceptrons.study") / "studies" / f"{name}.toml"


def published(name: str) -> Traversable:
    """Return the file with the report's own numbers called ``name``.csv."""
    return resources.files("perceptrons.study") / "published" / f"{name}.csv"
