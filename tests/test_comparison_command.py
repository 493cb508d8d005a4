"""The command `perceptrons compare`: sentence, page, JSON, exit codes."""

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from perceptrons import MLPRegressor, presets
from perceptrons.cli import app
from perceptrons.comparison.result import Comparison


def call(*arguments):
    return CliRunner().invoke(app, ["compare", *map(str, arguments)])


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Let the network be a small one, which fits in milliseconds."""

    def network(*, random_state=None, n_jobs=None):
        return MLPRegressor("squared_error", (3,), solver="lbfgs", max_iter=20)

    monkeypatch.setattr(presets, "tabular_regressor", network)


@pytest.fixture
def houses(tmp_path, rng):
    table = pd.DataFrame(
        {"rooms": rng.integers(1, 8, 60), "area": rng.normal(9, 3, 60)}
    )
    table["town"] = rng.choice(["a", "b"], 60)
    table["price"] = 5 * table["rooms"] + table["area"] + rng.normal(0, 4, 60)
    table["copy"] = table["price"] * 2
    path = tmp_path / "houses.csv"
    table.to_csv(path, index=False)
    return path


SHORT = ("--repeats", 1, "--folds", 3)


def test_it_prints_the_verdict_and_writes_the_page(houses, tmp_path):
    out = tmp_path / "out"
    done = call(houses, "--target", "price", "--drop", "copy", "--out", out, *SHORT)
    assert done.exit_code == 0
    sentence, *_, page = done.stdout.strip().splitlines()
    assert "RMSE" in sentence
    assert "for OLS" in sentence or "for Ridge" in sentence or "for Lasso" in sentence
    assert page == str(out / "index.html")
    assert (out / "index.html").exists()


def test_json_holds_verdict_and_scores_and_warnings_go_to_stderr(houses, tmp_path):
    out = tmp_path / "out"
    done = call(houses, "--target", "price", "--json", "--out", out, *SHORT)
    found = json.loads(done.stdout)
    assert found["verdict"]["status"] in ("justified", "not justified", "undecided")
    assert found["page"] == str(out / "index.html")
    assert len(found["scores"]) > 0
    assert "leak" in done.stderr
    assert "'copy'" in done.stderr


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (("--target", "prise"), "Did you mean 'price'"),
        (("--target", "price", "--drop", "twon"), "Did you mean 'town'"),
        (("--target", "price", "--groups", "twon"), "Did you mean 'town'"),
        (("--target", "price", "--task", "ranking"), "task"),
        (("--target", "price", "--rope", "2"), "rope"),
        (("--target", "town", "--task", "regression"), "town"),
        (("--target", "price", "--folds", "50"), "50 folds"),
    ],
)
def test_misuse_is_a_sentence_and_writes_nothing(houses, tmp_path, options, text):
    out = tmp_path / "out"
    done = call(houses, *options, "--out", out)
    assert done.exit_code == 2
    assert text in done.stderr
    assert not out.exists()


def test_a_file_in_the_place_of_the_folder_is_kept(houses, tmp_path):
    done = call(houses, "--target", "price", "--out", houses)
    assert done.exit_code == 2
    assert "must name a folder" in done.stderr
    assert houses.read_text().startswith("rooms")


def test_a_missing_file_is_a_sentence(tmp_path):
    done = call(tmp_path / "none.csv", "--target", "price")
    assert done.exit_code == 2
    assert "none.csv" in done.stderr


def test_a_folder_that_cannot_be_written_is_a_sentence(houses, tmp_path, monkeypatch):
    def full(self, folder):
        raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr(Comparison, "save", full)
    done = call(houses, "--target", "price", "--out", tmp_path / "out", *SHORT)
    assert done.exit_code == 2
    assert "--out" in done.stderr


def test_the_page_says_how_to_repeat_it(houses, tmp_path, monkeypatch):
    typed = ["perceptrons", "compare", "a table.csv", "--target", "price"]
    monkeypatch.setattr("sys.argv", typed)
    out = tmp_path / "out"
    call(houses, "--target", "price", "--out", out, *SHORT)
    assert (
        "compare &#39;a table.csv&#39; --target price"
        in (out / "index.html").read_text()
    )
    assert np.all([path.suffix in (".html", "") for path in out.iterdir()])
