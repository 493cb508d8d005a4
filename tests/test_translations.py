"""The same step from the same weights as scikit-learn, PyTorch and Keras.

===================  =======================================  ======================
ours                 scikit-learn                             PyTorch, Keras
===================  =======================================  ======================
squared_error        squared_error; its gradient sums over    K / 2 times the mean
                     outputs, its ``loss_`` is their mean     squared error
mean_squared_error   none                                     mean squared error
poisson              poisson                                  K times the mean loss
binary_cross_...     log_loss of 2 classes or multilabel      K times the mean loss
cross_entropy        log_loss of more classes                 the mean loss
alpha                alpha                                    none: l2 = alpha / n
l2                   none: alpha = l2 n                       weight_decay = l2 on
                                                              weights; Keras l2(l2/2)
l1                   none                                     l1 on weights
Adam's epsilon       times sqrt(1 - beta_2^t) at step t       PyTorch's; Keras' is
                                                              scikit-learn's
===================  =======================================  ======================
"""

import importlib.util
import itertools
import math
import os

import numpy as np
import pytest
import sklearn.neural_network as scikit_learn
from domains import targets
from numpy.testing import assert_allclose
from sklearn.datasets import make_regression

from perceptrons import MLPClassifier, MLPRegressor, losses
from perceptrons.optimizers import (
    RMSProp,
)

N_ROWS, HIDDEN, SEED = 30, (6, 4), 3

# One step from the same weights: the same sums of about 30 products in another order,
# whose roundings are a hundred times smaller.
ONE_STEP = {"rtol": 1e-10, "atol": 1e-12}

limit_reached = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"
)


def scikit_learns_start(sizes, activation="tanh", seed=SEED):
    """Return the weights and biases that scikit-learn draws first for this seed."""
    state = np.random.RandomState(seed)
    coefs, intercepts = [], []
    for n_in, n_out in itertools.pairwise(sizes):
        bound = np.sqrt((2.0 if activation == "logistic" else 6.0) / (n_in + n_out))
        coefs.append(state.uniform(-bound, bound, (n_in, n_out)))
        intercepts.append(state.uniform(-bound, bound, n_out))
    return coefs, intercepts


def sample(kind):
    """Return X, y and the number of outputs for a kind of target."""
    rng = np.random.default_rng(11)
    X = rng.normal(size=(N_ROWS, 5))
    targets = {
        "one output": (rng.normal(size=N_ROWS), 1),
        "three outputs": (rng.normal(size=(N_ROWS, 3)), 3),
        "counts": (rng.poisson(2.0, N_ROWS).astype(float), 1),
        "two classes": (rng.integers(0, 2, N_ROWS), 1),
        "four classes": (np.arange(N_ROWS) % 4, 4),
        "three labels": (rng.integers(0, 2, (N_ROWS, 3)), 3),
    }
    return X, *targets[kind]


def assert_same_weights(ours, coefs, intercepts, **tolerance):
    for name, found, expected in (
        ("coefs_", ours.coefs_, coefs),
        ("intercepts_", ours.intercepts_, intercepts),
    ):
        for layer, (mine, other) in enumerate(zip(found, expected, strict=True)):
            assert_allclose(mine, other, **tolerance, err_msg=f"{name}[{layer}]")


SCIKIT_LEARN_CASES = [
    ("one output", "MLPRegressor", {"loss": "squared_error"}),
    ("three outputs", "MLPRegressor", {"loss": "squared_error"}),
    ("counts", "MLPRegressor", {"loss": "poisson"}),
    ("two classes", "MLPClassifier", {}),
    ("four classes", "MLPClassifier", {}),
    ("three labels", "MLPClassifier", {}),
]
AGAINST_SCIKIT_LEARN = pytest.mark.parametrize(
    ("kind", "estimator", "settings"),
    SCIKIT_LEARN_CASES,
    ids=[case[0] for case in SCIKIT_LEARN_CASES],
)
OURS = {"MLPRegressor": MLPRegressor, "MLPClassifier": MLPClassifier}


