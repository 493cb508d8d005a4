"""
Backpropagation by hand
=======================

The derivatives of a network with one hidden layer, written out in five lines of NumPy,
beside what ``gradients`` returns.
"""

import matplotlib.pyplot as plt
import numpy as np

from perceptrons import MLPRegressor

rng = np.random.default_rng(0)
X = rng.normal(size=(50, 2))
y = X[:, 0] * X[:, 1]
net = MLPRegressor(
    hidden_layer_sizes=(4,), activation="tanh", dtype="float64", random_state=0
).partial_fit(X, y)

# %%
# Forward: each layer is Z = A W + b, the hidden one followed by tanh.

W1, W2 = net.coefs_
b1, b2 = net.intercepts_
A1 = np.tanh(X @ W1 + b1)
Z2 = A1 @ W2 + b2

# %%
# Backward: the loss is half the squared error, averaged over the rows. Its derivative
# by the output is the residual over n; the chain rule carries it through W2 and
# through tanh, whose slope is 1 - tanh squared.

delta2 = (Z2 - y[:, None]) / len(y)
delta1 = (delta2 @ W2.T) * (1 - A1**2)
by_hand = [X.T @ delta1, A1.T @ delta2]

# %%
# The same from the library. It has z, a and delta of every layer, too.

given = net.gradients(X, y)
for layer, (own, theirs) in enumerate(zip(by_hand, given.coefs, strict=True), 1):
    print(f"layer {layer}: largest difference {np.abs(own - theirs).max():.1e}")

# %%
# The derivatives of the first layer's weights: one column per hidden unit.

figure, axes = plt.subplots(1, 2, figsize=(8, 2.6), layout="constrained")
limit = np.abs(by_hand[0]).max()
pairs = zip(axes, [by_hand[0], given.coefs[0]], ["by hand", "gradients"], strict=True)
for ax, values, name in pairs:
    image = ax.imshow(values, cmap="RdBu_r", vmin=-limit, vmax=limit)
    ax.set(title=name, xlabel="hidden unit", yticks=[0, 1], xticks=range(4))
    ax.set_yticklabels(["first", "second"])
axes[0].set_ylabel("feature")
figure.colorbar(image, ax=axes, label="dJ/dW")
