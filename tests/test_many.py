"""fit_many and fit_folds: many estimators, one call; predictor: fast prediction."""

import threading

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.model_selection import KFold, StratifiedKFold

from perceptrons import MLPClassifier, MLPRegressor, engine, fit_folds, fit_many

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
ENGINES = [
    "numpy",
    pytest.param(
        "compiled",
        marks=pytest.mark.skipif(engine.missing() is not None, reason="not compiled"),
    ),
]


@pytest.fixture
def regression(rng):
    X = rng.normal(size=(60, 4))
    return X, np.sin(X[:, 0]) + X[:, 1] * X[:, 2]


def sweep(**settings):
    """Return networks of several sizes, rules and precisions."""
    return [
        MLPRegressor(
            hidden_layer_sizes=hidden,
            solver=solver,
            dtype=dtype,
            dropout=0.2 if hidden and solver != "lbfgs" else 0.0,
            batch_size=16,
            max_iter=3,
            random_state=seed,
            **settings,
        )
        for seed, (hidden, solver, dtype) in enumerate(
            [
                ((), "adam", "float32"),
                ((30, 20), "sgd", "float32"),
                ((5,), "adam", "float64"),
                ((9,), "lbfgs", "float64"),
                ((40,), "rmsprop", "float32"),
                ((3, 3, 3), "gd", "float32"),
            ]
        )
    ]


def assert_same_bits(actual, expected):
    """Compare two fitted estimators by everything learned."""
    assert type(actual) is type(expected)
    for name in ("coefs_", "intercepts_"):
        for A, B in zip(getattr(actual, name), getattr(expected, name), strict=True):
            assert A.dtype == B.dtype
            assert_array_equal(A, B)
    assert actual.loss_curve_ == expected.loss_curve_
    assert actual.outcome_.reason == expected.outcome_.reason


# fit_many -------------------------------------------------------------------------


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("n_jobs", [None, 1, 2, 5])
def test_each_network_is_what_its_own_fit_gives(n_jobs, name, regression):
    X, y = regression
    nets = sweep(engine=name)
    fitted = fit_many(nets, X, y, n_jobs=n_jobs)
    assert [id(net) for net in fitted] == [id(net) for net in nets]
    for net in fitted:
        assert_same_bits(net, clone(net).fit(X, y))


def test_weights_and_validation_rows_reach_every_fit(regression, rng):
    X, y = regression
    weights = rng.uniform(0, 2, len(y))
    held_out = {"X_val": X[:20] + 0.1, "y_val": y[:20]}
    nets = fit_many(sweep(), X, y, sample_weight=weights, **held_out)
    for net in nets:
        assert_same_bits(net, clone(net).fit(X, y, weights, **held_out))
        assert np.isfinite(net.history_.columns["validation_loss"]).all()


def test_early_stopping_is_the_same_in_company(regression):
    X, y = regression
    nets = [
        MLPRegressor(early_stopping=True, max_iter=5, random_state=seed)
        for seed in range(3)
    ]
    for net in fit_many(nets, X, y):
        assert_same_bits(net, clone(net).fit(X, y))


def test_classifiers_are_fitted_together(regression):
    X, y = regression
    labels = np.array(["low", "mid", "high"])[np.digitize(y, [-0.5, 0.5])]
    nets = [MLPClassifier((5,), max_iter=3, random_state=seed) for seed in range(3)]
    for net in fit_many(nets, X, labels):
        assert_same_bits(net, clone(net).fit(X, labels))
        assert set(net.predict(X)) <= {"low", "mid", "high"}


@pytest.mark.parametrize("kind", [csr_array, np.asfortranarray])
def test_sparse_and_column_order_rows_are_accepted(kind, regression):
    X, y = regression
    for net in fit_many(sweep(), kind(X), y):
        assert_same_bits(net, clone(net).fit(kind(X), y))


