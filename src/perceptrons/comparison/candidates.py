"""Who competes: constants, models linear in coefficients, the network, a yardstick.

Each estimator takes the prepared columns; strengths are chosen on the training rows of
each fold.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LassoCV, LinearRegression, LogisticRegression
from sklearn.metrics import log_loss, make_scorer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from perceptrons import presets
from perceptrons.comparison.affordable import affordable, ridge_work
from perceptrons.comparison.boosting import StoppedBoosting
from perceptrons.comparison.candidate import NETWORK, Candidate
from perceptrons.comparison.naive import LastValue, SeasonalNaive
from perceptrons.comparison.ridge import ValidatedRidge
from perceptrons.comparison.splines import (
    CLASS_KNOTS,
    KNOTS,
    MOST_PAIR_TERMS,
    SplineClassifier,
    SplineRegressor,
)

# Pairs of columns whose products join the splines.
_PAIRS = 10
_LASSO_STRENGTHS = 30
_LOGISTIC_STRENGTHS = (1.0, 0.01, 0.1, 10.0, 100.0)
# Steps of all the logistic fits that choose the penalty of splines.
_LOGISTIC_STEPS = 1000
_BOOSTING = "histogram gradient boosting of trees"


def regressors(
    n_rows: int, n_columns: int, n_jobs: int | None, *, along_time: bool = False
) -> tuple[list[Candidate], list[str]]:
    """Return the candidates for regression.

    Parameters
    ----------
    n_rows, n_columns : int
        Of the prepared training rows of a fold.
    n_jobs : int or None
        Threads of the network.
    along_time : bool, default=False
        Whether rows follow each other, so that the last ones are forecasts.

    Returns
    -------
    list of Candidate
    list of str
        A sentence for each that would take longer than the network does.
    """
    found = [*_constants(along_time), *_lines()]
    squares = PolynomialFeatures(2, include_bias=False)
    polynomial = Candidate(
        "polynomial Ridge",
        "curved",
        make_pipeline(StandardScaler(), squares, StandardScaler(), ValidatedRidge()),
        "Ridge on all squares and products of two columns",
        ridge_work(n_rows, n_columns * (n_columns + 3) // 2),
    )
    splines = _splines(
        SplineRegressor, n_columns, KNOTS, lambda p: ridge_work(n_rows, p)
    )
    fitting, left_out = affordable([*splines, polynomial], n_rows, n_columns)
    network = presets.tabular_regressor(n_jobs=n_jobs)
    boosting = HistGradientBoostingRegressor(early_stopping=False, random_state=0)
    return [*found, *fitting, *_nonlinear(network, boosting, _BOOSTING)], left_out


def classifiers(
    labels: Any, n_rows: int, n_columns: int, n_jobs: int | None
) -> tuple[list[Candidate], list[str]]:
    """Return the candidates for classes.

    Parameters
    ----------
    labels : ndarray
        All classes.
    n_rows, n_columns : int
        Of the prepared training rows of a fold.
    n_jobs : int or None
        Threads of the network.

    Returns
    -------
    list of Candidate
    list of str
        As :func:`regressors`.
    """
    steps = _LOGISTIC_STEPS * n_rows * (1 if len(labels) == 2 else len(labels))
    curved = _splines(SplineClassifier, n_columns, CLASS_KNOTS, lambda p: steps * p)
    fitting, left_out = affordable(curved, n_rows, n_columns)
    network = presets.tabular_classifier(n_jobs=n_jobs)
    boosting = StoppedBoosting(early_stopping=True, random_state=0)
    text = f"{_BOOSTING}, stopped early by a tenth of the rows or one of every class"
    prior = DummyClassifier(strategy="prior")
    return [
        Candidate("constant", "constant", prior, "the shares of the classes"),
        *_logistic(labels),
        *fitting,
        *_nonlinear(network, boosting, text),
    ], left_out


def _constants(along_time: bool) -> Iterator[Candidate]:
    """Yield what looks at no column, and at the past alone where rows have one."""
    yield Candidate("constant", "constant", DummyRegressor(), "the mean of the target")
    if along_time:
        yield Candidate(
            "last value", "constant", LastValue(), "the last value trained on"
        )
        yield Candidate(
            "seasonal naive",
            "constant",
            SeasonalNaive(),
            "the value one season before, of the length that fitted best so far",
        )


def _lines() -> Iterator[Candidate]:
    """Yield straight lines for numbers."""
    lasso = LassoCV(alphas=_LASSO_STRENGTHS, cv=5)
    text = "least squares"
    yield Candidate("OLS", "linear", LinearRegression(), f"ordinary {text}")
    yield Candidate("Ridge", "linear", _scaled(ValidatedRidge()), f"{text}, L2 penalty")
    yield Candidate("Lasso", "linear", _scaled(lasso), f"{text}, L1 penalty")


def _logistic(labels: Any) -> Iterator[Candidate]:
    """Yield straight lines for classes."""
    # Before 1.8 scikit-learn names the penalty; since then it takes its L1 share.
    named = LogisticRegression().get_params()["penalty"] == "l2"
    penalty: dict[str, Any] = {"penalty": "l1"} if named else {"l1_ratio": 1}
    # liblinear is the fastest for two classes; for more only saga knows L1.
    solver: dict[str, Any] = (
        {"solver": "liblinear", "random_state": 0}
        if len(labels) == 2
        else {"solver": "saga", "tol": 1e-3, "max_iter": 200, "random_state": 0}
    )
    kind = "multinomial " if len(labels) > 2 else ""
    estimators = {
        "L2": LogisticRegression(max_iter=500),
        "L1": LogisticRegression(**penalty, **solver),
    }
    for name, estimator in estimators.items():
        yield Candidate(
            f"logistic {name}",
            "linear",
            _tuned(estimator, labels),
            f"{kind}logistic regression, {name} penalty",
        )


def _splines(kind: Any, n_columns: int, n_knots: int, work: Any) -> Iterator[Candidate]:
    """Yield splines of columns alone, and with products of pairs."""
    alone = n_columns * (n_knots + 1)
    yield Candidate(
        "additive splines",
        "curved",
        _scaled(kind()),
        "a smooth curve for every column, categories and indicators straight; their "
        "sum is what a penalty holds close to straight lines",
        work(alone),
    )
    if n_columns > 1:
        pairs = min(_PAIRS, n_columns * (n_columns - 1) // 2)
        yield Candidate(
            "splines with products",
            "curved",
            _scaled(kind(n_pairs=_PAIRS)),
            f"the same and products of the {pairs} pairs of columns that the rest "
            "follows most",
            work(alone) + work(alone + pairs * MOST_PAIR_TERMS),
        )


def _nonlinear(network: Any, boosting: Any, description: str) -> list[Candidate]:
    """Return the network and its yardstick."""
    text = "neural network, the preset for tables"
    return [
        Candidate(NETWORK, "network", network, text),
        Candidate("boosting", "yardstick", boosting, description),
    ]


def _scaled(estimator: Any) -> Pipeline:
    """Return an estimator of standardized columns."""
    return make_pipeline(StandardScaler(), estimator)


def _tuned(estimator: Any, labels: Any) -> Pipeline:
    """Return a classifier with its strength by three-fold cross-validation."""
    scorer = make_scorer(
        log_loss,
        greater_is_better=False,
        response_method="predict_proba",
        labels=labels,
    )
    return _scaled(
        GridSearchCV(estimator, {"C": _LOGISTIC_STRENGTHS}, scoring=scorer, cv=3)
    )
