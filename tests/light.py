"""Candidates that fit in milliseconds, for tests of what stands around them."""

from functools import partial

from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from perceptrons import MLPClassifier, MLPRegressor, presets
from perceptrons.comparison import candidates, splines
from perceptrons.comparison.boosting import StoppedBoosting


def _network(kind):
    """Return what makes a small network instead of the preset."""

    def make(*, random_state=None, n_jobs=None):
        estimator = kind(
            hidden_layer_sizes=(8,),
            activation="tanh",
            solver="lbfgs",
            max_iter=100,
            alpha=0.1,
            random_state=random_state,
            n_jobs=n_jobs,
        )
        return make_pipeline(StandardScaler(), estimator)

    return make


def lighten(patch):
    """Let networks be small, trees few, and strengths to choose from few.

    Parameters
    ----------
    patch : pytest.MonkeyPatch
    """
    patch.setattr(presets, "tabular_regressor", _network(MLPRegressor))
    patch.setattr(presets, "tabular_classifier", _network(MLPClassifier))
    trees = partial(HistGradientBoostingRegressor, max_iter=10)
    patch.setattr(candidates, "HistGradientBoostingRegressor", trees)
    patch.setattr(candidates, "StoppedBoosting", partial(StoppedBoosting, max_iter=10))
    patch.setattr(candidates, "_LASSO_STRENGTHS", 4)
    patch.setattr(candidates, "_LOGISTIC_STRENGTHS", (100.0,))
    patch.setattr(splines, "WIDTHS", (0.1,))
    patch.setattr(splines, "INVERSES", (10.0,))
