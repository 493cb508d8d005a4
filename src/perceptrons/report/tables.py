"""From records to tables: one row per run, then published numbers beside ours."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from functools import cache

import numpy as np
import pandas as pd

from perceptrons.data import DATASETS
from perceptrons.study.experiment import published as published_file
from perceptrons.study.records import Record

#: Two errors closer than this share of the larger are a tie: two standard errors of the
#: difference of two test MSEs on the same 300 rows, one of which is 1 to 9 %, in the
#: median 5.5 % (all pairs of the study "optimizers" with a test MSE below 0.02).
TIE = 0.11

# Seeds may contradict the others as long as a fair coin would show so few, or fewer,
# with at most this probability.
_CHANCE = 0.05

#: What the measures are called in a sentence.
MEASURES = {
    "train_mse": "train MSE",
    "test_mse": "test MSE",
    "excess": "excess over noise",
    "error_f": "error against f",
    "train_error": "training error",
    "test_error": "test error",
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


def _flat(value: object) -> object:
    """Turn a list into text, leave the rest."""
    return ", ".join(map(str, value)) if isinstance(value, list) else value


def _model(record: Record) -> str:
    """Name what was fitted, for rows and legends."""
    settings = record.run.settings
    if record.run.procedure == "baseline":
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
    """Average over seeds, in the order of first appearance.

    Parameters
    ----------
    table : DataFrame
        From :func:`frame`.
    by : sequence of str
        Columns that tell one row of the result from another.
    metric : str, default="test_mse"
        The measure that decides.
    measures : sequence of str, default=those of a regression
        Columns to average; the number of parameters is not averaged.

    Returns
    -------
    DataFrame
        The columns ``by``, the mean of every measure, ``spread`` (standard deviation
        of the deciding measure over seeds; NaN with one seed), ``seeds``, ``ended``,
        which says how many runs diverged, and ``runs``, their keys. A mean over a
        diverged run without numbers is NaN.
    """
    rows = []
    for labels, group in table.groupby(list(by), sort=False, dropna=False):
        row = dict(zip(by, labels, strict=True))
        # NumPy's mean: pandas' is slow where groups are many and small.
        means = group[list(measures)].to_numpy(float).mean(axis=0)
        row |= dict(zip(measures, means, strict=True))
        row["n_parameters"] = int(group["n_parameters"].iloc[0])
        row["spread"] = group[metric].std(ddof=1)
        row["seeds"] = len(group)
        diverged = int((group["reason"] == "diverged").sum())
        reasons = ", ".join(dict.fromkeys(group["reason"]))
        if diverged and len(group) > 1:
            reasons = f"diverged ({diverged} of {len(group)})"
        row["ended"] = reasons
        row[RUNS] = " ".join(group["key"])
        rows.append(row)
    return pd.DataFrame(rows)


def lower(a: float, b: float) -> bool | None:
    """Tell whether error a is lower than b; None for a tie, NaN is infinitely bad."""
    a, b = (math.inf if math.isnan(x) else x for x in (a, b))
    if a == b or (math.isfinite(max(a, b)) and abs(a - b) <= TIE * max(a, b)):
        return None
    return bool(a < b)


def agreement(answers: Iterable[bool | None]) -> bool | None:
    """Return what the seeds say together, None if that is open.

    Parameters
    ----------
    answers : iterable of bool or None
        One per seed, each beyond two standard errors; None for a tie.

    Returns
    -------
    bool or None
        The answer of more than half of all seeds, unless more of them contradict it
        than a sign test at 5 % allows: none of up to 7 that answer, 1 of 8 to 10, 2 of
        11 or 12.
    """
    found = list(answers)
    for answer in (True, False):
        said, against = found.count(answer), found.count(not answer)
        if 2 * said > len(found) and (not against or _rare(against, said + against)):
            return answer
    return None


def _rare(against: int, n: int) -> bool:
    """Tell whether a fair coin seldom shows one side so few times in n throws."""
    ways = sum(math.comb(n, k) for k in range(against + 1))
    return bool(ways <= _CHANCE * 2**n)


def as_on_seed_0(cells: pd.DataFrame, name: str) -> pd.Series[float]:
    """Return errors as if their data had the realized noise of seed 0.

    The report's later sections print errors on the data of seed 0. The noise of other
    seeds is up to 15 % higher or lower, and so is every error on them.

    Parameters
    ----------
    cells : DataFrame
        Rows of :func:`frame`.
    name : str
        Column of errors.

    Returns
    -------
    Series
        MSE minus the noise of its own data plus that of seed 0; other measures, which
        leave out the noise, as they are.
    """
    errors: pd.Series[float] = cells[name].astype(float)
    if name in _NOISE:
        pairs = zip(cells["dataset"], cells["seed"], strict=True)
        more = [_noise(d, int(s), name) - _noise(d, 0, name) for d, s in pairs]
        errors = errors - np.array(more, float)
    return errors


# What is in an error, by its name.
_NOISE = {"train_mse": "noise_train", "test_mse": "noise_test"}


@cache
def _noise(dataset: str, seed: int, name: str) -> float:
    """Return the realized noise that is in an error on this data."""
    return float(getattr(DATASETS[dataset](seed), _NOISE[name]))


def same_conclusion(
    published_error: float,
    published_ols: float,
    ours: Iterable[float],
    ours_ols: Iterable[float],
) -> str:
    """Say whether "beats OLS" has the same answer in the report and here.

    Parameters
    ----------
    published_error, published_ols : float
        As printed.
    ours, ours_ols : iterables of float
        Ours, one per seed.

    Returns
    -------
    str
        "yes: ..." or "no: ..." or "not decidable: ..." with the reason.
    """
    theirs = lower(published_error, published_ols)
    answers = list(map(lower, ours, ours_ols))
    here = agreement(answers)
    if here is None:
        why = "seeds differ" if len(answers) > 1 else "ours ties with OLS"
        return f"not decidable: {why}"
    if theirs is None:
        return "not decidable: the printed value ties with OLS"
    if theirs == here:
        return "yes: both beat OLS" if here else "yes: both lose to OLS"
    return f"no: only {'ours' if here else 'the printed'} beats OLS"


def beside_published(
    table: pd.DataFrame,
    printed: pd.DataFrame,
    labels: Sequence[str],
    printed_ols: float,
    metric: str = "test_mse",
    *,
    same_data: bool = False,
) -> pd.DataFrame:
    """Set published and own errors side by side, row by row of the published table.

    Parameters
    ----------
    table : DataFrame
        From :func:`frame`, with the columns ``labels``; the rows of kind "ols" are
        what networks are judged by.
    printed : DataFrame
        ``labels``, ``train_mse`` and the deciding measure as published.
    labels : sequence of str
    printed_ols : float
        Error of OLS on the data of the published errors.
    metric : str, default="test_mse"
        The measure that decides.
    same_data : bool, default=False
        Whether the published errors were measured on the data of seed 0: differences
        are then those of :func:`as_on_seed_0`.

    Returns
    -------
    DataFrame
        One row per published row.
    """
    means = over_seeds(table, labels, metric).set_index(list(labels)).to_dict("index")
    ours = {
        where: cells.set_index("seed")
        for where, cells in table.groupby(list(labels), sort=False)
    }
    ols = table[table["kind"] == "ols"].set_index("seed")[metric]
    measures = dict.fromkeys(["train_mse", metric])
    others = [
        "test_mse", "excess", "error_f", "n_parameters", "seconds", "ended", RUNS
    ]  # fmt: skip
    rows = []
    for _, theirs in printed.iterrows():
        where = tuple(theirs[name] for name in labels)
        cells, mean = ours[where], means[where if len(where) > 1 else where[0]]
        is_ols = bool((cells["kind"] == "ols").all())
        conclusion = same_conclusion(
            theirs[metric], printed_ols, cells[metric], ols[cells.index]
        )
        row = dict(zip(labels, where, strict=True))
        for name in measures:
            own = as_on_seed_0(cells.reset_index(), name) if same_data else cells[name]
            row |= compared(MEASURES[name], theirs[name], cells[name], own)
        row["spread"] = mean["spread"]
        row["same conclusion?"] = "the yardstick" if is_ols else conclusion
        row |= {name: mean[name] for name in others if name not in measures}
        rows.append(row)
    return headed(pd.DataFrame(rows))


def compared(
    word: str,
    theirs: float,
    ours: pd.Series[float],
    alike: pd.Series[float],
) -> dict[str, float]:
    """Return a published error and the mean of ours under their headings.

    Parameters
    ----------
    word : str
        The measure, as in ``MEASURES``.
    theirs : float
        As published, NaN if it is not.
    ours : Series
        One per seed.
    alike : Series
        Ours as they compare with the published one.
    """
    word = word.removesuffix(" MSE")
    return {
        f"{word} published": theirs,
        f"{word} ours": float(ours.mean(skipna=False)),
        f"{word} difference": float(alike.mean(skipna=False)) - theirs,
    }


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
