"""
A network learning a sine
=========================

What a network says before, during and after training, and its loss meanwhile.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.exceptions import ConvergenceWarning

from perceptrons import MLPRegressor

# We want exactly these epochs; that training could go on is no news.
warnings.filterwarnings("ignore", category=ConvergenceWarning)

rng = np.random.default_rng(0)
x = np.sort(rng.uniform(-np.pi, np.pi, 200))[:, None]
y = np.sin(x[:, 0]) + rng.normal(0, 0.1, 200)

# %%
# ``partial_fit`` trains for one epoch and goes on from there in the next call, so we
# can look at any time. The weights after n calls are those of one ``fit`` of n epochs.

net = MLPRegressor(
    hidden_layer_sizes=(20,),
    activation="tanh",
    learning_rate_init=0.003,
    batch_size=20,
    random_state=0,
)
shown = {}
for epoch in range(1, 301):
    net.partial_fit(x, y)
    if epoch in (1, 10, 50, 300):
        shown[epoch] = net.predict(x)

# %%
# After one epoch it is little more than a slope, after ten its bends are too flat, and
# in the end it is a sine.

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
left.scatter(x[:, 0], y, s=6, color="0.7", label="data")
colors = plt.colormaps["viridis"](np.linspace(0.85, 0, len(shown)))
for (epoch, predicted), color in zip(shown.items(), colors, strict=True):
    left.plot(x[:, 0], predicted, color=color, label=f"epoch {epoch}")
left.set(xlabel="x", ylabel="y")
left.legend(fontsize="small")
net.history_.plot(right)

# %%
# The loss is half the mean squared error; the noise alone makes 0.005 of it.

print(f"last loss {net.history_.columns['loss'][-1]:.4f}")
