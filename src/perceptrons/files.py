"""Model files: safetensors, with a header that is checked word by word.

A file holds numbers and plain words. Nothing in it can run, import, open another file
or take more memory than its own size allows: whatever is not exactly what this library
writes is refused by one sentence. docs/models.md shows the use.
"""

from __future__ import annotations

import io
import json
import os
import stat
import warnings
from abc import abstractmethod
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import IO, Any, ClassVar

import numpy as np
from safetensors import SafetensorError
from safetensors import numpy as safetensors
from sklearn.exceptions import InconsistentVersionWarning
from sklearn.utils.validation import check_is_fitted

from perceptrons.state import FITTED, Arrays, Header, StateError
from perceptrons.state.taking import take

#: Of the layout below; a reader refuses higher ones.
FORMAT = 1

#: Classes that a file may hold, and where they live.
HOMES = {
    "MLPClassifier": "perceptrons.estimators",
    "MLPRegressor": "perceptrons.estimators",
    "TableModel": "perceptrons.table_model",
    "TabularClassifier": "perceptrons.presets.classifier",
    "TabularRegressor": "perceptrons.presets.regressor",
}

#: Types that ``skops.io.load(file, trusted=perceptrons.TRUSTED)`` meets in our files.
TRUSTED = [f"{home}.{name}" for name, home in HOMES.items()]

#: The kind of file that a fit goes on from.
CHECKPOINT = "checkpoint"

# Sizes, names and settings: a few kilobytes, but for the names of very many columns.
MOST_HEADER = 2**20

_DTYPES = ("F32", "F64", "I64", "I32", "BOOL")
_ENTRY = {"dtype", "shape", "data_offsets"}
_KEY = "perceptrons"


