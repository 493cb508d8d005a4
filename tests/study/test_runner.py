"""Performing runs: resumable, parallel, interruptible."""

import dataclasses
import io
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import traceback
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, suppress
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from rich.console import Console

from perceptrons import provenance
from perceptrons.study import runner
from perceptrons.study.errors import ExperimentError
from perceptrons.study.experiment import load
from perceptrons.study.procedures import PROCEDURES
from perceptrons.study.records import FILE, Store

STUDY = """
title = "Mine"
question = "Does it?"
dataset = "runge"
metric = "test_mse"
[base]
hidden_layer_sizes = [3]
batch_size = 20
max_iter = 12
tol = 0.0
[axes]
solver = ["sgd", "adam"]
learning_rate_init = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05]
"""

SCRIPT = """
import sys
from pathlib import Path
from perceptrons import provenance
provenance.code = lambda: "one code"
from perceptrons.study.experiment import load
from perceptrons.study.records import Store
from perceptrons.study.runner import execute
with Store(Path(sys.argv[2])) as store:
    execute(load(Path(sys.argv[1])).runs(), store, jobs=1)
"""

KILLED_AFTER_THREE = """
import os, signal
from perceptrons.study import records
add, added = records.Store.add, []
def add_or_die(store, run, result):
    if len(added) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    add(store, run, result)
    added.append(run)
records.Store.add = add_or_die
"""


@pytest.fixture(autouse=True)
def one_code(monkeypatch):
    """Keep the keys of runs when sources are edited while the tests run."""
    monkeypatch.setattr(provenance, "code", lambda: "one code")


@pytest.fixture
def study(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(STUDY)
    return path


def finished(folder):
    """Count the runs another process has committed."""
    if not (folder / FILE).exists():
        return 0
    connection = sqlite3.connect(folder / FILE, timeout=30)
    try:
        return connection.execute("SELECT count(*) FROM runs").fetchone()[0]
    except sqlite3.OperationalError:
        return 0
    finally:
        connection.close()


def assert_same_records(runs, one, other):
    """Compare everything but the seconds, bit for bit."""
    with Store(one) as first, Store(other) as second:
        for run in runs:
            a, b = first.get(run).result, second.get(run).result
            assert a.metrics == b.metrics
            assert (a.reason, a.epochs, a.n_parameters) == (
                b.reason, b.epochs, b.n_parameters
            )  # fmt: skip
            for name, curve in a.curves.items():
                assert_array_equal(curve, b.curves[name])


def test_after_kill_9_only_the_missing_runs_are_trained(study, tmp_path):
    broken, whole = tmp_path / "broken", tmp_path / "whole"
    runs = load(study).runs()
    process = subprocess.run(
        [sys.executable, "-c", KILLED_AFTER_THREE + SCRIPT, study, broken]
    )
    assert process.returncode == -signal.SIGKILL
    with Store(broken) as store:
        assert store.moved is None
        kept = sum(map(store.holds, runs))
        assert kept == 3
        assert runner.execute(runs, store, jobs=1) == len(runs) - kept
        assert runner.execute(runs, store, jobs=1) == 0
    with Store(whole) as store:
        assert runner.execute(runs, store, jobs=1) == len(runs)
    assert_same_records(runs, broken, whole)


def test_two_processes_find_what_one_finds(study, tmp_path):
    runs = load(study).runs()[:6]
    for jobs in (1, 2):
        with Store(tmp_path / str(jobs)) as store:
            assert runner.execute(runs, store, jobs=jobs) == 6
    assert_same_records(runs, tmp_path / "1", tmp_path / "2")


def test_the_bar_tells_networks_done_and_the_time_left(study, tmp_path):
    runs = load(study).runs()[:3]
    shown = Console(file=io.StringIO(), force_terminal=True, width=100)
    with Store(tmp_path) as store:
        runner.execute(runs, store, jobs=1, console=shown)
    told = shown.file.getvalue()
    assert "3 of 3 networks" in told
    assert re.search(r"\d:\d\d:\d\d.* elapsed,.*\d:\d\d:\d\d.* left", told)


def test_the_largest_run_starts_first(study, tmp_path, monkeypatch):
    started = []
    perform = runner.perform
    monkeypatch.setattr(
        runner, "perform", lambda r, f: started.append(r) or perform(r, f)
    )
    text = STUDY.replace("[axes]", "[axes]\nmax_iter = [1, 3, 2]")
    study.write_text(text.replace("max_iter = 12\n", ""))
    with Store(tmp_path / "out") as store:
        runner.execute(load(study).runs(), store, jobs=1)
    epochs = [run.settings["max_iter"] for run in started]
    assert epochs == sorted(epochs, reverse=True)


def test_ctrl_c_keeps_what_has_ended_and_says_so(study, tmp_path, monkeypatch):
    runs = load(study).runs()
    perform, calls = runner.perform, []

    def third_time_interrupted(run, folder):
        calls.append(run)
        if len(calls) == 3:
            os.kill(os.getpid(), signal.SIGINT)
        return perform(run, folder)

    monkeypatch.setattr(runner, "perform", third_time_interrupted)
    with Store(tmp_path / "out") as store:
        with pytest.raises(runner.Interrupted, match="2 of 12 runs ended and are kept"):
            runner.execute(runs, store, jobs=1)
        assert sum(map(store.holds, runs)) == 2


@pytest.mark.parametrize("solver", ["sgd", "gd"])
def test_ctrl_c_in_the_middle_of_a_training_stores_nothing(study, tmp_path, solver):
    text = STUDY.replace('["sgd", "adam"]', f'["{solver}"]').replace("[3]", "[50, 50]")
    text = text.replace(
        "max_iter = 12", "max_iter = 1000000\nn_iter_no_change = 1000000"
    )
    study.write_text(text.replace("[0.001, 0.002, 0.005, 0.01, 0.02, 0.05]", "[1e-9]"))
    runs = load(study).runs()
    pressed = threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT))
    with Store(tmp_path / "out") as store:
        pressed.start()
        with pytest.raises(runner.Interrupted, match="0 of 1 runs ended"):
            runner.execute(runs, store, jobs=1)
        pressed.join()
        assert not any(map(store.holds, runs))


