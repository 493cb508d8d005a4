"""A model to compare, and the kinds of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["constant", "linear", "curved", "network", "yardstick", "user"]

#: From the simplest on; the user's own are as boosting is.
RANKS: dict[str, int] = {
    "constant": 0, "linear": 1, "curved": 2, "yardstick": 3, "user": 3, "network": 4
}  # fmt: skip

#: Linear in their coefficients.
LINEAR = ("constant", "linear", "curved")

NETWORK = "network"


@dataclass(frozen=True)
class Candidate:
    """A model to compare.

    Parameters
    ----------
    name : str
    kind : {"constant", "linear", "curved", "network", "yardstick", "user"}
        "linear" are straight lines; "curved" models bend, and are linear in their
        coefficients.
    estimator : estimator of scikit-learn
        Not fitted.
    description : str
        What it is, in a sentence's words.
    work : float, default=0
        About how many multiplications a fit takes, where that may be too many.
    """

    name: str
    kind: Kind
    estimator: Any
    description: str
    work: float = 0.0


def seeded(estimator: Any, seed: int) -> Any:
    """Return the estimator with every seed that is None set, in place."""
    seeds = {
        name: seed
        for name, value in estimator.get_params().items()
        if (name == "random_state" or name.endswith("__random_state")) and value is None
    }
    return estimator.set_params(**seeds)
