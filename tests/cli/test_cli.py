"""The command line."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from made_up import tiny
from typer.testing import CliRunner

import perceptrons
from perceptrons.cli import app
from perceptrons.pages.lock import hold
from perceptrons.report import build
from perceptrons.study import runner
from perceptrons.study.shipped import BUILTIN


def call(*arguments):
    return CliRunner().invoke(app, list(map(str, arguments)))


@pytest.fixture
def quickly(monkeypatch):
    monkeypatch.setattr(build, "builtin", tiny)


def test_list_names_every_study():
    done = call("list")
    assert done.exit_code == 0
    assert all(name in done.stdout for name in BUILTIN)


def test_list_as_json():
    listed = json.loads(call("list", "--json").stdout)
    assert [study["name"] for study in listed] == list(BUILTIN)


def test_report_says_where_the_page_is(quickly, tmp_path):
    done = call("report", "gradient-check", "--out", tmp_path, "--jobs", 1)
    assert done.exit_code == 0
    # A part of the report does not replace the page of the whole.
    page = tmp_path / "gradient-check" / "index.html"
    assert str(page) in done.stdout
    assert page.exists()
    assert not (tmp_path / "index.html").exists()


def test_report_as_json_prints_nothing_else_on_stdout(quickly, tmp_path):
    done = call("report", "gradient-check", "--out", tmp_path, "--jobs", 1, "--json")
    summary = json.loads(done.stdout)
    assert summary["trained"] == summary["runs"] == 9
    assert summary["studies"][0]["claims"][0]["verdict"]


def test_a_failed_check_exits_with_1(quickly, tmp_path, monkeypatch):
    limit = "perceptrons.report.sections.gradient_check.TOLERANCE"
    monkeypatch.setattr(limit, 1e-20)
    done = call("report", "gradient-check", "--out", tmp_path, "--jobs", 1)
    assert done.exit_code == 1
    assert "Check failed" in done.stderr


def test_a_damaged_store_is_announced(quickly, tmp_path):
    (tmp_path / "runs.sqlite").write_text("this is no database" * 100)
    done = call("report", "gradient-check", "--out", tmp_path, "--jobs", 1)
    assert done.exit_code == 0
    assert "damaged" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["optimisers"], "Did you mean 'optimizers'?"),
        (
            ["optimizers", "--engine", "warp", "--quick"],
            "Error: --engine must be one of",
        ),
        (["optimizers", "--out", __file__], "is a file, not a folder; choose a folder"),
        (["optimizers", "--out", f"{__file__}/x"], "test_cli.py is a file, not"),
        (["--seeds", "0"], "--seeds"),
    ],
)
def test_misuse_is_one_sentence_and_exit_2(arguments, sentence, tmp_path):
    if "--out" not in arguments:
        arguments = [*arguments, "--out", str(tmp_path)]
    done = call("report", *arguments, "--jobs", 1)
    assert done.exit_code == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_a_second_report_on_the_same_folder_is_refused(quickly, tmp_path):
    with hold(tmp_path):
        done = call("report", "gradient-check", "--out", tmp_path, "--jobs", 1)
    assert done.exit_code == 2
    assert f"is in use by process {os.getpid()}" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "runs.sqlite").exists()


def test_ctrl_c_exits_with_130_and_says_what_is_kept(quickly, tmp_path, monkeypatch):
    def interrupt(run, folder):
        raise KeyboardInterrupt

    monkeypatch.setattr(runner, "perform", interrupt)
    done = call("report", "gradient-check", "--out", tmp_path, "--jobs", 1)
    assert done.exit_code == 130
    assert "0 of 9 runs ended and are kept" in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("arguments", [["list"], ["list", "--json"], ["info"]])
def test_output_that_cannot_be_written_is_one_sentence(arguments):
    command = [sys.executable, "-m", "perceptrons", *arguments]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("Error: the output cannot be written")
    assert len(done.stderr.splitlines()) == 1


def test_a_study_tells_what_was_lost_of_its_table_before_it_trains(
    quickly, tmp_path, monkeypatch
):
    rows = "".join(f"{i % 7},n{i:03d},{i * i % 11}\n" for i in range(60))
    (tmp_path / "t.csv").write_text(f"a,[free],y\n{rows}")
    (tmp_path / "s.toml").write_text(
        'title = "t"\nquestion = "q"\nmetric = "test_mse"\n'
        'dataset = { file = "t.csv", target = "y" }\n[base]\nmax_iter = 2\n'
    )

    def interrupt(run, folder):
        raise KeyboardInterrupt

    monkeypatch.setattr(runner, "perform", interrupt)
    done = call("study", tmp_path / "s.toml", "--out", tmp_path / "out", "--jobs", 1)
    assert "Warning: Column '[free]': Not used: 60 different texts" in done.stderr
    assert "0 of 1 runs ended" in done.stderr


def test_version():
    done = call("--version")
    assert done.exit_code == 0
    assert done.stdout == f"perceptrons {perceptrons.__version__}\n"


def test_listing_loads_no_heavy_library():
    code = (
        "import sys; from perceptrons.cli import app; app(['list'], False);"
        "print(*({'sklearn', 'matplotlib', 'pandas'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code.replace("False", "standalone_mode=False")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1].strip() == ""


@pytest.mark.parametrize(
    ("option", "named"), [("--peers", "scikit-learn"), ("--workloads", "W1a")]
)
def test_bench_refuses_unknown_names_in_a_sentence(option, named):
    result = CliRunner().invoke(app, ["bench", option, "zzz"])
    assert result.exit_code == 2
    assert named in result.output
    assert "Traceback" not in result.output


def test_a_full_disk_while_drawing_is_one_sentence_and_keeps_the_runs(
    quickly, tmp_path, monkeypatch
):
    def refuse(path, content):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", refuse)
        done = call("report", "gradient-check", "--out", tmp_path, "--jobs", 1)
    assert done.exit_code == 2
    assert "No space left on device" in done.stderr
    assert "The runs are kept." in done.stderr
    assert "Traceback" not in done.stderr
    assert not [p for p in tmp_path.rglob("*") if p.suffix in (".html", ".part")]
    again = call("report", "gradient-check", "--out", tmp_path, "--jobs", 1, "--json")
    assert json.loads(again.stdout)["trained"] == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_write_permission_is_refused_with_the_remedy(tmp_path):
    tmp_path.chmod(0o500)
    done = call("report", "gradient-check", "--out", tmp_path / "report", "--quick")
    assert done.exit_code == 2
    assert "choose a folder you can write to with --out" in done.stderr


def test_redrawing_a_folder_without_runs_says_how_to_train_them(quickly, tmp_path):
    done = call("report", "gradient-check", "--out", tmp_path, "--from-store")
    assert done.exit_code == 2
    assert "9 of 9 are missing (gradient-check" in done.stderr


def test_redrawing_trains_nothing_and_gives_the_same_tables(quickly, tmp_path):
    arguments = ("report", "gradient-check", "--out", tmp_path, "--jobs", 1)
    call(*arguments)
    tables = tmp_path / "gradient-check" / "tables"
    before = {path.name: path.read_bytes() for path in tables.iterdir()}
    done = call(*arguments, "--from-store", "--json")
    assert json.loads(done.stdout)["trained"] == 0
    assert before == {path.name: path.read_bytes() for path in tables.iterdir()}
