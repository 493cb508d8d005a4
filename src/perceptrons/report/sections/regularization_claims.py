"""What the report says about L1 and L2 penalties, judged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from perceptrons.report import ties
from perceptrons.report.claims import Finding, Test, sig
from perceptrons.report.sections.grids import (
    CEILING,
    counted,
    grid,
    mostly,
    of,
    with_norm,
)
from perceptrons.report.study import Study
from perceptrons.report.tables import ACTIVATIONS

#: How the page writes a norm.
NORMS = {"l1": "L1", "l2": "L2"}

# What the text calls small: the lower half of the strengths, the lowest two rates.
_WEAK, _SLOW = 1e-4, 0.01

# The learning rate of Table IV.
_RATE = 0.01


def penalized(rows: pd.DataFrame) -> pd.DataFrame:
    """Name the penalty of every network of the axes.

    Parameters
    ----------
    rows : DataFrame
        The study's rows.

    Returns
    -------
    DataFrame
        With ``norm``, "l1", "l2" or "none", and ``strength``, which is 0 without one.
    """
    return with_norm(grid(rows))


def words_of(cell: Mapping[str, Any] | pd.Series[Any]) -> str:
    """Write a network's penalty and learning rate.

    Parameters
    ----------
    cell : mapping or Series
        ``norm``, ``strength`` and ``learning_rate_init``.
    """
    rate = f"rate {cell['learning_rate_init']:g}"
    if cell["norm"] == "none":
        return f"no penalty, {rate}"
    return f"{NORMS[cell['norm']]} {cell['strength']:g}, {rate}"


def _lead(rows: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return the row with the lowest error."""
    return rows.sort_values(metric, na_position="last").iloc[:1]


def norms(rows: pd.DataFrame, activation: str, metric: str) -> dict[str, pd.DataFrame]:
    """Return the best row of each norm, and that without a penalty.

    Parameters
    ----------
    rows : DataFrame
        The study's rows of one seed.
    activation, metric : str

    Returns
    -------
    dict
        "l1", "l2" and "none" to one row of :func:`penalized`.
    """
    own = of(penalized(rows), activation=activation)
    return {name: _lead(of(own, norm=name), metric) for name in (*NORMS, "none")}


#: What a choice among many on the test set does to a comparison with few.
FAVORS = "a choice that favors the larger number"


def selection(rows: pd.DataFrame, activation: str) -> str:
    """Say of how many networks the best with and without a penalty were chosen.

    Parameters
    ----------
    rows : DataFrame
        The study's rows of one seed.
    activation : str
    """
    own = of(penalized(rows), activation=activation)["norm"]
    none = int((own == "none").sum())
    return (
        f"the best of {len(own) - none} with a penalty against the best of {none} "
        f"without, by the same test set: {FAVORS}"
    )


def _found(study: Study, row: pd.DataFrame) -> str:
    """Write a network and its error."""
    return f"{sig(study.lowest(row))} ({words_of(row.iloc[0])})"


def _l1_beats_l2(activation: str) -> Test:
    """Compare the best of both norms."""

    def test(study: Study, rows: pd.DataFrame) -> Finding:
        best = norms(rows, activation, study.metric)
        errors = [study.lowest(best[name]) for name in NORMS]
        words = " and ".join(_found(study, best[name]) for name in NORMS)
        return ties.lower(*errors), f"lowest {study.measure}: {words}"

    return test


def _norms_alike(study: Study, rows: pd.DataFrame) -> Finding:
    """Ask whether the errors of ReLU's best of both norms are alike."""
    best = norms(rows, "relu", study.metric)
    l1, l2 = (study.lowest(best[name]) for name in NORMS)
    words = " and ".join(_found(study, best[name]) for name in NORMS)
    return ties.alike(l1, l2), (
        f"lowest {study.measure}: {words}; alike: within {ties.TIE:.0%}"
    )


def _best_region(activation: str, low: float, high: float) -> Test:
    """Ask whether the best network has a weak penalty and a rate in this interval."""

    def test(study: Study, rows: pd.DataFrame) -> Finding:
        own = of(penalized(rows), activation=activation)
        own = own[own["norm"] != "none"]
        inside = own["strength"].le(_WEAK) & own["learning_rate_init"].between(
            low, high
        )
        best = [_lead(part, study.metric) for part in (own[inside], own[~inside])]
        errors = [study.lowest(row) for row in best]
        words = " and ".join(_found(study, row) for row in best)
        return ties.lower(*errors), f"lowest there and elsewhere: {words}"

    return test


def _insensitive(study: Study, rows: pd.DataFrame) -> Finding:
    """Ask whether sigmoid's errors under all strengths of L2 are alike, per rate."""
    own = of(penalized(rows), activation="sigmoid", norm="l2")
    answers, parts = [], []
    for rate, cells in own.groupby("learning_rate_init"):
        errors = study.errors(cells)
        span = [end(errors, key=ties.worst_last) for end in (min, max)]
        answers.append(ties.alike(*span))
        parts.append(f"{sig(span[0])} to {sig(span[1])} at {rate:g}")
    return mostly(answers), (
        f"over all lambda, by learning rate: {', '.join(parts)}; alike: within "
        f"{ties.TIE:.0%}"
    )


