"""Boosted trees are saved as arrays and predict as scikit-learn's own do."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import is_classifier, is_regressor
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)

import perceptrons
from perceptrons import files
from perceptrons.boosted import BoostedTrees
from perceptrons.comparison.boosting import StoppedBoosting
from perceptrons.export import to_c
from perceptrons.state import StateError
from perceptrons.table_model import TableModel
from perceptrons.tables import TableEncoder

RNG = np.random.default_rng(23)
X = RNG.normal(size=(300, 4))
X[::7, 1] = np.nan
Y = np.sin(2 * X[:, 0]) + np.nan_to_num(X[:, 1]) + 0.1 * RNG.normal(size=300)
NEW = np.vstack([RNG.normal(size=(500, 4)), np.full((1, 4), np.nan), X])
WORDS = np.array(["few", "many", "some"])[np.digitize(Y, [-0.5, 0.5])]

MODELS = {
    "squares": (HistGradientBoostingRegressor(max_iter=30), Y),
    "counts": (HistGradientBoostingRegressor(loss="poisson", max_iter=9), np.exp(Y)),
    "median": (HistGradientBoostingRegressor(loss="absolute_error", max_iter=9), Y),
    "quantile": (
        HistGradientBoostingRegressor(loss="quantile", quantile=0.9, max_iter=9), Y,
    ),
    "two classes": (HistGradientBoostingClassifier(max_iter=9), WORDS == "few"),
    "words": (HistGradientBoostingClassifier(max_iter=9), WORDS),
    "stopped": (StoppedBoosting(early_stopping=True, random_state=0), WORDS),
    "a stump": (HistGradientBoostingRegressor(max_iter=1, max_leaf_nodes=2), Y),
    "no split": (HistGradientBoostingRegressor(min_samples_leaf=200), Y),
}  # fmt: skip


def table_model(model):
    """Return boosting behind an encoder of numbers, trained on rows without gaps."""
    names = [f"x{place}" for place in range(4)]
    table = pd.DataFrame(np.nan_to_num(X), columns=names)
    encoder = TableEncoder().fit(table)
    return TableModel(encoder, model, "y", {}), table


@pytest.mark.parametrize("name", MODELS)
def test_trees_predict_as_scikit_learns_to_the_last_bit(name):
    model, y = MODELS[name]
    model.fit(X, y)
    trees = BoostedTrees.of(model)
    trees.check()
    assert_array_equal(trees.predict(NEW), model.predict(NEW))
    if hasattr(model, "classes_"):
        assert_array_equal(trees.predict_proba(NEW), model.predict_proba(NEW))


@pytest.mark.parametrize("name", MODELS)
def test_a_saved_model_of_boosting_predicts_the_same(name, tmp_path):
    model, y = MODELS[name]
    model.fit(np.nan_to_num(X), y)
    kept, table = table_model(model)
    kept.save(tmp_path / "kept.model")
    found = perceptrons.load(tmp_path / "kept.model")
    assert_array_equal(found.predict(table), model.predict(np.nan_to_num(X)))
    if hasattr(model, "classes_"):
        assert_array_equal(found.predict_proba(table), kept.predict_proba(table))
        assert_array_equal(found.classes_, model.classes_)
    again = files.from_bytes(files.to_bytes(found))
    assert_array_equal(again.predict(table), found.predict(table))


@pytest.mark.parametrize("name", ["a stump", "two classes"])
def test_kept_boosting_is_for_scikit_learn_what_it_was_before(name):
    model, y = MODELS[name]
    trees = BoostedTrees.of(model.fit(X, y))
    assert is_classifier(trees) == is_classifier(model)
    assert is_regressor(trees) == is_regressor(model)
    assert hasattr(trees, "predict_proba") == hasattr(model, "predict_proba")


def test_a_student_of_kept_boosting_leaves_as_c():
    model, y = MODELS["words"]
    rows = np.nan_to_num(X)
    trees = BoostedTrees.of(model.fit(rows, y))
    student = perceptrons.distill(trees, rows, effort="small", random_state=0, n_jobs=1)
    assert student.agreement_ > 0.8
    assert "student_predict" in to_c(student, "student").source


def test_categories_within_boosting_are_refused():
    model = HistGradientBoostingRegressor(max_iter=3, categorical_features=[0])
    model.fit(np.column_stack([RNG.integers(0, 5, 300), X]), Y)
    kept, _ = table_model(model)
    with pytest.raises(StateError, match="boosting that compares categories"):
        files.to_bytes(kept)


def test_trees_cannot_be_fitted_again():
    with pytest.raises(TypeError, match="HistGradientBoosting"):
        BoostedTrees().fit(X, Y)


DAMAGE = {
    "a circle": ("left", lambda a: a * 0),
    "beyond the end": ("right", lambda a: a + 1),
    "another tree": ("left", lambda a: np.where(a == a.max(), a, a.max())),
    "no such column": ("feature", lambda a: a + 4),
    "a column before the first": ("feature", lambda a: a - 1),
    "too few": ("threshold", lambda a: a[:-1]),
    "columns of two": ("value", lambda a: a[:, None]),
    "starts late": ("starts", lambda a: a + 1),
    "goes back": ("starts", lambda a: np.array([0, 2**62, a[-1]])),
    "fractions": ("left", lambda a: a.astype(float)),
    "one class more": ("classes_", lambda a: np.append(a, "none")),
    "no classes": ("classes_", lambda a: 3),
    "a column too many": ("baseline", lambda a: np.append(a, [0.0, 0.0])),
    "no columns": ("baseline", lambda a: a[:0]),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_arrays_that_are_no_trees_are_refused(damage):
    model, y = MODELS["words"]
    kept, _ = table_model(BoostedTrees.of(model.fit(np.nan_to_num(X), y)))
    name, change = DAMAGE[damage]
    setattr(kept.model, name, change(getattr(kept.model, name)))
    with pytest.raises(StateError):
        files.from_bytes(files.to_bytes(kept))
