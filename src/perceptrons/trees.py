"""Models made of models as plain values: averages, encoders, linear models.

An object becomes the name of its class and its attributes. The classes are those of the
closed table here; their attributes may be values, arrays, and such objects again.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.model_selection import GridSearchCV

from perceptrons import boosted
from perceptrons.files import Savable
from perceptrons.state import Arrays, Header, StateError
from perceptrons.state.taking import take
from perceptrons.state.words import decode, encode

#: Classes by name, and where they live. None of them runs what its attributes say.
CLASSES = {
    "TabularRegressor": "perceptrons.presets.regressor",
    "TabularClassifier": "perceptrons.presets.classifier",
    **dict.fromkeys(
        ("Scaler", "Plain", "Bins", "Normal", "Cosines"),
        "perceptrons.presets.encodings",
    ),
    "TableEncoder": "perceptrons.tables.encoder",
    "ValidatedRidge": "perceptrons.comparison.ridge",
    **dict.fromkeys(
        ("SplineRegressor", "SplineClassifier", "Basis", "Curve"),
        "perceptrons.comparison.splines",
    ),
    "BoostedTrees": "perceptrons.boosted",
    "LastValue": "perceptrons.comparison.naive",
    "SeasonalNaive": "perceptrons.comparison.naive",
    "Pipeline": "sklearn.pipeline",
    "StandardScaler": "sklearn.preprocessing",
    "PolynomialFeatures": "sklearn.preprocessing",
    "SplineTransformer": "sklearn.preprocessing",
    **dict.fromkeys(("DummyRegressor", "DummyClassifier"), "sklearn.dummy"),
    **dict.fromkeys(
        ("LinearRegression", "LassoCV", "LogisticRegression"), "sklearn.linear_model"
    ),
}
#: Networks within: described by shapes and settings, as in files of their own.
NETWORKS = {
    "Network": "perceptrons.presets.race",
    "MLPRegressor": "perceptrons.estimators",
    "MLPClassifier": "perceptrons.estimators",
}
_DTYPES = ("float32", "float64", "int64", "int32", "bool")
# Larger ones would make a model ask for more memory than its file: what a spline
# holds grows with the square of its knots.
_MOST_COUNT, _MOST_KNOTS, _MOST_DEGREE = 2**20, 64, 5


class SavableTree(Savable):
    """What is saved attribute by attribute."""

    def _describe(self, resume: bool, raw: bool) -> tuple[Header, Arrays]:
        """Return class and attributes."""
        arrays: Arrays = {}
        return _describe_attributes(self, arrays, raw), arrays

    def _restore(self, header: Any, arrays: Arrays, raw: bool) -> None:
        """Become what was described, and see that it predicts."""
        left = dict(arrays)
        vars(self).update(_restore_attributes(header, left, raw))
        if left:
            raise StateError("it holds an array too many")
        if raw:
            return
        self._try_out()

    def _try_out(self) -> None:
        """Predict rows of zeros, or refuse what was read.

        Raises
        ------
        StateError
        """
        model: Any = self
        # Behind the encoder of a table with words, which wants its columns' names.
        names = "_table", "n_features_in_", "feature_names_in_"
        own = {name: vars(self).pop(name) for name in names if name in vars(self)}
        table = own.get("_table")
        try:
            width = len(table.get_feature_names_out()) if table else None
            check_answers(model, width or own["n_features_in_"])
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError,
                MemoryError) as error:  # fmt: skip
            raise StateError(f"its parts do not fit ({type(error).__name__})") from None
        finally:
            vars(self).update(own)

    def __getstate__(self) -> dict[str, Any]:
        """Return plain values and arrays, with the version that wrote them."""
        return {**super().__getstate__(), "others": {}}


def check_answers(model: Any, width: int) -> None:
    """Refuse a model that does not answer each row.

    Parameters
    ----------
    model : estimator
    width : int
        Numbers of a row.

    Raises
    ------
    ValueError
    """
    # Of two lengths, so that no array that broadcasts by chance fits both.
    for n_rows in (2, 3):
        if np.shape(model.predict(np.zeros((n_rows, width))))[:1] != (n_rows,):
            raise ValueError("the model does not answer each row")


def _describe_attributes(model: Any, arrays: Arrays, raw: bool) -> Header:
    """Return the attributes of an object; its constructor's arguments among them."""
    return {
        "params": {},
        "attributes": {
            name: _describe(value, name, arrays, raw)
            for name, value in vars(model).items()
        },
    }


