"""Targets in the domain of a loss."""

import numpy as np
from scipy.special import expit, softmax

from perceptrons.losses import LOSSES


def targets(loss, shape, rng, *, shares=False):
    """Draw counts, classes or numbers; shares of classes where they are wanted."""
    link = (LOSSES[loss] if isinstance(loss, str) else loss).link.name
    signal = rng.normal(size=shape)
    if link == "exp":
        return rng.poisson(2.0, shape).astype(float)
    if link == "logistic":
        return expit(signal) if shares else (signal > 0).astype(float)
    if link == "softmax":
        n_classes = shape[1]
        return (
            softmax(signal, axis=1) if shares else np.eye(n_classes)[signal.argmax(1)]
        )
    return signal
