"""Measure the tabular presets on ten tables against scikit-learn's MLP and RealMLP.

    python benchmarks/presets.py run --tables DIR --out results.csv [--models ours ...]
    python benchmarks/presets.py table --out results.csv

`run` goes through 5 x 5 folds, fold after fold, all sets and models within each, and
appends a row per fit; a call that was ended goes on where it stopped. `table` prints
the means, the differences with their corrected standard errors (Nadeau and Bengio
2003), and the seconds. DIR holds concrete.csv, energy.csv, wine-quality-red.csv,
mpg.csv, penguins.csv and titanic.csv; without it the four other sets are run.

Models: "ours"; "scikit-learn", its MLP behind a StandardScaler, the target
standardized; "realmlp", RealMLP-TD-S of pytabkit (`pip install pytabkit`, which may
live in another environment: run the models one after the other into the same file);
"realmlp-ce", the same stopped by cross-entropy and without label smoothing, its
authors' advice where the probabilities count. The columns are prepared in the same way
for all: medians and indicators for gaps, one-hot categories.

Every fit uses one thread (set OMP_NUM_THREADS=1 for scikit-learn): the seconds are the
processor's, and tell the cost even where the machine is shared.
"""

import argparse
import csv
import math
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn import datasets
from sklearn.compose import (
    ColumnTransformer,
    TransformedTargetRegressor,
    make_column_selector,
)
from sklearn.impute import SimpleImputer
from sklearn.metrics import log_loss, root_mean_squared_error
from sklearn.model_selection import RepeatedKFold, RepeatedStratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

FIELDS = ("set", "split", "model", "loss", "error_rate", "seconds", "n_train", "n_test")
MODELS = ("ours", "scikit-learn", "realmlp", "realmlp-ce")
REPEATS = FOLDS = 5
# Columns that name a row, or tell the answer.
UNUSED = {"mpg": ["name"], "titanic": ["alive"]}
TARGETS = {
    "concrete": "strength_mpa",
    "energy": "heating_load",
    "wine-quality-red": "quality",
    "mpg": "mpg",
    "penguins": "species",
    "titanic": "survived",
}
CLASSES = ("penguins", "titanic", "breast_cancer", "digits")


def load(tables):
    """Return {name: (X, y)} of the sets at hand."""
    sets = {}
    for name, target in TARGETS.items() if tables else ():
        frame = pd.read_csv(tables / f"{name}.csv").dropna(subset=[target])
        y = frame.pop(target)
        sets[name] = frame.drop(columns=UNUSED.get(name, [])), y.to_numpy()
    sets["diabetes"] = datasets.load_diabetes(return_X_y=True, as_frame=True)
    sets["breast_cancer"] = datasets.load_breast_cancer(return_X_y=True, as_frame=True)
    sets["digits"] = datasets.load_digits(return_X_y=True, as_frame=True)
    sets["friedman1"] = datasets.make_friedman1(1000, random_state=0)
    return {name: (pd.DataFrame(X), np.asarray(y)) for name, (X, y) in sets.items()}


def splits(name, X, y):
    """Return the 5 x 5 folds of a set."""
    splitter = RepeatedStratifiedKFold if name in CLASSES else RepeatedKFold
    return list(splitter(n_splits=FOLDS, n_repeats=REPEATS, random_state=0).split(X, y))


def columns():
    """Return what prepares the columns, in the same way for every model."""
    return ColumnTransformer(
        [
            (
                "numbers",
                SimpleImputer(strategy="median", add_indicator=True),
                make_column_selector(dtype_include=np.number),
            ),
            (
                "categories",
                OneHotEncoder(handle_unknown="ignore", sparse_output=False),
                make_column_selector(dtype_exclude=np.number),
            ),
        ]
    )


def model(name, classes, seed):
    """Return an unfitted estimator."""
    if name == "ours":
        from perceptrons.presets import tabular_classifier, tabular_regressor

        preset = tabular_classifier if classes else tabular_regressor
        return preset(random_state=seed, n_jobs=1)
    if name == "scikit-learn":
        from sklearn.neural_network import MLPClassifier, MLPRegressor

        network = MLPClassifier if classes else MLPRegressor
        network = network(max_iter=1000, random_state=seed)
        if not classes:
            network = TransformedTargetRegressor(network, transformer=StandardScaler())
        return make_pipeline(StandardScaler(), network)
    from pytabkit import RealMLP_TD_S_Classifier, RealMLP_TD_S_Regressor

    settings = {"device": "cpu", "random_state": seed, "n_threads": 1}
    if not classes:
        return RealMLP_TD_S_Regressor(**settings)
    if name == "realmlp-ce":
        settings |= {"val_metric_name": "cross_entropy", "use_ls": False}
    return RealMLP_TD_S_Classifier(**settings)