def _describe(value: Any, name: str, arrays: Arrays, raw: bool) -> Any:
    """Return a value for JSON; its arrays go beside."""
    if isinstance(value, GridSearchCV):
        value = value.best_estimator_
    if boosted.is_boosting(value):
        value = _trees(value, name)
    kind = type(value).__name__
    if isinstance(value, np.ndarray):
        return _describe_array(value, name, arrays, raw)
    if kind in NETWORKS and type(value) is _class(NETWORKS, kind):
        number = f"n{len(arrays)}"
        header, own = value._describe(resume=False, raw=False)
        arrays |= {f"{number}/{key}": array for key, array in own.items()}
        return {"network": kind, "at": number, "header": header}
    if kind in CLASSES and type(value) is _class(CLASSES, kind):
        if kind == "TableEncoder":
            return {"class": kind, "state": encode(value.to_state(), name)}
        if kind == "SplineTransformer":
            knots = _describe_array(value.knots, name, arrays, raw)
            return {"class": kind, "degree": value.degree, "knots": knots}
        return {"class": kind, **_describe_attributes(value, arrays, raw)}
    if isinstance(value, list):
        return [_describe(item, name, arrays, raw) for item in value]
    if isinstance(value, tuple):
        return {"tuple": [_describe(item, name, arrays, raw) for item in value]}
    if isinstance(value, dict):
        pairs = [
            [encode(key, name), _describe(own, name, arrays, raw)]
            for key, own in value.items()
        ]
        return {"dict": pairs}
    if isinstance(value, np.random.RandomState | BaseEstimator):
        if raw:
            return {"object": value}
        raise StateError(
            f"{name} cannot be saved: a file cannot hold a {kind}; skops.io.dump keeps "
            "models of scikit-learn."
        )
    return encode(value, name, raw)


def _trees(model: Any, name: str) -> Any:
    """Return the trees of boosting, which its own objects cannot be saved as."""
    try:
        return boosted.BoostedTrees.of(model)
    except (AttributeError, KeyError, ValueError) as error:
        raise StateError(f"{name} cannot be saved: {error}.") from None


def _describe_array(
    array: np.ndarray[Any, Any], name: str, arrays: Arrays, raw: bool
) -> Any:
    """Return where an array of numbers is, or the text it holds."""
    if array.dtype.name in _DTYPES:
        key = f"a{len(arrays)}"
        arrays[key] = array
        return {"array": key}
    if array.ndim == 1 and (array.dtype.kind in "UTiu" or array.dtype.kind == "O"):
        values = [encode(item, name) for item in array.tolist()]
        if array.dtype.kind in "iu":
            return {"words": values, "kind": array.dtype.name}
        return {"words": values, "kind": "O" if array.dtype.kind == "O" else "U"}
    if raw:
        return {"object": array}
    raise StateError(f"{name} cannot be saved: it is an array of {array.dtype}.")


def _restore_attributes(header: Any, arrays: Arrays, raw: bool) -> dict[str, Any]:
    """Return the attributes of an object."""
    attributes = take(header, "attributes", dict)
    return {
        name: _restore(value, name, arrays, raw) for name, value in attributes.items()
    }


