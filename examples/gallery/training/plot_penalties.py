"""
Overfitting and penalties
=========================

A network with far more weights than rows follows the noise; a penalty on its weights
takes that away, and, if too large, the function as well.
"""

import matplotlib.pyplot as plt
import numpy as np

from perceptrons import MLPRegressor, fit_many

rng = np.random.default_rng(1)


def sample(n):
    """Return n noisy rows of a wave."""
    x = rng.uniform(-2, 2, n)
    return x[:, None], np.sin(3 * x) + rng.normal(0, 0.3, n)


X, y = sample(25)
X_new, y_new = sample(2000)

# %%
# 151 weights, 25 rows. ``alpha`` is divided by the number of rows, as in scikit-learn.
# ``fit_many`` trains them all in one call; L-BFGS goes to the bottom of each objective.

alphas = np.logspace(-5, 2, 8)
nets = [
    MLPRegressor(
        hidden_layer_sizes=(50,),
        activation="tanh",
        solver="lbfgs",
        alpha=alpha,
        max_iter=20_000,
        max_fun=40_000,
        tol=1e-4,
        random_state=0,
    )
    for alpha in alphas
]
fit_many(nets, X, y, n_jobs=1)


def error(net, X, y):
    """Return the mean squared error."""
    return np.mean((net.predict(X) - y) ** 2)


known = [error(net, X, y) for net in nets]
new = [error(net, X_new, y_new) for net in nets]
best = int(np.argmin(new))

# %%
# On the rows it was trained on, the error falls with the penalty, to nothing; on new
# rows the best penalty lies in between. The dotted line is the noise, which
# nothing can predict.

figure, (left, right) = plt.subplots(1, 2, figsize=(9.5, 3.8), layout="constrained")
left.loglog(alphas, known, ".-", label="training rows")
left.loglog(alphas, new, ".-", label="new rows")
left.axhline(0.3**2, color="black", linestyle=":", label="noise")
left.set(xlabel="alpha", ylabel="mean squared error")
left.legend()
grid = np.linspace(-2, 2, 300)[:, None]
right.scatter(X[:, 0], y, s=14, color="0.5")
for index in (0, best, len(nets) - 1):
    right.plot(grid, nets[index].predict(grid), label=f"alpha {alphas[index]:.0e}")
right.set(xlabel="x", ylabel="y", ylim=(-2.2, 2.2))
right.legend(loc="upper left", fontsize="small")
