"""The run store."""

import dataclasses
import sqlite3
from contextlib import closing

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from perceptrons.study.plan import Run
from perceptrons.study.records import FILE, Store, StoreError, UnusableRunError
from perceptrons.study.result import Result

RUN = Run("mine", "network", "runge", '{"max_iter": 3}', 0)
RESULT = Result(
    metrics={
        "test_mse": 0.1, "train_mse": float("nan"), "excess": 0.0, "error_f": 0.2
    },
    curves={
        "cost": np.arange(3.0), "fitted": np.ones(2),
        "predicted": np.eye(2, dtype=np.float32),
    },
    reason="limit reached",
    message="three epochs",
    epochs=3,
    seconds=0.5,
    n_parameters=7,
    engine="numpy",
)  # fmt: skip


def test_a_record_comes_back_as_it_went_in(tmp_path):
    with Store(tmp_path) as store:
        store.add(RUN, RESULT)
    with Store(tmp_path) as store:
        assert store.holds(RUN)
        record = store.get(RUN)
    assert record.run == RUN
    assert record.result.metrics["test_mse"] == 0.1
    assert np.isnan(record.result.metrics["train_mse"])
    for name, curve in RESULT.curves.items():
        assert_array_equal(record.result.curves[name], curve)
        assert record.result.curves[name].dtype == curve.dtype
    for name in ("reason", "message", "epochs", "seconds", "n_parameters", "engine"):
        assert getattr(record.result, name) == getattr(RESULT, name)
    assert record.versions["numpy"] == np.__version__
    assert record.commit
    assert record.finished


def test_a_finished_run_is_never_overwritten(tmp_path):
    with Store(tmp_path) as store:
        store.add(RUN, RESULT)
        store.add(RUN, Result(metrics={"test_mse": 9.0}))
        assert store.get(RUN).result.metrics["test_mse"] == 0.1


def test_an_unknown_run_is_a_key_error(tmp_path):
    with Store(tmp_path) as store, pytest.raises(KeyError):
        store.get(RUN)


def test_an_interrupted_run_is_refused(tmp_path):
    half = dataclasses.replace(RESULT, reason="interrupted")
    with Store(tmp_path) as store:
        with pytest.raises(ValueError, match="interrupted"):
            store.add(RUN, half)
        assert not store.holds(RUN)


DAMAGES = [
    "UPDATE runs SET metrics = '{'",
    "UPDATE runs SET metrics = '[]'",
    "UPDATE runs SET metrics = NULL",
    "UPDATE runs SET versions = NULL",
    "UPDATE runs SET reason = 'interrupted'",
    "DELETE FROM curves WHERE name = 'cost'",
    "UPDATE curves SET data = x'00' WHERE name = 'cost'",
    "UPDATE curves SET dtype = 'nonsense' WHERE name = 'cost'",
    "UPDATE curves SET shape = '[7]' WHERE name = 'cost'",
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_row_that_cannot_be_used_is_replaced(tmp_path, damage):
    with Store(tmp_path) as store:
        store.add(RUN, RESULT)
    with closing(sqlite3.connect(tmp_path / FILE)) as connection, connection:
        connection.execute(damage)
    with Store(tmp_path) as store:
        assert not store.holds(RUN)
        with pytest.raises(UnusableRunError, match="the same command makes it again"):
            store.get(RUN)
        store.add(RUN, RESULT)
        assert store.holds(RUN)


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ("CREATE TABLE photos (name TEXT)", "is not a run store.*photos.*--out"),
        ("CREATE TABLE runs (distance REAL)", "not written by this version.*--out"),
        ("CREATE TABLE photos (name TEXT); PRAGMA user_version = 1", "not a run store"),
    ],
)
def test_a_database_of_something_else_is_refused_and_left_alone(
    tmp_path, schema, words
):
    with closing(sqlite3.connect(tmp_path / FILE)) as connection:
        connection.executescript(schema)
    before = (tmp_path / FILE).read_bytes()
    with pytest.raises(StoreError, match=words):
        Store(tmp_path)
    assert (tmp_path / FILE).read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


@pytest.mark.parametrize("damage", ["not a database", "torn page"])
def test_a_damaged_store_is_moved_aside_and_nothing_is_lost(tmp_path, damage):
    with Store(tmp_path) as store:
        store.add(RUN, RESULT)
    path = tmp_path / FILE
    content = bytearray(path.read_bytes())
    start = 0 if damage == "not a database" else 4096
    content[start : start + 3000] = b"\xff" * 3000
    path.write_bytes(content)
    with Store(tmp_path) as store:
        assert not store.holds(RUN)
        assert store.moved is not None
        assert store.moved.read_bytes() == bytes(content)
        assert store.moved.name.startswith(FILE + ".damaged-")
        store.add(RUN, RESULT)


def test_a_store_of_another_layout_is_refused_and_left_alone(tmp_path):
    with Store(tmp_path):
        pass
    connection = sqlite3.connect(tmp_path / FILE)
    connection.execute("PRAGMA user_version=99")
    connection.close()
    with pytest.raises(StoreError, match=r"layout 99.*--out"):
        Store(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_a_folder_that_cannot_be_written_is_refused_with_the_remedy(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"cannot be written.*--out"):
        Store(tmp_path / "file" / "report")
