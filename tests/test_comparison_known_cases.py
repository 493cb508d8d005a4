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
    entries, _ = (
        candidates.classifiers(np.array([0, 1]), 100, 3, None)
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


def on_runge(against, **options):
    """Compare on the Runge data against the polynomial of a degree."""
    data = runge(0)
    return perceptrons.compare(
        data.X_train,
        data.y_train,
        candidates={f"degree {degree}": powers(degree) for degree in (8, 20)},
        against=against,
        repeats=2,
        random_state=0,
        **options,
    )


@pytest.mark.slow
@pytest.mark.parametrize("against", ["OLS", "degree 8"])
def test_runge_justifies_a_network_over_low_degrees(against):
    verdict = on_runge(against).verdict
    assert verdict.status == "justified"
    assert verdict.low > 0


@pytest.mark.slow
def test_on_runge_network_and_degree_20_are_practically_equal():
    # Both are at the noise: all but surely within 5 % of each other.
    found = on_runge("degree 20", rope=0.05)
    assert found.statistics.loc["network", "p_equal"] >= 0.9
    assert found.verdict.status != "justified"


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
