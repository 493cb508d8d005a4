"""Nothing is refused that scikit-learn's MLP trains: alone and in meta-estimators."""

import inspect
import warnings

import numpy as np
import pytest
import sklearn.neural_network as theirs
from sklearn.model_selection import KFold, learning_curve
from sklearn.utils import all_estimators

import perceptrons
from perceptrons.presets import TabularClassifier

RNG = np.random.default_rng(0)
X = RNG.normal(size=(36, 3))
TARGETS = {
    "one class": np.zeros(36, int),
    "two classes": (X[:, 0] > 0).astype(int),
    "sorted classes": np.repeat([0, 1, 2], 12),
    "a class of one row": np.r_[np.arange(35) % 2, 2],
    "many classes": np.arange(36) % 12,
    "several columns": np.c_[X[:, :2] > 0, np.zeros(36)].astype(int),
    "numbers": X[:, 0] + X[:, 1],
    "several columns of numbers": X[:, :2] ** 2,
}
# Long enough to be better than chance, which AdaBoost asks for.
SETTINGS = {
    "hidden_layer_sizes": (5,),
    "max_iter": 30,
    "learning_rate_init": 0.03,
    "random_state": 0,
}


def metas():
    """Return what takes one estimator, or a list of named ones."""
    found = {}
    for name, meta in all_estimators():
        names = inspect.signature(meta).parameters
        if "estimator" in names or "estimators" in names or "base_estimator" in names:
            found[name] = meta
    return found


METAS = metas()


def attempt(name, module, kind, y, **more):
    """Return None where it trains and predicts, else the error."""
    network = getattr(module, kind)(**SETTINGS, **more)
    names = inspect.signature(METAS[name]).parameters if name else {}
    given = {"estimators": [("a", network), ("b", network)]}
    given |= {"estimator": network, "base_estimator": network, "random_state": 0}
    given |= {"param_grid": {"alpha": [0.1]}, "param_distributions": {"alpha": [0.1]}}
    given |= {"cv": 2, "n_estimators": 2, "n_jobs": None, "max_trials": 20}
    model = network
    if name:
        model = METAS[name](**{key: v for key, v in given.items() if key in names})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            model.fit(X, y)
            if hasattr(model, "predict"):
                assert len(model.predict(X)) == len(X)
        except Exception as error:  # noqa: BLE001, whatever it is, both are compared
            return error
    return None


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("kind", ["MLPClassifier", "MLPRegressor"])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_alone_nothing_is_refused_that_scikit_learn_trains(
    kind, target, early_stopping
):
    y, more = TARGETS[target], {"early_stopping": early_stopping}
    if attempt(None, theirs, kind, y, **more) is None:
        assert attempt(None, perceptrons, kind, y, **more) is None


@pytest.mark.parametrize("name", METAS)
def test_in_meta_estimators_nothing_is_refused_that_scikit_learn_trains(name):
    trained = 0
    for target, y in TARGETS.items():
        for kind in ("MLPClassifier", "MLPRegressor"):
            if attempt(name, theirs, kind, y) is None:
                trained += 1
                assert attempt(name, perceptrons, kind, y) is None, (target, kind)
    if not trained:
        pytest.skip(f"{name} does not take scikit-learn's MLP either")


@pytest.mark.parametrize("loss", ["log_loss", "cross_entropy"])
def test_a_single_class_is_predicted_with_a_warning(loss):
    net = perceptrons.MLPClassifier(**SETTINGS, loss=loss, early_stopping=True)
    net.set_params(tol=1.0, n_iter_no_change=1)
    with pytest.warns(UserWarning, match="one class, 'a': predict gives it"):
        net.fit(X, np.full(36, "a"))
    assert set(net.predict(X)) == {"a"}
    assert net.predict_proba(X).shape == (36, 2)  # as scikit-learn's
    assert net.score(X, np.full(36, "a")) == 1.0


def test_a_single_class_is_predicted_by_the_preset():
    with pytest.warns(UserWarning, match="one class, 'a': predict gives it"):
        model = TabularClassifier(random_state=0).fit(X, np.full(36, "a"))
    assert set(model.predict(X)) == {"a"}
    assert (model.predict_proba(X)[:, 0] > 0.9).all()


@pytest.mark.filterwarnings("ignore")
def test_learning_curve_of_sorted_rows_has_a_number_everywhere():
    net = perceptrons.MLPClassifier(**SETTINGS)
    y, sizes = np.repeat([0, 1], 18), [0.1, 1.0]
    scores = learning_curve(net, X, y, train_sizes=sizes, cv=KFold(3))[2]
    assert np.isfinite(scores).all()
