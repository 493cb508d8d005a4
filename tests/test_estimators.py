"""The estimators: scikit-learn's signature and attributes, and what is added."""

import inspect
import pickle
import warnings

import joblib
import numpy as np
import pytest
import sklearn.neural_network as scikit_learn
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.special import expit
from sklearn.base import clone
from sklearn.metrics import mean_pinball_loss, r2_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.class_weight import compute_sample_weight

import perceptrons
from perceptrons import (
    MLPClassifier,
    MLPRegressor,
    activations,
    losses,
    optimizers,
    schedules,
)
from perceptrons.engine import ENGINES

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

NAMES = ["MLPRegressor", "MLPClassifier"]
OWN = {
    "l1",
    "l2",
    "init",
    "engine",
    "dtype",
    "dropout",
    "callbacks",
    "max_time",
    "clip_norm",
    "schedule",
    "replacement",
    "n_jobs",
}
SOLVERS = ["lbfgs", *optimizers.OPTIMIZERS]
RULES = [
    optimizers.GradientDescent(0.01),
    optimizers.Momentum(0.5),
    optimizers.AdaGrad(),
    optimizers.RMSProp(decay=0.5),
    optimizers.Adam(0.8),
    optimizers.AdamW(weight_decay=0.1),
]

RNG = np.random.default_rng(8)
X = RNG.normal(size=(60, 4))
SIGNAL = X @ RNG.normal(size=(4, 3))
TARGETS = {
    "one output": SIGNAL[:, 0],
    "three outputs": SIGNAL,
    "counts": RNG.poisson(np.exp(0.3 * SIGNAL[:, 0])).astype(float),
    "two classes": np.where(SIGNAL[:, 0] > 0, "yes", "no"),
    "three classes": np.array(["a", "b", "c"])[SIGNAL.argmax(axis=1)],
    "labels": (SIGNAL > 0).astype(int),
}
KINDS = {
    "one output": (MLPRegressor, {}),
    "three outputs": (MLPRegressor, {}),
    "counts": (MLPRegressor, {"loss": "poisson"}),
    "two classes": (MLPClassifier, {}),
    "two classes, softmax": (MLPClassifier, {"loss": "cross_entropy"}),
    "three classes": (MLPClassifier, {}),
    "labels": (MLPClassifier, {}),
}


def build(kind, **settings):
    estimator, own = KINDS[kind]
    plain = {"hidden_layer_sizes": (5,), "max_iter": 15, "random_state": 0}
    return estimator(**{**plain, "activation": "tanh", **own, **settings})


def fitted(kind, **settings):
    return build(kind, **settings).fit(X, TARGETS[kind.split(",")[0]])


EVERY_KIND = pytest.mark.parametrize("kind", KINDS)


# ------------------------------------------------------------------------- signature


@pytest.mark.parametrize("name", NAMES)
def test_constructor_begins_with_scikit_learns_arguments(name):
    theirs = inspect.signature(getattr(scikit_learn, name)).parameters
    ours = inspect.signature(getattr(perceptrons, name)).parameters
    shared = list(ours)[: len(theirs)]
    assert shared == list(theirs)
    for argument in shared:
        assert ours[argument].default == theirs[argument].default, argument
        assert ours[argument].kind == theirs[argument].kind, argument


@pytest.mark.parametrize("name", NAMES)
def test_our_own_arguments_are_keyword_only(name):
    theirs = inspect.signature(getattr(scikit_learn, name)).parameters
    ours = inspect.signature(getattr(perceptrons, name)).parameters
    added = {key: value for key, value in ours.items() if key not in theirs}
    expected = OWN | ({"loss", "class_weight"} if name == "MLPClassifier" else set())
    assert set(added) == expected
    assert {value.kind for value in added.values()} == {inspect.Parameter.KEYWORD_ONLY}


@pytest.mark.parametrize("name", NAMES)
def test_penalties_are_scikit_learns_by_default(name):
    model = getattr(perceptrons, name)()
    assert (model.alpha, model.l1, model.l2) == (1e-4, 0.0, 0.0)
    assert model.dtype == "float32"


@pytest.mark.parametrize("name", NAMES)
def test_every_public_method_of_scikit_learn_is_there(name):
    theirs, ours = getattr(scikit_learn, name), getattr(perceptrons, name)
    public = {key for key in dir(theirs) if not key.startswith("_")}
    assert public <= set(dir(ours))
    assert {"layer_outputs", "input_gradient"} <= set(dir(ours))


