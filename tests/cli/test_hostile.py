"""Whatever a command is given, it ends in a sentence and an exit code."""

import itertools
import json
import os
import resource
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from perceptrons import _memory, engine, threads
from perceptrons.cli import app
from perceptrons.report import build

DIGITS = "9" * 5000
TOP = 'title = "t"\nquestion = "q"\nmetric = "test_mse"\n'
RUNGE = TOP + 'dataset = "runge"\n'
OWN = TOP + 'dataset = {{ file = "{}", target = "y" }}\n'
RATES = "[" + ", ".join(f"{n / 1000}" for n in range(1, 1000)) + "]"
ROWS = "a,b,y\n" + "".join(f"{i % 7},{i % 5},{i % 3}\n" for i in range(40))


@pytest.fixture
def call(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(_memory, "limit", lambda: 4 * 10**9)

    def call(*arguments):
        """Run a command; what it says is one sentence and no traceback."""
        done = CliRunner().invoke(app, list(map(str, arguments)))
        assert done.exception is None or isinstance(done.exception, SystemExit)
        assert "Traceback" not in done.output
        assert "of perceptrons itself" not in done.output
        return done

    return call


def base(**settings):
    lines = [f"{name} = {value}\n" for name, value in settings.items()]
    return RUNGE + "[base]\nmax_iter = 2\n" + "".join(lines)


def extra(**settings):
    lines = [f"{name} = {value}\n" for name, value in settings.items()]
    return base() + "[[extra]]\n" + "".join(lines)


def ols(**settings):
    return extra(procedure='"baseline"', model='"ols"', **settings)


def checked(**settings):
    given = {
        "sizes": "[3, 2, 1]", "activation": '"relu"', "loss": '"squared_error"',
        "penalty": '"none"', "n_rows": 3, **settings,
    }  # fmt: skip
    lines = [f"{name} = {value}\n" for name, value in given.items()]
    top = TOP.replace("test_mse", "numeric_rel") + 'procedure = "gradient-check"\n'
    return top + "[base]\n" + "".join(lines)


STUDIES = {
    "digits": (base(max_iter=DIGITS), "a whole number of more than"),
    "digits of a seed": (RUNGE + f"seeds = [{DIGITS}]", "a whole number of more than"),
    "deep lists": ("x = " + "[" * 5000 + "]" * 5000, "nests tables or lists"),
    "deep tables": ("x = " + "{a=" * 3000 + "1" + "}" * 3000, "nests tables or lists"),
    "deep key": ("a." * 20_000 + "a = 1", "nests tables or lists"),
    "long": ("#" * 1_000_001, "has 1,000,001 bytes, and may have 1,000,000"),
    "NUL": ("a\0 = 1", "is not valid TOML"),
    "empty": ("", "the key 'title' is missing"),
    "seed": (RUNGE + "seeds = [4294967296]", "at least 0 and below 2^32"),
    "NaN seed": (RUNGE + "seeds = [nan]", "at least 0 and below 2^32"),
    "grid": (
        base() + f"[axes]\nl1 = {RATES}\nl2 = {RATES}\nlearning_rate_init = {RATES}",
        "asks for 9.97e+08 runs",
    ),
    "wide": (base(hidden_layer_sizes="[1000000, 1000000]"), "3.2e+04 GB of memory"),
    "wider": (base(hidden_layer_sizes=f"[{2**62}]"), "of memory, and there are"),
    "batch": (base(hidden_layer_sizes="[900000]", solver='"gd"'), "of memory, and"),
    "table": (base(hidden_layer_sizes="{}"), "must be a value or a list"),
    "nested": (base(hidden_layer_sizes="[[[1]]]"), "must be an integer"),
    "text": (base(l2='"x"'), "l2 must be a number"),
    "NaN": (base(l2="nan"), "l2 must be"),
    "infinity": (base(learning_rate_init="inf"), "learning_rate_init must be"),
    "date": (base(tol="1979-05-27"), "tol must be a number"),
    "degree": (ols(degree=10**9), "4.8e+04 GB of memory"),
    "degree 2^63": (ols(degree=2**63), "of memory, and there are"),
    "folds": (ols(degree=2, folds=1501), "cannot run: Cannot have number of splits"),
    "procedure": (RUNGE + "procedure = []", "procedure must be a text, got []"),
    "metric": (RUNGE.replace('"test_mse"', "{}"), "metric must be a text"),
    "check": (checked(sizes="[100000, 100000, 1]"), "480 GB of memory"),
    "rows": (checked(n_rows=10**12), "of memory, and there are"),
    "no sizes": (checked(sizes="[]"), "at least two layer sizes"),
    "library": (
        TOP + 'dataset = "runge"\nprocedure = "library"\n[base]\nlibrary = "PyTorch"\n'
        'activation = "relu"\nmax_iter = 2\nbatch_size = 9\n'
        "hidden_layer_sizes = [1000000, 1000000]",
        "of memory, and there are",
    ),
    "zero": (OWN.format("/dev/zero"), "it is a device or a pipe, not a file"),
    "pipe": (OWN.format("pipe"), "it is a device or a pipe, not a file"),
    "folder": (OWN.format("folder"), "Is a directory"),
    "NUL in a name": (OWN.format(r"a\u0000b"), "no file can have this name"),
    "long name": (OWN.format("a" * 5000), "File name too long"),
    "nowhere": (OWN.format("nowhere.csv"), "No such file"),
    "long field": (OWN.format("long.csv"), "holds 1 infinite value"),
    "digits in a table": (OWN.format("digits.csv"), "holds 1 infinite value"),
    "mark": (OWN.format("mark.csv"), "mark.csv is empty"),
}


@pytest.fixture
def files(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("x")
    (tmp_path / "t.csv").write_text(ROWS)
    (tmp_path / "long.csv").write_text(ROWS + f"1,{'1' * 200_000},2\n")
    (tmp_path / "digits.csv").write_text(ROWS + f"1,{DIGITS},2\n")
    (tmp_path / "mark.csv").write_bytes(b"\xef\xbb\xbf")
    (tmp_path / "loop").symlink_to("loop")


@pytest.mark.parametrize("name", STUDIES)
def test_a_hostile_study_is_refused_in_a_sentence(call, files, tmp_path, name):
    text, sentence = STUDIES[name]
    (tmp_path / "s.toml").write_text(text)
    done = call("study", "s.toml", "--jobs", 1)
    assert done.exit_code == 2
    assert done.stderr.lstrip().startswith("Error: ")
    assert sentence in done.stderr


@pytest.mark.parametrize(
    "file",
    ["nowhere", "folder", "pipe", "/dev/zero", "/dev/null", "loop", "", "a\0b",
     "a" * 300, "a/" * 3000],
)  # fmt: skip
@pytest.mark.parametrize("command", [["study"], ["compare", "--target", "y"]])
def test_what_is_no_file_is_refused_in_a_sentence(call, files, command, file):
    done = call(*command, file)
    assert done.exit_code == 2
    assert "Error" in done.stderr


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"\xef\xbb\xbf", "is empty"),
        (b"\xef\xbb\xbf\n\n", "is empty"),
        (b"\xff\xfe", "is empty"),
        (b"\0" * 1000, "is not text"),
        (ROWS.encode() + b"1,2," + b"1" * 200_000 + b"\n", "'y'"),
        (b"a" * 200_000 + b",y\n1,2\n", "has one value, 2, in all rows"),
        (b'a,y\n"1,2\n3,4\n', "cannot be read as a table"),
        (b"PAR1" + b"x" * 100 + b"PAR1", "Parquet"),
        (b"a,y\n", "no rows"),
        (bytes(range(256)) * 20, "is not"),
    ],
)
def test_a_hostile_table_is_refused_in_a_sentence(call, tmp_path, content, sentence):
    (tmp_path / "t.csv").write_bytes(content)
    done = call("compare", "t.csv", "--target", "y")
    assert done.exit_code == 2
    assert sentence in done.stderr


