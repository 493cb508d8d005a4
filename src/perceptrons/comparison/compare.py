"""The function ``perceptrons.compare``: from a table to a verdict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perceptrons.comparison.conclusion import conclude
from perceptrons.comparison.measured import carry_out
from perceptrons.comparison.options import Options
from perceptrons.comparison.plan import make_plan
from perceptrons.comparison.progress import bar
from perceptrons.comparison.result import Comparison


def compare(
    X: Any,
    y: Any,
    *,
    task: str | None = None,
    groups: Any = None,
    time: Any = None,
    gap: int = 0,
    blocks: Any = None,
    weights: Any = None,
    drop: Any = (),
    category: Any = (),
    keep: Any = (),
    candidates: Mapping[str, Any] | None = None,
    against: str | None = None,
    metric: Any = None,
    repeats: int | None = None,
    n_folds: int | None = None,
    quick: bool = False,
    rope: float = 0.01,
    random_state: int | None = None,
    n_jobs: int | None = None,
    progress: bool = False,
) -> Comparison:
    """Tell whether a neural network is justified on a table.

    A constant, straight lines, splines and polynomials, a network and gradient boosting
    are fitted on the same folds of repeated cross-validation, behind the same
    preparation of columns. Gain is the relative drop of the metric, RMSE or log loss
    if none is named. A network is "justified" if over every cheaper model
    P(gain > 0) >= 0.95 and the gain is at least ``rope``; "not justified" if over one
    of them P(gain > rope) <= 0.05, or if it makes next to no error; else "undecided".
    Where it is not justified, the verdict names what to take: the simplest model within
    ``rope`` of the best.

    The variance of a gain is that of the rows' influences plus that between repeats;
    with one repeat, as along time, it is that of the corrected t-test over folds.

    Parameters
    ----------
    X : DataFrame or array-like of shape (n, d)
        Of pandas, polars or Arrow: numbers, categories, dates, gaps, as
        :class:`perceptrons.tables.TableEncoder` takes them, prepared within every fold.
    y : array-like of shape (n,)
        The target.
    task : {"regression", "classification"} or None, default=None
        None: text, booleans or at most 10 distinct whole numbers are classes.
    groups : str, int, array-like of shape (n,) or None, default=None
        Rows of one group stay together, in the inner validation of the candidates,
        too; the name of a column of X, or values.
    time : str, int, array-like of shape (n,) or None, default=None
        Train on earlier rows, test on later ones; the name of a column of X, or
        values: numbers or dates, also as text, or ordered categories. There are no
        repeats then.
    gap : int, default=0
        So many moments, distinct times, between the last row that trains and the first
        that is tested: what is known only so long after a row must not be learned from.
    blocks : str, int, array-like of shape (n,) or None, default=None
        Test on blocks of a column, train on the other blocks: what a model is worth
        where its values shift. Each of at most 20 values is a block; numbers and dates
        are cut into ``n_folds``, 5 if None. The column stays one of X; there are no
        repeats, whatever ``repeats`` says, and inner folds keep blocks together, too,
        where three or more are trained on.
    weights : str, int, array-like of shape (n,) or None, default=None
        For how many each row stands, above 0; the name of a column of X, or values.
        They reach the fits of all candidates that take ``sample_weight``, metric,
        gains and intervals; who does not take them is told.
    drop : str, int, sequence of them or None, default=()
        Columns to leave out, by name.
    category : str, int, sequence of them or None, default=()
        Columns whose numbers are codes.
    keep : str, int, sequence of them or None, default=()
        Columns to use though they look like row numbers, identifiers or repetitions.
    candidates : mapping of str to estimator or None, default=None
        Further scikit-learn estimators; classifiers need ``predict_proba``. Their
        ``fit`` gets ``groups`` and ``time`` where it has arguments of these names, a
        search ``groups`` where its splitter takes them.
    against : str or None, default=None
        The candidate that alone decides; None: every cheaper one does, and the table
        has gains over the best that is linear in its coefficients.
    metric : str, array-like of shape (K, K) or None, default=None
        What decides: "RMSE", "MAE" or "Poisson deviance" for numbers, or "pinball 0.9"
        for a quantile, which the candidates are then trained to predict; "log loss",
        "Brier", "AUC" or "balanced error" for classes, or what it costs to take a
        class (row, sorted) for another (column). None: RMSE or log loss.
    repeats, n_folds : int or None, default=None
        Of cross-validation. None: 3 x 10, with more than 500 rows 3 x 5, with more
        than 20,000 3 x 3; 5 along time. Fewer folds where there are fewer groups or
        rows of a class.
    quick : bool, default=False
        A first look: 2 x 3 folds, which find less.
    rope : float, default=0.01
        Relative gain below which models are practically equal.
    random_state : int or None, default=None
        Seed of folds and fits; None draws one, kept as ``result.seed``.
    n_jobs : int or None, default=None
        Folds at a time, in processes of their own where that is faster; None or -1:
        as many as this process may use cores. The numbers do not depend on it, but for
        the times, and unless a candidate draws from NumPy's global generator.
    progress : bool, default=False
        Show a bar on standard error, and before it a line for each leak and for each
        column that is dropped, pooled or read in a way that could be wrong.

    Returns
    -------
    Comparison
        ``verdict``, ``table()``, ``plot()``, ``save(folder)``, ``winner``.

    Raises
    ------
    ValueError
        If an argument is out of range or the data cannot be compared.
    TypeError
        If a candidate is no estimator.

    References
    ----------
    Nadeau and Bengio (2003), Inference for the generalization error, Machine Learning
    52. Corani and Benavoli (2015), A Bayesian approach for comparing cross-validated
    algorithms on multiple data sets, Machine Learning 100.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> import perceptrons
    >>> X, y = load_diabetes(return_X_y=True)
    >>> result = perceptrons.compare(X, y, random_state=0)  # doctest: +SKIP
    >>> result.verdict.status  # doctest: +SKIP
    'undecided'
    """
    options = Options(
        task, groups, time, gap, blocks, weights, drop, category, keep, candidates,
        against, metric, repeats, n_folds, quick, rope, random_state, n_jobs,
    )  # fmt: skip
    options.check()
    plan = make_plan(X, y, options, progress)
    with bar(progress, plan.work) as advance:
        measured = carry_out(plan, advance)
    return conclude(plan, measured)
