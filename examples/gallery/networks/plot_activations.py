"""
Activations, and units that die
===============================

The ten activations and their slopes; and what happens to ReLU where its slope is 0 on
every row: the unit never learns again.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.exceptions import ConvergenceWarning

from perceptrons import MLPRegressor
from perceptrons.activations import ACTIVATIONS

# We want exactly these epochs; that training could go on is no news.
warnings.filterwarnings("ignore", category=ConvergenceWarning)

z = np.linspace(-4, 4, 401)
figure, axes = plt.subplots(
    2, 5, figsize=(10, 4.4), sharex=True, sharey=True, layout="constrained"
)
for ax, (name, activation) in zip(axes.flat, ACTIVATIONS.items(), strict=True):
    a = activation.value(z, np.empty_like(z))
    ax.plot(z, a, label="value")
    ax.plot(z, activation.slope(z, a, np.empty_like(z)), "--", label="slope")
    ax.set(title=name, ylim=(-2, 4))
    ax.grid(alpha=0.3)
axes[0, 0].legend()

# %%
# Now targets far from 0, and momentum. The first steps pull the biases far down, until
# some hidden units answer 0 for every row; their slope is 0 there, so they stay.

rng = np.random.default_rng(0)
X = rng.normal(size=(500, 4))
y = 10 + X[:, 0] * X[:, 1]
nets = {}
for name in ["relu", "leaky_relu", "elu", "silu"]:
    dead, r2 = [], []
    for seed in range(5):
        nets[name] = net = MLPRegressor(
            hidden_layer_sizes=(50,),
            activation=name,
            solver="sgd",
            learning_rate_init=0.03,
            max_iter=50,
            random_state=seed,
        ).fit(X, y)
        hidden = net.layer_outputs(X)[0]
        dead.append(int((hidden == 0).all(axis=0).sum()))
        r2.append(f"{net.score(X, y):.2f}")
    print(f"{name:10}  dead of 50: {dead}  R^2: {', '.join(r2)}")

# %%
# About a third of ReLU's units are lost, for five seeds. What is left does as well as
# leaky ReLU, which loses none: dead units are waste rather than ruin. The smooth ones
# do better on this smooth target. ``summary(X)`` counts such units:

print(nets["relu"].summary(X))
