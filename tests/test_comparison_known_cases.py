"""Known cases, with the network that competes by default."""

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

import perceptrons
from perceptrons import presets
from perceptrons.comparison import candidates
from perceptrons.data import runge


@pytest.mark.parametrize("classes", [False, True])
def test_the_network_that_competes_is_the_preset_for_tables(classes):
    made = (presets.tabular_regressor(), presets.tabular_classifier())[classes]
    entries = (
        candidates.classifiers(np.array([0, 1]), None)
        if classes
        else candidates.regressors(100, 3, None)
    )
    (network,) = [entry.estimator for entry in entries if entry.kind == "network"]
    assert type(network) is type(made)


def powers(degree):
    features = PolynomialFeatures(degree, include_bias=False)
    return make_pipeline(
        StandardScaler(), features, StandardScaler(), LinearRegression()
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("against", "status"),
    [("OLS", "justified"), ("degree 8", "justified"), ("degree 20", None)],
)
def test_runge_needs_a_network_unless_the_degree_is_high(against, status):
    data = runge(0)
    X, y = data.X_train, data.y_train
    own = {"degree 8": powers(8), "degree 20": powers(20)}
    found = perceptrons.compare(
        X, y, candidates=own, against=against, repeats=2, random_state=0
    )
    if status:
        assert found.verdict.status == status
    else:
        # Both are at the noise, within a few percent of each other.
        assert abs(found.verdict.gain) < 0.05


@pytest.mark.slow
def test_a_linear_truth_and_pure_noise_justify_no_network(rng):
    X = rng.normal(size=(300, 5))
    for y in (X @ [1, -1, 0.5, 0, 0] + rng.normal(size=300), rng.normal(size=300)):
        found = perceptrons.compare(X, y, random_state=0)
        assert found.verdict.status != "justified"
        assert found.verdict.gain < 0.01
    assert any("constant" in note for note in found.verdict.notes)


@pytest.mark.slow
def test_exclusive_or_justifies_a_network(rng):
    X = rng.uniform(-1, 1, (300, 2))
    y = X[:, 0] * X[:, 1] > 0
    found = perceptrons.compare(X, y, repeats=2, random_state=0)
    assert found.verdict.status == "justified"
    assert found.verdict.gain > 0.5


@pytest.mark.slow
def test_digits_justify_a_network():
    X, y = load_digits(return_X_y=True)
    found = perceptrons.compare(X, y, repeats=1, random_state=0)
    assert found.verdict.status == "justified"
    assert found.verdict.reference in ("logistic L1", "logistic L2")