def step_both(kind, estimator, own, shared, sample_weight=None, n_steps=1):
    """Return our estimator and scikit-learn's after some steps on all rows."""
    X, y, n_outputs = sample(kind)
    shared = {
        "hidden_layer_sizes": HIDDEN,
        "activation": "tanh",
        "batch_size": N_ROWS,
        "learning_rate_init": 0.1,
        "random_state": SEED,
        **shared,
    }
    theirs = getattr(scikit_learn, estimator)(**shared)
    start = scikit_learns_start((5, *HIDDEN, n_outputs), shared["activation"])
    ours = OURS[estimator](**{**shared, **own}, init=start, dtype="float64")
    first = {"classes": np.unique(y)} if estimator == "MLPClassifier" else {}
    if kind == "three labels":
        first = {"classes": np.arange(3)}
    for _ in range(n_steps):
        for model in (ours, theirs):
            model.partial_fit(X, y, sample_weight=sample_weight, **first)
        first = {}
    return ours, theirs


@pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])
@pytest.mark.parametrize("alpha", [0.0, 0.7])
@AGAINST_SCIKIT_LEARN
def test_a_step_of_sgd_equals_scikit_learns(
    kind, estimator, settings, alpha, weighted, rng
):
    weights = rng.uniform(0.1, 2.0, N_ROWS) if weighted else None
    shared = {"solver": "sgd", "alpha": alpha, **settings}
    ours, theirs = step_both(kind, estimator, {}, shared, weights)
    assert_same_weights(ours, theirs.coefs_, theirs.intercepts_, **ONE_STEP)


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
def test_a_step_equals_scikit_learns_for_its_activations(activation):
    shared = {"solver": "sgd", "activation": activation}
    ours, theirs = step_both("three outputs", "MLPRegressor", {}, shared)
    assert_same_weights(ours, theirs.coefs_, theirs.intercepts_, **ONE_STEP)


@AGAINST_SCIKIT_LEARN
def test_a_step_of_adam_equals_scikit_learns_with_epsilon_translated(
    kind, estimator, settings
):
    # Large enough that a wrong translation would change the second digit.
    epsilon, beta_2 = 0.01, 0.99
    own = {"epsilon": epsilon / math.sqrt(1.0 - beta_2)}
    shared = {"solver": "adam", "epsilon": epsilon, "beta_2": beta_2, **settings}
    ours, theirs = step_both(kind, estimator, own, shared)
    assert_same_weights(ours, theirs.coefs_, theirs.intercepts_, **ONE_STEP)


def test_l2_is_scikit_learns_alpha_over_the_number_of_rows():
    own, shared = {"alpha": 0.0, "l2": 0.7 / N_ROWS}, {"solver": "sgd", "alpha": 0.7}
    ours, theirs = step_both("three outputs", "MLPRegressor", own, shared)
    assert_same_weights(ours, theirs.coefs_, theirs.intercepts_, **ONE_STEP)


@pytest.mark.parametrize("kind", ["one output", "three outputs"])
def test_loss_is_scikit_learns_times_the_number_of_outputs(kind):
    shared = {"solver": "sgd", "alpha": 0.0}
    ours, theirs = step_both(kind, "MLPRegressor", {}, shared)
    assert_allclose(ours.loss_, theirs.loss_ * ours.n_outputs_, **ONE_STEP)


FULL_BATCH = {
    "default momentum": {"momentum": 0.9},
    "plain momentum": {"momentum": 0.9, "nesterovs_momentum": False},
    "no momentum": {"momentum": 0.0},
    "invscaling": {"learning_rate": "invscaling", "power_t": 0.4},
}


@limit_reached
@pytest.mark.parametrize("settings", FULL_BATCH.values(), ids=FULL_BATCH)
@pytest.mark.parametrize(
    ("kind", "estimator"),
    [
        ("one output", "MLPRegressor"),
        ("two classes", "MLPClassifier"),
        ("four classes", "MLPClassifier"),
    ],
)
@pytest.mark.parametrize("batch_size", [N_ROWS, 8])
def test_fifty_epochs_of_sgd_equal_scikit_learns(kind, estimator, settings, batch_size):
    X, y, n_outputs = sample(kind)
    shared = {
        "hidden_layer_sizes": HIDDEN,
        "activation": "tanh",
        "solver": "sgd",
        "alpha": 0.1,
        "batch_size": batch_size,
        "shuffle": False,
        "learning_rate_init": 0.05,
        "max_iter": 50,
        "tol": 0.0,
        "n_iter_no_change": np.inf,
        "random_state": SEED,
        **settings,
    }
    theirs = getattr(scikit_learn, estimator)(**shared).fit(X, y)
    start = scikit_learns_start((5, *HIDDEN, n_outputs))
    ours = OURS[estimator](**shared, init=start, dtype="float64").fit(X, y)
    # 50 or 200 steps, each within 1e-15; gradients do not amplify errors here.
    close = {"rtol": 1e-9, "atol": 1e-9}
    assert_same_weights(ours, theirs.coefs_, theirs.intercepts_, **close)
    assert_allclose(ours.loss_curve_, theirs.loss_curve_, **close)
    assert ours.n_iter_ == theirs.n_iter_ == 50
    assert ours.t_ == theirs.t_ == 50 * N_ROWS


