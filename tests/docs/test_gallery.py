"""Every example of the gallery runs as it stands, and leaves a figure."""

import runpy
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

GALLERY = Path(__file__).parents[2] / "examples" / "gallery"
# Above 5 seconds on one core.
SLOW = {"plot_compare"}
EXAMPLES = [
    pytest.param(path, marks=[pytest.mark.slow] if path.stem in SLOW else [])
    for path in sorted(GALLERY.glob("*/plot_*.py"))
]


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch):
    """A folder to write into, a backend without windows, and no figures left."""
    monkeypatch.chdir(tmp_path)
    before = plt.get_backend()
    plt.switch_backend("Agg")
    yield
    plt.close("all")
    plt.switch_backend(before)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_it_runs_and_draws(path):
    runpy.run_path(str(path), run_name="__main__")
    assert plt.get_fignums()


def test_slow_examples_are_there():
    assert {f"{name}.py" for name in SLOW} <= {
        path.name for path in GALLERY.glob("*/*.py")
    }
