"""Table VI: Ridge and Lasso, and what its errors were measured against."""

from __future__ import annotations

import math

import pandas as pd

from perceptrons.report import figures, ties
from perceptrons.report.answers import Answer
from perceptrons.report.claims import Finding, Row, all_of, pick_one, sig
from perceptrons.report.contests import contest
from perceptrons.report.picks import NETWORKS, of, pick
from perceptrons.report.section import Picture, Table
from perceptrons.report.study import Study
from perceptrons.report.tables import RUNS, middle, published

# Interval of x by data set, of 1500 and of 10,000 rows.
_INTERVALS = {
    "runge": "[-1, 1]",
    "runge-0-1": "[0, 1]",
    "runge-10000": "[-1, 1]",
    "runge-0-1-10000": "[0, 1]",
}

_MEASURES = {"test_mse": "noisy data", "error_f": "f"}

# Errors against f of a polynomial with nine coefficients scatter by more than a factor
# of 2 from one draw of the noise to the next.
_FACTOR = 3.0

# The network errors that section IV.C.1 compares with, from Table V.
_NETWORKS = (0.011, 0.012)


def tables(study: Study) -> list[Table]:
    """Set Table VI beside our numbers."""
    return [_table_vi(study)]


def pictures(study: Study) -> list[Picture]:
    """Draw the polynomials on both intervals."""
    return [_picture(study, name) for name in ("runge", "runge-0-1")]


def _rows(table: pd.DataFrame, method: str) -> pd.DataFrame:
    """Return the rows of a method as the published file names it."""
    kind, _, form = method.partition("_")
    solver = {"gd_adam": "adam", "sgd": "sgd"}.get(form)
    chosen = table["kind"] == kind
    chosen &= table["solver"].isna() if solver is None else table["solver"] == solver
    folds = table["folds"].notna()
    return table[chosen & (folds if form == "kfold" else ~folds)]


def _errors(rows: pd.DataFrame) -> dict[str, float]:
    """Return the median over seeds by interval and measure."""
    return {
        f"{words} on {_INTERVALS[str(dataset)]}": middle(cells[measure])
        for dataset, cells in rows.groupby("dataset", sort=False)
        for measure, words in _MEASURES.items()
    }


def _cost(rows: pd.DataFrame) -> dict[str, float]:
    """Return the median excess on the report's interval, parameters and seconds."""
    near = rows[~rows["dataset"].str.startswith("runge-0-1")]
    return {
        "excess over noise": middle(near["excess"]),
        "parameters": int(rows["n_parameters"].iloc[0]),
        "seconds": middle(rows["seconds"]),
    }


def _table_vi(study: Study) -> Table:
    """Set every printed value beside the four errors it may be."""
    rows = []
    for _, theirs in published("linear_baselines_test_mse").iterrows():
        cells = _rows(study.table, theirs["method"])
        ours = _errors(cells)
        low, high = theirs["test_mse_low"], theirs["test_mse_high"]
        nearest, factor, difference = _nearest(ours, low, high)
        rows.append(
            {
                "method": _name(theirs["method"]),
                "settings": theirs["hyperparameters"],
                "published from": low,
                "published to": high,
                **ours,
                "same conclusion?": _conclusion(nearest, factor),
                "times the published": factor,
                "difference": difference,
                **_cost(cells),
                RUNS: " ".join(cells["key"]),
            }
        )
    return Table(
        "table-vi",
        "Table VI: Ridge and Lasso",
        pd.DataFrame(rows),
        "Test errors against the noisy data and against the function f behind them, on "
        "both intervals. Same conclusion: is the one closest to the printed value, "
        f"within a factor of {_FACTOR:g}, an error against noisy data, as the words "
        "test MSE say? Its ratio to the printed value and its difference follow, then "
        "the excess over the noise on [-1, 1], coefficients with the intercept and "
        "seconds of one fit.",
    )


def _name(method: str) -> str:
    """Write a method's name as Table VI does."""
    kind, _, form = method.partition("_")
    forms = {
        "analytical": "analytical", "gd_adam": "Adam",
        "sgd": "SGD", "kfold": "K-fold",
    }  # fmt: skip
    return f"{kind.capitalize()}, {forms[form]}"


def _nearest(
    ours: dict[str, float], low: float, high: float
) -> tuple[str, float, float]:
    """Return the error closest to a printed range, its ratio and its difference."""

    def printed(error: float) -> float:
        return min(max(error, low), high)

    def distance(name: str) -> float:
        error = ours[name]
        return abs(math.log(error / printed(error))) if error > 0 else math.inf

    name = min(ours, key=distance)
    error = ours[name]
    return name, error / printed(error), error - printed(error)


def _conclusion(nearest: str, factor: float) -> Answer:
    """Say what the printed value is an error against."""
    if not 1.0 / _FACTOR <= factor <= _FACTOR:
        return Answer(False, "it matches none of the four")
    return Answer(nearest.startswith(_MEASURES["test_mse"]), f"against {nearest}")


