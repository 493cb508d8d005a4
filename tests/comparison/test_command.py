"""The command `perceptrons compare`: sentence, page, JSON, exit codes."""

import json
import os
import re
import signal
import subprocess
import sys
import threading

import numpy as np
import pandas as pd
import pytest
from light import lighten
from typer.testing import CliRunner

from perceptrons.cli import app
from perceptrons.comparison.result import Comparison
from perceptrons.pages.lock import hold


def call(*arguments):
    return CliRunner().invoke(app, ["compare", *map(str, arguments)])


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Let candidates fit in milliseconds."""
    lighten(monkeypatch)


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


def test_a_terminal_shows_what_is_done_and_the_time_left(houses, tmp_path, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")  # what rich takes for a terminal
    shown = call(houses, "--target", "price", "--out", tmp_path / "out", *SHORT).stderr
    assert "reading houses.csv" in shown
    assert "looking at the columns" in shown
    assert "folds" in shown
    assert re.search(r"3/3.*about 0 s left", shown)


SHORT = ("--repeats", 1, "--folds", 3, "--jobs", 1)


def test_it_prints_the_verdict_and_writes_the_page(houses, tmp_path):
    out = tmp_path / "out"
    done = call(houses, "--target", "price", "--drop", "copy", "--out", out, *SHORT)
    assert done.exit_code == 0
    sentence, *lines = done.stdout.strip().splitlines()
    assert "RMSE" in sentence
    assert "for OLS" in sentence or "for Ridge" in sentence or "for Lasso" in sentence
    assert str(out / "index.html") in lines
    assert (out / "index.html").exists()


def test_json_holds_verdict_and_scores_and_warnings_go_to_stderr(houses, tmp_path):
    out = tmp_path / "out"
    done = call(houses, "--target", "price", "--json", "--out", out, *SHORT)
    assert done.stdout.count("\n") == 1
    found = json.loads(done.stdout)
    assert found["verdict"]["status"] in ("justified", "not justified", "undecided")
    assert found["page"] == str(out / "index.html")
    assert len(found["scores"]) > 0
    assert done.stderr.startswith("Warning: Possible leak: the column 'copy'")


def test_codes_become_a_category_and_another_reference_is_taken(houses, tmp_path):
    done = call(
        *(houses, "--target", "price", "--drop", "copy", "--category", "rooms"),
        *("--against", "constant", "--json", "--out", tmp_path / "out", *SHORT),
    )
    found = json.loads(done.stdout)
    assert found["verdict"]["reference"] == "constant"
    columns = pd.read_csv(tmp_path / "out" / "tables" / "columns.csv")
    assert list(columns["kind"]) == ["category", "number", "category", "dropped"]


def test_what_to_mind_is_told_beside_the_verdict(tmp_path, rng):
    table = pd.DataFrame({"day": pd.date_range("2020-01-01", periods=80)})
    table["a"], table["mode"] = rng.normal(size=80), rng.integers(1, 5, 80)
    table["y"] = table["a"] + rng.normal(size=80)
    table.to_csv(tmp_path / "table.csv", index=False)
    out = tmp_path / "out"
    done = call(
        tmp_path / "table.csv", "--target", "y", "--time", "day", "--out", out, *SHORT
    )
    assert "Warning: Column 'day': No model sees it: it orders the rows." in done.stderr
    assert "Note: Folds along time" in done.stderr
    assert "'y' is a number of 80 distinct values" in done.stdout
    columns = pd.read_csv(out / "tables" / "columns.csv", index_col="name")
    assert columns.loc["day", "kind"] == "time"
    assert "4 whole numbers are codes" in columns.loc["mode", "action"]
    assert "codes" not in columns.loc["a", "action"]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (("--target", "prise"), "Did you mean 'price'"),
        (("--target", "price", "--drop", "twon"), "Did you mean 'town'"),
        (("--target", "price", "--drop", "town, area"), "Name each column by itself."),
        (("--target", "price", "--category", "rom"), "--category must name a column"),
        (("--target", "price", "--against", "ols"), "one of 'constant', 'OLS', 'Ri"),
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
    assert "is a file, not a folder" in done.stderr
    assert houses.read_text().startswith("rooms")


def test_a_missing_file_is_a_sentence(tmp_path):
    done = call(tmp_path / "none.csv", "--target", "price")
    assert done.exit_code == 2
    assert "none.csv" in done.stderr


@pytest.mark.parametrize("as_json", [False, True])
def test_the_verdict_outlives_a_folder_that_cannot_be_written(
    houses, tmp_path, monkeypatch, as_json
):
    def full(self, folder):
        raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr(Comparison, "save", full)
    options = [*SHORT, "--json"] if as_json else SHORT
    done = call(houses, "--target", "price", "--out", tmp_path / "out", *options)
    assert done.exit_code == 2
    assert "--out" in done.stderr
    verdict = json.loads(done.stdout)["verdict"]["sentence"] if as_json else done.stdout
    assert "95 % interval" in verdict
    assert "index.html" not in done.stdout
    assert not as_json or json.loads(done.stdout)["page"] is None


def test_a_folder_in_use_by_another_command_is_refused_before_any_work(
    houses, tmp_path, monkeypatch
):
    def never(*_):
        raise AssertionError("no work was to begin")

    monkeypatch.setattr("perceptrons.comparison.command.run", never)
    out = tmp_path / "out"
    with hold(out):
        done = call(houses, "--target", "price", "--out", out, *SHORT)
    assert done.exit_code == 2
    assert f"{out} is in use by process {os.getpid()}" in done.stderr


def test_the_verdict_outlives_a_failure_to_draw(houses, tmp_path, monkeypatch):
    def fail(*_):
        raise RuntimeError("no pen")

    monkeypatch.setattr("perceptrons.comparison.figures.dependence", fail)
    out = tmp_path / "out"
    done = call(houses, "--target", "price", "--out", out, *SHORT)
    assert done.exit_code == 2
    assert "Error of perceptrons itself: RuntimeError: no pen" in done.stderr
    assert "95 % interval" in done.stdout
    assert not out.exists()


def test_what_to_mind_is_told_before_training(tmp_path, rng, monkeypatch):
    def refuse(*_, **__):
        raise ValueError("training begins")

    monkeypatch.setattr("perceptrons.comparison.measured.evaluate", refuse)
    rows = "".join(f"{i % 7},{i},n{i:03d},same,{i * i % 11}\n" for i in range(120))
    (tmp_path / "t.csv").write_text(f"a,index,free,flat,y\n{rows}")
    done = call(tmp_path / "t.csv", "--target", "y", "--out", tmp_path / "out")
    assert done.stderr.endswith("Error: training begins\n")
    for name, remedy in (("index", "--keep"), ("free", ""), ("flat", "")):
        (line,) = [t for t in done.stderr.splitlines() if f"'{name}'" in t]
        assert line.startswith(f"Warning: Column '{name}': ")
        assert remedy in line


def test_a_table_of_oddities_has_a_verdict_and_a_page(tmp_path, rng):
    n = 10_000
    table = pd.DataFrame({"<img src=x>": rng.normal(size=n)})
    table["many"] = [f"level {i}" for i in range(n)]
    table["empty"] = np.nan
    table["price"] = table["<img src=x>"] + rng.normal(size=n)
    table.to_csv(tmp_path / "odd.csv", index=False)
    out = tmp_path / "out"
    done = call(tmp_path / "odd.csv", "--target", "price", "--out", out,
                "--repeats", 1, "--folds", 2)  # fmt: skip
    assert done.exit_code == 0
    assert "'many': Not used: 10,000 different texts in 10,000 rows" in done.stderr
    page = (out / "index.html").read_text()
    assert "&lt;img src=x&gt;" in page
    assert "<img" not in page
    assert "Not used: it holds no values." in page


# Ctrl-C.

CHILD = """
import sys
from perceptrons import presets
from perceptrons.cli import app

