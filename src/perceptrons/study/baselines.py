"""The procedure "baseline": linear models on polynomial features.

On features X of shape (n, p), the powers 1 to p of x (of several columns all their
products up to that degree), each standardized by its mean and standard deviation over
the training rows, with an intercept b that is never
penalized (the mean of y, since the features are centered):

    linear  as ols, of powers of x or of cubic splines: how many, and of which, is
            chosen by 10-fold cross-validation on the training rows alone
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

With a ``solver`` the procedure trains that network, and its strength is that of eq.
(10) or (12). With ``folds`` every row, of the training part and of the test part, is
predicted by a model that was fitted on the other folds.
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import Lasso, LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import PolynomialFeatures, SplineTransformer, StandardScaler
from threadpoolctl import threadpool_limits

from perceptrons import MLPRegressor, _checks
from perceptrons.data import Dataset
from perceptrons.metrics import mean_squared_error
from perceptrons.study import networks
from perceptrons.study.result import Procedure, Result

MODELS = ("ols", "ridge", "lasso", "linear")

#: Solvers of the gradient forms: Adam, plain SGD.
SOLVERS = ("adam", "sgd")

# What only the gradient forms have.
_TRAINING = ("learning_rate_init", "batch_size", "max_iter")

# The highest power that model="linear" tries.
_HIGHEST = 20

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
    if model == "linear":
        if extra := [name for name in settings if name not in ("model", "engine")]:
            raise ValueError(
                f"{extra[0]} must be left out for model='linear', which chooses by "
                f"cross-validation, got {settings[extra[0]]!r}."
            )
        return
    _checks.integer("degree", settings.get("degree"), 1, "it is the highest power of x")
    if "folds" in settings:
        _checks.integer("folds", settings["folds"], 2, "one is held out")
    if "solver" in settings:
        _checks.choice("solver", settings["solver"], SOLVERS)
        networks.check(_training(settings))
    elif extra := [name for name in _TRAINING if name in settings]:
        raise ValueError(
            f"{extra[0]} must be left out without a solver, which is closed-form or "
            f"scikit-learn's own, got {settings[extra[0]]!r}."
        )
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


def count_powers(degree: int, n_features: int) -> int:
    """Return how many columns :func:`polynomial` makes: all monomials but 1.

    binom(p + degree, degree) - 1

    Parameters
    ----------
    degree : int >= 1
    n_features : int >= 1
        Columns p of X.
    """
    return math.comb(n_features + degree, min(n_features, degree)) - 1


def memory(settings: Mapping[str, Any], shape: tuple[int, int]) -> int:
    """Return the bytes that a fit needs, roughly.

    Parameters
    ----------
    settings : mapping
        Checked.
    shape : (int, int)
        Rows and columns of the data.
    """
    rows, columns = shape
    # The largest that "linear" tries.
    powers = count_powers(int(settings.get("degree", _HIGHEST)), columns)
    # As they are, standardized, and what the solver makes of them; Lasso's X^T X.
    gram = powers * powers if settings["model"] == "lasso" else 0
    return 8 * (4 * rows * powers + gram)


def polynomial(degree: int, regressor: Any) -> Pipeline:
    """Return a regressor on the powers 1 to ``degree`` of x, each standardized.

    Of several columns: all products of powers whose exponents add up to ``degree`` at
    most.

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


def best_linear() -> GridSearchCV:
    """Return the best of polynomials and cubic splines, chosen by cross-validation.

    Returns
    -------
    GridSearchCV
        Polynomials of degree 1 to 20 and splines with 4 to 24 knots, with an
        intercept, by least squares; 10 shuffled folds of the rows it is fitted on.
    """
    model = Pipeline(
        [
            ("features", PolynomialFeatures()),
            ("scale", StandardScaler()),
            ("fit", LinearRegression()),
        ]
    )
    powers = [PolynomialFeatures(k, include_bias=False) for k in range(1, _HIGHEST + 1)]
    splines = [SplineTransformer(k, include_bias=False) for k in range(4, 25)]
    folds = KFold(10, shuffle=True, random_state=0)
    return GridSearchCV(
        model,
        {"features": [*powers, *splines]},
        cv=folds,
        scoring="neg_mean_squared_error",
    )


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
    # With X^T X at hand a sweep does not depend on the number of rows.
    return Lasso(strength, tol=_TOL, max_iter=_MOST_SWEEPS, precompute=True)


