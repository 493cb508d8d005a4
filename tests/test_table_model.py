"""Averages, encoders and linear models in files: what compare and the presets fit."""

import json
import pickle

import fuzzing
import numpy as np
import pandas as pd
import pytest
import skops.io
from numpy.testing import assert_array_equal

import perceptrons
from perceptrons import compare, files, presets
from perceptrons.comparison import candidates, splines
from perceptrons.state import StateError
from perceptrons.table_model import TableModel
from perceptrons.tables import DataError, TableEncoder, TableWarning

RNG = np.random.default_rng(13)
N = 120
TABLE = pd.DataFrame(
    {
        "price, €": [f"{v:,.2f}" for v in RNG.uniform(500, 3000, N)],
        "kind": RNG.choice(["a", "b", "c"], N),
        "new": RNG.choice([True, False], N),
        "day": pd.date_range("2020-01-01", periods=N).strftime("%Y-%m-%d"),
    }
)
TABLE.loc[3, "kind"] = None
Y = RNG.normal(size=N) + (TABLE["kind"] == "a") * 3.0
CLASSES = np.where(Y > 1, "high", "low")


@pytest.fixture(scope="module")
def regressor():
    X = TableEncoder().fit_transform(TABLE)
    return presets.tabular_regressor(random_state=0, n_jobs=1).fit(X, Y)


@pytest.fixture(scope="module")
def classifier():
    X = TableEncoder().fit_transform(TABLE)
    return presets.tabular_classifier(random_state=0, n_jobs=1).fit(X, CLASSES)


@pytest.fixture(scope="module")
def model(regressor):
    encoder = TableEncoder().fit(TABLE)
    return TableModel(encoder, regressor, "y", {"rows": "120"})


def again(model):
    return files.from_bytes(files.to_bytes(model))


def test_presets_come_back_bit_for_bit(regressor, classifier, tmp_path):
    X = TableEncoder().fit_transform(TABLE)
    for one, method in ((regressor, "predict"), (classifier, "predict_proba")):
        path = one.save(tmp_path / "model")
        found = perceptrons.load(path)
        for answers in ("predict", method):
            assert_array_equal(getattr(found, answers)(X), getattr(one, answers)(X))
        assert repr(found.chosen_) == repr(one.chosen_)
        assert found.get_params() == one.get_params()
        assert found.n_parameters_ == one.n_parameters_


def test_presets_fitted_on_a_table_come_back(tmp_path):
    one = presets.tabular_regressor(effort="small", random_state=0, n_jobs=1)
    one.fit(TABLE, Y)
    found = perceptrons.load(one.save(tmp_path / "model"))
    assert_array_equal(found.predict(TABLE), one.predict(TABLE))


def test_intervals_come_back(regressor):
    X = TableEncoder().fit_transform(TABLE)
    found = again(regressor).predict_interval(X, 0.8)
    assert_array_equal(found, regressor.predict_interval(X, 0.8))


def test_presets_are_pickled_as_plain_values(regressor):
    X = TableEncoder().fit_transform(TABLE)
    found = pickle.loads(pickle.dumps(regressor))
    assert_array_equal(found.predict(X), regressor.predict(X))
    text = skops.io.dumps(regressor)
    assert set(skops.io.get_untrusted_types(data=text)) <= set(perceptrons.TRUSTED)
    found = skops.io.loads(text, trusted=perceptrons.TRUSTED)
    assert_array_equal(found.predict(X), regressor.predict(X))


def test_a_model_knows_its_columns_by_name(model, tmp_path):
    found = again(model)
    expected = model.predict(TABLE)
    assert_array_equal(found.predict(TABLE), expected)
    mixed = TABLE[TABLE.columns[::-1]].assign(more=1)
    assert_array_equal(found.predict(mixed), expected)
    assert found.about == {"rows": "120"}
    assert_array_equal(
        perceptrons.load(model.save(tmp_path / "m")).predict(TABLE), expected
    )
    assert (found.target, found.columns) == ("y", list(TABLE.columns))
    with pytest.raises(DataError, match="kind"):
        found.predict(TABLE.drop(columns="kind"))
    unseen = TABLE.assign(kind="never seen")
    with pytest.warns(TableWarning, match="'kind': 120 cells with a level"):
        answers = found.predict(unseen)
    with pytest.warns(TableWarning):
        assert_array_equal(answers, model.predict(unseen))


