"""The gradient check itself."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from perceptrons.activations import ACTIVATIONS
from perceptrons.losses import LOSSES
from perceptrons.study import gradient_check
from perceptrons.study.experiment import builtin

SETTINGS = {
    "activation": "tanh", "loss": "huber", "penalty": "both",
    "sizes": [3, 4, 4, 3], "n_rows": 5,
}  # fmt: skip


def test_central_difference_of_a_quadratic_is_exact():
    theta = np.array([1.0, -2.0, 0.5])
    gradient, kinks = gradient_check.central_difference(lambda t: float(t @ t), theta)
    # Rounding: eps * J / h = 2e-16 * 5 / 6e-6.
    assert_allclose(gradient, 2 * theta, atol=1e-9)
    assert not kinks.any()


def test_central_difference_finds_a_kink():
    theta = np.array([1e-6, 1.0])
    _, kinks = gradient_check.central_difference(lambda t: float(abs(t).sum()), theta)
    assert kinks.tolist() == [True, False]


def test_the_study_covers_every_activation_and_loss():
    axes = builtin("gradient-check").axes
    assert axes["activation"] == list(ACTIVATIONS)
    assert axes["loss"] == list(LOSSES)
    assert axes["penalty"] == list(gradient_check.PENALTIES)


def test_backpropagation_agrees_layer_by_layer():
    pytest.importorskip("autograd")
    result = gradient_check.run(SETTINGS, None, 0)
    assert result.metrics["numeric_rel"] < gradient_check.TOLERANCE
    assert result.metrics["autograd_rel"] < 1e-13
    assert list(result.curves) == ["W1", "b1", "W2", "b2", "W3", "b3"]
    assert result.curves["W2"].shape == (4, 4)


def test_a_wrong_gradient_is_seen(monkeypatch):
    class Wrong(type(ACTIVATIONS["tanh"])):
        def slope(self, z, a, out):
            out[...] = 1.0
            return out

    monkeypatch.setitem(ACTIVATIONS, "tanh", Wrong())
    result = gradient_check.run(SETTINGS, None, 0)
    assert result.metrics["numeric_rel"] > 0.01


def test_without_autograd_its_numbers_are_a_gap(monkeypatch):
    monkeypatch.setattr(gradient_check, "has_autograd", lambda: False)
    result = gradient_check.run(SETTINGS, None, 0)
    assert np.isnan(result.metrics["autograd_rel"])
    assert result.metrics["numeric_rel"] < gradient_check.TOLERANCE
    assert result.curves == {}
