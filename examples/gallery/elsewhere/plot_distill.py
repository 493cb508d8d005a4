"""
Distilling a forest
===================

A forest of 200 trees is good at a table and slow at a row. One network can learn to say
what the forest says; rows need no targets for that.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import make_friedman1
from sklearn.ensemble import RandomForestRegressor
from sklearn.metrics import r2_score

from perceptrons import distill

X, y = make_friedman1(3000, noise=1.0, random_state=0)
known, new = slice(0, 1000), slice(1000, None)
forest = RandomForestRegressor(200, min_samples_leaf=3, random_state=0)
forest.fit(X[known], y[known])

# %%
# ``n_new`` adds rows whose columns are mixed from those of X: they show the network
# what the forest says between the rows it knows.

student = distill(forest, X[known], n_new=3000, random_state=0, effort="small")
print(f"agreement on rows held out: R^2 {student.agreement_:.3f}")
print(f"the forest takes {student.speed_ratio_:.0f} times as long on this machine")

# %%
# Against the truth, on new rows, the student is not bound to be worse than its teacher:
# it is smoother, and so is the truth here.

said, told = student.predict(X[new]), forest.predict(X[new])
print(f"R^2 of the forest {r2_score(y[new], told):.3f}")
print(f"R^2 of the student {r2_score(y[new], said):.3f}")
figure, ax = plt.subplots(figsize=(4.6, 4.4), layout="constrained")
ax.scatter(told, said, s=4, alpha=0.5)
ax.axline((15, 15), slope=1, color="black", linewidth=0.8)
ax.set(xlabel="the forest says", ylabel="the student says")
