"""Batches and dropout masks against big integers and statistical tests."""

import copy
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import stats

from perceptrons.sampling import Batches, Dropout, Streams, high_words

DRAWS = ["in order", "shuffled", "with replacement"]

# Statistical tests below have a fixed seed; a right sampler passes them but for one
# seed in a thousand.
P_VALUE = 1e-3


def stream(seed=5):
    return np.random.default_rng(seed)


def raw_words(n, seed=5):
    """Return the raw words of the stream as Python's integers of any size."""
    return [int(word) for word in stream(seed).bit_generator.random_raw(n)]


@pytest.mark.parametrize("seed", [0, 7, np.int64(7), 2**32 - 1, 2**80])
def test_streams_are_those_numpy_spawns_whichever_is_drawn_from_first(seed):
    streams = Streams.of(seed)
    drawn = {
        name: getattr(streams, name).bit_generator.random_raw(3)
        for name in ("dropout", "batches", "weights", "split")
    }
    names = ("weights", "batches", "split", "dropout")
    for name, spawned in zip(
        names, np.random.default_rng(int(seed)).spawn(4), strict=True
    ):
        assert_array_equal(drawn[name], spawned.bit_generator.random_raw(3))


def test_streams_without_a_seed_differ_and_go_on_where_they_were():
    one, other = Streams.of(None), Streams.of(None)
    first = one.batches.bit_generator.random_raw(5)
    assert (first != other.batches.bit_generator.random_raw(5)).all()
    again = copy.deepcopy(one)
    assert_array_equal(
        again.batches.bit_generator.random_raw(5),
        one.batches.bit_generator.random_raw(5),
    )


def test_high_words_equal_big_integers(rng):
    extremes = [0, 1, 2**32 - 1, 2**32, 2**63, 2**64 - 1]
    words = np.concatenate(
        [
            np.array(extremes, np.uint64),
            rng.integers(0, 2**64, 500, dtype=np.uint64, endpoint=False),
        ]
    )
    for bound in (1, 2, 3, 7, 1000, 2**31 + 11, 2**32 - 1):
        expected = [int(word) * bound >> 64 for word in words]
        assert_array_equal(high_words(words, bound), expected)


def test_high_words_take_a_bound_for_every_word(rng):
    words = rng.integers(0, 2**64, 300, dtype=np.uint64)
    bounds = rng.integers(1, 2**32, 300)
    expected = [int(w) * int(n) >> 64 for w, n in zip(words, bounds, strict=True)]
    assert_array_equal(high_words(words, bounds), expected)


def test_shuffling_is_fisher_and_yates_from_the_end():
    n = 25
    order = list(range(n))
    words = iter(raw_words(n - 1))
    for i in range(n - 1, 0, -1):
        j = next(words) * (i + 1) >> 64
        order[i], order[j] = order[j], order[i]
    assert_array_equal(Batches(n, 4, "shuffled", stream()).order(), order)


def test_replacement_takes_the_high_word_of_word_times_rows():
    expected = [word * 25 >> 64 for word in raw_words(25)]
    found = Batches(25, 4, "with replacement", stream()).order()
    assert_array_equal(found, expected)


@pytest.mark.parametrize("n", [1, 2, 3, 10, 257])
def test_a_shuffle_visits_every_row_once(n):
    batches = Batches(n, 2, "shuffled", stream())
    for _ in range(3):
        order = batches.order()
        rows = np.arange(n) if order is None else np.sort(order)
        assert_array_equal(rows, np.arange(n))


def test_every_permutation_is_equally_likely():
    batches = Batches(4, 1, "shuffled", stream())
    drawn = [tuple(batches.order().tolist()) for _ in range(4800)]
    _, counts = np.unique(drawn, axis=0, return_counts=True)
    assert len(counts) == 24
    assert stats.chisquare(counts).pvalue > P_VALUE


def test_every_row_is_equally_likely_with_replacement():
    batches = Batches(10, 1, "with replacement", stream())
    drawn = np.concatenate([batches.order() for _ in range(500)])
    assert stats.chisquare(np.bincount(drawn, minlength=10)).pvalue > P_VALUE


@pytest.mark.parametrize("draw", ["shuffled", "with replacement"])
def test_every_epoch_has_an_order_of_its_own(draw):
    batches = Batches(50, 7, draw, stream())
    assert not np.array_equal(batches.order(), batches.order())


@pytest.mark.parametrize("draw", DRAWS)
def test_the_same_stream_gives_the_same_order(draw):
    orders = [Batches(50, 7, draw, stream()).order() for _ in range(2)]
    if draw == "in order":
        assert orders == [None, None]
    else:
        assert_array_equal(*orders)


def test_rows_in_order_need_no_random_word():
    source = stream()
    Batches(50, 7, "in order", source).order()
    assert source.bit_generator.random_raw() == raw_words(1)[0]


@pytest.mark.parametrize(
    ("n_rows", "size", "steps"), [(10, 10, 1), (10, 3, 4), (9, 3, 3), (1, 5, 1)]
)
def test_the_last_batch_may_be_short(n_rows, size, steps):
    assert Batches(n_rows, size, "in order", stream()).n_steps == steps


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("p", [0.25, 0.5, 0.9])
def test_units_are_dropped_by_their_raw_word(p, dtype):
    (mask,) = Dropout([p], [6], stream()).masks(8, dtype)
    dropped = [Fraction(word) < Fraction(p) * 2**64 for word in raw_words(48)]
    assert mask.shape == (8, 6)
    assert mask.dtype == dtype
    assert_array_equal(mask.ravel() == 0.0, dropped)


def test_a_word_equal_to_the_bound_keeps_its_unit():
    words = np.array([2**63 - 1, 2**63, 0, 2**64 - 1], np.uint64)
    source = SimpleNamespace(
        bit_generator=SimpleNamespace(random_raw=lambda n: words[:n])
    )
    (mask,) = Dropout([0.5], [2], source).masks(2, np.float64)
    assert_array_equal(mask, [[0.0, 2.0], [0.0, 2.0]])


@pytest.mark.parametrize("p", [0.1, 0.5, 0.8])
def test_a_share_of_one_minus_p_is_kept_and_scaled_to_mean_one(p):
    n = 40_000
    (mask,) = Dropout([p], [n // 100], stream()).masks(100, np.float64)
    assert_array_equal(np.unique(mask), [0.0, 1.0 / (1.0 - p)])
    kept = int(np.count_nonzero(mask))
    assert stats.binomtest(kept, n, 1.0 - p).pvalue > P_VALUE


def test_units_are_dropped_independently_of_row_and_column():
    (mask,) = Dropout([0.5], [40], stream()).masks(1000, np.float64)
    kept = (mask > 0).astype(float)
    across = np.corrcoef(kept, rowvar=False)[np.triu_indices(40, 1)]
    # 780 correlations of 1000 rows: standard error 1 / sqrt(1000); 4.5 of them bound
    # the largest of 780 but for one seed in 200.
    assert np.abs(across).max() <= 4.5 / np.sqrt(1000)


def test_layers_have_rates_and_masks_of_their_own():
    masks = Dropout([0.5, 0.0, 0.25], [4, 3, 2], stream()).masks(5, np.float64)
    assert masks[1] is None
    assert masks[0].shape == (5, 4)
    assert masks[2].shape == (5, 2)
    # A layer that keeps all its units uses up no random word.
    words = raw_words(30)
    assert_array_equal(masks[0].ravel() > 0, [w >= 2**63 for w in words[:20]])
    assert_array_equal(masks[2].ravel() > 0, [w >= 2**62 for w in words[20:]])
