"""Bad input: a typed error that names the argument, the rule, and a remedy."""

import re
import warnings

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning, NotFittedError

from perceptrons import MLPClassifier, MLPRegressor, losses, optimizers

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(20, 3))
Y = RNG.normal(size=20)
LABELS = np.arange(20) % 2
ONES = np.ones(20)


def spoiled(array, value):
    """Return a copy with one bad entry."""
    copy = np.array(array, float)
    copy.flat[4] = value
    return copy


def regressor(*args, **settings):
    return MLPRegressor(*args, **{"max_iter": 2, "random_state": 0, **settings})


def classifier(**settings):
    return MLPClassifier(**{"max_iter": 2, "random_state": 0, **settings})


def message_of(call, errors=(ValueError, TypeError)):
    """Return the sentence of the error that the call must raise."""
    with pytest.raises(errors) as caught:
        call()
    return str(caught.value)


def assert_says(message, *patterns):
    for pattern in patterns:
        assert re.search(pattern, message), f"no {pattern!r} in {message!r}"


# -------------------------------------------------------------------------- arguments

# Argument, bad value, what the message must say of the rule, and of the remedy.
BAD_ARGUMENTS = [
    ("loss", "squared_eror", "one of .*'squared_error'", "mean 'squared_error'"),
    ("loss", 3, "a name or a record", "the names are squared_error"),
    ("loss", losses.Huber, "a name or a record", "the names are"),
    ("loss", "log_loss", "MLPClassifier", "'cross_entropy'"),
    ("activation", "rleu", "one of .*'relu'", "mean 'relu'"),
    ("activation", 3, "a name, a record", "the names are"),
    ("activation", ["relu", "relu"], r"per hidden layer \(1\)", "give one name"),
    ("solver", "adan", "one of .*'adam'", "mean 'adam'"),
    ("solver", optimizers.Adam, "a name or a rule", "the names are"),
    ("hidden_layer_sizes", (0,), "at least 1", r"use \(\)"),
    ("hidden_layer_sizes", (5, -2), "at least 1", r"use \(\)"),
    ("hidden_layer_sizes", -1, "at least 1", r"use \(\)"),
    ("hidden_layer_sizes", (3.5,), "an integer", r"use \(\)"),
    ("hidden_layer_sizes", "10", "an integer", r"use \(\)"),
    ("hidden_layer_sizes", None, "positive integers", r"use \(\)"),
    ("alpha", -1.0, r"in \[0, inf\)", "0 switches"),
    ("alpha", "small", r"a number in \[0, inf\)", "0 switches"),
    ("alpha", np.nan, r"in \[0, inf\)", "0 switches"),
    ("l1", -0.1, r"in \[0, inf\)", "0 switches"),
    ("l2", np.inf, r"in \[0, inf\)", "0 switches"),
    ("batch_size", 0, "at least 1", "'auto' takes"),
    ("batch_size", -5, "at least 1", "'auto' takes"),
    ("batch_size", 2.5, "an integer", "'auto' takes"),
    ("batch_size", "atuo", "'auto'", "mean 'auto'"),
    ("learning_rate", "adaptiv", "one of .*'adaptive'", "mean 'adaptive'"),
    ("learning_rate_init", 0.0, r"in \(0, inf\)", "usual"),
    ("learning_rate_init", -1.0, r"in \(0, inf\)", "usual"),
    ("learning_rate_init", np.nan, r"in \(0, inf\)", "usual"),
    ("power_t", -1.0, r"in \[0, inf\)", r"0\.5"),
    ("max_iter", 0, "at least 1", "usual"),
    ("max_iter", 2.5, "an integer", "usual"),
    ("max_iter", True, "an integer", "usual"),
    ("shuffle", "yes", "True or False", "True or False"),
    ("warm_start", 3, "True or False", "True or False"),
    ("early_stopping", None, "True or False", "True or False"),
    ("replacement", 1.0, "True or False", "True or False"),
    ("tol", -1.0, r"in \[0, inf\)", "0 counts"),
    ("verbose", "bra", "'bar'", "mean 'bar'"),
    ("verbose", 1.5, "True, False", "'bar'"),
    ("momentum", 1.5, r"in \[0, 1\]", "usual"),
    ("nesterovs_momentum", "yes", "True or False", "True or False"),
    ("validation_fraction", 1.0, r"in [\[(]0, 1\)", "usual"),
    ("validation_fraction", -0.5, r"in [\[(]0, 1\)", "usual"),
    ("beta_1", 1.0, r"in \[0, 1\)", "usual"),
    ("beta_2", -0.1, r"in \[0, 1\)", "usual"),
    ("epsilon", 0.0, r"in \(0, inf\)", "usual"),
    ("n_iter_no_change", 0, "at least 1", "infinity"),
    ("max_fun", 0, "at least 1", "usual"),
    ("init", "glorot", "one of .*'auto'", "mean 'glorot_"),
    ("init", 3, "a name or the pair", "the names are"),
    ("engine", "nunpy", "one of .*'numpy'", "mean 'numpy'"),
    ("dtype", "float16", "'float32'", "'float64'"),
    ("dtype", "flaot32", "'float32'", "Did you mean 'float32'"),
    ("dtype", None, "'float32'", "'float64'"),
    ("dropout", 1.0, r"in \[0, 1\)", "0 keeps"),
    ("dropout", -0.1, r"in \[0, 1\)", "0 keeps"),
    ("dropout", [1.5], r"in \[0, 1\)", "0 keeps"),
    ("dropout", [0.1, 0.1], r"per hidden layer \(1\)", "never dropped"),
    ("dropout", "half", "a number in", "0 keeps"),
    ("callbacks", [print], "on_epoch_end", "on_epoch_end"),
    ("callbacks", print, "on_epoch_end", "a list"),
    ("max_time", 0.0, r"in \(0, inf\)", "seconds"),
    ("clip_norm", 0.0, r"in \(0, inf\)", "None"),
    ("clip_norm", "1", r"in \(0, inf\)", "None"),
    ("clip_norm", ("layers", 1.0), r"the pair \('layer', number\)", "'layer'"),
    ("clip_norm", ("layer", -1.0), r"in \(0, inf\)", "None"),
    ("schedule", "cosin", "one of .*'cosine'", "mean 'cosine'"),
    ("schedule", 0.5, "a name or a record", "the names are"),
    ("n_jobs", 0, "other than 0", "all cores"),
    ("n_jobs", "all", "an integer", "all cores"),
    ("random_state", -1, "between 0 and", "any number"),
    ("random_state", "seed", "integer|RandomState", "None|any number"),
]