def stopping_problem():
    X, y = make_regression(60, 4, noise=5.0, random_state=1)
    return X, y / y.std()


@pytest.mark.parametrize("patience", [1, 3, 10])
@pytest.mark.parametrize("tol", [1e-2, 1e-3])
@pytest.mark.parametrize("schedule", ["constant", "adaptive"])
def test_tol_and_patience_end_training_where_scikit_learn_ends_it(
    schedule, tol, patience, capsys
):
    X, y = stopping_problem()
    shared = {
        "hidden_layer_sizes": (5,),
        "activation": "tanh",
        "solver": "sgd",
        "momentum": 0.5,
        "learning_rate": schedule,
        "learning_rate_init": 0.2,
        "batch_size": 20,
        "shuffle": False,
        "max_iter": 2000,
        "tol": tol,
        "n_iter_no_change": patience,
        "random_state": SEED,
        "verbose": True,
    }
    theirs = scikit_learn.MLPRegressor(**shared).fit(X, y)
    printed = capsys.readouterr().out
    start = scikit_learns_start((4, 5, 1))
    ours = MLPRegressor(**shared, init=start, dtype="float64").fit(X, y)
    assert ours.outcome_.reason == "converged"
    assert ours.n_iter_ == theirs.n_iter_
    # The same sums over some hundred steps.
    assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-8)
    assert_allclose(ours.best_loss_, theirs.best_loss_, rtol=1e-8)
    # verbose=True prints scikit-learn's very lines, the drops of the rate included.
    assert capsys.readouterr().out == printed
    if schedule == "adaptive":
        assert printed.count("Setting learning rate to") >= 7


# -------------------------------------------------------------------------- PyTorch

PYTORCH_LOSSES = {
    "squared_error": lambda F, z, y: 0.5 * y.shape[1] * F.mse_loss(z, y),
    "mean_squared_error": lambda F, z, y: F.mse_loss(z, y),
    "absolute_error": lambda F, z, y: y.shape[1] * F.l1_loss(z, y),
    "huber": lambda F, z, y: y.shape[1] * F.huber_loss(z, y),
    # The pinball loss of the median is half the absolute error.
    "pinball": lambda F, z, y: 0.5 * y.shape[1] * F.l1_loss(z, y),
    "poisson": lambda F, z, y: y.shape[1] * F.poisson_nll_loss(z, y),
    "binary_cross_entropy": lambda F, z, y: (
        y.shape[1] * F.binary_cross_entropy_with_logits(z, y)
    ),
    "cross_entropy": lambda F, z, y: F.cross_entropy(z, y),
}

STRENGTHS = {
    "none": {},
    "alpha": {"alpha": 0.9},
    "l1": {"l1": 0.02},
    "l2": {"l2": 0.05},
    "all": {"alpha": 0.9, "l1": 0.02, "l2": 0.05},
}


def regression_targets(loss, n_outputs):
    return targets(loss, (N_ROWS, n_outputs), np.random.default_rng(5))


def step_pytorch(start, X, Y, mean_loss, make_optimizer, strengths, sample_weight=None):
    """Return weights and biases after one step of a PyTorch network."""
    torch = pytest.importorskip("torch")
    F = torch.nn.functional
    coefs, intercepts = (
        [torch.tensor(array, requires_grad=True) for array in group] for group in start
    )
    A = torch.from_numpy(X)
    for layer, (W, b) in enumerate(zip(coefs, intercepts, strict=True)):
        A = A @ W + b
        if layer < len(coefs) - 1:
            A = torch.tanh(A)
    objective = mean_loss(F, A, torch.from_numpy(Y))
    l1 = strengths.get("l1", 0.0)
    total = N_ROWS if sample_weight is None else sample_weight.sum()
    decay = strengths.get("l2", 0.0) + strengths.get("alpha", 0.0) / total
    objective = objective + l1 * sum(W.abs().sum() for W in coefs)
    optimizer = make_optimizer(
        torch.optim,
        [
            {"params": coefs, "weight_decay": decay},
            {"params": intercepts, "weight_decay": 0.0},
        ],
    )
    optimizer.zero_grad()
    objective.backward()
    optimizer.step()
    return tuple([p.detach().numpy() for p in group] for group in (coefs, intercepts))


