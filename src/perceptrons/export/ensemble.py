"""What an export needs to know of a preset, a student, and a model of a table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from perceptrons.distillation import Student
from perceptrons.export.network import Network, network_of
from perceptrons.presets.classifier import TabularClassifier
from perceptrons.presets.encodings import Encoder
from perceptrons.presets.regressor import TabularRegressor
from perceptrons.table_model import TableModel
from perceptrons.tables import TableEncoder

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Columns:
    """What an encoder makes of a table whose used columns are numbers and booleans.

    Parameters
    ----------
    names : list of str
        Of the columns that come in.
    source : ndarray of int of shape (m,)
        Which of them each column that goes out is made of.
    fill : ndarray of shape (m,)
        What a gap, NaN, becomes.
    gap : ndarray of bool of shape (m,)
        Whether the column says where the gaps are, and not the number.
    """

    names: list[str]
    source: NDArray[np.intp]
    fill: Array
    gap: NDArray[np.bool_]

    @staticmethod
    def of(encoder: TableEncoder) -> Columns:
        """Return what a fitted encoder does.

        Raises
        ------
        TypeError
            If it reads words or dates, which only Python does.
        """
        used = [column for column in encoder.account_ if column.used]
        words = [c.name for c in used if c.kind not in ("number", "boolean")]
        if words:
            raise TypeError(
                "model must take columns of numbers and booleans alone to leave "
                f"Python, got words or dates in {', '.join(map(repr, words[:5]))}; "
                "in Python export its attribute model, and give what is written the "
                "numbers that its encoder.transform makes of a table."
            )
        places = {column.name: place for place, column in enumerate(used)}
        learned = encoder.to_state()["learned"]
        numbers = [c.name for c in used if c.kind == "number"]
        gaps = [name for name in numbers if learned[name]["gaps"]]
        rest = [c.name for c in used if c.kind == "boolean"]
        order = [*numbers, *gaps, *rest]
        gap = np.repeat([False, True, False], [len(numbers), len(gaps), len(rest)])
        return Columns(
            list(places),
            np.array([places[name] for name in order]),
            np.array([learned[name]["fill"] for name in order]),
            gap,
        )

    def __call__(self, X: Array) -> Array:
        """Return the encoder's numbers of rows X (n, d), which may hold NaN."""
        taken = X[:, self.source]
        absent = np.isnan(taken)
        return np.where(self.gap, absent, np.where(absent, self.fill, taken))


@dataclass(frozen=True)
class Part:
    """Networks that see the columns in one way.

    Parameters
    ----------
    encoder : Encoder or None
        None: as they are.
    networks : list of (float, Network)
        Each with its weight in the mean.
    """

    encoder: Encoder | None
    networks: list[tuple[float, Network]]


@dataclass(frozen=True)
class Ensemble:
    """A weighted mean of networks, from raw columns to predictions.

    Parameters
    ----------
    columns : Columns or None
        What comes first; None: nothing.
    parts : list of Part
    scale, mean : ndarray of shape (K,)
        Predictions are mean + scale times what the networks say together.
    features : list of str
        Of the columns that come in.
    classes : ndarray or None
    """

    columns: Columns | None
    parts: list[Part]
    scale: Array
    mean: Array
    features: list[str]
    classes: NDArray[Any] | None

    @property
    def n_outputs(self) -> int:
        """Predictions of a row: a number, several, or a probability of each class."""
        return len(self.scale)

    def predict(self, X: Array) -> Array:
        """Return predictions of rows X (n, d), in double, shape (n, K)."""
        numbers = X if self.columns is None else self.columns(X)
        total: Any = 0.0
        for part in self.parts:
            inputs = numbers if part.encoder is None else part.encoder(numbers)
            for weight, network in part.networks:
                total = total + weight * network.predict(inputs.astype(np.float64))
        if self.classes is not None:
            total = total / total.sum(axis=1, keepdims=True)
        found: Array = self.mean + self.scale * total
        return found


