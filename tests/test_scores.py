"""What score and early stopping of a regressor go by: R^2, or D^2 of the loss."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.metrics import (
    d2_absolute_error_score,
    d2_pinball_score,
    d2_tweedie_score,
)

from perceptrons import MLPRegressor, losses

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(8)
X = RNG.normal(size=(60, 4))
SIGNAL = X @ RNG.normal(size=4)


def build(loss, **settings):
    return MLPRegressor(
        **{
            "loss": loss,
            "hidden_layer_sizes": (8,),
            "random_state": 0,
            "dtype": "float64",
            **settings,
        }
    )


SCORES = {
    "absolute_error": d2_absolute_error_score,
    losses.Pinball(0.8): lambda *a, **w: d2_pinball_score(*a, alpha=0.8, **w),
    "poisson": lambda *a, **w: d2_tweedie_score(*a, power=1, **w),
}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("loss", SCORES, ids=str)
def test_score_is_scikit_learns_d2_of_the_loss(loss, weighted):
    weights = {"sample_weight": RNG.uniform(0.2, 2.0, 60)} if weighted else {}
    y = np.exp(SIGNAL)
    model = build(loss, max_iter=20).fit(X, y)
    expected = SCORES[loss](y, model.predict(X), **weights)
    assert_allclose(model.score(X, y, **weights), expected, rtol=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("loss", [n for n in losses.LOSSES if "squared" not in n])
def test_no_constant_scores_better_than_zero(loss, weighted):
    Y = RNG.dirichlet([1.0, 2.0, 3.0], 60)
    weights = RNG.uniform(0.2, 2.0, 60) if weighted else None
    record = losses.LOSSES[loss]
    best = record.constant(Y, weights)
    assert best.shape == (3,)

    def mean_loss(raw):
        value = record.value(np.broadcast_to(raw, Y.shape), Y)
        return np.average(value, weights=weights)

    # Quantiles are interpolated where rows weigh the same: not quite the least.
    slack = 1e-3 if loss in ("absolute_error", "pinball") else 1e-12
    for step in (1e-2, 0.3):
        for direction in np.vstack([np.eye(3), -np.eye(3)]):
            assert mean_loss(best) <= mean_loss(best + step * direction) + slack
    model = build(loss, max_iter=2, init=([np.zeros((4, 3))], [best]))
    model.set_params(hidden_layer_sizes=(), learning_rate_init=1e-12)
    assert_allclose(model.fit(X, Y).score(X, Y, weights), 0.0, atol=1e-6)


def test_a_constant_target_scores_one_if_it_is_met_and_zero_if_not():
    y = np.full(60, 2.0)
    for bias, expected in ((2.0, 1.0), (2.5, 0.0)):
        start = ([np.zeros((4, 1))], [np.array([bias])])
        model = build("huber", hidden_layer_sizes=(), init=start)
        model.set_params(learning_rate_init=1e-12, max_iter=1)
        if bias == 2.0:
            model.set_params(solver="gd")
        assert model.fit(X, y).score(X, y) == expected


class Quartic:
    """A loss of the user's own, as small as may be."""

    link, domain = losses.LOSSES["huber"].link, losses.LOSSES["huber"].domain

    def value(self, raw, Y):
        return ((raw - Y) ** 4).sum(axis=1)

    def slope(self, raw, Y, out):
        out[...] = 4 * (raw - Y) ** 3
        return out


def test_a_loss_of_ones_own_is_scored_by_minus_its_mean():
    model = build(Quartic(), early_stopping=True)
    held = (X[:20], SIGNAL[:20])
    model.fit(X[20:], SIGNAL[20:], X_val=held[0], y_val=held[1])
    expected = -np.mean((model.predict(held[0]) - held[1]) ** 4)
    assert_allclose(model.score(*held), expected, rtol=1e-12)
    assert_allclose(model.best_validation_score_, expected, rtol=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_early_stopping_of_a_high_quantile_goes_by_its_own_loss(seed):
    rng = np.random.default_rng(seed)
    rows = rng.uniform(-1, 1, (1500, 1))
    y = rows[:, 0] + rng.normal(0.0, 0.5, 1500)
    model = MLPRegressor(
        losses.Pinball(0.95),
        hidden_layer_sizes=(16,),
        learning_rate_init=0.01,
        early_stopping=True,
        random_state=seed,
    ).fit(rows, y)
    # Judged by R^2 it ends in epoch 1 with 73 to 89 % of the rows below.
    assert model.outcome_.best_epoch > 1
    assert abs(np.mean(y <= model.predict(rows)) - 0.95) < 0.03
