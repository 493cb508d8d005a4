"""Figs. 6 to 13: the same network in this library and in three others."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from perceptrons.report import figures, tables
from perceptrons.report.claims import judge
from perceptrons.report.section import Picture, Section, Table
from perceptrons.report.sections.library_cells import (
    OURS,
    Cell,
    cells,
    faster,
    learned,
    of_cell,
    printed,
)
from perceptrons.report.sections.library_claims import CLAIMS
from perceptrons.report.study import Study, dataset
from perceptrons.study.libraries import NOT_INSTALLED, SAME_GRADIENT, missing


def section(study: Study, others: Mapping[str, Study]) -> Section:
    """Build the section."""
    return Section(
        study=study,
        claims=judge(study, CLAIMS),
        tables=[_beside_published(study), _gradients(study), _others(study)],
        pictures=[p for cell in cells(study) for p in _pictures(study, cell)],
        hints=[
            f"{name} is not installed, and its rows are gaps: install it with `{hint}` "
            "and run the same command again."
            for name, hint in missing().items()
        ],
        failures=_failures(study),
    )


def _failures(study: Study) -> list[str]:
    """Return which library computed another gradient, a sentence each."""
    rows = study.table[study.table["kind"] == "library"]
    failures = []
    for library, group in rows.groupby("library", sort=False):
        worst = group["gradient_rel"].max()
        if worst > SAME_GRADIENT[str(library)]:
            failures.append(
                f"{study.experiment.name}: the gradient of {library} differs from ours "
                f"by {worst:.2g} of its largest entry, more than "
                f"{SAME_GRADIENT[str(library)]:g}."
            )
    return failures


def _beside_published(study: Study) -> Table:
    """Set test MSE and seconds beside the printed ones."""
    rows = [row for cell in cells(study) for row in _setting(study, cell)]
    return Table(
        "table",
        "Figs. 6 to 13: test MSE and seconds",
        tables.headed(pd.DataFrame(rows)),
        "Same conclusion: does the network learn the function, its test MSE below "
        "twice the realized noise of the test set? Ratio: seconds of the library over "
        "those of our own in the same setting, the report's FFNN or perceptrons; same "
        "order: is the library slower than our own in both? The printed seconds are "
        "another machine's.",
    )


def _setting(study: Study, cell: Cell) -> list[dict[str, Any]]:
    """Return the rows of one setting."""
    found = tables.over_seeds(of_cell(study.table, study, cell), ["library"])
    ours = {str(row["library"]): row for row in found.to_dict("records")}
    noise = ours[OURS]["test_mse"] - ours[OURS]["excess"]
    theirs = printed(cell)
    rows = []
    for library, here in ours.items():
        there = theirs[library]
        ratio_there = there.seconds / theirs[OURS].seconds
        ratio_here = here["seconds"] / ours[OURS]["seconds"]
        rows.append(
            {
                "network": cell.network,
                "epochs": cell.epochs,
                "library": library,
                "test published": there.test_mse,
                "test ours": here["test_mse"],
                "test difference": here["test_mse"] - there.test_mse,
                "spread": here["spread"],
                "same conclusion?": _learning(there.test_mse, here, noise),
                "excess": here["excess"],
                "error_f": here["error_f"],
                "n_parameters": here["n_parameters"],
                "seconds published": there.seconds,
                "seconds ours": here["seconds"],
                "ratio published": ratio_there,
                "ratio ours": ratio_here,
                "same order?": _order(ratio_there, ratio_here, library == OURS),
                tables.RUNS: here[tables.RUNS],
            }
        )
    return rows


def _learning(there: float, here: Mapping[Hashable, Any], noise: float) -> str:
    """Say whether the printed and our network learn the function."""
    if math.isnan(here["test_mse"]):
        return f"not decidable: {here['ended']}"
    printed_one, ours = learned(there, noise), learned(here["test_mse"], noise)
    if printed_one == ours:
        return "yes: both learn it" if ours else "yes: neither learns it"
    return f"no: only the {'one here' if ours else 'printed'} learns it"


def _order(theirs: float, ours: float, is_own: bool) -> str:
    """Say whether a library is slower than our own both there and here."""
    if is_own:
        return "the yardstick"
    if math.isnan(ours):
        return "not decidable: no time here"
    there, here = faster(1.0, theirs), faster(1.0, ours)
    if there is None or here is None:
        where = "printed" if there is None else "our"
        return f"not decidable: the {where} times are a tie"
    words = {True: "slower", False: "faster"}
    if there == here:
        return f"yes: both {words[there]} than our own"
    return f"no: {words[there]} there, {words[here]} here"


def _gradients(study: Study) -> Table:
    """Show how far the gradients of the libraries are from ours."""
    rows = study.table[(study.table["kind"] == "library")]
    rows = rows[rows["library"] != OURS]
    worst = (
        rows.groupby(["library", "hidden_layer_sizes"], sort=False)
        .agg(by=("engine", "first"), gradient_rel=("gradient_rel", "max"))
        .reset_index()
    )
    worst["passes below"] = [SAME_GRADIENT[name] for name in worst["library"]]
    worst["by"] = worst["by"].replace("", NOT_INSTALLED)
    return Table(
        "gradients",
        "The same gradient",
        worst.rename(
            columns={
                "hidden_layer_sizes": "hidden layers",
                "gradient_rel": "largest relative difference",
                "by": "computed by",
            }
        ),
        "Gradient of the cost over all training rows at the first weights, in float64: "
        "largest difference from perceptrons, relative to its largest entry. Keras on "
        "PyTorch multiplies in float32.",
    )


def _others(study: Study) -> Table:
    """Show the runs from scikit-learn's narrow uniform start, and those of SGD."""
    kinds = study.table["kind"].isin(["library", "network"])
    rows = study.table[kinds & (study.table["init"] != study.experiment.base["init"])]
    own = rows.assign(
        library=rows["library"].fillna(OURS),
        solver=rows["solver"].fillna("adam"),
        max_iter=rows["max_iter"].astype(int),
    )
    labels = ["library", "solver", "hidden_layer_sizes", "max_iter"]
    return Table(
        "other-start",
        "From scikit-learn's own kind of start",
        tables.own_results(own, labels, study.metric).rename(
            columns={"max_iter": "epochs"}
        ),
        "Weights and biases uniform within sqrt(2 / (n_in + n_out)), as scikit-learn "
        "draws them for the sigmoid. SGD has scikit-learn's default momentum 0.9, and "
        "its full 300 epochs always.",
    )