class Savable:
    """What can be saved and pickled: as a header and arrays, never as objects."""

    #: Fitted attributes that the header and the arrays describe.
    _described: ClassVar[frozenset[str]] = FITTED

    @abstractmethod
    def _describe(self, resume: bool, raw: bool) -> tuple[Header, Arrays]:
        """Return what :mod:`perceptrons.state` can restore."""

    @abstractmethod
    def _restore(self, header: Any, arrays: Arrays, raw: bool) -> None:
        """Become what was described, in place."""

    def save(self, path: str | os.PathLike[str], resume: bool = False) -> Path:
        """Write the fitted model to a file that :func:`perceptrons.load` reads.

        The file is written whole or not at all: until it is whole, the file that was
        there before stays. Attributes that you added yourself are not part of it.

        Parameters
        ----------
        path : str or path
            By custom it ends in ".safetensors".
        resume : bool, default=False
            Keep the optimizer's state and the random streams, too: ``partial_fit`` and
            ``warm_start`` then go on after loading as if the process had never ended,
            bit for bit.

        Returns
        -------
        Path

        Raises
        ------
        NotFittedError
        StateError
            If an argument is code (an activation, loss, optimizer or callback of your
            own) or anything else that a file must not hold.
        OSError
            If the file cannot be written.
        """
        check_is_fitted(self)
        content = to_bytes(self, resume)
        # Whoever saves now learns now, not when it is too late, that it cannot be read.
        from_bytes(content)
        return write_whole(Path(path), content)

    def __getstate__(self) -> dict[str, Any]:
        """Return plain values and arrays, with the version that wrote them."""
        header, arrays = self._describe(resume=True, raw=True)
        known = set(header["params"])
        if len(header) > 1:
            known |= self._described
        return {
            "perceptrons": _version(),
            "format": FORMAT,
            "header": header,
            "arrays": arrays,
            "others": {k: v for k, v in vars(self).items() if k not in known},
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Become what was pickled, by this version or an earlier one.

        Warns
        -----
        InconsistentVersionWarning
            If another version wrote it; scikit-learn's.
        """
        written = state.get("perceptrons", "before 0.1")
        if written != _version():
            warnings.warn(
                InconsistentVersionWarning(
                    estimator_name=type(self).__name__,
                    current_sklearn_version=_version(),
                    original_sklearn_version=written,
                ),
                stacklevel=2,
            )
        if "header" not in state:
            vars(self).update(state)
            return
        if state["format"] > FORMAT:
            raise StateError(_newer(written))
        self._restore(state["header"], dict(state["arrays"]), raw=True)
        vars(self).update(state["others"])


def load(path: str | os.PathLike[str]) -> Any:
    """Return the model that ``model.save(path)`` wrote.

    Safe for files from strangers: a file cannot run or import anything, nor take
    memory beyond a small multiple of its size.

    Parameters
    ----------
    path : str or path

    Returns
    -------
    estimator
        Predicts the same bits as the one that was saved, on either engine.

    Raises
    ------
    StateError
        If the file is damaged, of another kind, or of a later version.
    OSError
        If it cannot be read.

    Examples
    --------
    >>> import tempfile, pathlib, perceptrons
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> net = perceptrons.MLPClassifier(solver="lbfgs", random_state=0).fit(X, y)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = net.save(pathlib.Path(folder) / "iris.safetensors")
    ...     again = perceptrons.load(path)
    >>> bool((again.predict_proba(X) == net.predict_proba(X)).all())
    True
    """
    return read(path, _model)


def read(path: str | os.PathLike[str], use: Callable[[IO[bytes], int], Any]) -> Any:
    """Return what ``use`` makes of a file, given as a stream and its size.

    Raises
    ------
    StateError
        With the path, for what ``use`` raises and for what is no regular file.
    OSError
    """
    # Opening a pipe would wait for somebody to write into it.
    with open(path, "rb", opener=_at_once) as stream:
        found = os.fstat(stream.fileno())
        try:
            if not stat.S_ISREG(found.st_mode):
                raise StateError("it is no regular file")
            return use(stream, found.st_size)
        except RecursionError:
            reason = "it is nested too deeply"
        except StateError as error:
            reason = str(error)
    raise StateError(f"{os.fspath(path)} cannot be loaded: {reason}.")


def _at_once(path: str, flags: int) -> int:
    """Open a file without waiting."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def to_bytes(model: Any, resume: bool = False) -> bytes:
    """Return the content of a model's file.

    Raises
    ------
    StateError
        If the model holds what a file must not hold.
    """
    name = type(model).__name__
    if name not in HOMES or type(model) is not _class(name):
        raise StateError(
            f"{name} cannot be saved: files hold this library's own classes "
            f"({', '.join(HOMES)}); pickle it instead."
        )
    return pack(name, *model._describe(resume=resume, raw=False))


def pack(name: str, header: Header, arrays: Arrays) -> bytes:
    """Return the content of a file of a class, or of another kind of that name."""
    document = {
        "format": FORMAT,
        "version": _version(),
        "numpy": np.__version__,
        "class": name,
        "model": header,
    }
    text = json.dumps(document, allow_nan=False, ensure_ascii=False)
    # In native order and one block each, as the library asks.
    tensors = {key: np.array(array, order="C") for key, array in arrays.items()}
    content: bytes = safetensors.save(tensors, metadata={_KEY: text})
    if int.from_bytes(content[:8], "little") > MOST_HEADER:
        raise StateError(
            f"{name} cannot be saved: its names and settings take more than "
            f"{MOST_HEADER} bytes; shorten the names of columns and levels."
        )
    return content


def from_bytes(content: bytes) -> Any:
    """Return the model whose file has this content.

    Raises
    ------
    StateError
        If it is not one.
    """
    try:
        return _model(io.BytesIO(content), len(content))
    except RecursionError:
        raise StateError("it is nested too deeply") from None


def write_whole(path: Path, content: bytes) -> Path:
    """Write a file whole or not at all, and return its path.

    Raises
    ------
    OSError
    """
    # Through a link to the file it names; one name, so that what a killed process left
    # is replaced and not added to.
    target = Path(os.path.realpath(path))
    part = target.with_name(f".{target.name}.part")
    try:
        with open(part, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(part, target)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise
    return path


def _class(name: str) -> Any:
    """Return a class of the closed table."""
    return getattr(import_module(HOMES[name]), name)


def _model(stream: IO[bytes], size: int) -> Any:
    """Return the model in a stream of so many bytes."""
    name, header, arrays = unpack(stream, size)
    if name not in HOMES:
        hint = (
            "a checkpoint, for fit(resume_from=...)" if name == CHECKPOINT else "none"
        )
        raise StateError(f"the kind of model it holds is {hint}")
    model = _class(name)()
    model._restore(header, arrays, raw=False)
    return model


def unpack(stream: IO[bytes], size: int) -> tuple[str, Header, Arrays]:
    """Return kind, header and arrays of a file, checked before they are read."""
    first = stream.read(8)
    length = int.from_bytes(first, "little")
    if size < 8 or not 2 <= length <= min(MOST_HEADER, size - 8):
        raise StateError("it is no safetensors file, or a damaged one")
    head = stream.read(length)
    document = _check_head(head, size - 8 - length)
    try:
        # The library checks that the arrays lie end to end and fill the file.
        views = safetensors.load(first + head + stream.read())
    except (SafetensorError, ValueError, TypeError, KeyError, OverflowError) as error:
        raise StateError(f"it is damaged ({error})") from None
    arrays = {key: np.array(view) for key, view in views.items()}
    return take(document, "class", str), take(document, "model", dict), arrays


def _check_head(head: bytes, room: int) -> Any:
    """Return the document in a header whose arrays fit into so many bytes."""
    header = _parse(head)
    if not isinstance(header, dict):
        raise StateError("its header is none")
    metadata = header.pop("__metadata__", None)
    if not isinstance(metadata, dict) or set(metadata) != {_KEY}:
        raise StateError("it is a safetensors file of something else")
    for entry in header.values():
        shape, dtype = take(entry, "shape", list), take(entry, "dtype", str)
        if (
            dtype not in _DTYPES
            or set(entry) != _ENTRY
            or not all(type(n) is int and 0 <= n <= room for n in shape)
        ):
            raise StateError("it holds an array of another kind or size")
    document = _parse(take(metadata, _KEY, str))
    form = take(document, "format", int)
    if form != FORMAT:
        version = take(document, "version", str)[:20]
        raise StateError(_newer(version) if form > FORMAT else "its format is none")
    return document


def _parse(text: bytes | str) -> Any:
    """Return JSON in which no key stands twice and no number is none."""
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_refuse)
    except RecursionError:
        raise StateError("it is nested too deeply") from None
    except StateError:
        raise
    except ValueError:
        raise StateError("its header is damaged") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the pairs of one object."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise StateError("its header says something twice")
    return found


def _refuse(word: str) -> Any:
    """Refuse NaN and Infinity, which are no JSON."""
    raise StateError(f"its header holds {word}")


def _version() -> str:
    """Return the version of the package, whose names are all above this module."""
    return str(import_module("perceptrons").__version__)


def _newer(version: str) -> str:
    """Say that only a later version can read it."""
    return (
        f"it was written by perceptrons {version}, which is later than this "
        f"{_version()}; upgrade perceptrons"
    )
