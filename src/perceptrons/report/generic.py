"""The section of a reader's own study: the same tables and figures for every one."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from perceptrons.report import figures, stated, tables
from perceptrons.report.claims import judge
from perceptrons.report.heatmap import heat_maps
from perceptrons.report.section import Picture, Section, Table
from perceptrons.report.sections.grids import times_best
from perceptrons.report.study import Study
from perceptrons.report.tables import HEADINGS, MEASURES, RUNS
from perceptrons.study.procedures import PROCEDURES

# As many curves as have a color of their own.
_CURVES = 7

# Measures of rows that were trained on: nobody takes them for errors on new rows.
_TRAINING = ("train_mse", "train_error", "train_cross_entropy")

# Settings that are part of the name of a model.
_TOLD_BY_MODEL = ("hidden_layer_sizes", "degree", "strength")


def section(study: Study) -> Section:
    """Build the section.

    Parameters
    ----------
    study : Study
    """
    labels = _labels(study)
    cells = _cells(study, labels)
    curves = _curves(study, cells, _legend(labels))
    return Section(
        study=study,
        claims=judge(study, stated.rows(study.experiment.claims)),
        tables=[_best(study, cells), _all(study, cells)],
        pictures=[*curves, *_maps(study, cells)],
        failures=_failures(study),
    )


def _failures(study: Study) -> list[str]:
    """Say so where not one run ended with a number."""
    if study.table[study.metric].notna().any():
        return []
    ends = ", ".join(dict.fromkeys(study.table["reason"]))
    return [
        f"{study.measure} is a number in no run of {study.experiment.name!r} ({ends}); "
        "the runs are kept. Where networks diverge, lower learning_rate_init."
    ]


def _labels(study: Study) -> list[str]:
    """Return the columns that tell the cells apart; "model", if nothing does."""
    table = study.table
    settings = dict.fromkeys(
        name for record in study.records for name in record.run.settings
    )
    of_procedures = [rows for _, rows in table.groupby("procedure")]
    varied = [
        name
        for name in settings
        if name in table
        and any(rows[name].nunique(dropna=False) > 1 for rows in of_procedures)
    ]
    if len(of_procedures) == 1 and table["kind"].nunique() == 1 and varied:
        return varied
    return list(dict.fromkeys(["model", *varied]))


def _measures(study: Study) -> list[str]:
    """Return the names of what the study's runs measured, the deciding one first."""
    names = [
        name for r in study.records for name in PROCEDURES[r.run.procedure].metrics
    ]
    others = [m for m in dict.fromkeys(names) if study.table[m].notna().any()]
    # What decides stays, also where every run diverged.
    return list(dict.fromkeys([study.chosen_by, study.metric, *others]))


def _cells(study: Study, labels: Sequence[str]) -> pd.DataFrame:
    """Return one row per cell: medians over seeds, and how often it was best."""
    measures = [*_measures(study), "seconds"]
    cells = tables.over_seeds(study.table, labels, study.metric, measures)
    best = times_best(_named(study.table, labels), ["cell"], study.chosen_by)
    return _named(cells, labels).assign(
        best=lambda table: table["cell"].map(best).fillna(0).astype(int)
    )


def _named(table: pd.DataFrame, labels: Sequence[str]) -> pd.DataFrame:
    """Add the column ``cell``: the values that vary, in one text."""
    told = _TOLD_BY_MODEL if "model" in labels else ()
    rows = table[[name for name in labels if name not in told]].itertuples(index=False)
    names = [" · ".join(_text(v) for v in row if pd.notna(v)) for row in rows]
    return table.assign(cell=names)


def _legend(labels: Sequence[str]) -> str:
    """Say what the values in a cell's name are."""
    told = _TOLD_BY_MODEL if "model" in labels else ()
    return " · ".join(_word(name) for name in labels if name not in told)


def _word(name: str) -> str:
    """Return the printed name of a setting."""
    return HEADINGS.get(name, name).replace("_", " ")