VALUES = [DIGITS, "-1", "nan", "inf", "x", "", "2.5", str(2**32), str(2**64)]


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize(
    ("command", "option"),
    [
        (["compare", "t.csv", "--target", "y"], "--seed"),
        (["compare", "t.csv", "--target", "y"], "--folds"),
        (["compare", "t.csv", "--target", "y"], "--jobs"),
        (["study", "s.toml"], "--seeds"),
        (["study", "s.toml"], "--jobs"),
        (["bench", "--workloads", "W1a"], "--repeats"),
    ],
)
def test_a_hostile_number_is_refused_in_a_sentence(
    call, files, tmp_path, command, option, value
):
    if option == "--repeats" and value.isdigit() and value != DIGITS:
        pytest.skip("that many rounds may be asked for")
    (tmp_path / "s.toml").write_text(base())
    done = call(*command, option, value)
    assert done.exit_code == 2
    assert done.stderr


@pytest.mark.parametrize(
    "out", ["file", "file/x", "pipe", "loop", "a" * 300, "a\0b"], ids=range(6)
)
@pytest.mark.parametrize("command", [["study", "s.toml"], ["report", "optimizers"]])
def test_where_no_folder_can_be_is_said(call, files, tmp_path, command, out):
    (tmp_path / "s.toml").write_text(base())
    done = call(*command, "--jobs", 1, "--out", out)
    assert done.exit_code == 2
    assert "Error" in done.stderr
    assert "--out" in done.stderr


