"""What both searches share: settings x folds in one call, scores, halving, the best.

Every fit of every setting and fold goes into one pool of threads, in which the compiled
engine trains without the interpreter's lock and reads the rows of a fold where they
lie; scikit-learn starts processes, and copies rows and estimator for each fit.
"""

from __future__ import annotations

import math
import os
import time
import warnings
from abc import abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone, is_classifier
from sklearn.exceptions import ConvergenceWarning, FitFailedWarning
from sklearn.model_selection import check_cv
from sklearn.utils import _safe_indexing, indexable
from sklearn.utils.validation import (
    _check_method_params,
    _num_samples,
    check_is_fitted,
)

from perceptrons import _checks
from perceptrons._base import Perceptron, fit_rows
from perceptrons.many import run_all, work_of

Evaluate = Callable[..., Mapping[str, Any]]
Fold = tuple[Any, Any]


class Search:
    """What both searches share: fit all in one call, and halve."""

    # Of scikit-learn's searches, of which this is a part.
    estimator: Any
    cv: Any
    n_jobs: int | None
    refit: Any
    scoring: Any
    error_score: Any
    return_train_score: bool
    halving: float | None
    best_estimator_: Any

    def fit(self, X: Any, y: Any = None, **params: Any) -> Self:
        """Fit all settings on all folds, and the best on all rows.

        Parameters
        ----------
        X, y : as in the estimator's ``fit``
        **params
            ``sample_weight``, of which every fit gets its rows, and ``groups`` for the
            splitter.

        Returns
        -------
        self

        Raises
        ------
        TypeError
            If the estimator is none of this package, or for other arguments.
        """
        self._check()
        scorers, metric = self._get_scorers()  # type: ignore[attr-defined]
        self._check_halving(scorers)
        X, y = indexable(X, y)
        routed = self._routed(_check_method_params(X, params=params))
        weights = routed.estimator.fit.get("sample_weight")
        folds = self._folds(X, y, routed.splitter.split)
        self.n_splits_ = len(folds)
        tried: list[Any] = []
        scored: list[dict[str, Any]] = []
        more: dict[str, list[Any]] = {}

        def evaluate(
            candidates: list[Any], more_results: Any = None
        ) -> Mapping[str, Any]:
            tried.extend(candidates)
            fit = self._fit_all(X, y, weights, folds, candidates)
            scored.extend(self._score(X, y, folds, fit, scorers, routed.scorer.score))
            for name, values in (more_results or {}).items():
                more.setdefault(name, []).extend(values)
            results: Mapping[str, Any] = self._format_results(  # type: ignore[attr-defined]
                tried, len(folds), scored, more
            )
            self.cv_results_ = results
            return results

        if self.halving is None:
            evaluate(self._candidates())
        else:
            self._halve(evaluate, metric)
        self.multimetric_ = isinstance(scored[0]["test_scores"], dict)
        self.scorer_ = getattr(scorers, "_scorers", scorers)
        self._choose(X, y, weights, metric)
        return self

    def save(self, path: str | os.PathLike[str], resume: bool = False) -> Path:
        """Write ``best_estimator_``, which :func:`perceptrons.load` returns.

        Parameters
        ----------
        path, resume : as in the estimator's ``save``

        Returns
        -------
        Path

        Raises
        ------
        NotFittedError
            Also with ``refit=False``, which leaves no best estimator.
        """
        check_is_fitted(self, "best_estimator_")
        saved: Path = self.best_estimator_.save(path, resume)
        return saved

    @abstractmethod
    def _candidates(self) -> list[Any]:
        """Return all settings."""

    def _check(self) -> None:
        """Refuse estimators and arguments that this search is not for."""
        if not isinstance(self.estimator, Perceptron):
            raise TypeError(
                "estimator must be an MLPRegressor or MLPClassifier of perceptrons, "
                f"got {self.estimator!r}; scikit-learn's searches take any."
            )
        self._validate_params()  # type: ignore[attr-defined]
        if self.halving is not None:
            remedy = "3 keeps a third of the settings each time; None keeps all"
            _checks.real("halving", self.halving, remedy, low=1, closed="neither")

    def _check_halving(self, scorers: Any) -> None:
        """Refuse several scores that halving could go by."""
        several = hasattr(scorers, "_scorers")
        if self.halving is not None and several and not isinstance(self.refit, str):
            raise ValueError(
                "refit must name the score that halving goes by where there are "
                f"several, got {self.refit!r}; name one of scoring."
            )

    def _routed(self, params: Any) -> Any:
        """Return what each of estimator, splitter and scorer gets of fit's arguments.

        Raises
        ------
        TypeError
        """
        routed = self._get_routed_params_for_fit(params)  # type: ignore[attr-defined]
        further = [name for name in routed.estimator.fit if name != "sample_weight"]
        if further:
            raise TypeError(
                f"fit takes groups and sample_weight besides X and y, got "
                f"{', '.join(further)}."
            )
        return routed

    def _folds(self, X: Any, y: Any, params: Any) -> list[Fold]:
        """Return the rows that train and those that test in each fold, as numbers."""
        splitter = check_cv(self.cv, y, classifier=is_classifier(self.estimator))
        n_rows = _num_samples(X)
        folds = [
            (
                _checks.row_numbers("cv", train, n_rows),
                _checks.row_numbers("cv", test, n_rows),
            )
            for train, test in splitter.split(X, y, **params)
        ]
        if not folds:
            raise ValueError("cv must yield at least one pair (train, test), got none.")
        return folds

    def _fit_all(
        self, X: Any, y: Any, weights: Any, folds: list[Any], candidates: list[Any]
    ) -> list[tuple[Any, float, Exception | None]]:
        """Return each fitted clone, its seconds and its error, setting by setting.

        Each equals the clone's own ``fit`` on the rows of the fold, bit for bit.
        """
        jobs = [
            (clone(self.estimator).set_params(**clone(setting, safe=False)), train)
            for setting in candidates
            for train, _ in folds
        ]
        seconds, errors = [0.0] * len(jobs), [None] * len(jobs)

        def fit(index: int) -> Any:
            model, train = jobs[index]
            start = time.perf_counter()
            try:
                fit_rows(model, X, y, weights, train)
            except (ValueError, TypeError) as error:
                if self.error_score == "raise":
                    raise
                errors[index] = error  # type: ignore[call-overload]
            seconds[index] = time.perf_counter() - start
            return model

        n_features = np.shape(X)[1] if np.ndim(X) == 2 else 1
        with warnings.catch_warnings():
            # One per fit would bury the others; cv_results_ tells how settings do.
            warnings.simplefilter("ignore", ConvergenceWarning)
            run_all(fit, _sizes(jobs, n_features), self.n_jobs, False, None)
        failed = [error for error in errors if error is not None]
        if failed:
            message = (
                f"{len(failed)} of {len(jobs)} fits failed, the first: {failed[0]}"
            )
            if len(failed) == len(jobs):
                raise ValueError(f"All {message}")
            warnings.warn(message, FitFailedWarning, stacklevel=4)
        models = [model for model, _ in jobs]
        return list(zip(models, seconds, errors, strict=True))

    def _score(
        self,
        X: Any,
        y: Any,
        folds: list[Any],
        fitted: list[Any],
        scorers: Any,
        params: Any,
    ) -> list[dict[str, Any]]:
        """Return what scikit-learn's table is made of."""
        parts = [
            [
                (
                    (_safe_indexing(X, rows), _safe_indexing(y, rows)),
                    _check_method_params(X, params=params, indices=rows),
                )
                for rows in pair
            ]
            for pair in folds
        ]
        out = []
        for number, (model, seconds, error) in enumerate(fitted):
            train, test = parts[number % len(folds)]
            start = time.perf_counter()
            row: dict[str, Any] = {
                "test_scores": self._scores(scorers, model, test, error),
                "n_test_samples": len(folds[number % len(folds)][1]),
                "fit_time": seconds,
                "score_time": time.perf_counter() - start,
                "fit_error": error,
            }
            if self.return_train_score:
                row["train_scores"] = self._scores(scorers, model, train, error)
            out.append(row)
        return out

    def _scores(self, scorers: Any, model: Any, rows: Any, error: Any) -> Any:
        """Return the score or scores of a model, those of a failed fit as asked for."""
        if error is None:
            return scorers(model, *rows[0], **rows[1])
        names = getattr(scorers, "_scorers", None)
        return (
            self.error_score
            if names is None
            else dict.fromkeys(names, self.error_score)
        )

    def _halve(self, evaluate: Evaluate, metric: str) -> None:
        """Run all settings for few epochs, and the best again for more, to the end.

        Successive halving, Jamieson and Talwalkar (2016), with ``max_iter`` as the
        resource.
        """
        settings = self._candidates()
        factor = float(self.halving or 1)
        rounds = max(1, math.ceil(math.log(len(settings), factor) - 1e-9))
        for number in range(rounds + 1):
            share = factor ** (number - rounds)
            given = [
                {**setting, "max_iter": max(1, round(share * self._epochs(setting)))}
                for setting in settings
            ]
            results = evaluate(
                given,
                more_results={
                    "iter": [number] * len(given),
                    "n_resources": [setting["max_iter"] for setting in given],
                },
            )
            means = results[f"mean_test_{metric}"][-len(given) :]
            kept = max(1, math.ceil(len(settings) / factor - 1e-9))
            settings = [settings[place] for place in _ranked(means)[:kept]]

    def _epochs(self, setting: Mapping[str, Any]) -> int:
        """Return the epochs of a setting's whole course."""
        epochs: int = setting.get("max_iter", self.estimator.max_iter)
        return epochs

    def _choose(self, X: Any, y: Any, weights: Any, metric: str) -> None:
        """Find the best setting, and fit it on all rows."""
        results = self.cv_results_
        if not self.refit and self.multimetric_:
            return
        if self.halving is None or callable(self.refit):
            self.best_index_ = self._select_best_index(  # type: ignore[attr-defined]
                self.refit, metric, results
            )
        else:
            last = np.flatnonzero(results["iter"] == np.max(results["iter"]))
            means = np.asarray(results[f"mean_test_{metric}"])[last]
            self.best_index_ = int(last[_ranked(means)[0]])
        if not callable(self.refit):
            self.best_score_ = results[f"mean_test_{metric}"][self.best_index_]
        self.best_params_ = results["params"][self.best_index_]
        if self.refit:
            best = clone(self.estimator).set_params(
                **clone(self.best_params_, safe=False)
            )
            start = time.perf_counter()
            self.best_estimator_ = best.fit(X, y, weights)
            self.refit_time_ = time.perf_counter() - start
            if hasattr(best, "feature_names_in_"):
                self.feature_names_in_ = best.feature_names_in_


def _ranked(means: Any) -> NDArray[np.intp]:
    """Return the places of scores, the best first; those that are none come last."""
    return np.argsort(-np.nan_to_num(means, nan=-np.inf), kind="stable")


def _sizes(jobs: list[Any], n_features: int) -> list[float]:
    """Return the work of each fit, 0 for one that cannot be fitted."""
    sizes = []
    for model, train in jobs:
        try:
            sizes.append(work_of(model, n_features) * len(train))
        except (ValueError, TypeError):
            sizes.append(0.0)
    return sizes