@pytest.mark.parametrize(
    ("argument", "value", "rule", "remedy"),
    BAD_ARGUMENTS,
    ids=[f"{case[0]}={case[1]!r:.30}" for case in BAD_ARGUMENTS],
)
def test_bad_argument_is_named_with_rule_value_and_remedy(
    argument, value, rule, remedy
):
    model = regressor(**{argument: value})
    message = message_of(lambda: model.fit(X, Y))
    # What came: the value, the entry at fault, the length of a list, or the type.
    parts = [value, *(value if isinstance(value, list | tuple) else [])]
    came = [repr(part) for part in parts] + [type(value).__name__]
    if "per hidden layer" in rule:
        came = [str(len(value))]
    assert_says(message, rf"\b{argument}\b", rule, remedy)
    assert any(f"{sign}{part}" in message for part in came for sign in ("got ", "=")), (
        message
    )


@pytest.mark.parametrize("solver", ["lbfgs", "sgd"])
@pytest.mark.parametrize(("argument", "value"), [("clip_norm", -1.0), ("dropout", 2.0)])
def test_arguments_are_checked_whatever_the_solver(argument, value, solver):
    model = regressor(solver=solver, **{argument: value})
    assert_says(message_of(lambda: model.fit(X, Y)), argument, "got")


def test_an_unknown_loss_of_a_classifier_is_answered_with_the_nearest():
    message = message_of(lambda: classifier(loss="log_los").fit(X, LABELS))
    assert_says(message, "loss must be one of .*'log_loss'", "mean 'log_loss'")


