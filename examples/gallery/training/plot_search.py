"""
A search over many networks
===========================

``GridSearch`` trains all settings x folds in one call of the engine, over all cores;
its scores are those of scikit-learn's ``GridSearchCV``. Where training is cheap, look
at the whole surface rather than at its best point alone.
"""

import matplotlib.pyplot as plt
import numpy as np

from perceptrons import GridSearch, MLPRegressor
from perceptrons.data import runge

data = runge(seed=0)

# %%
# 6 rates x 5 widths x 5 folds: 150 networks on 1,200 noisy rows of Runge's function.

rates, widths = np.logspace(-3.5, -1, 6), [2, 4, 8, 16, 32]
search = GridSearch(
    MLPRegressor(activation="tanh", max_iter=100, batch_size=20, random_state=0),
    {
        "learning_rate_init": list(rates),
        "hidden_layer_sizes": [(width,) for width in widths],
    },
    scoring="neg_mean_squared_error",
    cv=5,
    n_jobs=1,
).fit(data.X_train, data.y_train)
print(search.best_params_)

# %%
# The noise makes 0.01 of every mean squared error. The best is one cell in a plain of
# good ones: its exact place is chance, that the plain exists is not.

scores = {
    (params["hidden_layer_sizes"], params["learning_rate_init"]): -mean
    for params, mean in zip(
        search.cv_results_["params"], search.cv_results_["mean_test_score"], strict=True
    )
}
surface = np.array([[scores[(width,), rate] for rate in rates] for width in widths])
figure, ax = plt.subplots(figsize=(7.5, 4), layout="constrained")
image = ax.imshow(surface, cmap="viridis_r", norm="log", aspect="auto")
for (row, column), value in np.ndenumerate(surface):
    dark = value < np.sqrt(surface.min() * surface.max())
    ax.text(column, row, f"{value:.4f}", ha="center", va="center",
            color="white" if not dark else "black", fontsize=8)  # fmt: skip
ax.set(xlabel="learning rate", ylabel="hidden units", yticks=range(len(widths)),
       xticks=range(len(rates)), title="mean squared error over 5 folds")  # fmt: skip
ax.set_xticklabels([f"{rate:.4f}" for rate in rates])
ax.set_yticklabels(widths)
figure.colorbar(image)

# %%
# On the test rows, which took no part:

print(f"R^2 {search.best_estimator_.score(data.X_test, data.y_test):.3f}")
