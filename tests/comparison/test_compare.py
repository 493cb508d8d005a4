"""The whole comparison, with a small network, against scikit-learn's own tools."""

import json
import signal
import warnings

import numpy as np
import pandas as pd
import pytest
from light import lighten
from numpy.testing import assert_allclose
from sklearn.base import BaseEstimator
from sklearn.linear_model import LinearRegression, RidgeClassifier
from sklearn.metrics import log_loss
from sklearn.model_selection import cross_val_score
from sklearn.neighbors import KNeighborsRegressor

import perceptrons
from perceptrons import presets
from perceptrons.comparison import affordable, candidates
from perceptrons.comparison.candidate import LINEAR
from perceptrons.comparison.folds import Links, make_folds


@pytest.fixture(scope="module")
def small():
    """Let candidates fit in milliseconds."""
    with pytest.MonkeyPatch.context() as patch:
        lighten(patch)
        yield


def linear(n, rng):
    X = rng.normal(size=(n, 3))
    return X, X @ [1.0, -0.5, 0.2] + rng.normal(size=n)


def oblique(n, rng):
    """Return a wave along no column, which no sum and no product of columns follows."""
    X = rng.uniform(-2, 2, size=(n, 3))
    return X, np.sin(2.5 * X.mean(axis=1)) + 0.1 * rng.normal(size=n)


SHORT = {"repeats": 2, "n_folds": 3, "random_state": 0, "n_jobs": 1}


@pytest.fixture(scope="module")
def result(small):
    return perceptrons.compare(*linear(90, np.random.default_rng(1)), **SHORT)


def test_ols_has_the_errors_of_cross_val_score(result):
    X, y = linear(90, np.random.default_rng(1))
    found = result.scores.query("candidate == 'OLS'")
    folds = make_folds(y, Links(), classes=False, n_folds=3, repeats=2, seed=0)
    expected = -cross_val_score(
        LinearRegression(),
        X,
        y,
        cv=[(f.train, f.test) for f in folds],
        scoring="neg_root_mean_squared_error",
    )
    assert_allclose(found["value"], expected, rtol=1e-10)


def test_the_gain_is_the_relative_drop_of_the_mean_metric(result):
    verdict = result.verdict
    drop = 1 - verdict.value / verdict.reference_value
    assert_allclose(verdict.gain, drop, rtol=1e-12)
    table = result.table()
    assert_allclose(table.loc["network", "RMSE"], verdict.value)
    assert_allclose(table.loc["network", "gain"], verdict.gain)
    assert table.loc["constant", "skill"] == 0
    own, constant = table["RMSE"]["OLS"], table["RMSE"]["constant"]
    assert_allclose(table.loc["OLS", "skill"], 1 - own / constant)


def test_the_reference_is_the_best_that_is_linear_in_its_coefficients(result):
    table = result.table()
    table = table[table["kind"].isin(LINEAR)]
    assert table["RMSE"].idxmin() == result.reference == result.verdict.reference
    assert np.isnan(table.loc[result.reference, "gain"])


def test_against_names_another_reference(small, rng):
    found = perceptrons.compare(*linear(90, rng), against="constant", **SHORT)
    assert found.reference == "constant"
    assert "for constant" in str(found.verdict)
    assert found.statistics.loc["OLS", "gain"] > 0


def test_a_wave_justifies_a_network_and_the_winner_is_it(small, rng):
    X, y = oblique(240, rng)
    found = perceptrons.compare(X, y, **SHORT)
    assert found.verdict.status == "justified"
    X_new, y_new = oblique(500, rng)
    new = pd.DataFrame(X_new, columns=["x0", "x1", "x2"])
    assert np.sqrt(np.mean((found.winner.predict(new) - y_new) ** 2)) < 0.5
    assert found.winner is found.fitted("network")


def test_without_a_gain_the_winner_is_the_reference(result):
    assert result.verdict.status == "not justified"
    assert result.winner is result.fitted(result.reference)
    with pytest.raises(KeyError, match="'ridge'"):
        result.fitted("ridge")


def test_a_seed_repeats_every_number(small, rng):
    X, y = linear(60, rng)
    drawn = perceptrons.compare(X, y, repeats=1, n_folds=3)
    again = perceptrons.compare(X, y, repeats=1, n_folds=3, random_state=drawn.seed)
    pd.testing.assert_series_equal(drawn.scores["value"], again.scores["value"])


