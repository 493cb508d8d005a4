"""What came out: sentences of the abstract, and the claims that fell."""

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from perceptrons.report import compared, outcome
from perceptrons.report.claims import VERDICTS, Claim
from perceptrons.report.sections import hypotheses
from perceptrons.report.study import Study
from perceptrons.study.experiment import builtin
from perceptrons.study.shipped import BUILTIN

ROOT = Path(__file__).parents[2]


def texts():
    """Return the text of every claim of the report."""
    found = [row.text for rows in hypotheses.ROWS.values() for row in rows]
    for name in BUILTIN:
        path = f"perceptrons.report.sections.{name.replace('-', '_')}"
        measure = Study(builtin(name), [], None).measure
        rows = import_module(path).CLAIMS
        found += [row.text.format(measure=measure) for row in rows]
    return [*found, *(one.text for one in compared.CONCLUSIONS)]


def test_every_sentence_of_the_abstract_is_judged_by_claims():
    claims = texts()
    for starts in outcome.ABSTRACT.values():
        for start in starts:
            assert any(text.startswith(start) for text in claims), start


def test_the_shipped_verdicts_are_of_claims_that_are_made():
    assert set(outcome.shipped().verdicts) <= set(texts())


@pytest.mark.skipif(not (ROOT / "docs").exists(), reason="reads the repository")
def test_the_page_of_verdicts_before_and_now_is_what_its_script_prints():
    printed = subprocess.run(
        [sys.executable, ROOT / "scripts" / "verdicts"], check=True, capture_output=True
    )
    page = ROOT / "docs" / "report-verdicts.md"
    assert printed.stdout.decode().splitlines() == page.read_text("utf-8").splitlines()


def test_no_two_claims_have_one_text():
    assert len(set(texts())) == len(texts())


def claim(text, verdict, fails):
    return Claim(text, "Fig. 1", verdict, "numbers", fails=fails)


def test_what_fell_is_the_clearest_of_every_study_the_clearest_first():
    parts = [
        [claim("a", "not confirmed", 2), claim("b", "not confirmed", 3)],
        [claim("c", "confirmed", 0)],
        [claim("d", "not confirmed", 4), claim("e", "not decidable", 1)],
    ]
    found = outcome.outcome(parts)
    assert [one.text for one in found.fell] == ["d", "b"]
    assert found.total == 5
    assert dict(found.tally)["not confirmed"] == 3


def test_verdicts_come_back_from_their_file(monkeypatch, tmp_path):
    parts = [[claim("a", "not confirmed", 2)], [claim("b", "confirmed", 0)]]
    (tmp_path / "verdicts.json").write_bytes(outcome.as_json("abc", 3, parts))
    monkeypatch.setattr(outcome.resources, "files", lambda package: tmp_path)
    assert outcome.shipped() == outcome.Shipped("abc", 3, parts)


@pytest.mark.parametrize(
    ("status", "verdicts"),
    [
        ("justified", {"runge": "not confirmed", "mnist": "confirmed"}),
        ("not justified", {"runge": "confirmed", "mnist": "not confirmed"}),
        ("undecided", {"runge": "not decidable", "mnist": "not decidable"}),
    ],
)
def test_the_main_conclusion_follows_the_verdict_of_compare(
    monkeypatch, tmp_path, status, verdicts
):
    table = {
        "rows": "ten rows", "split": "3 x 5", "metric": "RMSE", "means": {"OLS": 2.0},
        "command": "perceptrons compare", "commit": "abc",
        "verdict": {"status": status, "sentence": "So it is.", "steps": []},
    }  # fmt: skip
    both = json.dumps(dict.fromkeys(verdicts, table))
    (tmp_path / "compared.json").write_text(both, encoding="utf-8")
    monkeypatch.setattr(compared.resources, "files", lambda package: tmp_path)
    claims = compared.claims()
    found = zip(compared.CONCLUSIONS, claims, strict=True)
    assert {one.table: claim.verdict for one, claim in found} == verdicts
    assert all("So it is." in claim.evidence for claim in claims)


def test_the_shipped_conclusions_are_whole():
    for one in compared.claims():
        assert one.verdict in VERDICTS.values()
        assert "perceptrons compare" in one.evidence