def _text(value: object) -> str:
    """Write a setting."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def _headed(cells: pd.DataFrame) -> pd.DataFrame:
    """Give the columns of cells their printed names."""
    seeds = int(cells["seeds"].max())
    dropped = ["cell", "seeds", *(["spread", "best"] if seeds == 1 else [])]
    names = {**HEADINGS, **MEASURES}
    names["best"] = f"best in (of {seeds} seeds)"
    cells = cells.drop(columns=dropped).dropna(axis="columns", how="all")
    last = cells.pop(RUNS)
    return cells.rename(columns=names).assign(**{RUNS: last})


def _best(study: Study, cells: pd.DataFrame) -> Table:
    """List the lowest cells."""
    order = _ordered(study, cells)
    several = len(study.seeds) > 1
    note = (
        "Lowest median over seeds first; the column beside the runs says in how many "
        "seeds a row was the lowest of all."
        if several
        else "Of one seed: --seeds 5 would tell how much of it is chance."
    )
    if len(cells) > 1 and study.metric not in _TRAINING:
        note += f" The first row is chosen among {len(cells)} by "
        note += (
            "the very test rows that its error is measured on: on new rows expect a "
            "larger one."
            if study.chosen_by == study.metric
            else f"its {_chosen_by(study)}, of rows held out for that: no test row "
            "chose, and its test error is what to expect on new rows."
        )
    title = f"Best by {_chosen_by(study)}"
    return Table("best", title, _headed(order.head(5)), note)


def _chosen_by(study: Study) -> str:
    """Return what the measure is called by which settings are chosen."""
    return MEASURES.get(study.chosen_by, study.chosen_by)


def _ordered(study: Study, cells: pd.DataFrame) -> pd.DataFrame:
    """Return the cells, those to choose first."""
    return cells.sort_values(study.chosen_by, na_position="last", kind="stable")


def _all(study: Study, cells: pd.DataFrame) -> Table:
    """List all cells in the study's order."""
    return Table(
        "all",
        "All settings",
        _headed(cells),
        f"Medians over {len(study.seeds)} seeds." if len(study.seeds) > 1 else "",
        folded=len(cells) > 50,
    )


def _curves(study: Study, cells: pd.DataFrame, legend: str) -> list[Picture]:
    """Draw the cost of the best cells that have one."""
    keys = {r.run.key: r for r in study.records if "cost" in r.result.curves}
    order = _ordered(study, cells)
    parts: list[pd.DataFrame] = []
    names: list[str] = []
    for cell, runs in zip(order["cell"], order[RUNS], strict=True):
        records = [keys[key] for key in runs.split() if key in keys]
        if records and len(names) < _CURVES:
            names.append(cell)
            parts.append(tables.histories(records, "cost", "model").assign(series=cell))
    if not parts:
        return []
    shown = f" of the {len(names)} best" if len(names) < len(cells) else ""
    title = f"Cost histories{shown}"
    return [
        Picture(
            "cost",
            title,
            "Training cost of each epoch, penalty included.",
            pd.concat(parts, ignore_index=True),
            lambda data: figures.histories(data, "training cost", legend),
        )
    ]


def _maps(study: Study, cells: pd.DataFrame) -> list[Picture]:
    """Draw the measure over two axes, one panel for each value of a third."""
    axes = [
        name for name in study.experiment.axes
        if name in cells and cells[name].nunique() > 1
    ]  # fmt: skip
    if len(axes) not in (2, 3):
        return []
    *panels, rows, columns = axes
    if cells[rows].nunique() < cells[columns].nunique():
        # The page is longer than it is wide.
        rows, columns = columns, rows
    grid = cells.dropna(subset=axes)
    table = pd.DataFrame({_word(name): grid[name] for name in (rows, columns)})
    table["value"] = grid[study.chosen_by]
    reasons = study.table.set_index("key")["reason"]
    table["diverged"] = [
        "diverged" in set(reasons[keys.split()]) for keys in grid[RUNS]
    ]
    if panels:
        name = panels[0]
        table["panel"] = [f"{_word(name)} {_text(value)}" for value in grid[name]]
    measure, (down, across) = _chosen_by(study), table.columns[:2]
    return [
        Picture(
            "map",
            f"{measure[0].upper()}{measure[1:]} over {down} and {across}",
            "Medians over seeds." if len(study.seeds) > 1 else "One seed.",
            table.reset_index(drop=True),
            lambda data: heat_maps(data, down, across, measure),
        )
    ]
