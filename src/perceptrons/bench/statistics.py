"""From seconds to medians, quartiles and ratios; from losses and ratios to verdicts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from perceptrons.bench.workloads import Target, Workload

# What "best peer" means: other frameworks, not our own reference.
NO_PEERS = ("perceptrons", "NumPy")


@dataclass(frozen=True)
class Spread:
    """Median and quartiles."""

    median: float
    low: float
    high: float


@dataclass(frozen=True)
class Verdict:
    """A target and what was reached; ``reached`` None: it was not measured."""

    target: Target
    reached: float | None
    met: bool | None


def spread(seconds: Sequence[float]) -> Spread:
    """Return median and quartiles (linear interpolation)."""
    low, median, high = np.percentile(np.asarray(seconds, float), (25, 50, 75))
    return Spread(float(median), float(low), float(high))


def scaled(
    seconds: float, compile_seconds: float, scale: float, compile_scale: float
) -> float:
    """Return the time of the whole workload from that of a part.

    Compiling goes with the number of architectures, everything else with that of
    networks and epochs.
    """
    return (seconds - compile_seconds) * scale + compile_seconds * compile_scale


def typical(losses: Mapping[int, float], networks: Sequence[int]) -> float:
    """Return the median loss of these networks; a diverged one counts as infinite."""
    values = [losses[index] for index in networks]
    finite = [value if math.isfinite(value) else math.inf for value in values]
    return float(sorted(finite)[(len(finite) - 1) // 2])


def agree(
    ours: Mapping[int, float], theirs: Mapping[int, float], workload: Workload
) -> bool | None:
    """Tell whether final losses agree; None: no network can be compared.

    They do if both are at most ``workload.bound``, or neither is more than
    ``workload.factor`` times the other, in the median over the common networks. Those
    with absurd learning rates are left out: their last losses are chance.
    """
    common = workload.comparable(set(ours) & set(theirs))
    if not common:
        return None
    mine, yours = typical(ours, common), typical(theirs, common)
    if max(mine, yours) <= workload.bound:
        return True
    return max(mine, yours) <= workload.factor * min(mine, yours) < math.inf


def verdict(
    target: Target,
    medians: Mapping[str, float],
    flops: float,
    roof: float | None,
) -> Verdict:
    """Return what became of a target, given median seconds by library."""
    ours = medians.get("perceptrons")
    if ours is None:
        return Verdict(target, None, None)
    if target.against == "seconds":
        return Verdict(target, ours, ours <= target.value)
    if target.against == "roof":
        reached = None if roof is None else flops / ours / roof
    elif target.against == "best peer":
        peers = [value for name, value in medians.items() if name not in NO_PEERS]
        # Without JAX, or onnxruntime for predictions, the best may be missing.
        complete = "JAX" in medians
        reached = min(peers) / ours if peers and complete else None
    else:
        theirs = medians.get(target.against)
        reached = None if theirs is None else theirs / ours
    met = None if reached is None else reached >= target.value
    return Verdict(target, reached, met)
