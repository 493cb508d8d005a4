"""Interruptions, callbacks and printed lines: what happens between epochs."""

import re
import warnings

import numpy as np
import pytest
from curves import Recorder, X, Y, limit_reached, network
from numpy.testing import assert_array_equal


class Raise:
    """A callback that raises at one epoch."""

    def __init__(self, epoch, error):
        self.epoch, self.error = epoch, error

    def on_epoch_end(self, state):
        if state.epoch == self.epoch:
            raise self.error


@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
def test_ctrl_c_keeps_the_last_finished_epoch(solver):
    recorder = Recorder()
    model = network(solver=solver, max_iter=100, tol=0.0, dtype="float64")
    model.set_params(callbacks=[recorder, Raise(4, KeyboardInterrupt())])
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        model.fit(X, Y)
    assert model.outcome_.reason == "interrupted"
    assert model.n_iter_ == model.outcome_.best_epoch == 4
    for W, expected in zip(model.coefs_, recorder.weights[3], strict=True):
        assert_array_equal(W, expected)


@pytest.mark.parametrize("solver", ["sgd", "gd", "lbfgs"])
def test_ctrl_c_within_an_epoch_forgets_its_steps(solver):
    recorder = Recorder()
    calls = []

    def interrupted_tanh(z):
        calls.append(None)
        if len(recorder.states) == 3:
            raise KeyboardInterrupt
        return np.tanh(z)

    model = network(solver=solver, max_iter=100, tol=0.0, dtype="float64")
    model.set_params(
        activation=(interrupted_tanh, lambda z: 1.0 / np.cosh(z) ** 2),
        callbacks=[recorder],
    )
    with pytest.warns(
        UserWarning, match=r"in epoch 4; the weights of epoch 3 are kept"
    ):
        model.fit(X, Y)
    assert calls
    assert model.n_iter_ == 3
    for W, expected in zip(model.coefs_, recorder.weights[2], strict=True):
        assert_array_equal(W, expected)
    assert len(model.history_) == 3


def test_errors_of_a_callback_reach_the_user():
    model = network(callbacks=[Raise(2, RuntimeError("mine"))])
    with pytest.raises(RuntimeError, match="mine"):
        model.fit(X, Y)


@limit_reached
@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
def test_callbacks_see_every_epoch(solver):
    first, second = Recorder(), Recorder()
    model = network(solver=solver, max_iter=5, tol=0.0, callbacks=[first, second])
    model.fit(X, Y)
    for recorder in (first, second):
        assert [state.epoch for state in recorder.states] == [1, 2, 3, 4, 5]
        assert [state.loss for state in recorder.states] == model.loss_curve_
    seconds = [state.seconds for state in first.states]
    assert seconds == sorted(seconds)
    shapes = [W.shape for W in first.states[0].coefs]
    assert shapes == [(2, 8), (8, 1)]
    assert [b.shape for b in first.states[0].intercepts] == [(8,), (1,)]


@pytest.mark.parametrize("solver", ["sgd", "lbfgs"])
def test_a_callback_may_stop_training_without_a_warning(solver):
    stopping, other = Recorder(stop_after=3), Recorder()
    model = network(solver=solver, tol=0.0, callbacks=[stopping, other])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(X, Y)
    assert model.outcome_.reason == "interrupted"
    assert model.outcome_.message == "A callback ended training in epoch 3."
    # Every callback sees the epoch at which one of them stops.
    assert model.n_iter_ == len(stopping.states) == len(other.states) == 3


@limit_reached
@pytest.mark.parametrize("solver", ["sgd", "lbfgs"])
def test_callbacks_cannot_change_the_weights(solver):
    tried = []

    class Meddle:
        def on_epoch_end(self, state):
            for array in [*state.coefs, *state.intercepts]:
                with pytest.raises(ValueError, match="read-only"):
                    array[...] = 0.0
                tried.append(array)

    network(solver=solver, max_iter=2, callbacks=[Meddle()]).fit(X, Y)
    assert len(tried) == 8


@limit_reached
def test_callbacks_see_the_optimizers_state():
    recorder = Recorder()
    network(solver="rmsprop", max_iter=2, callbacks=[recorder]).fit(X, Y)
    assert recorder.states[0].optimizer_state["mean_square"].shape == (
        2 * 8 + 8 + 8 + 1,
    )


@limit_reached
def test_verbose_prints_a_line_per_epoch(capsys):
    model = network(verbose=True, max_iter=3).fit(X, Y)
    expected = [
        f"Iteration {epoch}, loss = {loss:.8f}"
        for epoch, loss in enumerate(model.loss_curve_, start=1)
    ]
    captured = capsys.readouterr()
    assert captured.out.splitlines() == expected
    assert captured.err == ""


def test_verbose_prints_scores_and_why_training_stops(capsys):
    model = network(verbose=True, early_stopping=True, max_iter=2000).fit(X, Y)
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == (
        "Validation score did not improve more than tol=0.000100 for 10 consecutive "
        "epochs. Stopping."
    )
    assert re.fullmatch(r"Iteration 1, loss = \d+\.\d{8}", lines[0])
    assert lines[1] == f"Validation score: {model.validation_scores_[0]:f}"
    assert len(lines) == 2 * model.n_iter_ + 1


@limit_reached
def test_silence_is_the_default(capsys):
    network(max_iter=3).fit(X, Y)
    assert capsys.readouterr() == ("", "")


@limit_reached
def test_bar_goes_to_standard_error_and_shows_the_loss(capsys):
    pytest.importorskip("rich")
    model = network(verbose="bar", max_iter=3).fit(X, Y)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "3/3" in captured.err
    assert f"loss {model.loss_curve_[-1]:.4g}" in captured.err