NONSENSE = ["nonsense", "-1", "0", "2.5", "2 3", "\x7f", DIGITS]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("LOKY_MAX_CPU_COUNT", ""),
        *itertools.product(["LOKY_MAX_CPU_COUNT", "OMP_NUM_THREADS"], NONSENSE),
    ],
)
def test_no_number_of_cores_is_told(call, monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    with pytest.raises(ValueError, match=f"{variable} must be a whole number above 0"):
        threads.usable_threads(None)
    done = call("info")
    assert done.exit_code == 2
    assert f"{variable} must be a whole number above 0, got" in done.stderr
    assert "unset it to use all cores" in done.stderr


@pytest.mark.parametrize("value", ["1", " 1 ", "001", "1,2"])
def test_the_first_of_openmps_levels_counts(monkeypatch, value):
    monkeypatch.setenv("OMP_NUM_THREADS", value)
    assert threads.usable_threads(None) == 1


@pytest.mark.parametrize("value", ["", " "])
def test_openmp_takes_nothing_for_no_limit(monkeypatch, value):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    most = threads.usable_threads(None)
    monkeypatch.setenv("OMP_NUM_THREADS", value)
    assert threads.usable_threads(None) == most


@pytest.mark.skipif(engine.missing() is not None, reason="needs the compiled engine")
@pytest.mark.parametrize("value", ["", *NONSENSE])
def test_no_set_of_instructions_is_told(call, monkeypatch, value):
    monkeypatch.setenv("PERCEPTRONS_ISA", value)
    done = call("info")
    assert done.exit_code == 2
    assert "PERCEPTRONS_ISA must be one of" in done.stderr


def test_a_backend_for_figures_that_is_not_there_stops_nothing(tmp_path):
    (tmp_path / "s.toml").write_text("")
    command = [sys.executable, "-m", "perceptrons", "study", "s.toml"]
    environment = {**os.environ, "MPLBACKEND": "nonsense"}
    done = subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "the key 'title' is missing" in done.stderr


@pytest.mark.parametrize(
    "axes", ["", "[axes]\nlearning_rate_init = [1e30, 1e29]\nl2 = [0.0, 0.1]\n"]
)
def test_a_study_whose_runs_all_diverged_keeps_them_and_says_so(call, tmp_path, axes):
    text = RUNGE + '[base]\nsolver = "gd"\nmax_iter = 3\n'
    (tmp_path / "s.toml").write_text(text + (axes or "learning_rate_init = 1e30"))
    done = call("study", "s.toml", "--jobs", 1, "--json")
    assert done.exit_code == 1
    assert "test MSE is a number in no run of 's' (diverged)" in done.stderr
    runs = 4 if axes else 1
    assert json.loads(done.stdout)["trained"] == runs
    assert "diverged" in (tmp_path / "s" / "index.html").read_text()
    again = call("study", "s.toml", "--jobs", 1, "--json")
    assert json.loads(again.stdout)["trained"] == 0


def test_an_error_of_our_own_says_where_to_report_it(tmp_path, monkeypatch):
    def broken(*arguments):
        raise KeyError("test_mse")

    monkeypatch.setattr(build, "study", broken)
    monkeypatch.setattr("sys.argv", ["perceptrons", "study", "my study.toml"])
    done = CliRunner().invoke(app, ["study", "my study.toml"])
    assert done.exit_code == 2
    first, second = done.stderr.splitlines()
    assert first == "Error of perceptrons itself: KeyError: 'test_mse'"
    assert "issue tracker" in second
    assert "`perceptrons --debug study 'my study.toml'`" in second
    told = CliRunner().invoke(app, ["--debug", "study", "my study.toml"])
    assert isinstance(told.exception, KeyError)


def test_memory_that_ends_is_told_in_a_sentence(monkeypatch):
    def hungry(*arguments):
        raise MemoryError

    monkeypatch.setattr(build, "study", hungry)
    done = CliRunner().invoke(app, ["study", "s.toml"])
    assert done.exit_code == 2
    assert done.stderr.startswith("Error: memory ended")


def test_the_limit_of_memory_is_the_least_of_all(monkeypatch, tmp_path):
    container = tmp_path / "memory.max"
    monkeypatch.setattr(_memory, "_CONTAINER", (container,))
    free = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    monkeypatch.setattr(resource, "getrlimit", lambda kind: free)
    machine = _memory.limit()
    assert machine == os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    container.write_text("max\n")
    assert _memory.limit() == machine
    container.write_text("3000000\n")
    assert _memory.limit() == 3_000_000
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (2_000_000, 4_000_000))
    assert _memory.limit() == 2_000_000
    with pytest.raises(ValueError, match=r"a net needs about 0.005 GB .* 0.002 GB"):
        _memory.check("a net", 5_000_000, "make it smaller")
