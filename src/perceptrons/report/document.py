"""Sections become one self-contained page and the files beside it."""

from __future__ import annotations

import base64
import os
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import pandas as pd

from perceptrons.report import drawing
from perceptrons.report.section import Picture, Section, Table
from perceptrons.report.tables import HEADINGS, TIE, settings_table
from perceptrons.study import provenance


@dataclass(frozen=True)
class Facts:
    """What the head of the page says about how it was made.

    Parameters
    ----------
    command : str
        As the user typed it.
    quick : bool
        Whether training was shortened.
    seeds : list of int
    """

    command: str
    quick: bool
    seeds: list[int]


def write(sections: Sequence[Section], facts: Facts, folder: Path) -> Path:
    """Write index.html, figures and tables, each file whole or not at all.

    Parameters
    ----------
    sections : sequence of Section
    facts : Facts
    folder : Path
        Made if missing; files of an earlier report are replaced.

    Returns
    -------
    Path
        Of index.html.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    loader = jinja2.PackageLoader("perceptrons.report", ".")
    environment = jinja2.Environment(
        loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    html = environment.get_template("page.html.j2").render(
        sections=[_section(section, folder, facts.quick) for section in sections],
        facts=facts,
        tie=f"{TIE:.0%}",
        commit=provenance.commit(),
        versions=provenance.versions(),
        machine=provenance.machine(),
        made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    )
    page = folder / "index.html"
    write_whole(page, html.encode())
    return page


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is never seen half written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
        # mkstemp is private to its owner; a report is meant to be read.
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _section(section: Section, folder: Path, quick: bool) -> dict[str, Any]:
    """Return what the template prints of one study."""
    experiment = section.study.experiment
    overrides = experiment.quick if quick else {}
    settings = {**experiment.base, **experiment.axes, **overrides}
    extra = [
        (", ".join(f"{k} = {v}" for k, v in entry.items()))
        for entry in experiment.extra
    ]
    return {
        "study": experiment,
        "runs": len(section.study.records),
        "seeds": section.study.seeds,
        "shortened": ", ".join(
            f"{k} = {v} instead of {experiment.base.get(k)}"
            for k, v in overrides.items()
        ),
        "settings": _html(settings_table(settings)),
        "extra": extra,
        "engines": ", ".join(sorted(set(section.study.table["engine"]) - {""})),
        "commits": ", ".join(sorted({r.commit for r in section.study.records})),
        "dataset": _data_sentence(section),
        "claims": section.claims,
        "tally": Counter(claim.verdict for claim in section.claims).most_common(),
        "hints": section.hints,
        "failures": section.failures,
        "tables": [_table(experiment.name, table, folder) for table in section.tables],
        "pictures": [_picture(experiment.name, p, folder) for p in section.pictures],
    }


def _data_sentence(section: Section) -> str:
    """Describe the data and its realized noise, seed by seed."""
    from perceptrons.data import DATASETS

    name = section.study.experiment.dataset
    if not name:
        return ""
    sets = {seed: DATASETS[name](seed) for seed in section.study.seeds}
    noise = "; ".join(
        f"seed {seed}: {data.noise_train:.4g} train, {data.noise_test:.4g} test, "
        f"SHA-256 {data.sha[:12]}"
        for seed, data in sets.items()
    )
    return f"{next(iter(sets.values())).description} Realized noise: {noise}."


def _table(study: str, table: Table, folder: Path) -> dict[str, Any]:
    """Write a table's CSV file and return what the template prints."""
    return {
        "title": table.title,
        "note": table.note,
        "folded": table.folded,
        "html": _html(table.data),
        "csv": _csv(study, table.name, table.data, folder),
    }


def _picture(study: str, picture: Picture, folder: Path) -> dict[str, Any]:
    """Write a picture's files and return what the template prints."""
    drawn = drawing.draw(picture.draw(picture.data))
    name = f"{study}-{picture.name}"
    write_whole(folder / "figures" / f"{name}.svg", drawn.svg)
    write_whole(folder / "figures" / f"{name}.pdf", drawn.pdf)
    return {
        "name": name,
        "title": picture.title,
        "caption": picture.caption,
        "svg": drawing.inline_svg(drawn.svg, name, picture.title),
        "csv": _csv(study, picture.name, picture.data, folder),
    }


def _csv(study: str, name: str, data: pd.DataFrame, folder: Path) -> dict[str, str]:
    """Write a CSV file and return its name, its place and itself as a link."""
    content = data.to_csv(index=False).encode()
    path = folder / "tables" / f"{study}-{name}.csv"
    write_whole(path, content)
    encoded = base64.b64encode(content).decode()
    return {"name": path.name, "link": f"data:text/csv;base64,{encoded}"}


def _html(table: pd.DataFrame) -> dict[str, Any]:
    """Return headings and cells, each with its text and class."""
    kinds = ["num" if pd.api.types.is_numeric_dtype(table[c]) else "" for c in table]
    # A standard deviation over a few seeds is known to no more than two digits.
    digits = [2 if name == HEADINGS["spread"] else 4 for name in table]
    rows = [
        [{"text": cell_text(value, places), "kind": _kind(value, kind)}
         for value, kind, places in zip(row, kinds, digits, strict=True)]
        for row in table.itertuples(index=False)
    ]  # fmt: skip
    names = [str(name).replace("_", " ") for name in table.columns]
    return {"head": list(zip(names, kinds, strict=True)), "rows": rows}


def _kind(value: Any, kind: str) -> str:
    """Return the class of a cell: numbers, verdicts and divergence look different."""
    if kind or not isinstance(value, str):
        return kind
    for start, name in (
        ("yes:", "yes"), ("no:", "no"), ("not decidable:", "open"), ("diverged", "no")
    ):  # fmt: skip
        if value.startswith(start):
            return name
    return ""


def cell_text(value: Any, digits: int = 4) -> str:
    """Write a value, a gap as a dash.

    Parameters
    ----------
    value : object
    digits : int, default=4
        Significant digits of a number that is not whole.

    Returns
    -------
    str
    """
    if isinstance(value, (bool, str, int, np.integer)):
        return str(value)
    if value is None or np.isnan(value):
        return "—"
    if value == 0 or (float(value).is_integer() and abs(value) < 1e6):
        return f"{value:g}"
    text = f"{value:.{digits}g}"
    mantissa, _, exponent = text.partition("e")
    raised = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
    power = str(int(exponent)).translate(raised) if exponent else ""
    text = f"{mantissa} \N{MULTIPLICATION SIGN} 10{power}" if power else mantissa
    return text.replace("-", "\N{MINUS SIGN}")
