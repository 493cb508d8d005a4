"""The machine, the engine and the versions, for the record of a measurement."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

PACKAGES = ("numpy", "scipy", "scikit-learn")


def describe(packages: Iterable[str] = ()) -> dict[str, Any]:
    """Return what a reader needs to judge a time, or to report a bug.

    Parameters
    ----------
    packages : iterable of str
        Packages whose versions are wanted, besides those we depend on.

    Returns
    -------
    dict
        ``engine``: name and reason; ``instruction_set``: None without the compiled
        engine; ``threads``; ``machine``: processor, cores, architecture, system;
        ``python``; ``blas``: NumPy's; ``versions`` by package, None if missing.
    """
    from perceptrons import __version__, engine, threads

    missing = engine.missing()
    chosen = "compiled" if missing is None else "numpy"
    names = dict.fromkeys((*PACKAGES, *packages))
    names.pop("perceptrons", None)
    return {
        "engine": {
            "name": chosen,
            "reason": missing or "the compiled engine is installed",
        },
        "instruction_set": None if missing else _instruction_set(),
        "threads": threads.usable_threads(None),
        "machine": {
            "processor": _processor(),
            "cores": os.cpu_count(),
            "architecture": platform.machine(),
            "system": f"{platform.system()} {platform.release()}",
        },
        "python": platform.python_version(),
        "blas": _blas(),
        "versions": {"perceptrons": __version__} | {n: _version(n) for n in names},
    }


def _instruction_set() -> str:
    """Return the instruction set the compiled engine uses."""
    from perceptrons.engine.compiled import instruction_set

    return instruction_set()


def _processor() -> str:
    """Return the processor's model."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _blas() -> str:
    """Return the library behind NumPy's matrix product, its version and kernels."""
    import numpy  # noqa: F401  # loads it
    from threadpoolctl import threadpool_info

    for library in threadpool_info():
        if library["user_api"] == "blas":
            kind = library.get("architecture") or ""
            return f"{library['internal_api']} {library['version']} {kind}".strip()
    return "unknown"


def _version(package: str) -> str | None:
    """Return the installed version."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
