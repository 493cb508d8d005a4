"""Folds side by side give what they give one after the other."""

import itertools
import os
import sys
import threading
import time
from contextlib import nullcontext
from types import ModuleType, SimpleNamespace

import joblib
import numpy as np
import pytest
import sklearn
from numpy.testing import assert_array_equal
from sklearn.linear_model import HuberRegressor
from threadpoolctl import threadpool_info

import perceptrons
from perceptrons import presets, work
from perceptrons.threads import usable_threads
from perceptrons.work import Crew


@pytest.fixture
def at_once(monkeypatch):
    """Let processes start after the first task, however short it was."""
    monkeypatch.setattr(work, "_START", -1.0)


def test_results_come_in_order_from_this_process_and_others(at_once, tmp_path):
    def work(place):
        # The third is done before the second.
        while place == 1 and not (tmp_path / "2").exists():
            time.sleep(0.01)
        (tmp_path / str(place)).touch()
        return place, os.getpid()

    found = list(Crew(2).share(work, [(place,) for place in range(6)]))
    assert [place for place, _ in found] == list(range(6))
    assert [pid == os.getpid() for _, pid in found] == [True] + 5 * [False]


def test_short_work_stays_here():
    assert set(Crew(2).share(os.getpid, [()] * 6)) == {os.getpid()}
    assert set(Crew(1).share(os.getpid, [()] * 6)) == {os.getpid()}
    assert list(Crew(2).share(os.getpid, [])) == []


def test_long_work_goes_to_others_after_the_first_task(monkeypatch):
    # By this clock a task takes 0.1 s: two processes save 0.35 s of the 0.7 s that are
    # left after the first.
    ticks = itertools.count()
    clock = SimpleNamespace(perf_counter=lambda: 0.1 * next(ticks))
    monkeypatch.setattr(work, "time", clock)
    monkeypatch.setattr(work, "_START", 0.3)
    places = list(Crew(2).share(os.getpid, [()] * 8))
    assert places[0] == os.getpid()
    assert os.getpid() not in places[1:]


def threads():
    return {pool["num_threads"] for pool in threadpool_info()}


@pytest.mark.parametrize("backend", [None, "threading"])
def test_every_task_uses_one_thread_and_leaves_the_rest_alone(at_once, backend):
    def work():
        return (
            usable_threads(None),
            usable_threads(4),
            {pool["num_threads"] for pool in threadpool_info()},
        )

    before = threads()
    with joblib.parallel_config(backend=backend) if backend else nullcontext():
        found = list(Crew(2).share(work, [()] * 4))
    assert found == [(1, 1, {1})] * 4
    assert threads() == before
    assert usable_threads(4) == 4


def test_an_error_of_another_process_comes_through(at_once):
    with pytest.raises(ZeroDivisionError):
        list(Crew(2).share(divmod, [(4, 2), (1, 1), (1, 0)]))


def test_what_cannot_be_sent_is_done_here(at_once):
    locks = [(threading.Lock(),) for _ in range(4)]
    assert list(Crew(2).share(id, locks)) == [id(lock) for (lock,) in locks]


def test_what_other_processes_cannot_receive_is_done_here(at_once):
    module = ModuleType("held_by_no_file")
    exec("class Own: pass", module.__dict__)
    sys.modules[module.__name__] = module
    try:
        own = [(module.Own(),) for _ in range(4)]
        assert list(Crew(2).share(id, own)) == [id(one) for (one,) in own]
    finally:
        del sys.modules[module.__name__]


def test_a_process_that_is_killed_is_a_sentence(at_once):
    def work(place):
        if place == 3:
            os._exit(9)

    with pytest.raises(ValueError, match="lack of memory; use fewer at a time"):
        list(Crew(2).share(work, [(place,) for place in range(4)]))
    # The next processes are new ones.
    assert list(Crew(2).share(abs, [(-1,)] * 4)) == [1] * 4


def test_other_processes_are_configured_as_this_one(at_once):
    def work():
        return sklearn.get_config()["transform_output"]

    with sklearn.config_context(transform_output="pandas"):
        assert list(Crew(2).share(work, [()] * 4)) == ["pandas"] * 4


@pytest.mark.parametrize("classes", [False, True])
def test_a_comparison_is_the_same_with_any_number_of_jobs(
    at_once, monkeypatch, rng, classes
):
    own = perceptrons.MLPRegressor, perceptrons.MLPClassifier
    for name, kind in zip(("regressor", "classifier"), own, strict=True):
        monkeypatch.setattr(
            presets,
            f"tabular_{name}",
            lambda kind=kind, **options: kind(
                hidden_layer_sizes=(8,), solver="lbfgs", max_iter=20, **options
            ),
        )
    X = rng.normal(size=(130, 3))
    y = X[:, 0] + rng.normal(size=130)
    found = [
        perceptrons.compare(
            X,
            y > 0 if classes else y,
            candidates={} if classes else {"Huber": HuberRegressor()},
            repeats=2,
            n_folds=3,
            random_state=0,
            n_jobs=jobs,
        )
        for jobs in (1, 2)
    ]
    alone, shared = (result.scores.drop(columns=_TIMES) for result in found)
    assert alone.equals(shared)
    assert found[0].learning.equals(found[1].learning)
    for name, predicted in found[0].predictions.items():
        assert_array_equal(predicted, found[1].predictions[name])
    times = found[1].scores[_TIMES].to_numpy()
    assert np.isfinite(times).all()
    assert (times > 0).all()


_TIMES = ["seconds", "microseconds"]