@pytest.mark.parametrize("loss", ["squared_error", losses.Huber()])
def test_a_loss_without_probabilities_is_not_for_classifiers(loss):
    message = message_of(lambda: classifier(loss=loss).fit(X, LABELS))
    assert_says(message, "loss must give probabilities", "'log_loss'", "MLPRegressor")


def test_a_binary_loss_does_not_fit_three_classes():
    model = classifier(loss="binary_cross_entropy")
    message = message_of(lambda: model.fit(X, np.arange(20) % 3))
    assert_says(message, "loss='binary_cross_entropy'", "multiclass", "'log_loss'")


def test_schedule_and_learning_rate_exclude_each_other():
    model = regressor(solver="sgd", learning_rate="adaptive", schedule="cosine")
    message = message_of(lambda: model.fit(X, Y))
    assert_says(message, "learning_rate='adaptive'", "schedule='cosine'", "leave one")


def test_dropout_is_not_for_lbfgs():
    message = message_of(lambda: regressor(solver="lbfgs", dropout=0.2).fit(X, Y))
    assert_says(message, r"dropout must be 0", r"got 0\.2", "another solver")


def test_the_compiled_engine_fails_loudly_where_there_is_none(monkeypatch):
    monkeypatch.setattr("perceptrons.engine.missing", lambda: "it was left out")
    message = message_of(lambda: regressor(engine="compiled").fit(X, Y))
    assert_says(message, "engine='compiled'", "it was left out", "engine='numpy'")


@pytest.mark.parametrize(
    ("init", "argument"),
    [
        (([np.zeros((3, 4))], [np.zeros(4)]), "coefs"),
        (([np.zeros((3, 2)), np.zeros((2, 1))], [np.zeros(3), [0.0]]), "intercepts"),
        (([np.full((3, 2), np.nan), np.zeros((2, 1))], [[0.0] * 2, [0.0]]), "init"),
    ],
)
def test_given_weights_must_fit_and_be_finite(init, argument):
    model = regressor(hidden_layer_sizes=(2,), init=init)
    assert_says(message_of(lambda: model.fit(X, Y)), argument, "must h")


def test_given_weights_beyond_float32_name_the_dtype():
    model = regressor(hidden_layer_sizes=(), init=([np.full((3, 1), 1e300)], [[0.0]]))
    assert_says(message_of(lambda: model.fit(X, Y)), "init", 'dtype="float64"')


def test_more_rows_in_a_batch_than_there_are_warns_like_scikit_learn():
    with pytest.warns(UserWarning, match="Got `batch_size` less than 1 or larger"):
        regressor(batch_size=21).fit(X, Y)


# ------------------------------------------------------------------------ data of fit

OBJECTS = np.full((20, 3), object())

