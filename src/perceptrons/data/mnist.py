"""MNIST's four files: where they are, how to get them, and whether they are whole.

Raw IDX files, gzipped or not, are too large to ship: they come from a folder of the
user or from a mirror. Nothing is read without its checksum being right.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tempfile
import threading
import time
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from perceptrons import extras

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

#: MD5 of every file, uncompressed.
FILES = {
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist",
    "https://storage.googleapis.com/cvdf-datasets/mnist",
    "https://raw.githubusercontent.com/fgnt/mnist/master",
)

#: Seconds that a mirror may be silent.
TIMEOUT = 10.0

#: Seconds that a mirror has for all files together.
LIMIT = 300.0

VARIABLE = "PERCEPTRONS_DATA"

_REMEDY = (
    f"put the four files, gzipped or not, into a folder and name it by data_dir, "
    f"--data or the environment variable {VARIABLE}, or connect to the internet once"
)


class MissingDataError(FileNotFoundError):
    """A data set's files are not at hand; the text says what to do."""


class DamagedDataError(ValueError):
    """A data file is not what it should be; the text names file and checksum."""


def find(data_dir: str | os.PathLike[str] | None = None, *, download: bool) -> Path:
    """Return the folder that holds MNIST's files, downloading them if need be.

    Looked for in this order, each folder also by its subfolder ``mnist``: ``data_dir``,
    the environment variable ``PERCEPTRONS_DATA``, what was downloaded earlier, and the
    mirrors.

    Parameters
    ----------
    data_dir : path, optional
        The only place to look, if given.
    download : bool
        Whether a mirror may be asked.

    Returns
    -------
    Path

    Raises
    ------
    MissingDataError
        If the files are nowhere, or a folder of the user is not there or lacks some of
        them.
    """
    folder = local() if data_dir is None else _folder(Path(data_dir))
    if folder is not None:
        return folder
    if data_dir is not None:
        raise MissingDataError(
            f"data_dir must hold MNIST's files, got {str(data_dir)!r}, which has none "
            f"of them ({', '.join(FILES)}); name another folder."
        )
    if not download:
        raise MissingDataError(f"MNIST is not at hand: {_REMEDY}.")
    cache = cache_folder()
    _download(cache)
    return cache


def local() -> Path | None:
    """Return the folder on this machine that holds MNIST's files, None without any.

    Raises
    ------
    MissingDataError
        If the folder in ``PERCEPTRONS_DATA`` is not there, or lacks some of them.
    """
    if place := os.environ.get(VARIABLE):
        folder = _folder(Path(place))
        if folder is None:
            raise MissingDataError(
                f"The environment variable {VARIABLE} must name a folder with MNIST's "
                f"files, got {place[:200]!r}, which "
                f"{'has none of them' if os.path.isdir(place) else 'is no folder'}; "
                "correct it, or unset it."
            )
        return folder
    cache = cache_folder()
    return cache if all(_path(cache, name) for name in FILES) else None


def read(folder: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8], int]:
    """Return all images and labels, those of the train file first.

    Parameters
    ----------
    folder : Path
        From :func:`find`.

    Returns
    -------
    images : ndarray of shape (n, d)
        One row of pixels, 0 to 255, per image.
    labels : ndarray of shape (n,)
    n_train : int
        How many of them are in the train file.

    Raises
    ------
    DamagedDataError
        If a file is truncated, damaged or another one.
    """
    arrays = [_array(folder, name) for name in FILES]
    images = np.concatenate([a.reshape(len(a), -1) for a in arrays[::2]])
    return images, np.concatenate(arrays[1::2]), len(arrays[0])


def cache_folder() -> Path:
    """Return where downloads are kept."""
    with extras.study("The download of MNIST"):
        import pooch

    return Path(pooch.os_cache("perceptrons")) / "mnist"


def _folder(root: Path) -> Path | None:
    """Return the folder or its ``mnist`` if that holds all files, None if it has none.

    A folder that holds some of them is an error: it is meant, but of no use.
    """
    for folder in (root, root / "mnist"):
        lacking = [name for name in FILES if _path(folder, name) is None]
        if not lacking:
            return folder
        if len(lacking) < len(FILES):
            raise MissingDataError(
                f"{folder} must hold all four files of MNIST, but lacks "
                f"{', '.join(lacking)} (or the same with .gz); add what is missing."
            )
    return None


