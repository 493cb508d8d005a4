"""What more work buys the presets, judged inside the training rows of a collection.

    OMP_NUM_THREADS=1 python benchmarks/presets_budget.py --collection DIR

DIR as in benchmarks/presets_collection.py. Three quarters of the training rows of
split 0 of the choosing half are fitted with 1, 2 and 4 times the work of "default", one
seed; the losses are of the last quarter. No row that tests is looked at.
"""

import argparse
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from presets_collection import columns
from sklearn.metrics import log_loss, root_mean_squared_error
from sklearn.model_selection import train_test_split

from perceptrons.presets import race, tabular_classifier, tabular_regressor

SETS = (
    "abalone", "ames_housing", "bike_hourly", "cpu_act", "forest_cover",
    "grid_stability", "letter", "pol", "spambase",
)  # fmt: skip
TIMES = (1, 2, 4)


def fit(work, task, rows, held_out):
    """Return loss and processor seconds of a preset of so much work."""
    (X, y), (X_held, y_held) = rows, held_out
    race.EFFORTS["default"] = replace(race.EFFORTS["default"], work=work)
    start = time.process_time()
    if task == "regression":
        model = tabular_regressor(random_state=0, n_jobs=1).fit(X, y)
        loss = root_mean_squared_error(y_held, model.predict(X_held))
    else:
        model = tabular_classifier(random_state=0, n_jobs=1).fit(X, y)
        shares = model.predict_proba(X_held)
        loss = log_loss(y_held, shares, labels=model.classes_)
    return loss, time.process_time() - start


def main():
    """Print a line for each set, and the geometric means."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--collection", type=Path, required=True)
    parser.add_argument("--sets", nargs="+", default=SETS)
    arguments = parser.parse_args()
    sys.path.insert(0, str(arguments.collection))
    import load as loader

    base, found = race.EFFORTS["default"].work, []
    for name in arguments.sets:
        X, y, task, splits = loader.load(name)
        chosen = splits[0][0]
        X, y = X.iloc[chosen].reset_index(drop=True), np.asarray(y)[chosen]
        kept, held = train_test_split(np.arange(len(y)), test_size=0.25, random_state=1)
        prepared = columns()
        rows = prepared.fit_transform(X.iloc[kept]), y[kept]
        held_out = prepared.transform(X.iloc[held]), y[held]
        own = np.array([fit(base * by, task, rows, held_out) for by in TIMES])
        found.append(own / own[0])
        print(
            name, *(f"{loss:.5g} in {spent:.1f} s" for loss, spent in own), flush=True
        )
    means = np.exp(np.mean(np.log(found), axis=0))
    for by, (loss, spent) in zip(TIMES, means, strict=True):
        print(f"{by} times the work: {loss:.3f} of the loss, {spent:.2f} of the time")


if __name__ == "__main__":
    main()
