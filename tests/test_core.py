"""The core: networks and presets without the packages of the extra "study"."""

import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1] / "pyproject.toml"
BLOCK = """
    import sys

    class Missing:
        names = {"pandas", "matplotlib", "typer", "click", "rich", "jinja2", "pooch",
                 "requests"}

        def find_spec(self, name, path=None, target=None):
            if name.partition(".")[0] in self.names:
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    sys.meta_path.insert(0, Missing())
"""


def without_extra(code):
    """Run code in a process where the packages of the extra cannot be imported."""
    program = textwrap.dedent(BLOCK) + textwrap.dedent(code)
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True
    )


def test_the_core_trains_predicts_and_saves_without_the_extra(tmp_path):
    done = without_extra(f"""
        import numpy as np
        import perceptrons
        from perceptrons import MLPClassifier, MLPRegressor, fit_folds, fit_many
        from perceptrons.data import runge

        for name in perceptrons.__all__:
            if name != "compare":
                getattr(perceptrons, name)
        X = np.random.default_rng(0).normal(size=(60, 3))
        y = X[:, 0]
        net = MLPRegressor(max_iter=3).fit(X, y)
        assert net.predictor()(X.astype(np.float32)).shape == (60,)
        MLPClassifier(max_iter=3, early_stopping=True).fit(X, y > 0).predict_proba(X)
        fit_many([MLPRegressor(max_iter=2)], X, y)
        fit_folds(net, X, y, [slice(0, 30)])
        model = perceptrons.presets.tabular_regressor(random_state=0).fit(X, y)
        assert model.predict(X).shape == (60,)
        net.save(r"{tmp_path / "net"}")
        assert "last loss" in net.history_._repr_html_()
        same = perceptrons.load(r"{tmp_path / "net"}")
        assert (same.predict(X) == net.predict(X)).all()
        print("done")
    """)
    assert (done.stdout, done.stderr) == ("done\n", "")


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("import perceptrons; perceptrons.compare", "perceptrons.compare"),
        ("from perceptrons.history import History; History().plot()", "plot"),
        ("from perceptrons.history import History; History().to_frame()", "to_frame"),
        (
            "from perceptrons import MLPRegressor as M; "
            "M(verbose='bar').fit([[0.0], [1.0]], [0.0, 1.0])",
            'verbose="bar"',
        ),
        ("from perceptrons.__main__ import main; main()", "The command perceptrons"),
    ],
)
def test_what_needs_the_extra_says_so_in_one_sentence(code, what):
    done = without_extra(code)
    assert done.returncode == 1
    said = done.stderr.strip().splitlines()[-1].removeprefix("ModuleNotFoundError: ")
    assert said.startswith(f"{what} needs ")
    assert said.endswith("python3 -m pip install 'perceptrons[study]' brings it.")
    if "main" in code:
        assert "Traceback" not in done.stderr


@pytest.mark.skipif(not PROJECT.exists(), reason="no pyproject.toml beside the tests")
def test_the_core_declares_no_package_of_the_extra():
    project = tomllib.loads(PROJECT.read_text())["project"]
    optional = project["optional-dependencies"]
    extra = {entry.partition(">")[0] for entry in optional["study"]}
    core = {entry.partition(">")[0] for entry in project["dependencies"]}
    drawn = {"matplotlib", "typer", "rich", "jinja2"}
    assert extra == {*drawn, "pooch", "pandas", "charset-normalizer"}
    assert core.isdisjoint(extra)
    assert "perceptrons[study]" in optional["test"]
