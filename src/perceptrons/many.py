"""Many estimators in one call, over all cores: a sweep, or the folds of a validation.

Each fit runs on one thread and shares nothing with the others, so each is
bit-identical to its own ``fit``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.utils import indexable
from sklearn.utils.validation import _num_samples

from perceptrons import _checks, extras, settings, threads
from perceptrons._base import Perceptron, fit_rows
from perceptrons.network import Architecture

OnFit = Callable[[int, Any], object]


def fit_many(
    estimators: Sequence[Any],
    X: Any,
    y: Any,
    *,
    sample_weight: Any = None,
    X_val: Any = None,
    y_val: Any = None,
    n_jobs: int | None = None,
    progress: bool = False,
    on_fit: OnFit | None = None,
) -> list[Any]:
    """Fit many estimators on the same data, over all cores, largest first.

    Parameters
    ----------
    estimators : sequence of MLPRegressor or MLPClassifier
        Fitted in place. The compiled engine leaves the interpreter's lock to the
        others; estimators that train on NumPy mostly wait for it.
    X, y, sample_weight, X_val, y_val : as in ``fit``
    n_jobs : int or None, default=None
        Most fits at a time; None: all cores this process may use.
    progress : bool, default=False
        Show a bar on standard error.
    on_fit : callable or None, default=None
        ``on_fit(index, estimator)`` is called in the caller's thread as each fit
        ends, in the order they end.

    Returns
    -------
    list
        The same estimators in the given order.

    Raises
    ------
    ValueError
        If the same object occurs twice.
    TypeError
        If one is no estimator of this package.
    Exception
        The first error of a fit; fits not yet begun are then left out.
    KeyboardInterrupt, or what else a signal's handler or ``on_fit`` raises
        Fits under way end at once and keep their last finished epoch.
    """
    estimators = list(estimators)
    _check_estimators(estimators)

    def fit(index: int) -> Any:
        return estimators[index].fit(X, y, sample_weight, X_val=X_val, y_val=y_val)

    n_features = np.shape(X)[1] if np.ndim(X) == 2 or hasattr(X, "shape") else 1
    sizes = [work_of(estimator, n_features) for estimator in estimators]
    run_all(fit, sizes, n_jobs, progress, on_fit)
    return estimators


def fit_folds(
    estimator: Any,
    X: Any,
    y: Any,
    folds: Iterable[Any],
    *,
    sample_weight: Any = None,
    n_jobs: int | None = None,
    on_fit: OnFit | None = None,
) -> list[Any]:
    """Fit one clone per fold, each on its rows of X, over all cores.

    X is not copied: the engine reads the rows of a fold where they lie.

    Parameters
    ----------
    estimator : MLPRegressor or MLPClassifier
        Left as it is.
    X, y : as in ``fit``, all rows
    folds : iterable of array-like or slice
        The rows to train on of each fold: row numbers, a boolean mask or a slice; or
        pairs (train, test) of these as scikit-learn's splitters yield them, of which
        the first is used.
    sample_weight : as in ``fit``, all rows
    n_jobs, on_fit : as in :func:`fit_many`

    Returns
    -------
    list
        The fitted clones, in the order of the folds; each equals
        ``clone(estimator).fit(X[rows], y[rows])`` bit for bit.

    Raises
    ------
    ValueError, TypeError
        As :func:`fit_many`, and for a fold that selects no row, a row that is not
        there, or by anything but whole numbers, a mask or a slice.
    KeyboardInterrupt
        As :func:`fit_many`.
    """
    _check_estimators([estimator])
    X, y, sample_weight = indexable(X, y, sample_weight)
    n_rows = _num_samples(X)
    rows = [_checks.row_numbers("folds", _train_part(fold), n_rows) for fold in folds]
    clones = [clone(estimator) for _ in rows]

    def fit(index: int) -> Any:
        return fit_rows(clones[index], X, y, sample_weight, rows[index])

    run_all(fit, [len(fold) for fold in rows], n_jobs, False, on_fit)
    return clones


def _train_part(fold: Any) -> Any:
    """Return the rows to train on: of a pair (train, test) the first."""
    pair = isinstance(fold, tuple) and len(fold) == 2
    return fold[0] if pair and not isinstance(fold[0], Integral) else fold


def _check_estimators(estimators: Sequence[Any]) -> None:
    """Refuse strangers and repetitions."""
    for index, estimator in enumerate(estimators):
        if not isinstance(estimator, Perceptron):
            raise TypeError(
                "estimators must hold MLPRegressor and MLPClassifier objects, got "
                f"{estimator!r} at position {index}; use joblib for others."
            )
    if len({id(estimator) for estimator in estimators}) < len(estimators):
        raise ValueError(
            "estimators must not hold the same object twice, since each is fitted in "
            "place; use sklearn.base.clone to repeat one."
        )


def work_of(estimator: Any, n_features: int) -> float:
    """Return a fit's work in proportion: parameters x epochs."""
    hidden = settings.resolve(estimator).hidden
    return float(
        Architecture((n_features, *hidden, 1)).n_parameters * estimator.max_iter
    )


def run_all(
    fit: Callable[[int], Any],
    sizes: Sequence[float],
    n_jobs: int | None,
    progress: bool,
    on_fit: OnFit | None,
) -> None:
    """Run the fits in threads, largest first, and report each as it ends."""
    largest_first = sorted(range(len(sizes)), key=lambda index: -sizes[index])
    n_threads = max(1, min(threads.usable_threads(n_jobs), len(sizes)))
    with (
        ThreadPoolExecutor(
            n_threads, "perceptrons-fit", initializer=threads.use_one_thread
        ) as pool,
        _bar(progress, len(sizes)) as advance,
    ):
        futures: dict[Future[Any], int] = {
            pool.submit(fit, index): index for index in largest_first
        }
        failed = False
        try:
            for future in as_completed(futures):
                failed = future.exception() is not None
                estimator = future.result()
                advance()
                if on_fit is not None:
                    on_fit(futures[future], estimator)
        except BaseException:
            for future in futures:
                future.cancel()
            if not failed:  # Ctrl-C, a time-out by another signal, or on_fit
                with threads.interrupt_all():
                    pool.shutdown(wait=True)
            raise


@contextmanager
def _bar(progress: bool, total: int) -> Iterator[Callable[[], None]]:
    """Yield what to call after each fit."""
    if not progress:
        yield lambda: None
        return
    with extras.study("progress=True"):
        from rich.console import Console
        from rich.progress import Progress

    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task("networks", total=total)
        yield lambda: bar.advance(task)
