"""What docs/architecture.md and CONTRIBUTING.md name is there."""

import re
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# The kernels' sources are not in an installed package.
PACKAGE = ROOT / "src" / "perceptrons"
PAGES = ("docs/architecture.md", "CONTRIBUTING.md")
_FENCE = re.compile(r"```.*?```", re.DOTALL)
_NAME = re.compile(r"`((?:[a-z_]+\.)+\w+)`")
_FILE = re.compile(r"`([\w/.-]+\.(?:py|hpp|cpp|md|toml|pyi))`")
# Commands and files look like names.
_NO_NAMES = (".py", ".hpp", ".cpp", ".md", ".toml")


def named(page, pattern):
    text = _FENCE.sub("", (ROOT / page).read_text(encoding="utf-8"))
    return sorted(set(pattern.findall(text)))


def exists(name):
    """Tell whether a dotted name below the package is a module or stands in one."""
    parts = name.split(".")
    for n in range(len(parts), 0, -1):
        module = ".".join(("perceptrons", *parts[:n]))
        try:
            found = find_spec(module)
        except ModuleNotFoundError:
            continue
        if found:
            at = import_module(module)
            for part in parts[n:]:
                if not hasattr(at, part):
                    return False
                at = getattr(at, part)
            return True
    return False


@pytest.mark.parametrize("page", PAGES)
def test_every_name_stands_in_the_code(page):
    names = [n for n in named(page, _NAME) if not n.endswith(_NO_NAMES)]
    assert names
    assert [name for name in names if not exists(name)] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_file_is_there(page):
    files = named(page, _FILE)
    places = (ROOT, PACKAGE)
    assert files
    assert [f for f in files if not any((p / f).exists() for p in places)] == []


def test_a_name_that_is_not_there_is_seen():
    assert exists("objective.Problem")
    assert not exists("objective.Problems")
    assert not exists("objectives")


def test_every_package_is_on_the_map():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    packages = [p.parent.name for p in PACKAGE.glob("*/__init__.py")]
    assert len(packages) > 8
    assert [name for name in packages if f"`{name}`" not in text] == []


def test_both_commands_of_the_readme_are_tried_on_every_system():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"^    (python3 -m pip install .+)$", readme, re.MULTILINE)
    assert len(commands) == 2
    workflow = (ROOT / ".github/workflows/commands.yml").read_text(encoding="utf-8")
    assert [c for c in commands if f"- run: {c}\n" not in workflow] == []
    assert {"ubuntu", "macos", "windows"} <= set(re.findall(r"(\w+)-\d", workflow))
