"""One report at a time in a folder."""

import os
import signal
import subprocess
import sys

import pytest

from perceptrons.study.lock import HOLDER, hold
from perceptrons.study.records import StoreError

SCRIPT = """
import sys
from pathlib import Path
from perceptrons.study.lock import hold
with hold(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def other(tmp_path):
    """Return another process that holds the folder."""
    command = [sys.executable, "-c", SCRIPT, tmp_path]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_process_is_refused_and_told_who_is_at_work(other, tmp_path):
    with pytest.raises(StoreError, match=f"in use by process {other.pid} on .*--out"):
        hold(tmp_path).__enter__()


def test_the_same_process_is_refused_too(tmp_path):
    with (
        hold(tmp_path),
        pytest.raises(StoreError, match=f"in use by process {os.getpid()} on"),
        hold(tmp_path),
    ):
        pass


def test_kill_9_leaves_no_lock(other, tmp_path):
    other.send_signal(signal.SIGKILL)
    other.wait()
    assert (tmp_path / HOLDER).exists()
    with hold(tmp_path):
        pass


def test_an_error_inside_gives_the_folder_back(tmp_path):
    with pytest.raises(ZeroDivisionError), hold(tmp_path):
        raise ZeroDivisionError
    with hold(tmp_path):
        pass


def test_a_folder_that_cannot_be_written_is_refused_with_the_remedy(tmp_path):
    (tmp_path / "file").touch()
    with (
        pytest.raises(StoreError, match=r"file is a file, not a folder.*--out"),
        hold(tmp_path / "file" / "report"),
    ):
        pass


def test_a_lock_that_is_no_lock_is_refused_with_the_remedy(tmp_path):
    (tmp_path / ".lock").write_text("this is no database" * 100)
    with (
        pytest.raises(StoreError, match=r"cannot be written or read.*--out"),
        hold(tmp_path),
    ):
        pass
