"""A student says what its teacher says."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.cluster import KMeans
from sklearn.datasets import make_friedman1, make_moons
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestRegressor
from sklearn.linear_model import LinearRegression, RidgeClassifier
from sklearn.metrics import r2_score

from perceptrons import distill


def test_a_student_of_a_forest_says_nearly_the_same_and_much_faster():
    X, y = make_friedman1(1500, n_features=6, noise=1.0, random_state=0)
    forest = RandomForestRegressor(100, min_samples_leaf=5, random_state=0)
    forest.fit(X[:500], y[:500])
    student = distill(forest, X[:500], n_new=500, effort="small", random_state=0)
    agreement = r2_score(forest.predict(X[500:]), student.predict(X[500:]))
    assert agreement > 0.9
    assert abs(student.agreement_ - agreement) < 0.06
    assert student.speed_ratio_ > 1


def test_a_student_of_boosting_gives_its_probabilities():
    X, y = make_moons(1500, noise=0.3, random_state=0)
    X = pd.DataFrame(X, columns=["east", "north"])
    names = np.array(["inner", "outer"])[y]
    boosting = HistGradientBoostingClassifier(max_iter=30, random_state=0)
    boosting.fit(X[:600], names[:600])
    student = distill(boosting, X[:600], n_new=600, effort="small", random_state=0)
    theirs, ours = (m.predict_proba(X[600:]) for m in (boosting, student))
    assert_allclose(ours.sum(axis=1), 1)
    assert np.abs(ours - theirs).mean() < 0.06
    assert np.mean(student.predict(X[600:]) == boosting.predict(X[600:])) > 0.95
    assert student.agreement_ > 0.93
    assert list(student.classes_) == ["inner", "outer"]


def test_the_same_seed_gives_the_same_student():
    X, y = make_friedman1(100, random_state=0)
    line = LinearRegression().fit(X, y)
    one, two = (
        distill(line, X, effort="small", random_state=1, n_jobs=n) for n in (1, 2)
    )
    assert (one.predict(X) == two.predict(X)).all()
    assert one.agreement_ > 0.99


def test_what_cannot_teach_is_refused():
    X, y = make_friedman1(60, random_state=0)
    with pytest.raises(TypeError, match="teacher must be a fitted estimator"):
        distill(LinearRegression, X)
    with pytest.raises(TypeError, match="teacher must give probabilities"):
        distill(RidgeClassifier().fit(X, y > 14), X)
    with pytest.raises(ValueError, match="teacher must predict one finite number"):
        distill(LinearRegression().fit(X, np.stack([y, y], axis=1)), X)
    with pytest.raises(ValueError, match="minimum of 20"):
        distill(LinearRegression().fit(X, y), X[:5])
    with pytest.raises(TypeError, match="distill\\(teacher, X\\)"):
        distill(KMeans(2, random_state=0).fit(X), X, effort="small").fit(X)