def test_data_frames_are_accepted_and_their_names_kept(regression):
    pd = pytest.importorskip("pandas")
    X, y = regression
    frame, series = pd.DataFrame(X, columns=list("abcd")), pd.Series(y)
    for net in fit_many(sweep(), frame, series):
        assert_same_bits(net, clone(net).fit(X, y))
        assert list(net.feature_names_in_) == list("abcd")


def test_on_fit_runs_in_the_callers_thread_with_its_estimator(regression):
    X, y = regression
    nets, calls = sweep(), []

    def on_fit(index, net):
        assert threading.current_thread() is threading.main_thread()
        assert net is nets[index]
        assert np.isfinite(net.loss_)
        calls.append(index)

    fit_many(nets, X, y, n_jobs=2, on_fit=on_fit)
    assert sorted(calls) == list(range(len(nets)))


def test_the_largest_fit_begins_first(regression):
    X, y = regression
    nets = [
        MLPRegressor(hidden_layer_sizes=hidden, max_iter=epochs, random_state=0)
        for hidden, epochs in (((), 3), ((50, 50), 3), ((5,), 3), ((5,), 3_000))
    ]
    order = []

    class Begun:
        def __init__(self, index):
            self.index = index

        def on_epoch_end(self, state):
            order.append(self.index)
            return True

    for index, net in enumerate(nets):
        net.callbacks = [Begun(index)]
    fit_many(nets, X, y, n_jobs=1)
    assert order == [3, 1, 2, 0]


def test_an_empty_sweep_is_empty(regression):
    assert fit_many([], *regression) == []


def test_the_same_object_twice_is_an_error(regression):
    net = MLPRegressor()
    with pytest.raises(ValueError, match=r"same object twice.*clone"):
        fit_many([net, MLPRegressor(), net], *regression)
    assert not hasattr(net, "coefs_")


@pytest.mark.parametrize("stranger", [None, "net", MLPRegressor])
def test_a_stranger_is_an_error_that_says_where(stranger, regression):
    with pytest.raises(TypeError, match=r"at position 1.*joblib"):
        fit_many([MLPRegressor(), stranger], *regression)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_first_error_is_raised_and_later_fits_are_left_out(regression):
    X, y = regression
    bad = MLPRegressor(hidden_layer_sizes=(50, 50), loss="poisson", max_iter=9)
    long = {"max_iter": 500, "tol": 0.0, "n_iter_no_change": 1000}
    rest = [MLPRegressor(hidden_layer_sizes=(), **long) for _ in range(20)]
    with pytest.raises(ValueError, match="y must be at least 0"):
        fit_many([*rest, bad], X, y, n_jobs=1)
    # On one thread the largest is first. How many more begin until they are called off
    # is the machine's affair: not all.
    assert sum(hasattr(net, "coefs_") for net in rest) < len(rest)


def test_an_error_of_on_fit_ends_the_sweep(regression):
    def on_fit(index, net):
        raise RuntimeError(f"disk full at {index}")

    with pytest.raises(RuntimeError, match="disk full"):
        fit_many(sweep(), *regression, on_fit=on_fit)


def test_progress_is_shown_on_standard_error_only(regression, capsys):
    fit_many(sweep(), *regression, progress=True)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "networks" in printed.err


def test_many_fits_at_a_time_leave_blas_and_streams_alone(regression):
    X, y = regression
    nets = [
        MLPRegressor(hidden_layer_sizes=(8,), max_iter=2, random_state=seed % 4)
        for seed in range(24)
    ]
    fit_many(nets, X, y, n_jobs=8)
    for seed in range(24):
        assert_same_bits(nets[seed], nets[seed % 4])


