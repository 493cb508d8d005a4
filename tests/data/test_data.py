"""The data of the studies."""

import dataclasses

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.model_selection import train_test_split

from perceptrons.bench.data import load
from perceptrons.bench.workloads import RUNGE_ROWS, WORKLOADS
from perceptrons.data import DATASETS, runge, runge_function, source


@pytest.mark.parametrize("seed", [0, 3])
def test_runge_is_scikit_learns_split_of_the_same_stream(seed):
    stream = np.random.RandomState(2018 + seed)
    x = np.linspace(-1, 1, 1500).reshape(-1, 1)
    noise = stream.normal(0, 0.1, (1500, 1))
    X_train, X_test, y_train, y_test = train_test_split(
        x, 1 / (1 + 25 * x**2) + noise, test_size=0.2, random_state=stream
    )
    data = runge(seed)
    assert_array_equal(data.X_train, X_train - X_train.mean())
    assert_array_equal(data.X_test, X_test - X_train.mean())
    assert_array_equal(data.y_train, y_train[:, 0])
    assert_array_equal(data.y_test, y_test[:, 0])


def test_seed_0_has_the_realized_noise_of_the_report():
    data = runge(0)
    assert round(data.noise_train, 6) == 0.009606
    assert round(data.noise_test, 6) == 0.010510


@pytest.mark.parametrize(
    ("name", "n", "low"),
    [
        ("runge-0-1", 1500, 0),
        ("runge-10000", 10_000, -1),
        ("runge-0-1-10000", 10_000, 0),
    ],
)
def test_other_samples_of_runge_have_their_interval_and_size(name, n, low):
    data = DATASETS[name](0)
    assert data.name == name
    assert (len(data.y_train), len(data.y_test)) == (4 * n // 5, n // 5)
    X = np.concatenate([data.X_train, data.X_test])
    # x = 1 is the largest of all, before centering.
    x = np.sort(X[:, 0]) - X.max() + 1
    np.testing.assert_allclose(x, np.linspace(low, 1, n), atol=1e-12)
    assert f"[{low}, 1]" in data.description
    assert abs(data.noise_train - 0.01) < 5 * 0.01 * np.sqrt(2 / len(data.y_train))


def test_other_seeds_draw_noise_and_split_afresh():
    assert runge(0).sha == runge(0).sha
    assert runge(1).sha != runge(0).sha
    assert not np.array_equal(runge(1).f_test, runge(0).f_test)


def test_targets_without_noise_are_runges_function():
    data = runge(0)
    center = -data.X_train.mean() + np.linspace(-1, 1, 1500).mean()
    assert abs(center) < 0.05
    assert_array_equal(np.sort(np.r_[data.f_train, data.f_test]),
                       np.sort(runge_function(np.linspace(-1, 1, 1500))))  # fmt: skip


def test_noise_is_nan_where_the_function_is_unknown():
    data = dataclasses.replace(runge(0), f_test=None)
    assert np.isnan(data.noise_test)


def test_a_negative_seed_is_refused_by_name():
    with pytest.raises(ValueError, match="seed must be at least 0"):
        runge(-1)


def test_the_benchmark_trains_on_the_studies_rows():
    X, y = load(WORKLOADS["W1a"])
    data = runge(0)
    assert X.dtype == y.dtype == np.float32
    assert_array_equal(X, data.X_train.astype(np.float32))
    assert_array_equal(y, data.y_train.astype(np.float32))
    assert len(X) == RUNGE_ROWS


@pytest.mark.parametrize("name", ["runga", "{}", "3", '{"file": 1}'])
def test_an_unknown_name_is_refused(name):
    with pytest.raises(ValueError, match="names no table"):
        source(name)


def test_every_loader_names_itself():
    shipped = {name: make for name, make in DATASETS.items() if not make.files}
    assert "digits" in shipped
    for name, make in shipped.items():
        data = make(0)
        assert data.name == name
        assert data.description == make.description
