"""
Missing values and words in tables
==================================

What becomes of gaps, words, dates and signs of money in a table, what is said about it,
and what a model may make of a gap.
"""

import warnings
from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from perceptrons.presets import tabular_regressor
from perceptrons.tables import TableEncoder

rng = np.random.default_rng(0)
n = 600
income = rng.lognormal(10, 0.5, n)
kind = rng.choice(["rent", "own", "family"], n, p=[0.6, 0.3, 0.1])
paid = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 365, n), unit="D")
spending = 0.6 * income + 3000 * (kind == "rent") + rng.normal(0, 1500, n)
# Who earns much, says so less often: the gap itself tells something.
silent = rng.random(n) < np.where(income > np.median(income), 0.5, 0.1)
table = pd.DataFrame(
    {
        "income": [
            None if s else f"${i:,.0f}" for s, i in zip(silent, income, strict=True)
        ],
        "kind": np.where(rng.random(n) < 0.1, None, kind),
        "paid": paid.strftime("%d.%m.%Y"),
        "id": np.arange(n) + 1000,
    }
)
print(table.head(4).to_string())

# %%
# The encoder says of each column what it takes it for, what it did and what was lost.

encoder = TableEncoder().fit(table)
for column in encoder.account_:
    print(fill(str(column), 80), end="\n\n")

# %%
# The numbers it makes:

Z = encoder.transform(table)
names = encoder.get_feature_names_out()
print(pd.DataFrame(Z, columns=names).head(4).round(2).T.to_string())

# %%
# New rows may have new words and other gaps; they are treated as in training, and told.

strange = table.head(2).assign(kind=["castle", None], income=["$30,000", "n/a"])
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    encoder.transform(strange)
for warning in told:
    print(fill(str(warning.message), 80))

# %%
# A preset takes the table as it comes. From the gap alone it knows, in the mean, that
# such rows spend more; how much each spends it cannot know.

known, new = slice(0, 450), slice(450, None)
model = tabular_regressor(random_state=0, effort="small")
model.fit(table[known], spending[known])
predicted = model.predict(table[new])
figure, ax = plt.subplots(figsize=(5.6, 4.4), layout="constrained")
for gap, label in ((False, "income told"), (True, "income missing")):
    chosen = silent[new] == gap
    ax.scatter(spending[new][chosen], predicted[chosen], s=10, label=label)
ax.axline((2e4, 2e4), slope=1, color="black", linewidth=0.8)
ax.set(xlabel="spending", ylabel="predicted")
ax.legend()
