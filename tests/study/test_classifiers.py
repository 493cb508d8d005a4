"""The procedure "classifier", and how data from files reach it."""

import json
import math

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.metrics import accuracy_score, confusion_matrix, log_loss

from perceptrons import MLPClassifier
from perceptrons.data import Dataset, load_digits
from perceptrons.study import classifiers
from perceptrons.study.errors import ExperimentError
from perceptrons.study.experiment import builtin, load
from perceptrons.study.plan import Run
from perceptrons.study.procedures import PROCEDURES
from perceptrons.study.records import Store
from perceptrons.study.runner import execute

SETTINGS = {"hidden_layer_sizes": [12, 6], "max_iter": 8, "batch_size": 50}


@pytest.fixture(scope="module")
def digits():
    return load_digits()


@pytest.fixture(scope="module")
def result(digits):
    return classifiers.run(SETTINGS, digits, 3)


@pytest.fixture(scope="module")
def model(digits):
    model = MLPClassifier((12, 6), max_iter=8, batch_size=50, random_state=3)
    with pytest.warns(UserWarning, match="Maximum iterations"):
        return model.fit(digits.X_train, digits.y_train)


@pytest.mark.parametrize("part", ["train", "test"])
def test_measures_are_scikit_learns(result, model, digits, part):
    X, y = getattr(digits, f"X_{part}"), getattr(digits, f"y_{part}")
    predicted = model.predict(X)
    assert math.isclose(
        result.metrics[f"{part}_error"], 1 - accuracy_score(y, predicted)
    )
    assert_array_equal(
        result.curves[f"{part}_confusion"], confusion_matrix(y, predicted)
    )
    expected = log_loss(y, model.predict_proba(X.astype(float)))
    # Probabilities are float32.
    assert math.isclose(result.metrics[f"{part}_cross_entropy"], expected, rel_tol=1e-5)


def test_the_run_tells_how_it_ended(result, model):
    assert result.reason == model.outcome_.reason
    assert result.epochs == 8
    assert_array_equal(result.curves["cost"], model.history_.columns["loss"])
    assert result.n_parameters == sum(w.size for w in model.coefs_) + sum(
        b.size for b in model.intercepts_
    )
    assert PROCEDURES["classifier"].lacks(SETTINGS, result) == []


def two_classes(scale):
    """Two classes told apart by the sign of one feature."""
    x = (np.linspace(-1, 1, 40) * scale).astype(np.float32)[:, None]
    y = (x[:, 0] > 0).astype(np.int64)
    return Dataset("two", x, y, x, y, None, None, "")


def test_certain_and_wrong_predictions_have_a_finite_cross_entropy():
    data = two_classes(1.0)
    flipped = Dataset("two", data.X_train, data.y_train, data.X_test * 1e30,
                      1 - data.y_test, None, None, "")  # fmt: skip
    settings = {"hidden_layer_sizes": [], "max_iter": 200, "learning_rate_init": 0.5}
    result = classifiers.run(settings, flipped, 0)
    assert result.metrics["test_error"] == 1.0
    assert 80 < result.metrics["test_cross_entropy"] < 110


def test_a_network_that_diverges_has_no_numbers_but_all_its_curves():
    settings = {
        "hidden_layer_sizes": [3], "solver": "sgd", "learning_rate_init": 1e30,
        "activation": "relu", "max_iter": 3, "alpha": 1.0,
    }  # fmt: skip
    with np.errstate(all="ignore"):
        result = classifiers.run(settings, two_classes(1e6), 0)
    assert result.reason == "diverged"
    assert all(map(math.isnan, result.metrics.values()))
    assert result.curves["test_confusion"].sum() == 0
    assert PROCEDURES["classifier"].lacks(settings, result) == []


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"solver": "adm"}, "solver must be one of"),
        ({"hidden_layer_sizes": [0]}, "hidden_layer_sizes must be at least 1"),
        ({"init": "hee"}, "init must be one of"),
        ({"loss": "squared"}, "loss must be one of"),
        ({"batch_size": 0}, "batch_size must be at least 1"),
    ],
)
def test_settings_that_cannot_be_run_are_refused(settings, sentence):
    with pytest.raises(ValueError, match=sentence):
        PROCEDURES["classifier"].check(settings)


@pytest.mark.parametrize("name", ["mnist-regularization", "mnist-final"])
def test_the_key_tells_mnist_from_the_digits(name):
    experiment = builtin(name)
    keys = [
        {run.key for run in e.runs()} for e in (experiment, experiment.standing_in())
    ]
    assert not keys[0] & keys[1]


@pytest.mark.parametrize(
    ("procedure", "dataset", "metric", "fit"),
    [
        ("classifier", "runge", "test_error", "'digits'"),
        ("network", "digits", "test_mse", "'runge'"),
    ],
)
def test_numbers_are_not_classified_and_classes_are_no_numbers(
    tmp_path, procedure, dataset, metric, fit
):
    path = tmp_path / "mine.toml"
    path.write_text(
        f'title = "Mine"\nquestion = "?"\nmetric = "{metric}"\n'
        f'procedure = "{procedure}"\ndataset = "{dataset}"\n'
    )
    with pytest.raises(ExperimentError, match=f"dataset must be one of {fit}"):
        load(path)


def test_the_same_run_is_planned_once():
    # MNIST's two splits are one on the digits that stand in.
    runs = builtin("mnist-final").standing_in().runs(seeds=[0])
    assert len(runs) == len({run.key for run in runs}) == 10
    assert len(builtin("mnist-final").runs(seeds=[0])) == 11


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_folder_with_the_data_reaches_the_process_that_trains(
    tmp_path, monkeypatch, jobs
):
    monkeypatch.delenv("PERCEPTRONS_DATA", raising=False)
    runs = [
        Run("mine", "classifier", "mnist-report", json.dumps({"max_iter": n}), 0)
        for n in (1, 2)
    ]
    folder = tmp_path / "given"
    folder.mkdir()
    with (
        Store(tmp_path / "out") as store,
        pytest.raises(ExperimentError, match="given"),
    ):
        execute(runs, store, jobs=jobs, folder=folder)


def test_all_seeds_share_one_copy_of_data_that_no_seed_changes(monkeypatch, tmp_path):
    from perceptrons.study import runner

    runner._loaded.cache_clear()
    assert runner._dataset("digits", 0, None) is runner._dataset("digits", 5, None)
    assert runner._dataset("runge", 0, None) is not runner._dataset("runge", 1, None)
