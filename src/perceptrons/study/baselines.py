"""The procedure "ols": least squares on polynomial features, by scikit-learn."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from sklearn.linear_model import LinearRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from perceptrons.data import Dataset
from perceptrons.study.networks import measures
from perceptrons.study.procedures import Result


def polynomial(degree: int, regressor: Any) -> Pipeline:
    """Return a regressor on the powers 1 to ``degree`` of x, each standardized.

    Parameters
    ----------
    degree : int >= 1
    regressor : estimator
        Any linear regressor of scikit-learn, with its own intercept.

    Returns
    -------
    Pipeline
    """
    powers = PolynomialFeatures(degree, include_bias=False)
    return make_pipeline(powers, StandardScaler(), regressor)


def run(settings: Mapping[str, Any], dataset: Dataset, seed: int) -> Result:
    """Fit ordinary least squares and measure it; the seed acts through the data.

    Parameters
    ----------
    settings : mapping
        ``degree``, the highest power of x.
    dataset : Dataset
    seed : int

    Returns
    -------
    Result
    """
    start = time.perf_counter()
    model = polynomial(settings["degree"], LinearRegression())
    model.fit(dataset.X_train, dataset.y_train)
    seconds = time.perf_counter() - start
    fitted = model.predict(dataset.X_train)
    predicted = model.predict(dataset.X_test)
    return Result(
        metrics=measures(dataset, fitted, predicted),
        curves={"fitted": fitted, "predicted": predicted},
        seconds=seconds,
        n_parameters=settings["degree"] + 1,
    )
