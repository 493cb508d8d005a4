"""What section II.F of the report expects, and what the studies say to it."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from perceptrons.report import tables, ties
from perceptrons.report.claims import Claim, Finding, Test, all_of, judge, sig, unrest
from perceptrons.report.gaps import Gap
from perceptrons.report.sections import images
from perceptrons.report.sections.architecture_claims import stable
from perceptrons.report.sections.grids import (
    counted,
    data_of,
    grid,
    lower_of_all,
    mostly,
    of,
    stuck,
)
from perceptrons.report.sections.library_cells import OURS, cells, of_cell
from perceptrons.report.sections.mnist_regularization import penalized as on_images
from perceptrons.report.sections.rates import listing
from perceptrons.report.sections.regularization_claims import (
    FAVORS,
    norms,
    penalized,
    selection,
)
from perceptrons.report.study import Study
from perceptrons.report.tables import ACTIVATIONS

SOURCE = "section II.F"

_KINDS = {"ols": tables.OLS, "ridge": "Ridge", "lasso": "Lasso"}

# Polynomials of degree 8 oscillate towards both ends of [-1, 1].
_EDGE = 0.8

# A network is as good as trained once its cost is below this multiple of the noise.
_LEARNED = 2.0

# Scatter of a test MSE on 300 rows with normal noise, sqrt(2 / 300).
_SCATTER = 0.08


def verdicts(studies: Mapping[str, Study]) -> list[Claim]:
    """Judge every hypothesis by the study that can decide it.

    Parameters
    ----------
    studies : mapping of name to Study
        The studies of this report.

    Returns
    -------
    list of Claim
        "not decidable", with the command to run, where the study is not among them.
    """
    return [_verdict(studies, *hypothesis) for hypothesis in _HYPOTHESES]


def _verdict(studies: Mapping[str, Study], text: str, name: str, test: Test) -> Claim:
    """Judge one hypothesis."""
    source = f"{SOURCE}; study {name}"
    if name not in studies:
        missing = f"Run the study: perceptrons report {name}"
        return Claim(text, source, "not decidable", missing)
    weigh = images.judge_mnist if name.startswith("mnist") else judge
    (claim,) = weigh(studies[name], [(text, source, test)])
    return claim


def _ols_wins(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare OLS with analytical Ridge and Lasso of the same degree."""
    own = rows[
        (rows["dataset"] == "runge") & rows["solver"].isna() & rows["folds"].isna()
    ]
    errors = {kind: study.lowest(of(own, kind=kind)) for kind in _KINDS}
    named = {_KINDS[kind]: error for kind, error in errors.items()}
    return lower_of_all(named, tables.OLS, study.measure)