# What is wrong, the call, the argument that must be named, what else must be said.
BAD_DATA = [
    ("NaN in X", lambda: regressor().fit(spoiled(X, np.nan), Y), "X", "NaN"),
    ("infinity in X", lambda: regressor().fit(spoiled(X, np.inf), Y), "X", "infinity"),
    ("NaN in y", lambda: regressor().fit(X, spoiled(Y, np.nan)), "y", "NaN"),
    ("infinity in y", lambda: regressor().fit(X, spoiled(Y, -np.inf)), "y", "infinity"),
    (
        "NaN in classes",
        lambda: classifier().fit(X, spoiled(LABELS, np.nan)),
        "y",
        "NaN",
    ),
    ("1-D X", lambda: regressor().fit(X[:, 0], Y), "X", "Expected 2D array, got 1D"),
    ("3-D X", lambda: regressor().fit(X[:, :, None], Y), "X", "dim 3"),
    ("3-D y", lambda: regressor().fit(X, Y.reshape(20, 1, 1)), "y", "dim 3"),
    ("no X", lambda: regressor().fit(None, Y), "X", "scalar"),
    ("no y", lambda: regressor().fit(X, None), "y", "None"),
    ("strings in X", lambda: regressor().fit(np.full((20, 3), "a"), Y), "X", "'a'"),
    ("strings in y", lambda: regressor().fit(X, np.full(20, "a")), "y", "'a'"),
    ("complex X", lambda: regressor().fit(X * 1j, Y), "X", "Complex"),
    ("complex y", lambda: regressor().fit(X, Y * 1j), "y", "Complex"),
    ("objects in X", lambda: regressor().fit(OBJECTS, Y), "X", "object"),
    ("objects in y", lambda: regressor().fit(X, OBJECTS[:, 0]), "y", "object"),
    ("sparse y", lambda: regressor().fit(X, sparse.csr_array([Y]).T), "y", "[Ss]parse"),
    ("too few y", lambda: regressor().fit(X, Y[:-1]), "y", r"\[20, 19\]"),
    ("no rows", lambda: regressor().fit(X[:0], Y[:0]), "X", r"0 sample\(s\)"),
    ("no features", lambda: regressor().fit(X[:, :0], Y), "X", r"0 feature\(s\)"),
    (
        "a missing label",
        lambda: classifier().fit(X, ["a", None] * 10),
        "y",
        "None in row 1 and 10 missing",
    ),
    (
        "class weights as a list",
        lambda: classifier(class_weight=[1, 2]).fit(X, LABELS),
        "class_weight",
        r"dict \{class: weight\}, got \[1, 2\]",
    ),
    (
        "class weights by an unknown name",
        lambda: classifier(class_weight="auto").fit(X, LABELS),
        "class_weight",
        "got 'auto'",
    ),
    ("numbers as classes", lambda: classifier().fit(X, Y), "y", "label type"),
    (
        "several classes in several columns",
        lambda: classifier().fit(X, np.column_stack([LABELS, LABELS + 1])),
        "y",
        "[Mm]ultioutput",
    ),
    ("X beyond float32", lambda: regressor().fit(X * 1e300, Y), "X", 'dtype="float64"'),
    ("y beyond float32", lambda: regressor().fit(X, Y * 1e300), "y", 'dtype="float64"'),
    (
        "negative counts",
        lambda: regressor("poisson").fit(X, Y),
        "y",
        "at least 0 for loss='poisson', got values from .* choose another loss",
    ),
    (
        "fractions above 1",
        lambda: regressor("binary_cross_entropy").fit(X, 2.0 * LABELS),
        "y",
        r"in \[0, 1\] .* to 2; choose",
    ),
    (
        "rows that are no probabilities",
        lambda: regressor("cross_entropy").fit(X, np.ones((20, 2))),
        "y",
        "sum to 1",
    ),
    (
        "several columns for quantiles",
        lambda: regressor(losses.Pinball((0.1, 0.9))).fit(X, X[:, :2]),
        "y",
        "one column for 2 quantiles, got 2",
    ),
    (
        "NaN in the weights",
        lambda: regressor().fit(X, Y, spoiled(ONES, np.nan)),
        "sample_weight",
        "NaN",
    ),
    (
        "infinite weights",
        lambda: regressor().fit(X, Y, spoiled(ONES, np.inf)),
        "sample_weight",
        "infinity",
    ),
    (
        "negative weights",
        lambda: regressor().fit(X, Y, spoiled(ONES, -1.0)),
        "sample_weight",
        "must not be negative, .* -1; use 0",
    ),
    (
        "no weight at all",
        lambda: regressor().fit(X, Y, 0.0 * ONES),
        "sample_weight",
        "zero for every row",
    ),
    (
        "alpha too large for these weights",
        lambda: regressor(alpha=1.0).fit(X, Y, 1e-60 * ONES),
        "alpha",
        "mean of sample_weight",
    ),
    (
        "2-D weights",
        lambda: regressor().fit(X, Y, ONES[:, None]),
        "sample_weight",
        "must be 1D",
    ),
    (
        "too few weights",
        lambda: regressor().fit(X, Y, ONES[:-1]),
        "sample_weight",
        r"\(19,\), expected \(20,\)",
    ),
    (
        "strings as weights",
        lambda: regressor().fit(X, Y, ["a"] * 20),
        "sample_weight",
        "'a'",
    ),
    (
        "complex weights",
        lambda: regressor().fit(X, Y, 1j * ONES),
        "sample_weight",
        "Complex",
    ),
    (
        "class weights of zero",
        lambda: classifier(class_weight={0: 0.0, 1: 0.0}).fit(X, LABELS),
        "class_weight",
        "zero|0",
    ),
    (
        "negative class weights",
        lambda: classifier(class_weight={0: -1.0, 1: 2.0}).fit(X, LABELS),
        "class_weight",
        "negative|at least 0",
    ),
    (
        "an unknown word as class weights",
        lambda: classifier(class_weight="balance").fit(X, LABELS),
        "class_weight",
        "balanced",
    ),
    (
        "class weights for other classes",
        lambda: classifier(class_weight={"a": 1.0, "b": 2.0}).fit(X, LABELS),
        "class_weight",
        r"\[0, 1\]",
    ),
    (
        "X_val without y_val",
        lambda: regressor().fit(X, Y, X_val=X),
        "y_val",
        "must be given too",
    ),
    (
        "y_val without X_val",
        lambda: regressor().fit(X, Y, y_val=Y),
        "X_val",
        "must be given too",
    ),
    (
        "too few features in X_val",
        lambda: regressor().fit(X, Y, X_val=X[:, :2], y_val=Y),
        "X_val",
        "2 features",
    ),
    (
        "NaN in X_val",
        lambda: regressor().fit(X, Y, X_val=spoiled(X, np.nan), y_val=Y),
        "X_val",
        "NaN",
    ),
    (
        "NaN in y_val",
        lambda: regressor().fit(X, Y, X_val=X, y_val=spoiled(Y, np.nan)),
        "y_val",
        "NaN",
    ),
    (
        "too few y_val",
        lambda: regressor().fit(X, Y, X_val=X, y_val=Y[:5]),
        "y_val",
        r"\[20, 5\]",
    ),
    (
        "too many columns in y_val",
        lambda: regressor().fit(X, Y, X_val=X, y_val=X[:, :2]),
        "y_val",
        "2",
    ),
    (
        "negative counts in y_val",
        lambda: regressor("poisson").fit(X, LABELS, X_val=X, y_val=-1.0 - LABELS),
        "y_val",
        "at least 0",
    ),
    (
        "unknown classes in y_val",
        lambda: classifier().fit(X, LABELS, X_val=X, y_val=LABELS + 5),
        "y_val",
        r"\[5 6\]",
    ),
    (
        "too few rows to split",
        lambda: regressor(early_stopping=True, batch_size=1).fit(X[:3], Y[:3]),
        "validation_fraction",
        "validation set is too small",
    ),
]


