"""The page of a comparison: verdict, numbers, figures, and how to get them again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from perceptrons import provenance
from perceptrons.comparison import figures, rare
from perceptrons.comparison.candidate import LINEAR
from perceptrons.comparison.decision import CERTAIN
from perceptrons.comparison.differences import differences
from perceptrons.comparison.findings import Findings
from perceptrons.comparison.importance import MOST_COLUMNS
from perceptrons.comparison.outlook import LIKELY
from perceptrons.comparison.worth import worth
from perceptrons.pages.drawing import draw
from perceptrons.pages.files import Files
from perceptrons.pages.template import render
from perceptrons.pages.wording import percent, probability, significant


def write(comparison: Findings, folder: Path) -> Path:
    """Write index.html with its tables and figures, all of them or none.

    Parameters
    ----------
    comparison : Findings
    folder : Path
        Made if missing; files of an earlier comparison are replaced.

    Returns
    -------
    Path
        Of index.html, written last.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    files = Files()
    context = _context(comparison, files)
    html = render(__package__, "comparison.html.j2", **context, count=_count)
    files.contents["index.html"] = html.encode()
    files.write(folder)
    return folder / "index.html"


def _context(comparison: Findings, files: Files) -> dict[str, Any]:
    """Return what the template prints."""
    prepared = comparison.prepared
    table = comparison.table().reset_index()
    columns = pd.DataFrame(
        [(c.name, c.kind, c.action) for c in prepared.columns],
        columns=["name", "kind", "action"],
    )
    return {
        "target": prepared.target,
        "features": len(prepared.features),
        "rows": len(prepared.y),
        "source": comparison.source,
        "verdict": comparison.verdict,
        "leaks": prepared.suspicions,
        "mind": [w for w in comparison.warnings if w not in prepared.suspicions],
        "split": _sentence(comparison.split),
        "head": _head(comparison),
        "candidates": list(_rows(comparison)),
        "metric": comparison.metric,
        "metric_sentence": comparison.metric_sentence,
        "reference": comparison.reference,
        "reference_role": _role(table, comparison.reference),
        "test": _TEST if comparison.repeats > 1 else _TEST_OF_FOLDS,
        **_rule(comparison.rope),
        "caveats": [*comparison.caveats, *_noise(comparison)],
        "descriptions": list(comparison.candidates["description"].items()),
        "gains": list(_gains(comparison, files)),
        "rare": _rare(comparison, files),
        "no_curve": "" if _has_curve(comparison) else _NO_CURVE,
        "no_worth": _NO_WORTH,
        "worth": [_picture(files, **p) for p in worth(comparison)],
        "differences": [_picture(files, **p) for p in differences(comparison)],
        "columns": prepared.columns,
        "files": {
            "candidates": files.csv("candidates", table),
            "folds": files.csv("folds", comparison.scores),
            "columns": files.csv("columns", columns),
        },
        **_origin(comparison),
    }


def _rule(rope: float) -> dict[str, str]:
    """Return the numbers of the rule, as they are printed."""
    return {
        "rope": f"{100 * rope:g}",
        "certain": f"{CERTAIN:g}",
        "likely": f"{LIKELY:g}",
        "doubtful": f"{1 - CERTAIN:.2g}",
        "tail": f"{100 * (1 - CERTAIN):.2g}",
    }


def _origin(comparison: Findings) -> dict[str, Any]:
    """Return how, when, by which code and where the numbers came about."""
    return {
        "reproduce": comparison.reproduce,
        "seed": comparison.seed,
        "made": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": provenance.commit(),
        "machine": provenance.machine(),
        "versions": provenance.versions(),
    }


_TEST = (
    "Student's t with a variance from two parts: how much each row moves the gain, its "
    "losses averaged over repeats, and how much the gain varies between repeats, with "
    "Satterthwaite's degrees of freedom. Rows that belong together count as one."
)
_TEST_OF_FOLDS = (
    "the corrected resampled t-test (Nadeau and Bengio 2003), which is the Bayesian "
    "correlated t-test (Corani and Benavoli 2015)."
)
_NO_WORTH = (
    f"What columns are worth is not measured where there are more than {MOST_COLUMNS}: "
    "each is one more prediction of every test fold."
)
_NO_CURVE = "There are too few rows for learning curves: no part of them could train."


def _count(number: int, word: str) -> str:
    """Write a number of things."""
    return f"{number:,} {word}" + ("" if number == 1 else "s")


def _sentence(text: str) -> str:
    """Return a text as a sentence."""
    return text[:1].upper() + text[1:].rstrip(".") + "."


def _role(table: pd.DataFrame, reference: str) -> str:
    """Say what the reference is, from the table of candidates, the best first."""
    linear = table["kind"].isin(LINEAR)
    best = reference == table.loc[linear, "candidate"].iloc[0]
    return (
        "model linear in its coefficients with the best mean"
        if best
        else "reference chosen"
    )


