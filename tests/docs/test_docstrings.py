"""Every public name's docstring has the parts that numpydoc's form asks for."""

import importlib
import inspect
import re
from pathlib import Path

import pytest

import perceptrons

REFERENCE = Path(__file__).parents[2] / "docs" / "reference.rst"

validation = pytest.importorskip("numpydoc.validate")
pytestmark = pytest.mark.skipif(
    not REFERENCE.exists(), reason="no docs beside the tests"
)

# Form and order, a summary in a sentence, every argument with its type. Not asked for:
# Returns where the summary says it in a line, words where the name says all.
CHECKS = {
    "GL03", "GL05", "GL06", "GL07", "GL08", "GL10",
    "SS01", "SS03", "SS04", "SS06",
    "PR01", "PR02", "PR03", "PR04", "PR05", "PR10", "RT02",
}  # fmt: skip
# The head of the module says for all its records what these take.
SEAM = {"value", "slope", "constant", "init", "step", "factors"}


def listed():
    """Return the names in the reference, with their objects."""
    home, found = "perceptrons", {}
    for line in REFERENCE.read_text(encoding="utf-8").splitlines():
        if module := re.match(r"\.\. (?:current)?module:: (\S+)", line):
            home = module[1]
        elif entry := re.fullmatch(r"   ([\w.]+)", line):
            found[f"{home}.{entry[1]}"] = resolve(f"{home}.{entry[1]}")
    return found


def resolve(name):
    """Return what a dotted name leads to; a function before a module of its name."""
    head, *rest = name.split(".")
    module = importlib.import_module(head)
    for depth, part in enumerate(rest, 1):
        if not hasattr(module, part):
            importlib.import_module(".".join([head, *rest[:depth]]))
        module = getattr(module, part)
    return module


def parts(name, item):
    """Yield a name, and those in it that have docstrings of ours."""
    yield name, item
    if inspect.ismodule(item):
        names = getattr(item, "__all__", None) or vars(item)
        inside = {key: vars(item)[key] for key in names if key not in ("resolve",)}
        kinds = (inspect.isclass, inspect.isfunction)
    else:
        inside = dict(inspect.getmembers(item)) if inspect.isclass(item) else {}
        kinds = (inspect.isroutine, lambda member: isinstance(member, property))
    for key, member in inside.items():
        home = getattr(getattr(member, "fget", None) or member, "__module__", "")
        ours = str(home).startswith("perceptrons")
        public = not key.startswith("_") and key not in SEAM
        if ours and public and any(kind(member) for kind in kinds):
            yield from parts(f"{name}.{key}", member)


def missing(item):
    """Return the complaints about one docstring."""
    complaints = validation.validate(validation.get_doc_object(item))["errors"]
    # Arguments of a class belong to the class that has the constructor; those that
    # begin with "_" are nobody's.
    without = inspect.isclass(item) and (
        "__init__" not in vars(item) or getattr(item, "_is_protocol", False)
    )
    private = re.compile(r"Parameters \{('_\w+'(, )?)+\} not documented")
    return [
        text
        for code, text in complaints
        if code in CHECKS and not (code == "PR01" and (without or private.match(text)))
    ]


@pytest.mark.parametrize("name", sorted(listed() if REFERENCE.exists() else []))
def test_its_docstring_is_whole(name):
    found = {key: missing(item) for key, item in parts(name, resolve(name))}
    assert {key: texts for key, texts in found.items() if texts} == {}


def test_every_public_name_is_in_the_reference():
    text = REFERENCE.read_text(encoding="utf-8")
    lost = [name for name in perceptrons.__all__ if not re.search(rf"\b{name}\b", text)]
    assert lost == []
