"""Measures of a prediction."""

import numpy as np
import pytest

from perceptrons.metrics import mean_squared_error


def test_mean_squared_error_of_a_small_case():
    assert mean_squared_error([1.0, 2.0, 3.0], [1.0, 4.0, 0.0]) == 13 / 3


def test_mean_squared_error_is_judged_in_float64():
    y = np.array([1e-30], np.float32)
    assert mean_squared_error(y, np.zeros(1, np.float32)) > 0


def test_shapes_that_would_broadcast_are_refused():
    with pytest.raises(ValueError, match=r"same shape, got \(3,\) and \(3, 1\)"):
        mean_squared_error(np.zeros(3), np.zeros((3, 1)))
