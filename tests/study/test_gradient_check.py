"""The gradient check itself."""

import re

import numpy as np
import pytest
from numpy.testing import assert_allclose

from perceptrons import engine
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
    # Only NumPy's engine computes with the record itself.
    result = gradient_check.run({**SETTINGS, "engine": "numpy"}, None, 0)
    assert result.metrics["numeric_rel"] > 0.01


def test_a_network_whose_every_parameter_is_a_kink_has_no_difference(monkeypatch):
    def all_kinks(value, theta):
        return np.zeros_like(theta), np.ones(theta.shape, bool)

    monkeypatch.setattr(gradient_check, "central_difference", all_kinks)
    result = gradient_check.run(SETTINGS, None, 0)
    assert np.isnan(result.metrics["numeric_rel"])
    assert result.metrics["kinks"] == result.n_parameters


@pytest.mark.parametrize("name", ["numpy", "compiled"])
def test_the_engine_asked_for_is_the_one_checked(name):
    if name == "compiled" and (why := engine.missing()):
        pytest.skip(why)
    result = gradient_check.run({**SETTINGS, "engine": name}, None, 0)
    assert result.engine == name
    assert result.metrics["numeric_rel"] < gradient_check.TOLERANCE


def test_auto_checks_the_engine_that_would_train():
    result = gradient_check.run(SETTINGS, None, 0)
    assert result.engine == ("numpy" if engine.missing() else "compiled")


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"activation": "tanhh"}, "Did you mean 'tanh'?"),
        ({"penalty": "l3"}, "penalty must be one of"),
        ({"sizes": [3]}, "sizes must be a list of at least two"),
        ({"sizes": [3, 0]}, "sizes must be at least 1"),
        ({"n_rows": 0}, "n_rows must be at least 1"),
        ({"engine": "warp"}, "engine must be one of"),
    ],
)
def test_settings_that_cannot_run_are_refused_by_name(settings, sentence):
    with pytest.raises((TypeError, ValueError), match=re.escape(sentence)):
        gradient_check.check({**SETTINGS, **settings})


def test_without_autograd_its_numbers_are_a_gap(monkeypatch):
    monkeypatch.setattr(gradient_check, "has_autograd", lambda: False)
    result = gradient_check.run(SETTINGS, None, 0)
    assert np.isnan(result.metrics["autograd_rel"])
    assert result.metrics["numeric_rel"] < gradient_check.TOLERANCE
    assert result.curves == {}
