"""Made-up studies: the report's own, cut short, or with errors that a test gives."""

import dataclasses
import math
import zlib

import numpy as np

from perceptrons.data import runge
from perceptrons.report import tables
from perceptrons.report.sections import build
from perceptrons.report.study import Study
from perceptrons.study.experiment import builtin
from perceptrons.study.records import Record
from perceptrons.study.result import Result

_FEW_SHAPES = [
    [2],
    [8],
    [128],
    [2, 2],
    *([n] * k for n, k in ((8, 7), (16, 6), (128, 6))),
]
_FEW_PENALTIES = [{}, {"l1": 1e-6}, {"l1": 1e-5}, {"l2": 1e-6}, {"l2": 1e-2}]

#: Axes cut short; what Tables IV and V print is among them.
FEWER = {
    "architectures": {"hidden_layer_sizes": _FEW_SHAPES},
    "regularization": {
        "penalty": _FEW_PENALTIES, "learning_rate_init": [0.001, 0.01, 1.0]
    },
}  # fmt: skip


def tiny(name):
    """Return a built-in study cut down to about a second."""
    experiment = builtin(name)
    axes = {**experiment.axes, **FEWER.get(name, {})}
    experiment = dataclasses.replace(experiment, axes=axes)
    if name == "gradient-check":
        axes = {
            "activation": ["sigmoid", "relu"],
            "loss": ["mean_squared_error", "cross_entropy"],
            "penalty": ["none", "both"],
        }
        return dataclasses.replace(experiment, axes=axes)
    if isinstance(experiment.quick.get("max_iter"), int):
        return dataclasses.replace(experiment, quick={"max_iter": 4})
    return experiment


PRINTED = {
    name: tables.published(name)
    for name in (
        "architectures_test_mse", "best_architectures", "regularization_test_mse",
        "best_regularization",
    )
}  # fmt: skip


def predictions(data, error, seed):
    """Return predictions with this test error, no closer to others' than real ones."""
    noise = data.y_test - data.f_test
    # About what the networks of the report's sizes differ by, from one to the next.
    own = max(error - data.noise_test, 0.03 * data.noise_test)
    away = np.random.default_rng(seed).normal(size=noise.size)
    away -= noise * (away @ noise) / (noise @ noise)
    away *= math.sqrt(own / np.mean(away**2))
    return data.y_test - noise * math.sqrt((error - own) / data.noise_test) - away


def result(run, error):
    """Return a result with this test error; it diverged without one."""
    data = runge(run.seed)
    predicted = np.full(300, math.nan)
    if math.isfinite(error):
        predicted = predictions(data, error, zlib.crc32(run.settings_json.encode()))
    metrics = {
        "train_mse": 0.9 * error, "test_mse": error, "error_f": error,
        "excess": error - data.noise_test,
    }  # fmt: skip
    cost = np.geomspace(1.0, error, 300) if math.isfinite(error) else np.empty(0)
    reason = "limit reached" if math.isfinite(error) else "diverged"
    return Result(
        metrics=metrics, curves={"cost": cost, "predicted": predicted}, reason=reason,
        seconds=0.1, n_parameters=sum(run.settings.get("hidden_layer_sizes", [9])),
    )  # fmt: skip


def study_of(name, error, seeds=1, *, few=False):
    """Return a study whose errors a function of settings and seed gives."""
    experiment = builtin(name)
    if few:
        axes = {**experiment.axes, **FEWER[name]}
        experiment = dataclasses.replace(experiment, axes=axes)
    records = [
        Record(run, result(run, error(run.settings, run.seed)), {}, "", "")
        for run in experiment.runs(seeds=range(seeds))
    ]
    return Study(experiment, records, tables.frame(records))


def as_printed(settings, seed=0):
    """Return the published error of an architecture, and OLS's own."""
    if "model" in settings:
        return 0.0127
    sizes = settings["hidden_layer_sizes"]
    best = PRINTED["best_architectures"].set_index("activation")
    row = best.loc[settings["activation"]]
    if [row["nodes_per_layer"]] * int(row["hidden_layers"]) == sizes:
        return row["test_mse"]
    cells = PRINTED["architectures_test_mse"].set_index(
        ["activation", "hidden_layers", "nodes_per_layer"]
    )
    return cells["test_mse"][settings["activation"], len(sizes), sizes[0]]


def printed_penalties(settings, seed=0):
    """Return the published error of a penalized network; 0.0108 without a penalty."""
    if "model" in settings:
        return 0.0127
    norm = next((norm for norm in ("l1", "l2") if norm in settings), None)
    if norm is None:
        return 0.0108
    cells = PRINTED["regularization_test_mse"].set_index(
        ["activation", "norm", "lambda", "learning_rate"]
    )["test_mse"]
    rate = settings["learning_rate_init"]
    return cells[settings["activation"], norm, settings[norm], rate]


def section_of(study):
    return build(study, {})
