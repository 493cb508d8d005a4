"""Model files: what is saved comes back bit for bit, and nothing else gets in."""

import json
import os
import pickle
import signal
import struct
import subprocess
import sys
import tracemalloc
from contextlib import suppress

import fuzzing
import numpy as np
import pandas as pd
import pytest
import safetensors
from domains import targets
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn.exceptions import NotFittedError

import perceptrons
from perceptrons import (
    MLPClassifier,
    MLPRegressor,
    activations,
    engine,
    files,
    losses,
    optimizers,
    schedules,
)
from perceptrons.state import StateError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(3)
X = RNG.normal(size=(40, 3))
SIGNAL = X @ RNG.normal(size=(3, 3))
LABELS = {
    "text": np.array(["a", "b", "ça"])[SIGNAL.argmax(axis=1)],
    "two texts": np.where(SIGNAL[:, 0] > 0, "yes", "no"),
    "integers": SIGNAL.argmax(axis=1) - 1,
    "small integers": (SIGNAL[:, 0] > 0).astype(np.uint8),
    "floats": np.where(SIGNAL[:, 0] > 0, 2.0, -1.0),
    "booleans": SIGNAL[:, 0] > 0,
    "objects": np.array(["a", "b", "c"], object)[SIGNAL.argmax(axis=1)],
    "several": (SIGNAL > 0).astype(int),
}


def small(estimator=MLPRegressor, **given):
    plain = {"hidden_layer_sizes": (4,), "max_iter": 3, "random_state": 0}
    return estimator(**{**plain, **given})


def again(model, resume=False):
    return files.from_bytes(files.to_bytes(model, resume))


def assert_same(found, model):
    assert_array_equal(found.predict(X), model.predict(X))
    assert found.predict(X).dtype == model.predict(X).dtype
    for mine, other in zip(
        [*found.coefs_, *found.intercepts_],
        [*model.coefs_, *model.intercepts_],
        strict=True,
    ):
        assert mine.dtype == other.dtype
        assert_array_equal(mine, other)
        mine += 0.0  # may be changed, as after fit
    for name in ("n_iter_", "t_", "loss_", "loss_curve_", "outcome_", "best_loss_",
                 "validation_scores_", "n_layers_", "out_activation_"):  # fmt: skip
        assert getattr(found, name) == getattr(model, name), name
    # NaN where nothing was held out.
    assert_array_equal(found.history_.to_frame(), model.history_.to_frame())


# ------------------------------------------------------------------------ round trips


@pytest.mark.parametrize("loss", losses.LOSSES)
@pytest.mark.parametrize("activation", activations.ACTIVATIONS)
def test_every_activation_and_loss_comes_back(activation, loss):
    Y = targets(loss, SIGNAL.shape, np.random.default_rng(4), shares=True)
    model = small(activation=activation, loss=loss).fit(X, Y)
    assert_same(again(model), model)


