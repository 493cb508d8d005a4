"""Every loss against scikit-learn, SciPy and numerical derivatives."""

import math

import numpy as np
import pytest
from domains import targets
from numpy.testing import assert_allclose, assert_array_equal
from scipy import special, stats
from sklearn import metrics

from perceptrons.links import EXPONENTIAL, IDENTITY, LOGISTIC, SOFTMAX
from perceptrons.losses import (
    LOSSES,
    BinaryCrossEntropy,
    CrossEntropy,
    Huber,
    Pinball,
    resolve,
)

# Reference values of one entry (or one row) of the loss, from formulas and libraries
# that share nothing with the ones under test.
REFERENCES = {
    # The normal's negative log-density without its constant.
    "squared_error": lambda z, y: sum(
        -stats.norm.logpdf(a, b) - 0.5 * math.log(2 * math.pi)
        for a, b in zip(z, y, strict=True)
    ),
    "mean_squared_error": metrics.mean_squared_error,
    "absolute_error": lambda z, y: len(z) * metrics.mean_absolute_error(y, z),
    "huber": lambda z, y: special.huber(1.0, z - y).sum(),
    "pinball": lambda z, y: len(z) * metrics.mean_pinball_loss(y, z, alpha=0.5),
    "poisson": lambda z, y: 0.5 * len(z) * metrics.mean_poisson_deviance(y, np.exp(z)),
    "binary_cross_entropy": lambda z, y: sum(
        -stats.bernoulli.logpmf(b, stats.logistic.cdf(a))
        for a, b in zip(z, y, strict=True)
    ),
    "cross_entropy": lambda z, y: -stats.multinomial.logpmf(y, 1, special.softmax(z)),
}

# Raw outputs a loss must bear without overflow: the docstring of the module.
REACH = {
    name: {np.float32: 1e4, np.float64: 1e4} for name in LOSSES if name != "poisson"
} | {"poisson": {np.float32: 80.0, np.float64: 700.0}}

VARIANTS = [
    *((name, name, loss) for name, loss in LOSSES.items()),
    ("huber", "huber of 0.3", Huber(0.3)),
    ("pinball", "pinball of three quantiles", Pinball((0.1, 0.5, 0.9))),
    ("cross_entropy", "smoothed cross-entropy", CrossEntropy(0.2)),
]
EVERY_VARIANT = pytest.mark.parametrize(
    ("name", "loss"),
    [(name, loss) for name, _, loss in VARIANTS],
    ids=[label for _, label, _ in VARIANTS],
)


@pytest.mark.parametrize("name", LOSSES)
def test_value_equals_an_independent_reference(name, rng):
    raw = rng.normal(0.0, 2.0, (40, 3))
    Y = targets(name, raw.shape, rng)
    expected = [REFERENCES[name](z, y) for z, y in zip(raw, Y, strict=True)]
    # Both sides round a handful of operations on numbers below 100.
    assert_allclose(LOSSES[name].value(raw, Y), expected, rtol=1e-11, atol=1e-12)


@EVERY_VARIANT
def test_slope_equals_central_difference(name, loss, rng):
    raw = rng.normal(0.0, 1.5, (30, 3))
    Y = targets(name, raw.shape, rng)
    found = loss.slope(raw, Y, np.empty_like(raw))
    h = 1e-5
    numeric = np.empty_like(raw)
    for k in range(raw.shape[1]):
        step = h * np.eye(raw.shape[1])[k]
        numeric[:, k] = (loss.value(raw + step, Y) - loss.value(raw - step, Y)) / (
            2 * h
        )
    # Truncation h^2 / 6 times the third derivative (at most exp(z) = 100, Poisson),
    # rounding eps |l| / h = 1e-9. A kink within h of a point has probability 1e-3.
    assert_allclose(found, numeric, rtol=0, atol=5e-9)


