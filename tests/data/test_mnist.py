"""MNIST: where its files come from, whether they are whole, and how they are split."""

import gzip
import hashlib
import os
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pandas as pd
import pooch
import pytest
from numpy.testing import assert_array_equal
from rich.console import Console
from sklearn.datasets import load_digits as sklearn_digits
from sklearn.model_selection import train_test_split

from perceptrons.data import DATASETS, load_digits, load_mnist, mnist
from perceptrons.data.mnist import DamagedDataError, MissingDataError
from perceptrons.study.errors import ExperimentError
from perceptrons.study.experiment import builtin, load
from perceptrons.study.shipped import published
from perceptrons.study.supply import supply

TRAIN, TEST = 25, 10
IMAGES = "train-images-idx3-ubyte"


def idx(array):
    """Write an array of bytes as the IDX format says."""
    magic = bytes([0, 0, 8, array.ndim])
    return magic + np.array(array.shape, ">u4").tobytes() + array.tobytes()


@pytest.fixture
def contents(monkeypatch, tmp_path, rng):
    """Small files in MNIST's place, nothing in any folder, and no mirror."""
    files = {}
    for part, n in (("train", TRAIN), ("t10k", TEST)):
        pixels = rng.integers(0, 256, (n, 4, 3), dtype=np.uint8)
        files[f"{part}-images-idx3-ubyte"] = idx(pixels)
        files[f"{part}-labels-idx1-ubyte"] = idx(np.arange(n, dtype=np.uint8) % 10)
    sums = {name: hashlib.md5(raw).hexdigest() for name, raw in files.items()}
    monkeypatch.setattr(mnist, "FILES", sums)
    monkeypatch.setattr(mnist, "MIRRORS", ())
    monkeypatch.setattr(mnist, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.delenv("PERCEPTRONS_DATA", raising=False)
    return files


def write(folder, contents, *, packed=True):
    folder.mkdir(parents=True, exist_ok=True)
    for name, raw in contents.items():
        path = folder / (f"{name}.gz" if packed else name)
        path.write_bytes(gzip.compress(raw) if packed else raw)
    return folder


def pixels_of(contents, part):
    raw = contents[f"{part}-images-idx3-ubyte"]
    return np.frombuffer(raw, np.uint8, offset=16).reshape(-1, 12)


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("below", ["", "mnist"])
def test_files_are_read_gzipped_or_not_from_the_folder_or_its_mnist(
    tmp_path, contents, packed, below
):
    write(tmp_path / "own" / below, contents, packed=packed)
    data = load_mnist("official", tmp_path / "own")
    assert_array_equal(data.X_train * 255, pixels_of(contents, "train"))
    assert_array_equal(data.y_test, np.arange(TEST) % 10)
    assert data.X_train.dtype == np.float32
    assert data.X_train.max() <= 1


def test_the_reports_split_is_scikit_learns_of_both_files(tmp_path, contents):
    data = load_mnist("report", write(tmp_path, contents))
    X = np.concatenate([pixels_of(contents, part) for part in ("train", "t10k")])
    y = np.r_[np.arange(TRAIN), np.arange(TEST)] % 10
    parts = train_test_split(X / 255, y, test_size=0.2, random_state=42)
    ours = (data.X_train, data.X_test, data.y_train, data.y_test)
    for own, theirs in zip(ours, parts, strict=True):
        assert_array_equal(own, theirs.astype(own.dtype))


def test_digits_are_split_the_same_way():
    data = load_digits()
    X, y = sklearn_digits(return_X_y=True)
    parts = train_test_split(X / 16, y, test_size=0.2, random_state=42)
    ours = (data.X_train, data.X_test, data.y_train, data.y_test)
    for own, theirs in zip(ours, parts, strict=True):
        assert_array_equal(own, theirs.astype(own.dtype))


def test_an_unknown_split_is_refused():
    with pytest.raises(ValueError, match="split must be one of 'report', 'official'"):
        load_mnist("offical")


def test_a_given_folder_comes_before_the_environments(tmp_path, contents, monkeypatch):
    monkeypatch.setenv("PERCEPTRONS_DATA", str(write(tmp_path / "env", contents)))
    assert mnist.find(download=False) == tmp_path / "env"
    own = write(tmp_path / "own", contents)
    assert mnist.find(own, download=False) == own


def test_a_given_folder_without_the_files_is_an_error(tmp_path, contents, monkeypatch):
    monkeypatch.setenv("PERCEPTRONS_DATA", str(write(tmp_path / "env", contents)))
    with pytest.raises(MissingDataError, match="data_dir must hold MNIST's files"):
        load_mnist(data_dir=tmp_path)


@pytest.mark.parametrize("packed", [True, False])
def test_names_with_a_dot_are_found(tmp_path, contents, packed):
    dotted = {name.replace("-idx", ".idx"): raw for name, raw in contents.items()}
    assert "train-images.idx3-ubyte" in dotted
    data = load_mnist("official", write(tmp_path, dotted, packed=packed))
    assert_array_equal(data.X_train * 255, pixels_of(contents, "train"))


@pytest.mark.parametrize(
    ("place", "sentence"), [("nowhere", "is no folder"), ("empty", "has none of them")]
)
def test_an_environment_that_points_nowhere_is_said_not_passed_over(
    tmp_path, contents, monkeypatch, place, sentence
):
    (tmp_path / "empty").mkdir()
    write(tmp_path / "cache", contents)
    monkeypatch.setenv("PERCEPTRONS_DATA", str(tmp_path / place))
    with pytest.raises(MissingDataError, match=f"PERCEPTRONS_DATA must.*{sentence}"):
        load_mnist()
    told = Console(width=400, record=True, quiet=True)
    experiments, _ = supply([builtin("mnist-final")], console=told)
    assert experiments[0].dataset == "digits"


def test_a_folder_with_some_of_the_files_is_an_error_that_names_the_others(
    tmp_path, contents, monkeypatch
):
    write(tmp_path, contents)
    (tmp_path / f"{IMAGES}.gz").unlink()
    monkeypatch.setenv("PERCEPTRONS_DATA", str(tmp_path))
    with pytest.raises(MissingDataError, match=f"lacks {IMAGES}"):
        load_mnist()


def test_without_files_and_downloads_the_error_says_what_to_do(contents):
    with pytest.raises(MissingDataError, match=r"put the four files.*PERCEPTRONS_DATA"):
        load_mnist(download=False)


def _truncated_gzip(raw):
    return f"{IMAGES}.gz", gzip.compress(raw)[:-20]


def _no_gzip(raw):
    return f"{IMAGES}.gz", raw


def _damaged_gzip(raw):
    packed = bytearray(gzip.compress(raw))
    packed[len(packed) // 2] ^= 0xFF
    return f"{IMAGES}.gz", bytes(packed)


def _truncated(raw):
    return IMAGES, raw[:-1]


def _one_bit_off(raw):
    return IMAGES, raw[:-1] + bytes([raw[-1] ^ 1])


def _empty(raw):
    return IMAGES, b""


@pytest.mark.parametrize(
    "damage",
    [_truncated_gzip, _no_gzip, _damaged_gzip, _truncated, _one_bit_off, _empty],
)
def test_a_damaged_file_is_an_error_that_names_file_and_checksum(
    tmp_path, contents, mirror, damage
):
    mirror(contents)
    write(tmp_path, contents)
    (tmp_path / f"{IMAGES}.gz").unlink()
    name, raw = damage(contents[IMAGES])
    (tmp_path / name).write_bytes(raw)
    with pytest.raises(DamagedDataError) as caught:
        load_mnist(data_dir=tmp_path)
    assert str(tmp_path / name) in str(caught.value)
    assert mnist.FILES[IMAGES] in str(caught.value)
    assert not mirror.asked


class Mirror:
    """Servers on this machine, each with its own answer to every file."""

    def __init__(self, monkeypatch):
        self.asked, self.servers, self.monkeypatch = [], [], monkeypatch
        self.released = threading.Event()

    def __call__(self, answer):
        """Add a mirror: contents by name, a status, bytes to trickle, or silence."""
        mirror = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                mirror.asked.append(self.path)
                if answer is None:
                    mirror.released.wait(10)
                    return
                if isinstance(answer, bytes):
                    self.trickle()
                    return
                if isinstance(answer, int):
                    self.send_error(answer)
                    return
                body = gzip.compress(answer[Path(self.path).stem])
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def trickle(self):
                # The mirrors after this one have all the time that they need.
                mnist.LIMIT = 300.0
                if answer:
                    self.send_response(200)
                    self.send_header("Content-Length", str(1 << 30))
                    self.end_headers()
                with suppress(OSError):
                    # Without an answer not even the line of the status ends.
                    while not mirror.released.wait(0.05):
                        self.wfile.write(answer or b"H")

            def log_message(self, *arguments):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.servers.append(server)
        places = [f"http://127.0.0.1:{s.server_port}/mnist" for s in self.servers]
        self.monkeypatch.setattr(mnist, "MIRRORS", tuple(places))
        return places[-1]

    def close(self):
        self.released.set()
        for server in self.servers:
            server.shutdown()
            server.server_close()


@pytest.fixture
def mirror(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(mnist, "TIMEOUT", 0.3)
    mirror = Mirror(monkeypatch)
    yield mirror
    mirror.close()


def test_what_is_downloaded_is_kept_and_not_asked_for_again(contents, mirror, tmp_path):
    mirror(contents)
    data = load_mnist("official")
    assert_array_equal(data.X_train * 255, pixels_of(contents, "train"))
    assert len(mirror.asked) == 4
    load_mnist("report")
    load_mnist(download=False)
    assert len(mirror.asked) == 4
    kept = sorted(path.name for path in (tmp_path / "cache").iterdir())
    assert kept == sorted(f"{name}.gz" for name in contents)


@pytest.mark.parametrize("first", [404, 503, None, "other files"])
def test_the_next_mirror_is_asked_if_one_fails(contents, mirror, first):
    other = dict.fromkeys(contents, b"<html>please log in</html>")
    mirror(other if first == "other files" else first)
    mirror(contents)
    assert len(load_mnist("official").X_train) == TRAIN
    assert len(mirror.asked) == 5


@pytest.mark.parametrize("bite", [bytes(2048), b"1", b""], ids=["2 kB", "1 B", "head"])
def test_a_mirror_that_trickles_is_given_up(contents, mirror, monkeypatch, bite):
    monkeypatch.setattr(mnist, "LIMIT", 0.5)
    mirror(bite)
    mirror(contents)
    # The trickle never ends by itself.
    assert len(load_mnist("official").X_train) == TRAIN
    assert len(mirror.asked) == 5


def test_a_mirror_that_was_given_up_is_read_no_further(contents, mirror, monkeypatch):
    monkeypatch.setattr(mnist, "LIMIT", 0.5)
    mirror(bytes(2048))
    mirror(contents)
    load_mnist("official")
    threads = [t for t in threading.enumerate() if t.name == "perceptrons-download"]
    for thread in threads:
        thread.join(300.0)
    assert not any(thread.is_alive() for thread in threads)


def test_what_else_ends_a_download_reaches_the_caller(contents, mirror, monkeypatch):
    mirror(contents)

    def broken(self, url, output_file, pooch):
        output_file.write(b"part of a file")
        raise ArithmeticError("no error of the connection")

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", broken)
    with pytest.raises(ArithmeticError, match="no error of the connection"):
        load_mnist()


def test_where_every_mirror_fails_the_error_says_what_each_said(
    contents, mirror, tmp_path
):
    gone = mirror(404)
    wrong = mirror(dict.fromkeys(contents, b"<html></html>"))
    with pytest.raises(MissingDataError) as caught:
        load_mnist()
    text = str(caught.value)
    assert f"{gone}: 404" in text
    assert f"{wrong}: " in text
    assert mnist.FILES[IMAGES] in text
    assert "put the four files" in text
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_cache_that_cannot_be_written_is_said_to_be(contents, mirror, monkeypatch,
                                                      tmp_path):  # fmt: skip
    mirror(contents)
    (tmp_path / "file").touch()
    monkeypatch.setattr(mnist, "cache_folder", lambda: tmp_path / "file" / "cache")
    with pytest.raises(MissingDataError, match=r"file.+cache"):
        load_mnist()


def test_no_mirror_is_asked_where_downloads_are_forbidden(contents, mirror):
    mirror(contents)
    with pytest.raises(MissingDataError):
        load_mnist(download=False)
    assert not mirror.asked


def test_quick_studies_run_on_digits_and_are_called_so(contents, mirror, tmp_path):
    mirror(contents)
    own = write(tmp_path, contents)
    names = ("optimizers", "mnist-architectures", "mnist-regularization", "mnist-final")
    experiments, folder = supply(map(builtin, names), own, quick=True)
    assert folder is None
    assert not mirror.asked
    assert experiments[0] == builtin("optimizers")
    for experiment in experiments[1:]:
        assert experiment.datasets == ["digits"]
        assert "Digits (8 x 8)" in experiment.title
        assert "MNIST" not in experiment.title + experiment.question
        assert experiment.base["batch_size"] == 25
        assert {run.dataset for run in experiment.runs(quick=True)} == {"digits"}


def test_studies_without_their_files_run_on_digits(contents, capsys):
    experiments, folder = supply([builtin("mnist-final")])
    assert experiments[0].dataset == "digits"
    assert folder is None


def test_studies_with_their_files_run_on_mnist(contents, tmp_path):
    own = write(tmp_path, contents)
    experiments, folder = supply([builtin("mnist-final")], own)
    assert folder == own
    assert experiments[0].datasets == ["mnist-report", "mnist-official"]
    data = DATASETS["mnist-report"](3, folder)
    assert data.name == "mnist-report"
    assert len(data.X_train) == 28


def test_damaged_files_are_misuse_and_no_stand_in_takes_their_place(contents, tmp_path):
    write(tmp_path, contents)
    (tmp_path / f"{IMAGES}.gz").write_bytes(b"")
    with pytest.raises(ExperimentError, match="MD5 checksum"):
        supply([builtin("mnist-final")], tmp_path)


def test_files_that_may_not_be_read_are_misuse(contents, tmp_path, monkeypatch):
    def refuse(folder):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(mnist, "read", refuse)
    with pytest.raises(ExperimentError, match=r"cannot be read: .*Permission"):
        supply([builtin("mnist-final")], write(tmp_path, contents))


def test_a_given_folder_that_is_not_read_is_said_to_be(contents, tmp_path, capsys):
    supply([builtin("mnist-final")], tmp_path, quick=True, console=Console(width=200))
    assert f"--quick does not read {tmp_path}" in capsys.readouterr().out
    supply([builtin("optimizers")], tmp_path, quick=True, console=Console(width=200))
    assert capsys.readouterr().out == ""


def test_a_given_folder_without_files_is_misuse(contents, tmp_path):
    with pytest.raises(ExperimentError, match="data_dir must hold"):
        supply([builtin("mnist-final")], tmp_path)


def test_a_study_without_a_stand_in_needs_its_files(contents, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        'title = "Mine"\nquestion = "?"\nmetric = "test_error"\n'
        'procedure = "classifier"\ndataset = "mnist-official"\n'
    )
    with pytest.raises(ExperimentError, match="put the four files"):
        supply([load(path)])


real = pytest.mark.skipif(
    not os.environ.get("PERCEPTRONS_DATA"), reason="PERCEPTRONS_DATA is not set"
)


@real
def test_the_reports_split_has_the_row_sums_of_its_confusion_matrix():
    with published("mnist_confusion_matrix").open(encoding="utf-8") as stream:
        printed = pd.read_csv(stream, index_col="true")
    data = load_mnist("report", download=False)
    assert data.X_train.shape == (56_000, 784)
    assert_array_equal(np.bincount(data.y_test), printed.sum(axis=1))