@pytest.mark.parametrize("resume", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("solver", ["lbfgs", *optimizers.OPTIMIZERS])
def test_every_solver_comes_back(solver, dtype, resume):
    model = small(solver=solver, dtype=dtype).fit(X, SIGNAL)
    assert_same(again(model, resume), model)


@pytest.mark.parametrize("labels", LABELS)
def test_classes_come_back_with_their_types(labels):
    y = LABELS[labels]
    model = small(MLPClassifier).fit(X, y)
    found = again(model)
    assert_same(found, model)
    assert_array_equal(found.predict_proba(X), model.predict_proba(X))
    assert [type(c) for c in found.classes_] == [type(c) for c in model.classes_]
    assert found.score(X, y) == model.score(X, y)


def test_sparse_labels_come_back_sparse():
    model = small(MLPClassifier).fit(X, sparse.csr_array(LABELS["several"]))
    found = again(model).predict(X)
    assert sparse.issparse(found) == sparse.issparse(model.predict(X))
    assert_array_equal(sparse.csr_array(found).toarray(), model.predict_proba(X) > 0.5)


@pytest.mark.parametrize(
    "given",
    [
        {"loss": losses.Pinball((0.1, 0.9)), "hidden_layer_sizes": [3, 2]},
        {"loss": losses.Huber(2), "activation": [activations.LeakyReLU(0.2)]},
        {"solver": optimizers.RMSProp(0.5), "dropout": [0.25], "l1": np.float32(0.5)},
        {"schedule": schedules.WarmUp(2, schedules.Step(2)), "clip_norm": ("layer", 1)},
        {"n_iter_no_change": np.inf, "early_stopping": True, "dtype": np.float64},
        {"hidden_layer_sizes": (), "verbose": 0, "n_jobs": 2, "engine": "numpy"},
        {"hidden_layer_sizes": np.int64(5), "random_state": np.int32(3)},
    ],
    ids=str,
)  # fmt: skip
def test_arguments_come_back(given):
    y = SIGNAL[:, 0]
    model = small(**given).fit(X, y)
    found = again(model)
    assert_same(found, model)
    expected = model.get_params() | {"dtype": np.dtype(model.dtype).name}
    assert found.get_params() == expected


def test_given_initial_weights_come_back():
    init = ([np.full((3, 4), 0.1), np.ones((4, 1))], [np.zeros(4), [2]])
    model = small(init=init).fit(X, SIGNAL[:, 0])
    found = again(model).fit(X, SIGNAL[:, 0])
    assert_array_equal(found.coefs_[0], model.coefs_[0])
    assert_array_equal(found.init[1][1], [2.0])


def test_names_of_the_features_come_back():
    table = pd.DataFrame(X, columns=["ä", 'b"', "c d"])
    model = small().fit(table, SIGNAL[:, 0])
    found = again(model)
    assert list(found.feature_names_in_) == list(table.columns)
    with pytest.raises(ValueError, match="feature names"):
        found.predict(table.rename(columns={"ä": "a"}))


def test_weights_set_by_hand_and_arguments_set_since_come_back():
    model = small().fit(X, SIGNAL[:, 0])
    model.coefs_ = [W.astype(np.float64) + 1e-12 for W in model.coefs_]
    model.set_params(hidden_layer_sizes=(9, 9), activation="tanh")
    found = again(model)
    assert_same(found, model)
    assert found.get_params() == model.get_params()


@pytest.mark.skipif(engine.missing() is not None, reason="no compiled engine")
@pytest.mark.parametrize("other", ["numpy", "compiled"])
def test_a_file_of_one_engine_goes_on_on_the_other(other):
    first = {"numpy": "compiled", "compiled": "numpy"}[other]
    model = small(engine=first).partial_fit(X, SIGNAL[:, 0])
    found = again(model, resume=True).set_params(engine=other)
    model.set_params(engine=other)
    assert_array_equal(found.predict(X), model.predict(X))
    found.partial_fit(X, SIGNAL[:, 0])
    model.partial_fit(X, SIGNAL[:, 0])
    assert found.outcome_.engine == other
    assert_array_equal(found.coefs_[0], model.coefs_[0])


# ------------------------------------------------------------------------------ resume


@pytest.mark.parametrize("schedule", [None, "one_cycle", "adaptive"])
@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("solver", optimizers.OPTIMIZERS)
def test_training_goes_on_as_if_it_had_never_stopped(solver, dropout, schedule):
    given = {
        "solver": solver,
        "batch_size": 8,
        "dropout": dropout,
        "schedule": schedule,
    }
    kept = small(**given, random_state=None).partial_fit(X, SIGNAL)
    moved = again(kept, resume=True)
    for _ in range(2):
        kept.partial_fit(X, SIGNAL)
        moved = again(moved.partial_fit(X, SIGNAL), resume=True)
    assert_array_equal(moved.coefs_[0], kept.coefs_[0])
    assert moved.loss_curve_ == kept.loss_curve_


def test_a_warm_start_goes_on_as_if_it_had_never_stopped():
    model = small(warm_start=True, early_stopping=True).fit(X, SIGNAL)
    found = again(model, resume=True)
    assert_array_equal(found.fit(X, SIGNAL).coefs_[0], model.fit(X, SIGNAL).coefs_[0])


def test_without_resume_training_goes_on_from_the_weights_alone():
    model = small(hidden_layer_sizes=(500,)).partial_fit(X, SIGNAL)
    content = files.to_bytes(model)
    # Adam keeps two moments of each weight.
    assert len(content) < len(files.to_bytes(model, resume=True)) / 2
    found = files.from_bytes(content).partial_fit(X, SIGNAL)
    assert len(found.history_) == 2


# ----------------------------------------------------------------------------- refused


class Mine(MLPRegressor):
    pass


class Stop:
    def on_epoch_end(self, state):
        return True


class Plain:
    def init(self, theta):
        return {}

    def step(self, theta, grad, state, learning_rate):
        theta -= learning_rate * grad


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"activation": (np.sin, np.cos)}, "activation"),
        ({"activation": activations.Custom(np.sin, np.cos)}, "activation"),
        ({"callbacks": [Stop()]}, "callbacks"),
        ({"solver": Plain()}, "solver"),
        ({"random_state": np.random.RandomState(0)}, "random_state"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_runs_is_refused_and_nothing_is_written(given, word, tmp_path):
    model = small(**given).fit(X, SIGNAL)
    with pytest.raises(StateError, match=f"{word} cannot be saved"):
        model.save(tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_own_classes_and_new_estimators_are_refused(tmp_path):
    with pytest.raises(StateError, match="Mine cannot be saved"):
        small(Mine).fit(X, SIGNAL).save(tmp_path / "model")
    with pytest.raises(NotFittedError):
        small().save(tmp_path / "model")


# ------------------------------------------------- holes that other formats had or have


@pytest.fixture(scope="module")
def content():
    return files.to_bytes(small(MLPClassifier).fit(X, LABELS["text"]), resume=True)


def changed(content, change):
    header, document, data = fuzzing.split(content)
    change(header, document)
    return fuzzing.join(header, document, data)


def refused(content, match):
    before = set(sys.modules)
    with pytest.raises(StateError, match=match):
        files.from_bytes(content)
    assert set(sys.modules) == before


@pytest.mark.parametrize(
    "name", ["os.system", "antigravity", "builtins.eval", "Pipeline"]
)
def test_names_in_a_file_are_never_imported(content, name):
    """As Keras did: CVE-2025-1550."""
    refused(changed(content, lambda h, d: d.update({"class": name})), "no|kind")

    def activation(header, document):
        document["model"]["activations"] = [{"activation": name}]

    refused(changed(content, activation), "which there is not")

    def own(header, document):
        document["model"]["params"]["activation"] = {"module": name, "class_name": name}

    refused(changed(content, own), "no such value belongs")


@pytest.mark.parametrize("key", ["safe_mode", "trusted", "raw", "others"])
def test_no_word_in_a_file_switches_checks_off(content, key):
    """As in Keras: CVE-2025-8747, CVE-2025-9906."""

    def switch(header, document):
        document[key] = document["model"][key] = True
        document["model"]["params"]["activation"] = {"object": "relu"}

    refused(changed(content, switch), "no such value belongs")
    argument = changed(content, lambda h, d: d["model"]["params"].update({key: True}))
    refused(argument, "which there is not")


@pytest.mark.parametrize("suffix", [".h5", ".keras", ".pkl", ".joblib", ".npz", ""])
def test_one_format_recognized_by_its_content(content, suffix, tmp_path):
    """Another suffix ignored the safe mode: CVE-2025-9905."""
    path = tmp_path / f"model{suffix}"
    path.write_bytes(content)
    assert isinstance(perceptrons.load(path), MLPClassifier)
    path.write_bytes(pickle.dumps({"W0": X}))
    with pytest.raises(StateError, match="cannot be loaded"):
        perceptrons.load(path)


class Bomb:
    def __reduce__(self):
        return os.abort, ()


def test_never_falls_back_to_what_runs(tmp_path):
    """As a silent fall-back to joblib did: CVE-2025-54886."""
    path = tmp_path / "model.safetensors"
    path.write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(StateError):
        perceptrons.load(path)


def test_what_is_shown_is_what_is_there(content):
    """What skops showed was not what ran: CVE-2025-54412, CVE-2025-54413."""

    def twice(text):
        header, _, data = fuzzing.split(content)
        raw = json.dumps({**header, "__metadata__": {"perceptrons": text}}).encode()
        return struct.pack("<Q", len(raw)) + raw + data

    text = json.dumps(fuzzing.split(content)[1])
    refused(twice('{"class": "MLPRegressor", ' + text[1:]), "twice")
    length = struct.unpack("<Q", content[:8])[0]
    header = content[8 : 8 + length]
    header = (
        header.rstrip()[:-1]
        + b',"W0":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
    )
    refused(struct.pack("<Q", len(header)) + header + content[8 + length :], "twice")


def test_sizes_are_compared_before_anything_is_allocated(content):
    """As a shape bomb: CVE-2026-0897; other files by path: CVE-2026-1669."""

    def bomb(header, document):
        document["model"]["sizes"] = [2**30, 2**30, 3]
        document["model"]["activations"] = [{"activation": "ReLU"}]

    damaged = changed(content, bomb)
    tracemalloc.start()
    refused(damaged, "has shape")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10 * len(damaged) + 2**20
    path = changed(content, lambda h, d: h["W0"].update({"file": "/etc/passwd"}))
    refused(path, "another kind or size")


def tensors(entries, data=b""):
    header = {"__metadata__": {"perceptrons": "{}"}, **entries}
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


@pytest.mark.parametrize(
    ("damaged", "match"),
    [
        (tensors({f"t{i}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
                  for i in range(400_000)}), "damaged"),
        (tensors({"W0": {"dtype": "F32", "shape": [2**40, 0], "data_offsets": [0, 0]}}),
         "kind or size"),
        (tensors({"W0": {"dtype": "BF16", "shape": [1], "data_offsets": [0, 2]}},
                 b"ab"), "kind or size"),
        (tensors({"W0": {"dtype": "F32", "shape": [True], "data_offsets": [0, 4]}},
                 b"abcd"), "kind or size"),
        (struct.pack("<Q", 2**63) + b"{}", "damaged"),
        (struct.pack("<Q", 2) + b"[]", "header is none"),
        (struct.pack("<Q", 2) + b"{}", "something else"),
        (b"", "damaged"),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "damaged"),
    ],
    ids=["many empty", "empty of 2^40", "BF16", "shape of booleans", "long header",
         "list", "no metadata", "empty", "HDF5"],
)  # fmt: skip
def test_what_the_safetensors_library_would_take(damaged, match):
    refused(damaged, match)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_must_be_finite(value):
    model = small().fit(X, SIGNAL)
    model.coefs_[0][0, 0] = value
    with pytest.raises(StateError, match="NaN or infinity"):
        model.save("never written")


def test_a_later_format_asks_for_an_upgrade(content):
    later = changed(content, lambda h, d: d.update(format=99, version="9.1"))
    refused(later, r"written by perceptrons 9\.1.*upgrade")


def test_arrays_too_many_and_too_few_are_refused(content):
    def rename(header, document):
        header["more"] = header.pop("b0")

    refused(changed(content, rename), "lacks the array 'b0'")

    def shorten(header, document):
        document["model"]["memory"].pop("rule")

    refused(changed(content, shorten), "too many")


@pytest.mark.parametrize("seed", range(4))
def test_damaged_files_are_refused_by_a_sentence(seed):
    """Ten thousand of them; ``python tests/fuzzing.py`` tries as many as wanted."""
    contents = fuzzing.samples()
    fuzzing.main(100, 0, contents)
    before = set(sys.modules)
    loaded = fuzzing.main(2_500, seed, contents)
    assert set(sys.modules) == before
    # Most that load are those with other weights or another argument.
    assert 0 < loaded < 1_000


def test_memory_stays_within_ten_times_the_file():
    rng = np.random.default_rng(5)
    contents = fuzzing.samples()
    for i in range(200):
        damaged = fuzzing.mutate(contents[i % len(contents)], rng)
        tracemalloc.start()
        with suppress(StateError):
            files.from_bytes(damaged)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        # 256 kB for Python's own objects, whatever the file.
        assert peak < 10 * len(damaged) + 2**18


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=8,
)