def test_another_candidate_changes_nothing_for_the_rest(result):
    X, y = linear(90, np.random.default_rng(1))
    more = perceptrons.compare(
        X, y, candidates={"neighbors": KNeighborsRegressor()}, **SHORT
    )
    others = more.scores[more.scores["candidate"] != "neighbors"]
    assert_allclose(others["value"], result.scores["value"])
    assert more.candidates.loc["neighbors", "kind"] == "user"


def test_predictions_out_of_fold_give_the_scores(result):
    y = result.prepared.y
    own = result.scores.query("candidate == 'Ridge' and repeat == 0")
    squares = np.square(result.predictions["Ridge"] - y)
    assert_allclose(np.mean(squares), np.mean(own["value"] ** 2), rtol=1e-10)


def test_two_seeds_tell_training_noise(result):
    seeds = result.scores.query("candidate == 'network'").groupby("seed").size()
    assert list(seeds) == [6, 3]
    noise = result.noise.loc["network"]
    assert noise["training"] > 0
    assert noise["n_seeds"] == 2


def test_learning_curves_end_with_the_whole(small, rng):
    found = perceptrons.compare(*linear(360, rng), **SHORT)
    curves = found.learning
    assert set(curves["candidate"]) == {found.reference, "network"}
    sizes = curves.groupby("share")["n_train"].first()
    assert list(sizes) == [60, 120, 240]
    whole = curves.query("share == 1 and candidate == 'network'")["value"]
    first = found.scores.query("repeat == 0 and seed == 0 and candidate == 'network'")
    assert_allclose(whole, first["value"])


def test_costs_count_parameters(result):
    parameters = result.costs["parameters"]
    assert parameters["constant"] == 1
    assert parameters["OLS"] == parameters["Ridge"] == parameters["Lasso"] == 4
    assert parameters["polynomial Ridge"] == 9 + 1
    assert parameters["network"] == 3 * 8 + 8 + 8 + 1
    assert parameters["boosting"] > 4
    assert result.costs.loc[result.reference, "times"] == 1.0
    assert (result.costs[["seconds", "microseconds"]] > 0).all(axis=None)


def test_the_dictionary_is_json(result):
    again = json.loads(json.dumps(result.as_dict(), allow_nan=False))
    assert again["verdict"]["status"] == "not justified"
    assert len(again["scores"]) == len(result.scores)


@pytest.mark.parametrize("labels", [["no", "yes"], [False, True], [1, 2, 3]])
def test_classes_are_judged_by_log_loss(small, rng, labels):
    X = rng.normal(size=(120, 2))
    codes = np.digitize(X[:, 0] + 0.5 * rng.normal(size=120), [0, 1][: len(labels) - 1])
    y = np.array(labels)[codes]
    found = perceptrons.compare(X, y, **SHORT)
    assert (found.task, found.metric) == ("classification", "log loss")
    assert found.verdict.reference in ("logistic L1", "logistic L2")
    shares = found.predictions["logistic L2"]
    own = found.scores.query("candidate == 'logistic L2' and repeat == 0")
    assert_allclose(log_loss(y, shares), own["value"].mean(), rtol=1e-6)
    wrong = np.mean(np.array(labels)[shares.argmax(axis=1)] != y)
    assert_allclose(wrong, own["second"].mean())
    assert set(found.winner.predict(found.prepared.X)) <= set(labels)


@pytest.mark.parametrize(("classes", "each"), [(10, 5), (3, 8), (20, 5)])
def test_few_rows_of_many_classes_are_compared(small, rng, classes, each):
    y = np.repeat([f"class {i}" for i in range(classes)], each)
    X = rng.normal(size=(len(y), 2))
    # Against boosting, so that it is trained on parts of the rows, too.
    found = perceptrons.compare(X, y, repeats=1, against="boosting", random_state=0)
    assert np.isfinite(found.scores["value"]).all()
    assert "stopped early" in found.candidates.loc["boosting", "description"]


def test_groups_and_time_by_name_are_no_features(small, rng):
    X, y = linear(60, rng)
    table = pd.DataFrame(X, columns=["a", "b", "c"])
    table["who"] = np.repeat([f"person {i}" for i in range(12)], 5)
    table["day"] = pd.date_range("2024-01-01", periods=60).strftime("%Y-%m-%d")
    grouped = perceptrons.compare(table.drop(columns="day"), y, groups="who", **SHORT)
    assert "who" not in grouped.prepared.X
    assert "group" in grouped.split
    along = perceptrons.compare(table.drop(columns="who"), y, time="day", **SHORT)
    assert "day" not in along.prepared.X
    assert (along.repeats, along.scores["fold"].nunique()) == (1, 3)
    assert np.isnan(along.predictions["OLS"][:10]).all()
    assert along.caveats
    accounts = {
        c.name: c.kind for c in (*grouped.prepared.columns, *along.prepared.columns)
    }
    assert accounts["who"] == "groups"
    assert accounts["day"] == "time"


