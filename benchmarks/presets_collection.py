"""Measure the presets on a collection of tables with fixed splits.

    python benchmarks/presets_collection.py run --collection DIR --out results.csv
    python benchmarks/presets_collection.py table --peers peers.csv --out results.csv

DIR holds load.py, whose `load(name)` returns X (DataFrame), y, task and splits, and
whose `SETS` names the tables. `run` appends a row per fit, split after split; a call
that was ended goes on where it stopped. `table` sets the presets beside the peers:
a file with columns set, split, model, rmse, log_loss and fit_cpu_s.

Numbers are filled with medians beside indicators of gaps, categories one-hot. Every fit
uses one thread (set OMP_NUM_THREADS=1); the seconds are the processor's, and longer
where the machine is shared.
"""

import argparse
import csv
import math
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.impute import SimpleImputer
from sklearn.metrics import log_loss
from sklearn.preprocessing import OneHotEncoder

from perceptrons.presets import tabular_classifier, tabular_regressor

FIELDS = (
    "set",
    "split",
    "model",
    "rmse",
    "log_loss",
    "error_rate",
    "fit_cpu_s",
    "coverage",
    "width",
)
LEVEL = 0.9


def columns():
    """Return what prepares the columns."""
    return ColumnTransformer(
        [
            (
                "numbers",
                SimpleImputer(strategy="median", add_indicator=True),
                make_column_selector(dtype_include="number"),
            ),
            (
                "categories",
                OneHotEncoder(handle_unknown="ignore", sparse_output=False),
                make_column_selector(dtype_include="category"),
            ),
        ]
    )


def measure(loader, name, split, effort):
    """Return a row of results."""
    X, y, task, splits = loader.load(name)
    train, test = splits[split]
    row = {"set": name, "split": split, "model": effort}
    prepare = columns().fit(X.iloc[train])
    A, B = (
        np.asarray(prepare.transform(X.iloc[part]), float) for part in (train, test)
    )
    preset = tabular_regressor if task == "regression" else tabular_classifier
    model = preset(effort=effort, random_state=split, n_jobs=1)
    start = time.process_time()
    model.fit(A, y[train])
    row["fit_cpu_s"] = round(time.process_time() - start, 2)
    if task == "regression":
        row["rmse"] = math.sqrt(np.mean((model.predict(B) - y[test]) ** 2))
        low, high = model.predict_interval(B, LEVEL).T
        row["coverage"] = np.mean((low <= y[test]) & (y[test] <= high))
        row["width"] = np.mean(high - low) / np.std(y[test])
        return row
    p = np.clip(model.predict_proba(B), 1e-7, None)
    row["log_loss"] = log_loss(y[test], p / p.sum(axis=1, keepdims=True))
    row["error_rate"] = np.mean(model.classes_[p.argmax(axis=1)] != y[test])
    sets = model.predict_set(B, LEVEL)
    codes = np.searchsorted(model.classes_, y[test])
    row["coverage"] = sets[np.arange(len(codes)), codes].mean()
    row["width"] = sets.sum(axis=1).mean()
    return row


def run(arguments):
    """Fit what is missing in the results."""
    sys.path.insert(0, str(arguments.collection))
    import load as loader

    if not arguments.out.exists():
        arguments.out.write_text(",".join(FIELDS) + "\n")
    known = pd.read_csv(arguments.out)
    done = set(zip(known["set"], known["split"], known["model"], strict=True))
    for split in arguments.splits:
        for effort in arguments.efforts:
            for name in arguments.sets or loader.SETS:
                if (name, split, effort) in done:
                    continue
                row = measure(loader, name, split, effort)
                with arguments.out.open("a", newline="") as file:
                    csv.DictWriter(file, FIELDS, lineterminator="\n").writerow(row)


def table(arguments):
    """Print a line per set: losses over the best of the line, seconds, coverage."""
    ours, peers = pd.read_csv(arguments.out), pd.read_csv(arguments.peers)
    both = pd.concat([ours, peers], ignore_index=True)
    both["loss"] = both["rmse"].fillna(both["log_loss"])
    both = both[both["split"].isin(ours["split"].unique())]
    losses = both.pivot_table(index="set", columns="model", values="loss")
    ratios = losses.div(losses.min(axis=1), axis=0)
    whole = ratios.dropna(axis=1)
    shown = ratios[whole.columns].assign(best=losses.min(axis=1))
    print(shown.to_string(float_format="{:.4g}".format))
    print("geometric mean", np.exp(np.log(whole).mean()).round(3).to_dict())
    seconds = both.pivot_table(index="set", columns="model", values="fit_cpu_s")
    print(seconds[whole.columns].to_string(float_format="{:.3g}".format))
    held = ours.pivot_table(index="set", columns="model", values=["coverage", "width"])
    print(held.to_string(float_format="{:.3f}".format))


def main():
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("command", choices=("run", "table"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--collection", type=Path)
    parser.add_argument("--peers", type=Path)
    parser.add_argument("--sets", nargs="+")
    parser.add_argument("--splits", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--efforts", nargs="+", default=["small", "default", "high"])
    arguments = parser.parse_args()
    {"run": run, "table": table}[arguments.command](arguments)


if __name__ == "__main__":
    main()