@EVERY_VARIANT
def test_slope_may_overwrite_the_raw_outputs(name, loss, rng):
    raw = rng.normal(0.0, 1.5, (30, 3))
    Y = targets(name, raw.shape, rng)
    expected = loss.slope(raw, Y, np.empty_like(raw))
    assert loss.slope(raw, Y, raw) is raw
    assert_array_equal(raw, expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@EVERY_VARIANT
def test_extreme_raw_outputs_are_safe(name, loss, dtype):
    # Overflow, invalid values and division by zero raise here: see conftest.
    reach = REACH[name][dtype]
    raw = np.array([[reach, -reach, 0.0], [-reach, reach, reach]], dtype)
    Y = np.array([[0, 1, 0], [1, 0, 0]], dtype)
    found = loss.value(raw, Y)
    slopes = loss.slope(raw, Y, np.empty_like(raw))
    assert found.dtype == slopes.dtype == dtype
    assert found.shape == (2,)
    assert np.isfinite(found).all()
    assert np.isfinite(slopes).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_cross_entropies_are_exact_for_extreme_logits(dtype):
    raw = np.array([[1e4, -1e4], [-1e4, 1e4]], dtype)
    first = np.array([[1, 0], [1, 0]], dtype)
    # log(1 + exp(-20000)) is 0, so the loss is the distance of the logits, or 0.
    assert_array_equal(CrossEntropy().value(raw, first), [0.0, 2e4])
    assert_array_equal(BinaryCrossEntropy().value(raw, first), [0.0, 2e4])
    slopes = BinaryCrossEntropy().slope(raw, first, np.empty_like(raw))
    assert_array_equal(slopes, [[0, 0], [-1, 1]])
    slopes = CrossEntropy().slope(raw, first, np.empty_like(raw))
    assert_array_equal(slopes, [[0, 0], [-1, 1]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_binary_cross_entropy_keeps_tiny_losses(dtype):
    raw = np.array([[30.0], [-30.0]], dtype)
    Y = np.array([[1.0], [0.0]], dtype)
    # About 1e-13, which log(1 + x) would round to eps or 0. A few roundings.
    rtol = 8 * np.finfo(dtype).eps
    expected = math.log1p(math.exp(-30.0))
    assert_allclose(BinaryCrossEntropy().value(raw, Y), expected, rtol=rtol)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.9])
def test_label_smoothing_mixes_in_the_loss_of_all_classes(smoothing, rng):
    raw = rng.normal(0.0, 2.0, (20, 4))
    classes = rng.integers(0, 4, 20)
    surprise = -special.log_softmax(raw, axis=1)
    expected = (1 - smoothing) * surprise[np.arange(20), classes]
    expected += smoothing * surprise.mean(axis=1)
    found = CrossEntropy(smoothing).value(raw, np.eye(4)[classes])
    # Sums of four terms below 20.
    assert_allclose(found, expected, rtol=1e-13)


def test_pinball_of_several_quantiles_sums_each_columns_own(rng):
    levels = (0.05, 0.5, 0.8)
    raw = rng.normal(size=(25, 3))
    y = rng.normal(size=25)
    Y = np.repeat(y[:, None], 3, axis=1)
    expected = sum(
        metrics.mean_pinball_loss(y, column, alpha=level)
        for level, column in zip(levels, raw.T, strict=True)
    )
    # A mean over 25 rows: roundings of 25 additions.
    assert_allclose(Pinball(levels).value(raw, Y).mean(), expected, rtol=1e-13)


@pytest.mark.parametrize("level", [0.1, 0.5, 0.77])
def test_pinball_is_least_at_the_quantile(level, rng):
    y = np.sort(rng.normal(size=(1001, 1)), axis=0)
    candidates = np.linspace(-3.0, 3.0, 601)
    totals = [Pinball(level).value(np.full_like(y, c), y).sum() for c in candidates]
    # The grid's spacing; the order statistics lie closer than that here.
    best = candidates[np.argmin(totals)]
    assert abs(best - np.quantile(y, level)) <= 0.01 + 1e-9


@pytest.mark.parametrize(
    ("loss", "raw", "y"),
    [
        (LOSSES["absolute_error"], 2.0, 2.0),
        (LOSSES["pinball"], 2.0, 2.0),
        (Pinball(0.9), -1.0, -1.0),
    ],
)
def test_slope_at_the_kink_is_zero(loss, raw, y):
    found = loss.slope(np.array([[raw]]), np.array([[y]]), np.empty((1, 1)))
    assert_array_equal(found, [[0.0]])


def test_huber_is_square_inside_and_line_outside():
    residuals = np.array([[-3.0], [-0.5], [0.0], [0.5], [3.0]])
    found = Huber(0.5).value(residuals, np.zeros_like(residuals))
    assert_array_equal(found, [1.375, 0.125, 0.0, 0.125, 1.375])
    slopes = Huber(0.5).slope(residuals, np.zeros((5, 1)), np.empty((5, 1)))
    assert_array_equal(slopes.ravel(), [-0.5, -0.5, 0.0, 0.5, 0.5])


def test_poisson_beyond_its_range_is_infinite_rather_than_wrong():
    with np.errstate(over="ignore"):
        found = LOSSES["poisson"].value(np.array([[1000.0]]), np.array([[1.0]]))
    assert found == np.inf


def test_poisson_takes_a_count_of_zero():
    raw = np.array([[-2.0]])
    # The deviance of y = 0 is its mean: exp(-2), to one rounding.
    found = LOSSES["poisson"].value(raw, np.array([[0.0]]))
    assert_allclose(found, math.exp(-2.0), rtol=1e-15)


LINKS = {
    "identity": (IDENTITY, lambda raw: raw),
    "logistic": (LOGISTIC, stats.logistic.cdf),
    "exp": (EXPONENTIAL, lambda raw: 2.0 ** (raw / math.log(2.0))),
    "softmax": (SOFTMAX, lambda raw: np.exp(special.log_softmax(raw, axis=1))),
}


def test_every_loss_has_a_link_tested_here():
    assert {loss.link.name for loss in LOSSES.values()} == set(LINKS)


@pytest.mark.parametrize("name", LINKS)
def test_link_equals_its_closed_form(name, rng):
    link, expected = LINKS[name]
    raw = rng.normal(0.0, 2.0, (10, 3))
    assert link.name == name
    # exp of a number below 10, differently computed.
    assert_allclose(link.value(raw), expected(raw), rtol=1e-14)


@pytest.mark.parametrize("name", LINKS)
def test_jacobian_of_the_link_equals_central_difference(name, rng):
    link, _ = LINKS[name]
    raw = rng.normal(0.0, 1.0, (10, 3))
    h = 1e-5
    numeric = np.stack(
        [
            (link.value(raw + h * e) - link.value(raw - h * e)) / (2 * h)
            for e in np.eye(3)
        ],
        axis=2,
    )
    # Truncation h^2 / 6 exp(3) = 3e-10, rounding eps exp(3) / h = 4e-10.
    assert_allclose(link.jacobian(link.value(raw)), numeric, rtol=0, atol=1e-9)


def test_codes_are_unique():
    codes = [loss.code for loss in LOSSES.values()]
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("poisson", [[0.0], [3.5]], [[-0.1], [1.0]]),
        ("binary_cross_entropy", [[0.0], [0.3], [1.0]], [[0.0], [1.1]]),
        ("cross_entropy", [[0.2, 0.8], [1.0, 0.0]], [[0.2, 0.7], [1.0, 0.0]]),
        ("cross_entropy", [[0.5, 0.5]], [[1.5, -0.5]]),
        ("cross_entropy", [[0.0, 1.0]], [[1.0], [1.0]]),
    ],
)
def test_domain_tells_good_targets_from_bad(name, good, bad):
    domain = LOSSES[name].domain
    assert domain.holds(np.array(good))
    assert not domain.holds(np.array(bad))


@pytest.mark.parametrize(
    ("build", "argument"),
    [
        (lambda: Huber(0.0), "delta"),
        (lambda: Huber(-1.0), "delta"),
        (lambda: Pinball(0.0), "quantiles"),
        (lambda: Pinball((0.5, 1.0)), "quantiles"),
        (lambda: Pinball(()), "quantiles"),
        (lambda: CrossEntropy(1.0), "label_smoothing"),
        (lambda: CrossEntropy(-0.1), "label_smoothing"),
    ],
)
def test_records_refuse_settings_outside_their_range(build, argument):
    with pytest.raises(ValueError, match=rf"{argument} must .*, got .*;"):
        build()


@pytest.mark.parametrize("name", LOSSES)
def test_a_name_stands_for_its_record(name):
    assert resolve(name) is LOSSES[name]


def test_a_record_stands_for_itself():
    loss = Huber(0.3)
    assert resolve(loss) is loss


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match=r"got 'hubr'\. Did you mean 'huber'\?"):
        resolve("hubr")


@pytest.mark.parametrize("given", [None, 3, Huber])
def test_anything_else_is_a_type_error(given):
    with pytest.raises(TypeError, match="loss must be a name or a record"):
        resolve(given)