@pytest.mark.parametrize("solver", ["lbfgs", "sgd", "adam"])
@pytest.mark.parametrize("early_stopping", [False, True])
@EVERY_KIND
def test_every_fitted_attribute_of_scikit_learn_is_there(kind, early_stopping, solver):
    y = TARGETS[kind.split(",")[0]]
    if y.dtype.kind == "U":
        # Before 1.9 early stopping of scikit-learn's own takes no labels of text.
        y = np.unique(y, return_inverse=True)[1]
    ours = build(kind, solver=solver, early_stopping=early_stopping).fit(X, y)
    shared = {
        name: value
        for name, value in ours.get_params().items()
        if name
        in inspect.signature(getattr(scikit_learn, type(ours).__name__)).parameters
    }
    theirs = getattr(scikit_learn, type(ours).__name__)(**shared).fit(X, y)
    public = {
        name for name in vars(theirs) if name.endswith("_") and not name.startswith("_")
    }
    assert public <= set(vars(ours))
    for name in ("n_layers_", "n_features_in_", "n_iter_"):
        assert getattr(ours, name) == getattr(theirs, name) or name == "n_iter_"
    if "softmax" not in kind:
        assert ours.n_outputs_ == theirs.n_outputs_
        assert ours.out_activation_ == theirs.out_activation_
        assert [W.shape for W in ours.coefs_] == [W.shape for W in theirs.coefs_]
        assert [b.shape for b in ours.intercepts_] == [
            b.shape for b in theirs.intercepts_
        ]
    if isinstance(ours, MLPClassifier):
        assert_array_equal(ours.classes_, theirs.classes_)


# --------------------------------------------------------------------- what it can do


@pytest.mark.parametrize("solver", [*SOLVERS, *RULES], ids=repr)
def test_every_solver_lowers_the_loss(solver):
    model = fitted("one output", solver=solver, max_iter=40, learning_rate_init=0.01)
    assert model.n_iter_ >= 1
    assert model.loss_ < model.loss_curve_[0]
    assert all(np.isfinite(W).all() for W in model.coefs_)


def test_a_rules_own_settings_win_over_the_arguments():
    rule = optimizers.Adam(beta_1=0.5, learning_rate=0.05)
    by_rule = fitted("one output", solver=rule, beta_1=0.9, learning_rate_init=1e-3)
    by_name = fitted("one output", solver="adam", beta_1=0.5, learning_rate_init=0.05)
    assert_array_equal(by_rule.coefs_[0], by_name.coefs_[0])
    assert by_rule.history_.columns["learning_rate"][0] == 0.05


@pytest.mark.parametrize("loss", losses.LOSSES)
def test_every_loss_trains_a_regressor(loss):
    y = SIGNAL[:, 0]
    link = losses.LOSSES[loss].link.name
    if link == "softmax":
        y = np.eye(3)[SIGNAL.argmax(axis=1)]
    elif link == "logistic":
        y = expit(y)
    elif link == "exp":
        y = np.exp(0.3 * y)
    model = build("one output", loss=loss, solver="lbfgs", max_iter=200, alpha=0.0)
    model.fit(X, y)
    assert model.out_activation_ == link
    assert model.loss_ < model.loss_curve_[0]
    # A smooth signal without noise, four features: chance would give 0.
    assert r2_score(y, model.predict(X)) > 0.7


@pytest.mark.parametrize("activation", activations.ACTIVATIONS)
def test_every_activation_trains(activation):
    model = fitted(
        "one output", activation=activation, solver="lbfgs", max_iter=200, alpha=0.0
    )
    # As above.
    assert model.score(X, SIGNAL[:, 0]) > 0.9


@pytest.mark.parametrize("schedule", schedules.SCHEDULES)
def test_every_schedule_trains(schedule):
    model = fitted("one output", schedule=schedule, solver="sgd")
    assert model.loss_ < model.loss_curve_[0]


def test_one_activation_per_layer():
    rng = np.random.default_rng(0)
    model = build("one output", hidden_layer_sizes=(4, 3), activation=["relu", "tanh"])
    model.fit(X, SIGNAL[:, 0])
    first, second, _ = model.layer_outputs(rng.normal(size=(50, 4)))
    assert first.min() == 0.0
    assert second.min() < 0.0


