"""
An activation of one's own, and whether its derivative is right
===============================================================

An activation may be a pair of functions of z. A wrong derivative trains worse and says
nothing, so ask ``check_gradient``.
"""

import matplotlib.pyplot as plt
import numpy as np

from perceptrons import MLPRegressor, check_gradient


def bump(z):
    """Return exp(-z^2)."""
    return np.exp(-(z**2))


def slope(z):
    """Return its derivative."""
    return -2 * z * np.exp(-(z**2))


def wrong_slope(z):
    """Return the derivative without its z: a slip of the pen."""
    return -2 * np.exp(-(z**2))


rng = np.random.default_rng(0)
X = rng.uniform(-3, 3, (300, 1))
y = np.sin(2 * X[:, 0])

# %%
# Each is asked on a few rows, before any training.


def network(derivative, **settings):
    """Return a network of bumps."""
    return MLPRegressor(
        hidden_layer_sizes=(20,),
        activation=(bump, derivative),
        random_state=0,
        **settings,
    )


for derivative in (slope, wrong_slope):
    print(
        f"{derivative.__name__}: {check_gradient(network(derivative), X[:20], y[:20])}"
    )

# %%
# Training with the slip goes on, only worse: it is easily taken for a bad learning
# rate. Three trainings each.

figure, ax = plt.subplots(figsize=(6.5, 3.8), layout="constrained")
for derivative, color in ((slope, "tab:blue"), (wrong_slope, "tab:orange")):
    for seed in range(3):
        net = network(derivative, learning_rate_init=0.01)
        net.set_params(random_state=seed)
        for _ in range(150):
            net.partial_fit(X, y)
        label = derivative.__name__ if seed == 0 else None
        ax.semilogy(net.loss_curve_, color=color, label=label)
ax.set(xlabel="epoch", ylabel="loss")
ax.legend()