@settings(max_examples=100, deadline=None)
@given(word=st.data())
def test_any_words_in_any_place_are_refused_or_load(word):
    header, document, data = fuzzing.split(SAMPLE[0])
    owner, key = word.draw(st.sampled_from(list(fuzzing.places(document))))
    owner[key] = word.draw(JSON)
    fuzzing.attempt(fuzzing.join(header, document, data))


@settings(max_examples=100, deadline=None)
@given(content=st.binary(max_size=200))
def test_any_bytes_are_refused(content):
    with pytest.raises(StateError):
        files.from_bytes(content)


SAMPLE = []


@pytest.fixture(scope="module", autouse=True)
def _sample(content):
    SAMPLE[:] = [content]


# ----------------------------------------------------------------------- on the disk


def test_other_programs_read_the_arrays(tmp_path):
    model = small().fit(X, SIGNAL)
    path = model.save(tmp_path / "model.safetensors")
    with safetensors.safe_open(path, framework="numpy") as opened:
        assert_array_equal(opened.get_tensor("W0"), model.coefs_[0])
        document = json.loads(opened.metadata()["perceptrons"])
    assert (document["format"], document["class"]) == (1, "MLPRegressor")


def test_what_cannot_be_opened_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        perceptrons.load(tmp_path / "none")
    with pytest.raises(IsADirectoryError):
        perceptrons.load(tmp_path)
    with pytest.raises(FileNotFoundError):
        small().fit(X, SIGNAL).save(tmp_path / "no folder" / "model")
    with pytest.raises(StateError, match="no regular file"):
        perceptrons.load(os.devnull)


