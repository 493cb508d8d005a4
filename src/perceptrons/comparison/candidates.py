"""Who competes: constants, linear models, the network, a yardstick, the user's own.

Each estimator takes the prepared columns; strengths are chosen by inner
cross-validation on the training rows of each fold.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.linear_model import (
    LassoCV,
    LinearRegression,
    LogisticRegression,
    RidgeCV,
)
from sklearn.metrics import log_loss, make_scorer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from perceptrons import presets
from perceptrons.comparison.ties import Ties

Kind = Literal["constant", "linear", "network", "yardstick", "user"]

NETWORK = "network"

# Columns are standardized, so that penalties of these sizes run from none to all.
_RIDGE_STRENGTHS = np.logspace(-3, 5, 17)
_LASSO_STRENGTHS = 30
_LOGISTIC_STRENGTHS = (1.0, 0.01, 0.1, 10.0, 100.0)
# Multiplications of one fit's decomposition, n p min(n, p): a few seconds.
_MOST_WORK = 2e9
_BOOSTING = "histogram gradient boosting of trees"


@dataclass(frozen=True)
class Candidate:
    """A model to compare.

    Parameters
    ----------
    name : str
    kind : {"constant", "linear", "network", "yardstick", "user"}
    estimator : estimator of scikit-learn
        Not fitted.
    description : str
        What it is, in a sentence's words.
    """

    name: str
    kind: Kind
    estimator: Any
    description: str


def regressors(n_rows: int, n_columns: int, n_jobs: int | None) -> list[Candidate]:
    """Return the candidates for regression.

    Parameters
    ----------
    n_rows, n_columns : int
        Of the prepared training rows of a fold: the polynomial must fit.
    n_jobs : int or None
        Threads of the network.

    Returns
    -------
    list of Candidate
    """
    found = [
        Candidate("constant", "constant", DummyRegressor(), "the mean of the target"),
        Candidate("OLS", "linear", LinearRegression(), "ordinary least squares"),
        Candidate("Ridge", "linear", _scaled(_ridge()), "least squares, L2 penalty"),
        Candidate(
            "Lasso",
            "linear",
            _scaled(LassoCV(alphas=_LASSO_STRENGTHS, cv=5)),
            "least squares, L1 penalty",
        ),
    ]
    if polynomial_fits(n_rows, n_columns):
        squares = PolynomialFeatures(2, include_bias=False)
        model = make_pipeline(StandardScaler(), squares, StandardScaler(), _ridge())
        text = "Ridge on all squares and products of two columns"
        found.append(Candidate("polynomial Ridge", "linear", model, text))
    network = presets.tabular_regressor(n_jobs=n_jobs)
    boosting = HistGradientBoostingRegressor(early_stopping=False, random_state=0)
    return [*found, *_nonlinear(network, boosting, _BOOSTING)]


def classifiers(labels: Any, n_jobs: int | None) -> list[Candidate]:
    """Return the candidates for classes.

    Parameters
    ----------
    labels : ndarray
        All classes.
    n_jobs : int or None
        Threads of the network.

    Returns
    -------
    list of Candidate
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
    prior = DummyClassifier(strategy="prior")
    network = presets.tabular_classifier(n_jobs=n_jobs)
    boosting = StoppedBoosting(early_stopping=True, random_state=0)
    text = f"{_BOOSTING}, stopped early by a tenth of the rows or one of every class"
    return [
        Candidate("constant", "constant", prior, "the shares of the classes"),
        Candidate(
            "logistic L2",
            "linear",
            _tuned(l2, labels),
            "logistic regression, L2 penalty",
        ),
        Candidate(
            "logistic L1",
            "linear",
            _tuned(l1, labels),
            "logistic regression, L1 penalty",
        ),
        *_nonlinear(network, boosting, text),
    ]


def polynomial_fits(n_rows: int, n_columns: int) -> bool:
    """Tell whether all squares and products of columns can be fitted in seconds."""
    terms = n_columns * (n_columns + 3) // 2
    return n_rows * terms * min(n_rows, terms) <= _MOST_WORK


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


def _ridge() -> RidgeCV:
    """Return Ridge with its strength by leave-one-out validation."""
    return RidgeCV(_RIDGE_STRENGTHS)


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
