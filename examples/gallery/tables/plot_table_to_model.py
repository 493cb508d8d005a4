"""
From a CSV file to a model in a file
====================================

A table as people write it is read, a preset fitted, and both are kept in one file that
another process can ask.
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np

import perceptrons
from perceptrons.presets import tabular_regressor
from perceptrons.table_model import TableModel
from perceptrons.tables import TableEncoder, read

# %%
# A made table of flats: rents with a thousands separator, a word, and gaps.

rng = np.random.default_rng(0)
n = 400
area = rng.uniform(20, 120, n).round()
district = rng.choice(["center", "north", "south"], n, p=[0.3, 0.4, 0.3])
built = rng.integers(1900, 2020, n)
factor = np.array([{"center": 1.5, "north": 1.0, "south": 1.2}[d] for d in district])
rent = factor * (200 + 11 * area) * np.exp(rng.normal(0, 0.08, n))
lines = ["area,district,built,rent"]
for a, d, b, r in zip(area, district, built, rent, strict=True):
    lines.append(f'{a:.0f},{d},{b if rng.random() > 0.1 else "?"},"{r:,.0f}"')

folder = TemporaryDirectory()
path = Path(folder.name) / "flats.csv"
path.write_text("\n".join(lines) + "\n")
print("\n".join(lines[:4]))

# %%
# ``read`` says what it made of the file, and the encoder what it made of each column.

table = read(path)
X, y = table.frame.drop(columns="rent"), table.frame["rent"]
encoder = TableEncoder().fit(X)
for column in encoder.account_:
    print(fill(str(column), 80))

# %%
# The preset chooses its settings by itself. The last 100 rows take no part.

known, new = slice(0, 300), slice(300, None)
model = TableModel(TableEncoder(), tabular_regressor(random_state=0), target="rent")
model.fit(X[known], y[known])
model.save(Path(folder.name) / "flats.model")

# %%
# Another process needs the file alone; columns are found by their names.

again = perceptrons.load(Path(folder.name) / "flats.model")
predicted = again.predict(X[new])
low, high = again.predict_interval(X[new], level=0.9).T
assert (predicted == model.predict(X[new])).all()
inside = (low <= y[new]) & (y[new] <= high)
print(f"inside the 90 % intervals: {inside.mean():.0%} of {len(inside)} new rows")

figure, ax = plt.subplots(figsize=(5.5, 4.4), layout="constrained")
ax.errorbar(
    y[new], predicted, [predicted - low, high - predicted], fmt=".", elinewidth=0.6
)
ax.axline((1000, 1000), slope=1, color="black", linewidth=0.8)
ax.set(xlabel="rent", ylabel="predicted, with 90 % intervals")
folder.cleanup()