def test_a_gap_along_time_leaves_out_who_goes_on_from_the_last_row(small, rng):
    along = perceptrons.compare(*linear(90, rng), time=np.arange(90), gap=3, **SHORT)
    assert "3 moments" in along.split
    assert "last value" in along.candidates.index
    assert "seasonal naive" not in along.candidates.index
    assert any("after a gap" in text for text in along.caveats)
    assert "time=time, gap=3" in along.reproduce


def test_every_point_of_a_learning_curve_is_of_the_same_folds(small, rng):
    along = perceptrons.compare(*linear(420, rng), time=np.arange(420), **SHORT)
    folds = along.learning.groupby("share")["fold"].nunique()
    # A quarter of the first fold, which trains on 105 rows, is too few.
    assert dict(folds) == {0.25: 2, 0.5: 2, 1.0: 2}


def test_rows_without_a_target_leave_their_groups_too(small, rng):
    X, y = linear(63, rng)
    y[[0, 20, 40]] = np.nan
    found = perceptrons.compare(X, y, groups=np.arange(63) // 3, **SHORT)
    assert len(found.prepared.y) == 60


def test_a_polynomial_too_large_is_left_out_and_said_so(small, rng, monkeypatch):
    monkeypatch.setattr(affordable, "network_work", lambda rows, columns: 1000)
    found = perceptrons.compare(*linear(60, rng), **SHORT)
    for name in ("polynomial Ridge", "additive splines"):
        assert name not in found.candidates.index
    assert any("squares and products" in text for text in found.caveats)


def test_an_exact_reference_leaves_nothing_to_gain(small, rng):
    X = rng.normal(size=(60, 3))
    found = perceptrons.compare(X, X @ [1.0, 2.0, 3.0], **SHORT)
    assert found.verdict.status == "not justified"
    assert "nothing is left to gain" in found.verdict.notes[0]
    # Shares of next to nothing are no numbers to tell.
    assert found.noise.empty


def test_classes_that_are_all_but_certain_leave_nothing_to_gain(small, rng):
    X = rng.normal(size=(90, 2))
    X[:, 0] += np.where(X[:, 0] > 0, 9, -9)
    found = perceptrons.compare(X, X[:, 0] > 0, **SHORT)
    assert found.verdict.status == "not justified"
    assert "nothing is left to gain" in found.verdict.notes[0]


def test_a_leak_is_named_with_the_verdict(small, rng):
    X, y = linear(60, rng)
    found = perceptrons.compare(np.c_[X, 2 * y + 1], y, **SHORT)
    assert found.verdict.leaks == ("x3",)
    assert "Unless 'x3' leaks the target, a network" in str(found.verdict)


class Own(BaseEstimator):
    """An estimator of the user's that does what it is told."""

    def __init__(self, answer=None, fails=None):
        self.answer, self.fails = answer, fails

    def fit(self, X, y):
        if self.fails is not None:
            raise self.fails
        return self

    def predict(self, X):
        return self.answer(len(X))

    predict_proba = predict


class Bare:
    def fit(self, X, y):
        return self

    def predict(self, X):
        return np.zeros(len(X))


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"n_folds": 1}, ValueError, "n_folds"),
        ({"repeats": 0}, ValueError, "repeats"),
        ({"rope": -0.1}, ValueError, "rope"),
        ({"random_state": -1}, ValueError, "random_state"),
        ({"n_jobs": 0}, ValueError, "n_jobs must be at least 1"),
        ({"n_jobs": "two"}, TypeError, "n_jobs must be an integer"),
        ({"against": "network"}, ValueError, "against"),
        ({"against": "Rigde"}, ValueError, "Did you mean 'Ridge'"),
        ({"groups": "who"}, TypeError, "no named columns"),
        ({"groups": "who", "drop": "who"}, ValueError, "column of its own, got 'who'"),
        ({"groups": "a", "time": "a"}, ValueError, "column of its own, got 'a'"),
        ({"groups": [1, 2]}, ValueError, "one value per row"),
        ({"time": ["soon"] * 60}, ValueError, "numbers or dates"),
        ({"gap": 2}, ValueError, "got 2 without time"),
        ({"gap": -1, "time": np.arange(60)}, ValueError, "gap must be at least 0"),
    ],
)
def test_misuse_is_refused(small, rng, arguments, error, text):
    X, y = linear(60, rng)
    with pytest.raises(error, match=text):
        perceptrons.compare(X, y, **SHORT | arguments)


