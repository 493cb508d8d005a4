"""What a fitted network predicts, and how predictions change with its inputs."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted, validate_data

from perceptrons import _checks, engine, jacobians, settings
from perceptrons.links import IDENTITY
from perceptrons.network import layer_outputs
from perceptrons.objective import Problem

Array = NDArray[np.floating[Any]]

# Rows predicted at a time: enough for every core, few enough for the cache.
PREDICTED_ROWS = 256


class Predicting:
    """What a fitted network says of rows."""

    engine: Any
    n_jobs: Any

    def _check_rows(self, X: Any, accept_sparse: bool = True) -> Any:
        """Return validated rows: float32 stays float32, everything else is float64."""
        check_is_fitted(self, "coefs_")
        return validate_data(
            self,
            X,
            accept_sparse="csr" if accept_sparse else False,
            dtype=(np.float64, np.float32),
            reset=False,
            skip_check_array=is_table(X),
        )

    def _fitted(self, dtype: Any) -> tuple[Problem, Array]:
        """Return the problem in this dtype, and the flat vector of the weights.

        ``coefs_`` and ``intercepts_`` as they are now: all of one moment, whatever
        another thread sets meanwhile.
        """
        state = self.__dict__.copy()
        problem: Problem = replace(state["_problem"], dtype=np.dtype(dtype))
        architecture = problem.architecture
        theta = architecture.pack(state["coefs_"], state["intercepts_"], dtype)
        return problem, theta

    def _theta(self, dtype: Any) -> Array:
        """Return the flat vector of ``coefs_`` and ``intercepts_``, as they are now."""
        return self._fitted(dtype)[1]

    def _raw_outputs(self, X: Any) -> tuple[Problem, Array]:
        """Return the raw outputs of shape (n, K) of valid rows, and their problem."""
        problem, theta = self._fitted(X.dtype)
        choice = engine.choose(self.engine, problem, None, self.n_jobs)
        bound = choice.bind(problem, max(1, min(X.shape[0], PREDICTED_ROWS)))
        return problem, bound.raw_outputs(theta, X)

    def predictor(self) -> Callable[[Array], Array]:
        """Return a function that predicts fast, for use in an inner loop.

        X must be an array of shape (n, d), best C-contiguous and in the estimator's
        ``dtype``; its values are not validated. The weights are those of now, whatever
        becomes of the estimator. Many threads may call it at once.

        Returns
        -------
        callable
            X -> predictions of shape (n,) or (n, K) for a regressor, probabilities of
            shape (n, n_classes) for a classifier. It raises ValueError for an array of
            another shape or of no numbers, TypeError for anything else.
        """
        check_is_fitted(self, "coefs_")
        problem, theta = self._fitted(settings.resolve(self).dtype)
        choice = engine.choose(self.engine, problem, None, self.n_jobs)
        raw_outputs = choice.bind(problem, PREDICTED_ROWS).predictor(theta)
        link, finish = problem.loss.link, self._finish
        n_outputs = problem.architecture.sizes[-1]
        if link is IDENTITY and n_outputs == 1:
            return raw_outputs  # of shape (n,): a function less where a row takes 1 us
        return lambda X: finish(link.value(raw_outputs(X).reshape(-1, n_outputs)))

    @abstractmethod
    def _finish(self, predictions: Array) -> Array:
        """Return linked outputs of shape (n, K) in the shape users expect."""

    def layer_outputs(self, X: Any) -> list[Array]:
        """Return what every layer puts out.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n, d)

        Returns
        -------
        list of ndarray of shape (n, width)
            Activations of the hidden layers, first to last, then the predictions of
            the output layer (probabilities for a classifier), of shape (n, K).
        """
        X = self._check_rows(X)
        problem, theta = self._fitted(X.dtype)
        outputs = layer_outputs(problem.architecture, problem.activations, theta, X)
        outputs[-1] = _linked(problem, outputs[-1])
        return outputs

    def input_gradient(self, X: Any) -> Array:
        """Return the derivative of every prediction by every feature.

        Of ``predict`` for a regressor; for a classifier of the probabilities that
        ``layer_outputs`` ends with (one for two classes: that of the second).

        Parameters
        ----------
        X : array-like of shape (n, d)

        Returns
        -------
        ndarray of shape (n, d), or (n, K, d) for K > 1 outputs
        """
        X = self._check_rows(X, accept_sparse=False)
        gradient = jacobians.input_gradient(*self._fitted(X.dtype), X)
        return gradient[:, 0, :] if gradient.shape[1] == 1 else gradient


def linked_outputs(network: Predicting, X: Any) -> Array:
    """Return the linked outputs of shape (n, K), in the dtype of X."""
    return _linked(*network._raw_outputs(network._check_rows(X)))


def _linked(problem: Problem, raw: Array) -> Array:
    """Return predictions from raw outputs; an exp may overflow to infinity."""
    with np.errstate(over="ignore", under="ignore"):
        predictions: Array = problem.loss.link.value(raw)
    return predictions


def is_table(X: Any) -> bool:
    """Tell whether validation would return these features as they are."""
    return _checks.is_plain(X) and X.dtype.kind == "f" and X.ndim == 2
