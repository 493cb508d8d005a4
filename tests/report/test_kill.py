"""kill -9 at any moment: nothing finished is lost, nothing is left half done."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
import uuid
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from perceptrons.study.records import FILE

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/environ").exists(), reason="finds processes in /proc"
)

# One commit for all, or an edit of the sources meanwhile would start afresh.
SCRIPT = """
import sys
from perceptrons import provenance
provenance.code = lambda: "one code"
from perceptrons.cli import app
app([*sys.argv[1:], "--jobs", "2"])
"""

STUDY = """
title = "Mine"
question = "How wide, how fast?"
dataset = { file = "my.csv", target = "y" }
metric = "test_mse"
seeds = [0, 1, 2]
[base]
max_iter = 400
tol = 0.0
n_iter_no_change = inf
[axes]
hidden_layer_sizes = [[8], [32]]
learning_rate_init = [0.001, 0.003, 0.01, 0.03]
[[extra]]
procedure = "baseline"
model = "linear"
"""

TIMINGS = ["seconds", "finished"]


def of_the_report(folder):
    """Return the words of the command, without a folder, and how many tables it has."""
    return ["report", "optimizers", "--quick"], 9


def of_ones_own(folder):
    """Write a study and its table; the same."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(400, 3)), columns=["a", "b", "y"])
    table.to_csv(folder / "my.csv", index=False)
    (folder / "mine.toml").write_text(STUDY)
    return ["study", str(folder / "mine.toml")], 5


def start(words, folder, mark):
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, *words, "--out", folder],
        env={**os.environ, "PERCEPTRONS_TEST": mark},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def alive(mark):
    """Return the processes that inherited this mark."""
    found = []
    for environment in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"PERCEPTRONS_TEST={mark}".encode() in environment.read_bytes():
                found.append(environment.parent.name)
        except OSError:
            continue
    return found


def tables(folder):
    """Return every table as texts, without the columns that time decides."""
    return {
        path.name: pd.read_csv(path, dtype=str).drop(columns=TIMINGS, errors="ignore")
        for path in sorted(folder.glob("**/tables/*.csv*"))
    }


def finished(folder):
    if not (folder / FILE).exists():
        return set()
    with closing(sqlite3.connect(folder / FILE, timeout=30)) as connection:
        assert connection.execute("PRAGMA quick_check").fetchone() == ("ok",)
        try:
            return {key for (key,) in connection.execute("SELECT key FROM runs")}
        except sqlite3.OperationalError:  # killed before the tables were made
            return set()


def assert_whole(folder, whole):
    """Check that every file that is there is complete."""
    for name, table in tables(folder).items():
        pd.testing.assert_frame_equal(table, whole[name])
    for path in folder.glob("**/figures/*.svg"):
        assert path.read_text().rstrip().endswith("</svg>")
    for path in folder.glob("**/figures/*.pdf"):
        assert path.read_bytes().rstrip().endswith(b"%%EOF")
    for path in folder.glob("**/index.html"):
        assert path.read_text().rstrip().endswith("</html>")


@pytest.mark.parametrize(
    ("command", "kills"),
    [
        (of_the_report, 1),
        pytest.param(of_the_report, 20, marks=pytest.mark.slow),
        pytest.param(of_ones_own, 20, marks=pytest.mark.slow),
    ],
)
def test_what_was_killed_ends_like_what_was_not(command, kills, tmp_path):
    unbroken, broken, mark = (
        tmp_path / "unbroken",
        tmp_path / "broken",
        uuid.uuid4().hex,
    )
    words, n_tables = command(tmp_path)
    began = time.monotonic()
    assert start(words, unbroken, mark).wait() == 0
    duration = time.monotonic() - began
    whole = tables(unbroken)
    assert len(whole) == n_tables
    # The first kills come early, or all would be trained after one of them.
    shares = np.random.default_rng(kills).uniform(0.1, 0.9, kills)
    kept = set()
    for share in shares:
        process = start(words, broken, mark)
        time.sleep(share * duration)
        process.send_signal(signal.SIGKILL)
        process.wait()
        deadline = time.monotonic() + 300
        while alive(mark) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert alive(mark) == []
        assert kept <= finished(broken)
        kept = finished(broken)
        assert_whole(broken, whole)
    assert start(words, broken, mark).wait() == 0
    assert finished(broken) == finished(unbroken)
    ends = tables(broken)
    assert list(ends) == list(whole)
    for name, table in ends.items():
        pd.testing.assert_frame_equal(table, whole[name])
    names = [{p.relative_to(f) for p in f.rglob("*")} for f in (broken, unbroken)]
    assert names[0] == names[1]
