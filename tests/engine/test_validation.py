"""Rows held out are looked at alike by every engine, one epoch at a time or many."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.metrics import (
    accuracy_score,
    d2_absolute_error_score,
    d2_pinball_score,
    d2_tweedie_score,
    r2_score,
)

from perceptrons import MLPClassifier, MLPRegressor, engine, losses

compiled_only = pytest.mark.skipif(engine.missing() is not None, reason="not compiled")
pytestmark = pytest.mark.filterwarnings("ignore")

RNG = np.random.default_rng(5)
X = RNG.normal(size=(90, 40))
Y = np.column_stack([np.sin(X[:, 0]) + 0.3 * X[:, 1], X[:, 2] * X[:, 3]])
X_HELD = RNG.normal(size=(61, 40))
Y_HELD = np.column_stack(
    [np.sin(X_HELD[:, 0]) + 0.3 * X_HELD[:, 1], X_HELD[:, 2] * X_HELD[:, 3]]
)
ZERO = RNG.random(X.shape) < 0.1
STOPPING = {
    "hidden_layer_sizes": (33, 7),
    "activation": "silu",
    "batch_size": 16,
    "learning_rate_init": 0.02,
    "max_iter": 60,
    "early_stopping": True,
    "n_iter_no_change": 8,
    "tol": 1e-4,
    "random_state": 3,
}


class Watcher:
    """Looks at every epoch, so that each is a call of its own."""

    def on_epoch_end(self, state):
        """Want nothing."""


CASES = {
    "r2": (MLPRegressor(**STOPPING), X, Y[:, 0]),
    "r2 of two outputs": (MLPRegressor(**STOPPING), X, Y),
    "float64": (MLPRegressor(**STOPPING, dtype="float64"), X, Y),
    "d2": (MLPRegressor(**STOPPING, loss="absolute_error"), X, Y[:, 0]),
    "quantiles": (MLPRegressor(losses.Pinball((0.2, 0.9)), **STOPPING), X, Y[:, 0]),
    "two classes": (MLPClassifier(**STOPPING), X, Y[:, 0] > 0),
    "three classes": (MLPClassifier(**STOPPING), X, np.digitize(Y[:, 0], [-0.4, 0.4])),
    "labels": (MLPClassifier(**STOPPING), X, (Y > 0).astype(int)),
    "sparse": (MLPRegressor(**STOPPING), csr_array(X * ZERO), Y[:, 0]),
    "mostly zero": (MLPRegressor(**STOPPING), X * ZERO, Y[:, 0]),
    "dropout": (MLPRegressor(**STOPPING, dropout=0.2), X, Y[:, 0]),
    "schedule": (MLPRegressor(**STOPPING, schedule="cosine"), X, Y[:, 0]),
    "adaptive": (
        MLPRegressor(**STOPPING, solver="sgd", learning_rate="adaptive"),
        X,
        Y[:, 0],
    ),
    "constant": (MLPRegressor(**STOPPING), X, np.ones(len(X))),
}


def trained(estimator, *rows, **settings):
    """Return a copy, trained on these rows with these settings."""
    model = type(estimator)(**{**estimator.get_params(), **settings})
    weights = 0.5 + np.arange(rows[0].shape[0]) % 4
    return model.fit(*rows, weights)


def seen(model):
    """Return all that a training leaves behind but its seconds."""
    columns = {k: v for k, v in model.history_.columns.items() if k != "seconds"}
    outcome = model.outcome_
    weights = [*model.coefs_, *model.intercepts_]
    return columns, (outcome.reason, outcome.epochs, outcome.best_epoch), weights


@compiled_only
@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("name", CASES)
def test_many_epochs_in_a_call_leave_the_bits_of_one_by_one(name, n_jobs):
    estimator, *rows = CASES[name]
    at_once = seen(trained(estimator, *rows, n_jobs=n_jobs, engine="compiled"))
    one_by_one = seen(
        trained(
            estimator, *rows, n_jobs=n_jobs, engine="compiled", callbacks=[Watcher()]
        )
    )
    assert at_once[1] == one_by_one[1]
    assert at_once[1][1] > 1
    for column, values in at_once[0].items():
        assert_array_equal(values, one_by_one[0][column], err_msg=column)
    for ours, theirs in zip(at_once[2], one_by_one[2], strict=True):
        assert_array_equal(ours, theirs)


@compiled_only
@pytest.mark.parametrize("name", CASES)
def test_both_engines_see_the_same_scores(name):
    estimator, *rows = CASES[name]
    settings = {"dtype": "float64", "max_iter": 4}
    found = [
        trained(estimator, *rows, engine=name, **settings).history_.columns
        for name in ("numpy", "compiled")
    ]
    for column in ("validation_loss", "validation_score"):
        assert_allclose(found[0][column], found[1][column], rtol=1e-9, err_msg=column)


JUDGES = {
    "squared_error": (MLPRegressor, Y, Y_HELD, r2_score),
    "absolute_error": (MLPRegressor, Y[:, 0], Y_HELD[:, 0], d2_absolute_error_score),
    "pinball": (MLPRegressor, Y[:, 0], Y_HELD[:, 0], d2_pinball_score),
    "poisson": (
        MLPRegressor,
        np.exp(Y[:, 0]),
        np.exp(Y_HELD[:, 0]),
        lambda y, guess: d2_tweedie_score(y, guess, power=1),
    ),
    "log_loss": (MLPClassifier, Y[:, 0] > 0, Y_HELD[:, 0] > 0, accuracy_score),
}


@pytest.mark.parametrize(
    "engine_name", ["numpy", pytest.param("compiled", marks=compiled_only)]
)
@pytest.mark.parametrize("loss", JUDGES)
def test_the_best_score_is_scikit_learns_of_the_kept_weights(loss, engine_name):
    kind, y, y_held, judge = JUDGES[loss]
    model = kind(
        **{**STOPPING, "loss": loss, "engine": engine_name, "dtype": "float64"}
    )
    model.fit(X, y, X_val=X_HELD, y_val=y_held)
    expected = judge(y_held, model.predict(X_HELD))
    assert_allclose(model.best_validation_score_, expected, rtol=1e-9)
    best = np.argmax(model.validation_scores_)
    assert model.outcome_.best_epoch == best + 1
    assert model.best_validation_score_ == model.validation_scores_[best]


@compiled_only
def test_a_course_that_diverges_among_many_epochs_keeps_its_best_weights():
    # A line by steps that are too long: each epoch is worse, until float32 ends.
    settings = {"early_stopping": True, "n_iter_no_change": 500, "random_state": 0}
    model = MLPRegressor(
        hidden_layer_sizes=(), solver="gd", learning_rate_init=2.0, max_iter=400,
        engine="compiled", **settings,
    ).fit(X, Y[:, 0], X_val=X_HELD, y_val=Y_HELD[:, 0])  # fmt: skip
    scores = model.history_.columns["validation_score"]
    assert model.outcome_.reason == "diverged"
    assert 10 < len(scores) < 400
    assert np.isnan(scores[-1])
    assert np.isfinite(scores[:-20]).all()
    best = np.nanargmax(scores)
    assert model.outcome_.best_epoch == best + 1
    assert_allclose(model.score(X_HELD, Y_HELD[:, 0]), scores[best], rtol=1e-5)