def _pictures(study: Study, cell: Cell) -> list[Picture]:
    """Draw the cost histories and the predictions of one setting."""
    records = [
        study.records[i]
        for i in of_cell(study.table, study, cell).index
        if study.records[i].result.reason != NOT_INSTALLED
    ]
    gaps = ", ".join(missing())
    gap = f" Not installed, and so not drawn: {gaps}." if gaps else ""
    words = f"{cell.network}, {cell.epochs} epochs"
    costs, predicted = cell.figures
    return [
        Picture(
            f"figure-{costs}",
            f"Fig. {costs}: cost histories, {words}",
            f"Mean squared error of each epoch's batches, eq. (6) for all four.{gap}",
            tables.histories(records, "cost", "library"),
            lambda data: figures.histories(
                data, "training cost (mean squared error)", "library"
            ),
        ),
        Picture(
            f"figure-{predicted}",
            f"Fig. {predicted}: predictions, {words}",
            f"Predictions for the test set of seed {study.seeds[0]}, over its noisy "
            f"points and the function behind them.{gap}",
            _predictions(study, cell),
            figures.predictions,
        ),
    ]


def _predictions(study: Study, cell: Cell) -> pd.DataFrame:
    """Return the first seed's predictions, ordered by x."""
    seed = study.seeds[0]
    data = dataset(study.experiment.dataset, seed)
    columns = {"x": data.X_test[:, 0], "y": data.y_test, "f": data.f_test}
    rows = of_cell(study.table, study, cell)
    for _, row in rows[rows["seed"] == seed].iterrows():
        if row["reason"] != NOT_INSTALLED:
            columns[row["library"]] = study.curves(row["key"])["predicted"]
    return pd.DataFrame(columns).sort_values("x", ignore_index=True)
