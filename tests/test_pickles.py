"""Pickles that last: plain values and arrays, with the version that wrote them.

``python tests/test_pickles.py FOLDER`` writes what later versions must still read.
"""

import copy
import pickle
import pickletools
import sys
import types
import warnings
from pathlib import Path

import numpy as np
import pytest
import skops.io
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import InconsistentVersionWarning

import perceptrons
from perceptrons import MLPClassifier, MLPRegressor, losses, optimizers, schedules
from perceptrons.state import StateError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

KEPT = Path(__file__).with_name("kept")

RNG = np.random.default_rng(6)
X = RNG.normal(size=(30, 3)).astype(np.float32)
INIT = ([np.ones((3, 3)), np.ones((3, 1))], [np.ones(3), np.zeros(1)])
Y = X @ RNG.normal(size=(3, 2))


class Plain:
    """A rule of the user's own."""

    def init(self, theta):
        return {"steps": np.zeros(1)}

    def step(self, theta, grad, state, learning_rate):
        state["steps"] += 1
        theta -= learning_rate / state["steps"][0] * grad


def models():
    return {
        "regressor": MLPRegressor(
            losses.Huber(2.0), (4,), "silu", solver=optimizers.RMSProp(0.8),
            schedule=schedules.Cosine(), max_iter=5, random_state=0,
        ).fit(X, Y),
        "classifier": MLPClassifier(
            (3,), early_stopping=True, class_weight={"a": 1.0, "b": 2.0}, max_iter=5,
            random_state=0, init=INIT,
        ).fit(X, np.where(Y[:, 0] > 0, "a", "b")),
    }  # fmt: skip


def goes_on(model):
    y = Y if isinstance(model, MLPRegressor) else np.where(Y[:, 0] > 0, "a", "b")
    return model.set_params(early_stopping=False).partial_fit(X, y).coefs_


@pytest.mark.parametrize("name", ["regressor", "classifier"])
def test_a_pickle_holds_one_class_of_ours(name):
    text = pickle.dumps(models()[name], protocol=4)
    words = [
        argument
        for code, argument, _ in pickletools.genops(text)
        if code.name in ("SHORT_BINUNICODE", "GLOBAL")
    ]
    ours = [w for w in words if str(w).startswith("perceptrons.")]
    assert ours == ["perceptrons.estimators"]
    assert not [w for w in words if str(w).startswith("sklearn")]


@pytest.mark.parametrize("name", ["regressor", "classifier"])
def test_skops_needs_to_trust_one_type(name):
    model = models()[name]
    text = skops.io.dumps(model)
    assert skops.io.get_untrusted_types(data=text) == [
        f"perceptrons.estimators.{type(model).__name__}"
    ]
    found = skops.io.loads(text, trusted=perceptrons.TRUSTED)
    assert_array_equal(found.predict(X), model.predict(X))
    for mine, other in zip(goes_on(found), goes_on(model), strict=True):
        assert_array_equal(mine, other)


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy])
def test_copies_are_equal_and_keep_attributes_of_the_users(duplicate):
    for model in models().values():
        model.note = {"by": "me"}
        found = duplicate(model)
        assert found.note == model.note
        assert set(vars(found)) == set(vars(model))
        assert repr(found.get_params()) == repr(model.get_params())
        assert_array_equal(found.predict(X), model.predict(X))


def test_an_estimator_without_a_fit_is_pickled():
    model = MLPRegressor(
        activation=(np.sin, np.cos), random_state=np.random.default_rng
    )
    found = copy.deepcopy(model)
    assert repr(found) == repr(model)
    assert found.get_params().keys() == model.get_params().keys()


def test_what_is_the_users_own_is_pickled_as_it_is(monkeypatch):
    importable = types.SimpleNamespace(Plain=Plain)
    monkeypatch.setitem(sys.modules, Plain.__module__, importable)
    model = MLPRegressor(
        hidden_layer_sizes=(2,), solver=Plain(), activation=(np.sin, np.cos), max_iter=2
    ).fit(X, Y)
    found = pickle.loads(pickle.dumps(model))
    assert_array_equal(found.predict(X), model.predict(X))
    for mine, other in zip(goes_on(found), goes_on(model), strict=True):
        assert_array_equal(mine, other)


def test_another_version_warns_as_scikit_learn_does():
    state = models()["regressor"].__getstate__()
    found = MLPRegressor.__new__(MLPRegressor)
    with pytest.warns(InconsistentVersionWarning, match=r"from version 0\.0\.1"):
        found.__setstate__({**state, "perceptrons": "0.0.1"})
    later = {**state, "format": 99, "perceptrons": perceptrons.__version__}
    with pytest.raises(StateError, match="upgrade"):
        found.__setstate__(later)


@pytest.mark.parametrize("name", ["regressor", "classifier"])
@pytest.mark.parametrize("folder", sorted(KEPT.glob("*")), ids=lambda path: path.name)
def test_what_earlier_versions_wrote_is_read(folder, name):
    expected = np.load(folder / f"{name}.npy")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InconsistentVersionWarning)
        pickled = pickle.loads((folder / f"{name}.pkl").read_bytes())
    for model in (pickled, perceptrons.load(folder / f"{name}.safetensors")):
        # Another machine's instructions may sum in another order, in float32.
        assert_allclose(answers(model), expected, rtol=1e-5, atol=1e-6)
        assert np.isfinite(goes_on(model)[0]).all()


def answers(model):
    if isinstance(model, MLPClassifier):
        return model.predict_proba(X)
    return model.predict(X)


def write(folder):
    """Write one pickle, one file and the predictions of each model."""
    folder.mkdir(parents=True)
    for name, model in models().items():
        (folder / f"{name}.pkl").write_bytes(pickle.dumps(model, protocol=4))
        model.save(folder / f"{name}.safetensors", resume=True)
        np.save(folder / f"{name}.npy", answers(model))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    write(Path(sys.argv[1]))
