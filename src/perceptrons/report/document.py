"""Sections become one self-contained page and the files beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from sklearn.utils.parallel import delayed

from perceptrons import provenance, work
from perceptrons.data import public, source
from perceptrons.pages import pdf
from perceptrons.pages.drawing import Drawing, draw
from perceptrons.pages.files import Files
from perceptrons.pages.template import render
from perceptrons.report import outcome, ties
from perceptrons.report.cells import grid
from perceptrons.report.claims import Claim
from perceptrons.report.section import Picture, Section, Table
from perceptrons.report.tables import runs_table, settings_table, shown_runs

# As many runs as a page lists; more are in the file beside it alone.
_LISTED = 100

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
    part : bool, default=False
        Whether some studies of the report are left out.
    """

    command: str
    quick: bool
    seeds: list[int]
    own: bool = False
    part: bool = False


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
    files = Files()
    context = _context(sections, facts, hypotheses, _draw(sections, jobs), files)
    html, on_paper = (
        render(__package__, "page.html.j2", **context, paper=paper)
        for paper in (False, True)
    )
    files.contents["index.html"] = html.encode()
    if not (facts.own or facts.quick or facts.part):
        files.contents["verdicts.json"] = outcome.as_json(
            _commits(*sections), len(facts.seeds), _parts(sections, hypotheses)
        )
    files.write(folder)
    if not printed:
        return folder / "index.html"
    Files({"report.pdf": pdf.convert(on_paper, folder)}).write(folder)
    return folder / "report.pdf"


def _context(
    sections: Sequence[Section],
    facts: Facts,
    hypotheses: Sequence[Claim],
    drawings: Mapping[str, Drawing],
    files: Files,
) -> dict[str, Any]:
    """Return what the template prints."""
    # Shortened training gives no verdict on the report: those of full training do.
    shipped = outcome.shipped() if facts.quick and not facts.own else None
    return {
        "sections": [
            _section(section, drawings, files, facts.quick) for section in sections
        ],
        "facts": facts,
        "hypotheses": hypotheses,
        "hypotheses_tally": outcome.tally(hypotheses),
        "report": outcome.REPORT,
        "outcome": outcome.outcome(
            shipped.parts if shipped else _parts(sections, hypotheses)
        ),
        # How many seeds what came out rests on.
        "n_seeds": shipped.seeds if shipped else len(facts.seeds),
        "shipped": shipped,
        "tie": f"{ties.TIE:.0%}",
        "commit": provenance.commit(),
        "versions": provenance.versions(),
        "machine": provenance.machine(),
        "made": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    }


def _parts(
    sections: Sequence[Section], hypotheses: Sequence[Claim]
) -> list[Sequence[Claim]]:
    """Return the claims of every study, then the hypotheses."""
    return [*(section.claims for section in sections), hypotheses]


def _commits(*sections: Section) -> str:
    """Return the commits of the code that trained the runs."""
    records = (record for section in sections for record in section.study.records)
    return ", ".join(sorted({record.commit for record in records}))


def _draw(sections: Sequence[Section], jobs: int) -> dict[str, Drawing]:
    """Draw every picture; the drawings by name."""
    pictures = {
        f"{section.study.experiment.name}-{picture.name}": picture
        for section in sections
        for picture in section.pictures
    }
    ask = work.pool(jobs if len(pictures) >= _WORTH_SHARING else 1)
    drawn = ask(delayed(_drawn)(p.draw, p.data) for p in pictures.values())
    return dict(zip(pictures, drawn, strict=True))


def _drawn(make: Callable[[pd.DataFrame], Figure], data: pd.DataFrame) -> Drawing:
    """Draw one picture, in whatever process this is."""
    return draw(make(data))


def _section(
    section: Section,
    drawings: Mapping[str, Drawing],
    files: Files,
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
        "commits": _commits(section),
        "dataset": _data_sentence(section),
        "claims": section.claims,
        "finding": outcome.finding(section.claims),
        "tally": outcome.tally(section.claims),
        "hints": section.hints,
        "failures": section.failures,
        "tables": [_table(experiment.name, table, files) for table in section.tables],
        "pictures": [
            _picture(experiment.name, picture, drawings, files)
            for picture in section.pictures
        ],
        "list": _runs(section, files),
    }


def _data_sentence(section: Section) -> str:
    """Describe the data and its realized noise, seed by seed."""
    names = section.study.experiment.datasets
    if not any(source(name).seeded for name in names):
        return " ".join(source(name).description for name in names)
    return " ".join(_noise_sentence(name, section.study.seeds) for name in names)


def _noise_sentence(name: str, seeds: Sequence[int]) -> str:
    """Describe one data set and its realized noise, seed by seed."""
    sets = {seed: source(name)(seed) for seed in seeds}
    if any(data.f_test is None for data in sets.values()):
        return source(name).description
    noise = "; ".join(
        f"seed {seed}: {data.noise_train:.4g} train, {data.noise_test:.4g} test, "
        f"SHA-256 {data.sha[:12]}"
        for seed, data in sets.items()
    )
    return f"{source(name).description} Realized noise: {noise}."


def _table(study: str, table: Table, files: Files) -> dict[str, Any]:
    """Write a table's CSV file and return what the template prints."""
    return {
        "title": table.title,
        "note": table.note,
        "folded": table.folded,
        "html": grid(table.data),
        "csv": files.csv(f"{study}-{table.name}", table.data),
    }


def _picture(
    study: str, picture: Picture, drawings: Mapping[str, Drawing], files: Files
) -> dict[str, Any]:
    """Add a picture with its numbers and return what the template prints."""
    name = f"{study}-{picture.name}"
    return files.picture(
        name, picture.title, picture.caption, drawings[name], picture.data
    )


def _runs(section: Section, files: Files) -> dict[str, Any]:
    """Write the list of all runs and return what the template prints of it."""
    study = section.study
    full = runs_table(study.records)
    full["dataset"] = full["dataset"].map(public)
    few = len(study.records) <= _LISTED
    return {
        "rows": grid(shown_runs(study.table)) if few else None,
        "keys": study.table["key"].tolist(),
        "csv": files.csv(f"{study.experiment.name}-runs", full),
    }
