"""What a small network must reach at full size; minutes, so only on demand."""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from perceptrons import MLPRegressor, fit_many
from perceptrons.data import runge
from perceptrons.metrics import mean_squared_error
from perceptrons.schedules import Cosine


@pytest.mark.slow
def test_a_small_network_comes_within_5_percent_of_the_noise():
    """At a constant rate the batches' noise keeps Adam about 10 % above it.

    Here the rate falls to zero on a cosine, every epoch shuffles all rows, and the
    weights start by this library's own rule.
    """
    data = runge(0)
    networks = [
        MLPRegressor(
            "mean_squared_error", (16,), "logistic", solver="adam", alpha=0.0,
            batch_size=20, learning_rate_init=0.01, schedule=Cosine(), max_iter=300,
            tol=0.0, n_iter_no_change=300, random_state=seed,
        )
        for seed in range(5)
    ]  # fmt: skip
    with warnings.catch_warnings():
        # The number of epochs is part of the claim.
        warnings.simplefilter("ignore", ConvergenceWarning)
        fit_many(networks, data.X_train, data.y_train, n_jobs=2)
    errors = [mean_squared_error(data.y_test, m.predict(data.X_test)) for m in networks]
    assert abs(np.median(errors) / data.noise_test - 1) <= 0.05, errors