def _picture(study: Study, place: str) -> Picture:
    """Draw the predictions of some fits on one interval."""
    seed = study.seeds[0]
    rows = of(study.table, dataset=place, seed=seed)
    rows = rows[rows["solver"] != "sgd"]
    # The strength is the same in all.
    names = rows["model"].str.replace(r", strength [^,]*", "", regex=True)
    interval = _INTERVALS[place]
    return Picture(
        f"predictions-{place}",
        f"Polynomials on {interval}",
        f"Predictions for the test set of seed {seed} on {interval}, over its noisy "
        "points and the function behind them. The report has no such figure.",
        study.predictions(rows.assign(name=names), "name"),
        figures.predictions,
    )


def _tiny_errors(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare the errors against noisy data, and against f, with the printed ones."""
    printed = published("linear_baselines_test_mse")
    small = printed[~printed["method"].str.endswith("kfold")]
    cells = pd.concat([_rows(rows, method) for method in small["method"]])
    bound = _FACTOR * small["test_mse_high"].max()
    near = cells[cells["dataset"] == "runge-0-1"]
    return bool((cells["test_mse"] <= bound).any()), (
        f"against noisy data the test MSEs are {sig(cells['test_mse'].min())} to "
        f"{sig(cells['test_mse'].max())}, where the noise alone is "
        f"{sig((cells['test_mse'] - cells['excess']).min())}; against f on [0, 1] the "
        f"errors are {sig(near['error_f'].min())} to {sig(near['error_f'].max())}"
    )


def _k_fold_errors(rows: pd.DataFrame) -> dict[str, float]:
    """Return the K-fold errors on [-1, 1] of Ridge and of Lasso."""
    errors = {}
    for kind in ("ridge", "lasso"):
        cells = _rows(rows, f"{kind}_kfold")
        errors[kind] = pick_one(cells, "test_mse", dataset="runge-10000")
    return errors


def _k_fold(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare the K-fold errors on [-1, 1] with the printed ones."""
    printed = published("linear_baselines_test_mse")
    answers, lines = [], []
    for kind, error in _k_fold_errors(rows).items():
        theirs = pick_one(printed, "test_mse_low", method=f"{kind}_kfold")
        answers.append(ties.lower(theirs, error) is None)
        lines.append(f"{kind.capitalize()} {sig(error)}, printed {theirs:g}")
    return all(answers), (
        f"on [-1, 1], against noisy data: {'; '.join(lines)}; the same within "
        f"{ties.TIE:.0%}"
    )


def _comparable(study: Study, rows: pd.DataFrame) -> Finding:
    """See whether the K-fold errors lie by the printed errors of networks."""
    errors = _k_fold_errors(rows)
    low, high = _NETWORKS
    near = [
        low * (1 - ties.TIE) <= error <= high * (1 + ties.TIE)
        for error in errors.values()
    ]
    text = ", ".join(f"{kind.capitalize()} {sig(e)}" for kind, e in errors.items())
    return all(near), (
        f"K-fold on [-1, 1]: {text}; comparable: within {ties.TIE:.0%} of "
        f"{low:g} to {high:g}"
    )


def _lasso_wins(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare Lasso with Ridge in the forms that differ in nothing else."""
    answers, lines = [], []
    for form in ("analytical", "gd_adam", "sgd"):
        ridge, lasso = (
            dict(zip(own["dataset"], study.errors(own), strict=True))
            for own in (_rows(rows, f"{kind}_{form}") for kind in ("ridge", "lasso"))
        )
        answers += [ties.lower(lasso[name], ridge[name]) for name in ridge]
        words = "; ".join(
            f"{_INTERVALS[str(name)]} {sig(lasso[name])} against {sig(ridge[name])}"
            for name in ridge
        )
        lines.append(f"{_name(f'lasso_{form}')} against Ridge: {words}")
    return all_of(answers), f"{study.measure}:\n" + "\n".join(lines)


_LINEAR = pick("the best linear model", kind=["ridge", "lasso", "ols"], dataset="runge")
CLAIMS = [
    Row("Ridge and Lasso on 1500 rows reach test MSEs of 5e-5 to 2e-4.", "Table VI",
        _tiny_errors),
    Row("K-fold cross-validation gives test errors around 0.0109 for Ridge and 0.0143 "
        "for Lasso.", "Table VI", _k_fold),
    Row("The errors of K-fold cross-validation are comparable with those of networks, "
        "0.011 to 0.012.", "section IV.C.1", _comparable),
    contest("The MSEs of linear regression are orders of magnitude smaller than those "
            "of networks; here at most a tenth of the best network's, on the same "
            "data.",
            "section IV.C.1", _LINEAR, pick("the best network", **NETWORKS),
            by=lambda a, b: ties.lower(float(a), 0.1 * float(b)),
            beside=("architectures",)),
    Row("The L1 norm gives slightly lower errors than L2.", "section IV.C.1",
        _lasso_wins),
]  # fmt: skip
