"""The tabular presets: strong without settings, and unshaken by odd tables."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_iris, make_friedman1, make_moons
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, r2_score, root_mean_squared_error
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.estimator_checks import parametrize_with_checks

import perceptrons
from perceptrons.presets import tabular_classifier, tabular_regressor

PRESETS = [tabular_regressor, tabular_classifier]


@pytest.mark.filterwarnings("ignore:y holds one class:UserWarning")
@parametrize_with_checks([preset(effort="small", random_state=0) for preset in PRESETS])
def test_presets_keep_the_contract(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def friedman():
    """Return 300 noisy rows and 500 exact ones."""
    X, y = make_friedman1(800, random_state=0)
    y[:300] += np.random.default_rng(0).normal(size=300)
    return X[:300], y[:300], X[300:], y[300:]


@pytest.fixture(scope="module")
def regressor(friedman):
    """Return a preset fitted on the noisy rows."""
    return tabular_regressor(random_state=0).fit(*friedman[:2])


@pytest.fixture(scope="module")
def table():
    """Return 60 rows of numbers with targets of two classes."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(60, 3))
    return X, (X[:, 0] + X[:, 1] > 0).astype(int)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_regressor_beats_scikit_learns_network_by_a_fifth(friedman, regressor):
    X, y, X_test, y_test = friedman
    theirs = make_pipeline(
        StandardScaler(),
        TransformedTargetRegressor(
            MLPRegressor(max_iter=1000, random_state=0), transformer=StandardScaler()
        ),
    ).fit(X, y)
    error = root_mean_squared_error(y_test, regressor.predict(X_test))
    assert error < 0.8 * root_mean_squared_error(y_test, theirs.predict(X_test))


def test_probabilities_are_near_the_true_ones_where_the_truth_is_linear():
    rng = np.random.default_rng(2)
    X = rng.normal(size=(3300, 5))
    y = rng.uniform(size=3300) < 1 / (1 + np.exp(-2 * X[:, 0] + X[:, 1]))
    ours = tabular_classifier(random_state=0).fit(X[:300], y[:300])
    right_model = LogisticRegression(C=np.inf).fit(X[:300], y[:300])
    losses = [
        log_loss(y[300:], model.predict_proba(X[300:])) for model in (ours, right_model)
    ]
    assert losses[0] < losses[1] + 0.02


def test_classifier_finds_a_curved_border():
    X, y = make_moons(1300, noise=0.2, random_state=0)
    ours = tabular_classifier(random_state=0).fit(X[:300], y[:300])
    assert ours.score(X[300:], y[300:]) > 0.95
    assert log_loss(y[300:], ours.predict_proba(X[300:])) < 0.12


def test_same_seed_gives_same_bits_for_any_number_of_jobs(table):
    X, y = table
    one, two = (
        tabular_classifier(random_state=3, n_jobs=jobs).fit(X, y) for jobs in (1, 2)
    )
    assert_array_equal(one.predict_proba(X), two.predict_proba(X))
    other = tabular_classifier(random_state=4).fit(X, y)
    assert (one.predict_proba(X) != other.predict_proba(X)).any()


def test_units_of_columns_and_target_do_not_matter(table):
    X, _ = table
    y = X[:, 0] * X[:, 1]
    # Powers of two: the same bits after scaling.
    plain = tabular_regressor(random_state=0).fit(X, y).predict(X)
    scaled = tabular_regressor(random_state=0).fit(1024 * X, 0.25 * y)
    assert_allclose(scaled.predict(1024 * X), 0.25 * plain, rtol=1e-12)


def test_a_wild_value_in_one_row_leaves_the_others_alone(friedman, regressor):
    X, y, X_test, y_test = friedman
    wild = X.copy()
    wild[0, 0] = 1e30
    error = root_mean_squared_error(
        y_test, tabular_regressor(random_state=0).fit(wild, y).predict(X_test)
    )
    assert error < 1.5 * root_mean_squared_error(y_test, regressor.predict(X_test))