def read(model: Any) -> Network | Ensemble:
    """Return what is to be written of any model of ours.

    Parameters
    ----------
    model : estimator

    Raises
    ------
    TypeError, NotFittedError
    """
    if isinstance(model, TabularRegressor | TabularClassifier):
        return _preset(model)
    if isinstance(model, Student):
        return _student(model)
    if isinstance(model, TableModel):
        check_is_fitted(model)
        columns, inner = Columns.of(model.encoder), read(model.model)
        if isinstance(inner, Network):
            return _around(columns, inner)
        return replace(inner, columns=columns, features=columns.names)
    return network_of(model)


def read_network(model: Any) -> Network:
    """Return the one network that a formula can be made of.

    Parameters
    ----------
    model : estimator

    Raises
    ------
    TypeError
        If it is a mean of several, or asks for gaps.
    """
    found = read(model)
    if isinstance(found, Network):
        return found
    columns, networks = found.columns, found.parts[0].networks
    if len(networks) > 1 or found.parts[0].encoder is not None:
        raise TypeError(
            "model must be one network of the columns as they are for a formula, got "
            f"{sum(len(part.networks) for part in found.parts)} of encoded columns; "
            "perceptrons.export.to_c writes it."
        )
    network = networks[0][1]
    if columns is None or columns.gap.any():
        raise TypeError(
            "model must have learned from columns without gaps for a formula; "
            "perceptrons.export.to_c writes it."
        )
    # Every column goes out once: the weights take up their order.
    W = np.empty_like(network.weights[0])
    W[columns.source] = network.weights[0]
    return replace(network, weights=[W, *network.weights[1:]], features=columns.names)


def _around(columns: Columns, network: Network) -> Ensemble:
    """Return a network alone behind a table's columns."""
    if network.classes is not None and network.link == "logistic":
        # 1 / (1 + exp(-z)) is the second of softmax(0, z).
        W, b = network.weights[-1], network.biases[-1]
        network = replace(
            network,
            weights=[*network.weights[:-1], np.hstack([np.zeros_like(W), W])],
            biases=[*network.biases[:-1], np.hstack([np.zeros_like(b), b])],
            link="softmax",
        )
    K = network.n_outputs
    return Ensemble(
        columns,
        [Part(None, [(1.0, network)])],
        np.ones(K),
        np.zeros(K),
        columns.names,
        network.classes,
    )


def _preset(model: TabularRegressor | TabularClassifier) -> Ensemble:
    """Return a preset as numbers."""
    check_is_fitted(model, "networks_")
    if isinstance(model, TabularClassifier) and model._several:
        raise TypeError(
            "model must tell one label of a row for export, got a preset of several; "
            "fit one preset to each column of labels."
        )
    n_folds = model._n_folds
    parts: dict[str, Part] = {}
    for number, chosen in enumerate(model.chosen_):
        # Settings that see the columns in the same way share their encoder.
        own = Part(model._encoders[number], [])
        part = parts.setdefault(chosen["encoding"], own)
        networks = model.networks_[number * n_folds : (number + 1) * n_folds]
        part.networks.extend(
            (chosen["weight"] / n_folds, network_of(network)) for network in networks
        )
    K = model.networks_[0].n_outputs_
    scale, mean, classes = np.ones(K), np.zeros(K), None
    if isinstance(model, TabularClassifier):
        classes = model.classes_
    else:
        scale, mean = np.ravel(model._y_scale), np.ravel(model._y_mean)
    columns = None if model._table is None else Columns.of(model._table)
    features = _features(model) if columns is None else columns.names
    return Ensemble(columns, list(parts.values()), scale, mean, features, classes)


def _student(model: Student) -> Ensemble:
    """Return the network of a distillation, its encoding and its target's scale."""
    check_is_fitted(model, "network_")
    network = network_of(model.network_)
    scale, mean, classes = np.ones(network.n_outputs), np.zeros(network.n_outputs), None
    if hasattr(model, "classes_"):
        classes = model.classes_
    else:
        scale, mean = scale * model._scale, mean + model._mean
    part = Part(model._encoder, [(1.0, network)])
    return Ensemble(None, [part], scale, mean, _features(model), classes)


def _features(model: Any) -> list[str]:
    """Return the columns that a model was fitted to; x1, x2, ... without names."""
    names = getattr(model, "feature_names_in_", None)
    default = [f"x{i + 1}" for i in range(model.n_features_in_)]
    return default if names is None else list(names)
