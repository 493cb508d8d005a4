"""Layout of theta, initial weights and the forward pass."""

import math

import numpy as np
import pytest
import sklearn.neural_network
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse, stats

from perceptrons import network
from perceptrons.activations import ACTIVATIONS, Identity
from perceptrons.network import INITIALIZERS, Architecture, initialize

SIZES = (3, 5, 4, 2)


def test_architecture_counts_layers_weights_and_parameters():
    architecture = Architecture(SIZES)
    assert architecture.shapes == ((3, 5), (5, 4), (4, 2))
    assert architecture.n_layers == 3
    assert architecture.n_weights == 15 + 20 + 8
    assert architecture.n_parameters == 15 + 20 + 8 + 5 + 4 + 2


def test_theta_holds_all_weights_row_by_row_then_all_biases():
    theta = np.arange(54.0)
    weights, biases = Architecture(SIZES).views(theta)
    assert_array_equal(weights[0], np.arange(15.0).reshape(3, 5))
    assert_array_equal(weights[1], np.arange(15.0, 35.0).reshape(5, 4))
    assert_array_equal(weights[2], np.arange(35.0, 43.0).reshape(4, 2))
    assert_array_equal(np.concatenate(biases), np.arange(43.0, 54.0))
    assert [len(b) for b in biases] == [5, 4, 2]


def test_every_parameter_lies_in_exactly_one_slice():
    architecture = Architecture(SIZES)
    seen = np.zeros(architecture.n_parameters, int)
    for group in architecture.slices:
        for where in group:
            seen[where] += 1
    assert_array_equal(seen, np.ones_like(seen))


def test_layers_are_views_of_theta():
    theta = np.zeros(54)
    weights, biases = Architecture(SIZES).views(theta)
    for number, view in enumerate([*weights, *biases], start=1):
        assert np.shares_memory(view, theta)
        view += number
    counts = [15, 20, 8, 5, 4, 2]
    assert_array_equal(theta, np.repeat(np.arange(1.0, 7.0), counts))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_pack_undoes_views_in_new_memory(dtype, rng):
    architecture = Architecture(SIZES)
    theta = rng.normal(size=54).astype(dtype)
    packed = architecture.pack(*architecture.views(theta), dtype)
    assert packed.dtype == dtype
    assert_array_equal(packed, theta)
    assert not np.shares_memory(packed, theta)


@pytest.mark.parametrize("name", ["coefs", "intercepts"])
@pytest.mark.parametrize("fault", ["transposed", "too few", "too many"])
def test_pack_names_the_shapes_it_needs(name, fault):
    architecture = Architecture(SIZES)
    coefs, intercepts = architecture.views(np.zeros(54))
    parts = {"coefs": coefs, "intercepts": intercepts}
    if fault == "transposed":
        parts[name][0] = np.zeros((5, 3))
    elif fault == "too few":
        parts[name].pop()
    else:
        parts[name].append(np.zeros(2))
    with pytest.raises(ValueError, match=rf"{name} must have the shapes .*, got .*"):
        architecture.pack(**parts, dtype=np.float64)


# Variance of the weights by fan-in and fan-out, from the papers.
VARIANCES = {
    "standard_normal": lambda n_in, n_out: 1.0,
    "glorot_uniform": lambda n_in, n_out: 2.0 / (n_in + n_out),
    "glorot_normal": lambda n_in, n_out: 2.0 / (n_in + n_out),
    "he_uniform": lambda n_in, n_out: 2.0 / n_in,
    "he_normal": lambda n_in, n_out: 2.0 / n_in,
    "lecun_uniform": lambda n_in, n_out: 1.0 / n_in,
    "lecun_normal": lambda n_in, n_out: 1.0 / n_in,
}


def test_every_initializer_has_a_reference():
    assert set(VARIANCES) == set(INITIALIZERS)


@pytest.mark.parametrize("name", INITIALIZERS)
def test_initial_weights_have_the_variance_of_the_paper(name, rng):
    n_in, n_out = 300, 120
    W, _ = INITIALIZERS[name](rng, n_in, n_out)
    assert W.shape == (n_in, n_out)
    deviation = math.sqrt(VARIANCES[name](n_in, n_out))
    # 36000 draws: the mean's standard error is deviation / 190, the relative error of
    # the variance at most sqrt(2 / 36000) = 0.0075. Four of each.
    assert abs(W.mean()) <= 4 * deviation / math.sqrt(W.size)
    assert_allclose(W.var(), deviation**2, rtol=4 * math.sqrt(2 / W.size))


@pytest.mark.parametrize("name", INITIALIZERS)
def test_initial_weights_have_the_distribution_of_the_name(name, rng):
    n_in, n_out = 300, 120
    W, _ = INITIALIZERS[name](rng, n_in, n_out)
    deviation = math.sqrt(VARIANCES[name](n_in, n_out))
    if name.endswith("normal"):
        expected = stats.norm(scale=deviation)
    else:
        bound = math.sqrt(3.0) * deviation
        assert np.abs(W).max() <= bound
        expected = stats.uniform(-bound, 2 * bound)
    # A fixed seed: a right sampler fails one seed in a thousand.
    assert stats.kstest(W.ravel(), expected.cdf).pvalue > 1e-3


@pytest.mark.parametrize("name", INITIALIZERS)
def test_initial_biases_are_zero_unless_the_name_is_the_reports(name, rng):
    _, b = INITIALIZERS[name](rng, 10, 400)
    assert b.shape == (400,)
    if name == "standard_normal":
        # 400 draws: the relative error of the variance is 0.07. Four of them.
        assert_allclose(b.var(), 1.0, rtol=0.28)
    else:
        assert_array_equal(b, np.zeros(400))


