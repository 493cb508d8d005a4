"""Quantiles as what is compared: the metric, and who predicts them."""

import numpy as np
import pytest
from light import lighten
from numpy.testing import assert_allclose
from sklearn.linear_model import QuantileRegressor
from sklearn.metrics import mean_pinball_loss

import perceptrons
from perceptrons.comparison.metric import choose
from perceptrons.comparison.quantiles import (
    QuantileLines,
    QuantileNetworks,
    quantile_regressors,
)


def spread(n, rng):
    """Return rows whose noise grows along a column that their mean knows not of."""
    X = rng.uniform(-2, 2, size=(n, 2))
    return X, X[:, 0] + (0.2 + np.abs(X[:, 1])) * rng.normal(size=n)


def test_the_loss_is_that_of_scikit_learn(rng):
    y, predicted = rng.normal(size=(2, 80))
    measure = choose("pinball 0.9", None, y)
    expected = mean_pinball_loss(y, predicted, alpha=0.9)
    assert_allclose(measure.value(y, predicted), expected, rtol=1e-12)
    assert measure.name == "pinball 0.9"


@pytest.mark.parametrize("metric", ["pinball", "pinball 1", "pinball x", "pinball -1"])
def test_a_quantile_must_lie_between_0_and_1(metric):
    with pytest.raises(ValueError, match="quantile between 0 and 1, such as"):
        choose(metric, None, np.ones(3))


def test_lines_without_a_penalty_are_quantile_regression(rng):
    X, y = spread(80, rng)
    ours = QuantileLines(0.8).fit(X, y).predict(X)
    theirs = QuantileRegressor(quantile=0.8, alpha=0).fit(X, y).predict(X)
    assert_allclose(ours, theirs, atol=1e-6)


def test_splines_follow_what_lines_cannot(rng):
    X, y = spread(300, rng)
    new, truth = spread(2000, rng)
    losses = [
        mean_pinball_loss(
            truth, QuantileLines(0.9, bend).fit(X, y).predict(new), alpha=0.9
        )
        for bend in (False, True)
    ]
    assert losses[1] < losses[0]


def test_networks_learn_the_quantile_in_the_unit_of_the_target(rng):
    X, y = spread(300, rng)
    new, truth = spread(2000, rng)
    model = QuantileNetworks(0.9, random_state=0).fit(X, 1000 * y)
    predicted = model.predict(new) / 1000
    assert np.mean(truth <= predicted) == pytest.approx(0.9, abs=0.05)
    constant = mean_pinball_loss(truth, np.full(2000, np.quantile(y, 0.9)), alpha=0.9)
    assert mean_pinball_loss(truth, predicted, alpha=0.9) < 0.8 * constant


def test_groups_are_held_out_whole_from_the_networks(rng, monkeypatch):
    groups, held = np.repeat(np.arange(10), 6), []
    fit = perceptrons.MLPRegressor.fit

    def watched(self, X, y, sample_weight=None, **further):
        held.append(further["y_val"])
        return fit(self, X, y, sample_weight, **further)

    monkeypatch.setattr(perceptrons.MLPRegressor, "fit", watched)
    # The target tells the group.
    y = groups + 0.0
    model = QuantileNetworks(0.5, random_state=0)
    model.fit(rng.normal(size=(60, 2)), y, groups=groups)
    parts = [set(np.round(part * y.std() + y.mean())) for part in held]
    assert sum(map(len, parts)) == len(set.union(*parts)) == 10


def test_a_comparison_of_quantiles_tells_what_share_lies_below(monkeypatch, rng):
    lighten(monkeypatch)
    found = perceptrons.compare(
        *spread(150, rng), metric="Pinball 0.9", repeats=2, n_folds=3, random_state=0,
        n_jobs=1,
    )  # fmt: skip
    table = found.table()
    assert found.metric == found.verdict.metric == "pinball 0.9"
    assert set(table.index) == {
        "constant", "quantile regression", "quantile splines", "network", "boosting"
    }  # fmt: skip
    assert table.loc["constant", "share below"] == pytest.approx(0.9, abs=0.04)
    assert table.loc["constant", "skill"] == 0
    own = found.scores.query("candidate == 'constant' and repeat == 0")
    assert len(own) == 3
    assert "pinball 0.9" in str(found.verdict)


def test_programs_of_many_rows_are_left_out_and_told():
    entries, left_out = quantile_regressors(0.5, 10_000, 20, None)
    assert "quantile splines" not in [entry.name for entry in entries]
    assert any(text.startswith("Quantile splines") for text in left_out)
    entries, left_out = quantile_regressors(0.5, 1_000, 20, None)
    assert len(entries) == 5
    assert left_out == []