# fit_folds ------------------------------------------------------------------------


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("kind", [np.asarray, csr_array])
def test_each_fold_is_what_a_fit_on_its_rows_gives(kind, n_jobs, name, regression, rng):
    X, y = regression
    X, weights = kind(X), rng.uniform(0.1, 1, len(y))
    folds = [rows for rows, _ in KFold(4, shuffle=True, random_state=0).split(X)]
    folds.append(np.array([5, 5, 3, 1, 59, 0]))  # repeated and unordered rows
    for dtype in ("float32", "float64"):
        net = MLPRegressor(
            hidden_layer_sizes=(7,),
            max_iter=3,
            batch_size=5,
            random_state=0,
            dtype=dtype,
            engine=name,
        )
        fitted = fit_folds(net, X, y, folds, sample_weight=weights, n_jobs=n_jobs)
        assert not hasattr(net, "coefs_")
        for rows, copy in zip(folds, fitted, strict=True):
            own = clone(net).fit(X[rows], y[rows], weights[rows])
            assert_same_bits(copy, own)


def test_splitters_are_taken_as_they_are(regression):
    X, y = regression
    net = MLPRegressor(hidden_layer_sizes=(3,), max_iter=2, random_state=0)
    fitted = fit_folds(net, X, y, KFold(3).split(X))
    for (rows, _), copy in zip(KFold(3).split(X), fitted, strict=True):
        assert_same_bits(copy, clone(net).fit(X[rows], y[rows]))


@pytest.mark.parametrize("early_stopping", [False, True])
def test_classifiers_and_early_stopping_work_in_folds(early_stopping, regression):
    X, y = regression
    labels = np.array(["a", "b", "c"])[np.digitize(y, [-0.5, 0.5])]
    net = MLPClassifier((6,), max_iter=4, random_state=0, early_stopping=early_stopping)
    folds = list(StratifiedKFold(3).split(X, labels))
    for (rows, _), copy in zip(folds, fit_folds(net, X, labels, folds), strict=True):
        own = clone(net).fit(X[rows], labels[rows])
        assert_same_bits(copy, own)
        assert_array_equal(copy.predict(X), own.predict(X))


def test_data_frames_are_split_into_folds(regression):
    pd = pytest.importorskip("pandas")
    X, y = regression
    index = np.arange(100, 160)
    frame = pd.DataFrame(X, columns=list("abcd"), index=index)
    net = MLPRegressor(hidden_layer_sizes=(3,), max_iter=2, random_state=0)
    folds = [np.arange(30), np.arange(30, 60)]
    fitted = fit_folds(net, frame, pd.Series(y, index=index), folds)
    for rows, copy in zip(folds, fitted, strict=True):
        assert_same_bits(copy, clone(net).fit(X[rows], y[rows]))
        assert list(copy.feature_names_in_) == list("abcd")


def test_folds_read_the_rows_where_they_lie(regression, monkeypatch):
    from perceptrons.engine.reference import NumPyObjective

    X, y = regression
    X = X.astype("float32")
    seen = []
    own = NumPyObjective.run_epochs

    def run_epochs(self, theta, data, steps):
        seen.append(data.X.X)
        return own(self, theta, data, steps)

    monkeypatch.setattr(NumPyObjective, "run_epochs", run_epochs)
    net = MLPRegressor(hidden_layer_sizes=(3,), max_iter=1, engine="numpy")
    fit_folds(net, X, y, [np.arange(40), np.arange(20, 60)])
    assert len(seen) == 2
    assert all(np.shares_memory(rows, X) for rows in seen)


def test_on_fit_gets_the_fold(regression):
    X, y = regression
    calls = {}
    net = MLPRegressor(hidden_layer_sizes=(3,), max_iter=1, random_state=0)
    folds = [np.arange(20), np.arange(50), np.arange(10)]
    fitted = fit_folds(net, X, y, folds, on_fit=calls.__setitem__)
    assert calls == dict(enumerate(fitted))


