"""
Learning curves of Runge's function, ten seeds
==============================================

How the error falls with the number of training rows, for a small network and for a
polynomial; over ten seeds, since one seed shows its own luck.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures

from perceptrons import MLPRegressor
from perceptrons.data import runge_function

SIZES = (20, 40, 80, 160, 320, 640)
grid = np.linspace(-1, 1, 500)[:, None]
truth = runge_function(grid[:, 0])


def sample(n, seed):
    """Return n noisy rows."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 1, (n, 1))
    return x, runge_function(x[:, 0]) + rng.normal(0, 0.1, n)


# %%
# Each network gets the rows and the initial weights of its seed; a small penalty, and
# L-BFGS to the bottom of the objective.

errors = {"network, 10 units": {}, "polynomial, degree 8": {}}
for n in SIZES:
    nets, lines = [], []
    for seed in range(10):
        x, y = sample(n, seed)
        net = MLPRegressor(
            hidden_layer_sizes=(10,), activation="tanh", solver="lbfgs", alpha=1e-2,
            max_iter=5000, max_fun=20_000, tol=1e-3, random_state=seed,
        )  # fmt: skip
        nets.append(net.fit(x, y))
        line = make_pipeline(PolynomialFeatures(8), LinearRegression())
        lines.append(line.fit(x, y))
    for models, values in zip((nets, lines), errors.values(), strict=True):
        values[n] = [np.mean((model.predict(grid) - truth) ** 2) for model in models]

# %%
# Errors against the noiseless function. Lines are medians, bands go from the second
# best to the second worst of ten seeds.

figure, ax = plt.subplots(figsize=(7, 4.2), layout="constrained")
for name, values in errors.items():
    ordered = np.sort(np.array(list(values.values())), axis=1)
    ax.loglog(SIZES, np.median(ordered, axis=1), ".-", label=name)
    ax.fill_between(SIZES, ordered[:, 1], ordered[:, -2], alpha=0.25)
ax.set(xlabel="training rows", ylabel="squared error against the truth", xticks=SIZES)
ax.set_xticklabels(SIZES)
ax.minorticks_off()
ax.legend()
for name, values in errors.items():
    print(f"{name:21}", {n: f"{np.median(e):.4f}" for n, e in values.items()})

# %%
# With few rows both are bad, and the polynomial can be wildly so between its points.
# With many, the polynomial ends at what eight powers can say of this function, which no
# number of rows changes; the network comes to a quarter of that error.
