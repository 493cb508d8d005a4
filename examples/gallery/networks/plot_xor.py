"""
XOR: what one hidden layer can do that none cannot
==================================================

The class of a point is whether its two coordinates differ in sign. No straight line
separates such classes; a network without a hidden layer *is* a straight line.
"""

import matplotlib.pyplot as plt
import numpy as np

from perceptrons import MLPClassifier

rng = np.random.default_rng(0)
X = rng.uniform(-1, 1, (400, 2))
y = X[:, 0] * X[:, 1] < 0

# %%
# Two networks, the same but for their hidden layer. L-BFGS suits so few weights.

settings = {"solver": "lbfgs", "alpha": 0.1, "max_iter": 1000, "random_state": 0}
line = MLPClassifier((), **settings).fit(X, y)
net = MLPClassifier((8,), "tanh", **settings).fit(X, y)

# %%
# The boundary is where the probability is one half. Accuracy is on new points.

X_new = rng.uniform(-1, 1, (2000, 2))
y_new = X_new[:, 0] * X_new[:, 1] < 0
a, b = np.meshgrid(np.linspace(-1, 1, 200), np.linspace(-1, 1, 200))
figure, axes = plt.subplots(1, 2, figsize=(8, 4), sharey=True, layout="constrained")
for ax, model, name in zip(
    axes, [line, net], ["no hidden layer", "8 units"], strict=True
):
    p = model.predict_proba(np.column_stack([a.ravel(), b.ravel()]))[:, 1]
    ax.contourf(
        a, b, p.reshape(a.shape), levels=np.linspace(0, 1, 11), cmap="RdBu_r", alpha=0.5
    )
    ax.contour(a, b, p.reshape(a.shape), levels=[0.5], colors="black")
    ax.scatter(*X.T, c=y, cmap="RdBu_r", s=14, edgecolors="black", linewidths=0.5)
    ax.set(title=f"{name}: accuracy {model.score(X_new, y_new):.2f}", xlabel="first")
axes[0].set_ylabel("second")