def measure(name, X, y, train, test, estimator):
    """Return loss, error rate and seconds of one fit."""
    prepare = columns().fit(X.iloc[train])
    rows = [
        prepare.transform(X.iloc[part]).astype(np.float32) for part in (train, test)
    ]
    start = time.process_time()
    estimator.fit(rows[0], y[train])
    seconds = time.process_time() - start
    if name not in CLASSES:
        prediction = np.ravel(estimator.predict(rows[1]))
        return root_mean_squared_error(y[test], prediction), math.nan, seconds
    probabilities = np.asarray(estimator.predict_proba(rows[1]), np.float64)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    loss = log_loss(y[test], probabilities, labels=np.unique(y))
    guesses = np.unique(y)[probabilities.argmax(axis=1)]
    return loss, float(np.mean(guesses != y[test])), seconds


def run(arguments):
    """Fit what is missing in the results."""
    sets = load(arguments.tables)
    wanted = arguments.sets or list(sets)
    done = set()
    if arguments.out.exists():
        known = pd.read_csv(arguments.out)
        done = set(zip(known["set"], known["split"], known["model"], strict=True))
    else:
        arguments.out.write_text(",".join(FIELDS) + "\n")
    for split in range(min(arguments.splits, FOLDS * REPEATS)):
        for name, (X, y) in sets.items():
            train, test = splits(name, X, y)[split]
            for kind in arguments.models:
                if (name, split, kind) in done or name not in wanted:
                    continue
                if kind == "realmlp-ce" and name not in CLASSES:
                    continue
                estimator = model(kind, name in CLASSES, split)
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    figures = measure(name, X, y, train, test, estimator)
                row = [name, split, kind, *figures, len(train), len(test)]
                with arguments.out.open("a", newline="") as file:
                    csv.writer(file, lineterminator="\n").writerow(row)


def corrected(differences, n_train, n_test):
    """Return mean and corrected standard error over repeated folds."""
    share = 1 / len(differences) + n_test / n_train
    return differences.mean(), math.sqrt(share * differences.var(ddof=1))


def compare(results, peer, value):
    """Return a row per set: means, relative difference and its standard error."""
    rows = {}
    for name, of_set in results.groupby("set", sort=False):
        table = of_set.pivot(index="split", columns="model", values=value)
        if not {"ours", peer} <= set(table):
            continue
        table = table[["ours", peer]].dropna()
        if len(table) < 2:
            continue
        mean, error = corrected(
            table["ours"] - table[peer],
            of_set["n_train"].mean(),
            of_set["n_test"].mean(),
        )
        scale = table[peer].mean()
        seconds = (
            of_set[of_set["split"].isin(table.index)].groupby("model")["seconds"].mean()
        )
        rows[name] = {
            "folds": len(table),
            "ours": table["ours"].mean(),
            peer: scale,
            "difference %": 100 * mean / scale,
            "error %": 100 * error / scale,
            "errors away": mean / error if error else math.nan,
            "our s": seconds["ours"],
            "its s": seconds[peer],
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def table(arguments):
    """Print the comparisons."""
    results = pd.read_csv(arguments.out)
    for peer in MODELS[1:]:
        for value in ("loss", "error_rate"):
            chosen = results.dropna(subset=[value])
            rows = compare(chosen, peer, value)
            if rows.empty:
                continue
            print(f"\nours against {peer}: {value}, lower is better")
            print(rows.to_string(float_format="{:.4g}".format))
            error = math.sqrt((rows["error %"] ** 2).sum()) / len(rows)
            print(
                f"better by more than one standard error on "
                f"{(rows['errors away'] < -1).sum()} of {len(rows)}; mean difference "
                f"{rows['difference %'].mean():.2f} % (standard error {error:.2f}); "
                f"seconds {rows['our s'].sum() / rows['its s'].sum():.3f} of its"
            )


def main():
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("command", choices=("run", "table"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--tables", type=Path)
    parser.add_argument("--models", nargs="+", choices=MODELS, default=["ours"])
    parser.add_argument("--sets", nargs="+")
    parser.add_argument("--splits", type=int, default=FOLDS * REPEATS)
    arguments = parser.parse_args()
    {"run": run, "table": table}[arguments.command](arguments)


if __name__ == "__main__":
    main()