def _training(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of the network that is a gradient form."""
    training = {k: settings[k] for k in (*_TRAINING, "engine") if k in settings}
    penalty = {"ridge": "l2", "lasso": "l1"}.get(settings["model"])
    return {
        "loss": "mean_squared_error",
        "hidden_layer_sizes": [],
        "solver": settings["solver"],
        "alpha": 0.0,
        "momentum": 0.0,
        "nesterovs_momentum": False,
        "init": "standard_normal",
        "dtype": "float64",
        "tol": 0.0,
        "n_iter_no_change": math.inf,
        **training,
        **({penalty: settings["strength"]} if penalty else {}),
    }


def _regressor(settings: Mapping[str, Any], seed: int) -> Any:
    """Return what is fitted on the powers."""
    if "solver" in settings:
        return networks.estimator(MLPRegressor, _training(settings), seed)
    return linear_model(settings["model"], settings.get("strength", 0.0))


def run(settings: Mapping[str, Any], dataset: Dataset, seed: int) -> Result:
    """Fit one linear model and measure it.

    Parameters
    ----------
    settings : mapping
        ``model``: "ols", "ridge", "lasso" or, with no other setting, "linear";
        ``degree``, the highest power of x;
        ``strength`` of the penalty, for the last two. For a gradient form ``solver``,
        "adam" or "sgd", and ``learning_rate_init``, ``batch_size``, ``max_iter`` and
        ``engine`` as in :class:`perceptrons.MLPRegressor`. For cross-validation
        ``folds``, of all rows, shuffled.
    dataset : Dataset
    seed : int
        Of a network's start and batches, and of the folds.

    Returns
    -------
    Result
        Its reason is "limit reached" where Lasso's coordinate descent did not converge
        and after a network's last epoch. With folds, the test part of the metrics is
        that of all rows, each held out once, and there are no curves; where rows
        validate, it is that of the rows that test, and ``validation_mse`` that of all
        others.
    """
    start = time.perf_counter()
    chosen = settings["model"] == "linear"
    model = (
        best_linear()
        if chosen
        else polynomial(settings["degree"], _regressor(settings, seed))
    )
    # Twenty columns are too few to share among threads.
    with warnings.catch_warnings(), threadpool_limits(1):
        # Said by the reason instead.
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", "Training interrupted", UserWarning)
        if "folds" in settings:
            metrics, models = _cross_validated(model, settings["folds"], dataset, seed)
            curves: dict[str, Any] = {}
        else:
            models = [model.fit(dataset.X_train, dataset.y_train)]
            metrics, curves = networks.measured(dataset, model.predict)
    seconds = time.perf_counter() - start
    last = [(m.best_estimator_ if chosen else m)[-1] for m in models]
    outcome = getattr(last[-1], "outcome_", None)
    stopped = any(getattr(m, "n_iter_", None) == _MOST_SWEEPS for m in last)
    ended = "limit reached" if stopped else "converged"
    return Result(
        metrics=metrics,
        curves=curves,
        reason=outcome.reason if outcome else ended,
        epochs=outcome.epochs if outcome else 0,
        seconds=seconds,
        n_parameters=_count(settings, last[-1], dataset.X_train.shape[1]),
        engine=outcome.engine if outcome else "scikit-learn",
    )


def _count(settings: Mapping[str, Any], fitted: Any, columns: int) -> int:
    """Return the number of coefficients and the intercept."""
    if settings["model"] == "linear":
        return len(fitted.coef_) + 1
    return count_powers(settings["degree"], columns) + 1


def _cross_validated(
    model: Any, folds: int, dataset: Dataset, seed: int
) -> tuple[dict[str, float], list[Any]]:
    """Return models that each leave out one fold of all rows, and their errors."""
    X, y = _all_rows(dataset)
    held_out = np.empty_like(y)
    models, fitted = [], []
    for train, test in KFold(folds, shuffle=True, random_state=seed).split(X):
        one = clone(model).fit(X[train], y[train])
        held_out[test] = one.predict(X[test])
        fitted.append(mean_squared_error(y[train], one.predict(X[train])))
        models.append(one)
    error_f = excess = math.nan
    test_mse = mean_squared_error(y, held_out)
    if dataset.f_train is not None and dataset.f_test is not None:
        f = np.concatenate([dataset.f_train, dataset.f_test])
        error_f = mean_squared_error(f, held_out)
        excess = test_mse - mean_squared_error(f, y)
    metrics = {
        "train_mse": float(np.mean(fitted)),
        "test_mse": test_mse,
        "excess": excess,
        "error_f": error_f,
    }
    if dataset.validation:
        # Settings are chosen by other rows than those that are reported.
        n_test = len(dataset.y_test)
        for name, part in (
            ("validation_mse", slice(None, -n_test)),
            ("test_mse", slice(-n_test, None)),
        ):
            metrics[name] = mean_squared_error(y[part], held_out[part])
    return metrics, models


def _all_rows(dataset: Dataset) -> tuple[Any, Any]:
    """Return features and targets of all parts, those that test last."""
    held_out = [dataset.validation] if dataset.validation else []
    parts = [
        (dataset.X_train, dataset.y_train), *held_out, (dataset.X_test, dataset.y_test)
    ]  # fmt: skip
    X, y = zip(*parts, strict=True)
    return np.concatenate(X), np.concatenate(y)


PROCEDURE = Procedure(
    run,
    check,
    memory,
    ("model", "degree", "strength", "solver", *_TRAINING, "folds", "engine"),
    networks.ERRORS,
    curves=lambda settings: () if "folds" in settings else networks.PREDICTIONS,
)
