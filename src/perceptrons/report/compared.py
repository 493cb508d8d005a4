"""The report's main conclusion, by the verdict of ``perceptrons compare``.

Whether a network is justified is more than an error on one split: it takes
cross-validation of a dozen models. Its outcome on the report's two kinds of data comes
with this package as ``compared.json``; ``scripts/compared`` makes that file anew.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

from perceptrons.report.claims import VERDICTS, Claim

_FOUND = {"justified": True, "not justified": False, "undecided": None}


@dataclass(frozen=True)
class Conclusion:
    """A sentence of the conclusion, and on which table it is judged.

    Parameters
    ----------
    text : str
    table : str
        A key of ``compared.json``.
    justified : bool
        Whether the sentence says that a network is.
    """

    text: str
    table: str
    justified: bool


CONCLUSIONS = (
    Conclusion(
        "On Runge's function a network is not justified over models that are linear in "
        "their coefficients.",
        "runge",
        False,
    ),
    Conclusion(
        "On handwritten digits (MNIST) a network is justified over linear models.",
        "mnist",
        True,
    ),
)


def claims() -> list[Claim]:
    """Return the conclusions with their verdicts."""
    file = resources.files("perceptrons.report") / "compared.json"
    tables = json.loads(file.read_text(encoding="utf-8"))
    return [_judged(one, tables[one.table]) for one in CONCLUSIONS]


def _judged(conclusion: Conclusion, table: Mapping[str, Any]) -> Claim:
    """Set a conclusion beside what was found on its table."""
    found = _FOUND[table["verdict"]["status"]]
    answer = None if found is None else found is conclusion.justified
    errors = ", ".join(f"{name} {mean:.4g}" for name, mean in table["means"].items())
    steps = [
        f"{step['question']} {step['answer'].capitalize()}: {step['candidate']} over "
        f"{step['against']}, gain {step['gain']:.1%} ({step['low']:.1%} to "
        f"{step['high']:.1%})."
        for step in table["verdict"]["steps"]
    ]
    return Claim(
        conclusion.text,
        "abstract; perceptrons compare",
        VERDICTS[answer],
        "\n".join(
            [
                table["verdict"]["sentence"],
                f"{table['rows']}; {table['split']}; {table['metric']}, the mean of "
                f"all folds: {errors}.",
                *steps,
                f"{table['command']} (commit {table['commit']})",
            ]
        ),
    )
