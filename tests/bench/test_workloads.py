"""The workloads are those that were promised, and their samples stand for all."""

import hashlib

import numpy as np
import pytest

from perceptrons.bench import data, workloads
from perceptrons.bench.workloads import WORKLOADS
from perceptrons.data import mnist
from perceptrons.peers import task
from perceptrons.peers.task import Network


def test_names_are_in_the_order_of_the_table():
    names = "W1a W1b W1c W2 T1 T2 T3 T4 T5 T6 W3 W4 W5a W5b W6-1 W6-10000"
    assert list(WORKLOADS) == names.split()


def test_w1_trains_18_000_steps():
    for name in ("W1a", "W1b", "W1c"):
        workload = WORKLOADS[name]
        assert workload.steps(workload.networks[0]) == 18_000
        assert workload.networks[0].betas == (0.9, 0.99)


def test_w2_trains_1_800_steps_on_two_threads():
    workload = WORKLOADS["W2"]
    assert workload.steps(workload.networks[0]) == 1_800
    assert workload.threads == 2


def test_w5_takes_one_step_per_epoch():
    for name, hidden in (("W5a", (50,)), ("W5b", (50, 100))):
        workload = WORKLOADS[name]
        assert workload.steps(workload.networks[0]) == 100_000
        assert workload.networks[0].hidden == hidden


def test_w3_holds_147_different_networks():
    networks = WORKLOADS["W3"].networks
    assert len(networks) == len(set(networks)) == 147
    assert {len(net.hidden) for net in networks} == set(range(1, 8))
    assert {net.hidden[0] for net in networks} == {2, 4, 8, 16, 32, 64, 128}


def test_w4_holds_336_different_networks():
    networks = WORKLOADS["W4"].networks
    assert len(networks) == len(set(networks)) == 336
    assert sum(net.l1 > 0 for net in networks) == sum(net.l2 > 0 for net in networks)
    assert not any(net.l1 and net.l2 for net in networks)


def test_w3_sample_costs_a_seventh():
    workload = WORKLOADS["W3"]
    chosen = [workload.networks[index] for index in workload.sample]
    total = sum(net.flops(1, 1) for net in workload.networks)
    assert 7 * sum(net.flops(1, 1) for net in chosen) == total


def test_w4_sample_takes_every_strength_and_both_penalties_of_each_architecture():
    workload = WORKLOADS["W4"]
    chosen = [workload.networks[index] for index in workload.sample]
    assert len(chosen) == 21
    for hidden in {net.hidden for net in workload.networks}:
        of_this = [net for net in chosen if net.hidden == hidden]
        assert len({net.l1 + net.l2 for net in of_this}) == 7
        assert len({net.learning_rate for net in of_this}) == 7
        assert {bool(net.l1) for net in of_this} == {True, False}


def test_work_is_six_operations_per_weight_and_four_in_the_first_layer():
    assert Network((3, 5)).flops(2, 1) == 4 * 6 + 6 * 15 + 6 * 5
    w2 = WORKLOADS["W2"]
    assert w2.flops() == (4 * 784 * 128 + 6 * 1280) * 60_000 * 30


@pytest.mark.parametrize("name", WORKLOADS)
def test_quick_form_is_smaller_and_keeps_its_shape(name):
    workload, quick = WORKLOADS[name], WORKLOADS[name].shorter()
    assert quick.epochs <= workload.epochs
    assert 1 <= len(quick.networks) <= len(workload.networks)
    assert quick.is_sweep == (len(quick.networks) > 1)
    assert set(quick.networks) <= set(workload.networks)


def test_a_name_may_be_the_beginning_of_several():
    assert [w.name for w in workloads.select(["W1"])] == ["W1a", "W1b", "W1c"]
    assert [w.name for w in workloads.select(["W6-1"])] == ["W6-1"]
    assert len(workloads.select([])) == len(WORKLOADS)


def test_an_unknown_workload_is_named_with_the_known_ones():
    with pytest.raises(ValueError, match=r"workloads must be one of .*got 'W9'"):
        workloads.select(["W1a", "W9"])


def test_runge_rows_are_centered_float32():
    X, y = data.load(WORKLOADS["W1a"])
    assert X.shape == (1200, 1)
    assert X.dtype == y.dtype == np.float32
    assert abs(X.mean()) < 1e-6  # float32 sums of 1,200 rows


