"""Corrected intervals and posterior probabilities, against baycomp and by counting."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from perceptrons.comparison.decision import decide
from perceptrons.comparison.folds import Links, make_folds
from perceptrons.comparison.measures import MEASURES
from perceptrons.comparison.statistics import (
    Posterior,
    correlated_t,
    over_rows,
    separate_noise,
)

RMSE = MEASURES["RMSE"]


@pytest.mark.parametrize("runs", [1, 5, 10])
@pytest.mark.parametrize("folds", [5, 10])
@pytest.mark.parametrize("shift", [-0.5, 0.0, 0.02, 1.0])
def test_probabilities_are_those_of_baycomp(runs, folds, shift, rng):
    from baycomp import CorrelatedTTest

    ours = rng.normal(1.0, 0.1, runs * folds)
    theirs = ours + shift + rng.normal(0.0, 0.05, runs * folds)
    worse, equal, better = CorrelatedTTest.probs(ours, theirs, rope=0.03, runs=runs)
    posterior = correlated_t(theirs - ours, 1 / (folds - 1))
    assert_allclose(posterior.above(0.03), better, rtol=0, atol=1e-8)
    assert_allclose(1 - posterior.above(-0.03), worse, rtol=0, atol=1e-8)
    assert_allclose(posterior.above(-0.03) - posterior.above(0.03), equal, atol=1e-8)


def test_the_interval_holds_95_percent_of_baycomps_posterior(rng):
    from baycomp import CorrelatedTTest

    d = rng.normal(0.01, 0.05, 25)
    low, high = correlated_t(d, 1 / 4).interval()
    for end, below in ((low, 0.025), (high, 0.975)):
        left, _ = CorrelatedTTest.probs(np.zeros(25), d - end, runs=5)
        assert_allclose(left, below, atol=1e-8)


@pytest.mark.parametrize("value", [0.0, 0.1, -3.0])
def test_equal_differences_are_certain(value):
    posterior = correlated_t(np.full(25, value), 1 / 4)
    assert posterior.interval() == (value, value)
    assert posterior.above(value - 1e-9) == 1.0
    assert posterior.above(value + 1e-9) == 0.0
    assert posterior.above(value) == 0.5


def equally_correlated(gain, sets, rng, folds=5, repeats=5):
    """Return differences over folds with correlation 1 / folds between any two."""
    common = rng.normal(size=(sets, 1))
    own = rng.normal(size=(sets, repeats * folds))
    return gain + 0.05 * (np.sqrt(1 / folds) * common + np.sqrt(1 - 1 / folds) * own)


@pytest.mark.parametrize("gain", [0.0, 0.05])
def test_of_10000_sets_with_the_assumed_correlation_95_percent_are_covered(gain, rng):
    posteriors = [correlated_t(d, 1 / 4) for d in equally_correlated(gain, 10_000, rng)]
    covered = [low <= gain <= high for low, high in (p.interval() for p in posteriors)]
    # Four standard errors of a share of 10,000.
    assert abs(np.mean(covered) - 0.95) < 4 * np.sqrt(0.95 * 0.05 / 10_000)


def test_of_10000_sets_without_a_gain_5_percent_are_called_justified_at_most(rng):
    sets = equally_correlated(0.0, 10_000, rng)
    verdicts = [decide(correlated_t(d, 1 / 4), 0.01) for d in sets]
    assert np.mean([v == "justified" for v in verdicts]) <= 0.05 + 4 * 0.0022


def test_real_cross_validations_of_equal_learners_seldom_find_one_better(rng):
    verdicts, covered = [], []
    for seed in range(400):
        X = rng.normal(size=(100, 2))
        y = X.sum(axis=1) + rng.normal(size=100)
        losses = np.array(
            [
                [
                    np.sqrt(np.mean((y[f.test] - line(x, y, f.train)(x[f.test])) ** 2))
                    for x in X.T
                ]
                for f in make_folds(
                    y, Links(), classes=False, n_folds=5, repeats=2, seed=seed
                )
            ]
        )
        gain = (losses[:, 1] - losses[:, 0]) / losses[:, 1].mean()
        posterior = correlated_t(gain, 1 / 4)
        low, high = posterior.interval()
        verdicts.append(decide(posterior, 0.01) == "justified")
        covered.append(low <= 0 <= high)
    # By symmetry the true gain is 0; three standard errors of a share of 400.
    assert np.mean(verdicts) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)
    assert np.mean(covered) >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / 400)


def line(x, y, rows):
    return np.poly1d(np.polyfit(x[rows], y[rows], 1))


def test_noise_of_training_and_of_data_are_told_apart(rng):
    folds = 4000
    data, training = rng.normal(0, 0.3, folds), rng.normal(0, 0.1, (2, folds))
    found = separate_noise(data + training, (data + training)[0])
    assert_allclose(found, (0.3, 0.1), rtol=0.05)


def test_without_training_noise_all_is_the_datas(rng):
    d = rng.normal(size=25)
    assert_allclose(separate_noise([d, d], d), (d.std(ddof=1), 0.0))


@pytest.mark.parametrize(
    ("mean", "scale", "status"),
    [
        (0.10, 0.01, "justified"),
        (0.005, 0.0001, "not justified"),  # surely a gain, surely not a practical one
        (0.012, 0.01, "undecided"),
        (-0.02, 0.01, "not justified"),
        (-0.02, 0.10, "undecided"),
        (0.0, 0.0, "not justified"),
        (0.02, 0.0, "justified"),
    ],
)
def test_the_status_follows_from_the_posterior(mean, scale, status):
    assert decide(Posterior(mean, scale, 24), 0.01) == status


def test_without_scatter_between_repeats_it_is_the_t_test_over_rows(rng):
    psi = rng.normal(size=80)
    psi -= psi.mean()
    posterior = over_rows(psi, [0.1, 0.1, 0.1])
    low, high = stats.t.interval(0.95, 79, 0.1, psi.std(ddof=1) / np.sqrt(80))
    assert_allclose(posterior.interval(), (low, high), rtol=1e-12)


def test_without_scatter_over_rows_it_is_the_scatter_between_repeats():
    g = [0.1, 0.2, 0.15]
    posterior = over_rows(np.zeros(50), g, c=3.0)
    assert posterior.scale == pytest.approx(np.sqrt(3.0) * np.std(g, ddof=1))
    assert posterior.df == pytest.approx(2.0)
    assert posterior.mean == pytest.approx(0.15)


def test_degrees_of_freedom_are_those_of_satterthwaite(rng):
    # As scipy's Welch test has them: two means with variances of their own.
    a, b = rng.normal(0, 1, 12), rng.normal(0, 3, 4)
    parts = a.var(ddof=1) / 12, b.var(ddof=1) / 4
    psi = a - a.mean()
    found = over_rows(psi, b, c=1 / 4)
    assert found.scale == pytest.approx(np.sqrt(sum(parts)))
    assert found.df == pytest.approx(stats.ttest_ind(a, b, equal_var=False).df)


def test_rows_of_one_group_count_as_one(rng):
    # Each row four times over: the same as the rows alone.
    psi = rng.normal(size=30)
    psi -= psi.mean()
    alone = over_rows(psi, [0.1, 0.12])
    again = over_rows(np.repeat(psi, 4), [0.1, 0.12], np.repeat(np.arange(30), 4))
    assert_allclose((again.scale, again.df), (alone.scale, alone.df))


def test_intervals_of_the_row_test_hold_what_they_say(rng):
    # Fixed predictions: influences alone, closed form of the ratio of two RMSE.
    a, b, hits = 1.0, 0.9, 0
    for _ in range(2000):
        e = rng.normal(size=(2, 300)) * [[a], [b]]
        values, influences = zip(*(RMSE.influence(0.0, -own) for own in e), strict=True)
        gain = 1 - values[1] / values[0]
        psi = (influences[0] - influences[1] - gain * influences[0]) / values[0]
        low, high = over_rows(psi, [gain, gain]).interval()
        hits += low <= 1 - b / a <= high
    assert abs(hits / 2000 - 0.95) < 4 * np.sqrt(0.95 * 0.05 / 2000)