def gradient_descent(optim, groups):
    return optim.SGD(groups, lr=0.1)


def step_ours(estimator, start, X, y, sample_weight=None, **settings):
    model = estimator(
        hidden_layer_sizes=HIDDEN,
        activation="tanh",
        batch_size=N_ROWS,
        init=start,
        dtype="float64",
        **{"solver": "gd", "alpha": 0.0, "learning_rate_init": 0.1, **settings},
    )
    classes = {} if estimator is MLPRegressor else {"classes": np.unique(y)}
    return model.partial_fit(X, y, sample_weight, **classes)


def test_what_is_translated_to_pytorch_are_rows():
    assert set(PYTORCH_LOSSES) <= set(losses.LOSSES)


@pytest.mark.parametrize("penalty", STRENGTHS)
@pytest.mark.parametrize("n_outputs", [1, 3])
@pytest.mark.parametrize("loss", PYTORCH_LOSSES)
def test_a_step_of_gradient_descent_equals_pytorchs(loss, n_outputs, penalty):
    if loss == "cross_entropy":
        n_outputs = max(2, n_outputs)
    X, Y = sample("one output")[0], regression_targets(loss, n_outputs)
    start = scikit_learns_start((5, *HIDDEN, n_outputs))
    strengths = STRENGTHS[penalty]
    expected = step_pytorch(
        start, X, Y, PYTORCH_LOSSES[loss], gradient_descent, strengths
    )
    y = Y.ravel() if n_outputs == 1 else Y
    ours = step_ours(MLPRegressor, start, X, y, loss=loss, **strengths)
    assert_same_weights(ours, *expected, **ONE_STEP)


def test_a_step_with_sample_weights_equals_pytorchs(rng):
    torch = pytest.importorskip("torch")
    X, Y = sample("one output")[0], regression_targets("squared_error", 3)
    weights = rng.uniform(0.1, 2.0, N_ROWS)

    def weighted(F, z, y):
        w = torch.from_numpy(weights)[:, None]
        return 0.5 * (w * F.mse_loss(z, y, reduction="none")).sum() / w.sum()

    start = scikit_learns_start((5, *HIDDEN, 3))
    strengths = STRENGTHS["all"]
    expected = step_pytorch(
        start, X, Y, weighted, gradient_descent, strengths, sample_weight=weights
    )
    ours = step_ours(MLPRegressor, start, X, Y, weights, **strengths)
    assert_same_weights(ours, *expected, **ONE_STEP)


@pytest.mark.parametrize("smoothing", [0.0, 0.15])
def test_a_step_of_a_classifier_equals_pytorchs(smoothing):
    X, y, _ = sample("four classes")
    start = scikit_learns_start((5, *HIDDEN, 4))
    expected = step_pytorch(
        start,
        X,
        y,
        lambda F, z, y: F.cross_entropy(z, y, label_smoothing=smoothing),
        gradient_descent,
        STRENGTHS["all"],
    )
    loss = losses.CrossEntropy(label_smoothing=smoothing)
    ours = step_ours(MLPClassifier, start, X, y, loss=loss, **STRENGTHS["all"])
    assert_same_weights(ours, *expected, **ONE_STEP)


