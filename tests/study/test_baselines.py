"""Linear baselines: closed forms, and their forms as networks without hidden layers."""

import dataclasses
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.preprocessing import PolynomialFeatures

from perceptrons import MLPRegressor
from perceptrons.data import runge
from perceptrons.study import baselines
from perceptrons.study.experiment import builtin
from perceptrons.study.procedures import PROCEDURES

DEGREE = 4


@pytest.fixture(scope="module")
def features():
    """Return standardized powers of x and the targets of seed 0."""
    data = runge(0)
    powers = baselines.polynomial(DEGREE, None)[:-1]
    return powers.fit_transform(data.X_train), data.y_train


def network(**settings):
    """Return a network without hidden layers that minimizes eq. (6) + a penalty."""
    return MLPRegressor(
        "mean_squared_error", (), alpha=0.0, dtype="float64", random_state=0, **settings
    )


def quietly(model, X, y):
    """Fit, whether or not the limit of epochs is reached."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(X, y)


def test_ols_is_the_normal_equations_solution(features):
    X, y = features
    model = baselines.linear_model("ols").fit(X, y)
    # The features are centered, so that the intercept is the mean of y: eq. (3).
    theta = np.linalg.solve(X.T @ X, X.T @ (y - y.mean()))
    assert_allclose(model.coef_, theta, rtol=1e-10)
    assert_allclose(model.intercept_, y.mean(), rtol=1e-12)


@pytest.mark.parametrize("strength", [1e-3, 1.0, 300.0])
def test_ridge_is_eq_5_with_lambda_undivided(features, strength):
    X, y = features
    model = baselines.linear_model("ridge", strength).fit(X, y)
    theta = np.linalg.solve(X.T @ X + strength * np.eye(DEGREE), X.T @ (y - y.mean()))
    assert_allclose(model.coef_, theta, rtol=1e-9)
    assert_allclose(model.intercept_, y.mean(), rtol=1e-12)


@pytest.mark.parametrize("strength", [1e-3, 0.01, 0.05])
def test_lasso_meets_the_conditions_of_its_minimum(features, strength):
    X, y = features
    model = baselines.linear_model("lasso", strength).fit(X, y)
    # The slope of 1/(2n) sum r^2 is -X^T r / n: -strength sign(w) where w is not 0,
    # and within strength elsewhere. The bound follows the duality gap asked for.
    slope = X.T @ (y - model.predict(X)) / len(y)
    kept = model.coef_ != 0
    assert_allclose(slope[kept], strength * np.sign(model.coef_[kept]), atol=1e-5)
    assert (np.abs(slope[~kept]) <= strength + 1e-5).all()


@pytest.mark.parametrize("l2", [1e-3, 0.1, 1.0])
def test_a_network_with_l2_is_ridge_with_n_l2_half(features, l2):
    X, y = features
    model = quietly(network(l2=l2, solver="lbfgs", tol=1e-12, max_iter=5000), X, y)
    ridge = baselines.linear_model("ridge", len(y) * l2 / 2).fit(X, y)
    # A gradient of 1e-12 over a least curvature of 0.08.
    assert_allclose(model.coefs_[0][:, 0], ridge.coef_, atol=1e-9)
    assert_allclose(model.intercepts_[0][0], ridge.intercept_, atol=1e-9)
    assert_allclose(model.predict(X), ridge.predict(X), atol=1e-9)


@pytest.mark.parametrize("l1", [0.002, 0.02, 0.1])
@pytest.mark.parametrize("solver", ["gd", "adam"])
def test_a_network_with_l1_is_lasso_with_l1_half(features, l1, solver):
    X, y = features
    steps = {
        "batch_size": len(y), "tol": 0.0, "n_iter_no_change": np.inf, "max_iter": 6000,
        "schedule": "cosine", "learning_rate_init": 0.1 if solver == "gd" else 0.01,
    }  # fmt: skip
    model = quietly(network(l1=l1, solver=solver, **steps), X, y)
    lasso = baselines.linear_model("lasso", l1 / 2).fit(X, y)
    # A weight that Lasso sets to 0 swings about it by rate x l1, which the cosine
    # takes from 1e-2 towards 0; four such weights stay within 1e-4 by the end.
    assert_allclose(model.coefs_[0][:, 0], lasso.coef_, atol=1e-4)
    assert_allclose(model.predict(X), lasso.predict(X), atol=2e-4)


def test_a_lasso_that_does_not_converge_says_so(monkeypatch):
    monkeypatch.setattr(baselines, "_MOST_SWEEPS", 3)
    settings = {"model": "lasso", "degree": 8, "strength": 1e-4}
    assert baselines.run(settings, runge(0), 0).reason == "limit reached"


@pytest.mark.parametrize(
    "settings",
    [
        {"model": "ols", "degree": 8},
        {"model": "ridge", "degree": 8, "strength": 1e-3},
        {"model": "lasso", "degree": 8, "strength": 1e-3},
    ],
)
def test_the_procedure_fits_every_model(settings):
    data = runge(0)
    PROCEDURES["baseline"].check(settings)
    result = PROCEDURES["baseline"].run(settings, data, 0)
    # Degree 8 cannot come closer to f than 3.5e-3 in the mean square on [-1, 1].
    assert 0.0125 < result.metrics["test_mse"] < 0.03
    assert set(result.metrics) == set(PROCEDURES["baseline"].metrics)
    assert result.curves["predicted"].shape == data.y_test.shape
    assert result.n_parameters == 9


TRAINING = {
    "solver": "sgd",
    "learning_rate_init": 0.01,
    "batch_size": 20,
    "max_iter": 3,
}


@pytest.mark.parametrize("degree", [1, 2, 4])
@pytest.mark.parametrize("columns", [1, 3])
@pytest.mark.parametrize(
    "settings",
    [
        {"model": "ols"},
        {"model": "ridge", "strength": 1.0},
        {"model": "ridge", "strength": 1e-3, "solver": "adam", "max_iter": 1},
        {"model": "ols", "folds": 2},
    ],
)
def test_parameters_are_the_coefficients_that_are_fitted(
    rng, settings, columns, degree
):
    X = rng.normal(size=(80, columns))
    data = dataclasses.replace(
        runge(0), X_train=X[:60], X_test=X[60:], y_train=X[:60, 0], y_test=X[60:, 0],
        f_train=None, f_test=None,
    )  # fmt: skip
    result = baselines.run({**settings, "degree": degree}, data, 0)
    design = PolynomialFeatures(degree).fit_transform(X)
    assert result.n_parameters == np.linalg.matrix_rank(design) == design.shape[1]


def test_a_gradient_form_approaches_its_closed_form():
    data = runge(0, low=0.0)
    n = len(data.y_train)
    ridge = {"model": "ridge", "degree": 3}
    adam = {
        "solver": "adam", "learning_rate_init": 0.01, "batch_size": n, "max_iter": 4000
    }  # fmt: skip
    trained = baselines.run({**ridge, "strength": 0.1, **adam}, data, 0)
    exact = baselines.run({**ridge, "strength": 0.1 * n / 2}, data, 0)
    assert trained.reason == "limit reached"
    assert trained.epochs == 4000
    # Far from the minimum the difference is that of the start, about 1.
    assert_allclose(trained.curves["predicted"], exact.curves["predicted"], atol=1e-3)


def test_folds_hold_out_every_row_once():
    from sklearn.model_selection import KFold, cross_val_predict

    data = runge(0)
    settings = {"model": "ridge", "degree": 5, "strength": 1e-3, "folds": 4}
    result = baselines.run(settings, data, 3)
    X = np.concatenate([data.X_train, data.X_test])
    y = np.concatenate([data.y_train, data.y_test])
    model = baselines.polynomial(5, baselines.linear_model("ridge", 1e-3))
    folds = KFold(4, shuffle=True, random_state=3)
    held_out = cross_val_predict(model, X, y, cv=folds)
    assert_allclose(
        result.metrics["test_mse"], np.mean((held_out - y) ** 2), rtol=1e-12
    )
    f = np.concatenate([data.f_train, data.f_test])
    assert_allclose(result.metrics["error_f"], np.mean((held_out - f) ** 2), rtol=1e-12)
    assert_allclose(
        result.metrics["excess"], np.mean((held_out - y) ** 2) - np.mean((f - y) ** 2)
    )
    assert PROCEDURES["baseline"].lacks(settings, result) == []


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({**TRAINING, "solver": "lbfgs"}, "solver must be one of"),
        ({**TRAINING, "batch_size": -1}, "batch_size must be at least 1"),
        ({"max_iter": 3}, "max_iter must be left out without a solver"),
        ({"folds": 1}, "folds must be at least 2"),
    ],
)
def test_settings_that_cannot_run_are_refused_by_name(settings, sentence):
    with pytest.raises(ValueError, match=sentence):
        baselines.check({"model": "ridge", "degree": 8, "strength": 1e-3, **settings})


def test_the_study_is_table_vi_on_both_intervals():
    runs = builtin("linear-baselines").runs(seeds=[0])
    assert len(runs) == 7 * 2 + 4
    for dataset in ("runge", "runge-0-1"):
        chosen = [run.settings for run in runs if run.dataset == dataset]
        assert [s["degree"] for s in chosen] == [8, 8, 8, 14, 14, 8, 8]
        assert {s["strength"] for s in chosen if s["model"] != "ols"} == {1e-3}
    folds = [run.settings for run in runs if "folds" in run.settings]
    assert {s["strength"] for s in folds} == {1e-4}
    assert [s["degree"] for s in folds] == [12, 12, 8, 8]
