"""The procedure "classifier": fit a public classifier and count its errors."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perceptrons import MLPClassifier, losses
from perceptrons.data import Dataset
from perceptrons.history import DivergedError
from perceptrons.study import networks
from perceptrons.study.result import Procedure, Result


def check(settings: Mapping[str, Any]) -> None:
    """Refuse settings that cannot be run.

    Parameters
    ----------
    settings : mapping
        Arguments of :class:`perceptrons.MLPClassifier`.

    Raises
    ------
    ValueError, TypeError
        Naming the argument, the rule, what came, and a remedy.
    """
    model = networks.estimator(MLPClassifier, settings)
    loss = "cross_entropy" if model.loss == "log_loss" else model.loss
    networks.check_model(model, losses.resolve(loss), 3)


def memory(settings: Mapping[str, Any], shape: tuple[int, int]) -> int:
    """Return the bytes that training needs, roughly; see :func:`networks.memory`."""
    return networks.memory_of(networks.estimator(MLPClassifier, settings), shape, 10)


def run(settings: Mapping[str, Any], dataset: Dataset, seed: int) -> Result:
    """Train one network and count its errors on all parts of the data.

    Parameters
    ----------
    settings : mapping
        Arguments of :class:`perceptrons.MLPClassifier`.
    dataset : Dataset
        Its targets classes.
    seed : int
        The estimator's ``random_state``.

    Returns
    -------
    Result
        Metrics of both parts: the share of rows that are misclassified, and the mean
        cross-entropy; of the rows that validate, where there are some, too. Curves:
        the cost of each epoch, and the confusion matrices ``train_confusion`` and
        ``test_confusion`` of shape (K, K), true classes in rows.
        Of a network that diverged the metrics are NaN and the counts 0.
    """
    model = networks.estimator(MLPClassifier, settings, seed)
    n_classes = len(np.unique(dataset.y_train))
    n_features = dataset.X_train.shape[1]
    n_parameters = networks.count_parameters(model, n_features, n_classes)
    try:
        networks.fit(model, dataset)
    except DivergedError as error:
        metrics, curves = _measured(None, dataset, n_classes)
        return Result(
            metrics=metrics,
            curves={**curves, "cost": np.empty(0)},
            reason="diverged",
            message=str(error),
            n_parameters=n_parameters,
            engine="",
        )
    outcome = model.outcome_
    diverged = outcome.reason == "diverged"
    metrics, curves = _measured(None if diverged else model, dataset, n_classes)
    cost = networks.finite(model.history_.columns["loss"])
    return Result(
        metrics=metrics,
        curves={**curves, "cost": cost},
        reason=outcome.reason,
        message=outcome.message,
        epochs=outcome.epochs,
        seconds=outcome.seconds,
        n_parameters=n_parameters,
        engine=outcome.engine,
    )


def _measured(
    model: Any, dataset: Dataset, n_classes: int
) -> tuple[dict[str, float], dict[str, NDArray[Any]]]:
    """Measure a model on all parts; NaN and zeros without one."""
    metrics: dict[str, float] = {}
    curves: dict[str, NDArray[Any]] = {}
    parts = {
        "train": (dataset.X_train, dataset.y_train),
        "test": (dataset.X_test, dataset.y_test),
        **({"validation": dataset.validation} if dataset.validation else {}),
    }
    for part, (X, y) in parts.items():
        counts = np.zeros((n_classes, n_classes), np.int64)
        wrong = entropy = math.nan
        if model is not None:
            probabilities = model.predict_proba(X)
            truth = np.searchsorted(model.classes_, y)
            predicted = probabilities.argmax(axis=1)
            cells = np.bincount(truth * n_classes + predicted, minlength=n_classes**2)
            counts = cells.reshape(n_classes, n_classes)
            wrong = float(np.mean(predicted != truth))
            entropy = _cross_entropy(probabilities, truth)
        metrics |= {f"{part}_error": wrong, f"{part}_cross_entropy": entropy}
        curves[f"{part}_confusion"] = counts
    return metrics, curves


def _cross_entropy(probabilities: NDArray[Any], truth: NDArray[np.intp]) -> float:
    """Return the mean of -ln p of the true class, eq. (18).

    A probability that has rounded to 0 counts as the smallest number of its kind, so
    that one row cannot make the mean infinite.
    """
    own = probabilities[np.arange(len(truth)), truth]
    least = np.finfo(own.dtype).smallest_subnormal
    return float(np.mean(-np.log(np.maximum(own, least), dtype=np.float64)))


def _work(settings: Mapping[str, Any]) -> float:
    """Return about the seconds that training on 56,000 images takes on one core."""
    sizes = [784, *settings.get("hidden_layer_sizes", [100]), 10]
    # Measured on the compiled engine: 0.55 us a row, 0.02 ns a connection from the
    # pixels, most of which are zero, and 0.07 ns a later one.
    pixels, *later = np.multiply(sizes[:-1], sizes[1:])
    epochs = float(settings.get("max_iter", 200))
    row = 0.55e-6 + pixels * 0.02e-9 + sum(later) * 0.07e-9
    return float(epochs * 56_000 * row)


PROCEDURE = Procedure(
    run,
    check,
    memory,
    networks.arguments(MLPClassifier),
    ("test_error", "train_error", "test_cross_entropy", "train_cross_entropy"),
    _work,
    curves=lambda settings: ("cost", "train_confusion", "test_confusion"),
    classes=True,
)
