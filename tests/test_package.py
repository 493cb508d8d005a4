"""The package as a whole: what an import costs, and what is visible."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import perceptrons


def run(code):
    """Run code in a new process and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    return done.stdout.strip()


def test_import_loads_neither_scikit_learn_nor_matplotlib_nor_pandas():
    loaded = run("import sys, perceptrons; print(*sys.modules)").split()
    heavy = {"sklearn", "matplotlib", "pandas", "scipy", "rich", "typer"}
    assert heavy.isdisjoint(loaded)


def test_estimators_load_without_matplotlib_or_pandas_plotting():
    loaded = run(
        "import sys, perceptrons; perceptrons.MLPRegressor; print(*sys.modules)"
    )
    assert "sklearn" in loaded.split()
    assert "matplotlib" not in loaded.split()


def test_import_takes_at_most_one_and_a_half_times_numpys():
    # Of the processor: other processes on the machine count for little.
    def seconds(module):
        return float(run(f"import {module}, time; print(time.process_time())"))

    rounds = [(seconds("perceptrons"), seconds("numpy")) for _ in range(5)]
    ours, numpys = (sorted(column)[0] for column in zip(*rounds, strict=True))
    assert ours <= 1.5 * numpys


def test_public_names_are_sorted_and_all_there():
    # Constants first, as the linter sorts.
    by_kind = sorted(perceptrons.__all__, key=lambda name: (not name.isupper(), name))
    assert perceptrons.__all__ == by_kind
    assert dir(perceptrons) == sorted(by_kind)
    for name in perceptrons.__all__:
        assert getattr(perceptrons, name) is not None


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'MLPTransformer'"):
        _ = perceptrons.MLPTransformer


def test_version_written_at_build_time_is_found_again_and_again():
    code = (
        "import sys, types, perceptrons;"
        "built = types.ModuleType('perceptrons._version'); built.version = '1.2.3';"
        "sys.modules['perceptrons._version'] = perceptrons._version = built;"
        "print(perceptrons.__version__, perceptrons.__version__)"
    )
    assert run(code) == "1.2.3 1.2.3"


def test_no_test_module_imports_another():
    found = [
        (path.name, line)
        for path in Path(__file__).parent.rglob("test_*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.match(r"\s*(from|import) test_", line)
    ]
    assert found == []
