"""L-BFGS ends where it should and says by what."""

import re
import warnings

import numpy as np
import pytest
from curves import X, Y, large_counts, limit_reached, network
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from perceptrons import MLPRegressor
from perceptrons.optimizers import GradientDescent


def test_lbfgs_steps_back_from_where_poisson_overflows():
    # The first gradient is about 1e4, and a step that long overflows exp.
    rows, counts = large_counts()
    model = MLPRegressor("poisson", (), solver="lbfgs").fit(rows, counts)
    assert model.outcome_.reason == "converged"
    # Half the deviance of a Poisson variable about its mean is about 1/2 on average.
    assert model.loss_ < 1.0


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