@pytest.mark.parametrize(
    ("own", "error", "text"),
    [
        ([LinearRegression()], TypeError, r"mapping of names.*got list; write {'name'"),
        ({3: LinearRegression()}, TypeError, "names that are text, got 3"),
        ({"OLS": LinearRegression()}, ValueError, "'OLS', which is taken"),
        ({"mine": LinearRegression}, TypeError, r"'mine'.*: LinearRegression\(\)\."),
        ({"mine": len}, TypeError, r"'mine'.*BaseEstimator\.$"),
        ({"mine": Bare()}, TypeError, r"'mine'.*get_params.*BaseEstimator\.$"),
        (
            {"mine": Own(fails=RuntimeError("boom"))},
            ValueError,
            r"'mine' could not be fitted \(RuntimeError: boom\)",
        ),
        (
            {"mine": Own(lambda n: np.full(n, np.nan))},
            ValueError,
            "'mine' could not predict .*not finite",
        ),
        (
            {"mine": Own(lambda n: np.zeros(3))},
            ValueError,
            r"'mine' could not predict .*20 numbers.*shape \(3,\)",
        ),
        (
            {"mine": Own(lambda n: ["x"] * n)},
            ValueError,
            "'mine' could not predict .*'x'",
        ),
    ],
)
def test_candidates_that_cannot_compete_are_named(small, rng, own, error, text):
    X, y = linear(60, rng)
    with pytest.raises(error, match=text):
        perceptrons.compare(X, y, candidates=own, **SHORT)


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (lambda n: np.full((n, 3), 1 / 3), r"20 rows of 2 prob.*shape \(20, 3\)"),
        (lambda n: np.zeros((n, 2)), "0 or more and 1 in sum"),
        (lambda n: np.tile([1.5, -0.5], (n, 1)), "0 or more and 1 in sum"),
        (lambda n: np.full((n, 2), np.nan), "0 or more and 1 in sum"),
    ],
)
def test_probabilities_that_are_none_are_refused(small, rng, answer, text):
    X = rng.normal(size=(60, 2))
    with pytest.raises(ValueError, match=f"'mine' could not predict .*{text}"):
        perceptrons.compare(X, X[:, 0] > 0, candidates={"mine": Own(answer)}, **SHORT)


class Interrupted(LinearRegression):
    """A model whose training Ctrl-C cuts short, and that keeps what it has."""

    def fit(self, X, y):
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            warnings.warn("Training interrupted by user.", stacklevel=2)
        return super().fit(X, y)


def test_a_fit_cut_short_by_ctrl_c_ends_the_comparison(small, rng):
    # So do networks of scikit-learn and ours: they warn, and keep what they have.
    X, y = linear(60, rng)
    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        perceptrons.compare(X, y, candidates={"mine": Interrupted()}, **SHORT)
    assert signal.getsignal(signal.SIGINT) is handler


def test_the_unit_of_the_target_does_not_matter(small, rng):
    X, y = linear(60, rng)
    whole = perceptrons.compare(X, y, **SHORT).statistics["gain"]
    found = perceptrons.compare(X, 1e-9 * y, **SHORT).statistics["gain"]
    # A small network's own solver stops by the loss in the target's unit.
    others = whole.index != "network"
    assert_allclose(found[others], whole[others], rtol=1e-3, atol=1e-6)


def test_classifiers_need_probabilities(small, rng):
    X = rng.normal(size=(60, 2))
    own = {"ridge": RidgeClassifier()}
    with pytest.raises(TypeError, match="CalibratedClassifierCV"):
        perceptrons.compare(X, X[:, 0] > 0, candidates=own, **SHORT)


def test_a_network_for_tables_is_what_competes(rng):
    entries, _ = candidates.regressors(100, 3, None)
    (network,) = [e.estimator for e in entries if e.kind == "network"]
    assert type(network) is type(presets.tabular_regressor())


def test_the_call_that_repeats_it_has_every_argument_given(small, rng):
    X, y = linear(60, rng)
    found = perceptrons.compare(
        X,
        y,
        groups=np.repeat(np.arange(30), 2),
        metric="MAE",
        against="OLS",
        drop=[],
        keep=(),
        quick=True,
        rope=0.01,
        repeats=1,
        random_state=3,
    )
    assert found.verdict.notes[0].startswith("A first look by 1 ")
    assert found.reproduce == (
        "perceptrons.compare(X, y, groups=groups, against='OLS', metric='MAE', "
        "repeats=1, quick=True, random_state=3)"
    )