def scikit_learns_bound(activation, n_in, n_out):
    """Return the largest initial weight that scikit-learn draws for these sizes."""
    model = sklearn.neural_network.MLPRegressor(activation=activation)
    model._random_state = np.random.RandomState(0)
    coef, intercept = model._init_coef(n_in, n_out, np.float64)
    return max(np.abs(coef).max(), np.abs(intercept).max())


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid", "identity"])
def test_auto_draws_within_scikit_learns_bounds(activation, rng):
    architecture = Architecture((40, 60, 50))
    record = ACTIVATIONS[activation]
    theta = initialize(architecture, (record,), "auto", rng, np.float64)
    name = "logistic" if activation == "sigmoid" else activation
    for W, b in zip(*architecture.views(theta), strict=True):
        bound = scikit_learns_bound(name, *W.shape)
        largest = max(np.abs(W).max(), np.abs(b).max())
        # The largest of 2400 uniform draws is within 0.5 % of the bound, but for a
        # probability of exp(-12).
        assert_allclose(largest, bound, rtol=0.005)
        assert np.abs(b).max() > 0.8 * bound
        uniform = stats.uniform(-bound * 1.001, 2.002 * bound)
        assert stats.kstest(W.ravel(), uniform.cdf).pvalue > 1e-3


def test_auto_uses_factor_six_for_activations_scikit_learn_lacks():
    drawn = {
        name: initialize(
            Architecture((4, 3, 2)), (record,), "auto", np.random.default_rng(0), float
        )
        for name, record in ACTIVATIONS.items()
    }
    for name, theta in drawn.items():
        factor = 2.0 if name == "sigmoid" else 6.0
        # The same stream, scaled: one rounding of the bounds, which are below 2.
        expected = drawn["relu"] * math.sqrt(factor / 6.0)
        assert_allclose(theta, expected, rtol=0, atol=4e-16)


def test_initial_weights_are_drawn_in_float64_and_rounded():
    architecture, tanh = Architecture(SIZES), (ACTIVATIONS["tanh"],) * 2
    drawn = [
        initialize(architecture, tanh, "auto", np.random.default_rng(3), dtype)
        for dtype in (np.float32, np.float64)
    ]
    assert drawn[0].dtype == np.float32
    assert_array_equal(drawn[0], drawn[1].astype(np.float32))


def test_given_weights_are_taken_over(rng):
    architecture, tanh = Architecture(SIZES), (ACTIVATIONS["tanh"],) * 2
    theta = rng.normal(size=architecture.n_parameters)
    init = architecture.views(theta)
    found = initialize(architecture, tanh, init, rng, np.float64)
    assert_array_equal(found, theta)
    assert not np.shares_memory(found, theta)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_given_weights_must_be_finite(bad, rng):
    architecture = Architecture((2, 1))
    with pytest.raises(ValueError, match="init must hold finite weights"):
        initialize(architecture, (), ([[[bad], [1.0]]], [[0.0]]), rng, np.float64)


@pytest.mark.parametrize("init", [3, None, (1, 2, 3)])
def test_init_of_another_kind_is_a_type_error(init, rng):
    with pytest.raises(TypeError, match="init must be a name or the pair"):
        initialize(Architecture((2, 1)), (), init, rng, np.float64)


def test_unknown_init_is_answered_with_the_nearest(rng):
    with pytest.raises(ValueError, match=r"init .* Did you mean 'glorot_normal'\?"):
        initialize(Architecture((2, 1)), (), "glorot_norm", rng, np.float64)


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array, sparse.csr_matrix])
def test_forward_pass_gives_every_layer(kind, rng):
    architecture = Architecture((3, 4, 2))
    theta = rng.normal(size=architecture.n_parameters)
    (W1, W2), (b1, b2) = architecture.views(theta)
    X = rng.normal(size=(6, 3)) * (rng.random((6, 3)) < 0.7)
    tanh = (ACTIVATIONS["tanh"],)
    hidden, raw = network.layer_outputs(architecture, tanh, theta, kind(X))
    expected = np.tanh(X @ W1 + b1)
    # Sums of four products, in another order where X is sparse.
    assert_allclose(hidden, expected, rtol=1e-13, atol=1e-15)
    assert_allclose(raw, expected @ W2 + b2, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array])
def test_raw_outputs_by_tiles_equal_those_at_once(kind, rng, monkeypatch):
    architecture = Architecture((3, 4, 2))
    theta = rng.normal(size=architecture.n_parameters)
    X = kind(rng.normal(size=(50, 3)))
    tanh = (ACTIVATIONS["tanh"],)
    whole = network.raw_outputs(architecture, tanh, theta, X)
    monkeypatch.setattr(network, "TILE_VALUES", 30)
    tiles = network.raw_outputs(architecture, tanh, theta, X)
    # BLAS may sum four products in another order for another number of rows.
    assert_allclose(tiles, whole, rtol=1e-13, atol=1e-14)


def test_a_theta_beyond_memory_is_refused_before_anything_is_drawn():
    class Untouched:
        def uniform(self, *arguments):
            raise AssertionError("drew from the generator")

    with pytest.raises(MemoryError):
        initialize(
            Architecture((1, 2**24, 2**24, 1)),
            [Identity(), Identity()],
            "he_uniform",
            Untouched(),
            np.float32,
        )