def _head(comparison: Findings) -> list[tuple[str, str]]:
    """Return the headings of the table of candidates."""
    numbers = (
        comparison.metric, "skill, %", "gain, %", "95 % interval", "P(gain > 0)",
        f"P(gain > {100 * comparison.rope:g} %)", comparison.second_metric,
        "parameters", "training, s", "prediction, µs",
    )  # fmt: skip
    return [("model", ""), *((name, "num") for name in numbers)]


def _rows(comparison: Findings) -> Iterator[dict[str, Any]]:
    """Yield the candidates, the best first."""
    table = comparison.table()
    for name, row in table.iterrows():
        if name == comparison.reference:
            gain = ["reference", "", "", ""]
        else:
            gain = [
                _minus(percent(row["gain"])),
                _minus(figures.interval(row["gain"], row["low"], row["high"])),
                probability(row["p_gain"]),
                probability(row["p_practical"]),
            ]
        known = row["parameters"] == row["parameters"]
        yield {
            "name": name,
            "kind": row["kind"],
            "chosen": name in (comparison.reference, comparison.network),
            "cells": [
                significant(row[comparison.metric], 4),
                _skill(row["skill"]),
                *gain,
                _minus(f"{row[comparison.second_metric]:.3f}"),
                f"{row['parameters']:,.0f}" if known else "—",
                _cost(row["seconds"]),
                _cost(row["microseconds"]),
            ],
        }


def _skill(value: float) -> str:
    """Write how much better than the constant a model is."""
    return _minus(percent(value)) if value == value else "—"


def _cost(value: float) -> str:
    """Write a time with two digits, without an exponent where it is long."""
    return f"{value:.2g}" if value < 99.5 else f"{value:,.0f}"


def _rare(comparison: Findings, files: Files) -> dict[str, Any] | None:
    """Return what thresholds find of a rare class; None if there is none."""
    found = rare.look(comparison)
    if found is None:
        return None
    return {
        "label": found.label,
        "share": percent(found.share),
        "auc": [f"{name} {value:.3f}" for name, value in found.auc.items()],
        "rows": [
            [row["candidate"], percent(row["flagged"]), f"{row['threshold']:.3g}",
             percent(row["recall"]), percent(row["precision"])]
            for _, row in found.thresholds.iterrows()
        ],
        "csv": files.csv("thresholds", found.thresholds),
        "picture": _picture(
            files,
            "calibration",
            "Whether the probabilities hold",
            f"How often {found.label} came in tenths of the rows by its probability "
            "from models that were not trained on them (first repeat). On the line, "
            "probabilities hold.",
            figures.calibration(
                found.calibration, str(found.label), comparison.candidates["kind"]
            ),
            found.calibration,
        ),
    }  # fmt: skip


def _minus(text: str) -> str:
    """Return numbers with the sign that is as wide as a plus."""
    return text.replace("-", "\N{MINUS SIGN}")


def _noise(comparison: Findings) -> Iterator[str]:
    """Say how much of the spread over folds is data, and how much training."""
    for name, row in comparison.noise.iterrows():
        training = (
            f"The gain of the {name} on a single fold varies by "
            f"{percent(row['training'])} points with the random start of training "
            "(standard deviation)"
        )
        if row["data"] > 0:
            yield f"{training}, and by {percent(row['data'])} points with the rows."
        else:
            yield f"{training}, which explains all that it varies by between folds."


def _picture(
    files: Files, name: str, title: str, caption: str, figure: Figure,
    table: pd.DataFrame,
) -> dict[str, Any]:  # fmt: skip
    """Draw a figure and return what the template prints."""
    drawing = draw(figure, paper=False)
    return files.picture(name, title, caption, drawing, table)


def _has_curve(comparison: Findings) -> bool:
    """Tell whether there are at least two sizes to draw a curve through."""
    return bool(comparison.learning["share"].nunique() > 1)


def _gains(comparison: Findings, files: Files) -> Iterator[dict[str, Any]]:
    """Yield the forest plot and the learning curves."""
    reference, metric = comparison.reference, comparison.metric
    rope = f"{100 * comparison.rope:g}"
    far = figures.has_arrow(comparison.statistics["gain"])
    arrow = " An arrow: too far left to show." if far else ""
    yield _picture(
        files,
        "gains",
        f"Gain over {reference}",
        f"Relative drop of {metric} against {reference} on the same folds, with its "
        "95 % interval; to the right of zero is better. In the gray band around zero, "
        f"up to {rope} % either way, models are practically equal.{arrow}",
        figures.forest(comparison),
        comparison.statistics.reset_index(),
    )
    if not _has_curve(comparison):
        return
    groups = comparison.learning.groupby(["candidate", "share"], sort=False)
    curve = groups.agg(
        n_train=("n_train", lambda sizes: round(sizes.median())),
        mean=("value", "mean"),
        error=("value", "sem"),
    ).reset_index()
    yield _picture(
        files,
        "learning",
        "With fewer rows",
        f"Mean {metric} over the folds of the first repeat, of models trained on parts "
        "of their rows; the band is one standard error over folds, which mostly have "
        "their ups and downs in common. A curve that still falls at its end promises "
        "more from more rows.",
        figures.learning_curves(
            curve.sort_values("n_train"), metric, comparison.candidates["kind"]
        ),
        curve,
    )
