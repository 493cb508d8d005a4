"""MLPRegressor and MLPClassifier: scikit-learn's contract, and more arguments."""

from __future__ import annotations

import math
import sys
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.metrics import r2_score
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import _safe_indexing
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import type_of_target, unique_labels
from sklearn.utils.validation import check_is_fitted

from perceptrons import _checks, losses, settings
from perceptrons._base import Perceptron, _is_stochastic
from perceptrons.fitting import Call
from perceptrons.losses import BinaryCrossEntropy, CrossEntropy, Loss
from perceptrons.optimizers import Adam
from perceptrons.predicting import linked_outputs
from perceptrons.rows import check_weights
from perceptrons.scores import R2, Accuracy, Explained, MinusLoss, Score
from perceptrons.state import Labels

Array = NDArray[np.floating[Any]]


class MLPRegressor(RegressorMixin, Perceptron):
    """Feed-forward network for regression: scikit-learn's MLPRegressor, and more.

    Weights are **float32** by default, whatever the dtype of X; ``dtype="float64"``
    changes that. Every argument scikit-learn 1.9 has means what it means there; those
    from ``l1`` on are ours.

    It minimizes J(theta) = mean loss + penalty by backpropagation; scales and shapes
    are on one page, docs/conventions.md.

    Parameters
    ----------
    loss : str or record, default="squared_error"
        "squared_error" (half the squared error, as in scikit-learn),
        "mean_squared_error" (no half: eq. 6 of the report), "absolute_error",
        "huber", "pinball", "poisson", "binary_cross_entropy" (targets in [0, 1]),
        "cross_entropy" (rows of probabilities); or a record such as
        ``losses.Huber(delta=2)`` or ``losses.Pinball((0.1, 0.9))``, for which
        ``predict`` gives one column per quantile.
    hidden_layer_sizes : int or sequence of int, default=(100,)
        Width of each hidden layer; () for none, which is a linear model.
    activation : str, record, pair or list, default="relu"
        Of the hidden layers: "identity", "logistic" (or "sigmoid"), "tanh", "relu",
        "leaky_relu", "elu", "selu", "gelu", "silu", "softplus"; a record such as
        ``activations.LeakyReLU(0.2)``; a pair ``(function, derivative)`` of z; or a
        list with one of these per hidden layer.
    solver : str or rule, default="adam"
        "adam", "sgd" (with momentum), "adamw", "rmsprop", "adagrad": mini-batches;
        "gd": all rows in every step; "lbfgs", "lm": all rows, and their own steps, "lm"
        (Levenberg-Marquardt) those of least squares, for squared errors and at most
        5,000 weights; or a rule such as ``optimizers.RMSProp(decay=0.95)``, whose
        settings win over the arguments here.
    alpha : float, default=0.0001
        L2 penalty divided by the rows n of the batch (times the mean sample weight of
        all rows): alpha / (2 n) sum W^2. As in scikit-learn; eq. (15) of the report.
    batch_size : int or "auto", default="auto"
        Rows per step; "auto" is min(200, n). Not used by "gd", "lbfgs" and "lm".
    learning_rate : {"constant", "invscaling", "adaptive"}, default="constant"
        Only for ``solver="sgd"`` and "gd". "invscaling": learning_rate_init /
        (t + 1)^power_t, t the rows visited before the epoch. "adaptive": divided by 5
        each time training stops improving. ``schedule`` offers more.
    learning_rate_init : float, default=0.001
        Learning rate, before any schedule.
    power_t : float, default=0.5
        Exponent of "invscaling".
    max_iter : int, default=200
        Most epochs (iterations of L-BFGS).
    shuffle : bool, default=True
        Visit the rows in a new order every epoch; False: always as they stand.
    random_state : int, RandomState or None, default=None
        Seed of initial weights, batches, validation split and dropout.
    tol : float, default=1e-4
        Least improvement, of the training loss or the validation score, that counts;
        for "lbfgs" and "lm" the largest entry of the gradient at the end.
    verbose : bool, int or "bar", default=False
        True prints scikit-learn's lines; "bar" shows a progress bar with the loss.
    warm_start : bool, default=False
        ``fit`` goes on from the weights of the last one, with a new state of the
        optimizer, as in scikit-learn; ``partial_fit`` keeps that, too.
    momentum : float in [0, 1], default=0.9
        For ``solver="sgd"``.
    nesterovs_momentum : bool, default=True
        For ``solver="sgd"``.
    early_stopping : bool, default=False
        Hold out ``validation_fraction`` of the rows (or use ``fit``'s ``X_val``), end
        training when the validation score stops improving, and keep the weights of
        the best epoch. Not for "lbfgs".
    validation_fraction : float in [0, 1), default=0.1
        Rows held out by ``early_stopping``.
    beta_1, beta_2 : float in [0, 1), default=0.9, 0.999
        Decay of Adam's and AdamW's moments.
    epsilon : float, default=1e-8
        Added to the root in Adam and AdamW.
    n_iter_no_change : int or infinity, default=10
        Epochs without improvement by ``tol`` that are borne.
    max_fun : int, default=15000
        Most evaluations of the objective by "lbfgs" and "lm".
    l1, l2 : float, default=0.0
        Penalties l1 sum abs(W) and l2 / 2 sum W^2, divided by nothing: the lambda of
        the report's eqs. (12) and (10). Added to ``alpha``'s.
    init : str or (coefs, intercepts), default="auto"
        Initial weights: "auto", scikit-learn's; "standard_normal", the report's;
        "glorot_uniform", "glorot_normal", "he_uniform", "he_normal",
        "lecun_uniform", "lecun_normal"; or the weights themselves.
    engine : {"auto", "numpy", "compiled"}, default="auto"
        Who computes; ``outcome_`` records who did, and why.
    dtype : {"float32", "float64"}, default="float32"
        Of weights and training, whatever the dtype of X.
    dropout : float or list of float, default=0.0
        Share of hidden units dropped in each step, in [0, 1); one number for all
        hidden layers or one per layer.
    callbacks : list or None, default=None
        Objects with ``on_epoch_end(state)``; see
        :class:`perceptrons.history.EpochState`. A true return value ends training.
    max_time : float or None, default=None
        Seconds after which training ends with the epoch under way.
    clip_norm : float, ("layer", float) or None, default=None
        Largest norm of the gradient, of all of it or of each layer's.
    schedule : str, record or None, default=None
        Course of the learning rate, not for "lbfgs" and "lm", instead of
        ``learning_rate``: "constant", "invscaling", "adaptive", "step", "cosine",
        "one_cycle", "warm_up", or a record such as ``schedules.Cosine(final=0.1)``.
    replacement : bool, default=False
        Draw batches with replacement (section II.E.4 of the report); n rows make an
        epoch.
    n_jobs : int or None, default=None
        Most threads, -1 for all cores. The NumPy engine always uses one.

    Attributes
    ----------
    coefs_ : list of ndarray of shape (n_in, n_out)
        Weights of each layer; may be changed or replaced, ``predict`` follows.
    intercepts_ : list of ndarray of shape (n_out,)
        Biases of each layer.
    history_ : History
        A row per epoch: loss, validation loss and score, learning rate, seconds;
        ``.to_frame()``, ``.plot()``.
    outcome_ : Outcome
        Why training ended, in which epoch the weights kept were best, by which engine.
    loss_, best_loss_ : float
        Objective (penalty included) of the last and of the best epoch; ``best_loss_``
        is None with ``early_stopping``.
    loss_curve_ : list of float
        Objective of every epoch, the mean over its batches.
    validation_scores_, best_validation_score_ : list of float, float
        ``score`` per epoch on the rows held out (R^2, or D^2 of the loss), and the
        best; None without ``early_stopping``.
    n_iter_ : int
        Epochs of the last fit.
    t_ : int
        Rows visited in all.
    n_features_in_, feature_names_in_ : int, ndarray
        Number and names (if X had string names) of the features.
    n_layers_, n_outputs_ : int
        Layers, input and output included; outputs.
    out_activation_ : str
        Link of the loss: "identity", "exp", "logistic" or "softmax".

    Examples
    --------
    >>> import numpy as np
    >>> from perceptrons import MLPRegressor
    >>> X = np.linspace(-1, 1, 200)[:, None]
    >>> y = 1 / (1 + 25 * X[:, 0] ** 2)
    >>> net = MLPRegressor(
    ...     hidden_layer_sizes=(20,), activation="tanh", solver="lbfgs",
    ...     max_iter=2000, random_state=0,
    ... ).fit(X, y)
    >>> bool(net.score(X, y) > 0.999)
    True
    """

    def __init__(
        self,
        loss: Any = "squared_error",
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        solver: Any = "adam",
        alpha: float = 0.0001,
        batch_size: Any = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: Any = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        l1: float = 0.0,
        l2: float = 0.0,
        init: Any = "auto",
        engine: str = "auto",
        dtype: Any = "float32",
        dropout: Any = 0.0,
        callbacks: Any = None,
        max_time: float | None = None,
        clip_norm: Any = None,
        schedule: Any = None,
        replacement: bool = False,
        n_jobs: int | None = None,
    ) -> None:
        self.loss = loss
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.l1 = l1
        self.l2 = l2
        self.init = init
        self.engine = engine
        self.dtype = dtype
        self.dropout = dropout
        self.callbacks = callbacks
        self.max_time = max_time
        self.clip_norm = clip_norm
        self.schedule = schedule
        self.replacement = replacement
        self.n_jobs = n_jobs

    def predict(self, X: Any) -> Array:
        """Predict the target of each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n, d)

        Returns
        -------
        ndarray of shape (n,), or (n, K) for K > 1 outputs or quantiles
            float32 for float32 X, else float64.
        """
        return self._finish(linked_outputs(self, X))

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return R^2 for squared losses, for others D^2 by the loss itself.

        D^2 = 1 - mean loss / mean loss of the best constant, the losses summed over
        outputs and quantiles: scikit-learn's ``d2_absolute_error_score``,
        ``d2_pinball_score`` and ``d2_tweedie_score(power=1)`` for one output.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n, d)
        y : array-like of shape (n,) or (n, K)
        sample_weight : array-like of shape (n,), default=None

        Returns
        -------
        float
            At most 1; 0 is as good as the best constant of these rows. R^2 is averaged
            over outputs. Minus the mean loss for a loss of your own without
            ``constant``.
        """
        check_is_fitted(self, "coefs_")
        if isinstance(self._problem.loss, losses.SQUARES):
            return float(r2_score(y, self.predict(X), sample_weight=sample_weight))
        X, Y = self._validate_held_out(X, y)
        weights = check_weights(sample_weight, len(Y))
        problem, raw = self._raw_outputs(X)
        _checks.domain("y", Y, problem.loss.domain, problem.loss)
        by_row = problem.loss.value(raw.astype(np.float64), Y)
        mean = float(np.average(by_row, weights=weights))
        return _d2(problem.loss, Y, weights)(raw, Y, weights, mean)

    def _finish(self, predictions: Array) -> Array:
        """Return one column as a vector."""
        return predictions[:, 0] if predictions.shape[1] == 1 else predictions

    def _read(self, X: Any, y: Any, reset: bool) -> tuple[Any, Any]:
        """Return X and y as scikit-learn's checks leave them."""
        return self._check_pair(X, y, reset, y_numeric=True)

    def _encode(self, y: Any) -> Array:
        """Return y of shape (n, K); one column per quantile."""
        with _checks.naming("y"):
            Y = np.asarray(y, np.float64).reshape(len(y), -1)
        n_outputs = losses.outputs_per_target(self._resolve_loss())
        if n_outputs > 1 and Y.shape[1] > 1:
            raise ValueError(
                f"y must have one column for {n_outputs} quantiles, got {Y.shape[1]}; "
                "fit one estimator per column."
            )
        return np.repeat(Y, n_outputs, axis=1) if n_outputs > 1 else Y

    def _resolve_loss(self) -> Loss:
        """Return the loss as a record."""
        if isinstance(self.loss, str) and self.loss == "log_loss":
            raise ValueError(
                "loss='log_loss' is for MLPClassifier; an MLPRegressor takes "
                "'binary_cross_entropy' for fractions and 'cross_entropy' for rows of "
                "probabilities."
            )
        return losses.resolve(self.loss)

    def _score(self, Y: Array, weights: Array | None) -> Score:
        """Return R^2 for squared losses, else D^2."""
        loss = self._resolve_loss()
        if isinstance(loss, losses.SQUARES):
            return R2.of(Y, weights)
        return _d2(loss, Y, weights)

    def _remarks(self, incremental: bool) -> list[tuple[str, type[Warning]]]:
        """Return the warnings after training: of targets out of reach, too."""
        remarks = super()._remarks(incremental)
        if self.outcome_.reason == "limit reached" and (remedy := _reach(self)):
            remarks = [(f"{text} {remedy}", kind) for text, kind in remarks]
        return remarks

    def _stratification(self, Y: Array) -> None:
        """Split at random."""


