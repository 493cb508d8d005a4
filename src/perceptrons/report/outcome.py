"""What came out: the report's abstract and its claims, in half a page."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

from perceptrons.report.claims import HERE, VERDICTS, Claim

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
        "On handwritten digits (MNIST) a network is justified",
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
        "On Runge's function a network is not justified",
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


def outcome(parts: Sequence[Sequence[Claim]]) -> Outcome:
    """Sum up the claims of a whole report.

    Parameters
    ----------
    parts : sequence of sequence of Claim
        Those of every study, then the hypotheses.
    """
    claims = [claim for part in parts for claim in part]
    found = {
        sentence: [c for c in claims if c.text.startswith(starts)]
        for sentence, starts in ABSTRACT.items()
    }
    # One of each study: several would say much the same. What shorter training or a
    # stand-in could not show has not fallen.
    fallen = ([claim for claim in part if claim.verdict in _AGAINST] for part in parts)
    fell = [max(part, key=lambda claim: claim.fails) for part in fallen if part]
    fell.sort(key=lambda claim: -claim.fails)
    return Outcome(list(found.items()), tally(claims), len(claims), fell[:_FEW])


def tally(claims: Sequence[Claim]) -> list[tuple[str, int]]:
    """Count the verdicts, the most frequent first."""
    return Counter(claim.verdict for claim in claims).most_common()


@dataclass(frozen=True)
class Shipped:
    """The verdicts of full training that come with this package.

    Parameters
    ----------
    commit : str
        Of the code that trained the runs.
    seeds : int
        How many, of the studies with most.
    parts : list of list of Claim
    """

    commit: str
    seeds: int
    parts: list[list[Claim]]

    @property
    def verdicts(self) -> dict[str, Claim]:
        """The claims by their texts."""
        return {claim.text: claim for part in self.parts for claim in part}


def as_json(commit: str, seeds: int, parts: Sequence[Sequence[Claim]]) -> bytes:
    """Return verdicts as :func:`shipped` reads them.

    Parameters
    ----------
    commit : str
        Of the code that trained the runs.
    seeds : int
    parts : sequence of sequence of Claim
    """
    rows = [[vars(claim) for claim in part] for part in parts]
    found = {"commit": commit, "seeds": seeds, "parts": rows}
    return json.dumps(found, indent=1).encode()


def shipped() -> Shipped:
    """Return the verdicts of full training, for a page of shortened training to show.

    They are what the whole report wrote as verdicts.json.
    """
    file = resources.files("perceptrons.report") / "verdicts.json"
    found = json.loads(file.read_text(encoding="utf-8"))
    parts = [[Claim(**claim) for claim in part] for part in found["parts"]]
    return Shipped(found["commit"], found["seeds"], parts)


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
