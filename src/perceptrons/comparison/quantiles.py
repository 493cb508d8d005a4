"""Candidates for a quantile: each minimizes the pinball loss that will judge it."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import QuantileRegressor
from sklearn.metrics import mean_pinball_loss
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted, validate_data

from perceptrons import MLPRegressor, losses
from perceptrons.comparison.candidate import NETWORK, Candidate
from perceptrons.comparison.splines import Basis
from perceptrons.comparison.ties import Ties

Array = NDArray[np.floating[Any]]

_KNOTS = 6
_WIDTH = 0.3
#: Penalties of splines: mean pinball loss + alpha sum |b|, of a target of spread 1.
_PENALTIES = (1e-4, 1e-3, 1e-2)
# A network per fold, which stops by the fold.
_NETWORKS = 5
# Squared rows times columns of all programs of a fit that take about half a minute.
_MOST_WORK = 6e9


class QuantileLines(RegressorMixin, BaseEstimator):
    """A quantile by lines or splines, as a linear program (Koenker and Bassett 1978).

    Parameters
    ----------
    quantile : float
    bend : bool, default=False
        Splines of every column, with a penalty chosen by held-out rows, instead of
        straight lines without one.
    cv : list of (train, held out) or None, default=None
        Inner folds, as places of rows; None: three at random.

    Attributes
    ----------
    n_parameters_ : int
        Coefficients.
    """

    def __init__(self, quantile: float, bend: bool = False, cv: Any = None) -> None:
        self.quantile = quantile
        self.bend = bend
        self.cv = cv

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit to X (n, d) and y (n,), weighted by sample_weight (n,)."""
        X, y = validate_data(self, X, y, dtype=np.float64, y_numeric=True)
        self._basis = Basis(X, _KNOTS if self.bend else 0)
        self._center, self._spread = y.mean(), y.std() or 1.0
        Z, own = self._columns(X), (y - self._center) / self._spread
        penalty = self._penalty(Z, own, sample_weight)
        self._model = self._program(penalty).fit(Z, own, sample_weight)
        self.n_parameters_ = self._model.coef_.size + 1
        return self

    def predict(self, X: Any) -> Array:
        """Return predictions of shape (n,)."""
        check_is_fitted(self, "n_parameters_")
        X = validate_data(self, X, dtype=np.float64, reset=False)
        found = self._model.predict(self._columns(X)) * self._spread + self._center
        return np.asarray(found, np.float64)

    def _columns(self, X: Array) -> Array:
        """Return what the coefficients are of."""
        return self._basis.transform(X, _WIDTH)

    def _program(self, penalty: float) -> QuantileRegressor:
        """Return the linear program."""
        return QuantileRegressor(quantile=self.quantile, alpha=penalty, solver="highs")

    def _penalty(self, Z: Array, y: Array, weights: Any) -> float:
        """Return the penalty that predicts held-out rows best; none for lines."""
        if not self.bend:
            return 0.0
        cut = KFold(3, shuffle=True, random_state=0)
        folds = self.cv or list(cut.split(Z))
        all_weights = np.ones(len(y)) if weights is None else weights

        def loss(penalty: float) -> float:
            program, total = self._program(penalty), 0.0
            for train, held in folds:
                ours, theirs = all_weights[train], all_weights[held]
                guess = program.fit(Z[train], y[train], ours).predict(Z[held])
                total += theirs.sum() * float(
                    mean_pinball_loss(
                        y[held], guess, sample_weight=theirs, alpha=self.quantile
                    )
                )
            return total

        return min(_PENALTIES, key=loss)