def test_an_infinite_cell_is_named(model):
    table = TABLE.copy()
    table.loc[3, "price, €"] = "9" * 400
    for ask in (model.encoder.transform, model.predict, model.predict_interval):
        with pytest.raises(DataError, match=r"column 'price, €' holds .* in row 4 of"):
            ask(table)


def test_a_table_without_rows_has_no_answers(model, classifier):
    empty = TABLE.iloc[:0]
    assert model.predict(empty).shape == (0,)
    assert model.predict_interval(empty).shape == (0, 2)
    of_classes = TableModel(model.encoder, classifier, "y", {})
    assert of_classes.predict(empty).dtype.kind == "U"
    assert of_classes.predict_proba(empty).shape == (0, 2)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("task", ["regression", "classification"])
def test_linear_and_curved_candidates_come_back_bit_for_bit(task):
    encoder = TableEncoder().fit(TABLE)
    X = encoder.transform(TABLE)
    if task == "regression":
        (made, _), y = candidates.regressors(N, X.shape[1], 1), Y
    else:
        (made, _), y = candidates.classifiers(CLASSES, N, X.shape[1], 1), CLASSES
    saved = []
    for candidate in made:
        if candidate.kind not in ("linear", "constant", "curved"):
            continue
        one = TableModel(encoder, candidate.estimator.fit(X, y), "y", {})
        found = again(one)
        saved.append(candidate.name)
        assert_array_equal(found.predict(TABLE), one.predict(TABLE))
        if task == "classification":
            assert_array_equal(found.predict_proba(TABLE), one.predict_proba(TABLE))
    assert "additive splines" in saved
    # Those of classes take longer here than the network, and do not compete.
    assert ("splines with products" in saved) == (task == "regression")


@pytest.mark.parametrize("degree", [0, 6, 10**6, -1, "3", None])
def test_splines_that_are_none_are_refused(degree):
    X = RNG.normal(size=(40, 2))
    encoder = TableEncoder().fit(X)
    curved = splines.SplineRegressor(n_pairs=1).fit(X, X[:, 0] ** 2)
    content = files.to_bytes(TableModel(encoder, curved, "y", {}))
    assert_array_equal(files.from_bytes(content).model.predict(X), curved.predict(X))
    header, document, data = fuzzing.split(content)
    text = json.dumps(document)
    assert text.count('"degree": 3') == 2
    text = text.replace('"degree": 3', f'"degree": {json.dumps(degree)}')
    with pytest.raises(StateError):
        files.from_bytes(fuzzing.join(header, json.loads(text), data))


@pytest.mark.parametrize("shape", [(1, 0), (2,), (3,), (0,), (1, 1, 1)])
def test_an_intercept_that_answers_no_row_or_other_rows_is_refused(shape):
    X = RNG.normal(size=(40, 2))
    encoder = TableEncoder().fit(X)
    curved = splines.SplineRegressor(n_pairs=1).fit(X, X[:, 0] ** 2)
    curved._ridge.intercept_ = np.ones(shape)
    with pytest.raises(StateError, match="do not fit"):
        files.from_bytes(files.to_bytes(TableModel(encoder, curved, "y", {})))


def test_what_is_not_in_the_table_of_classes_is_refused():
    from sklearn.ensemble import RandomForestRegressor

    encoder = TableEncoder().fit(TABLE)
    forest = RandomForestRegressor(2).fit(encoder.transform(TABLE), Y)
    with pytest.raises(StateError, match="cannot be saved"):
        files.to_bytes(TableModel(encoder, forest, "y", {}))


LEARNED = {
    "levels": [[]], "rare": [1], "parts": ["century"], "pool": 2, "gaps": "no",
    "fill": "0", "first": None,
}  # fmt: skip


@pytest.mark.parametrize("name", LEARNED)
def test_what_no_column_teaches_is_refused_when_a_file_is_loaded(name):
    state = TableEncoder().fit(TABLE).to_state()
    for learned in state["learned"].values():
        learned[name] = LEARNED[name]
    with pytest.raises(ValueError, match="not learned of a column"):
        TableEncoder.from_state(state)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("samples", [fuzzing.table_samples, fuzzing.preset_samples])
def test_damaged_files_of_tables_are_refused_by_a_sentence(samples, seed):
    assert 0 < fuzzing.main(1_500, seed, samples()) < 900


@pytest.mark.slow
def test_the_winner_of_a_comparison_is_saved():
    result = compare(TABLE, Y, repeats=1, n_folds=3, random_state=0)
    one = TableModel.of(result.winner, "y")
    assert_array_equal(again(one).predict(TABLE), result.winner.predict(TABLE))