SELECTIONS = {
    "a mask": np.arange(60) % 2 == 0,
    "a mask as a list": [True, False] * 30,
    "a mask of pandas": pd.Series(np.arange(60) < 20, index=np.arange(60)[::-1]),
    "rows from the end": np.array([-1, -2, -3, 0, 1]),
    "a tuple of rows": (0, 1, 2),
    "a tuple of two rows": (3, 4),
    "rows as objects": np.arange(9).astype(object),
    "nullable rows": pd.array([4, 5, 6], dtype="Int64"),
    "unsigned rows": np.arange(9, dtype=np.uint8),
    "a slice": slice(5, 40, 2),
}


@pytest.mark.parametrize("selection", SELECTIONS.values(), ids=SELECTIONS)
@pytest.mark.parametrize("name", ENGINES)
def test_a_fold_selects_rows_as_numpy_does(selection, name, regression):
    X, y = regression
    net = MLPRegressor(hidden_layer_sizes=(3,), max_iter=2, random_state=0, engine=name)
    rows = selection
    if not isinstance(selection, slice):
        rows = np.array(list(selection))
    own = clone(net).fit(X[rows], y[rows])
    assert_same_bits(fit_folds(net, X, y, [selection])[0], own)
    assert_same_bits(fit_folds(net, X, y, [(selection, np.array([0]))])[0], own)


@pytest.mark.parametrize(
    ("selection", "said"),
    [
        ([], "at least one row"),
        (np.zeros(60, bool), "at least one row"),
        (np.ones(59, bool), r"\(60\), got 59"),
        (np.arange(9.0), "row numbers"),
        (np.arange(9)[:, None], "one-dimensional"),
        ([np.arange(3), np.arange(4)], "one-dimensional"),
        (np.array([0, 60]), "below 60.*0 to 60"),
        (np.array([0, 2**63], np.uint64), "below 60"),
        (np.array([-61]), "below 60"),
        (np.array([0, None]), "row numbers"),
        (3, "row numbers"),
        ("abc", "row numbers"),
        (None, "row numbers"),
    ],
    ids=str,
)
def test_a_fold_that_selects_no_rows_is_refused(selection, said, regression):
    with pytest.raises((ValueError, TypeError), match=f"folds must hold.*{said}"):
        fit_folds(MLPRegressor(max_iter=2), *regression, [selection])


def test_a_fold_without_weight_is_refused(regression):
    X, y = regression
    weights = (np.arange(60) < 30).astype(float)
    with pytest.raises(ValueError, match="sample_weight must not be zero"):
        fit_folds(MLPRegressor(), X, y, [slice(30, 60)], sample_weight=weights)


# predictor ------------------------------------------------------------------------


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n_outputs", [1, 3])
def test_predictor_equals_predict(n_outputs, dtype, name, rng):
    X = rng.normal(size=(100, 4)).astype(dtype)
    y = rng.normal(size=(100, n_outputs))
    net = MLPRegressor(
        hidden_layer_sizes=(9, 5), max_iter=2, random_state=0, dtype=dtype, engine=name
    ).fit(X, y if n_outputs > 1 else y[:, 0])
    predict = net.predictor()
    for n_rows in (1, 2, 64, 100, 3, 1):
        expected = net.predict(X[:n_rows])
        assert predict(X[:n_rows]).dtype == dtype
        assert predict(X[:n_rows]).shape == expected.shape
        assert_array_equal(predict(X[:n_rows]), expected)


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("classes", [2, 3])
def test_predictor_of_a_classifier_gives_the_probabilities(classes, name, rng):
    X = rng.normal(size=(50, 4)).astype("float32")
    net = MLPClassifier((9,), max_iter=2, random_state=0, engine=name)
    net.fit(X, np.arange(50) % classes)
    predict = net.predictor()
    for n_rows in (1, 50, 7):
        expected = net.predict_proba(X[:n_rows])
        assert expected.shape == (n_rows, classes)
        assert_allclose(predict(X[:n_rows]), expected, rtol=1e-6)


def test_predictor_of_an_unfitted_estimator_is_an_error():
    from sklearn.exceptions import NotFittedError

    with pytest.raises(NotFittedError):
        MLPRegressor().predictor()
