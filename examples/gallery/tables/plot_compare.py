"""
A comparison, read line by line
===============================

Is a network worth it on a table? ``compare`` fits cheap models and a network on the
same folds and answers in a sentence. Here the truth is known: a wave along one column
and a product of two others.
"""

from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import perceptrons

rng = np.random.default_rng(0)
n = 300
X = pd.DataFrame(rng.uniform(-1, 1, (n, 4)), columns=["heat", "rain", "slope", "lime"])
y = (np.sin(3 * X["heat"]) + 2 * X["rain"] * X["slope"] + rng.normal(0, 0.3, n)).rename(
    "yield"
)

# %%
# ``quick`` takes two repeats of three folds: enough for a look.

result = perceptrons.compare(X, y, quick=True, random_state=0, n_jobs=1)
print(fill(str(result.verdict), 80))

# %%
# **The table.** A line per candidate: its mean error over the folds, and by which share
# that is smaller than the reference's ("gain"), with a 95 % interval. There are columns
# for skill, probabilities and costs, too.

table = result.table()
print(table[["kind", "RMSE", "gain", "low", "high"]].round(3).to_string())

# %%
# **The verdict's numbers.** The network is compared with ``reference``, the cheaper
# model that is the hardest to beat. ``gain`` is the relative drop of the error;
# ``p_practical`` is the probability that it exceeds ``rope``, below which models are
# practically equal. Splines with products can say just what is true here, so it would
# be a surprise if a network were better.

verdict = result.verdict
for name in ("status", "candidate", "reference", "recommended", "gain", "low", "high",
             "p_gain", "p_practical", "rope"):  # fmt: skip
    value = getattr(verdict, name)
    print(f"{name:12} {value if isinstance(value, str) else round(value, 3)}")

# %%
# **What to mind.** Caveats concern the statistics, warnings the data.

print("\n".join(result.caveats + result.warnings) or "nothing")

# %%
# **The figure.** Each gain over the reference with its interval; left of 0 is worse.
# (It is what ``result.plot()`` draws, and the page.)

gains = table[["gain", "low", "high"]].dropna()[::-1]
figure, ax = plt.subplots(figsize=(7, 3.6), layout="constrained")
ends = [gains["gain"] - gains["low"], gains["high"] - gains["gain"]]
ax.errorbar(gains["gain"], range(len(gains)), xerr=ends, fmt="o", capsize=3)
ax.axvline(0, color="black", linewidth=0.8)
ax.set(yticks=range(len(gains)), xlabel=f"gain over {result.reference}")
ax.set_yticklabels(gains.index)

# %%
# **What the columns say.** How much the error rises where a column is permuted.
# "lime", which does nothing, is at 0.

rise = result.importance.groupby(["candidate", "column"])["rise"].mean().unstack(0)
print(rise.round(3).to_string())

# %%
# ``result.save("folder")`` writes all of this as a page, and ``result.winner`` is the
# recommended model, fitted on all rows.