def _little_benefit(activation: str) -> Test:
    """Ask whether the best penalty gains no more than a share of the error."""

    def test(study: Study, rows: pd.DataFrame) -> Finding:
        best = norms(rows, activation, study.metric)
        errors = {name: study.lowest(row) for name, row in best.items()}
        best_norm = min(errors["l1"], errors["l2"], key=ties.worst_last)
        helped = ties.lower_by_share(best_norm, errors["none"])
        words = ", ".join(_found(study, row) for row in best.values())
        return helped is not True, (
            f"lowest {study.measure}: {words}; little: up to {ties.TIE:.0%}\n"
            f"{selection(rows, activation)}"
        )

    return test


def _explodes(study: Study, rows: pd.DataFrame) -> Finding:
    """Count leaky ReLU's networks above the ceiling at the high rates."""
    own = of(penalized(rows), activation="leaky_relu")
    lost = ~(own[study.metric] <= CEILING)
    fast = own["learning_rate_init"] >= 1
    shares = [(int(lost[part].sum()), int(part.sum())) for part in (fast, ~fast)]
    words = " and ".join(f"{count} of {size}" for count, size in shares)
    answer = mostly(list(lost[fast]))
    return answer, (
        f"{study.measure} above {CEILING:g}, or diverged, at rates from 1 and below: "
        f"{words}"
    )


def _harms(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare strong penalties with none at the rates from 0.01 to 0.1."""
    own = of(penalized(rows), activation="leaky_relu")
    own = own[own["learning_rate_init"].between(0.01, 0.1)]
    none = _lead(of(own, norm="none"), study.metric)
    strong = _lead(own[own["strength"] >= 0.01], study.metric)
    errors = study.lowest(none), study.lowest(strong)
    return ties.lower(*errors), (
        f"lowest without a penalty {_found(study, none)}, with lambda of at "
        f"least 0.01 {_found(study, strong)}"
    )


def _worsened(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare the best penalized network with none at Table IV's rate, 0.01."""
    answers, lines = [], []
    for name in ACTIVATIONS:
        own = of(penalized(rows), activation=name)
        best = _lead(own[own["norm"] != "none"], study.metric)
        none = of(own, norm="none", learning_rate_init=_RATE)
        pairs = [
            (study.lowest(none, part), study.lowest(best, part))
            for part in ("train_mse", "test_mse")
        ]
        answers += [ties.lower(*pair) for pair in pairs]
        train, test = (f"{sig(a)} and {sig(b)}" for a, b in pairs)
        lines.append(f"{ACTIVATIONS[name]}: train {train}, test {test}")
    return mostly(answers), (
        f"without a penalty and with the best: {counted(answers)}\n" + "\n".join(lines)
    )


def _l1_lower(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare the best of both norms for all three networks."""
    found = {name: _l1_beats_l2(name)(study, rows) for name in ACTIVATIONS}
    lines = [f"{ACTIVATIONS[name]}: {text}" for name, (_, text) in found.items()]
    answers = [answer for answer, _ in found.values()]
    return mostly(answers), "\n".join([counted(answers), *lines])


_TEXT = "section IV.C"
#: Sentence, its place in the report, and its test.
CLAIMS: list[tuple[str, str, Test]] = [
    ("Penalties generally worsen both training and test MSE of the best "
     "architectures.", "Tables IV and V", _worsened),
    ("Sigmoid: L1 slightly outperforms L2.", "Fig. 17", _l1_beats_l2("sigmoid")),
    ("Sigmoid: the lowest error has a small lambda (up to 1e-4) and a small learning "
     "rate (up to 0.01).", "Fig. 17", _best_region("sigmoid", 0.0, _SLOW)),
    ("Sigmoid: L2 shows minimal sensitivity to lambda.", "Fig. 17", _insensitive),
    ("Sigmoid generalizes as well without a penalty.", _TEXT,
     _little_benefit("sigmoid")),
    ("ReLU is largely insensitive to the choice of the norm.", "Fig. 18",
     _norms_alike),
    ("ReLU: the best has a low lambda (up to 1e-4) and a low learning rate (up to "
     "0.01).", "Fig. 18", _best_region("relu", 0.0, _SLOW)),
    ("ReLU: a penalty provides little benefit.", "Fig. 18", _little_benefit("relu")),
    ("Leaky ReLU: high learning rates (1 and more) make the error explode.",
     "Fig. 19", _explodes),
    ("Leaky ReLU: the best has a learning rate of 0.01 to 0.1 and a small lambda (up "
     "to 1e-4).", "Fig. 19", _best_region("leaky_relu", 0.01, 0.1)),
    ("Leaky ReLU: L1 again slightly outperforms L2.", "Fig. 19",
     _l1_beats_l2("leaky_relu")),
    ("Leaky ReLU: a penalty provides limited benefit.", "Fig. 19",
     _little_benefit("leaky_relu")),
    ("Leaky ReLU: excessive penalties harm, here lambda of at least 0.01.", "Fig. 19",
     _harms),
    ("The L1 norm yields slightly lower test errors than L2.", "section IV.C.1",
     _l1_lower),
]  # fmt: skip
