"""Which engine trains: the NumPy reference, or a compiled one where there is one.

An engine is a class like :class:`perceptrons.objective.Objective`: built from a
problem and the most rows of a batch, with ``value_and_grad``, ``run_epoch`` and
``raw_outputs``. It may decline a case with a reason.
"""

from __future__ import annotations

from dataclasses import dataclass

from perceptrons import _checks
from perceptrons.objective import Objective

ENGINES = ("auto", "numpy", "compiled")


@dataclass(frozen=True)
class Choice:
    """An engine and, in a sentence, why it was chosen."""

    engine: type[Objective]
    reason: str


def choose(name: str) -> Choice:
    """Return the engine for an estimator's ``engine``.

    Parameters
    ----------
    name : {"auto", "numpy", "compiled"}

    Raises
    ------
    ValueError
        For an unknown name, or for "compiled" where it is not installed.
    """
    _checks.choice("engine", name, ENGINES)
    if name == "numpy":
        return Choice(Objective, "asked for")
    if name == "compiled":
        raise ValueError(
            "engine='compiled' is not available: this version of perceptrons has no "
            "compiled engine; use engine='auto' or engine='numpy'."
        )
    return Choice(Objective, "this version of perceptrons has no compiled engine")
