"""GridSearch and RandomSearch: scikit-learn's, settings x folds in one call."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.model_selection import (
    GridSearchCV,
    ParameterGrid,
    ParameterSampler,
    RandomizedSearchCV,
)

from perceptrons.searching import Search


class GridSearch(Search, GridSearchCV):
    """Search of a grid of settings: scikit-learn's GridSearchCV, in one call.

    Scores and ``best_estimator_`` are those of GridSearchCV over the same estimator,
    bit for bit. Warnings of single fits that reached ``max_iter`` are left out.

    Parameters
    ----------
    estimator : MLPRegressor or MLPClassifier
    param_grid : dict or list of dicts
    scoring, n_jobs, refit, cv : as in scikit-learn
        ``n_jobs=None`` takes all cores, in threads.
    verbose, pre_dispatch, error_score, return_train_score : as in scikit-learn
    halving : float > 1 or None, default=None
        Successive halving: all settings run for a few epochs, the best 1 / halving of
        them again for ``halving`` times as many, until one is left, which runs its
        ``max_iter``. ``cv_results_`` has "iter" and "n_resources" then, as in
        scikit-learn's HalvingGridSearchCV.

    Attributes
    ----------
    cv_results_, best_estimator_, best_params_, best_score_, best_index_, scorer_,
    n_splits_, refit_time_, multimetric_
        As in scikit-learn.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from perceptrons import GridSearch, MLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> grid = {"alpha": [1e-4, 1.0], "hidden_layer_sizes": [(8,), (32,)]}
    >>> net = MLPClassifier(learning_rate_init=0.02, max_iter=100, random_state=0)
    >>> search = GridSearch(net, grid).fit(X, y)
    >>> bool(search.best_score_ > 0.9)
    True
    """

    def __init__(
        self,
        estimator: Any,
        param_grid: Any,
        *,
        scoring: Any = None,
        n_jobs: int | None = None,
        refit: Any = True,
        cv: Any = None,
        verbose: int = 0,
        pre_dispatch: Any = "2*n_jobs",
        error_score: Any = np.nan,
        return_train_score: bool = False,
        halving: float | None = None,
    ) -> None:
        super().__init__(
            estimator,
            param_grid,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.halving = halving

    def _candidates(self) -> list[Any]:
        """Return every point of the grid."""
        return list(ParameterGrid(self.param_grid))


class RandomSearch(Search, RandomizedSearchCV):
    """Search of random settings: scikit-learn's RandomizedSearchCV, in one call.

    Parameters
    ----------
    estimator : MLPRegressor or MLPClassifier
    param_distributions : dict or list of dicts
    n_iter : int, default=10
        How many settings are drawn.
    scoring, n_jobs, refit, cv, verbose, pre_dispatch : as in :class:`GridSearch`
    random_state : int, RandomState or None, default=None
        Seed of the settings.
    error_score, return_train_score : as in :class:`GridSearch`
    halving : float > 1 or None, default=None
        As in :class:`GridSearch`.

    Attributes
    ----------
    cv_results_, best_estimator_, best_params_, best_score_, best_index_, scorer_,
    n_splits_, refit_time_, multimetric_
        As in scikit-learn.
    """

    def __init__(
        self,
        estimator: Any,
        param_distributions: Any,
        *,
        n_iter: int = 10,
        scoring: Any = None,
        n_jobs: int | None = None,
        refit: Any = True,
        cv: Any = None,
        verbose: int = 0,
        pre_dispatch: Any = "2*n_jobs",
        random_state: Any = None,
        error_score: Any = np.nan,
        return_train_score: bool = False,
        halving: float | None = None,
    ) -> None:
        super().__init__(
            estimator,
            param_distributions,
            n_iter=n_iter,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            random_state=random_state,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.halving = halving

    def _candidates(self) -> list[Any]:
        """Return the settings drawn."""
        space, seed = self.param_distributions, self.random_state
        return list(ParameterSampler(space, self.n_iter, random_state=seed))