@pytest.mark.parametrize(
    ("call", "argument", "said"),
    [case[1:] for case in BAD_DATA],
    ids=[case[0] for case in BAD_DATA],
)
def test_bad_data_is_named_with_what_came(call, argument, said):
    message = message_of(call)
    assert_says(message, rf"(?<!\w){argument}(?!\w)", said)


# ------------------------------------------------------------------ after a first fit


def test_predict_before_fit_says_so():
    message = message_of(lambda: regressor().predict(X), NotFittedError)
    assert_says(message, "not fitted yet")


@pytest.mark.parametrize("method", ["predict", "layer_outputs", "input_gradient"])
def test_another_number_of_features_is_refused(method):
    model = regressor().fit(X, Y)
    message = message_of(lambda: getattr(model, method)(X[:, :2]))
    assert_says(message, "X has 2 features, .* expecting 3 features")


def test_other_feature_names_are_refused():
    pd = pytest.importorskip("pandas")
    model = regressor().fit(pd.DataFrame(X, columns=["a", "b", "c"]), Y)
    other = pd.DataFrame(X, columns=["a", "b", "z"])
    message = message_of(lambda: model.predict(other))
    assert_says(message, "feature names", "unseen at fit time:\n- z", "missing:\n- c")


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_predict_refuses_rows_that_are_not_finite(bad):
    model = regressor().fit(X, Y)
    message = message_of(lambda: model.predict(spoiled(X, bad)))
    assert_says(message, "Input X contains")


