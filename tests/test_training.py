"""The training loop: history, stopping rules, outcomes, callbacks, printed lines."""

import warnings

import numpy as np
import pytest
from curves import SETTINGS, Recorder, X, Y, curve, large_counts, limit_reached, network
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import r2_score

from perceptrons import MLPClassifier, MLPRegressor
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


X_HELD, Y_HELD = curve(40, seed=1)


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


def test_poisson_that_leaves_its_range_later_keeps_finite_weights():
    model = MLPRegressor("poisson", (), solver="sgd", learning_rate_init=0.05)
    with pytest.warns(ConvergenceWarning, match="Training diverged in epoch 2"):
        model.fit(*large_counts())
    assert model.outcome_.reason == "diverged"
    assert all(np.isfinite(W).all() for W in model.coefs_)


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
