"""A small regression problem, a network for it, and callbacks that watch."""

import numpy as np
import pytest

from perceptrons import MLPRegressor

# "auto" is the compiled engine where there is one.
ENGINES = ["numpy", "auto"]


limit_reached = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"
)


def curve(n=80, noise=0.1, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.uniform(-2.0, 2.0, (n, 2))
    return X, np.sin(X[:, 0]) + 0.5 * X[:, 1] + noise * rng.normal(size=n)


X, Y = curve()


SETTINGS = {
    "hidden_layer_sizes": (8,),
    "activation": "tanh",
    "learning_rate_init": 0.01,
    "batch_size": 16,
    "random_state": 0,
}


def network(**settings):
    return MLPRegressor(**{**SETTINGS, **settings})


class Recorder:
    """A callback that keeps what it sees and stops after some epochs."""

    def __init__(self, stop_after=None):
        self.states, self.weights, self.stop_after = [], [], stop_after

    def on_epoch_end(self, state):
        self.states.append(state)
        self.weights.append([W.copy() for W in state.coefs])
        return len(self.states) == self.stop_after


def large_counts():
    rng = np.random.default_rng(0)
    return rng.uniform(0.0, 1.0, (30, 2)), rng.poisson(1e4, 30).astype(float)
