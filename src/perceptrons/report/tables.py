"""From records to tables: one row per run, then published numbers beside ours."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from perceptrons.report.answers import Ending
from perceptrons.study.records import Record
from perceptrons.study.shipped import published as published_file

#: What the measures are called in a sentence.
MEASURES = {
    "train_mse": "train MSE",
    "test_mse": "test MSE",
    "validation_mse": "validation MSE",
    "excess": "excess over noise",
    "error_f": "error against f",
    "train_error": "training error",
    "test_error": "test error",
    "validation_error": "validation error",
    "train_cross_entropy": "training cross-entropy",
    "test_cross_entropy": "test cross-entropy",
    "validation_cross_entropy": "validation cross-entropy",
}

OLS = "OLS"

#: Column with the keys of the runs that a row rests on, a space between two.
RUNS = "runs"

HEADINGS = {
    "hidden_layer_sizes": "hidden layers",
    "solver": "optimizer",
    "learning_rate_init": "learning rate",
    "train_mse": "train ours",
    "test_mse": "test ours",
    "excess": MEASURES["excess"],
    "error_f": MEASURES["error_f"],
    "n_parameters": "parameters",
    "spread": "spread over seeds",
}
OPTIMIZERS = {"sgd": "Plain SGD", "rmsprop": "RMSProp", "adam": "Adam"}
ACTIVATIONS = {"sigmoid": "sigmoid", "relu": "ReLU", "leaky_relu": "leaky ReLU"}
NORMS = {"l1": "L1", "l2": "L2", "none": "no penalty"}

_MEASURES = ["train_mse", "test_mse", "excess", "error_f", "n_parameters", "seconds"]


def frame(records: Iterable[Record]) -> pd.DataFrame:
    """Return one row per record: settings, metrics and how the run ended.

    Parameters
    ----------
    records : iterable of Record

    Returns
    -------
    DataFrame
        Columns ``key``, ``seed``, ``dataset``, ``procedure``, ``kind`` (the baseline's
        setting ``model``, such as "ols", otherwise the procedure), ``model`` (its name
        for rows and legends), the settings, the metrics, ``reason``, ``epochs``,
        ``seconds``, ``n_parameters`` and ``engine``. Lists, such as layer sizes,
        become text: "50, 100".
    """
    rows = []
    for record in records:
        settings = {k: _flat(v) for k, v in record.run.settings.items()}
        result = record.result
        rows.append(
            {
                "key": record.run.key,
                "seed": record.run.seed,
                "dataset": record.run.dataset,
                "procedure": record.run.procedure,
                "kind": settings.pop("model", record.run.procedure),
                "model": _model(record),
                **{k: v for k, v in settings.items() if k != "engine"},
                **result.metrics,
                "reason": result.reason,
                "epochs": result.epochs,
                "seconds": result.seconds,
                "n_parameters": result.n_parameters,
                "engine": result.engine,
            }
        )
    return pd.DataFrame(rows)


def shaped(table: pd.DataFrame) -> pd.DataFrame:
    """Add what the settings of networks mean.

    Parameters
    ----------
    table : DataFrame
        From :func:`frame`.

    Returns
    -------
    DataFrame
        With ``layers`` and ``nodes`` (of the first layer), NaN of other models;
        ``shape``, such as "7 x 8"; ``norm``, "l1", "l2" or "none", and ``strength``,
        which is 0 without one.
    """
    if "shape" in table or "hidden_layer_sizes" not in table:
        return table
    sizes = table["hidden_layer_sizes"].fillna("").astype(str)
    lists = [text.split(", ") if text else [] for text in sizes]
    layers = [float(len(nodes)) or math.nan for nodes in lists]
    nodes = [float(first[0]) if first else math.nan for first in lists]
    shape = [
        f"{len(own)} \N{MULTIPLICATION SIGN} {own[0]}" if len(set(own)) == 1 else text
        for own, text in zip(lists, sizes, strict=True)
    ]
    strengths = table.reindex(columns=["l1", "l2"]).astype(float).fillna(0.0)
    norms = [strengths[name] > 0 for name in ("l1", "l2")]
    return table.assign(
        layers=layers,
        nodes=nodes,
        shape=shape,
        norm=np.select(norms, ["l1", "l2"], "none"),
        strength=strengths.max(axis="columns"),
    )


def _flat(value: object) -> object:
    """Turn a list or a table into text, leave the rest."""
    if isinstance(value, dict):
        return json.dumps(value)
    return ", ".join(map(str, value)) if isinstance(value, list) else value


def _model(record: Record) -> str:
    """Name what was fitted, for rows and legends."""
    settings = record.run.settings
    if record.run.procedure == "baseline":
        if settings["model"] == "linear":
            return "best linear model"
        name = OLS if settings["model"] == "ols" else settings["model"].capitalize()
        strength = f", strength {settings['strength']:g}" if name != OLS else ""
        solver = f", {OPTIMIZERS[settings['solver']]}" if "solver" in settings else ""
        folds = f", {settings['folds']} folds" if "folds" in settings else ""
        return f"{name}, degree {settings['degree']}{strength}{solver}{folds}"
    if record.run.procedure == "library":
        return f"{settings['library']}, {_flat(settings['hidden_layer_sizes'])}"
    sizes = settings.get("hidden_layer_sizes", [])
    return f"network {_flat(sizes)}" if sizes else record.run.procedure


def published(name: str) -> pd.DataFrame:
    """Return a table of the report as printed.

    Parameters
    ----------
    name : str
        Of a file in ``study/published``, without ".csv".
    """
    with published_file(name).open(encoding="utf-8") as stream:
        return pd.read_csv(stream)


def over_seeds(
    table: pd.DataFrame,
    by: Sequence[str],
    metric: str = "test_mse",
    measures: Sequence[str] = _MEASURES,
) -> pd.DataFrame:
    """Take the medians over seeds, in the order of first appearance.

    Parameters
    ----------
    table : DataFrame
        From :func:`frame`.
    by : sequence of str
        Columns that tell one row of the result from another.
    metric : str, default="test_mse"
        The measure that decides.
    measures : sequence of str, default=those of a regression
        Columns of numbers.

    Returns
    -------
    DataFrame
        The columns ``by``, every measure's :func:`middle`, ``spread`` (standard
        deviation of the deciding measure over seeds; NaN with one seed), ``seeds``,
        ``ended``, which says how many runs diverged, and ``runs``, their keys.
    """
    rows = []
    for labels, group in table.groupby(list(by), sort=False, dropna=False):
        row = dict(zip(by, labels, strict=True))
        row |= {name: middle(group[name]) for name in measures}
        row["n_parameters"] = int(group["n_parameters"].iloc[0])
        row["spread"] = group[metric].std(ddof=1)
        row["seeds"] = len(group)
        diverged = int((group["reason"] == "diverged").sum())
        reasons = ", ".join(dict.fromkeys(group["reason"]))
        if diverged and len(group) > 1:
            reasons = f"diverged ({diverged} of {len(group)})"
        row["ended"] = Ending(reasons, bool(diverged))
        row[RUNS] = " ".join(group["key"])
        rows.append(row)
    return pd.DataFrame(rows)


def middle(values: Iterable[float]) -> float:
    """Return the median; what has no number diverged, and is the worst.

    Parameters
    ----------
    values : iterable of float
        One per seed.

    Returns
    -------
    float
        NaN where half of them or more have no number.
    """
    numbers = np.array([*values], dtype=float)
    numbers[np.isnan(numbers)] = math.inf
    found = float(np.median(numbers)) if numbers.size else math.nan
    return found if math.isfinite(found) else math.nan


def own_results(
    table: pd.DataFrame, labels: Sequence[str], metric: str = "test_mse"
) -> pd.DataFrame:
    """Return our numbers alone, for settings that the report prints none for."""
    ours = over_seeds(table, labels, metric).drop(columns="seeds")
    return headed(ours)


def headed(table: pd.DataFrame) -> pd.DataFrame:
    """Give columns and optimizers their printed names; drop an empty spread."""
    table = table.rename(columns=HEADINGS)
    if "optimizer" in table:
        table["optimizer"] = table["optimizer"].replace(OPTIMIZERS)
    spread = HEADINGS["spread"]
    return table.drop(columns=spread) if table[spread].isna().all() else table


def histories(records: Iterable[Record], curve: str, label: str) -> pd.DataFrame:
    """Return one curve of several runs as a long table.

    Parameters
    ----------
    records : iterable of Record
    curve : str
        Name of the curve, one number per epoch.
    label : str
        Setting, or "model", that names the series.

    Returns
    -------
    DataFrame
        ``series, seed, epoch, value, diverged``; of a long curve about 400 epochs,
        evenly spaced on a log axis, first and last among them. A run without one
        finite epoch has one row, its value NaN.
    """
    parts = []
    for record in records:
        values = record.result.curves[curve]
        if not values.size:
            # Diverged in its first epoch: a row without a number keeps it in sight.
            values = np.array([math.nan])
        epochs = log_spaced(len(values))
        if label == "model":
            series = _model(record)
        else:
            series = str(_flat(record.run.settings[label]))
        parts.append(
            pd.DataFrame(
                {
                    "series": series,
                    "seed": record.run.seed,
                    "epoch": epochs,
                    "value": values[epochs - 1],
                    "diverged": record.result.reason == "diverged",
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def against_rates(table: pd.DataFrame, series: str) -> pd.DataFrame:
    """Return train and test MSE of every network, one number per row.

    Parameters
    ----------
    table : DataFrame
        From :func:`frame`.
    series : str
        Column that names the series.

    Returns
    -------
    DataFrame
        ``series, part, learning_rate, seed, value, diverged``.
    """
    networks = table[table["kind"] == "network"]
    parts = [
        pd.DataFrame(
            {
                "series": networks[series].replace(OPTIMIZERS),
                "part": part,
                "learning_rate": networks["learning_rate_init"],
                "seed": networks["seed"],
                "value": networks[f"{part}_mse"],
                "diverged": networks["reason"] == "diverged",
            }
        )
        for part in ("train", "test")
    ]
    return pd.concat(parts, ignore_index=True)


def log_spaced(n: int, most: int = 400) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return about ``most`` whole numbers from 1 to n, evenly spaced in the log."""
    if n <= most:
        return np.arange(1, n + 1)
    return np.unique(np.geomspace(1, n, most).round().astype(np.int64))


