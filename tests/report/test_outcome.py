"""What came out: sentences of the abstract, and the claims that fell."""

from importlib import import_module
from types import SimpleNamespace

from perceptrons.report import outcome
from perceptrons.report.claims import Claim
from perceptrons.report.sections import hypotheses
from perceptrons.report.study import Study
from perceptrons.study.experiment import builtin
from perceptrons.study.shipped import BUILTIN


def texts():
    """Return the text of every claim of the report."""
    found = [row.text for rows in hypotheses.ROWS.values() for row in rows]
    for name in BUILTIN:
        path = f"perceptrons.report.sections.{name.replace('-', '_')}"
        measure = Study(builtin(name), [], None).measure
        rows = import_module(path).CLAIMS
        found += [row.text.format(measure=measure) for row in rows]
    return found


def test_every_sentence_of_the_abstract_is_judged_by_claims():
    claims = texts()
    for starts in outcome.ABSTRACT.values():
        for start in starts:
            assert any(text.startswith(start) for text in claims), start


def test_the_shipped_verdicts_are_of_claims_that_are_made():
    assert set(outcome.shipped()["verdicts"]) <= set(texts())


def test_no_two_claims_have_one_text():
    assert len(set(texts())) == len(texts())


def claim(text, verdict, fails):
    return Claim(text, "Fig. 1", verdict, "numbers", fails=fails)


def test_what_fell_is_the_clearest_of_every_study_the_clearest_first():
    sections = [
        SimpleNamespace(
            claims=[claim("a", "not confirmed", 2), claim("b", "not confirmed", 3)]
        ),
        SimpleNamespace(claims=[claim("c", "confirmed", 0)]),
    ]
    expected = [claim("d", "not confirmed", 4), claim("e", "not decidable", 1)]
    found = outcome.outcome(sections, expected)
    assert [one.text for one in found.fell] == ["d", "b"]
    assert found.total == 5
    assert dict(found.tally)["not confirmed"] == 3
