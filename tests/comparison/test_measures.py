"""Metrics against scikit-learn, and the influence of rows against leaving them out."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn import metrics

from perceptrons.comparison.measures import MEASURES, cost, pinball
from perceptrons.comparison.metric import choose


def amounts(rng, n=60):
    y = rng.poisson(3.0, n).astype(float)
    return y, np.exp(rng.normal(1.0, 0.3, n))


def classes(rng, n=60, n_classes=3):
    y = rng.permutation(np.arange(n) % n_classes)
    shares = rng.dirichlet(np.ones(n_classes), n) + 0.5 * np.eye(n_classes)[y]
    return y, shares / shares.sum(axis=1, keepdims=True)


def multiclass_auc(y, p):
    own = [metrics.roc_auc_score(y == k, p[:, k]) for k in range(p.shape[1])]
    return 1 - (own[1] if len(own) == 2 else np.mean(own))


SCIKIT_LEARN = {
    "RMSE": metrics.root_mean_squared_error,
    "MAE": metrics.mean_absolute_error,
    "Poisson deviance": metrics.mean_poisson_deviance,
    "log loss": metrics.log_loss,
    "Brier": lambda y, p: np.mean(np.sum((np.eye(p.shape[1])[y] - p) ** 2, axis=1)),
    "1 - AUC": multiclass_auc,
    "balanced error": lambda y, p: (
        1 - metrics.balanced_accuracy_score(y, p.argmax(axis=1))
    ),
}


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("name", MEASURES)
def test_values_are_those_of_scikit_learn(name, n_classes, rng):
    measure = MEASURES[name]
    y, p = classes(rng, n_classes=n_classes) if measure.classes else amounts(rng)
    assert_allclose(measure.value(y, p), SCIKIT_LEARN[name](y, p), rtol=1e-10)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("name", MEASURES)
def test_a_row_moves_the_value_by_its_influence(name, n_classes, rng):
    # The jackknife: n (T - T without i) is the influence to first order in 1 / n.
    measure, n = MEASURES[name], 600
    y, p = classes(rng, n, n_classes) if measure.classes else amounts(rng, n)
    value, moved = measure.influence(y, p)
    assert abs(moved.mean()) < 1e-12
    kept = ~np.eye(n, dtype=bool)[:40]
    left_out = np.array([n * (value - measure.value(y[k], p[k])) for k in kept])
    assert_allclose(left_out, moved[:40], atol=0.02 * np.abs(moved).max())


def test_a_row_moves_the_pinball_loss_by_its_influence(rng):
    y, predicted = amounts(rng)
    value, moved = pinball(0.9).influence(y, predicted)
    assert_allclose(value + moved, [pinball(0.9).value(*own) for own in zip(
        y[:, None], predicted[:, None], strict=True)])  # fmt: skip


def test_costs_may_be_written_as_json(rng):
    y, p = classes(rng, n_classes=2)
    written = choose("[[0, 1], [10, 0]]", np.array(["a", "b"]), y)
    assert written.value(y, p) == cost([[0, 1], [10, 0]]).value(y, p)
    with pytest.raises(ValueError, match="costs as JSON, a row per true class"):
        choose("[[0, 1], [10", np.array(["a", "b"]), y)


def test_costs_decide_for_the_cheapest_class():
    shares = np.array([[0.7, 0.3], [0.95, 0.05], [0.2, 0.8]])
    # To miss the second class costs ten times as much.
    measure = cost([[0, 1], [10, 0]])
    assert measure.value(np.array([0, 0, 1]), shares) == pytest.approx(1 / 3)
    assert measure.value(np.array([1, 1, 1]), shares) == pytest.approx(10 / 3)


@pytest.mark.parametrize(
    ("metric", "labels", "text"),
    [
        ("rmse2", None, "one of RMSE, MAE, Poisson deviance, .* got 'rmse2'"),
        ("RMSE", [0, 1], "one of log loss, Brier"),
        ([[0, 1]], None, r"must be a name, got \(1, 2\)"),
        ([[0, 1]], [0, 1], r"shape \(2, 2\) here, got \(1, 2\)"),
        ("poisson deviance", None, "0 or more, got -1"),
    ],
)
def test_a_metric_that_does_not_suit_is_refused(metric, labels, text):
    with pytest.raises(ValueError, match=text):
        choose(metric, labels and np.array(labels), np.array([-1.0, 1.0]))


def test_auc_may_be_written_short():
    assert choose("auc", np.array([0, 1]), np.array([0, 1])) is MEASURES["1 - AUC"]