def test_a_damaged_row_is_trained_again(study, tmp_path):
    runs = load(study).runs()[:3]
    with Store(tmp_path) as store:
        runner.execute(runs, store, jobs=1)
    with closing(sqlite3.connect(tmp_path / FILE)) as connection, connection:
        damage = "UPDATE runs SET metrics = '{' WHERE key = ?"
        connection.execute(damage, (runs[0].key,))
        connection.execute("DELETE FROM curves WHERE key = ?", (runs[1].key,))
    with Store(tmp_path) as store:
        assert runner.execute(runs, store, jobs=1) == 2
        assert all(store.holds(run) for run in runs)


def test_data_that_a_loss_cannot_take_is_told_in_a_sentence(study, tmp_path):
    # Cross-entropy needs rows of probabilities: the data are at fault, not the plan.
    text = STUDY.replace("[base]", '[base]\nloss = "cross_entropy"')
    study.write_text(text)
    runs = load(study).runs()[:2]
    for jobs in (1, 2):
        with (
            Store(tmp_path / str(jobs)) as store,
            pytest.raises(ExperimentError, match="'mine' cannot run: y must be") as e,
        ):
            runner.execute(runs, store, jobs=jobs)
        assert "This was 'network', seed 0, settings {" in str(e.value)


def test_an_error_of_our_own_comes_through_and_names_its_run(
    study, tmp_path, monkeypatch
):
    def broken(settings, dataset, seed):
        raise KeyError("of our own")

    replaced = dataclasses.replace(PROCEDURES["network"], run=broken)
    monkeypatch.setitem(PROCEDURES, "network", replaced)
    runs = load(study).runs()[:2]
    with Store(tmp_path) as store, pytest.raises(KeyError) as caught:
        runner.execute(runs, store, jobs=1)
    lines = "".join(traceback.format_exception(caught.value))
    assert "In the study 'mine', procedure 'network', seed 0" in lines


def test_memory_that_ends_while_training_is_told_and_what_ended_is_kept(
    study, tmp_path, monkeypatch
):
    runs, perform = load(study).runs()[:3], PROCEDURES["network"].run

    def hungry(settings, dataset, seed):
        if settings["learning_rate_init"] == runs[2].settings["learning_rate_init"]:
            raise MemoryError
        return perform(settings, dataset, seed)

    replaced = dataclasses.replace(PROCEDURES["network"], run=hungry)
    monkeypatch.setitem(PROCEDURES, "network", replaced)
    with Store(tmp_path) as store:
        with pytest.raises(ExperimentError, match="cannot run: memory ended"):
            runner.execute(runs, store, jobs=1)
        assert sum(map(store.holds, runs)) == 2


def test_a_worker_killed_from_outside_is_told_in_a_sentence(
    study, tmp_path, monkeypatch
):
    def killed(*arguments, **options):
        raise BrokenProcessPool("A worker was killed")

    monkeypatch.setattr(runner.work, "pool", lambda *a, **k: killed)
    with (
        Store(tmp_path) as store,
        pytest.raises(ExperimentError, match="try fewer --jobs than 2"),
    ):
        runner.execute(load(study).runs()[:2], store, jobs=2)