@pytest.mark.parametrize("power", [700, -700])
def test_targets_of_any_size_are_learned_alike(table, power):
    X, _ = table
    y = X[:, 0] * X[:, 1]
    plain, huge = (
        tabular_regressor(effort="small", random_state=0).fit(X, target)
        for target in (y, np.ldexp(y, power))
    )
    for a, b in zip(
        plain.predict(X, return_std=True), huge.predict(X, return_std=True), strict=True
    ):
        assert_array_equal(np.ldexp(a, power), b)
    ends = np.ldexp(plain.predict_interval(X), power)
    assert_allclose(huge.predict_interval(X), ends, rtol=1e-9)
    with pytest.raises(ValueError, match="y must lie within"):
        tabular_regressor().fit(X, np.where(y > 0, 1.7e308, 0.0))


@pytest.mark.parametrize("n_rows", [2, 3, 10])
def test_few_rows_give_finite_predictions(n_rows):
    X = np.arange(2.0 * n_rows).reshape(n_rows, 2) ** 2
    y = np.arange(n_rows)
    assert np.isfinite(tabular_regressor(random_state=0).fit(X, y).predict(X)).all()
    probabilities = tabular_classifier(random_state=0).fit(X, y % 2).predict_proba(X)
    assert_allclose(probabilities.sum(axis=1), 1)


def test_constant_columns_and_constant_targets_are_borne(table):
    X, y = table
    flat = np.full((60, 2), 7.0)
    assert (
        tabular_classifier(random_state=0)
        .fit(np.hstack([X, flat]), y)
        .score(np.hstack([X, flat]), y)
        > 0.9
    )
    assert_allclose(
        tabular_regressor(random_state=0).fit(X, np.full(60, 5.0)).predict(X), 5
    )
    nothing = tabular_regressor(random_state=0).fit(flat, X[:, 0]).predict(flat)
    assert_allclose(nothing, X[:, 0].mean(), atol=0.2)


def test_many_rare_indicator_columns_do_not_drown_the_number_that_counts():
    rng = np.random.default_rng(5)
    number, level = rng.normal(size=(400, 1)), rng.integers(150, size=400)
    X = np.hstack([number, np.eye(150)[level]])
    y = np.sin(2 * number[:, 0])
    ours = tabular_regressor(random_state=0).fit(X[:250], y[:250])
    assert ours.score(X[250:], y[250:]) > 0.7


def test_a_class_with_one_row_is_still_a_class(table):
    X, _ = table
    y = np.array(["often"] * 30 + ["seldom"] * 29 + ["once"])
    ours = tabular_classifier(random_state=0).fit(X, y)
    assert list(ours.classes_) == ["often", "once", "seldom"]
    assert_allclose(ours.predict_proba(X).sum(axis=1), 1)
    assert set(ours.predict(X)) <= set(y)


def test_attributes_say_what_was_tried_and_chosen(regressor):
    tried, chosen = regressor.trials_, regressor.chosen_
    names = ("encoding", "hidden_layer_sizes", "penalty")
    finished = [
        tuple(trial[name] for name in names) for trial in tried if trial["folds"] == 5
    ]
    assert 2 <= len(finished) < len(tried)
    assert {tuple(setting[name] for name in names) for setting in chosen} <= set(
        finished
    )
    weights = [setting["weight"] for setting in chosen]
    assert weights == sorted(weights, reverse=True)
    assert_allclose(sum(weights), 1)
    assert len(regressor.networks_) == 5 * len(chosen)
    parameters = sum(
        array.size
        for network in regressor.networks_
        for array in [*network.coefs_, *network.intercepts_]
    )
    assert regressor.n_parameters_ == parameters


def test_prediction_is_the_weighted_mean_of_the_networks(friedman):
    X, y = friedman[:2]
    model = tabular_regressor(effort="small", random_state=1)
    # Only plain columns: the inputs can be worked out here.
    X = (X > 0.5) + 0.0
    model.fit(X, y)
    columns = (X - np.median(X, axis=0)) / np.where(
        np.subtract(*np.quantile(X, [0.75, 0.25], axis=0)) > 0,
        np.subtract(*np.quantile(X, [0.75, 0.25], axis=0)),
        np.ptp(X, axis=0),
    )
    columns /= np.sqrt(1 + (columns / 3) ** 2)
    mean = sum(
        setting["weight"]
        * np.mean([n.predict(columns) for n in model.networks_[5 * k : 5 * k + 5]], 0)
        for k, setting in enumerate(model.chosen_)
    )
    assert_allclose(model.predict(X), y.mean() + y.std() * mean, rtol=1e-4)


@pytest.mark.parametrize("effort", ["tiny", None])
def test_an_unknown_effort_is_refused(effort, table):
    with pytest.raises((ValueError, TypeError), match="effort must be one of"):
        tabular_regressor(effort=effort).fit(*table)


