"""
Levenberg-Marquardt against Adam on Runge's function
====================================================

For a small network and squared errors without noise, a method that knows about least
squares goes where steps along the gradient do not come in any reasonable time.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.exceptions import ConvergenceWarning

from perceptrons import MLPRegressor
from perceptrons.data import runge_function

# Both end at a limit that we set; that they could go on is no news.
warnings.filterwarnings("ignore", category=ConvergenceWarning)

x = np.linspace(-1, 1, 200)[:, None]
y = runge_function(x[:, 0])

# %%
# A network 1-10-1, the same five initial weights for both: 300 iterations of
# Levenberg-Marquardt, 3,000 epochs of Adam with a falling rate.

shared = {
    "hidden_layer_sizes": (10,),
    "activation": "tanh",
    "dtype": "float64",
    "alpha": 0.0,
}
methods = {
    "Levenberg-Marquardt": {"solver": "lm", "max_iter": 300, "tol": 1e-9},
    "Adam": {
        "solver": "adam",
        "max_iter": 3000,
        "batch_size": 20,
        "learning_rate_init": 0.01,
        "schedule": "cosine",
        "n_iter_no_change": np.inf,
    },
}
figure, ax = plt.subplots(figsize=(7, 4.2), layout="constrained")
for (name, settings), color in zip(
    methods.items(), ("tab:blue", "tab:orange"), strict=True
):
    errors = []
    for seed in range(5):
        net = MLPRegressor(**shared, **settings, random_state=seed).fit(x, y)
        errors.append(np.mean((net.predict(x) - y) ** 2))
        curve = 2 * np.array(net.loss_curve_)  # the loss is half the squared error
        label = name if seed == 0 else None
        ax.loglog(np.arange(1, len(curve) + 1), curve, color=color, label=label)
    print(f"{name:20} mean squared errors " + ", ".join(f"{e:.0e}" for e in errors))
ax.set(xlabel="iteration or epoch", ylabel="mean squared error")
ax.legend()

# %%
# An iteration of Levenberg-Marquardt solves for all weights at once, at a cost that
# grows with the cube of their number: it is for hundreds of weights, not for millions.
# With noise in y the last digits are noise, too, and the methods end alike.
