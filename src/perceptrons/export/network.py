"""What an export needs to know of a fitted model: matrices, activations, link."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import LassoCV, LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    RobustScaler,
    StandardScaler,
)
from sklearn.utils.validation import check_is_fitted

from perceptrons._base import Perceptron, learned_of
from perceptrons.activations import ACTIVATIONS, Activation
from perceptrons.comparison.ridge import ValidatedRidge

Array = NDArray[np.floating[Any]]

# Every one of them is x -> x * factor + shift, column by column.
_SCALERS = (StandardScaler, MinMaxScaler, MaxAbsScaler, RobustScaler)
_LINEAR = (LinearRegression, LassoCV, ValidatedRidge, LogisticRegression)


@dataclass(frozen=True)
class Network:
    """A network as numbers.

    Parameters
    ----------
    weights, biases : list of ndarray of shape (n_in, n_out), (n_out,)
    activations : tuple of Activation
        One per hidden layer.
    link : {"identity", "logistic", "exp", "softmax"}
    features : list of str
        Of the columns; x1, x2, ... where they have no names.
    classes : ndarray or None
    multilabel : bool
    single : bool
        Whether it was trained in float32.
    """

    weights: list[Array]
    biases: list[Array]
    activations: tuple[Activation, ...]
    link: str
    features: list[str]
    classes: NDArray[Any] | None
    multilabel: bool
    single: bool

    @property
    def n_parameters(self) -> int:
        """Weights and biases."""
        return sum(array.size for array in [*self.weights, *self.biases])

    @property
    def n_outputs(self) -> int:
        """Predictions of a row."""
        return len(self.biases[-1])

    def predict(self, X: Array) -> Array:
        """Return predictions of rows X (n, d), in double, shape (n, K)."""
        A: Any = X
        last = len(self.weights) - 1
        for layer, (W, b) in enumerate(zip(self.weights, self.biases, strict=True)):
            A = A @ W.astype(np.float64) + b
            if layer < last:
                A = self.activations[layer].value(A, np.empty_like(A))
        return np.asarray(_LINKS[self.link](A))


def _softmax(Z: Array) -> Array:
    """Return the softmax of each row."""
    E = np.exp(Z - Z.max(axis=1, keepdims=True))
    return np.asarray(E / E.sum(axis=1, keepdims=True))


_LINKS: dict[str, Any] = {
    "identity": lambda Z: Z,
    "logistic": lambda Z: 0.5 + 0.5 * np.tanh(0.5 * Z),
    "exp": np.exp,
    "softmax": _softmax,
}


def network_of(model: Any) -> Network:
    """Return the network of a fitted estimator, scaling before and after folded in.

    Parameters
    ----------
    model : estimator
        An MLPRegressor or MLPClassifier, a linear or logistic regression, the best of
        a search; a pipeline of scikit-learn's scalers and one of these; a
        TransformedTargetRegressor, its target scaled by one.

    Returns
    -------
    Network
        In the units of the raw columns.

    Raises
    ------
    TypeError
        For another model, or an activation of the user's own.
    NotFittedError
    """
    check_is_fitted(model)
    if isinstance(model, TransformedTargetRegressor):
        return _unscale(network_of(model.regressor_), model.transformer_)
    if isinstance(model, Pipeline):
        network = network_of(model[-1])
        for _, step in reversed(model.steps[:-1]):
            network = _scale(network, step)
        names = getattr(model, "feature_names_in_", None)
        return network if names is None else replace(network, features=list(names))
    if isinstance(model, GridSearchCV | RandomizedSearchCV):
        return network_of(model.best_estimator_)
    if isinstance(model, _LINEAR):
        return _linear(model)
    if not isinstance(model, Perceptron):
        raise TypeError(
            "model must be a network, a preset, a student of distill, or a linear or "
            "logistic regression, alone or behind scikit-learn's scalers, to be "
            f"written in another language, got {type(model).__name__}; "
            "perceptrons.distill makes a network of any model."
        )
    return _network(model)


def _linear(model: Any) -> Network:
    """Return a linear model, a network without hidden layers."""
    W = np.atleast_2d(np.asarray(model.coef_, np.float64)).T
    b = np.broadcast_to(np.float64(model.intercept_), W.shape[1:])
    classes = getattr(model, "classes_", None)
    link = "identity"
    if classes is not None:
        link = "logistic" if W.shape[1] == 1 else "softmax"
    names = getattr(model, "feature_names_in_", None)
    features = [f"x{i + 1}" for i in range(len(W))] if names is None else list(names)
    return Network([W], [b], (), link, features, classes, False, single=False)


def _network(model: Perceptron) -> Network:
    """Return what a network has learned."""
    learned = learned_of(model)
    problem, labels = learned.problem, learned.labels
    known = tuple(type(record) for record in ACTIVATIONS.values())
    for activation in problem.activations:
        if type(activation) not in known:
            raise TypeError(
                f"activation must be one of {', '.join(ACTIVATIONS)} (or its record) "
                f"to be written in another language, got {activation!r}."
            )
    if problem.loss.link.name not in ("identity", "logistic", "exp", "softmax"):
        raise TypeError(
            f"loss must be one of perceptrons.losses to be written in another "
            f"language, got {problem.loss!r}."
        )
    default = [f"x{i + 1}" for i in range(model.n_features_in_)]
    return Network(
        [np.asarray(W) for W in learned.coefs],
        [np.asarray(b) for b in learned.intercepts],
        problem.activations,
        problem.loss.link.name,
        default if learned.features is None else list(learned.features),
        None if labels is None else labels.classes,
        labels is not None and labels.binarizer.y_type_ == "multilabel-indicator",
        all(W.dtype == np.float32 for W in learned.coefs),
    )


def _scale(network: Network, step: Any) -> Network:
    """Put a scaler before a network: its first weights take it up, in float64."""
    if step is None or step == "passthrough":
        return network
    n_features = len(network.weights[0])
    factor, shift = _affine(step, n_features)
    W, b = network.weights[0].astype(np.float64), network.biases[0]
    return replace(
        network,
        weights=[factor[:, None] * W, *network.weights[1:]],
        biases=[b + shift @ W, *network.biases[1:]],
    )


def _unscale(network: Network, step: Any) -> Network:
    """Put the inverse of a scaler behind a network: its last weights take it up."""
    if network.link != "identity":
        raise TypeError(
            f"a scaled target cannot follow the link {network.link!r} of the loss."
        )
    if isinstance(step, FunctionTransformer) and step.inverse_func is None:
        return network
    factor, shift = _affine(step, network.weights[-1].shape[1])
    W, b = network.weights[-1].astype(np.float64), network.biases[-1]
    return replace(
        network,
        weights=[*network.weights[:-1], W / factor],
        biases=[*network.biases[:-1], (b - shift) / factor],
    )


def _affine(step: Any, n_columns: int) -> tuple[Array, Array]:
    """Return factor and shift of each column."""
    if not isinstance(step, _SCALERS) or getattr(step, "clip", False):
        names = ", ".join(kind.__name__ for kind in _SCALERS)
        raise TypeError(
            f"scaling must be one of {names} to be folded in, got {step!r}; write the "
            "network alone and scale before it."
        )
    zero, one = np.zeros((1, n_columns)), np.ones((1, n_columns))
    # By its attributes, since a scaler fitted on a table wants its names.
    if isinstance(step, StandardScaler):
        factor = one if step.scale_ is None else 1.0 / _double(step.scale_)
        center = zero if step.mean_ is None or not step.with_mean else step.mean_
    elif isinstance(step, RobustScaler):
        factor = one if step.scale_ is None else 1.0 / _double(step.scale_)
        center = zero if step.center_ is None else step.center_
    elif isinstance(step, MaxAbsScaler):
        factor, center = 1.0 / _double(step.scale_), zero
    else:
        factor = _double(step.scale_)
        center = -_double(step.min_) / factor
    factor, center = np.ravel(factor * one), np.ravel(_double(center) * one)
    return factor, -center * factor


def _double(values: Any) -> Array:
    """Return what a scaler learned; from float32 rows it is float32."""
    return np.asarray(values, np.float64)


def inputs_of(network: Network) -> list[str]:
    """Return x1, x2, ...: names of columns may be words of a language."""
    return [f"x{i + 1}" for i in range(len(network.features))]


def outputs_of(network: Network) -> list[str]:
    """Return what each output is called: y or y1, y2, ..., or the probability p_..."""
    n_outputs = network.n_outputs
    if network.classes is None:
        return ["y"] if n_outputs == 1 else [f"y{k + 1}" for k in range(n_outputs)]
    names = [f"p_{label}" for label in probable(network.classes, n_outputs)]
    distinct = len({name.lower() for name in names}) == len(names)
    if distinct and all(re.fullmatch(r"[A-Za-z0-9_]{1,31}", name) for name in names):
        return names
    return [f"p{k + 1}" for k in range(n_outputs)]


def probable(classes: NDArray[Any] | None, n_outputs: int) -> list[Any]:
    """Return the classes whose probabilities are put out: of two the second."""
    if classes is None:
        return []
    # What learned from rows of a single class gives every other class a chance, too.
    named = [*classes, "any other class"] if len(classes) == 1 else list(classes)
    return named[-n_outputs:]


def unwritten(activation: Any, language: str) -> TypeError:
    """Return the error for a row of ``ACTIVATIONS`` that a language lacks so far."""
    return TypeError(
        f"activation {activation!r} cannot be written as {language} so far; use "
        "another activation, or save the model."
    )


def visible(text: Any) -> str:
    """Return a name of the user's that ends no comment and no line."""
    plain = str(text).encode("unicode_escape").decode("ascii")
    return plain.replace("\\", "/").replace("*/", "* /").replace("??/", "?? /")
