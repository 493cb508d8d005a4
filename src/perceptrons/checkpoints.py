"""Checkpoints: a fit that was killed goes on to the bits of one that was not."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import issparse

from perceptrons import _checks, files
from perceptrons.course import Memory, Restart
from perceptrons.history import EpochState, History
from perceptrons.objective import Problem
from perceptrons.sampling import RowSubset, Streams
from perceptrons.settings import WHOLE
from perceptrons.state import Arrays, Header, StateError
from perceptrons.state.taking import take, take_array, take_count, take_number
from perceptrons.state.training import (
    describe_history,
    describe_memory,
    describe_streams,
    restore_history,
    restore_memory,
    restore_streams,
)
from perceptrons.state.words import encode

# Arguments that change no bit of the result.
_FREE = ("callbacks", "verbose", "n_jobs", "max_time")


class Checkpoint:
    """A callback that writes a file from which a killed fit goes on.

    >>> from perceptrons import Checkpoint, MLPRegressor
    >>> net = MLPRegressor(callbacks=[Checkpoint("fit.checkpoint", every=10)])

    ``net.fit(X, y, resume_from="fit.checkpoint")`` starts from the beginning where the
    file is not there yet, else it goes on after its last epoch, to the same bits. For
    every solver but "lbfgs" and "lm", whose state is not kept.

    Parameters
    ----------
    path : str or path
        Written whole or not at all, again and again.
    every : int, default=1
        Epochs between two writings.

    Raises
    ------
    ValueError, TypeError
        If ``every`` is not a whole number of at least 1.
    """

    def __init__(self, path: str | os.PathLike[str], every: int = 1) -> None:
        self.path = Path(path)
        self.every = _checks.integer("every", every, 1, "it counts epochs")

    def on_epoch_end(self, state: EpochState) -> None:
        """Do nothing: a fit asks for :meth:`of` and calls that.

        Parameters
        ----------
        state : EpochState
        """

    def of(self, identity: str, streams: Streams) -> Writer:
        """Return what writes the checkpoints of one fit.

        Parameters
        ----------
        identity : str
            Of the fit: equal for fits that take the same course.
        streams : Streams
            Of random numbers, of the fit.

        Returns
        -------
        Writer
            A callback.
        """
        return Writer(self.path, self.every, identity, streams)


@dataclass(frozen=True)
class Writer:
    """Writes the checkpoints of one fit.

    Parameters
    ----------
    path : Path
    every : int
    identity : str
        Of the fit; see :func:`identify`.
    streams : Streams
        Of the fit.
    """

    path: Path
    every: int
    identity: str
    streams: Streams

    def on_epoch_end(self, epoch: EpochState) -> None:
        """Write, if it is time."""
        if epoch.epoch % self.every:
            return
        course = epoch.course
        task = course.task
        arrays: Arrays = {
            "theta": np.array(course.theta),
            "kept": np.array(course.kept),
        }
        describe_history(task.history, arrays)
        header = {
            "identity": self.identity,
            "epochs": course.epochs,
            "best_epoch": course.best_epoch,
            "seconds": epoch.seconds,
            "memory": describe_memory(task.memory, True, arrays, False),
            "streams": describe_streams(self.streams),
        }
        files.write_whole(self.path, files.pack(files.CHECKPOINT, header, arrays))


def bind(callbacks: Sequence[Any], identity: str, streams: Streams) -> tuple[Any, ...]:
    """Return the callbacks of one fit, each Checkpoint as its writer."""
    return tuple(
        callback.of(identity, streams) if isinstance(callback, Checkpoint) else callback
        for callback in callbacks
    )


def wanted(callbacks: Sequence[Any], resume_from: Any) -> bool:
    """Tell whether a fit writes or reads a checkpoint."""
    return resume_from is not None or any(isinstance(c, Checkpoint) for c in callbacks)


def identify(estimator: Any, problem: Problem, rows: Sequence[Any]) -> str:
    """Return a text that is equal for fits that take the same course.

    Parameters
    ----------
    estimator : MLPRegressor or MLPClassifier
    problem : Problem
    rows : sequence of arrays, RowSubsets and None
        Trained and validated on.

    Raises
    ------
    ValueError
        For a solver that finds its own steps.
    """
    if isinstance(estimator.solver, str) and estimator.solver in WHOLE:
        raise ValueError(
            f"callbacks must not hold a Checkpoint for solver={estimator.solver!r}, "
            "whose state is not kept; use another solver."
        )
    digest = hashlib.blake2b(digest_size=16)
    params = {
        name: encode(value, name, raw=True)
        for name, value in estimator.get_params(deep=False).items()
        if name not in _FREE
    }
    words = [params, problem.architecture.sizes, np.dtype(problem.dtype).name]
    # Objects of the user's own count by their type: nothing else of them lasts.
    digest.update(json.dumps(words, default=lambda own: type(own).__name__).encode())
    for array in rows:
        _add(digest, array)
    return digest.hexdigest()


def _add(digest: Any, array: Any) -> None:
    """Add the bytes of an array."""
    if isinstance(array, RowSubset):
        _add(digest, array.rows)
        array = array.X
    if issparse(array):
        for part in (array.data, array.indices, array.indptr):
            _add(digest, part)
    elif array is not None:
        digest.update(f"{array.shape}{array.dtype}".encode())
        digest.update(np.ascontiguousarray(array).data)


def find(
    resume_from: str | os.PathLike[str],
    callbacks: Sequence[Any],
    identity: str,
    problem: Problem,
) -> tuple[Restart, Memory, History, Streams] | None:
    """Return where a fit goes on; None where its own checkpoint is not there yet.

    Raises
    ------
    StateError
        If the file is damaged, or of another fit.
    OSError
        If it cannot be read.
    """
    if not _is_there(resume_from, callbacks):
        return None
    header, arrays = files.read(resume_from, _unpack)
    if take(header, "identity", str) != identity:
        raise StateError(
            f"{os.fspath(resume_from)} is a checkpoint of another fit: arguments and "
            "data must be those of the fit that wrote it."
        )
    shape = (problem.architecture.n_parameters,)
    restart = Restart(
        theta=take_array(arrays, "theta", shape),
        kept=take_array(arrays, "kept", shape),
        epochs=take_count(header, "epochs"),
        best_epoch=take_count(header, "best_epoch"),
        seconds=take_number(header, "seconds", 0),
    )
    memory = take(header, "memory", dict)
    return (
        restart,
        restore_memory(memory, problem, arrays, False),
        restore_history(arrays),
        restore_streams(take(header, "streams", dict)),
    )


def first_streams(
    resume_from: str | os.PathLike[str], callbacks: Sequence[Any]
) -> Streams | None:
    """Return the streams that a fit without a seed began with; None for a new one.

    Raises
    ------
    StateError, OSError
        If the file is no checkpoint, or cannot be read.
    """
    if not _is_there(resume_from, callbacks):
        return None
    header, _ = files.read(resume_from, _unpack)
    stored = take(header, "streams", dict)
    return Streams(restore_streams(stored).entropy)


def _is_there(path: str | os.PathLike[str], callbacks: Sequence[Any]) -> bool:
    """Tell whether there is a file; one that the fit itself writes may be missing."""
    own = [c.path for c in callbacks if isinstance(c, Checkpoint)]
    return Path(path) not in own or Path(path).exists()


def _unpack(stream: Any, size: int) -> tuple[Header, Arrays]:
    """Return header and arrays of a checkpoint."""
    name, header, arrays = files.unpack(stream, size)
    if name != files.CHECKPOINT:
        raise StateError("it is no checkpoint")
    return header, arrays
