"""What a run can do: the procedures by name."""

from __future__ import annotations

from perceptrons.study import (
    baselines,
    classifiers,
    gradient_check,
    libraries,
    networks,
)
from perceptrons.study.result import Procedure

PROCEDURES: dict[str, Procedure] = {
    "network": networks.PROCEDURE,
    "classifier": classifiers.PROCEDURE,
    "baseline": baselines.PROCEDURE,
    "library": libraries.PROCEDURE,
    "gradient-check": gradient_check.PROCEDURE,
}
