"""Claims that a reader states in a study's file, before anything is trained.

Each is a table ``[[claims]]``::

    text        the claim in a sentence
    lower       settings of the runs that shall have the lower measure
    than        settings of those they are compared with; all others if left out
    like        true: alike is claimed, not lower
    each        settings in whose every group it is asked
    agree       "all" groups (unless said otherwise) or "most"
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from perceptrons.report import ties
from perceptrons.report.claims import Row, all_of, mostly
from perceptrons.report.contests import Contest
from perceptrons.report.picks import REST, Pick

_AGREE = {"all": all_of, "most": mostly}


def rows(claims: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Return the claims of a study's file as rows that can be judged.

    Parameters
    ----------
    claims : sequence of mapping
        Checked by :mod:`perceptrons.study.experiment`.
    """
    return [
        Row(
            claim["text"].replace("{", "{{").replace("}", "}}"),
            "stated before training",
            Contest(
                _runs(claim["lower"]),
                _runs(claim["than"]) if "than" in claim else REST,
                each=claim.get("each", []),
                by=ties.alike if claim.get("like") else ties.lower,
                agree=_AGREE[claim.get("agree", "all")],
            ),
        )
        for claim in claims
    ]


def _runs(settings: Mapping[str, Any]) -> Pick:
    """Return a pick by settings, lists as the table of runs writes them."""
    where = {
        name: ", ".join(map(str, value)) if isinstance(value, list) else value
        for name, value in settings.items()
    }
    words = ", ".join(f"{name} {value}" for name, value in where.items())
    # The table of runs calls a baseline's setting "model" its kind.
    columns = {"kind" if name == "model" else name: v for name, v in where.items()}
    return Pick(words or "all", columns)
