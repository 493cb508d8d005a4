"""The training loop: history, stopping rules, outcomes, callbacks, printed lines."""

import contextlib
import os
import re
import subprocess
import sys
import threading
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import r2_score

from perceptrons import MLPClassifier, MLPRegressor
from perceptrons.optimizers import GradientDescent
from perceptrons.schedules import (
    Adaptive,
    Cosine,
)

COLUMNS = [
    "epoch",
    "loss",
    "validation_loss",
    "validation_score",
    "learning_rate",
    "seconds",
]

# "auto" is the compiled engine where there is one.
ENGINES = ["numpy", "auto"]

limit_reached = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"
)


def curve(n=80, noise=0.1, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.uniform(-2.0, 2.0, (n, 2))
    return X, np.sin(X[:, 0]) + 0.5 * X[:, 1] + noise * rng.normal(size=n)


X, Y = curve()
X_HELD, Y_HELD = curve(40, seed=1)

SETTINGS = {
    "hidden_layer_sizes": (8,),
    "activation": "tanh",
    "learning_rate_init": 0.01,
    "batch_size": 16,
    "random_state": 0,
}


def network(**settings):
    return MLPRegressor(**{**SETTINGS, **settings})


class Recorder:
    """A callback that keeps what it sees and stops after some epochs."""

    def __init__(self, stop_after=None):
        self.states, self.weights, self.stop_after = [], [], stop_after

    def on_epoch_end(self, state):
        self.states.append(state)
        self.weights.append([W.copy() for W in state.coefs])
        return len(self.states) == self.stop_after


class Raise:
    """A callback that raises at one epoch."""

    def __init__(self, epoch, error):
        self.epoch, self.error = epoch, error

    def on_epoch_end(self, state):
        if state.epoch == self.epoch:
            raise self.error


# --------------------------------------------------------------------------- history


@limit_reached
@pytest.mark.parametrize("solver", ["sgd", "gd", "adam", "lbfgs"])
def test_history_has_a_row_per_epoch(solver):
    model = network(solver=solver, max_iter=7, tol=0.0).fit(X, Y)
    columns = model.history_.columns
    assert list(columns) == COLUMNS
    assert {len(column) for column in columns.values()} == {7}
    assert len(model.history_) == model.n_iter_ == model.outcome_.epochs == 7
    assert columns["epoch"] == [1, 2, 3, 4, 5, 6, 7]
    assert columns["loss"] == model.loss_curve_
    assert min(columns["seconds"]) > 0.0
    assert np.isnan(columns["validation_loss"]).all()
    assert np.isnan(columns["validation_score"]).all()


@limit_reached
def test_history_becomes_a_frame():
    pytest.importorskip("pandas")
    frame = network(max_iter=3).fit(X, Y).history_.to_frame()
    assert list(frame.columns) == COLUMNS
    assert frame.shape == (3, 6)


@limit_reached
def test_history_draws_training_and_validation_loss():
    pytest.importorskip("matplotlib")
    model = network(max_iter=3).fit(X, Y, X_val=X_HELD, y_val=Y_HELD)
    axes = model.history_.plot()
    drawn = {line.get_label(): line.get_ydata() for line in axes.lines}
    assert_array_equal(drawn["training"], model.history_.columns["loss"])
    assert_array_equal(drawn["validation"], model.history_.columns["validation_loss"])
    assert axes.get_yscale() == "log"
    assert axes.get_xlabel() == "epoch"


@limit_reached
@pytest.mark.parametrize("early_stopping", [False, True])
def test_validation_rows_are_recorded_with_and_without_early_stopping(early_stopping):
    recorder = Recorder()
    model = network(
        max_iter=6, dtype="float64", callbacks=[recorder], early_stopping=early_stopping
    )
    model.fit(X, Y, X_val=X_HELD, y_val=Y_HELD)
    assert len(recorder.states) == 6
    for epoch, state in enumerate(recorder.states):
        (W1, W2), (b1, b2) = recorder.weights[epoch], state.intercepts
        if epoch < 5:
            # Biases are views, which have moved on since.
            continue
        prediction = (np.tanh(X_HELD @ W1 + b1) @ W2 + b2).ravel()
        half_square = 0.5 * np.mean((prediction - Y_HELD) ** 2)
        # Means of 40 numbers, summed otherwise.
        assert_allclose(state.validation_loss, half_square, rtol=1e-12)
        assert_allclose(
            state.validation_score, r2_score(Y_HELD, prediction), rtol=1e-12
        )


@limit_reached
def test_validation_rows_change_no_weight_without_early_stopping():
    plain = network(max_iter=10).fit(X, Y)
    watched = network(max_iter=10).fit(X, Y, X_val=X_HELD, y_val=Y_HELD)
    for mine, other in zip(plain.coefs_, watched.coefs_, strict=True):
        assert_array_equal(mine, other)


# -------------------------------------------------------------------- early stopping


def overfitting(**settings):
    """Return a network that learns its 15 noisy rows by heart."""
    return network(
        hidden_layer_sizes=(50,),
        batch_size="auto",
        learning_rate_init=0.02,
        max_iter=400,
        alpha=0.0,
        n_iter_no_change=20,
        early_stopping=True,
        tol=0.0,
        **settings,
    )


def test_early_stopping_keeps_the_best_epochs_weights_and_names_it():
    recorder = Recorder()
    X_few, y_few = curve(15, noise=0.8, seed=3)
    model = overfitting(callbacks=[recorder], dtype="float64")
    model.fit(X_few, y_few, X_val=X_HELD, y_val=Y_HELD)
    scores = model.validation_scores_
    best = int(np.argmax(scores))
    assert model.outcome_.reason == "no improvement"
    assert model.outcome_.best_epoch == best + 1 < model.n_iter_ < 400
    for W, expected in zip(model.coefs_, recorder.weights[best], strict=True):
        assert_array_equal(W, expected)
    assert model.best_validation_score_ == scores[best]
    # Scores of the same weights: a mean summed otherwise.
    assert_allclose(model.score(X_HELD, Y_HELD), scores[best], rtol=1e-12)
    assert model.n_iter_ == best + 1 + 21
    assert model.best_loss_ is None


@limit_reached
def test_early_stopping_keeps_the_best_weights_at_the_limit_too():
    X_few, y_few = curve(15, noise=0.8, seed=3)
    model = overfitting(dtype="float64").set_params(n_iter_no_change=1000, max_iter=150)
    model.fit(X_few, y_few, X_val=X_HELD, y_val=Y_HELD)
    assert model.outcome_.reason == "limit reached"
    assert model.outcome_.best_epoch < 150
    # As above.
    assert_allclose(
        model.score(X_HELD, Y_HELD), max(model.validation_scores_), rtol=1e-12
    )


def test_early_stopping_splits_rows_off_when_none_are_given():
    model = overfitting().fit(X, Y)
    assert len(model.validation_scores_) == model.n_iter_
    assert model.t_ == 72 * model.n_iter_


def test_a_classifiers_validation_score_is_its_accuracy():
    labels = (Y > 0).astype(int)
    model = MLPClassifier(
        **{**SETTINGS, "learning_rate_init": 0.05},
        early_stopping=True,
        max_iter=300,
        dtype="float64",
    )
    held = (Y_HELD > 0).astype(int)
    model.fit(X, labels, X_val=X_HELD, y_val=held)
    assert model.best_validation_score_ == model.score(X_HELD, held)
    # Accuracies tie: the first of the best epochs counts.
    assert model.validation_scores_.count(model.best_validation_score_) > 1
    assert model.outcome_.best_epoch == 1 + np.argmax(model.validation_scores_)


# -------------------------------------------------------------------------- outcomes


def test_outcome_converged():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = network(max_iter=2000, tol=1e-3).fit(X, Y)
    outcome = model.outcome_
    assert outcome.reason == "converged"
    assert "Training loss did not improve more than tol=0.001000 for 10" in (
        outcome.message
    )
    assert outcome.best_epoch == outcome.epochs == model.n_iter_
    assert outcome.engine in ("numpy", "compiled")
    assert outcome.engine_reason


def test_outcome_no_improvement_of_the_validation_score():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        outcome = network(early_stopping=True, max_iter=2000).fit(X, Y).outcome_
    assert outcome.reason == "no improvement"
    assert outcome.message.startswith("Validation score did not improve")


def test_outcome_limit_of_epochs_warns_like_scikit_learn():
    with pytest.warns(ConvergenceWarning, match=r"Maximum iterations \(3\) reached"):
        outcome = network(max_iter=3).fit(X, Y).outcome_
    assert outcome.reason == "limit reached"
    assert outcome.epochs == 3


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_outcome_limit_of_time(solver):
    model = network(solver=solver, max_iter=100_000, max_time=0.05, tol=0.0)
    model.set_params(n_iter_no_change=np.inf, hidden_layer_sizes=(60, 60))
    with pytest.warns(ConvergenceWarning, match=r"time limit of 0\.05 s .* max_time"):
        model.fit(X, Y)
    assert model.outcome_.reason == "limit reached"
    assert model.outcome_.seconds >= 0.05
    assert model.n_iter_ < 100_000


@limit_reached
def test_max_time_needs_one_epoch_at_least():
    assert network(max_time=1e-9).fit(X, Y).n_iter_ == 1


def diverging(**settings):
    """Return gradient descent whose steps grow until float32 overflows."""
    return network(
        solver="gd",
        activation="identity",
        learning_rate_init=5.0,
        max_iter=1000,
        tol=0.0,
        n_iter_no_change=np.inf,
        **settings,
    )


def test_outcome_diverged_keeps_the_last_finite_weights():
    recorder = Recorder()
    model = diverging(callbacks=[recorder])
    with pytest.warns(ConvergenceWarning) as caught:
        model.fit(X, Y)
    outcome = model.outcome_
    assert outcome.reason == "diverged"
    assert 1 <= outcome.epochs < 1000
    (message,) = [str(warning.message) for warning in caught]
    assert message == outcome.message
    assert f"diverged in epoch {outcome.epochs + 1} at learning rate 5" in message
    assert f"the weights of epoch {outcome.epochs} are kept" in message
    assert "Try a smaller learning_rate_init, clip_norm=1, or standardized X" in message
    assert all(np.isfinite(W).all() for W in model.coefs_ + model.intercepts_)
    for W, expected in zip(model.coefs_, recorder.weights[-1], strict=True):
        assert_array_equal(W, expected)
    assert np.isnan(model.history_.columns["loss"][-1])
    assert np.isfinite(model.loss_)


def test_divergence_before_any_finite_epoch_is_scikit_learns_error():
    model = network(solver="sgd", learning_rate_init=1e30, activation="relu")
    with pytest.raises(ValueError, match="Solver produced non-finite parameter"):
        model.fit(X, Y)
    assert not hasattr(model, "coefs_")


def test_clipping_saves_what_diverges_without():
    with pytest.warns(ConvergenceWarning, match="Maximum iterations"):
        model = diverging(clip_norm=0.01).set_params(max_iter=50).fit(X, Y)
    assert model.outcome_.reason == "limit reached"


@pytest.mark.parametrize(("dtype", "scale"), [("float32", 100.0), ("float64", 800.0)])
def test_poisson_beyond_the_range_of_exp_ends_as_diverged(dtype, scale):
    rng = np.random.default_rng(0)
    rows = rng.uniform(0.5, 1.0, (20, 1))
    counts = rng.poisson(3.0, 20).astype(float)
    init = ([[[scale]]], [[0.0]])
    model = MLPRegressor("poisson", (), solver="gd", init=init, dtype=dtype)
    with pytest.raises(ValueError, match="Training diverged in epoch 1"):
        model.fit(rows, counts)


def large_counts():
    rng = np.random.default_rng(0)
    return rng.uniform(0.0, 1.0, (30, 2)), rng.poisson(1e4, 30).astype(float)


def test_poisson_that_leaves_its_range_later_keeps_finite_weights():
    model = MLPRegressor("poisson", (), solver="sgd", learning_rate_init=0.05)
    with pytest.warns(ConvergenceWarning, match="Training diverged in epoch 2"):
        model.fit(*large_counts())
    assert model.outcome_.reason == "diverged"
    assert all(np.isfinite(W).all() for W in model.coefs_)


def test_lbfgs_steps_back_from_where_poisson_overflows():
    # The first gradient is about 1e4, and a step that long overflows exp.
    rows, counts = large_counts()
    model = MLPRegressor("poisson", (), solver="lbfgs").fit(rows, counts)
    assert model.outcome_.reason == "converged"
    # Half the deviance of a Poisson variable about its mean is about 1/2 on average.
    assert model.loss_ < 1.0


# --------------------------------------------------------------------- interruptions


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


# ------------------------------------------------------------------------- callbacks


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


# --------------------------------------------------------------------------- printing


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


# ---------------------------------------------------------------------- learning rate


@limit_reached
def test_history_holds_the_learning_rate_of_the_last_step():
    model = network(schedule=Cosine(), max_iter=4).fit(X, Y)
    rates = model.history_.columns["learning_rate"]
    last = np.array([4, 9, 14, 19]) / 19
    # Half a cosine over the 20 steps of four epochs: a few roundings.
    expected = 0.01 * (1.0 + np.cos(np.pi * last)) / 2.0
    assert_allclose(rates, expected, rtol=1e-12, atol=1e-17)


@limit_reached
def test_adaptive_divides_the_rate_at_every_plateau():
    model = network(
        solver="sgd",
        schedule=Adaptive(divisor=10.0, smallest=1e-4),
        tol=1e-2,
        n_iter_no_change=2,
        max_iter=1000,
    )
    rates = np.array(model.fit(X, Y).history_.columns["learning_rate"])
    # 0.01 divided by 10 twice: two roundings.
    assert_allclose(sorted(set(rates)), [1e-4, 1e-3, 1e-2], rtol=1e-14)
    assert np.all(np.diff(rates) <= 0.0)
    assert model.outcome_.reason == "converged"


# ----------------------------------------------------------------------------- L-BFGS


def test_lbfgs_converges_on_a_line_to_least_squares():
    model = MLPRegressor(
        hidden_layer_sizes=(), solver="lbfgs", alpha=0.0, tol=1e-9, dtype="float64"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(X, Y)
    design = np.column_stack([X, np.ones(len(X))])
    expected = np.linalg.lstsq(design, Y)[0]
    assert model.outcome_.reason == "converged"
    # SciPy also ends where J falls by less than 2e-9 of itself: its root.
    assert_allclose(model.coefs_[0].ravel(), expected[:2], atol=5e-5)
    assert_allclose(model.intercepts_[0], expected[2:], atol=5e-5)


def runge(**settings):
    points = np.linspace(-1, 1, 200)[:, None]
    net = network(
        solver="lbfgs",
        hidden_layer_sizes=(10,),
        alpha=0.0,
        dtype="float64",
        max_iter=3000,
        max_fun=10**6,
        **settings,
    )
    return net.fit(points, 1 / (1 + 25 * points[:, 0] ** 2)), points


def slope_at_end(net, points):
    own = clone(net).set_params(solver=GradientDescent(), learning_rate_init=1.0)
    own.set_params(init=(net.coefs_, net.intercepts_), max_iter=1, batch_size=200)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        own.fit(points, 1 / (1 + 25 * points[:, 0] ** 2))
    # One step of rate 1: what it moved is the gradient.
    steps = zip(net.coefs_ + net.intercepts_, own.coefs_ + own.intercepts_, strict=True)
    return max(np.abs(before - after).max() for before, after in steps)


@limit_reached
def test_lbfgs_goes_on_until_the_gradient_meets_tol():
    # SciPy's own test of the objective ends it at 4e-5 or 8e-6.
    net, _ = runge(tol=0.0)
    assert net.loss_ < 1e-7


@pytest.mark.parametrize("tol", [1e-3, 1e-5])
def test_lbfgs_says_by_what_it_converged(tol):
    net, points = runge(tol=tol)
    assert net.outcome_.reason == "converged"
    slope = slope_at_end(net, points)
    assert slope <= tol
    said = rf"gradient, {slope:.2g}, is at most tol={tol:g}\."
    assert re.search(said, net.outcome_.message)


def test_lbfgs_says_when_float64_ends_it():
    # Two straight lines met in their kink: the objective stops before the gradient.
    points = np.linspace(-1, 1, 21)[:, None]
    net = network(solver="lbfgs", activation="relu", tol=1e-15, max_iter=10_000)
    net.set_params(dtype="float64", loss="absolute_error", max_fun=10**6, alpha=0.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        net.fit(points, np.abs(points[:, 0]))
    assert net.outcome_.reason in ("converged", "no improvement")
    assert "at most tol" not in net.outcome_.message


def test_lbfgs_warns_at_the_limit_of_iterations():
    with pytest.warns(ConvergenceWarning, match=r"lbfgs failed to converge after 3 it"):
        model = network(solver="lbfgs", max_iter=3, tol=0.0).fit(X, Y)
    assert model.outcome_.reason == "limit reached"
    assert len(model.history_) == 3
    assert_array_equal(np.diff(model.loss_curve_) < 0.0, [True, True])


def test_lbfgs_warns_at_the_limit_of_calls():
    with pytest.warns(ConvergenceWarning, match="max_fun"):
        model = network(solver="lbfgs", max_fun=5, tol=0.0).fit(X, Y)
    assert model.outcome_.reason == "limit reached"


# -------------------------------------------------------------------- sample weights


@limit_reached
@pytest.mark.parametrize("engine", ENGINES)
def test_batches_of_all_weights_add_up_to_the_gradient_of_all_rows(engine):
    # Steps so short that the weights stay where they are while an epoch passes.
    rate, start = 1e-9, network(engine=engine, dtype="float64").fit(X, Y)
    weights = np.where(np.arange(len(X)) < 16, 0.0, np.arange(len(X)) % 7 + 1.0)
    moved = []
    for size in (16, len(X)):
        net = network(
            solver=GradientDescent(),
            learning_rate_init=rate * size,
            batch_size=size,
            max_iter=1,
            alpha=0.0,
            init=(start.coefs_, start.intercepts_),
            dtype="float64",
            engine=engine,
        ).fit(X, Y, sample_weight=weights)
        moved.append(net.coefs_[0] - start.coefs_[0])
        assert np.isfinite(net.loss_)
    # A sum over batches of w l / (n mean w), whatever weights meet in a batch.
    assert_allclose(moved[0], moved[1], rtol=1e-5, atol=1e-6 * np.abs(moved[1]).max())


@limit_reached
@pytest.mark.parametrize("engine", ENGINES)
def test_balanced_classes_are_balanced_whatever_the_batch(engine):
    # One class in a hundred, and features that tell nothing: only a constant fits.
    y = (np.arange(2000) % 100 == 0).astype(int)
    constant = np.zeros((2000, 1))
    for size in (2000, 200, 32):
        net = MLPClassifier(
            hidden_layer_sizes=(),
            class_weight="balanced",
            batch_size=size,
            learning_rate_init=0.01,
            max_iter=60,
            n_iter_no_change=100,
            random_state=0,
            engine=engine,
        ).fit(constant, y)
        # Divided by its own sum of weights, a batch of 32 gives 0.2.
        assert_allclose(net.predict_proba(constant[:1])[0, 1], 0.5, atol=0.05)


@limit_reached
@pytest.mark.parametrize("engine", ENGINES)
def test_an_epoch_may_draw_rows_of_weight_zero_only(engine):
    weights = np.zeros(len(X))
    weights[0] = 1.0
    net = network(engine=engine, replacement=True, batch_size=5, max_iter=50)
    net.set_params(n_iter_no_change=1000).fit(X, Y, sample_weight=weights)
    assert net.n_iter_ == 50
    assert np.isfinite(net.loss_curve_).all()


@limit_reached
@pytest.mark.parametrize("scale", [1e-300, 1e-60, 1e300])
def test_weights_of_any_size_train_the_same(scale):
    weights = np.arange(len(X)) % 3 + 1.0
    expected = network(alpha=0.0, max_iter=3).fit(X, Y, weights)
    scaled = network(alpha=0.0, max_iter=3).fit(X, Y, scale * weights)
    # The quotients are rounded once more.
    for mine, other in zip(scaled.coefs_, expected.coefs_, strict=True):
        assert_allclose(mine, other, rtol=1e-4, atol=1e-6)


# ------------------------------------------------------------------- going on with it


def test_refused_fits_leave_a_usable_network_at_every_moment():
    net = network(max_iter=2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        expected = net.fit(X, Y).predict(X)
    stop = threading.Event()

    def refused():
        while not stop.is_set():
            with contextlib.suppress(ValueError):
                net.fit(X[:, :1], Y[:5])

    before, interval = set(vars(net)), sys.getswitchinterval()
    others = [threading.Thread(target=refused) for _ in range(2)]
    sys.setswitchinterval(1e-6)
    try:
        for thread in others:
            thread.start()
        for _ in range(500):
            assert_array_equal(net.predict(X), expected)
    finally:
        stop.set()
        sys.setswitchinterval(interval)
        for thread in others:
            thread.join()
    assert set(vars(net)) == before


@limit_reached
def test_a_network_predicts_by_its_old_weights_until_its_fit_is_done():
    seen = []
    net = network(max_iter=2).fit(X, Y)
    expected = net.predict(X)

    class Predict:
        def on_epoch_end(self, state):
            seen.append(net.predict(X))

    wider = np.hstack([X, X])
    net.set_params(callbacks=[Predict()]).fit(wider, Y)
    assert len(seen) == 2
    for prediction in seen:
        assert_array_equal(prediction, expected)
    assert net.n_features_in_ == 4


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_the_optimizers_state_follows_a_change_of_dtype(solver, engine):
    changed, single = (network(solver=solver, engine=engine) for _ in range(2))
    changed.partial_fit(X, Y).set_params(dtype="float64").partial_fit(X, Y)
    single.partial_fit(X, Y).partial_fit(X, Y)
    assert changed.coefs_[0].dtype == np.float64
    # The same course, with other roundings: the state is kept.
    assert_allclose(changed.coefs_[0], single.coefs_[0], rtol=1e-4, atol=1e-6)
    changed.set_params(dtype="float32").partial_fit(X, Y)
    single.partial_fit(X, Y)
    assert_allclose(changed.coefs_[0], single.coefs_[0], rtol=1e-3, atol=1e-5)


def test_partial_fit_lengthens_its_history_without_copying_it():
    net = network().partial_fit(X, Y)
    history, losses, column = (
        net.history_,
        net.loss_curve_,
        net.history_.columns["loss"],
    )
    for _ in range(3):
        net.partial_fit(X, Y)
    assert net.history_ is history
    assert net.history_.columns["loss"] is column
    assert net.loss_curve_ is losses
    assert history.columns["epoch"] == [1, 2, 3, 4]
    assert losses == history.columns["loss"]
    with pytest.raises(ValueError, match="inconsistent"):
        net.partial_fit(X, Y[:5])
    assert len(net.history_) == 4


@limit_reached
def test_warm_start_goes_on_from_the_weights_and_appends_to_the_history():
    model = network(warm_start=True, max_iter=3).fit(X, Y)
    first = [W.copy() for W in model.coefs_]
    model.fit(X, Y)
    assert len(model.history_) == 6
    assert model.n_iter_ == 3
    assert model.t_ == 6 * len(X)
    assert model.loss_curve_[3] < model.loss_curve_[0]
    assert any(np.any(W != V) for W, V in zip(model.coefs_, first, strict=True))


@limit_reached
@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_warm_start_takes_over_the_weights_and_nothing_of_the_optimizer(solver):
    settings = {"solver": solver, "shuffle": False, "schedule": "cosine"}
    settings |= {"max_iter": 3, "dtype": "float64"}
    warm = network(**settings, warm_start=True).fit(X, Y)
    start = tuple(
        [p.copy() for p in group] for group in (warm.coefs_, warm.intercepts_)
    )
    warm.fit(X, Y)
    fresh = network(**settings, init=start).fit(X, Y)
    for mine, other in zip(warm.coefs_, fresh.coefs_, strict=True):
        assert_array_equal(mine, other)
    rates = [model.history_.columns["learning_rate"][-3:] for model in (warm, fresh)]
    assert rates[0] == rates[1]


@limit_reached
def test_a_new_fit_forgets_the_old_one():
    model = network(max_iter=3).fit(X, Y)
    first = [W.copy() for W in model.coefs_]
    model.fit(X, Y)
    assert len(model.history_) == 3
    assert model.t_ == 3 * len(X)
    for mine, other in zip(model.coefs_, first, strict=True):
        assert_array_equal(mine, other)


@limit_reached
@pytest.mark.parametrize("solver", ["sgd", "adam", "rmsprop"])
def test_partial_fit_goes_on_with_a_smaller_rate_after_divergence(solver):
    model = network(solver=solver).partial_fit(X, Y).partial_fit(X, Y)
    kept = [W.copy() for W in model.coefs_]
    model.set_params(learning_rate_init=1e30).partial_fit(X, Y)
    assert model.outcome_.reason == "diverged"
    for W, expected in zip(model.coefs_, kept, strict=True):
        assert_array_equal(W, expected)
    model.set_params(learning_rate_init=1e-3).partial_fit(X, Y)
    assert model.outcome_.reason == "limit reached"
    assert all(np.isfinite(W).all() for W in model.coefs_)


def test_a_users_own_loss_and_activation_need_only_the_seam():
    class Doubled:
        """Twice the logistic function."""

        def value(self, z, out):
            out[...] = 2.0 * expit(z)
            return out

        def slope(self, z, a, out):
            out[...] = 0.5 * a * (2.0 - a)
            return out

    model = network(activation=Doubled(), solver="lbfgs", dtype="float64")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, Y)
    assert model.score(X, Y) > 0.9


def test_a_warning_turned_into_an_error_loses_no_training():
    model = network(max_iter=3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ConvergenceWarning):
            model.fit(X, Y)
    assert model.n_iter_ == 3


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_child_forked_while_another_thread_trains_can_train():
    # The child of a fork has no other thread: a lock held by one would stay held.
    code = """
import os, sys, threading, time, warnings
warnings.simplefilter("ignore")
import numpy as np
from perceptrons import MLPRegressor
from perceptrons.threads import one_blas_thread
X = np.linspace(0, 1, 50)[:, None]
with one_blas_thread:
    one_blas_thread._lock.acquire()
    child = os.fork()
    if child == 0:
        MLPRegressor(max_iter=2, engine="numpy").fit(X, X[:, 0])
        os._exit(7)
    one_blas_thread._lock.release()
deadline = time.monotonic() + 300
while time.monotonic() < deadline:
    ended, status = os.waitpid(child, os.WNOHANG)
    if ended:
        sys.exit(os.waitstatus_to_exitcode(status))
    time.sleep(0.01)
os.kill(child, 9)
sys.exit(1)
"""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=False)
    assert done.returncode == 7
