"""Every activation against closed forms, numerical derivatives and its own promises."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from perceptrons.activations import (
    ACTIVATIONS,
    ELU,
    Custom,
    LeakyReLU,
    Sigmoid,
    resolve,
)

# From saturation at one end to saturation at the other, zero included.
POINTS = np.concatenate(
    [[-1e4, -100.0, -20.0], np.linspace(-6.0, 6.0, 25), [20.0, 100.0, 1e4]]
)

# Constants to more digits than a float holds: Klambauer et al. (2017), eq. 14.
SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


# Scalar formulas, evaluated by Python's math module or scipy.stats.
CLOSED_FORMS = {
    "identity": lambda z: z,
    "sigmoid": lambda z: stats.logistic.cdf(z),
    "tanh": math.tanh,
    "relu": lambda z: z if z > 0 else 0.0,
    "leaky_relu": lambda z: z if z > 0 else 0.01 * z,
    "elu": lambda z: z if z > 0 else math.expm1(z),
    "selu": lambda z: SELU_SCALE * (z if z > 0 else SELU_ALPHA * math.expm1(z)),
    "gelu": lambda z: 0.5 * z * math.erfc(-z / math.sqrt(2)),
    "silu": lambda z: z * stats.logistic.cdf(z),
    "softplus": lambda z: max(z, 0.0) + math.log1p(math.exp(-abs(z))),
}

# The slope at zero that each docstring promises (one-sided where there is a kink).
SLOPE_AT_ZERO = {
    "identity": 1.0,
    "sigmoid": 0.25,
    "tanh": 1.0,
    "relu": 0.0,
    "leaky_relu": 0.01,
    "elu": 1.0,
    "selu": SELU_SCALE * SELU_ALPHA,
    "gelu": 0.5,
    "silu": 0.5,
    "softplus": 0.5,
}

# Limits of the slope far to the left and far to the right.
SLOPE_LIMITS = {
    "identity": (1.0, 1.0),
    "sigmoid": (0.0, 0.0),
    "tanh": (0.0, 0.0),
    "relu": (0.0, 1.0),
    "leaky_relu": (0.01, 1.0),
    "elu": (0.0, 1.0),
    "selu": (0.0, SELU_SCALE),
    "gelu": (0.0, 1.0),
    "silu": (0.0, 1.0),
    "softplus": (0.0, 1.0),
}


def value(name, z):
    return ACTIVATIONS[name].value(z, np.empty_like(z))


def slope(name, z):
    return ACTIVATIONS[name].slope(z, value(name, z), np.empty_like(z))


@pytest.mark.parametrize("table", [CLOSED_FORMS, SLOPE_AT_ZERO, SLOPE_LIMITS])
def test_every_activation_has_a_reference(table):
    assert set(table) == set(ACTIVATIONS)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_value_equals_closed_form_up_to_saturation(name, dtype):
    z = POINTS.astype(dtype)
    expected = [CLOSED_FORMS[name](float(point)) for point in z]
    found = value(name, z)
    assert found.dtype == dtype
    # GELU's tail at z = -20 loses z^2 = 400 units in the last place, the others a
    # few; what is below the smallest normal number may underflow to 0.
    eps = np.finfo(dtype).eps
    assert_allclose(found, expected, rtol=1000 * eps, atol=np.finfo(dtype).tiny)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_slope_equals_numerical_derivative_of_the_value(name):
    # Off zero by more than the stencil's reach, so no kink is crossed.
    z = np.concatenate([np.linspace(-5.0, -0.1, 20), np.linspace(0.1, 5.0, 20)])
    h = 1e-3
    # Five-point stencil: truncation h^4 / 30 times the fifth derivative (below 10
    # here), rounding eps * 5 / h = 1e-12.
    numeric = (
        8 * (value(name, z + h) - value(name, z - h))
        - (value(name, z + 2 * h) - value(name, z - 2 * h))
    ) / (12 * h)
    assert_allclose(slope(name, z), numeric, rtol=0, atol=1e-11)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_slope_at_zero_is_the_documented_one(name, dtype):
    z = np.array([0.0, -0.0], dtype)
    # Two units in the last place: the constants are rounded to the dtype.
    rtol = 2 * np.finfo(dtype).eps
    assert_allclose(slope(name, z), [SLOPE_AT_ZERO[name]] * 2, rtol=rtol)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_slope_saturates_without_floating_point_errors(name, dtype):
    z = np.array([-1e4, -100.0, 100.0, 1e4], dtype)
    left, right = SLOPE_LIMITS[name]
    found = slope(name, z)
    assert found.dtype == dtype
    # A constant times 1, rounded; what remains of exp(-100) is below 1e-41.
    atol = 4 * np.finfo(dtype).eps
    assert_allclose(found, [left, left, right, right], rtol=0, atol=atol)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_value_may_overwrite_its_input(name):
    expected = value(name, POINTS)
    z = POINTS.copy()
    returned = ACTIVATIONS[name].value(z, z)
    assert returned is z
    assert_array_equal(z, expected)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_slope_may_overwrite_z(name):
    expected = slope(name, POINTS)
    z = POINTS.copy()
    out = z
    returned = ACTIVATIONS[name].slope(z, value(name, POINTS), out)
    assert returned is out
    # The formula may be arranged differently in place: one rounding of a number <= 1.
    assert_allclose(out, expected, rtol=4e-16, atol=3e-16)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_inputs_stay_as_they_were_with_a_buffer_of_its_own(name):
    z = POINTS.copy()
    a = value(name, z)
    kept = a.copy()
    ACTIVATIONS[name].slope(z, a, np.empty_like(z))
    assert_array_equal(z, POINTS)
    assert_array_equal(a, kept)


def test_codes_are_unique():
    codes = [activation.code for activation in ACTIVATIONS.values()]
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize("alpha", [0.0, 0.3, 0.99])
def test_leaky_relu_takes_its_slope(alpha):
    z = np.array([-2.0, 3.0])
    activation = LeakyReLU(alpha)
    a = activation.value(z, np.empty_like(z))
    assert_array_equal(a, [-2.0 * alpha, 3.0])
    assert_array_equal(activation.slope(z, a, np.empty_like(z)), [alpha, 1.0])


def test_elu_tends_to_minus_alpha():
    z = np.array([-1e4, -1.0, 2.0])
    activation = ELU(2.5)
    a = activation.value(z, np.empty_like(z))
    expected = [-2.5, 2.5 * (math.exp(-1.0) - 1.0), 2.0]
    # expm1 and exp - 1 differ by one rounding.
    assert_allclose(a, expected, rtol=1e-15)
    expected = [0.0, 2.5 * math.exp(-1.0), 1.0]
    assert_allclose(activation.slope(z, a, z), expected, rtol=1e-15, atol=1e-15)


@pytest.mark.parametrize(
    ("record", "setting"),
    [(LeakyReLU, 1.0), (LeakyReLU, -0.1), (ELU, 0.0), (ELU, -1.0), (ELU, math.nan)],
)
def test_records_refuse_settings_outside_their_range(record, setting):
    with pytest.raises(ValueError, match=r"alpha must be in .*, got .*; .* is usual"):
        record(setting)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_a_name_stands_for_its_record_in_every_layer(name):
    assert resolve(name, 3) == (ACTIVATIONS[name],) * 3


def test_logistic_is_scikit_learns_name_of_the_sigmoid():
    assert resolve("logistic", 2) == (Sigmoid(), Sigmoid())


def test_a_list_gives_one_activation_per_layer():
    record = LeakyReLU(0.2)
    found = resolve(["tanh", record, "logistic"], 3)
    assert found == (ACTIVATIONS["tanh"], record, Sigmoid())


def test_a_pair_of_functions_is_an_activation():
    (activation,) = resolve((np.sin, np.cos), 1)
    z = np.linspace(-1.0, 1.0, 5)
    assert isinstance(activation, Custom)
    assert_array_equal(activation.value(z, np.empty(5)), np.sin(z))
    assert_array_equal(activation.slope(z, np.sin(z), np.empty(5)), np.cos(z))


def test_a_pair_of_functions_counts_once_for_all_layers_or_once_in_a_list():
    assert resolve((np.sin, np.cos), 2) == (Custom(np.sin, np.cos),) * 2
    mixed = resolve([(np.sin, np.cos), "relu"], 2)
    assert mixed == (Custom(np.sin, np.cos), ACTIVATIONS["relu"])


@pytest.mark.parametrize("given", [["relu"], ["relu"] * 3, []])
def test_a_list_of_another_length_is_refused(given):
    with pytest.raises(
        ValueError, match=rf"activation .*layer \(2\), got {len(given)}"
    ):
        resolve(given, 2)


@pytest.mark.parametrize("given", ["sigmod", ["relu", "sigmod"]])
def test_an_unknown_name_is_answered_with_the_nearest(given):
    with pytest.raises(ValueError, match=r"got 'sigmod'\. Did you mean 'sigmoid'\?"):
        resolve(given, 2)


@pytest.mark.parametrize("given", [3, None, np.tanh, (np.sin, 3), LeakyReLU])
def test_anything_else_is_a_type_error(given):
    with pytest.raises(TypeError, match="activation must be a name, a record"):
        resolve(given, 2)