def _path(folder: Path, name: str) -> Path | None:
    """Return the file of this name, gzipped or not, None if there is neither.

    Some programs unpack it with a dot for the last hyphen but one: images.idx3-ubyte.
    """
    names = (name, name.replace("-idx", ".idx"))
    paths = [folder / f"{one}{end}" for one in names for end in ("", ".gz")]
    return next((path for path in paths if path.is_file()), None)


def _array(folder: Path, name: str) -> NDArray[np.uint8]:
    """Read one IDX file: a magic number that tells the dimensions, sizes, bytes."""
    path = _path(folder, name)
    if path is None:
        raise MissingDataError(f"{folder / name} is missing; {_REMEDY}.")
    raw = _checked(path, name)
    sizes = np.frombuffer(raw, ">u4", count=raw[3], offset=4)
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * raw[3]).reshape(sizes)


def _checked(path: Path, name: str) -> bytes:
    """Return the uncompressed content of a file whose checksum is right."""
    raw = path.read_bytes()
    try:
        raw = gzip.decompress(raw) if path.suffix == ".gz" else raw
    except (EOFError, OSError, zlib.error) as error:
        raise DamagedDataError(
            f"{path} is truncated or damaged ({error}): it cannot be unpacked to the "
            f"file with the MD5 checksum {FILES[name]}; delete it and get it anew."
        ) from None
    found = hashlib.md5(raw, usedforsecurity=False).hexdigest()
    if found != FILES[name]:
        raise DamagedDataError(
            f"{path} is not MNIST's {name}: the MD5 checksum of its content must be "
            f"{FILES[name]}, got {found}, of {len(raw)} bytes; delete it and get it "
            "anew."
        )
    return raw


def _download(folder: Path) -> None:
    """Fetch what the folder lacks from the first mirror that has it."""
    failures = []
    for mirror in MIRRORS:
        deadline = time.monotonic() + LIMIT
        try:
            for name in FILES:
                if _path(folder, name) is None:
                    _fetch(mirror, name, folder, deadline)
        except (OSError, DamagedDataError) as error:
            failures.append(f"{mirror}: {error}")
        else:
            return
    raise MissingDataError(
        f"MNIST is not at hand and cannot be downloaded; {_REMEDY}. What the mirrors "
        f"said: {'; '.join(failures)}"
    )


def _fetch(mirror: str, name: str, folder: Path, deadline: float) -> None:
    """Download one file; it appears in the folder whole and checked, or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".download-") as scratch:
        part = Path(scratch) / f"{name}.gz"
        part.write_bytes(_received(f"{mirror}/{name}.gz", deadline))
        _checked(part, name)
        part.replace(folder / part.name)


class _Content(io.BytesIO):
    """A buffer that takes nothing more once nobody waits for it.

    That ends the thread that fills it for a mirror that was given up.
    """

    def __init__(self, given_up: threading.Event) -> None:
        super().__init__()
        self._given_up = given_up

    def write(self, data: ReadableBuffer, /) -> int:
        """Append bytes, or raise BrokenPipeError."""
        if self._given_up.is_set():
            raise BrokenPipeError
        return super().write(data)


def _received(url: str, deadline: float) -> bytes:
    """Return what an address sends until a time of the monotonic clock.

    A mirror that trickles is never silent for long, so that no timeout of the
    connection ends it: a thread waits for it, and this one no longer than it may.

    Raises
    ------
    OSError
        If the mirror fails or is too slow, with its own words.
    Exception
        What else ends the download: part of a file is never returned as the whole.
    """
    with extras.study("The download of MNIST"):
        import pooch

    given_up = threading.Event()
    content, failures = _Content(given_up), []

    def receive() -> None:
        try:
            pooch.HTTPDownloader(timeout=TIMEOUT)(url, content, None)
        except Exception as error:  # noqa: BLE001
            # Raised again by who waits; kept after that, it would hold the connection.
            if not given_up.is_set():
                failures.append(error)

    # What is given up must not keep the process from ending.
    thread = threading.Thread(target=receive, name="perceptrons-download", daemon=True)
    thread.start()
    thread.join(max(0.0, deadline - time.monotonic()))
    if thread.is_alive():
        given_up.set()
        raise TimeoutError(f"not done after {LIMIT:g} s")
    if failures:
        # Popped: an error that its own frames hold would keep the connection open.
        raise failures.pop()
    return content.getvalue()
