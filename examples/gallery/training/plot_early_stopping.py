"""
Early stopping
==============

Rows held out say when training begins to follow the noise. The weights of the best
epoch are kept.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import make_friedman1
from sklearn.model_selection import train_test_split

from perceptrons import MLPRegressor

X, y = make_friedman1(2300, noise=3.0, random_state=0)
X, X_new, y, y_new = train_test_split(X, y, train_size=300, random_state=0)
center, scale = X.mean(axis=0), X.std(axis=0)
X, X_new = (X - center) / scale, (X_new - center) / scale
X, X_val, y, y_val = train_test_split(X, y, train_size=200, random_state=0)

# %%
# ``X_val`` and ``y_val`` are the rows to validate on; without them ``early_stopping``
# holds out a tenth of the training rows. 60 epochs without improvement are borne.

settings = {
    "hidden_layer_sizes": (50,),
    "learning_rate_init": 0.01,
    "batch_size": 20,
    "random_state": 0,
    "early_stopping": True,
}
net = MLPRegressor(n_iter_no_change=60, **settings)
net.fit(X, y, X_val=X_val, y_val=y_val)
print(net.outcome_.message)

# %%
# What would have become of it: the same training, with patience for 400 epochs.

patient = MLPRegressor(n_iter_no_change=400, max_iter=1000, **settings)
patient.fit(X, y, X_val=X_val, y_val=y_val)
columns = patient.history_.columns
figure, ax = plt.subplots(figsize=(7, 4), layout="constrained")
ax.plot(columns["epoch"], columns["loss"], label="training, with penalty")
ax.plot(columns["epoch"], columns["validation_loss"], label="rows held out")
ax.axvline(net.outcome_.best_epoch, color="black", label="weights kept")
ax.axvline(net.n_iter_, color="black", linestyle=":", label="training stopped")
ax.set(xlabel="epoch", ylabel="half the squared error", ylim=(0, 15))
ax.legend()

# %%
# On rows that neither training nor stopping has seen:

print(f"R^2 {net.score(X_new, y_new):.2f}")
