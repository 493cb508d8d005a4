"""One candidate on some rows: prepared, fitted, asked for predictions, counted."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from perceptrons.comparison.candidate import Candidate, seeded
from perceptrons.comparison.task import Task
from perceptrons.comparison.ties import Ties, tied
from perceptrons.threads import heed_ctrl_c

Array = NDArray[np.floating[Any]]


def seed_of(*path: int) -> int:
    """Return the seed of one fit, the same whichever other fits there are."""
    return int(np.random.SeedSequence(path).generate_state(1)[0] >> 1)


def fit(
    candidate: Candidate, X: Any, y: NDArray[Any], seed: int, task: Task, ties: Ties
) -> tuple[Any, float]:
    """Return a fitted clone and the seconds it took; the ties are of these rows."""
    with _naming(candidate, "be fitted"), quiet():
        model = seeded(clone(candidate.estimator), seed)
        own, classes = candidate.kind != "user", task.classes is not None
        further = tied(model, ties, y, seed, own=own, classes=classes)
        start = time.perf_counter()
        model.fit(X, y, **further)
        return model, time.perf_counter() - start


def predict(candidate: Candidate, task: Task, model: Any, X: Any) -> Array:
    """Return the checked predictions of a fitted candidate."""
    with _naming(candidate, "predict"):
        return task.predict(model, X)


@contextmanager
def _naming(candidate: Candidate, what: str) -> Iterator[None]:
    """Say whose error it is."""
    try:
        yield
    except Exception as error:
        raise ValueError(
            f"candidate {candidate.name!r} could not {what} ({type(error).__name__}: "
            f"{error}); leave it out or mend its settings."
        ) from error


@contextmanager
def quiet() -> Iterator[None]:
    """Keep still about strengths at which an inner fit did not converge.

    Ctrl-C ends the comparison, though a network would return half a training.
    """
    with heed_ctrl_c(), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", "Training interrupted", UserWarning)
        yield


def n_parameters(model: Any) -> float:
    """Return the number of fitted parameters; NaN if the model does not tell."""
    model = getattr(model, "best_estimator_", model)
    if hasattr(model, "steps"):
        return n_parameters(model.steps[-1][1])
    if hasattr(model, "n_parameters_"):
        return float(model.n_parameters_)
    for weights, offsets in (("coefs_", "intercepts_"), ("coef_", "intercept_")):
        if hasattr(model, weights):
            arrays = [getattr(model, weights), getattr(model, offsets)]
            lists = [a if isinstance(a, list) else [a] for a in arrays]
            return float(sum(np.size(array) for arrays in lists for array in arrays))
    if hasattr(model, "_predictors"):
        # A split has a column and a threshold, a leaf a value.
        trees = [tree.nodes["is_leaf"] for step in model._predictors for tree in step]
        return float(sum(2 * np.size(leaf) - np.sum(leaf) for leaf in trees))
    constants = getattr(model, "constant_", getattr(model, "class_prior_", None))
    return float("nan") if constants is None else float(np.size(constants))