def test_fitted_presets_survive_pickling(regressor, friedman):
    copy = pickle.loads(pickle.dumps(regressor))
    assert_array_equal(copy.predict(friedman[0]), regressor.predict(friedman[0]))


def test_text_labels_and_three_classes():
    X, y = load_iris(return_X_y=True)
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    ours = tabular_classifier(random_state=0).fit(X[::2], names[::2])
    assert ours.score(X[1::2], names[1::2]) > 0.9


def test_presets_are_a_public_name():
    assert perceptrons.presets.tabular_regressor is tabular_regressor


# What a row of each class counts.


@pytest.fixture(scope="module")
def rare():
    """Return 80 rows, every fourth of class "rare", which they do not tell well."""
    rng = np.random.default_rng(3)
    y = np.where(np.arange(80) % 4 == 0, "rare", "usual")
    return rng.normal(size=(80, 2)) + 0.7 * (y == "rare")[:, None], y


@pytest.mark.parametrize("given", ["balanced", {"rare": 3.0}])
def test_weights_of_classes_are_those_of_their_rows(rare, given):
    X, y = rare
    own = tabular_classifier(effort="small", random_state=0, class_weight=given)
    by_row = tabular_classifier(effort="small", random_state=0)
    by_row.fit(X, y, compute_sample_weight(given, y))
    own.fit(X, y)
    assert_array_equal(own.predict_proba(X), by_row.predict_proba(X))
    assert own.trials_ == by_row.trials_  # what is held out is weighted, too
    none = clone(own).set_params(class_weight=None).fit(X, y)
    shares = [model.predict_proba(X)[:, 0].mean() for model in (own, none)]
    assert shares[0] > 1.5 * shares[1]
    # Sets are for rows as they come.
    assert_allclose(own._row_weights, 1.0)
    assert own.refine(X[:20], y[:20]).predict_set(X).shape == (80, 2)


def test_balanced_classes_are_so_whatever_the_weights_of_rows(rare):
    X, y = rare
    twice = np.where(np.arange(80) < 40, 2.0, 1.0)
    own = tabular_classifier(effort="small", random_state=0, class_weight="balanced")
    repeated = clone(own).fit(np.r_[X, X[:40]], np.r_[y, y[:40]])
    assert_array_equal(own.fit(X, y, twice).predict_proba(X), repeated.predict_proba(X))


@pytest.mark.parametrize(
    ("given", "error", "match"),
    [
        ("even", ValueError, "class_weight must be None, 'balanced' or a dict"),
        ({"none": 1.0}, ValueError, "class_weight must hold classes of y.* 'none'"),
        ({"rare": 2.0, "usual": 1.0, "none": 1.0}, ValueError, "got 'none'"),
        ({"rare": "much"}, ValueError, "class_weight"),
        ({"rare": -1.0}, ValueError, "class_weight must hold finite numbers"),
        ({"rare": 0.0, "usual": 0.0}, ValueError, "not all 0"),
        ({"rare": np.nan}, ValueError, "class_weight must hold finite numbers"),
    ],
)
def test_bad_weights_of_classes_are_refused(rare, given, error, match):
    with pytest.raises(error, match=match):
        tabular_classifier(class_weight=given).fit(*rare)


def test_new_rows_that_count_nothing_are_refused(rare):
    X, y = rare
    model = tabular_classifier(
        effort="small", random_state=0, class_weight={"rare": 0.0}
    ).fit(X, y)
    with pytest.raises(ValueError, match="class_weight must not be 0 for every row"):
        model.refine(X[y == "rare"], y[y == "rare"])
    with pytest.raises(ValueError, match="sample_weight must not be zero for every"):
        model.refine(X, y, np.zeros(80))


@pytest.mark.parametrize("preset", PRESETS)
def test_no_jobs_are_refused(preset, table):
    with pytest.raises(ValueError, match="n_jobs must be None or an integer"):
        preset(n_jobs=0).fit(*table)


# Several targets.


@pytest.fixture(scope="module")
def several():
    """Return rows with three targets of unlike units, one of them constant."""
    rng = np.random.default_rng(4)
    X = rng.normal(size=(150, 3))
    noise = 0.1 * rng.normal(size=150)
    return X, np.c_[X[:, 0] * X[:, 1] + noise, 1e6 * X[:, 2], np.full(150, 7.0)]


