"""Where numbers come from: commit, versions, machine."""

from __future__ import annotations

import os
import platform
import subprocess
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import perceptrons

_LIBRARIES = ("numpy", "scipy", "scikit-learn", "autograd")


@cache
def commit() -> str:
    """Return the commit this package was built from, or "unknown".

    An installed package knows it from its build; one that runs from a checkout asks
    git, and says so if files have changed since.
    """
    try:
        built: str | None = import_module("perceptrons._version").commit_id
    except ModuleNotFoundError:
        built = None
    if built:
        return built.removeprefix("g")
    package = Path(perceptrons.__file__).parent
    root = package.parent.parent
    if not (root / ".git").exists() or package.parent.name != "src":
        return "unknown"
    head = _git(root, "rev-parse", "--verify", "--short=12", "HEAD")
    if not head:
        return "unknown"
    changed = _git(root, "status", "--porcelain", "--", "src")
    return f"{head} with local changes" if changed else head


def _git(root: Path, *arguments: str) -> str:
    """Return what git prints, nothing if it fails or is missing."""
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments],
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()


@cache
def versions() -> dict[str, str]:
    """Return the version of Python, of this package and of what it computes with."""
    found = {
        "python": platform.python_version(),
        "perceptrons": perceptrons.__version__,
    }
    for library in _LIBRARIES:
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            found[library] = "not installed"
    return found


@cache
def machine() -> str:
    """Return system, processor and number of cores in one line."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return f"{platform.system()}, {model}, {os.cpu_count()} cores"
