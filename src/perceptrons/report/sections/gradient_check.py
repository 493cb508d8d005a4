"""Table VIII: backpropagation against Autograd and central differences."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd

from perceptrons.report.answers import Answer, same
from perceptrons.report.claims import Finding, Row, sig
from perceptrons.report.heatmap import heat_maps
from perceptrons.report.section import Picture, Table
from perceptrons.report.study import Study
from perceptrons.report.tables import published
from perceptrons.study import gradient_check
from perceptrons.study.gradient_check import HINT, KINK_SHARE, TOLERANCE
from perceptrons.study.records import Record

# The bound that the report's text gives for the differences.
_STATED = 1e-17

# Two exact gradients in float64 differ by rounding, some hundred units of 2e-16.
_EXACT = 1e-13


def hints(study: Study) -> list[str]:
    """Say whether Autograd is missing."""
    if gradient_check.has_autograd():
        return []
    return [f"Autograd is not installed: {HINT}"]


def failures(study: Study) -> list[str]:
    """Return what is wrong with any gradient or with its check, a sentence each."""
    name, table = study.experiment.name, study.table
    failures = []
    errors = table[study.metric]
    if errors.isna().any():
        failures.append(
            f"{name}: the difference from central differences is not a number in "
            f"{errors.isna().sum()} of {len(table)} cases."
        )
    if errors.max() > TOLERANCE:
        failures.append(
            f"{name}: the largest difference from central differences, "
            f"{errors.max():.4g}, is above {TOLERANCE:g}."
        )
    many = table["kinks"] > KINK_SHARE * table["n_parameters"]
    if many.any():
        failures.append(
            f"{name}: {table['kinks'].sum():.0f} parameters were skipped as kinks; in "
            f"{many.sum()} of {len(table)} cases that is more than {KINK_SHARE:.0%}."
        )
    return failures


def _printed_case(study: Study) -> list[Record]:
    """Return the runs beside Table VIII, one per seed: the experiment's extra run."""
    return study.chosen(sizes=study.table["sizes"].iloc[-1])


def tables(study: Study) -> list[Table]:
    """Set Table VIII beside ours."""
    record = _printed_case(study)[0]
    return [
        Table(
            "table-viii",
            "Table VIII: ours minus Autograd, layer by layer",
            _table_viii(record),
            f"Seed {record.run.seed}, engine {record.result.engine}. The report does "
            "not say what its network was.",
        ),
    ]


def pictures(study: Study) -> list[Picture]:
    """Draw the largest difference of every activation and loss."""
    table = study.table
    cases = table[table["sizes"] == table["sizes"].iloc[0]]
    penalties = ", ".join(dict.fromkeys(cases["penalty"]))
    kinds = (
        ("autograd", "Autograd", "Float64 resolves 2e-16."),
        ("numeric", "central differences", f"At most {TOLERANCE:g} passes."),
    )
    return [
        Picture(
            f"differences-{name}",
            f"Largest relative difference from {words}",
            f"Over the penalties {penalties} and all seeds; rows are activations, "
            f"columns losses. {limit}",
            _worst(cases, f"{name}_rel"),
            partial(
                heat_maps,
                rows="activation",
                columns="loss",
                label="relative difference",
            ),
        )
        for name, words, limit in kinds
    ]


def _worst(cases: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return the largest value per activation and loss, in the file's order."""
    grouped = cases.groupby(["activation", "loss"], sort=False)[column]
    # A NaN is the largest of all: it must stay in sight.
    worst = grouped.agg(lambda values: values.max(skipna=False))
    return worst.rename("value").reset_index()


def _shown(record: Record) -> pd.DataFrame:
    """Return what Table VIII shows: two weights and one bias of each layer.

    NaN without Autograd.
    """
    curves = record.result.curves
    layers = range(1, 4)
    return pd.DataFrame(
        [
            [*curves[f"W{layer}"].ravel()[:2], curves[f"b{layer}"][0]]
            if curves
            else [np.nan] * 3
            for layer in layers
        ],
        index=pd.Index(layers, name="layer"),
        columns=["weight 1", "weight 2", "bias"],
    )


def _table_viii(record: Record) -> pd.DataFrame:
    """Set the printed differences beside ours."""
    printed = published("autograd_differences").set_index("layer")
    printed.columns = pd.Index(["weight 1", "weight 2", "bias"])
    ours = _shown(record)
    beside = pd.DataFrame(index=ours.index)
    for name in ours.columns:
        beside[f"{name} published"] = printed[name]
        beside[f"{name} ours"] = ours[name]
        beside[f"{name} difference"] = ours[name] - printed[name]
    # A difference is rounding if it is within a few units of float64's resolution.
    rounding = 4 * np.finfo(np.float64).eps
    small = (printed.abs() < rounding).all(axis=1), (ours.abs() < rounding).all(axis=1)
    answers = [
        same(bool(small[0][layer]), bool(small[1][layer]), "within rounding")
        if record.result.curves
        else Answer(None, "Autograd is missing")
        for layer in ours.index
    ]
    return beside.assign(
        **{"same conclusion?": pd.Series(answers, beside.index)}
    ).reset_index()


def _negligible(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare the differences with the bound in the text."""
    seed = rows["seed"].iloc[0]
    (record,) = (r for r in _printed_case(study) if r.run.seed == seed)
    if not record.result.curves:
        return None, "Autograd is not installed"
    largest = float(np.max(np.abs(_shown(record).to_numpy())))
    printed = published("autograd_differences").iloc[:, 1:].abs().max().max()
    return largest < _STATED, (
        f"largest difference {_number(largest)} here; Table VIII itself prints "
        f"{sig(printed)}"
    )


def _everywhere(study: Study, rows: pd.DataFrame) -> Finding:
    """Take the largest difference over all cases."""
    worst = rows["autograd_rel"].max(skipna=False)
    numeric = rows[study.metric].max(skipna=False)
    engines = ", ".join(dict.fromkeys(rows["engine"]))
    text = (
        f"{len(rows)} cases, engine {engines}: at most {_number(numeric)} relative to "
        f"central differences; {rows['kinks'].sum():.0f} of "
        f"{rows['n_parameters'].sum()} parameters skipped as kinks"
    )
    if not gradient_check.has_autograd():
        return None, f"{text}\nAutograd is not installed"
    return bool(worst < _EXACT and numeric <= TOLERANCE), (
        f"{text}\nat most {_number(worst)} relative to Autograd"
    )


def _number(value: float) -> str:
    """Write a difference; one that is not a number did not come from divergence."""
    return "NaN" if np.isnan(value) else sig(value)


CLAIMS = [
    Row("The differences from Autograd are less than 1e-17.", "section IV.A.2",
        _negligible),
    Row("Backpropagation agrees with Autograd; tested here for every activation, loss "
        "and penalty.", "section IV.A.2", _everywhere),
]  # fmt: skip
