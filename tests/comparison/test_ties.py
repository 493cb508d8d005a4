"""Rows that belong together stay so in the candidates' own validation."""

import numpy as np
import pytest
from light import lighten
from numpy.testing import assert_array_equal
from sklearn import config_context
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import perceptrons
from perceptrons.comparison import candidates
from perceptrons.comparison.boosting import StoppedBoosting
from perceptrons.comparison.candidate import Candidate
from perceptrons.comparison.fitting import fit
from perceptrons.comparison.task import Task
from perceptrons.comparison.ties import Ties


class Recorder(RegressorMixin, BaseEstimator):
    """A constant that keeps what it was given."""

    seen: list = []  # noqa: RUF012 - shared by clones, so that a test can look

    def fit(self, X, y, groups=None, time=None):
        self.seen.append((X, groups, time))
        self.mean_ = np.mean(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.mean_)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Let candidates fit in milliseconds."""
    lighten(monkeypatch)


@pytest.fixture
def data():
    """Return 120 rows of 20 groups with three columns and two classes."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 3))
    return X, (X[:, 0] > 0).astype(float), np.arange(120) % 20


def fold_lists(model):
    """Return every list of inner folds among the parameters."""
    return [
        value
        for name, value in model.get_params().items()
        if name.rpartition("__")[2] == "cv"
    ]


@pytest.mark.parametrize("classes", [False, True])
def test_no_strength_is_chosen_on_rows_of_a_group_that_trained(data, classes):
    X, y, group = data
    entries, _ = (
        candidates.classifiers(np.unique(y), 120, 3, 1)
        if classes
        else candidates.regressors(120, 3, 1)
    )
    task, checked = Task(np.unique(y) if classes else None), 0
    for entry in entries:
        if entry.kind in ("linear", "curved"):
            model, _ = fit(entry, X, y, 1, task, Ties(group))
            for pairs in fold_lists(model):
                checked += 1
                for train, held in pairs:
                    assert not set(group[train]) & set(group[held])
                    assert sorted([*train, *held]) == list(range(120))
    assert checked == (4 if classes else 5)


def test_strengths_are_chosen_as_before_where_rows_are_free(data):
    X, y, _ = data
    for entry in candidates.regressors(120, 3, 1)[0]:
        if entry.kind in ("linear", "curved"):
            model, _ = fit(entry, X, y, 1, Task(None), Ties())
            assert all(value in (None, 5) for value in fold_lists(model))


def test_boosting_stops_by_whole_groups(data, monkeypatch):
    X, y, group = data
    held = []
    monkeypatch.setattr(
        HistGradientBoostingClassifier,
        "fit",
        lambda self, X, y, w=None, X_val=None, **_: held.append((X, X_val)),
    )
    StoppedBoosting().fit(X, y, groups=group)
    StoppedBoosting().fit(X, y, time=np.arange(120))
    StoppedBoosting().fit(X, y)
    of = {tuple(row): number for row, number in zip(X, group, strict=True)}
    train, out = ({of[tuple(row)] for row in part} for part in held[0])
    assert out
    assert not train & out
    assert_array_equal(held[1][1], X[108:])
    assert held[2][1] is None


@pytest.mark.parametrize("wrap", [lambda model: model, make_pipeline])
def test_the_users_search_gets_groups_for_a_splitter_that_takes_them(data, wrap):
    X, y, group = data
    grid = {"alpha": [0.1, 1.0]}
    for splitter in (GroupKFold(3), KFold(3), 3):
        own = Candidate(
            "own", "user", wrap(GridSearchCV(Ridge(), grid, cv=splitter)), ""
        )
        model, _ = fit(own, X, y, 1, Task(None), Ties(group))
        assert model.predict(X).shape == (120,)


def test_metadata_routing_is_followed(data):
    X, y, group = data
    search = make_pipeline(GridSearchCV(Ridge(), {"alpha": [1.0]}, cv=GroupKFold(3)))
    own = Candidate("own", "user", search, "")
    with config_context(enable_metadata_routing=True):
        model, _ = fit(own, X, y, 1, Task(None), Ties(group))
    assert model.predict(X).shape == (120,)


def test_compare_hands_groups_copies_and_times_to_every_fit(data):
    X, y, group = data
    y = y + 0.1 * X[:, 1]
    how = {"repeats": 1, "n_folds": 2, "random_state": 0, "n_jobs": 1}
    for given in ({"groups": group}, {"time": np.arange(120)}, {}):
        Recorder.seen.clear()
        perceptrons.compare(X, y, candidates={"own": Recorder()}, **given, **how)
        assert len(Recorder.seen) >= 2
        for rows, groups, time in Recorder.seen:
            assert (groups is None) == ("groups" not in given)
            assert (time is None) == ("time" not in given)
            for values in (groups, time):
                assert values is None or len(values) == len(rows)
    Recorder.seen.clear()
    twice = np.vstack([X[:60], X[:60]])
    perceptrons.compare(
        twice, np.tile(y[:60], 2), candidates={"own": Recorder()}, **how
    )
    for rows, groups, _ in Recorder.seen:
        distinct = len(np.unique(rows, axis=0))
        assert len(np.unique(groups)) == distinct < len(rows)


def test_ours_and_the_users_are_told_apart(data):
    X, y, group = data
    search = make_pipeline(StandardScaler(), GridSearchCV(LinearRegression(), {}, cv=4))
    model, _ = fit(
        Candidate("own", "user", search, ""), X, y, 1, Task(None), Ties(group)
    )
    assert fold_lists(model) == [4]
