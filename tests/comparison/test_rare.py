"""A rare class: thresholds, calibration, and the page's part of them."""

import numpy as np
import pandas as pd
import pytest
from light import lighten
from numpy.testing import assert_allclose
from sklearn.metrics import precision_score, recall_score, roc_auc_score

from perceptrons import compare
from perceptrons.comparison import rare


@pytest.fixture
def drawn(rng):
    """Return probabilities that hold, and what came."""
    p = rng.beta(1, 9, size=20_000)
    return rng.random(20_000) < p, p


def test_thresholds_have_the_recall_and_precision_of_scikit_learn(drawn):
    true, p = drawn
    table = rare.thresholds(true, p)
    assert_allclose(table["flagged"], rare.FLAGGED)
    for row in table.itertuples():
        taken = p >= row.threshold
        assert row.recall == pytest.approx(recall_score(true, taken))
        assert row.precision == pytest.approx(precision_score(true, taken))


def test_rows_of_equal_probability_go_together():
    true, p = np.array([True, False, False, False]), np.array([0.5, 0.1, 0.1, 0.1])
    table = rare.thresholds(true, p)
    assert list(table["flagged"]) == [0.25, 1.0]
    assert list(table["precision"]) == [1.0, 0.25]
    parts = rare.calibration(true, p)
    assert list(parts["rows"]) == [3, 1]
    assert list(parts["observed"]) == [0.0, 1.0]


def test_probabilities_that_hold_lie_on_the_diagonal(drawn):
    parts = rare.calibration(*drawn)
    assert list(parts["rows"]) == [2000] * 10
    error = np.sqrt(parts["predicted"] * (1 - parts["predicted"]) / parts["rows"])
    assert (abs(parts["observed"] - parts["predicted"]) < 4 * error).all()
    steep = rare.calibration(drawn[0], drawn[1] ** 2)
    assert (steep["observed"] > steep["predicted"]).all()


def test_a_class_that_no_tested_row_has_is_passed_over():
    X = pd.DataFrame({"a": np.random.default_rng(5).normal(size=120)})
    y = np.where(np.arange(120) < 12, "early", "late")
    y[-1] = "early"
    with pytest.MonkeyPatch.context() as patch:
        lighten(patch)
        found = compare(X, y, repeats=1, n_folds=3, random_state=0, n_jobs=1)
    known = np.isfinite(found.predictions[found.network]).all(axis=1)
    assert rare.look(found) is not None
    for shares in found.predictions.values():
        shares[y == "early"] = np.nan
    assert known.any()
    assert rare.look(found) is None


@pytest.fixture(scope="module")
def result():
    rng = np.random.default_rng(4)
    X = pd.DataFrame(rng.normal(size=(200, 2)), columns=["a", "b"])
    y = np.where(X["a"] + rng.normal(size=200) > 1.4, "<ill>", "well")
    with pytest.MonkeyPatch.context() as patch:
        lighten(patch)
        yield compare(X, y, repeats=1, n_folds=3, random_state=0, n_jobs=1)


def test_the_page_tells_of_the_rare_class(result, tmp_path):
    found = rare.look(result)
    assert found.label == "<ill>"
    assert found.share == np.mean(result.prepared.y == "<ill>") < 0.25
    true = result.prepared.y == "<ill>"
    for name, value in found.auc.items():
        expected = roc_auc_score(true, result.predictions[name][:, 0])
        assert value == pytest.approx(expected)
    result.save(tmp_path)
    page = (tmp_path / "index.html").read_text()
    assert '<section id="rare">' in page
    assert "&lt;ill&gt; is" in page
    assert "<ill>" not in page
    assert (tmp_path / "tables" / "thresholds.csv").exists()
    assert (tmp_path / "figures" / "calibration.svg").exists()
