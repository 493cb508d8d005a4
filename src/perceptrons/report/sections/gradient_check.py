"""Table VIII: backpropagation against Autograd and central differences."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from perceptrons.report import figures, tables
from perceptrons.report.claims import Finding, judge, sig
from perceptrons.report.section import Picture, Section, Table
from perceptrons.report.study import Study
from perceptrons.study.gradient_check import HINT, TOLERANCE
from perceptrons.study.records import Record

# The bound that the report's text gives for the differences.
_STATED = 1e-17

# Two exact gradients in float64 differ by rounding, some hundred units of 2e-16.
_EXACT = 1e-13


_CASE_COLUMNS = [
    "activation", "loss", "penalty", "sizes", "seed", "n_parameters", "kinks",
    "autograd_abs", "autograd_rel", "numeric_abs", "numeric_rel",
]  # fmt: skip


def section(study: Study, others: Mapping[str, Study]) -> Section:
    """Build the section."""
    table = study.table
    worst = float(table["numeric_rel"].max())
    failures, hints = [], []
    if not worst <= TOLERANCE:
        failures.append(
            "gradient-check: the largest difference from central differences, "
            f"{worst:.4g}, is above {TOLERANCE:g}."
        )
    if table["autograd_rel"].isna().any():
        hints.append(f"Autograd is not installed: its columns are blank. {HINT}")
    claims = [
        ("The differences from Autograd are less than 1e-17.", _negligible),
        ("Backpropagation agrees with Autograd; tested here for every activation, "
         "loss and penalty.", _everywhere),
    ]  # fmt: skip
    return Section(
        study=study,
        claims=judge(study, [(text, "section IV.A.2", test) for text, test in claims]),
        tables=_tables(study),
        pictures=_pictures(table),
        hints=hints,
        failures=failures,
    )


def _printed_case(study: Study) -> list[Record]:
    """Return the runs beside Table VIII, one per seed: the experiment's extra run."""
    return study.chosen(sizes=study.table["sizes"].iloc[-1])


def _tables(study: Study) -> list[Table]:
    """Set Table VIII beside ours, and list all cases."""
    record = _printed_case(study)[0]
    return [
        Table(
            "table-viii",
            "Table VIII: ours minus Autograd, layer by layer",
            _table_viii(record),
            f"Seed {record.run.seed}. The report does not say what its network was.",
        ),
        Table(
            "cases",
            f"All {len(study.table)} cases",
            study.table[_CASE_COLUMNS],
            "Largest difference over all parameters: absolute, and relative to the "
            "largest entry of the other gradient.",
            folded=True,
        ),
    ]


def _pictures(table: pd.DataFrame) -> list[Picture]:
    """Draw the largest difference of every activation and loss."""
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
            _pivot(cases, f"{name}_rel"),
            lambda data: figures.heat_map(data, "relative difference"),
        )
        for name, words, limit in kinds
    ]


def _pivot(cases: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return the largest value per activation and loss, in the file's order."""
    order = {name: list(dict.fromkeys(cases[name])) for name in ("activation", "loss")}
    worst = cases.groupby(["activation", "loss"])[column].max().unstack()
    worst = worst.reindex(index=order["activation"], columns=order["loss"])
    worst.columns.name = None
    return worst.reset_index()


def _shown(record: Record) -> pd.DataFrame:
    """Return what Table VIII shows: two weights and one bias of each layer."""
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
    printed = tables.published("autograd_differences").set_index("layer")
    printed.columns = pd.Index(["weight 1", "weight 2", "bias"])
    ours = _shown(record)
    beside = pd.DataFrame(index=ours.index)
    for name in ours.columns:
        beside[f"{name} published"] = printed[name]
        beside[f"{name} ours"] = ours[name]
    # A difference is rounding if it is within a few units of float64's resolution.
    rounding = 4 * np.finfo(np.float64).eps
    small = (printed.abs() < rounding).all(axis=1), (ours.abs() < rounding).all(axis=1)
    beside["same conclusion?"] = [
        "not decidable: Autograd is missing"
        if ours.loc[layer].isna().any()
        else _words(bool(small[0][layer]), bool(small[1][layer]))
        for layer in ours.index
    ]
    return beside.reset_index()


def _words(theirs: bool, here: bool) -> str:
    """Say whether both differences are rounding."""
    if theirs == here:
        return f"yes: both {'are' if here else 'exceed'} rounding"
    return f"no: only the {'printed' if theirs else 'our'} difference is rounding"


def _negligible(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare the differences with the bound in the text."""
    seed = rows["seed"].iloc[0]
    (record,) = (r for r in _printed_case(study) if r.run.seed == seed)
    largest = float(_shown(record).abs().max().max())
    if np.isnan(largest):
        return None, "Autograd is not installed"
    printed = tables.published("autograd_differences").iloc[:, 1:].abs().max().max()
    return largest < _STATED, (
        f"largest difference {sig(largest)} here; Table VIII itself prints "
        f"{sig(printed)}"
    )


def _everywhere(study: Study, rows: pd.DataFrame) -> Finding:
    """Take the largest difference over all cases."""
    worst = rows["autograd_rel"].max(skipna=False)
    numeric, kinks = rows["numeric_rel"].max(), int(rows["kinks"].sum())
    text = (
        f"{len(rows)} cases: at most {sig(numeric)} relative to central differences, "
        f"{kinks} parameters at kinks skipped"
    )
    if np.isnan(worst):
        return None, f"{text}\nAutograd is not installed"
    return bool(worst < _EXACT and numeric <= TOLERANCE), (
        f"{text}\nat most {sig(worst)} relative to Autograd"
    )
