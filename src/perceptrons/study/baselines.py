"""The procedure "baseline": linear models on polynomial features, by scikit-learn.

On features X of shape (n, p), the powers 1 to p of x, each standardized by its mean
and standard deviation over the training rows, with an intercept b that is never
penalized (the mean of y, since the features are centered):

    ols     min sum_i (y_i - x_i w - b)^2                        the report's eq. (3)
    ridge   min sum_i (y_i - x_i w - b)^2 + strength sum_j w_j^2          eq. (5)
    lasso   min 1/(2n) sum_i (y_i - x_i w - b)^2 + strength sum_j abs(w_j)

and predictions X w + b, eq. (4). Ridge's strength is eq. (5)'s lambda, not divided by
n: scikit-learn's ``alpha``. The report prints no formula for Lasso; this is
scikit-learn's, whose ``alpha`` is the strength.

Their gradient-descent forms are a network without hidden layers that minimizes the
mean squared error, eq. (6), plus the penalty of eq. (10), l2 / 2 sum W^2, or eq. (12),
l1 sum abs(W). Multiplied by n, or by 1/2, those are the objectives above:

    MLPRegressor("mean_squared_error", (), l2=l2, alpha=0)  =  ridge, strength n l2 / 2
    MLPRegressor("mean_squared_error", (), l1=l1, alpha=0)  =  lasso, strength l1 / 2
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping
from typing import Any

from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import Lasso, LinearRegression, Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from perceptrons import _checks
from perceptrons.data import Dataset
from perceptrons.study.networks import measures
from perceptrons.study.procedures import Result

MODELS = ("ols", "ridge", "lasso")

# Coordinate descent stops at a duality gap of tol times the sum of y^2: far below the
# scatter of any error that is compared, also where neighboring powers are collinear.
_TOL, _MOST_SWEEPS = 1e-7, 1_000_000


def check(settings: Mapping[str, Any]) -> None:
    """Refuse settings that cannot be run.

    Parameters
    ----------
    settings : mapping
        As in :func:`run`.

    Raises
    ------
    ValueError, TypeError
        Naming the setting, the rule, what came, and a remedy.
    """
    model = _checks.choice("model", settings.get("model"), MODELS)
    _checks.integer("degree", settings.get("degree"), 1, "it is the highest power of x")
    if model == "ols":
        if "strength" in settings:
            raise ValueError(
                "strength must be left out for model='ols', which has no penalty, got "
                f"{settings['strength']!r}."
            )
        return
    remedy = "it is lambda; model='ols' has no penalty"
    strength = settings.get("strength")
    _checks.real("strength", strength, remedy, low=0, closed="neither")


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


def linear_model(model: str, strength: float = 0.0) -> Any:
    """Return the linear regressor of a name in ``MODELS``, with an intercept.

    Parameters
    ----------
    model : {"ols", "ridge", "lasso"}
        The objectives are written at the head of this module.
    strength : float, default=0.0
        Of the penalty; "ols" has none.

    Returns
    -------
    estimator of scikit-learn
    """
    if model == "ols":
        return LinearRegression()
    if model == "ridge":
        # The singular values keep the digits that X^T X loses with high powers.
        return Ridge(strength, solver="svd")
    return Lasso(strength, tol=_TOL, max_iter=_MOST_SWEEPS)


def run(settings: Mapping[str, Any], dataset: Dataset, seed: int) -> Result:
    """Fit one linear model and measure it; the seed acts through the data.

    Parameters
    ----------
    settings : mapping
        ``model``: "ols", "ridge" or "lasso"; ``degree``, the highest power of x;
        ``strength`` of the penalty, for the last two.
    dataset : Dataset
    seed : int

    Returns
    -------
    Result
        Its reason is "limit reached" where Lasso's coordinate descent did not converge.
    """
    start = time.perf_counter()
    linear = linear_model(settings["model"], settings.get("strength", 0.0))
    model = polynomial(settings["degree"], linear)
    with warnings.catch_warnings():
        # Said by the reason instead.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(dataset.X_train, dataset.y_train)
    seconds = time.perf_counter() - start
    fitted = model.predict(dataset.X_train)
    predicted = model.predict(dataset.X_test)
    stopped = getattr(linear, "n_iter_", None) == _MOST_SWEEPS
    return Result(
        metrics=measures(dataset, fitted, predicted),
        curves={"fitted": fitted, "predicted": predicted},
        reason="limit reached" if stopped else "converged",
        seconds=seconds,
        n_parameters=settings["degree"] + 1,
    )