def _restore(value: Any, name: str, arrays: Arrays, raw: bool) -> Any:
    """Return what a value of JSON describes."""
    if isinstance(value, int) and not isinstance(value, bool):
        if not raw and abs(value) > _MOST_COUNT and "random_state" not in name:
            raise StateError(f"its {name[:40]!r} is too large")
        return value
    if isinstance(value, list):
        return [_restore(item, name, arrays, raw) for item in value]
    if not isinstance(value, dict):
        return decode(value, raw)
    if "array" in value:
        return _restore_array(take(value, "array", str), arrays)
    if "words" in value:
        return _restore_words(value)
    if "network" in value:
        return _restore_network(value, arrays)
    if "class" in value:
        return _restore_object(value, arrays, raw)
    if "tuple" in value:
        items = take(value, "tuple", list)
        return tuple(_restore(item, name, arrays, raw) for item in items)
    if "dict" in value:
        found = {}
        for pair in take(value, "dict", list):
            if not isinstance(pair, list) or len(pair) != 2:
                raise StateError("it holds a dict that is not one of pairs")
            key = decode(pair[0])
            if isinstance(key, list | dict):
                raise StateError("it holds a dict with keys that are none")
            inner = key if isinstance(key, str) else name
            found[key] = _restore(pair[1], inner, arrays, raw)
        return found
    return decode(value, raw)


def _restore_array(key: str, arrays: Arrays) -> Any:
    """Take an array of numbers."""
    if key not in arrays:
        raise StateError(f"it lacks the array {key[:20]!r}")
    array = arrays.pop(key)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise StateError(f"the array {key!r} holds NaN or infinity")
    return array


def _restore_words(value: Any) -> Any:
    """Return an array of text, or of small whole numbers."""
    words = decode(take(value, "words", list))
    kind = take(value, "kind", str)
    if kind == "O":
        array = np.empty(len(words), object)
        array[:] = words
        return array
    if kind == "U" and words and all(isinstance(word, str) for word in words):
        return np.array(words)
    if kind in ("int8", "int16", "uint8", "uint16", "uint32", "uint64"):
        try:
            return np.array(words, kind)
        except (OverflowError, TypeError, ValueError):
            pass
    raise StateError("it holds words that are none")


def _restore_network(value: Any, arrays: Arrays) -> Any:
    """Return a network within."""
    kind, number = take(value, "network", str), take(value, "at", str)
    if kind not in NETWORKS:
        raise StateError("it holds a kind of network that there is not")
    prefix = f"{number}/"
    own = {
        k[len(prefix) :]: arrays.pop(k) for k in list(arrays) if k.startswith(prefix)
    }
    network = _class(NETWORKS, kind)()
    network._restore(take(value, "header", dict), own, raw=False)
    return network


def _restore_object(value: Any, arrays: Arrays, raw: bool) -> Any:
    """Return an object of the closed table, its constructor not called."""
    kind = take(value, "class", str)
    if kind not in CLASSES:
        raise StateError("it holds a class that there is not")
    found = _class(CLASSES, kind)
    if kind == "TableEncoder":
        try:
            return found.from_state(decode(take(value, "state", dict)))
        except (AttributeError, KeyError, TypeError, ValueError):
            raise StateError("its account of columns is none") from None
    if kind == "SplineTransformer":
        return _restore_spline(value, arrays, found)
    made = found.__new__(found)
    attributes = _restore_attributes(value, arrays, raw)
    if kind == "PolynomialFeatures" and attributes.get("degree") != 2:
        raise StateError("its polynomial is not of degree 2")
    vars(made).update(attributes)
    if kind == "BoostedTrees":
        try:
            made.check()
        except (AttributeError, IndexError, TypeError, ValueError):
            raise StateError("it holds trees that are none") from None
    return made


def _restore_spline(value: Any, arrays: Arrays, spline: Any) -> Any:
    """Return a spline of a column, which scikit-learn makes anew of its knots."""
    degree = take(value, "degree", int)
    knots = _restore_array(take(take(value, "knots", dict), "array", str), arrays)
    if not 0 < degree <= _MOST_DEGREE or knots.size > _MOST_KNOTS or knots.ndim != 2:
        raise StateError("it holds a spline that is none")
    try:
        return spline(degree=degree, knots=knots, extrapolation="linear").fit(knots)
    except (TypeError, ValueError):
        raise StateError("it holds a spline that is none") from None


def _class(table: dict[str, str], name: str) -> Any:
    """Return a class of a closed table.

    Raises
    ------
    StateError
        If this version has it no longer.
    """
    try:
        return getattr(import_module(table[name]), name)
    except (AttributeError, ImportError):
        raise StateError(f"this version has no {name}") from None
