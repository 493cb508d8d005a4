"""A default network says so when its target is too large for its steps."""

import warnings

import numpy as np
import pytest
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import StandardScaler

from perceptrons import MLPRegressor
from perceptrons.optimizers import Adam

FAR = r"The targets lie about .* standardize y, by"


def rows():
    """Return 300 rows and a standardized target."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 4))
    y = X[:, 0] + 0.5 * X[:, 1] * X[:, 2]
    return X, y / y.std()


def said(net, X, y):
    """Return what the fit warns of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        net.fit(X, y)
    return " ".join(str(warning.message) for warning in caught)


@pytest.mark.parametrize(("mean", "scale"), [(150, 77), (0, 1e4), (2e5, 1e5)])
def test_a_target_out_of_reach_is_told_with_a_remedy_that_helps(mean, scale):
    X, y = rows()
    y = mean + scale * y
    net = MLPRegressor(random_state=0)
    with pytest.warns(ConvergenceWarning, match=FAR):
        plain = net.fit(X, y).score(X, y)
    remedy = TransformedTargetRegressor(
        MLPRegressor(random_state=0, max_iter=500, tol=1e-3),
        transformer=StandardScaler(),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        assert plain < 0.65 < 0.9 < remedy.fit(X, y).score(X, y)


def test_the_rate_of_a_rule_is_the_one_that_is_told():
    X, y = rows()
    net = MLPRegressor(solver=Adam(learning_rate=0.01), max_iter=20, random_state=0)
    assert "steps at the learning rate 0.01 reach" in said(net, X, 1e6 * y)


@pytest.mark.parametrize(
    ("how", "mean", "scale"),
    [
        ({"max_iter": 20}, 0, 1),
        ({"max_iter": 100}, 5, 1),
        ({"learning_rate_init": 0.1, "max_iter": 100}, 150, 77),
        ({"loss": "absolute_error", "max_iter": 20}, 0, 1e4),
        ({"solver": "lbfgs", "max_iter": 5}, 0, 1e4),
    ],
)
def test_others_are_not(how, mean, scale):
    X, y = rows()
    assert "targets" not in said(
        MLPRegressor(random_state=0, **how), X, mean + scale * y
    )
