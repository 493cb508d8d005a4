"""The bench from end to end on tiny work, and what it says when a library fails."""

import io
import json
import os
from dataclasses import replace

import pytest
from rich.console import Console

from perceptrons import peers
from perceptrons.bench import commands
from perceptrons.bench.measure import Plan, measure
from perceptrons.bench.process import environment
from perceptrons.bench.table import as_dict, render
from perceptrons.bench.workloads import WORKLOADS
from perceptrons.peers import OURS, PEERS, Peer


def test_ours_and_scikit_learn_are_measured_and_agree(capsys):
    code = commands.bench(
        ["Scikit-Learn"], ["W1a"], quick=True, repeats=1, as_json=True
    )
    record = json.loads(capsys.readouterr().out)
    assert code == 0
    assert set(record) == {"machine", "settings", "workloads"}
    assert record["settings"] == {
        "repeats": 1,
        "quick": True,
        "complete": False,
        "threads": None,
    }
    assert [one["workload"] for one in record["workloads"]] == ["W1a"]
    for one in record["workloads"]:
        ours, theirs = one["results"]
        assert (ours["library"], theirs["library"]) == ("perceptrons", "scikit-learn")
        assert ours["status"] == theirs["status"] == "measured"
        assert ours["agrees"] is theirs["agrees"] is True
        assert ours["ratio"] == 1.0
        assert theirs["ratio"] > 1.0
        assert len(theirs["seconds"]) == 1
        assert one["threads"] == 1


def test_prediction_is_measured_per_call():
    measured = next(measure(Plan([WORKLOADS["W6-1"]], [OURS], 1, quick=True)))
    ours = measured.results[0]
    assert ours.agrees is True
    assert 0 < ours.seconds[0] < 0.1


def test_names_may_stand_between_commas():
    with pytest.raises(ValueError, match="got 'W8'"):
        commands.bench([], ["W1a, W8"])


def test_a_sweep_runs_over_processes_and_is_compared(capsys):
    code = commands.bench(["scikit-learn"], ["W3"], quick=True, repeats=1)
    shown = capsys.readouterr().out
    assert code == 0
    assert "W3  147 networks" in shown
    assert "Quick: few epochs" in shown


@pytest.fixture(scope="module")
def troubled(tmp_path_factory):
    """Return the results of a run in which only ours works, by library."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "dying.py").write_text("import os; os._exit(7)")
    table = [
        Peer("Broken", "perceptrons.bench.machine"),
        Peer("Homeless", "no.such.home"),
        Peer("Dying", "dying"),
        Peer("Absent", "nowhere", "no_such_module", hint="pip install absent"),
        Peer("Library", "nowhere", "libnosuchthing", hint="apt install thing"),
        OURS,
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)
        measured = next(measure(Plan([WORKLOADS["W1a"]], table, 1, quick=True)))
    return measured, {result.library: result for result in measured.results}


def test_a_missing_peer_is_listed_with_what_to_type(troubled):
    measured, results = troubled
    assert results["Library"].status == "not installed"
    console = Console(file=io.StringIO(), width=80)
    console.print(render(measured))
    assert "Absent: not installed: pip install absent" in console.file.getvalue()


@pytest.mark.parametrize(
    ("library", "reason"),
    [
        ("Broken", "AttributeError: module 'perceptrons.bench.machine' has no"),
        ("Homeless", "ModuleNotFoundError: No module named 'no'"),
        ("Dying", "its process ended with code 7"),
    ],
)
def test_a_failing_peer_is_reported_and_the_rest_goes_on(troubled, library, reason):
    _, results = troubled
    assert results[library].status == "failed"
    assert results[library].reason.startswith(reason)
    assert results["perceptrons"].status == "measured"


def test_json_of_failures_holds_no_times(troubled):
    measured, _ = troubled
    plain = json.loads(json.dumps(as_dict(measured), allow_nan=False))
    broken = plain["results"][0]
    assert broken["status"] == "failed"
    assert broken["median"] is broken["ratio"] is broken["quartiles"] is None


def test_slow_libraries_are_compared_with_ours_after_as_many_epochs():
    short = replace(WORKLOADS["W1a"], epochs=20)
    part = replace(PEERS["scikit-learn"], shares={"W1a": peers.Share(epochs=10)})
    ours, theirs = next(measure(Plan([short], [OURS, part], 1))).results
    assert theirs.part.epochs == 2
    assert theirs.part.scale(short) == 10
    assert theirs.agrees is True
    assert theirs.losses[0] > ours.losses[0]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"peer_names": ["pytoch"]}, "peers must be one of .*Did you mean 'PyTorch'"),
        ({"workload_names": ["W7"]}, "workloads must be one of"),
        ({"repeats": 0}, "repeats must be at least 1, got 0"),
        ({"threads": -1}, "threads must be at least 1, got -1"),
        ({"quick": True, "complete": True}, "quick and complete exclude each other"),
    ],
)
def test_misuse_is_told_in_a_sentence(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        commands.bench(**arguments)


def test_ours_is_measured_whatever_peers_are_named():
    assert [peer.name for peer in peers.select(["jax"])] == ["perceptrons", "JAX"]


def test_every_peer_has_a_home_and_a_hint():
    for peer in PEERS.values():
        assert peer.home.startswith("perceptrons.peers.")
        assert peer.hint or peer.needs == "numpy"


def test_threads_are_bounded_for_every_library():
    assert environment(2, sweep=False)["OMP_NUM_THREADS"] == "2"
    assert environment(2, sweep=True)["OPENBLAS_NUM_THREADS"] == "1"
    assert "eigen=false" in environment(1, sweep=False)["XLA_FLAGS"]


def test_info_describes_engine_machine_and_versions(capsys):
    commands.info(as_json=True)
    described = json.loads(capsys.readouterr().out)
    assert described["engine"]["name"] in ("compiled", "numpy")
    assert described["threads"] >= 1
    assert set(described["versions"]) == {
        "perceptrons",
        "numpy",
        "scipy",
        "scikit-learn",
    }
    assert described["machine"]["cores"] >= 1
    assert described["blas"]


def test_info_prints_lines(capsys):
    commands.info()
    shown = capsys.readouterr().out
    for word in ("engine", "instruction set", "threads", "machine", "BLAS", "numpy"):
        assert word in shown
