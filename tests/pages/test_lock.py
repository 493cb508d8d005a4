"""One command at a time in a folder."""

import os
import signal
import sqlite3
import subprocess
import sys

import pytest

from perceptrons.pages import lock
from perceptrons.pages.lock import FILE, HOLDER, FolderError, hold

SCRIPT = """
import sys
from pathlib import Path
from perceptrons.pages.lock import hold
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
    with pytest.raises(FolderError, match=f"in use by process {other.pid} on .*--out"):
        hold(tmp_path).__enter__()


def test_the_same_process_is_refused_too(tmp_path):
    with (
        hold(tmp_path),
        pytest.raises(FolderError, match=f"in use by process {os.getpid()} on"),
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
        pytest.raises(FolderError, match=r"file is a file, not a folder.*--out"),
        hold(tmp_path / "file" / "report"),
    ):
        pass


def test_a_lock_that_is_no_lock_is_refused_with_the_remedy(tmp_path):
    (tmp_path / ".lock").write_text("this is no database" * 100)
    with (
        pytest.raises(FolderError, match=r"cannot be written or read.*--out"),
        hold(tmp_path),
    ):
        pass


def test_nothing_is_left_but_what_was_written(tmp_path):
    with hold(tmp_path / "above" / "empty"):
        pass
    assert list(tmp_path.iterdir()) == []
    with hold(tmp_path / "above" / "full"):
        (tmp_path / "above" / "full" / "page").touch()
    assert [path.name for path in (tmp_path / "above" / "full").iterdir()] == ["page"]
    with hold(tmp_path / "above"):
        assert (tmp_path / "above" / FILE).exists()
    assert not (tmp_path / "above" / FILE).exists()


def test_an_error_of_a_file_that_went_is_tried_again(tmp_path, monkeypatch):
    # The next file of that name may get the number of the one that went.
    took, told = lock._took, []

    def at_third(path):
        if len(told) < 2:
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSTAT
            told.append(error)
            raise error
        return took(path)

    monkeypatch.setattr(lock, "_took", at_third)
    with hold(tmp_path):
        assert len(told) == 2


def test_an_error_that_stays_is_told(tmp_path, monkeypatch):
    def never(path):
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR_WRITE
        raise error

    monkeypatch.setattr(lock, "_took", never)
    with pytest.raises(FolderError, match=r"disk I/O error.*--out"), hold(tmp_path):
        pass


CROWD = """
import sys
from pathlib import Path
from perceptrons.pages.lock import FolderError, hold
folder, entered = Path(sys.argv[1]), 0
while entered < 40:
    try:
        with hold(folder):
            with open(folder / "alone", "x"):
                pass
            (folder / "alone").unlink()
            entered += 1
    except FolderError as error:
        assert "is in use by" in str(error), error
"""


def test_no_two_of_a_crowd_are_ever_inside_though_the_lock_comes_and_goes(tmp_path):
    command = [sys.executable, "-c", CROWD, tmp_path / "folder"]
    crowd = [
        subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(3)
    ]
    assert [process.communicate()[1] for process in crowd] == [""] * 3