def test_a_network_that_diverges_is_recorded_with_nan(study, tmp_path):
    text = STUDY.replace("[base]", '[base]\nloss = "mean_squared_error"')
    text = text.replace("[3]", "[50, 100]").replace('["sgd", "adam"]', '["gd"]')
    text = text.replace("[base]", '[base]\ninit = "standard_normal"\nmomentum = 0.0')
    study.write_text(text.replace("[0.001, 0.002, 0.005, 0.01, 0.02, 0.05]", "[9.0]"))
    (run,) = load(study).runs()
    with Store(tmp_path / "out") as store:
        runner.execute([run], store, jobs=1)
        result = store.get(run).result
    assert result.reason == "diverged"
    assert np.isnan(list(result.metrics.values())).all()
    assert np.isfinite(result.curves["cost"]).all()
    assert result.n_parameters == 2 * 50 + 51 * 100 + 101


def test_a_network_without_one_finite_epoch_is_recorded_too(study, tmp_path):
    text = STUDY.replace("[0.001, 0.002, 0.005, 0.01, 0.02, 0.05]", "[1e30]")
    study.write_text(text.replace('["sgd", "adam"]', '["sgd"]'))
    (run,) = load(study).runs()
    with Store(tmp_path / "out") as store:
        runner.execute([run], store, jobs=1)
        result = store.get(run).result
    assert result.reason == "diverged"
    assert result.message
    assert np.isnan(list(result.metrics.values())).all()
    assert result.curves["cost"].size == 0


def test_a_killed_parent_leaves_no_worker_behind(study, tmp_path):
    # Two train for ever, and one has soon nothing to do.
    parts = '[{ solver = "sgd" }, { solver = "adam" }, { max_iter = 1 }]'
    text = STUDY.replace('solver = ["sgd", "adam"]', f"part = {parts}")
    text = text.replace("max_iter = 12", "max_iter = 1000000\nn_iter_no_change = inf")
    text = text.replace("[0.001, 0.002, 0.005, 0.01, 0.02, 0.05]", "[0.001]")
    study.write_text(text.replace("[3]", "[50, 50]"))
    script = SCRIPT.replace("jobs=1", "jobs=3")
    process = subprocess.Popen([sys.executable, "-c", script, study, tmp_path / "out"])
    # Imports take a worker two seconds: then it has its run, and trains.
    workers = awaited(
        lambda: children(process.pid),
        lambda w: len(w) == 3 and sorted(map(seconds, w))[-2] > 5,
    )
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert awaited(lambda: list(filter(runs, workers)), lambda left: not left) == []


def awaited(look, good):
    """Look again until it is good, however slow the machine; give up in the end."""
    deadline = time.monotonic() + 300
    while not good(found := look()):
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
    return found


def children(parent):
    """Return the process numbers of a process' children that run joblib's workers."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            number, _, _, above = status.read_text().split()[:4]
            words = status.with_name("cmdline").read_bytes()
            if int(above) == parent and b"popen_loky" in words:
                found.append(int(number))
    return found


def seconds(number):
    """Return the processor time a process has used."""
    ticks = Path(f"/proc/{number}/stat").read_text().split()[13:15]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def runs(number):
    """Tell whether a process is still there, and no zombie."""
    try:
        return Path(f"/proc/{number}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False


def test_runs_whose_seconds_are_compared_are_performed_last_and_alone(
    study, tmp_path, monkeypatch
):
    path = tmp_path / "processes"
    text = STUDY + '[[extra]]\nprocedure = "baseline"\nmodel = "ols"\ndegree = 2\n'
    study.write_text(text)
    baseline = dataclasses.replace(PROCEDURES["baseline"], alone=True)
    monkeypatch.setitem(PROCEDURES, "baseline", baseline)
    perform, here = runner.perform, []

    def noting(run, folder):
        here.append(run.procedure)
        return perform(run, folder)

    monkeypatch.setattr(runner, "perform", noting)
    ended = []
    with Store(path) as store:
        monkeypatch.setattr(
            store, "add", lambda run, result: ended.append(run.procedure)
        )
        runner.execute(load(study).runs(), store, jobs=2)
    # In this process: that run only. And nothing after it.
    assert here == ["baseline"]
    assert ended.index("baseline") == len(ended) - 1 == 12


def test_a_full_disk_is_one_sentence_and_the_store_stays_whole(study, tmp_path):
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (2**17,) * 2)\n"
    command = [sys.executable, "-c", limit + SCRIPT, study, tmp_path / "out"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert "StoreError" in done.stderr
    assert "cannot be written" in done.stderr
    kept = finished(tmp_path / "out")
    assert 0 < kept < 12
    with Store(tmp_path / "out") as store:
        assert store.moved is None
        assert runner.execute(load(study).runs(), store, jobs=1) == 12 - kept
