"""Sections become one self-contained page and the files beside it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
from matplotlib.figure import Figure
from sklearn.utils.parallel import delayed

from perceptrons.data import public
from perceptrons.report import drawing, pdf, ties
from perceptrons.report.cells import grid
from perceptrons.report.claims import Claim
from perceptrons.report.files import carrying_link, part_of
from perceptrons.report.section import Picture, Section, Table
from perceptrons.report.tables import runs_table, settings_table, shown_runs
from perceptrons.study import provenance, workers

# Below this many figures, other processes would begin drawing too late to help.
_WORTH_SHARING = 8


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
    own : bool, default=False
        Whether the study is the reader's own, not one of the report.
    """

    command: str
    quick: bool
    seeds: list[int]
    own: bool = False


def write(
    sections: Sequence[Section],
    facts: Facts,
    folder: Path,
    *,
    hypotheses: Sequence[Claim] = (),
    jobs: int = 1,
    printed: bool = False,
) -> Path:
    """Write page, figures and tables, each file whole or not at all.

    Parameters
    ----------
    sections : sequence of Section
    facts : Facts
    folder : Path
        Made if missing; files of an earlier report are replaced.
    hypotheses : sequence of Claim, default=()
        Of the report as a whole; a section of their own.
    jobs : int, default=1
        Processes that draw.
    printed : bool, default=False
        Write report.pdf, too.

    Returns
    -------
    Path
        Of index.html, or of report.pdf if that was asked for.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    drawings = _draw(sections, folder, jobs)
    context = {
        "sections": [
            _section(section, drawings, folder, facts.quick) for section in sections
        ],
        "facts": facts,
        "hypotheses": hypotheses,
        "hypotheses_tally": _tally(hypotheses),
        "tie": f"{ties.TIE:.0%}",
        "commit": provenance.commit(),
        "versions": provenance.versions(),
        "machine": provenance.machine(),
        "made": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    }
    page = folder / "index.html"
    write_whole(page, _render(context, paper=False).encode())
    if not printed:
        return page
    paper = folder / "report.pdf"
    write_whole(paper, pdf.convert(_render(context, paper=True), folder))
    return paper


def _tally(claims: Sequence[Claim]) -> list[tuple[str, int]]:
    """Count the verdicts, the most frequent first."""
    return Counter(claim.verdict for claim in claims).most_common()


def _render(context: dict[str, Any], *, paper: bool) -> str:
    """Fill the template, for a browser or for paper."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("perceptrons.report", "."),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html.j2").render(**context, paper=paper)


def _draw(
    sections: Sequence[Section], folder: Path, jobs: int
) -> dict[str, drawing.Drawing]:
    """Draw every picture and write its files; the drawings by name."""
    pictures = {
        f"{section.study.experiment.name}-{picture.name}": picture
        for section in sections
        for picture in section.pictures
    }
    ask = workers.pool(jobs if len(pictures) >= _WORTH_SHARING else 1)
    drawn = ask(delayed(_drawn)(p.draw, p.data) for p in pictures.values())
    drawings = dict(zip(pictures, drawn, strict=True))
    for name, files in drawings.items():
        write_whole(folder / "figures" / f"{name}.svg", files.svg)
        write_whole(folder / "figures" / f"{name}.pdf", files.pdf)
    return drawings


def _drawn(
    draw: Callable[[pd.DataFrame], Figure], data: pd.DataFrame
) -> drawing.Drawing:
    """Draw one picture, in whatever process this is."""
    return drawing.draw(draw(data))


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is never seen half written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = part_of(path)
    try:
        part.write_bytes(content)
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _section(
    section: Section,
    drawings: Mapping[str, drawing.Drawing],
    folder: Path,
    quick: bool,
) -> dict[str, Any]:
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
            f"{k} = {v} instead of {experiment.axes.get(k, experiment.base.get(k))}"
            for k, v in overrides.items()
        ),
        "settings": grid(settings_table(settings)),
        "extra": extra,
        "engines": ", ".join(sorted(set(section.study.table["engine"]) - {""})),
        "commits": ", ".join(sorted({r.commit for r in section.study.records})),
        "dataset": _data_sentence(section),
        "claims": section.claims,
        "tally": _tally(section.claims),
        "hints": section.hints,
        "failures": section.failures,
        "tables": [_table(experiment.name, table, folder) for table in section.tables],
        "pictures": [
            _picture(experiment.name, picture, drawings, folder)
            for picture in section.pictures
        ],
        "list": _runs(section, folder),
    }


def _data_sentence(section: Section) -> str:
    """Describe the data and its realized noise, seed by seed."""
    from perceptrons.data import source

    names = section.study.experiment.datasets
    if not any(source(name).seeded for name in names):
        return " ".join(source(name).description for name in names)
    return " ".join(_noise_sentence(name, section.study.seeds) for name in names)


def _noise_sentence(name: str, seeds: Sequence[int]) -> str:
    """Describe one data set and its realized noise, seed by seed."""
    from perceptrons.data import source

    sets = {seed: source(name)(seed) for seed in seeds}
    if any(data.f_test is None for data in sets.values()):
        return source(name).description
    noise = "; ".join(
        f"seed {seed}: {data.noise_train:.4g} train, {data.noise_test:.4g} test, "
        f"SHA-256 {data.sha[:12]}"
        for seed, data in sets.items()
    )
    return f"{source(name).description} Realized noise: {noise}."


def _table(study: str, table: Table, folder: Path) -> dict[str, Any]:
    """Write a table's CSV file and return what the template prints."""
    return {
        "title": table.title,
        "note": table.note,
        "folded": table.folded,
        "html": grid(table.data),
        "csv": _csv(study, table.name, table.data, folder),
    }


def _picture(
    study: str, picture: Picture, drawings: Mapping[str, drawing.Drawing], folder: Path
) -> dict[str, Any]:
    """Write a picture's numbers and return what the template prints."""
    name = f"{study}-{picture.name}"
    return {
        "name": name,
        "title": picture.title,
        "caption": picture.caption,
        "svg": drawing.inline_svg(drawings[name].svg, name, picture.title),
        "csv": _csv(study, picture.name, picture.data, folder),
    }


def _runs(section: Section, folder: Path) -> dict[str, Any]:
    """Write the list of all runs and return what the template prints of it."""
    study = section.study
    full = runs_table(study.records)
    full["dataset"] = full["dataset"].map(public)
    versions = Counter(full["versions"]).most_common()
    return {
        "rows": grid(shown_runs(study.table)),
        "keys": study.table["key"].tolist(),
        "csv": _csv(study.experiment.name, "runs", full, folder),
        "versions": [(text, count) for text, count in versions],
    }


def _csv(study: str, name: str, data: pd.DataFrame, folder: Path) -> dict[str, str]:
    """Write a CSV file and return its name, its place and itself as a link."""
    content = data.to_csv(index=False).encode()
    path = folder / "tables" / f"{study}-{name}.csv"
    write_whole(path, content)
    return {"name": path.name, "link": carrying_link(content)}