@pytest.mark.parametrize(
    ("solver", "make"),
    [
        ("sgd", lambda o, g: o.SGD(g, lr=0.1, momentum=0.9, nesterov=True)),
        ("adam", lambda o, g: o.Adam(g, lr=0.1, eps=1e-8)),
        ("adagrad", lambda o, g: o.Adagrad(g, lr=0.1, eps=1e-10)),
        (RMSProp(decay=0.99), lambda o, g: o.RMSprop(g, lr=0.1, alpha=0.99, eps=1e-8)),
    ],
    ids=["sgd", "adam", "adagrad", "rmsprop"],
)
def test_a_step_of_an_optimizer_equals_pytorchs(solver, make):
    X, Y = sample("one output")[0], regression_targets("squared_error", 3)
    start = scikit_learns_start((5, *HIDDEN, 3))
    expected = step_pytorch(
        start, X, Y, PYTORCH_LOSSES["mean_squared_error"], make, STRENGTHS["l2"]
    )
    ours = step_ours(
        MLPRegressor, start, X, Y, loss="mean_squared_error", solver=solver, l2=0.05
    )
    # g / (abs(g) + epsilon) amplifies the rounding of a gradient near 0 by 1 / g, and
    # gradients here are above 1e-4.
    assert_same_weights(ours, *expected, rtol=1e-10, atol=1e-10)


# ---------------------------------------------------------------------------- Keras


@pytest.fixture(scope="module")
def keras():
    """Lend Keras on whichever backend is there, in float64."""
    if importlib.util.find_spec("keras") is None:
        pytest.skip("Keras is not installed")
    backends = [
        name
        for name in ("tensorflow", "torch", "jax")
        if importlib.util.find_spec(name) is not None
    ]
    if not backends:
        pytest.skip("Keras has no backend: install torch or tensorflow")
    os.environ.setdefault("KERAS_BACKEND", backends[0])
    module = importlib.import_module("keras")
    before = module.config.floatx()
    module.config.set_floatx("float64")
    yield module
    module.config.set_floatx(before)


def step_keras(keras, start, X, Y, loss, optimizer, l1=0.0, l2=0.0):
    """Return weights and biases after one step of a Keras network."""
    model = keras.Sequential([keras.Input((X.shape[1],))])
    for layer, W in enumerate(start[0]):
        last = layer == len(start[0]) - 1
        model.add(
            keras.layers.Dense(
                W.shape[1],
                activation=None if last else "tanh",
                # Keras adds l2 sum W^2, without the half.
                kernel_regularizer=keras.regularizers.L1L2(l1, 0.5 * l2),
            )
        )
    for layer, W, b in zip(model.layers, *start, strict=True):
        layer.set_weights([W, b])
    model.compile(optimizer=optimizer, loss=loss)
    model.train_on_batch(X, Y)
    weights = [layer.get_weights() for layer in model.layers]
    return [W for W, _ in weights], [b for _, b in weights]


def keras_loss(keras, name):
    """Return Keras' loss on raw outputs."""
    if name == "mean_squared_error":
        return keras.losses.MeanSquaredError()
    if name == "binary_cross_entropy":
        return keras.losses.BinaryCrossentropy(from_logits=True)
    return keras.losses.CategoricalCrossentropy(from_logits=True)


# Powers of two, as the learning rate below: Keras keeps settings in float32.
KERAS_STRENGTHS = {
    "none": {},
    "l1": {"l1": 2.0**-6},
    "l2": {"l2": 2.0**-4},
    "both": {"l1": 2.0**-6, "l2": 2.0**-4},
}


# Keras' own use of NumPy's older array protocol.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("penalty", KERAS_STRENGTHS)
@pytest.mark.parametrize(
    ("loss", "n_outputs"),
    [
        ("mean_squared_error", 1),
        ("mean_squared_error", 3),
        ("binary_cross_entropy", 1),
        ("cross_entropy", 3),
    ],
)
def test_a_step_of_gradient_descent_equals_keras(keras, loss, n_outputs, penalty):
    strengths = KERAS_STRENGTHS[penalty]
    X, Y = sample("one output")[0], regression_targets(loss, n_outputs)
    start = scikit_learns_start((5, *HIDDEN, n_outputs))
    optimizer = keras.optimizers.SGD(learning_rate=0.125)
    expected = step_keras(
        keras, start, X, Y, keras_loss(keras, loss), optimizer, **strengths
    )
    y = Y.ravel() if n_outputs == 1 else Y
    settings = {"loss": loss, "learning_rate_init": 0.125, **strengths}
    ours = step_ours(MLPRegressor, start, X, y, **settings)
    close = ONE_STEP
    if keras.backend.result_type("float64", "float64") != "float64":
        # On PyTorch, Keras multiplies matrices in float32 whatever floatx says: one
        # eps of gradients below 8, times the learning rate 1 / 8.
        close = {"rtol": 0, "atol": np.finfo(np.float32).eps}
    assert_same_weights(ours, *expected, **close)