def test_partial_fit_needs_the_classes_first():
    message = message_of(lambda: classifier().partial_fit(X, LABELS))
    assert_says(message, "classes must be passed on the first call")


def test_partial_fit_refuses_other_classes():
    model = classifier().partial_fit(X, LABELS, classes=[0, 1])
    assert_says(
        message_of(lambda: model.partial_fit(X, LABELS, classes=[0, 1, 2])), "classes"
    )
    message = message_of(lambda: model.partial_fit(X, LABELS + 1))
    assert_says(message, "y. has classes not in", r"\[1 2\]")


def test_partial_fit_refuses_early_stopping():
    message = message_of(lambda: regressor(early_stopping=True).partial_fit(X, Y))
    assert_says(message, "partial_fit", "early_stopping=True", "call fit")


@pytest.mark.parametrize("again", ["partial_fit", "fit"])
def test_going_on_with_other_layers_is_refused(again):
    model = regressor(warm_start=True).fit(X, Y)
    model.set_params(hidden_layer_sizes=(7,))
    message = message_of(lambda: getattr(model, again)(X, Y))
    assert_says(message, r"\(3, 7\)", r"\(3, 100\)")


def test_partial_fit_with_another_solver_starts_its_state_anew_or_says_why_not():
    model = regressor(solver="adam").partial_fit(X, Y).set_params(solver="sgd")
    try:
        model.partial_fit(X, Y)
    except ValueError as error:
        assert_says(str(error), "solver")
    assert np.isfinite(model.predict(X)).all()


# ------------------------------------------------------------------- nothing is broken

FAILING_FITS = {
    "bad argument": ({"alpha": -1.0}, X, Y, ONES),
    "late argument": ({"clip_norm": -1.0}, X, Y, ONES),
    "NaN in y": ({}, X, spoiled(Y, np.nan), ONES),
    "negative weights": ({}, X, Y, spoiled(ONES, -1.0)),
    "overflow": ({}, X * 1e300, Y, ONES),
    "wrong domain": ({"loss": "poisson"}, X, Y, ONES),
    "divergence": (
        {"solver": "sgd", "learning_rate_init": 1e30, "batch_size": 5},
        X,
        Y,
        ONES,
    ),
    "other features": ({"clip_norm": -1.0}, X[:, :2], Y, ONES),
}
AFTER_FAILURE = pytest.mark.parametrize(
    ("own", "rows", "targets", "weights"), FAILING_FITS.values(), ids=FAILING_FITS
)


@AFTER_FAILURE
def test_a_failed_fit_modifies_no_data_of_the_user(own, rows, targets, weights):
    given = [rows.copy(), targets.copy(), weights.copy()]
    message_of(lambda: regressor(**own).fit(*given))
    for array, expected in zip(given, (rows, targets, weights), strict=True):
        assert_array_equal(array, expected)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("solver", ["lbfgs", *optimizers.OPTIMIZERS])
def test_a_fit_modifies_no_data_of_the_user(solver, dtype):
    # In the dtype of training, so that nothing needs to be copied.
    expected = [X.astype(dtype), Y.astype(dtype), RNG.uniform(1, 2, 20).astype(dtype)]
    given = [array.copy() for array in expected]
    for array in given:
        array.flags.writeable = False
    model = regressor(solver=solver, dtype=dtype, learning_rate_init=1e-3)
    model.fit(*given).predict(given[0])
    for array, other in zip(given, expected, strict=True):
        assert_array_equal(array, other)