class QuantileNetworks(RegressorMixin, BaseEstimator):
    """The mean of five networks, each stopped by a fifth of the rows.

    Parameters
    ----------
    quantile : float
    random_state : int or None, default=None
    n_jobs : int or None, default=None
        Threads.

    Attributes
    ----------
    n_parameters_ : int
        Of all five.
    """

    def __init__(
        self, quantile: float, random_state: Any = None, n_jobs: int | None = None
    ) -> None:
        self.quantile = quantile
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        groups: Any = None,
        time: Any = None,
    ) -> Self:
        """Fit to X (n, d) and y (n,); rows of a group are held out together."""
        X, y = validate_data(self, X, y, dtype=np.float64, y_numeric=True)
        seed = 0 if self.random_state is None else int(self.random_state)
        self._scaler = StandardScaler().fit(X)
        self._center, self._spread = y.mean(), y.std() or 1.0
        Z, own = self._scaler.transform(X), (y - self._center) / self._spread
        free = KFold(_NETWORKS, shuffle=True, random_state=seed)
        ties = Ties(groups, time)
        folds = ties.divide(y, _NETWORKS, seed, classes=False) or free.split(Z)
        self._networks = [
            self._network(len(y), seed + place).fit(
                Z[train],
                own[train],
                None if sample_weight is None else sample_weight[train],
                X_val=Z[held],
                y_val=own[held],
            )
            for place, (train, held) in enumerate(folds)
        ]
        self.n_parameters_ = sum(
            array.size
            for net in self._networks
            for array in (*net.coefs_, *net.intercepts_)
        )
        return self

    def predict(self, X: Any) -> Array:
        """Return predictions of shape (n,)."""
        check_is_fitted(self, "n_parameters_")
        X = validate_data(self, X, dtype=np.float64, reset=False)
        Z = self._scaler.transform(X)
        mean = np.mean([net.predict(Z) for net in self._networks], axis=0)
        return np.asarray(mean * self._spread + self._center, np.float64)

    def _network(self, n_rows: int, seed: int) -> MLPRegressor:
        """Return a network that is not fitted."""
        return MLPRegressor(
            losses.Pinball(self.quantile),
            hidden_layer_sizes=(64, 64),
            learning_rate_init=0.003,
            batch_size=int(np.clip(n_rows // 32, 8, 128)),
            early_stopping=True,
            n_iter_no_change=20,
            max_iter=300,
            random_state=seed,
            n_jobs=self.n_jobs,
        )


def quantile_regressors(
    quantile: float, n_rows: int, n_columns: int, n_jobs: int | None
) -> tuple[list[Candidate], list[str]]:
    """Return the candidates for a quantile.

    Parameters
    ----------
    quantile : float
        Between 0 and 1.
    n_rows, n_columns : int
        Of the prepared training rows of a fold.
    n_jobs : int or None
        Threads of the network.

    Returns
    -------
    list of Candidate
    list of str
        As :func:`perceptrons.comparison.candidates.regressors`.
    """
    constant = DummyRegressor(strategy="quantile", quantile=quantile)
    lines, splines = (QuantileLines(quantile, bend) for bend in (False, True))
    text = f"the {quantile!r} quantile"
    terms = n_columns * (_KNOTS + 1)
    linear = [
        Candidate(
            "quantile regression",
            "linear",
            make_pipeline(StandardScaler(), lines),
            f"{text} as a sum of straight lines",
            float(n_rows) ** 2 * n_columns,
        ),
        Candidate(
            "quantile splines",
            "curved",
            make_pipeline(StandardScaler(), splines),
            f"{text} as a sum of smooth curves of the columns, with an L1 penalty",
            # Inner fits are of two thirds of the rows.
            (1 + 3 * len(_PENALTIES) * 4 / 9) * n_rows**2 * terms,
        ),
    ]
    fitting = [entry for entry in linear if entry.work <= _MOST_WORK]
    left_out = [
        f"{entry.name.capitalize()} ({entry.description}) was left out: its linear "
        f"programs take more than half a minute on {n_rows:,} rows."
        for entry in linear
        if entry not in fitting
    ]
    trees = HistGradientBoostingRegressor(
        loss="quantile", quantile=quantile, early_stopping=False, random_state=0
    )
    network = QuantileNetworks(quantile, n_jobs=n_jobs)
    return [
        Candidate("constant", "constant", constant, f"{text} of the target"),
        *fitting,
        Candidate(
            NETWORK, "network", network, f"the mean of {_NETWORKS} networks for {text}"
        ),
        Candidate("boosting", "yardstick", trees, f"gradient boosting for {text}"),
    ], left_out
