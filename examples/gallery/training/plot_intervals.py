"""
Quantiles and intervals
=======================

Two ways to say how sure a prediction is: a network that learns quantiles, whose band is
as wide as the noise is *here*; and intervals from the models of a cross-validation,
which suit any model and hold their level, but are of one width nearly everywhere.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import KFold

from perceptrons import MLPRegressor, fit_folds, losses, predict_interval

rng = np.random.default_rng(0)


def sample(n):
    """Return n rows whose noise grows to the right."""
    x = np.sort(rng.uniform(-2, 2, n))
    return x[:, None], np.sin(2 * x) + (0.1 + 0.2 * (x + 2) / 2) * rng.normal(size=n)


X, y = sample(600)
X_new, y_new = sample(4000)
settings = {
    "hidden_layer_sizes": (20,),
    "activation": "tanh",
    "learning_rate_init": 0.01,
    "schedule": "cosine",
    "random_state": 0,
    "early_stopping": True,
    "n_iter_no_change": 60,
    "max_iter": 400,
}

# %%
# The 10 % and the 90 % quantile, of one network with two outputs.

net = MLPRegressor(losses.Pinball((0.1, 0.9)), **settings).fit(X, y)
band = net.predict(X_new)

# %%
# Five networks, each of which has not seen a fifth of the rows: how far they miss there
# is how far they will miss.

folds = list(KFold(5, shuffle=True, random_state=0).split(X))
nets = fit_folds(MLPRegressor(**settings), X, y, folds, n_jobs=1)
interval = predict_interval(nets, X, y, folds, X_new, level=0.8)

# %%
# Both are to hold 80 % of new rows. Counted over all rows, and in the calm and the
# noisy half apart.

figure, axes = plt.subplots(1, 2, figsize=(9, 3.8), sharey=True, layout="constrained")
for ax, ends, name in zip(axes, [band, interval], ["quantiles", "CV+"], strict=True):
    inside = (ends[:, 0] <= y_new) & (y_new <= ends[:, 1])
    calm = X_new[:, 0] < 0
    ax.scatter(X_new[::5, 0], y_new[::5], s=3, color="0.6")
    ax.fill_between(X_new[:, 0], *ends.T, alpha=0.4)
    ax.set(xlabel="x", title=f"{name}: {inside.mean():.0%} inside")
    print(
        f"{name:9}  all {inside.mean():.0%}, calm half {inside[calm].mean():.0%}, "
        f"noisy half {inside[~calm].mean():.0%}"
    )
axes[0].set_ylabel("y")

# %%
# The interval holds its level on average, but too often in the calm half and too seldom
# in the noisy one. The band has the right shape, and no promise: networks that follow
# their training rows make it too narrow. The page on bands of quantiles says how
# to calibrate it.