@AFTER_FAILURE
def test_a_failed_fit_leaves_no_fitted_estimator_behind(own, rows, targets, weights):
    model = regressor(**own)
    message_of(lambda: model.fit(rows, targets, weights))
    message_of(lambda: model.predict(rows), NotFittedError)


@AFTER_FAILURE
def test_after_a_failed_refit_the_old_fit_still_predicts(own, rows, targets, weights):
    model = regressor().fit(X, Y)
    before = model.predict(X)
    model.set_params(**own)
    message_of(lambda: model.fit(rows, targets, weights))
    assert_array_equal(model.predict(X), before)


def test_after_a_failed_refit_the_old_classes_are_still_predicted():
    names = np.array(["no", "yes"])[LABELS]
    model = classifier().fit(X, names)
    before = model.predict(X)
    model.set_params(clip_norm=-1.0)
    message_of(lambda: model.fit(X, np.array(["a", "b", "c"])[np.arange(20) % 3]))
    assert_array_equal(model.predict(X), before)


@AFTER_FAILURE
def test_after_a_failed_fit_a_good_one_succeeds(own, rows, targets, weights):
    model = regressor(**own)
    message_of(lambda: model.fit(rows, targets, weights))
    fresh = regressor()
    model.set_params(**fresh.get_params())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        assert_array_equal(model.fit(X, Y).predict(X), fresh.fit(X, Y).predict(X))


def test_a_failed_first_partial_fit_leaves_no_classes_behind():
    model = classifier()
    negative = spoiled(ONES, -1.0)
    message_of(lambda: model.partial_fit(X, LABELS, negative, classes=[0, 1]))
    other = np.array(["no", "yes"])[LABELS]
    model.partial_fit(X, other, classes=["no", "yes"])
    assert_array_equal(model.classes_, ["no", "yes"])


def test_an_error_in_a_callback_leaves_the_old_fit():
    class Fail:
        def on_epoch_end(self, state):
            raise RuntimeError("mine")

    model = regressor().fit(X, Y)
    before = model.predict(X)
    model.set_params(callbacks=[Fail()])
    message_of(lambda: model.fit(X, 2.0 * Y), RuntimeError)
    assert_array_equal(model.predict(X), before)


class Fails:
    """A callback that raises in its first epoch."""

    def on_epoch_end(self, state):
        raise RuntimeError("the callback failed")


@pytest.mark.parametrize("call", ["partial_fit", "warm start"])
def test_failed_continuation_can_be_repeated_as_if_nothing_had_happened(call):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(30, 2)), rng.normal(size=30)

    def go_on(model):
        return model.partial_fit(X, y) if call == "partial_fit" else model.fit(X, y)

    settings = {"max_iter": 2, "tol": 1e9, "n_iter_no_change": 1, "batch_size": 7}
    models = [
        MLPRegressor(random_state=0, warm_start=call == "warm start", **settings)
        for _ in range(2)
    ]
    for model in models:
        model.fit(X, y)
    models[0].set_params(callbacks=[Fails()])
    with pytest.raises(RuntimeError, match="the callback failed"):
        go_on(models[0])
    models[0].set_params(callbacks=None)
    for model in models:
        go_on(model)
    for first, second in zip(models[0].coefs_, models[1].coefs_, strict=True):
        assert_array_equal(first, second)
    assert len(models[0].history_) == len(models[1].history_)


def test_a_callback_cannot_change_the_optimizers_state():
    class Meddles:
        def on_epoch_end(self, state):
            state.optimizer_state["mean"][:] = 0

    X = np.linspace(0, 1, 20)[:, None]
    with pytest.raises(ValueError, match="read-only"):
        MLPRegressor(callbacks=[Meddles()]).fit(X, X[:, 0])


def test_one_number_weighs_every_row():
    X = np.linspace(0, 1, 20)[:, None]
    settings = {"solver": "lbfgs", "max_iter": 20, "alpha": 0, "random_state": 0}
    one, many = (
        MLPRegressor(**settings).fit(X, X[:, 0], weights)
        for weights in (2.0, np.full(20, 2.0))
    )
    assert_array_equal(one.predict(X), many.predict(X))
