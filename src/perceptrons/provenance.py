"""Where numbers come from: commit, versions, machine."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_LIBRARIES = ("numpy", "scipy", "scikit-learn", "autograd")

# What no run's numbers depend on; _version.py names the commit.
_SHOWING = (
    "report", "comparison", "bench", "pages", "cli", "provenance.py", "work.py",
    "_version.py",
)  # fmt: skip


@cache
def commit() -> str:
    """Return the commit of the code that runs, or "unknown".

    A package that runs from a checkout asks git, and says so if its files have changed
    since: "0123456789ab with local changes 89abcdef", the last part a hash of them. An
    installed package knows the commit it was built from.
    """
    package = Path(__file__).parent
    if package.parent.name == "src" and (package.parent.parent / ".git").exists():
        return checked_out(package.parent.parent)
    try:
        built: str | None = import_module("perceptrons._version").commit_id
    except (AttributeError, ModuleNotFoundError):
        built = None
    return built.removeprefix("g") if built else "unknown"


def checked_out(root: Path) -> str:
    """Return the commit of a checkout and a hash of the changes below src, if any.

    Parameters
    ----------
    root : Path
        Folder with ``.git`` and ``src``.

    Returns
    -------
    str
        "unknown" if git is missing or fails.
    """
    head = _git(root, "rev-parse", "--verify", "--short=12", "HEAD").decode().strip()
    if not head:
        return "unknown"
    changes = _git(root, "diff", "HEAD", "--binary", "--", "src")
    new = _git(root, "ls-files", "-z", "--others", "--exclude-standard", "--", "src")
    if not changes and not new:
        return head
    digest = hashlib.sha256(changes + new)
    for name in filter(None, new.split(b"\0")):
        digest.update((root / os.fsdecode(name)).read_bytes())
    return f"{head} with local changes {digest.hexdigest()[:8]}"


@cache
def code() -> str:
    """Return a hash of the modules and the engine that a run's numbers come from.

    Layers above the study only show what was found, so that a page can be drawn anew
    by other words, figures and commands than those its runs were made under.
    """
    return hash_of_code(Path(__file__).parent)


def hash_of_code(package: Path) -> str:
    """Return the hash of a package's code below the layers that show its results.

    Parameters
    ----------
    package : Path
        Folder of the package.

    Returns
    -------
    str
        16 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*")):
        name = path.relative_to(package)
        if path.suffix in (".py", ".so", ".pyd") and name.parts[0] not in _SHOWING:
            digest.update(name.as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _git(root: Path, *arguments: str) -> bytes:
    """Return what git prints, nothing if it fails or is missing."""
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return b""
    return done.stdout


@cache
def versions() -> dict[str, str]:
    """Return the version of Python, of this package and of what it computes with."""
    found = {
        "python": platform.python_version(),
        # By name: the package loads what it offers when it is first touched.
        "perceptrons": import_module("perceptrons").__version__,
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
