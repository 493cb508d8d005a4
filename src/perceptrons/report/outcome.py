"""What came out: the report's abstract and its claims, in half a page."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

from perceptrons.report.claims import HERE, VERDICTS, Claim
from perceptrons.report.section import Section

#: Which report this is.
REPORT = {
    "title": "Developing a Feed-Forward Neural Network from Scratch for Regression and "
    "Classification Analysis",
    "authors": "Jenny Guldvog, Ingvid Olden Bjerkelund, Sverre Johansen and Kjersti "
    "Stangeland",
    "place": "FYS-STK4155, Project 2, University of Oslo, November 10, 2025",
    "question": "When is the added complexity of a neural network justified compared "
    "to traditional regression?",
}

#: Sentences of the abstract, each with the beginnings of the claims that it sums up.
ABSTRACT = {
    "Neural networks outperform linear regression for nonlinear problems …": (
        "Neural networks outperform linear regression",
        "A network classifies MNIST better than a linear model",
    ),
    "… especially with ReLU and Leaky ReLU activations …": (
        "ReLU outperforms sigmoid",
    ),
    "… while regularization offers limited benefits for smooth functions.": (
        "Sigmoid generalizes as well without a penalty",
        "ReLU: a penalty provides little benefit",
        "Leaky ReLU: a penalty provides limited benefit",
    ),
    "The custom implementation performs comparably to established libraries …": (
        "The FFNN has the lowest test MSE",
        "In the other settings all four reach similar",
    ),
    "… and the MNIST classifier achieves over 96\N{NO-BREAK SPACE}% accuracy.": (
        "The classifier reaches over 96 %",
    ),
    "Their added complexity is not always necessary for simple regression tasks.": (
        "The added complexity of networks is not always necessary",
    ),
}

_FOR, _AGAINST = ((VERDICTS[answer], HERE[answer]) for answer in (True, False))

# How many of the claims that fell are told on the first screen.
_FEW = 5


@dataclass(frozen=True)
class Outcome:
    """What a reader wants to know first.

    Parameters
    ----------
    abstract : list of (str, list of Claim)
        Every sentence with the claims that judge it.
    tally : list of (str, int)
        Verdicts, the most frequent first.
    total : int
        Claims.
    fell : list of Claim
        Of every study the one with most seeds against it, few of them.
    """

    abstract: list[tuple[str, list[Claim]]]
    tally: list[tuple[str, int]]
    total: int
    fell: list[Claim]


def outcome(sections: Sequence[Section], hypotheses: Sequence[Claim]) -> Outcome:
    """Sum up the claims of a whole report.

    Parameters
    ----------
    sections : sequence of Section
    hypotheses : sequence of Claim
    """
    claims = [*(c for section in sections for c in section.claims), *hypotheses]
    found = {
        sentence: [c for c in claims if c.text.startswith(starts)]
        for sentence, starts in ABSTRACT.items()
    }
    # One of each study: several would say much the same. What shorter training or a
    # stand-in could not show has not fallen.
    parts = [*(section.claims for section in sections), hypotheses]
    fallen = ([claim for claim in part if claim.verdict in _AGAINST] for part in parts)
    fell = [max(part, key=lambda claim: claim.fails) for part in fallen if part]
    fell.sort(key=lambda claim: -claim.fails)
    tally = Counter(claim.verdict for claim in claims).most_common()
    return Outcome(list(found.items()), tally, len(claims), fell[:_FEW])


def as_json(
    sections: Sequence[Section], hypotheses: Sequence[Claim], commit: str
) -> bytes:
    """Return every verdict with its seeds, for a page of shortened training to show.

    Parameters
    ----------
    sections : sequence of Section
    hypotheses : sequence of Claim
    commit : str
        Of the code that found them.
    """
    claims = [*(c for section in sections for c in section.claims), *hypotheses]
    verdicts = {claim.text: [claim.verdict, claim.seeds] for claim in claims}
    return json.dumps({"commit": commit, "verdicts": verdicts}, indent=1).encode()


def shipped() -> dict[str, Any]:
    """Return the verdicts of full training that come with this package, if any do."""
    file = resources.files("perceptrons.report") / "verdicts.json"
    if not file.is_file():
        return {"commit": "", "verdicts": {}}
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def finding(claims: Sequence[Claim]) -> str:
    """Return what a study found: how many claims stand, and one of either kind.

    Parameters
    ----------
    claims : sequence of Claim
    """
    stand = [claim for claim in claims if claim.verdict in _FOR]
    fell = [claim for claim in claims if claim.verdict in _AGAINST]
    words = [f"{len(stand)} of {len(claims)} claims hold, {len(fell)} fail."]
    words += [f"Holds: {claim.text}" for claim in stand[:1]]
    words += [f"Fails: {claim.text}" for claim in fell[:1]]
    return " ".join(words)