def _narrows(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare the gap between test and train error with and without a penalty."""
    answers, lines = [], []
    for name, word in ACTIVATIONS.items():
        best = norms(rows, name, study.metric)
        gaps = {norm: Gap.of(study, row) for norm, row in best.items()}
        answers += [gaps[norm].narrower(gaps["none"]) for norm in ("l1", "l2")]
        text = ", ".join(
            f"{norm.upper()} {sig(gaps[norm].size)}" for norm in ("l1", "l2")
        )
        lines.append(f"{word}: none {sig(gaps['none'].size)}, {text}")
    return mostly(answers), (
        f"test minus train MSE of the best network: {counted(answers)}\n"
        + "\n".join(lines)
    )


def _narrows_on_images(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare the gap between both accuracies with and without a penalty."""
    table = on_images(rows)
    gaps = {}
    for norm in ("none", "L1", "L2"):
        own = of(table, norm=norm).sort_values("test_error", na_position="last")
        gaps[norm] = float((own["test_error"] - own["train_error"]).iloc[0])
    text = ", ".join(f"{norm} {gap:.2%}" for norm, gap in gaps.items())
    # A gap scatters as the test errors do, however small it is itself.
    none = study.lowest(of(table, norm="none"), "test_error")
    scale = images.scatter(none, none, images.count(study, rows, "test"))
    answers = [
        None if abs(gaps[norm] - gaps["none"]) <= scale else gaps[norm] < gaps["none"]
        for norm in ("L1", "L2")
    ]
    return all_of(answers), f"test minus training error of the best penalty: {text}"


def _l2_beats_ols(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare the best network with an L2 penalty with OLS."""
    ols = study.lowest(of(rows, kind="ols"))
    errors = {
        word: study.lowest(norms(rows, name, study.metric)["l2"])
        for name, word in ACTIVATIONS.items()
    }
    text = ", ".join(f"{word} {sig(error)}" for word, error in errors.items())
    best = min(errors.values(), key=ties.worst_last)
    many = len(of(penalized(rows), norm="l2"))
    return ties.lower(best, ols), (
        f"{study.measure} with L2: {text}; OLS {sig(ols)}; the lowest and OLS are "
        f"{ties.apart(best, ols)}\nthe best of {many} networks "
        f"by the same test set against one OLS, {FAVORS}"
    )


def _l1_worse(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare the best of both norms."""
    answers, lines = [], []
    for name, word in ACTIVATIONS.items():
        best = norms(rows, name, study.metric)
        l1, l2 = (study.lowest(best[norm]) for norm in ("l1", "l2"))
        answers.append(ties.lower(l2, l1))
        lines.append(f"{word}: L1 {sig(l1)}, L2 {sig(l2)}, {ties.apart(l1, l2)}")
    return mostly(answers), "\n".join([counted(answers), *lines])


def _helps_complex(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare the largest network with its best penalty and without."""
    networks = penalized(rows)
    largest = networks.sort_values("n_parameters").iloc[-1]
    errors = {
        norm: study.lowest(row)
        for norm, row in norms(rows, largest["activation"], study.metric).items()
    }
    best = min(errors["l1"], errors["l2"], key=ties.worst_last)
    words = ", ".join(f"{norm} {sig(error)}" for norm, error in errors.items())
    return ties.lower(best, errors["none"]), (
        f"{largest['model']}, {ACTIVATIONS[largest['activation']]}, "
        f"{largest['n_parameters']} parameters, lowest {study.measure}: {words}; "
        f"the best with and without a penalty are {ties.apart(best, errors['none'])}\n"
        f"{selection(rows, largest['activation'])}"
    )


def _helps_on_images(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare the test error of the best penalty with that of none."""
    table = on_images(rows)
    none = study.lowest(of(table, norm="none"), "test_error")
    best = study.lowest(table[table["norm"] != "none"], "test_error")
    many = images.count(study, rows, "test")
    return images.fewer(best, none, many), (
        f"test accuracy: none {images.percent(none)}, best penalty "
        f"{images.percent(best)}"
    )


def _best_rows(study: Study, rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return OLS and the best network of each activation."""
    found = {tables.OLS: of(rows, kind="ols")}
    networks = grid(rows).sort_values(study.metric, na_position="last")
    for name, word in ACTIVATIONS.items():
        found[word] = of(networks, activation=name).iloc[:1]
    return found


def _no_oscillations(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare the errors against f near the ends of the interval."""
    data = data_of(study, rows)
    edge = np.abs(data.X_test[:, 0]) > _EDGE
    errors = {}
    for word, row in _best_rows(study, rows).items():
        away = study.curves(row["key"].item())["predicted"] - data.f_test
        squares = np.square(away[edge])
        errors[word] = ties.Error(float(squares.mean()), squares, "edge")
    text = ", ".join(f"{word} {sig(error)}" for word, error in errors.items())
    ols = errors.pop(tables.OLS)
    return all_of([ties.lower(error, ols) for error in errors.values()]), (
        f"error against f where abs(x) > {_EDGE}, best networks: {text}"
    )


def _costly(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare error, parameters and seconds of OLS and the best network."""
    ols, *networks = _best_rows(study, rows).values()
    best = min(networks, key=lambda row: ties.worst_last(study.lowest(row)))
    errors = [study.lowest(row) for row in (best, ols)]
    sizes = [int(row["n_parameters"].item()) for row in (best, ols)]
    near = bool(abs(errors[0] / errors[1] - 1) <= _SCATTER)
    parts = ", ".join(
        f"{word} {study.measure} {sig(error)}, {size} parameters, "
        f"{sig(row['seconds'].item())} s"
        for word, row, error, size in zip(
            ("best network", tables.OLS), (best, ols), errors, sizes, strict=True
        )
    )
    return all_of([near, sizes[1] < sizes[0]]), (
        f"{parts}\ncomparable: apart by no more than the scatter of the test set, "
        f"{_SCATTER:.0%}; efficiency by parameters, as the seconds were measured while "
        "other runs may have shared the cores"
    )


def _pairs(rows: pd.DataFrame, first: str, second: str) -> list[pd.DataFrame]:
    """Return the rows of two activations with the same architecture, pair by pair."""
    sides = [
        of(grid(rows), activation=name).set_index("hidden_layer_sizes")
        for name in (first, second)
    ]
    return [
        pd.concat([side.loc[[size]] for side in sides])
        for size in sides[0].index.intersection(sides[1].index)
    ]


def _relu_better(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare ReLU and sigmoid, architecture by architecture and at their best."""
    pairs = _pairs(rows, "relu", "sigmoid")
    answers = [ties.lower(*study.errors(pair)) for pair in pairs]
    best = {word: study.lowest(row) for word, row in _best_rows(study, rows).items()}
    lead = ties.lower(best["ReLU"], best["sigmoid"])
    return all_of([mostly(answers), lead]), (
        f"same architecture: {counted(answers)}; lowest {study.measure}: ReLU "
        f"{sig(best['ReLU'])}, sigmoid {sig(best['sigmoid'])}, "
        f"{ties.apart(best['ReLU'], best['sigmoid'])}"
    )


def _relu_better_on_images(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare the lowest and the median test error of ReLU and sigmoid."""
    many = images.count(study, rows, "test")
    errors = {name: of(rows, activation=name)["test_error"] for name in ACTIVATIONS}
    answers, parts = [], []
    for word in ("min", "median"):
        values = {name: float(e.agg(word)) for name, e in errors.items()}
        answers.append(images.fewer(values["relu"], values["sigmoid"], many))
        listed = ", ".join(
            f"{ACTIVATIONS[n]} {images.percent(v)}" for n, v in values.items()
        )
        parts.append(f"{'best' if word == 'min' else word} {listed}")
    return all_of(answers), f"test accuracy: {'; '.join(parts)}"


def _epochs(study: Study, rows: pd.DataFrame, key: str) -> float:
    """Return the first epoch whose cost is near the noise; inf if there is none."""
    cost = study.curves(key)["cost"]
    reached = np.flatnonzero(cost <= _LEARNED * data_of(study, rows).noise_train)
    return float(reached[0] + 1) if reached.size else math.inf


def _relu_faster(study: Study, rows: pd.DataFrame) -> Finding:
    """Count the epochs until the cost is near the noise, by architecture."""
    pairs = [
        tuple(_epochs(study, rows, key) for key in pair["key"])
        for pair in _pairs(rows, "relu", "sigmoid")
    ]
    answers = [ties.lower(relu, sigmoid) for relu, sigmoid in pairs]
    never = [sum(math.isinf(pair[i]) for pair in pairs) for i in (0, 1)]
    return mostly(answers), (
        f"epochs until the cost is {_LEARNED:g} times the noise, ReLU fewer than "
        f"sigmoid: {counted(answers)}; never there: {never[0]} and {never[1]} of "
        f"{len(pairs)}"
    )


def _relu_stable(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare how much the cost jumps, where both networks learned something."""
    networks = grid(rows)
    lost = set(networks.loc[stuck(study, networks), "key"])
    found = _pairs(rows, "relu", "sigmoid")
    # The cost of a network that learns nothing hardly moves: no merit of ReLU's.
    pairs = [
        tuple(unrest(study.curves(key)["cost"]) for key in pair["key"])
        for pair in found
        if not lost & set(pair["key"])
    ]
    if not pairs:
        return None, "no architecture learned something with both"
    answers = [ties.lower(relu, sigmoid) for relu, sigmoid in pairs]
    medians = [float(np.median([pair[i] for pair in pairs])) for i in (0, 1)]
    return mostly(answers), (
        f"mean change of ln cost from epoch to epoch, ReLU less than sigmoid: "
        f"{counted(answers)}; median {sig(medians[0])} and {sig(medians[1])}; left "
        f"out: {len(found) - len(pairs)} of {len(found)} architectures where one "
        "of both learned nothing"
    )


def _leaky_like_relu(study: Study, rows: pd.DataFrame) -> Finding:
    """Ask whether the errors of both are alike in most architectures."""
    pairs = [study.errors(pair) for pair in _pairs(rows, "leaky_relu", "relu")]
    same = [ties.alike(*pair) for pair in pairs]
    best = _best_rows(study, rows)
    leaky, relu = (study.lowest(best[word]) for word in ("leaky ReLU", "ReLU"))
    return mostly(same), (
        f"same architecture: {sum(same)} of {len(same)} errors within {ties.TIE:.0%}; "
        f"leaky ReLU lower: {counted([ties.lower(*pair) for pair in pairs])}; lowest "
        f"{study.measure} {sig(leaky)} and {sig(relu)}, {ties.apart(leaky, relu)}"
    )


def _rate_matters(study: Study, rows: pd.DataFrame) -> Finding:
    """Ask whether the rates of every network and optimizer differ in error."""
    networks = of(rows, kind="network")
    by = [name for name in ("model", "solver") if networks[name].nunique() > 1]
    answers, lines = [], []
    for labels, own in networks.groupby(by, sort=False):
        worst = max(study.errors(own), key=ties.worst_last)
        answers.append(ties.lower(study.lowest(own), worst))
        words = ", ".join(
            tables.OPTIMIZERS.get(str(name), str(name)) for name in labels
        )
        lines.append(f"{words}: {listing(study, own)}")
    return all_of(answers), "\n".join(lines)


def _epochs_matter(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare the test error after the shortest and the longest training."""
    answers, lines = [], []
    settings = cells(study)
    for size in dict.fromkeys(cell.sizes for cell in settings):
        own = [cell for cell in settings if cell.sizes == size]
        errors = [
            study.lowest(of(of_cell(rows, study, cell), library=OURS))
            for cell in (own[0], own[-1])
        ]
        differ = ties.lower(*errors) is not None
        answers.append(True if differ else None)
        lines.append(
            f"{study.measure}: {own[0].words} {sig(errors[0])}, {own[-1].words} "
            f"{sig(errors[1])}"
        )
    return all_of(answers), "\n".join(lines)


def _sparse(study: Study, rows: pd.DataFrame) -> Finding:
    """Say what would decide."""
    return None, (
        "no weights are kept, and the report counts none; the share of weights near "
        "zero under each penalty would decide"
    )


_LINEAR, _GRID, _PENALTY = "linear-baselines", "architectures", "regularization"
_HYPOTHESES: list[tuple[str, str, Test]] = [
    ("OLS performs better than Ridge and Lasso: on a simple problem a penalty only "
     "adds bias.", _LINEAR, _ols_wins),
    ("L1 and L2 handle overfitting better than no penalty.", _PENALTY, _narrows),
    ("L1 and L2 handle overfitting better than no penalty; here on MNIST.",
     "mnist-regularization", _narrows_on_images),
    ("A network with L2 outperforms OLS.", _PENALTY, _l2_beats_ols),
    ("L1 performs slightly worse than L2.", _PENALTY, _l1_worse),
    ("L1 may lead to sparser models.", _PENALTY, _sparse),
    ("Networks avoid the oscillations of polynomials near the boundary.", _GRID,
     _no_oscillations),
    ("On simple data networks and linear models perform comparably, networks at a "
     "lower computational efficiency.", _GRID, _costly),
    ("ReLU outperforms sigmoid.", _GRID, _relu_better),
    ("ReLU outperforms sigmoid; here on MNIST.", "mnist-architectures",
     _relu_better_on_images),
    ("ReLU learns faster than sigmoid.", _GRID, _relu_faster),
    ("ReLU learns more stably than sigmoid.", _GRID, _relu_stable),
    ("Leaky ReLU behaves similarly to ReLU.", _GRID, _leaky_like_relu),
    ("Leaky ReLU is slightly more robust than ReLU, as it avoids dead neurons.",
     _GRID, stable),
    ("A penalty improves generalization in more complex models; here the largest of "
     "the three networks.", _PENALTY, _helps_complex),
    ("A penalty improves generalization in more complex models; here on MNIST.",
     "mnist-regularization", _helps_on_images),
    ("The learning rate affects the final performance.", "learning-rates",
     _rate_matters),
    ("The learning rate affects the final performance; here with other optimizers.",
     "optimizers", _rate_matters),
    ("The number of epochs affects the final performance.", "libraries",
     _epochs_matter),
]  # fmt: skip