make = presets.tabular_regressor

def told(**options):
    network = make(**options)
    fit = type(network).fit

    def tell(self, X, y):
        print("fits", file=sys.stderr, flush=True)
        return fit(self, X, y)

    type(network).fit = tell
    return network

presets.tabular_regressor = told
app()
"""


@pytest.mark.skipif(os.name == "nt", reason="no SIGINT for a child on Windows")
def test_ctrl_c_while_a_network_trains_leaves_nothing(tmp_path, rng):
    table = pd.DataFrame(rng.normal(size=(3000, 6)), columns=list("abcdef"))
    table.to_csv(tmp_path / "table.csv", index=False)
    out = tmp_path / "out"
    typed = ["compare", tmp_path / "table.csv", "--target", "f", "--out", out]
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, *map(str, typed), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert child.stderr.readline() == "fits\n"
        threading.Event().wait(0.2)
        child.send_signal(signal.SIGINT)
        stdout, stderr = child.communicate(timeout=300)
    finally:
        child.kill()
    assert child.returncode == 130
    # The network's own line was read above; other folds may have begun meanwhile.
    assert stderr.replace("fits\n", "") == "Interrupted.\n"
    assert stdout == ""
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]


def test_ctrl_c_while_the_page_is_written_leaves_the_verdict_alone(
    houses, tmp_path, monkeypatch
):
    places = []

    def interrupted(source, target):
        places.append(target)
        if len(places) == 3:
            raise KeyboardInterrupt
        os.rename(source, target)

    monkeypatch.setattr("os.replace", interrupted)
    out = tmp_path / "out"
    done = call(houses, "--target", "price", "--out", out, *SHORT)
    assert done.exit_code == 130
    assert done.stderr.endswith("\nInterrupted.\n")
    assert "95 % interval" in done.stdout
    assert len(places) == 3
    assert not out.exists()


def test_the_page_says_how_to_repeat_it(houses, tmp_path, monkeypatch):
    typed = ["perceptrons", "compare", "a table.csv", "--target", "price"]
    monkeypatch.setattr("sys.argv", typed)
    out = tmp_path / "out"
    call(houses, "--target", "price", "--out", out, *SHORT)
    assert (
        "compare &#39;a table.csv&#39; --target price"
        in (out / "index.html").read_text()
    )
    suffixes = {path.suffix for path in out.iterdir()}
    assert suffixes == {".html", ".json", ".safetensors", ""}


def test_a_page_of_another_table_or_target_is_not_replaced(houses, tmp_path):
    out = tmp_path / "out"
    how = ("--drop", "copy", "--out", out, *SHORT)
    assert call(houses, "--target", "price", *how).exit_code == 0
    before = (out / "index.html").read_bytes()
    other = tmp_path / "other.csv"
    other.write_bytes(houses.read_bytes())
    for asked in ((other, "--target", "price"), (houses, "--target", "area")):
        refused = call(*asked, *how)
        assert refused.exit_code == 2
        assert f"'price' in {houses}" in refused.stderr
        assert "--overwrite" in refused.stderr
        assert (out / "index.html").read_bytes() == before
    # The same question again, and another one where that is asked for.
    assert call(houses, "--target", "price", *how).exit_code == 0
    assert call(other, "--target", "price", "--overwrite", *how).exit_code == 0
    assert call(other, "--target", "price", *how).exit_code == 0


def test_a_page_of_something_else_is_not_replaced(houses, tmp_path):
    (tmp_path / "index.html").write_text("mine")
    refused = call(houses, "--target", "price", "--out", tmp_path, *SHORT)
    assert refused.exit_code == 2
    assert "something else" in refused.stderr
    assert (tmp_path / "index.html").read_text() == "mine"


def test_several_targets_are_several_calls(houses, tmp_path):
    done = call(houses, "--target", "price, copy", "--out", tmp_path / "out", *SHORT)
    assert done.exit_code == 2
    assert "--target price --drop copy where the others are not known" in done.stderr


def test_costs_of_classes_are_given_as_json(houses, tmp_path):
    out = tmp_path / "out"
    costs = ("--metric", "[[0, 1], [3, 0]]")
    done = call(houses, "--target", "town", "--json", "--out", out, *costs, *SHORT)
    assert done.exit_code == 0
    assert json.loads(done.stdout)["metric"] == "mean cost"
