"""Weights of rows and of classes, whatever the batch."""

import numpy as np
import pytest
from curves import ENGINES, X, Y, limit_reached, network
from numpy.testing import assert_allclose

from perceptrons import MLPClassifier
from perceptrons.optimizers import GradientDescent


@limit_reached
@pytest.mark.parametrize("engine", ENGINES)
def test_batches_of_all_weights_add_up_to_the_gradient_of_all_rows(engine):
    # Steps so short that the weights stay where they are while an epoch passes.
    rate, start = 1e-9, network(engine=engine, dtype="float64").fit(X, Y)
    weights = np.where(np.arange(len(X)) < 16, 0.0, np.arange(len(X)) % 7 + 1.0)
    moved = []
    for size in (16, len(X)):
        net = network(
            solver=GradientDescent(),
            learning_rate_init=rate * size,
            batch_size=size,
            max_iter=1,
            alpha=0.0,
            init=(start.coefs_, start.intercepts_),
            dtype="float64",
            engine=engine,
        ).fit(X, Y, sample_weight=weights)
        moved.append(net.coefs_[0] - start.coefs_[0])
        assert np.isfinite(net.loss_)
    # A sum over batches of w l / (n mean w), whatever weights meet in a batch.
    assert_allclose(moved[0], moved[1], rtol=1e-5, atol=1e-6 * np.abs(moved[1]).max())


@limit_reached
@pytest.mark.parametrize("engine", ENGINES)
def test_balanced_classes_are_balanced_whatever_the_batch(engine):
    # One class in a hundred, and features that tell nothing: only a constant fits.
    y = (np.arange(2000) % 100 == 0).astype(int)
    constant = np.zeros((2000, 1))
    for size in (2000, 200, 32):
        net = MLPClassifier(
            hidden_layer_sizes=(),
            class_weight="balanced",
            batch_size=size,
            learning_rate_init=0.01,
            max_iter=60,
            n_iter_no_change=100,
            random_state=0,
            engine=engine,
        ).fit(constant, y)
        # Divided by its own sum of weights, a batch of 32 gives 0.2.
        assert_allclose(net.predict_proba(constant[:1])[0, 1], 0.5, atol=0.05)


@limit_reached
@pytest.mark.parametrize("engine", ENGINES)
def test_an_epoch_may_draw_rows_of_weight_zero_only(engine):
    weights = np.zeros(len(X))
    weights[0] = 1.0
    net = network(engine=engine, replacement=True, batch_size=5, max_iter=50)
    net.set_params(n_iter_no_change=1000).fit(X, Y, sample_weight=weights)
    assert net.n_iter_ == 50
    assert np.isfinite(net.loss_curve_).all()


@limit_reached
@pytest.mark.parametrize("scale", [1e-300, 1e-60, 1e300])
def test_weights_of_any_size_train_the_same(scale):
    weights = np.arange(len(X)) % 3 + 1.0
    expected = network(alpha=0.0, max_iter=3).fit(X, Y, weights)
    scaled = network(alpha=0.0, max_iter=3).fit(X, Y, scale * weights)
    # The quotients are rounded once more.
    for mine, other in zip(scaled.coefs_, expected.coefs_, strict=True):
        assert_allclose(mine, other, rtol=1e-4, atol=1e-6)