def test_mnist_is_read_where_perceptrons_data_points(tmp_path, monkeypatch):
    pixels = np.arange(3 * 784, dtype=np.uint8)
    images = bytes([0, 0, 8, 3, *(0, 0, 0, 3), *(0, 0, 0, 28) * 2]) + pixels.tobytes()
    labels = bytes([0, 0, 8, 1, *(0, 0, 0, 3), 3, 1, 4])
    for name in mnist.FILES:
        raw = images if "images" in name else labels
        (tmp_path / name).write_bytes(raw)
        digest = hashlib.md5(raw).hexdigest()
        monkeypatch.setitem(mnist.FILES, name, digest)
    monkeypatch.setenv("PERCEPTRONS_DATA", str(tmp_path))
    X, y = data.load(WORKLOADS["W2"])
    assert X.shape == (3, 784)
    assert X.dtype == np.float32
    assert X[0, 255] == 1.0
    assert y.tolist() == [3, 1, 4]
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(labels[:-1] + b"\5")
    with pytest.raises(mnist.DamagedDataError, match="MD5"):
        data.load(WORKLOADS["W2"])


def test_without_its_files_mnist_is_replaced(tmp_path, monkeypatch):
    monkeypatch.delenv("PERCEPTRONS_DATA", raising=False)
    monkeypatch.setattr(mnist, "cache_folder", lambda: tmp_path / "cache")
    assert data.mnist_folder() is None


def test_a_folder_that_was_named_and_has_none_of_the_files_is_not_passed_over(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("PERCEPTRONS_DATA", str(tmp_path))
    with pytest.raises(mnist.MissingDataError, match="has none of them"):
        data.mnist_folder()


def test_a_folder_with_some_of_the_files_is_no_reason_for_random_rows(
    tmp_path, monkeypatch
):
    (tmp_path / "train-images-idx3-ubyte").touch()
    monkeypatch.setenv("PERCEPTRONS_DATA", str(tmp_path))
    with pytest.raises(mnist.MissingDataError, match="lacks train-labels"):
        data.load(WORKLOADS["W2"])


@pytest.mark.parametrize("activation", ["sigmoid", "relu", "leaky_relu"])
def test_the_judge_computes_the_network_by_its_formula(activation):
    network = Network((2,), activation)
    layers = task.initial_layers((1, 2, 1), seed=0)
    X, y = np.array([[0.5], [-2.0]]), np.array([1.0, 2.0])
    (W, b), (V, c) = layers
    functions = {
        "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
        "relu": lambda z: max(z, 0),
        "leaky_relu": lambda z: z if z > 0 else 0.01 * z,
    }
    raw = [
        sum(functions[activation](x * W[0, j] + b[j]) * V[j, 0] for j in range(2))
        + c[0]
        for x in X[:, 0]
    ]
    expected = 0.5 * np.mean([(z - t) ** 2 for z, t in zip(raw, y, strict=True)])
    assert task.loss(network, layers, X, y) == pytest.approx(expected, rel=1e-12)


def test_the_judge_knows_cross_entropy():
    layers = [(np.zeros((1, 4)), np.log([1.0, 2.0, 3.0, 4.0]))]
    found = task.loss(Network(()), layers, np.ones((2, 1)), np.array([0, 3]))
    assert found == pytest.approx(-(np.log(0.1) + np.log(0.4)) / 2, rel=1e-12)


def test_dense_rows_have_the_size_that_is_said_and_hardly_a_zero():
    for name in ("T1", "T4"):
        workload = WORKLOADS[name]
        X, y = data.load(workload)
        rows, features, outputs = workload.shape
        assert X.shape == (rows, features)
        assert X.dtype == np.float32
        assert (X == 0).mean() < 1e-6
        assert y.shape == (rows,)
        assert outputs == 1 or len(np.unique(y)) == outputs
        assert rows % workload.networks[0].batch == 0


def test_standardized_pixels_are_hardly_ever_zero(tmp_path, monkeypatch):
    monkeypatch.delenv("PERCEPTRONS_DATA", raising=False)
    monkeypatch.setattr(mnist, "cache_folder", lambda: tmp_path / "cache")
    X, _ = data.load(WORKLOADS["T6"])
    assert X.dtype == np.float32
    assert (X == 0).mean() < 0.001
    assert abs(X.std(axis=0) - 1).max() < 1e-3
