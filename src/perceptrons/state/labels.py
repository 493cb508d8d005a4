"""Classes, and what turns them into columns, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.preprocessing import LabelBinarizer

from perceptrons.state.taking import take
from perceptrons.state.words import StateError, decode, encode

_DTYPES = {
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32"),
    *("uint64", "float32", "float64", "text", "object"),
}
_TARGETS = ("binary", "multiclass", "multilabel-indicator")


@dataclass(frozen=True)
class Labels:
    """The classes of a classifier.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
    binarizer : LabelBinarizer
        Fitted: from classes to columns of targets.
    """

    classes: NDArray[Any]
    binarizer: LabelBinarizer


def describe_labels(labels: Labels, raw: bool) -> dict[str, Any]:
    """Return the part of a header that tells the classes."""
    return {
        "classes": encode_labels(labels.classes, raw),
        "target": labels.binarizer.y_type_,
        "sparse_target": bool(labels.binarizer.sparse_input_),
    }


def restore_labels(header: Any, n_outputs: int, raw: bool) -> Labels:
    """Return the classes, as many as there are outputs.

    Raises
    ------
    StateError
        If they are none, or of another number or kind of target.
    """
    classes = decode_labels(header["classes"], raw)
    target = take(header, "target", str)
    if target not in _TARGETS or not (
        n_outputs == len(classes) or (n_outputs <= 2 and len(classes) <= 2)
    ):
        raise StateError("its classes do not fit its outputs")
    sparse = take(header, "sparse_target", bool)
    try:
        binarizer = _binarizer(target, classes, sparse)
    except (TypeError, ValueError):
        raise StateError("its classes are none") from None
    if binarizer.y_type_ != target or (target == "binary" and len(classes) != 2):
        raise StateError("its classes do not fit its kind of target")
    return Labels(classes, binarizer)


def encode_labels(labels: NDArray[Any], raw: bool = False) -> Any:
    """Return the classes with the dtype they had.

    Raises
    ------
    StateError
        If they are no numbers, booleans or text.
    """
    kind = "text" if labels.dtype.kind in "UT" else labels.dtype.name
    if kind not in _DTYPES:
        if raw:
            return {"object": labels}
        raise StateError(
            f"classes of {labels.dtype} cannot be saved; give y as numbers, booleans "
            "or text."
        )
    return {"dtype": kind, "values": [encode(v, "y", raw) for v in labels.tolist()]}


def decode_labels(header: Any, raw: bool = False) -> NDArray[Any]:
    """Return the classes.

    Raises
    ------
    StateError
        If they are not at least two different labels of one kind.
    """
    if raw and isinstance(header, dict) and "object" in header:
        labels: NDArray[Any] = header["object"]
        return labels
    kind, values = take(header, "dtype", str), take(header, "values", list)
    values = decode(values, raw)
    try:
        distinct = len(set(values))
        if kind not in _DTYPES or distinct < 2 or distinct < len(values):
            raise TypeError
        if kind == "text":
            if not all(isinstance(value, str) for value in values):
                raise TypeError
            return np.array(values)
        labels = np.empty(len(values), kind)
        labels[:] = values
        if kind != "object" and labels.tolist() != values:
            raise TypeError
    except (TypeError, ValueError, OverflowError):
        raise StateError("its classes are none") from None
    return labels


def _binarizer(target: str, classes: NDArray[Any], sparse: bool) -> LabelBinarizer:
    """Return what turns classes into columns, as ``fit`` left it."""
    if target != "multilabel-indicator":
        return LabelBinarizer().fit(classes)
    rows = np.zeros((2, len(classes)), int)
    rows[0, 0] = 1
    return LabelBinarizer(sparse_output=False).fit(csr_array(rows) if sparse else rows)