def test_a_link_stays_a_link(tmp_path):
    model = small().fit(X, SIGNAL)
    (tmp_path / "link").symlink_to(tmp_path / "model")
    model.save(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert_same(perceptrons.load(tmp_path / "model"), model)


WRITER = """
import sys, numpy as np, warnings
warnings.simplefilter("ignore")
from perceptrons import MLPRegressor
X = np.zeros((2, 300)); y = np.zeros(2)
nets = [MLPRegressor(hidden_layer_sizes=(1000,), max_iter=1, random_state=s).fit(X, y)
        for s in (0, 1)]
print("ready", flush=True)
while True:
    for net in nets:
        net.save(sys.argv[1])
"""


def test_a_kill_while_saving_leaves_a_whole_file(tmp_path):
    path = tmp_path / "model"
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE
    ) as writer:
        writer.stdout.readline()
        while not path.exists():
            pass
        writer.send_signal(signal.SIGKILL)
    assert perceptrons.load(path).coefs_[0].shape == (300, 1000)
    assert set(os.listdir(tmp_path)) <= {"model", ".model.part"}


def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch):
    model = small().fit(X, SIGNAL)
    path = model.save(tmp_path / "model")
    before = path.read_bytes()

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        small(hidden_layer_sizes=(9,)).fit(X, SIGNAL).save(path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["model"]
