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


FEW = {"repeats": 2, "n_folds": 3, "random_state": 0, "n_jobs": 1}


def report_runge(n, rng):
    x = rng.uniform(-1, 1, size=(n, 1))
    return x, 1 / (1 + 25 * x[:, 0] ** 2) + 0.1 * rng.normal(size=n)


def rotated(n, rng):
    """Return a wave across six columns: no sum of columns and of pairs follows it."""
    X = rng.normal(size=(n, 6))
    return X, np.sin(2 * X.sum(axis=1) / np.sqrt(6)) + 0.1 * rng.normal(size=n)


def test_on_runge_a_few_splines_do_and_a_network_is_not_justified(rng):
    found = perceptrons.compare(*report_runge(300, rng), **FEW)
    assert found.verdict.status != "justified"
    assert found.verdict.recommended == "additive splines"
    assert found.winner is found.fitted("additive splines")
    constant, lines, *_ = found.verdict.steps
    assert (constant.answer, lines.answer) == ("yes", "yes")
    # Each is far from straight lines, and close to the other.
    assert found.statistics["gain"]["OLS"] < -1
    assert abs(found.statistics["gain"]["network"]) < 0.1


def test_a_rotated_wave_is_for_a_network_alone(rng):
    found = perceptrons.compare(*rotated(300, rng), **FEW)
    assert found.verdict.status == "justified"
    assert found.verdict.recommended == "network"
    assert [step.answer for step in found.verdict.steps] == ["yes"] * 4
    assert found.verdict.low > 0.2


def powers(degree):
    features = PolynomialFeatures(degree, include_bias=False)
    return make_pipeline(
        StandardScaler(), features, StandardScaler(), LinearRegression()
    )


@pytest.mark.slow
@pytest.mark.parametrize("against", ["OLS", "degree 8", None])
def test_runge_justifies_a_network_over_low_degrees_and_not_over_splines(against, rng):
    found = perceptrons.compare(
        *report_runge(1500, rng),
        candidates={"degree 8": powers(8)},
        against=against,
        repeats=2,
        random_state=0,
    )
    assert found.verdict.recommended == "additive splines"
    if against is None:
        # These rows show a gain of 0.7 %, others 0.3: less than matters, and whether
        # it could be more than 1 % they may leave open.
        assert found.verdict.status != "justified"
        assert found.verdict.gain < found.rope
    else:
        assert found.verdict.status == "justified"
        assert found.verdict.low > 0


@pytest.mark.slow
def test_a_sum_of_curves_justifies_no_network(rng):
    X = rng.normal(size=(500, 3))
    y = np.sin(2 * X[:, 0]) + np.abs(X[:, 1]) + X[:, 2] / 2
    found = perceptrons.compare(X, y + 0.3 * rng.normal(size=500), random_state=0)
    assert found.verdict.status != "justified"
    assert found.candidates.loc[found.verdict.recommended, "kind"] == "curved"


@pytest.mark.slow
def test_products_of_many_columns_justify_a_network(rng):
    X = rng.uniform(-1.7, 1.7, size=(600, 4))
    y = np.prod(X, axis=1) + 0.05 * rng.normal(size=600)
    found = perceptrons.compare(X, y, repeats=2, n_folds=5, random_state=0)
    assert found.verdict.status == "justified"
    assert found.verdict.recommended == "network"


@pytest.mark.slow
def test_a_linear_truth_and_pure_noise_justify_no_network(rng):
    X = rng.normal(size=(300, 5))
    for y, kind in (
        (X @ [1, -1, 0.5, 0, 0] + rng.normal(size=300), "linear"),
        (rng.normal(size=300), "constant"),
    ):
        found = perceptrons.compare(X, y, repeats=2, n_folds=5, random_state=0)
        assert found.verdict.status != "justified"
        assert found.candidates.loc[found.verdict.recommended, "kind"] == kind
    assert any("constant" in note for note in found.verdict.notes)


@pytest.mark.slow
def test_exclusive_or_needs_no_network_where_products_compete(rng):
    X = rng.uniform(-1, 1, (300, 2))
    found = perceptrons.compare(
        X, X[:, 0] * X[:, 1] > 0, repeats=2, n_folds=5, random_state=0
    )
    _, lines, *_ = found.verdict.steps
    assert lines.answer == "yes"
    means = found.means["value"]
    assert means["splines with products"] < 0.3 * means["additive splines"]


@pytest.mark.slow
def test_digits_justify_a_network():
    X, y = load_digits(return_X_y=True)
    found = perceptrons.compare(X, y, repeats=2, n_folds=5, random_state=0)
    assert found.verdict.status == "justified"


@pytest.mark.slow
def test_groups_that_leak_justify_a_network_and_known_groups_do_not(rng):
    # Each group has a place in the columns and a level that no column tells.
    group = np.repeat(np.arange(40), 12)
    X = rng.normal(size=(40, 4))[group] + 0.05 * rng.normal(size=(480, 4))
    y = X[:, 0] + rng.normal(size=40)[group] + 0.3 * rng.normal(size=480)
    how = {"repeats": 2, "n_folds": 5, "random_state": 0}
    free = perceptrons.compare(X, y, **how)
    tied = perceptrons.compare(X, y, groups=group, **how)
    assert free.means["value"]["network"] < 0.7 * tied.means["value"]["network"]
    assert tied.verdict.status != "justified"