def settings_table(settings: dict[str, object]) -> pd.DataFrame:
    """Return settings as two columns."""
    rows = [(name, json.dumps(value)) for name, value in settings.items()]
    return pd.DataFrame(rows, columns=["setting", "value"])


def runs_table(records: Iterable[Record]) -> pd.DataFrame:
    """Return one row per record with all that tells where its numbers come from.

    Parameters
    ----------
    records : iterable of Record

    Returns
    -------
    DataFrame
        ``key, study, procedure, dataset, seed``, ``settings`` as JSON, the metrics,
        how the run ended, ``engine, commit, versions, finished``.
    """
    rows = []
    for record in records:
        run, result = record.run, record.result
        rows.append(
            {
                "key": run.key,
                "study": run.study,
                "procedure": run.procedure,
                "dataset": run.dataset,
                "seed": run.seed,
                "settings": run.settings_json,
                **result.metrics,
                "reason": result.reason,
                "epochs": result.epochs,
                "parameters": result.n_parameters,
                "seconds": result.seconds,
                "engine": result.engine,
                "commit": record.commit,
                "versions": ", ".join(f"{k} {v}" for k, v in record.versions.items()),
                "finished": record.finished,
            }
        )
    return pd.DataFrame(rows)


def shown_runs(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of :func:`frame` with what tells them apart and what they found.

    Parameters
    ----------
    table : DataFrame

    Returns
    -------
    DataFrame
        Without columns that say the same in every row.
    """
    # A setting that only one procedure has does not tell its runs apart.
    parts = [rows for _, rows in table.groupby("procedure")]
    always = ["key", "seed", *(["model"] if len(parts) > 1 else [])]
    told = [
        name
        for name in table
        if name in always or any(p[name].nunique(dropna=False) > 1 for p in parts)
    ]
    doubled = {"kind", "procedure"} if "model" in told else set()
    shown = table[[name for name in told if name not in doubled]]
    return shown.rename(columns={"n_parameters": "parameters", "key": "run"})
