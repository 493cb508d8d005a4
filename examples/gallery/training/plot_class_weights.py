"""
Class weights on rare events
============================

One row in twenty is an event. A classifier is right nearly always by never naming it;
``class_weight`` says what a missed event counts, and what that costs.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_classification
from sklearn.metrics import precision_score, recall_score
from sklearn.model_selection import train_test_split

from perceptrons import MLPClassifier

X, y = make_classification(
    6000,
    10,
    n_informative=5,
    weights=[0.95],
    class_sep=0.8,
    flip_y=0.02,
    random_state=3,
)
X, X_new, y, y_new = train_test_split(X, y, test_size=0.5, stratify=y, random_state=0)

# %%
# The same network, with events counted 1, 3, 10 times, and as often as makes both
# classes weigh the same ("balanced").

weights = {"1": None, "3": {1: 3.0}, "10": {1: 10.0}, "balanced": "balanced"}
rows = []
for name, weight in weights.items():
    net = MLPClassifier(
        hidden_layer_sizes=(30,),
        early_stopping=True,
        learning_rate_init=0.005,
        class_weight=weight,
        random_state=0,
    ).fit(X, y)
    said, p = net.predict(X_new), net.predict_proba(X_new)[:, 1]
    rows.append(
        (name, net.score(X_new, y_new), recall_score(y_new, said),
         precision_score(y_new, said), p.mean())
    )  # fmt: skip

print("an event counts   accuracy   recall   precision   mean probability")
for name, *numbers in rows:
    print(f"{name:>15}" + "".join(f"{number:11.2f}" for number in numbers))
print(f"share of events: {y_new.mean():.2f}")

# %%
# Recall, the share of events that are found, rises; precision, the share of alarms
# that are events, falls; and accuracy, which hardly saw the events, falls with it. The
# probabilities are those of a table with so many more events, too high for this one.

figure, ax = plt.subplots(figsize=(7, 3.6), layout="constrained")
places = np.arange(len(rows))
for offset, (column, name) in enumerate(
    [(1, "accuracy"), (2, "recall"), (3, "precision")]
):
    ax.bar(
        places + 0.27 * (offset - 1), [row[column] for row in rows], 0.25, label=name
    )
ax.set(xticks=places, xlabel="what an event counts", ylim=(0, 1.2))
ax.set_xticklabels([row[0] for row in rows])
ax.legend(loc="upper center", ncols=3)

# %%
# Where the costs of both errors are known, leave the weights alone and take the class
# whose expected cost is least: an alarm where p > cost of an alarm / cost of a miss.