def test_several_targets_are_predicted_together(several, tmp_path):
    X, Y = several
    model = tabular_regressor(random_state=0, effort="small").fit(X[:110], Y[:110])
    predicted, std = model.predict(X[110:], return_std=True)
    assert predicted.shape == std.shape == (40, 3)
    scores = r2_score(Y[110:, :2], predicted[:, :2], multioutput="raw_values")
    assert (scores > 0.7).all()
    assert_allclose(predicted[:, 2], 7.0)
    assert std[:, 1].min() > 1e3 * std[:, 0].max()  # in each target's own unit
    ends = model.predict_interval(X[110:])
    assert ends.shape == (40, 3, 2)
    held = (ends[..., 0] <= Y[110:]) & (Y[110:] <= ends[..., 1])
    assert (held[:, :2].mean(axis=0) > 0.75).all()
    assert_allclose(model.predictor()(X[110:]), predicted, rtol=1e-4, atol=1e-4)
    model.save(tmp_path / "model.safetensors")
    again = perceptrons.load(tmp_path / "model.safetensors")
    assert_array_equal(again.predict(X), model.predict(X))
    assert again.refine(X[110:], Y[110:]).predict_interval(X).shape == (150, 3, 2)
    with pytest.raises(ValueError, match="as fit had"):
        again.refine(X, Y[:, 0])


def test_copies_of_a_target_are_predicted_like_it(several):
    X, Y = several
    two = tabular_regressor(random_state=0, effort="small").fit(X, Y[:, [0, 0]])
    one = tabular_regressor(random_state=0, effort="small").fit(X, Y[:, 0])
    assert r2_score(one.predict(X), two.predict(X)[:, 0]) > 0.9


# Several labels.


@pytest.fixture(scope="module")
def labels():
    """Return rows with three labels, two of them to be learned, and one constant."""
    rng = np.random.default_rng(6)
    X = rng.normal(size=(260, 3))
    noise = 0.3 * rng.normal(size=(2, 260))
    Y = np.c_[X[:, 0] > noise[0], X[:, 1] * X[:, 2] > 9, X[:, 2] + noise[1] > 0.5]
    return X, Y.astype(int)


def test_several_labels_are_told_each_by_itself(labels, tmp_path):
    X, Y = labels
    model = tabular_classifier(random_state=0, effort="small").fit(X[:180], Y[:180])
    p, said = model.predict_proba(X[180:]), model.predict(X[180:])
    assert_array_equal(said, p > 0.5)
    assert_array_equal(model.classes_, np.arange(3))
    assert ((said == Y[180:]).mean(axis=0) > [0.8, 0.99, 0.8]).all()
    one = tabular_classifier(random_state=0, effort="small").fit(X[:180], Y[:180, 0])
    alone = log_loss(Y[180:, 0], one.predict_proba(X[180:]))
    assert log_loss(Y[180:, 0], p[:, 0]) < 1.3 * alone
    sets = model.predict_set(X[180:])
    assert sets.shape == (80, 3, 2)
    held = np.take_along_axis(sets, Y[180:, :, None], axis=2)[..., 0]
    assert (held.mean(axis=0) > 0.8).all()
    assert_allclose(model.predictor()(X[180:]), p, rtol=1e-4, atol=1e-5)
    model.save(tmp_path / "model.safetensors")
    again = perceptrons.load(tmp_path / "model.safetensors")
    assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    assert again.refine(X[180:], Y[180:]).predict_set(X).shape == (260, 3, 2)
    for other in (Y[:, 0], Y[:, :2]):
        with pytest.raises(ValueError, match="as fit had"):
            again.refine(X, other)
    with pytest.raises(ValueError, match="as fit had"):
        one.refine(X, Y)


@pytest.mark.parametrize(
    ("how", "Y", "match"),
    [
        ({"class_weight": "balanced"}, [[0, 1], [1, 1]], "where y has several labels"),
        ({}, [[0, 2], [1, 1]], "y must hold 0 or 1 where it has several columns"),
        ({}, [["a", "b"], ["b", "a"]], "y must hold 0 or 1 where it has several"),
    ],
)
def test_other_columns_of_labels_are_refused(how, Y, match):
    with pytest.raises(ValueError, match=match):
        tabular_classifier(**how).fit([[0.0], [1.0]], Y)