def test_pinball_gives_a_column_per_quantile_and_scores_by_pinball_loss():
    rng = np.random.default_rng(4)
    levels = (0.1, 0.5, 0.9)
    rows = rng.uniform(-1, 1, (600, 1))
    y = rows[:, 0] + rng.normal(0.0, 0.5, 600)
    model = MLPRegressor(
        losses.Pinball(levels), (8,), "tanh", learning_rate_init=0.02, random_state=0
    )
    found = model.fit(rows, y).predict(rows)
    assert found.shape == (600, 3)
    # The share below a fitted quantile of 600 rows: standard error 0.02 at most; room
    # for a network that is not trained to the end.
    assert_allclose(np.mean(y[:, None] <= found, axis=0), levels, atol=0.06)
    # The share of the loss of constant quantiles, all levels together.
    constants = np.quantile(y, levels)
    losses_of = [
        sum(
            mean_pinball_loss(y, np.broadcast_to(column, y.shape), alpha=level)
            for level, column in zip(levels, columns, strict=True)
        )
        for columns in (found.T, constants)
    ]
    expected = 1.0 - losses_of[0] / losses_of[1]
    assert_allclose(model.score(rows, y), expected, rtol=1e-5)  # float32's weights


def test_cross_entropy_with_smoothing_is_less_certain():
    sharp = fitted("three classes", max_iter=300, learning_rate_init=0.02)
    smooth = build("three classes", max_iter=300, learning_rate_init=0.02)
    smooth.set_params(loss=losses.CrossEntropy(label_smoothing=0.3))
    smooth.fit(X, TARGETS["three classes"])
    assert smooth.predict_proba(X).max() < sharp.predict_proba(X).max()


@pytest.mark.parametrize(
    "kind", ["two classes", "two classes, softmax", "three classes"]
)
def test_probabilities_sum_to_one_and_agree_with_the_classes(kind):
    model = fitted(kind)
    probabilities = model.predict_proba(X)
    assert probabilities.shape == (60, len(model.classes_))
    # Probabilities in float64: a sum of two or three.
    assert_allclose(probabilities.sum(axis=1), 1.0, rtol=1e-14)
    best = model.classes_[probabilities.argmax(axis=1)]
    assert_array_equal(model.predict(X), best)
    assert_allclose(model.predict_log_proba(X), np.log(probabilities), rtol=1e-14)


def test_multilabel_targets_have_a_probability_each():
    model = fitted("labels", max_iter=200, learning_rate_init=0.02)
    probabilities = model.predict_proba(X)
    assert probabilities.shape == (60, 3)
    assert_array_equal(model.predict(X), probabilities > 0.5)
    assert model.score(X, TARGETS["labels"]) > 0.8


def test_softmax_over_two_classes_predicts_the_logistic_network():
    # Equal at the optimum of a convex problem without penalty on the difference.
    settings = {"hidden_layer_sizes": (), "solver": "lbfgs", "alpha": 0.0, "l2": 0.1}
    logistic = fitted("two classes", **settings, tol=1e-9)
    # The softmax shares its logit between two columns: half the penalty each.
    settings["l2"] = 0.2
    softmax = fitted("two classes, softmax", **settings, tol=1e-9)
    # SciPy ends where J falls by less than 2e-9 of itself: its root, rounded up.
    assert_allclose(softmax.predict_proba(X), logistic.predict_proba(X), atol=5e-4)


# ---------------------------------------------------------------- looking into it