def _d2(loss: Loss, Y: Array, weights: Array | None) -> Score:
    """Return D^2: the share of the best constant's loss that is explained."""
    constant = getattr(loss, "constant", None)
    if constant is None:
        return MinusLoss()
    Y = Y.astype(np.float64)
    guess = np.broadcast_to(constant(Y, weights), Y.shape)
    least = float(np.average(loss.value(guess, Y), weights=weights))
    exact = least <= np.finfo(np.float64).eps * np.abs(Y).max(initial=0.0)
    return Explained(least, bool(exact))


class MLPClassifier(ClassifierMixin, Perceptron):
    """Feed-forward network for classification: scikit-learn's MLPClassifier, and more.

    Weights are **float32** by default, whatever the dtype of X; ``dtype="float64"``
    changes that. Every argument scikit-learn 1.9 has means what it means there; those
    from ``loss`` on are ours.

    It minimizes J(theta) = mean cross-entropy + penalty by backpropagation; scales and
    shapes are on one page, docs/conventions.md. Targets may be classes of any type, or
    a multilabel indicator of shape (n, n_classes).

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default=(100,)
        Width of each hidden layer; () for none, which is a linear model.
    activation : str, record, pair or list, default="relu"
        Of the hidden layers: "identity", "logistic" (or "sigmoid"), "tanh", "relu",
        "leaky_relu", "elu", "selu", "gelu", "silu", "softplus"; a record such as
        ``activations.LeakyReLU(0.2)``; a pair ``(function, derivative)`` of z; or a
        list with one of these per hidden layer.
    solver : str or rule, default="adam"
        "adam", "sgd" (with momentum), "adamw", "rmsprop", "adagrad": mini-batches;
        "gd": all rows in every step; "lbfgs", "lm": all rows, and their own steps, "lm"
        (Levenberg-Marquardt) those of least squares, for squared errors and at most
        5,000 weights; or a rule such as ``optimizers.RMSProp(decay=0.95)``, whose
        settings win over the arguments here.
    alpha : float, default=0.0001
        L2 penalty divided by the rows n of the batch (times the mean sample weight of
        all rows): alpha / (2 n) sum W^2. As in scikit-learn; eq. (15) of the report.
    batch_size : int or "auto", default="auto"
        Rows per step; "auto" is min(200, n). Not used by "gd", "lbfgs" and "lm".
    learning_rate : {"constant", "invscaling", "adaptive"}, default="constant"
        Only for ``solver="sgd"`` and "gd". "invscaling": learning_rate_init /
        (t + 1)^power_t, t the rows visited before the epoch. "adaptive": divided by 5
        each time training stops improving. ``schedule`` offers more.
    learning_rate_init : float, default=0.001
        Learning rate, before any schedule.
    power_t : float, default=0.5
        Exponent of "invscaling".
    max_iter : int, default=200
        Most epochs (iterations of L-BFGS).
    shuffle : bool, default=True
        Visit the rows in a new order every epoch; False: always as they stand.
    random_state : int, RandomState or None, default=None
        Seed of initial weights, batches, validation split and dropout.
    tol : float, default=1e-4
        Least improvement, of the training loss or the validation score, that counts;
        for "lbfgs" and "lm" the largest entry of the gradient at the end.
    verbose : bool, int or "bar", default=False
        True prints scikit-learn's lines; "bar" shows a progress bar with the loss.
    warm_start : bool, default=False
        ``fit`` goes on from the weights of the last one, with a new state of the
        optimizer, as in scikit-learn; ``partial_fit`` keeps that, too.
    momentum : float in [0, 1], default=0.9
        For ``solver="sgd"``.
    nesterovs_momentum : bool, default=True
        For ``solver="sgd"``.
    early_stopping : bool, default=False
        Hold out ``validation_fraction`` of the rows (or use ``fit``'s ``X_val``), end
        training when the validation score stops improving, and keep the weights of
        the best epoch. Not for "lbfgs".
    validation_fraction : float in [0, 1), default=0.1
        Rows held out by ``early_stopping``.
    beta_1, beta_2 : float in [0, 1), default=0.9, 0.999
        Decay of Adam's and AdamW's moments.
    epsilon : float, default=1e-8
        Added to the root in Adam and AdamW.
    n_iter_no_change : int or infinity, default=10
        Epochs without improvement by ``tol`` that are borne.
    max_fun : int, default=15000
        Most evaluations of the objective by "lbfgs" and "lm".
    loss : str or record, default="log_loss"
        "log_loss" is "binary_cross_entropy" for two classes and multilabel targets,
        else "cross_entropy"; a record such as
        ``losses.CrossEntropy(label_smoothing=0.1)`` sets more. Losses that give no
        probabilities are refused.
    l1, l2 : float, default=0.0
        Penalties l1 sum abs(W) and l2 / 2 sum W^2, divided by nothing: the lambda of
        the report's eqs. (12) and (10). Added to ``alpha``'s.
    init : str or (coefs, intercepts), default="auto"
        Initial weights: "auto", scikit-learn's; "standard_normal", the report's;
        "glorot_uniform", "glorot_normal", "he_uniform", "he_normal",
        "lecun_uniform", "lecun_normal"; or the weights themselves.
    engine : {"auto", "numpy", "compiled"}, default="auto"
        Who computes; ``outcome_`` records who did, and why.
    dtype : {"float32", "float64"}, default="float32"
        Of weights and training, whatever the dtype of X.
    class_weight : dict, "balanced" or None, default=None
        Weight of each class, multiplied with ``sample_weight``; "balanced" weighs
        classes by the inverse of their frequency.
    dropout : float or list of float, default=0.0
        Share of hidden units dropped in each step, in [0, 1); one number for all
        hidden layers or one per layer.
    callbacks : list or None, default=None
        Objects with ``on_epoch_end(state)``; see
        :class:`perceptrons.history.EpochState`. A true return value ends training.
    max_time : float or None, default=None
        Seconds after which training ends with the epoch under way.
    clip_norm : float, ("layer", float) or None, default=None
        Largest norm of the gradient, of all of it or of each layer's.
    schedule : str, record or None, default=None
        Course of the learning rate, not for "lbfgs" and "lm", instead of
        ``learning_rate``: "constant", "invscaling", "adaptive", "step", "cosine",
        "one_cycle", "warm_up", or a record such as ``schedules.Cosine(final=0.1)``.
    replacement : bool, default=False
        Draw batches with replacement (section II.E.4 of the report); n rows make an
        epoch.
    n_jobs : int or None, default=None
        Most threads, -1 for all cores. The NumPy engine always uses one.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels.
    coefs_ : list of ndarray of shape (n_in, n_out)
        Weights of each layer; may be changed or replaced, ``predict`` follows.
    intercepts_ : list of ndarray of shape (n_out,)
        Biases of each layer.
    history_ : History
        A row per epoch: loss, validation loss and score, learning rate, seconds;
        ``.to_frame()``, ``.plot()``.
    outcome_ : Outcome
        Why training ended, in which epoch the weights kept were best, by which engine.
    loss_, best_loss_ : float
        Objective (penalty included) of the last and of the best epoch; ``best_loss_``
        is None with ``early_stopping``.
    loss_curve_ : list of float
        Objective of every epoch, the mean over its batches.
    validation_scores_, best_validation_score_ : list of float, float
        Accuracy per epoch on the rows held out, and the best; None without
        ``early_stopping``.
    n_iter_ : int
        Epochs of the last fit.
    t_ : int
        Rows visited in all.
    n_features_in_, feature_names_in_ : int, ndarray
        Number and names (if X had string names) of the features.
    n_layers_, n_outputs_ : int
        Layers, input and output included; outputs.
    out_activation_ : str
        Link of the loss: "logistic" or "softmax".

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from perceptrons import MLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> net = MLPClassifier(solver="lbfgs", random_state=0).fit(X, y)
    >>> bool(net.score(X, y) > 0.95)
    True
    """

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        solver: Any = "adam",
        alpha: float = 0.0001,
        batch_size: Any = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: Any = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        loss: Any = "log_loss",
        l1: float = 0.0,
        l2: float = 0.0,
        init: Any = "auto",
        engine: str = "auto",
        dtype: Any = "float32",
        class_weight: Any = None,
        dropout: Any = 0.0,
        callbacks: Any = None,
        max_time: float | None = None,
        clip_norm: Any = None,
        schedule: Any = None,
        replacement: bool = False,
        n_jobs: int | None = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.loss = loss
        self.l1 = l1
        self.l2 = l2
        self.init = init
        self.engine = engine
        self.dtype = dtype
        self.class_weight = class_weight
        self.dropout = dropout
        self.callbacks = callbacks
        self.max_time = max_time
        self.clip_norm = clip_norm
        self.schedule = schedule
        self.replacement = replacement
        self.n_jobs = n_jobs

    @available_if(_is_stochastic)  # type: ignore[untyped-decorator]
    def partial_fit(
        self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None
    ) -> Self:
        """Train for one epoch, going on from where the last call ended.

        Weights, the optimizer's state and the random streams go on, so n calls equal
        one ``fit`` of n epochs, bit for bit, where nothing stops that ``fit`` early.
        Not for ``solver="lbfgs"`` and "lm".

        Parameters
        ----------
        X, y, sample_weight : as in ``fit``
        classes : array-like of shape (n_classes,), default=None
            All classes that any call will see; needed in the first call.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If ``classes`` is missing in the first call or differs in a later one, or
            y holds another class.
        """
        with self._all_or_nothing() as copied:
            if not hasattr(copied, "classes_"):
                if classes is None:
                    raise ValueError(
                        "classes must be passed on the first call to partial_fit."
                    )
                labels = unique_labels(classes)
                multilabel = type_of_target(y, input_name="y").startswith("multilabel")
                binarizer = LabelBinarizer().fit(y if multilabel else labels)
                copied._binarizer, copied.classes_ = binarizer, labels
            elif classes is not None and not np.array_equal(
                self.classes_, unique_labels(classes)
            ):
                raise ValueError(
                    f"`classes={classes!r}` is not the same as on last call to "
                    f"partial_fit, was: {self.classes_!r}"
                )
            copied._train(Call(X, y, sample_weight, partial=True))
        return self._warned(incremental=True)

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict the class of each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n, d)

        Returns
        -------
        ndarray of shape (n,), or (n, n_classes) of 0 and 1 for multilabel targets
        """
        found = linked_outputs(self, X)
        if found.shape[1] == 2 and self._binarizer.y_type_ == "binary":
            found = found[:, 1]
        elif found.shape[1] == 1:
            found = found[:, 0]
        labels: NDArray[Any] = self._binarizer.inverse_transform(found)
        return labels

    def predict_proba(self, X: Any) -> Array:
        """Return the probability of each class.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n, d)

        Returns
        -------
        ndarray of shape (n, n_classes)
            In the order of ``classes_``; each row sums to 1, except for multilabel
            targets. For a single class a second column, as in scikit-learn: of any
            other.
        """
        return self._finish(linked_outputs(self, X))

    def predict_log_proba(self, X: Any) -> Array:
        """Return ``log(predict_proba(X))``.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n, d)

        Returns
        -------
        ndarray of shape (n, n_classes)
            Minus infinity where a probability is 0.
        """
        probabilities = self.predict_proba(X)
        with np.errstate(divide="ignore"):
            return np.log(probabilities, out=probabilities)

    def _finish(self, predictions: Array) -> Array:
        """Return one column per class."""
        if predictions.shape[1] == 1:
            return np.hstack([1.0 - predictions, predictions])
        return predictions

    def _remarks(self, incremental: bool) -> list[tuple[str, type[Warning]]]:
        """Return the warnings after training: of a single class, too."""
        remarks = super()._remarks(incremental)
        if len(self.classes_) == 1:
            text = (
                f"y holds one class, {self.classes_.tolist()[0]!r}: predict gives it "
                "for every row."
            )
            remarks.append((text, UserWarning))
        return remarks

    def _read(self, X: Any, y: Any, reset: bool) -> tuple[Any, Any]:
        """Return X and y, checked as by scikit-learn, with a label in every row."""
        X, y = self._check_pair(X, y, reset)
        _check_labels(y)
        return X, y

    def _learn_classes(self, y: Any, call: Call) -> None:
        """Learn the classes, or check that these are those known."""
        if not hasattr(self, "classes_") or not (self.warm_start or call.partial):
            with _checks.naming("y"):
                self._binarizer = LabelBinarizer().fit(y)
            self.classes_ = self._binarizer.classes_
            return
        labels = unique_labels(y)
        if not call.partial and set(labels) != set(self.classes_):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the "
                f"previous call to fit. Previously got {self.classes_}, `y` has "
                f"{labels}"
            )
        self._check_known(y)

    def _labels(self) -> Labels:
        """Return the classes."""
        return Labels(self.classes_, self._binarizer)

    def _set_labels(self, labels: Labels) -> None:
        """Set the classes."""
        self.classes_, self._binarizer = labels.classes, labels.binarizer

    def _check_known(self, y: Any) -> None:
        """Refuse classes that were not trained on."""
        labels = unique_labels(y)
        if len(np.setdiff1d(labels, self.classes_, assume_unique=True)):
            raise ValueError(
                "`y` has classes not in `self.classes_`. `self.classes_` has "
                f"{self.classes_}. 'y' has {labels}."
            )

    def _encode(self, y: Any) -> Array:
        """Return the targets as the loss wants them."""
        Y: Array = np.asarray(self._binarizer.transform(y), np.float64)
        if Y.shape[1] == 1 and self._resolve_loss().link.name == "softmax":
            return np.hstack([1.0 - Y, Y])
        return Y

    def _resolve_loss(self) -> Loss:
        """Return the loss as a record: cross-entropy by the kind of target."""
        kind = self._binarizer.y_type_
        if isinstance(self.loss, str) and self.loss == "log_loss":
            return CrossEntropy() if kind == "multiclass" else BinaryCrossEntropy()
        if isinstance(self.loss, str):
            _checks.choice("loss", self.loss, ["log_loss", *losses.LOSSES])
        loss = losses.resolve(self.loss)
        needed = {"logistic": ("binary", "multilabel-indicator")}
        needed["softmax"] = ("binary", "multiclass")
        if loss.link.name not in needed:
            raise ValueError(
                "loss must give probabilities in a classifier: 'log_loss', "
                "'cross_entropy' or 'binary_cross_entropy' (or a record of these), got "
                f"{self.loss!r}; MLPRegressor takes every loss."
            )
        if kind not in needed[loss.link.name]:
            raise ValueError(
                f"loss={self.loss!r} does not fit {kind} targets; 'log_loss' chooses "
                "the loss that does."
            )
        return loss

    def _weigh_classes(self, call: Call, weights: Array | None) -> Array | None:
        """Return the rows' weights times those of their classes."""
        if self.class_weight is None:
            return weights
        with _checks.naming("class_weight"):
            check_class_weight(self.class_weight, np.ndim(call.y) == 2)
            if call.partial and isinstance(self.class_weight, str):
                raise ValueError(
                    f"class_weight={self.class_weight!r} needs all rows at once and "
                    "does not work with partial_fit; give a dict {class: weight}."
                )
            y = call.y if call.rows is None else _safe_indexing(call.y, call.rows)
            by_class: Array = compute_sample_weight(self.class_weight, y)
        if not (by_class >= 0).all() or not by_class.any():
            raise ValueError(
                "class_weight must hold numbers of at least 0, not all 0 for the "
                f"classes in y, got {self.class_weight!r}."
            )
        return by_class if weights is None else weights * by_class

    def _score(self, Y: Array, weights: Array | None) -> Score:
        """Return the accuracy, by which scikit-learn's classifier stops, too."""
        return Accuracy(by_sign=self._resolve_loss().link.name != "softmax")

    def _stratification(self, Y: Array) -> Any:
        """Keep the classes in proportion, except for multilabel targets."""
        if self._binarizer.y_type_ == "multilabel-indicator":
            return None
        if Y.shape[1] == 1:
            return Y.astype(bool)
        return self.classes_[Y.argmax(axis=1)]

    def __sklearn_tags__(self) -> Any:
        """Say that multilabel targets are welcome."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


def _reach(net: MLPRegressor) -> str:
    """Say so where Adam's steps were too short for targets as large as these.

    A step changes no weight by much more than the learning rate, however long the
    gradient: the output's bias and the weights before it, of units whose outputs are
    near 1, end within steps x rate x (units + 1). Where the first epoch misses by more,
    the first gradients tell of little but the distance.
    """
    resolved = settings.resolve(net)
    losses_seen = net.loss_curve_
    squares = isinstance(net._resolve_loss(), losses.SQUARES)
    if not squares or not isinstance(resolved.rule, Adam) or not losses_seen:
        return ""
    n_rows = max(1, net.t_ // max(1, net.n_iter_))
    size = n_rows if resolved.full_batch else min(resolved.batch_size or 200, n_rows)
    steps = net.n_iter_ * math.ceil(n_rows / size)
    width = net.coefs_[-1].shape[0]
    reach = resolved.learning_rate * steps * (width + 1)
    missed = math.sqrt(2 * losses_seen[0])
    # Still a tenth of the way to go: it has not got there in spite of that.
    if missed <= reach or losses_seen[-1] < 0.01 * losses_seen[0]:
        return ""
    return (
        f"The targets lie about {missed:.3g} away, and steps at the learning rate "
        f"{resolved.learning_rate:g} reach about {reach:.3g}: standardize y, by scikit-"
        "learn's TransformedTargetRegressor(net, transformer=StandardScaler()) or "
        "perceptrons.presets.tabular_regressor."
    )


def _check_labels(y: Any) -> None:
    """Refuse labels that are missing: nothing sorts them among the others."""
    if y.dtype != object:
        return
    missing = [row for row, label in enumerate(y.ravel()) if _is_missing(label)]
    if missing:
        raise ValueError(
            f"y must hold a label in every row, got {y.ravel()[missing[0]]!r} in row "
            f"{missing[0]} and {len(missing)} missing in all; leave these rows out, or "
            "name what is missing, such as 'none'."
        )


def _is_missing(label: Any) -> bool:
    """Tell whether a label is None, NaN or pandas' NA."""
    return (
        label is None
        or label is getattr(sys.modules.get("pandas"), "NA", ())
        or (isinstance(label, float) and label != label)
    )


def check_class_weight(given: Any, several: bool) -> None:
    """Check the form; lists of dicts are for several columns of labels."""
    if isinstance(given, str) and given == "balanced":
        return
    lists = several and isinstance(given, list)
    if not isinstance(given, dict) and not (
        lists and all(isinstance(item, dict) for item in given)
    ):
        raise (ValueError if isinstance(given, str) else TypeError)(
            "class_weight must be None, 'balanced' or a dict {class: weight}, got "
            f"{given!r}."
        )
