"""Who competes: constants, models linear in coefficients, the network, a yardstick.

Each estimator takes the prepared columns; strengths are chosen on the training rows of
each fold.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.linear_model import LassoCV, LinearRegression, LogisticRegression
from sklearn.metrics import log_loss, make_scorer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from perceptrons import presets
from perceptrons.comparison.naive import LastValue, SeasonalNaive
from perceptrons.comparison.ridge import ValidatedRidge
from perceptrons.comparison.splines import (
    CLASS_KNOTS,
    KNOTS,
    MOST_PAIR_TERMS,
    SplineClassifier,
    SplineRegressor,
)
from perceptrons.comparison.ties import Ties

Kind = Literal["constant", "linear", "curved", "network", "yardstick", "user"]

#: From the simplest on; the user's own are as boosting is.
RANKS: dict[str, int] = {
    "constant": 0, "linear": 1, "curved": 2, "yardstick": 3, "user": 3, "network": 4
}  # fmt: skip

#: Linear in their coefficients.
LINEAR = ("constant", "linear", "curved")

NETWORK = "network"

# Pairs of columns whose products join the splines.
_PAIRS = 10
_LASSO_STRENGTHS = 30
_LOGISTIC_STRENGTHS = (1.0, 0.01, 0.1, 10.0, 100.0)
# Steps of all the logistic fits that choose the penalty of splines.
_LOGISTIC_STEPS = 1000
_BOOSTING = "histogram gradient boosting of trees"


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
    found = [
        Candidate("constant", "constant", DummyRegressor(), "the mean of the target"),
        Candidate("OLS", "linear", LinearRegression(), "ordinary least squares"),
        Candidate(
            "Ridge", "linear", _scaled(ValidatedRidge()), "least squares, L2 penalty"
        ),
        Candidate(
            "Lasso",
            "linear",
            _scaled(LassoCV(alphas=_LASSO_STRENGTHS, cv=5)),
            "least squares, L1 penalty",
        ),
    ]
    if along_time:
        found[1:1] = [
            Candidate(
                "last value", "constant", LastValue(), "the last value trained on"
            ),
            Candidate(
                "seasonal naive",
                "constant",
                SeasonalNaive(),
                "the value one season before, of the length that fitted best so far",
            ),
        ]
    terms = n_columns * (n_columns + 3) // 2
    squares = PolynomialFeatures(2, include_bias=False)
    curved = [
        *_splines(SplineRegressor, n_columns, KNOTS, lambda p: _ridge(n_rows, p)),
        Candidate(
            "polynomial Ridge",
            "curved",
            make_pipeline(
                StandardScaler(), squares, StandardScaler(), ValidatedRidge()
            ),
            "Ridge on all squares and products of two columns",
            _ridge(n_rows, terms),
        ),
    ]
    network = presets.tabular_regressor(n_jobs=n_jobs)
    boosting = HistGradientBoostingRegressor(early_stopping=False, random_state=0)
    fitting, left_out = _affordable(curved, n_rows, n_columns)
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
    # Before 1.8 scikit-learn names the penalty; since then it takes its L1 share.
    named = LogisticRegression().get_params()["penalty"] == "l2"
    # liblinear is the fastest for two classes; for more only saga knows L1.
    solver: dict[str, Any] = (
        {"solver": "liblinear", "random_state": 0}
        if len(labels) == 2
        else {"solver": "saga", "tol": 1e-3, "max_iter": 200, "random_state": 0}
    )
    l1 = LogisticRegression(
        **({"penalty": "l1"} if named else {"l1_ratio": 1}), **solver
    )
    l2 = LogisticRegression(max_iter=500)
    kind = "multinomial " if len(labels) > 2 else ""
    network = presets.tabular_classifier(n_jobs=n_jobs)
    boosting = StoppedBoosting(early_stopping=True, random_state=0)
    text = f"{_BOOSTING}, stopped early by a tenth of the rows or one of every class"
    steps = _LOGISTIC_STEPS * n_rows * (1 if len(labels) == 2 else len(labels))
    curved = _splines(SplineClassifier, n_columns, CLASS_KNOTS, lambda p: steps * p)
    fitting, left_out = _affordable(curved, n_rows, n_columns)
    return [
        Candidate(
            "constant",
            "constant",
            DummyClassifier(strategy="prior"),
            "the shares of the classes",
        ),
        Candidate(
            "logistic L2",
            "linear",
            _tuned(l2, labels),
            f"{kind}logistic regression, L2 penalty",
        ),
        Candidate(
            "logistic L1",
            "linear",
            _tuned(l1, labels),
            f"{kind}logistic regression, L1 penalty",
        ),
        *fitting,
        *_nonlinear(network, boosting, text),
    ], left_out


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


def _ridge(n_rows: int, n_columns: int) -> float:
    """Return the multiplications of a ridge regression with its decomposition."""
    # X^T X, X V, and a decomposition of some ten cubes.
    least = min(n_rows, n_columns)
    return 2.0 * n_rows * n_columns * least + 10.0 * least**3


def network_work(n_rows: int, n_columns: int) -> float:
    """Return about how many multiplications the network's training takes.

    The preset's race trains some eighteen networks on 4/5 of the rows each, with 40 to
    200 epochs that make up 5,000 steps; a step goes forward once and twice back.

    Parameters
    ----------
    n_rows, n_columns : int
        Of the prepared training rows of a fold.
    """
    weights = 64 * n_columns + 64 * 64
    batch = float(np.clip(n_rows / 32, 16, 128))
    epochs = float(np.clip(5000 * batch / n_rows, 40, 200))
    return 18 * 3 * 0.8 * weights * n_rows * epochs


def _affordable(
    candidates: Any, n_rows: int, n_columns: int
) -> tuple[list[Candidate], list[str]]:
    """Return who takes no longer than the network, and a sentence for each other."""
    most = network_work(n_rows, n_columns)
    fitting, left_out = [], []
    for entry in candidates:
        if entry.work <= most:
            fitting.append(entry)
            continue
        left_out.append(
            f"{entry.name[0].upper()}{entry.name[1:]} ({entry.description}) was left "
            f"out: on {n_rows:,} rows of {n_columns} prepared columns it would take "
            "longer than the network."
        )
    return fitting, left_out


def own(
    estimators: Mapping[str, Any], taken: list[str], classes: bool
) -> list[Candidate]:
    """Return the user's candidates.

    Parameters
    ----------
    estimators : mapping of str to estimator
    taken : list of str
        Names they must not have.
    classes : bool
        Whether they must give probabilities.

    Returns
    -------
    list of Candidate

    Raises
    ------
    ValueError
        If a name is taken.
    TypeError
        If they are no mapping, a name is no text, or one is no estimator or gives no
        probabilities where classes are compared.
    """
    if not isinstance(estimators, Mapping):
        raise TypeError(
            "candidates must be a mapping of names to estimators, got "
            f"{type(estimators).__name__}; write {{'name': estimator}}."
        )
    for name, estimator in estimators.items():
        if not isinstance(name, str):
            raise TypeError(
                f"candidates must have names that are text, got {name!r}; write "
                f"{str(name)!r}."
            )
        if name in taken:
            raise ValueError(
                f"candidates must not use the name {name!r}, which is taken: "
                f"{', '.join(taken)}; choose another."
            )
        _check_estimator(name, estimator, classes)
    return [
        Candidate(name, "user", estimator, type(estimator).__name__)
        for name, estimator in estimators.items()
    ]


def _check_estimator(name: str, estimator: Any, classes: bool) -> None:
    """Refuse what scikit-learn could not clone, fit and ask for predictions."""
    needed = ["fit", "predict_proba" if classes else "predict", "get_params"]
    lacking = [method for method in needed if not hasattr(estimator, method)]
    if not lacking and not isinstance(estimator, type):
        return
    remedy = "give an estimator of scikit-learn, or one derived from its BaseEstimator"
    if isinstance(estimator, type):
        remedy = f"call the class: {estimator.__name__}()"
    elif lacking == ["predict_proba"]:
        remedy = "CalibratedClassifierCV gives probabilities to a classifier without"
    raise TypeError(
        f"candidates[{name!r}] must be an estimator with {', '.join(needed)}, got "
        f"{estimator!r}; {remedy}."
    )


def seeded(estimator: Any, seed: int) -> Any:
    """Return the estimator with every seed that is None set, in place."""
    seeds = {
        name: seed
        for name, value in estimator.get_params().items()
        if (name == "random_state" or name.endswith("__random_state")) and value is None
    }
    return estimator.set_params(**seeds)


def _nonlinear(network: Any, boosting: Any, description: str) -> list[Candidate]:
    """Return the network and its yardstick."""
    text = "neural network, the preset for tables"
    return [
        Candidate(NETWORK, "network", network, text),
        Candidate("boosting", "yardstick", boosting, description),
    ]


class StoppedBoosting(HistGradientBoostingClassifier):
    """Boosting that stops early, however few rows there are of each class.

    Trees that go on until all rows are right are surer than right on others, and the
    log loss punishes that most: without a stop they lose to linear models by it. What
    stops them is a stratified tenth of the rows, which scikit-learn refuses to draw
    where it has fewer rows than there are classes; here it grows to as many. At least
    three rows of every class must train, of which one or two are left. Groups, or the
    times last of all, are held out whole.
    """

    def fit(
        self, X: Any, y: Any, *, groups: Any = None, time: Any = None
    ) -> StoppedBoosting:
        """Fit to X (n, d) and classes y (n,), some of them held out."""
        pairs = Ties(groups, time).divide(np.asarray(y), 10, 0, classes=True)
        if pairs:
            train, held = pairs[-1]
            super().fit(X[train], y[train], X_val=X[held], y_val=y[held])
            return self
        # Set here, for parts of the rows train, too: for learning curves.
        self.validation_fraction = max(len(np.unique(y)), math.ceil(0.1 * len(y)))
        super().fit(X, y)
        return self


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