@EVERY_KIND
def test_layer_outputs_end_with_the_predictions(kind):
    model = fitted(kind, hidden_layer_sizes=(5, 3), dtype="float64")
    outputs = model.layer_outputs(X)
    assert [output.shape[1] for output in outputs] == [5, 3, model.n_outputs_]
    first = np.tanh(X @ model.coefs_[0] + model.intercepts_[0])
    second = np.tanh(first @ model.coefs_[1] + model.intercepts_[1])
    # Sums of at most five products in another order.
    assert_allclose(outputs[0], first, rtol=1e-12, atol=1e-14)
    assert_allclose(outputs[1], second, rtol=1e-12, atol=1e-14)
    if isinstance(model, MLPRegressor):
        expected = model.predict(X).reshape(60, -1)
    elif model.n_outputs_ == 1:
        expected = model.predict_proba(X)[:, 1:]
    else:
        expected = model.predict_proba(X)
    # Another engine may sum in another order.
    assert_allclose(outputs[-1], expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("hidden", [(), (5,), (5, 3)])
@EVERY_KIND
def test_input_gradient_equals_differences_of_the_predictions(kind, hidden):
    model = fitted(kind, hidden_layer_sizes=hidden, dtype="float64")

    def predictions(rows):
        if isinstance(model, MLPRegressor):
            return model.predict(rows).reshape(len(rows), -1)
        found = model.predict_proba(rows)
        return found[:, 1:] if model.n_outputs_ == 1 else found

    h = 1e-5
    numeric = np.stack(
        [
            (predictions(X + h * e) - predictions(X - h * e)) / (2 * h)
            for e in np.eye(4)
        ],
        axis=2,
    )
    gradient = model.input_gradient(X)
    expected_shape = (60, 4) if model.n_outputs_ == 1 else (60, model.n_outputs_, 4)
    assert gradient.shape == expected_shape
    # Truncation h^2 / 6 times a third derivative below 10, rounding eps / h.
    assert_allclose(gradient.reshape(numeric.shape), numeric, rtol=0, atol=1e-9)


# ---------------------------------------------------------------------------- weights


@pytest.mark.parametrize("kind", ["two classes", "three classes"])
@pytest.mark.parametrize("how", ["dict", "balanced"])
def test_class_weight_equals_explicit_sample_weights(kind, how):
    y = TARGETS[kind]
    weight = how
    if how == "dict":
        classes = np.unique(y)
        weight = dict(zip(classes, np.arange(1.0, 1.0 + len(classes)), strict=True))
    by_class = build(kind, class_weight=weight).fit(X, y)
    rows = compute_sample_weight(weight, y)
    by_row = build(kind).fit(X, y, sample_weight=rows)
    assert_array_equal(by_class.coefs_[0], by_row.coefs_[0])
    plain = fitted(kind)
    assert np.any(plain.coefs_[0] != by_class.coefs_[0])


def test_class_weight_and_sample_weight_multiply():
    y = TARGETS["two classes"]
    own = RNG.uniform(0.5, 2.0, 60)
    both = build("two classes", class_weight={"yes": 3.0, "no": 1.0})
    both.fit(X, y, sample_weight=own)
    product = build("two classes").fit(X, y, own * np.where(y == "yes", 3.0, 1.0))
    assert_array_equal(both.coefs_[0], product.coefs_[0])


def test_scale_of_the_sample_weights_changes_nothing_but_alpha():
    weights = RNG.uniform(0.5, 2.0, 60)
    small, large = (
        build("one output", alpha=0.0, l2=0.1, dtype="float64").fit(
            X, SIGNAL[:, 0], factor * weights
        )
        for factor in (1.0, 4.0)
    )
    # A power of two changes no rounding.
    assert_array_equal(small.coefs_[0], large.coefs_[0])


# ---------------------------------------------------------------------------- sparse X


@pytest.mark.parametrize(
    "kind", [sparse.csr_matrix, sparse.csr_array, sparse.csc_matrix, sparse.csc_array]
)
@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
def test_sparse_rows_train_and_predict_like_dense_ones(kind, solver):
    rows = X * (np.abs(X) > 0.5)
    settings = {"solver": solver, "dtype": "float64", "batch_size": 16}
    dense = build("one output", **settings).fit(rows, SIGNAL[:, 0])
    thin = build("one output", **settings).fit(kind(rows), SIGNAL[:, 0])
    # The same sums in another order, over 60 steps.
    assert_allclose(thin.coefs_[0], dense.coefs_[0], rtol=1e-8, atol=1e-10)
    assert_allclose(
        thin.predict(kind(rows)), dense.predict(rows), rtol=1e-8, atol=1e-10
    )


# ------------------------------------------------------------------------------ dtypes


@pytest.mark.parametrize("given", [np.float32, np.float64, np.int64])
@pytest.mark.parametrize("dtype", ["float32", "float64", np.float32, np.float64])
def test_weights_have_the_dtype_asked_for_and_predictions_that_of_x(dtype, given):
    model = build("one output", dtype=dtype).fit(X.astype(given), SIGNAL[:, 0])
    assert all(W.dtype == dtype for W in model.coefs_ + model.intercepts_)
    expected = np.float32 if given == np.float32 else np.float64
    assert model.predict(X.astype(given)).dtype == expected
    assert model.layer_outputs(X.astype(given))[0].dtype == expected
    assert model.input_gradient(X.astype(given)).dtype == expected


@pytest.mark.parametrize("solver", SOLVERS)
def test_weights_are_float32_by_default_for_every_solver(solver):
    model = fitted("one output", solver=solver, learning_rate_init=1e-3)
    assert {W.dtype for W in model.coefs_ + model.intercepts_} == {np.dtype("float32")}


@pytest.mark.parametrize("kind", ["MLPRegressor", "MLPClassifier"])
def test_arrays_and_lists_of_the_same_numbers_train_alike(kind, rng):
    X = rng.normal(size=(40, 3))
    y = X[:, 0] if kind == "MLPRegressor" else (X[:, 0] > 0).astype(int)
    settings = {"hidden_layer_sizes": (4,), "max_iter": 3, "random_state": 0}
    make = getattr(perceptrons, kind)
    of_arrays = make(**settings).fit(X, y)
    of_lists = make(**settings).fit(X.tolist(), y.tolist())
    for one, other in zip(of_arrays.coefs_, of_lists.coefs_, strict=True):
        assert_array_equal(one, other)
    assert_array_equal(of_arrays.predict(X), of_lists.predict(X.tolist()))


def test_finite_features_whose_sum_overflows_are_accepted():
    X = np.full((6, 2), 1.5e308)
    net = MLPRegressor(hidden_layer_sizes=(), dtype="float64", max_iter=1).fit(
        np.ones((6, 2)), np.ones(6)
    )
    net.coefs_, net.intercepts_ = [np.zeros((2, 1))], [np.ones(1)]
    assert_array_equal(net.predict(X), np.ones(6))


def test_probabilities_have_the_dtype_of_x():
    model = fitted("three classes")
    assert model.predict_proba(X.astype(np.float32)).dtype == np.float32
    assert model.predict_proba(X).dtype == np.float64


# ---------------------------------------------------------------- scikit-learn's way


@EVERY_KIND
def test_clone_has_the_same_parameters_and_no_fit(kind):
    model = fitted(kind, solver=optimizers.RMSProp(0.5), l1=0.1, dropout=0.2)
    copy = clone(model)
    assert copy.get_params() == model.get_params()
    assert not hasattr(copy, "coefs_")


@pytest.mark.parametrize("name", NAMES)
def test_set_params_undoes_get_params(name):
    model = getattr(perceptrons, name)(alpha=0.5, clip_norm=("layer", 1.0))
    other = getattr(perceptrons, name)().set_params(**model.get_params())
    assert other.get_params() == model.get_params()


@EVERY_KIND
@pytest.mark.parametrize("engine", ENGINES)
def test_pickling_keeps_predictions_whatever_the_engine(engine, kind):
    model = fitted(kind)
    model.set_params(engine=engine)
    copy = pickle.loads(pickle.dumps(model))
    assert copy.engine == engine
    assert_array_equal(copy.predict(X), model.predict(X))
    for mine, other in zip(copy.layer_outputs(X), model.layer_outputs(X), strict=True):
        assert_array_equal(mine, other)


def test_joblib_keeps_predictions(tmp_path):
    model = fitted("one output")
    joblib.dump(model, tmp_path / "model.joblib")
    copy = joblib.load(tmp_path / "model.joblib")
    assert_array_equal(copy.predict(X), model.predict(X))


@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("solver", list(optimizers.OPTIMIZERS))
def test_partial_fit_goes_on_after_pickling(solver, dropout):
    settings = {"solver": solver, "batch_size": 16, "dropout": dropout}
    y = SIGNAL[:, 0]
    kept = build("one output", **settings).partial_fit(X, y)
    moved = pickle.loads(pickle.dumps(kept))
    for _ in range(2):
        kept.partial_fit(X, y)
        moved = pickle.loads(pickle.dumps(moved)).partial_fit(X, y)
    assert_array_equal(moved.coefs_[0], kept.coefs_[0])
    assert moved.loss_curve_ == kept.loss_curve_


@pytest.mark.parametrize("solver", ["sgd", "lbfgs"])
def test_partial_fit_is_there_for_stochastic_solvers_only(solver):
    assert hasattr(build("one output", solver=solver), "partial_fit") == (
        solver == "sgd"
    )


def test_partial_fit_takes_batches_that_lack_a_class():
    model = build("three classes")
    y = TARGETS["three classes"]
    first = y != "c"
    model.partial_fit(X[first], y[first], classes=["a", "b", "c"])
    model.partial_fit(X, y)
    assert_array_equal(model.classes_, ["a", "b", "c"])
    assert model.predict_proba(X).shape == (60, 3)


def test_grid_search_over_our_own_arguments():
    grid = {
        "mlpregressor__solver": ["adam", optimizers.RMSProp(0.9)],
        "mlpregressor__l1": [0.0, 0.01],
    }
    pipeline = make_pipeline(StandardScaler(), build("one output"))
    search = GridSearchCV(pipeline, grid, cv=2).fit(X, SIGNAL[:, 0])
    assert len(search.cv_results_["params"]) == 4
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.predict(X).shape == (60,)


def test_cross_val_score_of_a_classifier():
    model = build("two classes", max_iter=200, learning_rate_init=0.02)
    scores = cross_val_score(model, X, TARGETS["two classes"], cv=3)
    # Linearly separable classes; chance gives 0.5.
    assert scores.mean() > 0.8


def test_weights_the_user_sets_are_those_that_predict():
    model = fitted("one output", dtype="float64")
    model.coefs_ = [np.full_like(W, 0.5) for W in model.coefs_]
    model.intercepts_ = [np.zeros_like(b) for b in model.intercepts_]
    hidden = np.tanh(0.5 * X.sum(axis=1))
    # Sums of five products.
    assert_allclose(model.predict(X), 2.5 * hidden, rtol=1e-12)
    model.coefs_[1][:] = 0.0
    assert_array_equal(model.predict(X), np.zeros(60))


@EVERY_KIND
def test_set_params_after_fit_changes_no_prediction(kind):
    model = fitted(kind)
    before, outputs = model.predict(X), model.layer_outputs(X)
    score = model.score(X, TARGETS[kind.split(",")[0]])
    model.set_params(
        activation="relu", hidden_layer_sizes=(9, 9), solver="lbfgs", dtype="float64"
    )
    model.set_params(loss="binary_cross_entropy", warm_start=True)
    assert_array_equal(model.predict(X), before)
    for mine, other in zip(model.layer_outputs(X), outputs, strict=True):
        assert_array_equal(mine, other)
    assert model.score(X, TARGETS[kind.split(",")[0]]) == score


def test_fit_changes_no_parameter():
    model = build(
        "one output", clip_norm=("layer", 1.0), dropout=[0.2], schedule="step"
    )
    before = dict(model.get_params())
    model.fit(X, SIGNAL[:, 0])
    assert model.get_params() == before


def test_given_weights_are_where_training_starts():
    coefs = [np.full((4, 2), 0.1), np.full((2, 1), 0.2)]
    intercepts = [np.zeros(2), np.zeros(1)]
    model = build(
        "one output", hidden_layer_sizes=(2,), init=(coefs, intercepts), solver="gd"
    )
    model.set_params(learning_rate_init=1e-30, dtype="float64", max_iter=1)
    model.fit(X, SIGNAL[:, 0])
    assert_array_equal(model.coefs_[0], coefs[0])
    assert coefs[0][0, 0] == 0.1


def test_dropout_is_for_training_only():
    model = fitted("one output", dropout=0.5)
    assert_array_equal(model.predict(X), model.predict(X))
    plain = fitted("one output")
    assert np.any(plain.coefs_[0] != model.coefs_[0])


def test_l1_makes_weights_of_useless_features_small():
    rng = np.random.default_rng(2)
    rows = np.column_stack([X, rng.normal(size=(60, 6))])
    settings = {"hidden_layer_sizes": (), "solver": "gd", "learning_rate_init": 0.01}
    model = build("one output", **settings, max_iter=3000, l1=0.1, alpha=0.0)
    model.fit(rows, SIGNAL[:, 0])
    weights = np.abs(model.coefs_[0].ravel())
    # The subgradient moves a weight at 0 to and fro by eta l1 = 0.001; a few of them.
    assert weights[4:].max() < 0.01
    assert weights[:4].max() > 0.1


def test_a_warning_names_the_users_line():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fitted("one output", max_iter=1)
    assert caught
    assert caught[0].filename == __file__
