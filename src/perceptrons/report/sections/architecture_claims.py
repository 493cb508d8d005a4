"""What the report says about depth, width and activation, judged."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import pandas as pd

from perceptrons.report import ties
from perceptrons.report.beside import as_on_seed_0
from perceptrons.report.claims import Finding, Test, all_of, sig
from perceptrons.report.gaps import Gap
from perceptrons.report.limits import MARGIN
from perceptrons.report.sections.grids import (
    best_of_all,
    counted,
    data_of,
    grid,
    lower_of_all,
    median,
    mostly,
    of,
    printed_best,
    stuck,
)
from perceptrons.report.study import Study, dataset
from perceptrons.report.tables import ACTIVATIONS

#: Points between our gap and the printed one that are still "about" the same.
_ABOUT = 0.05

_PARTS = ("train_mse", "test_mse")


def shape(cell: Mapping[str, Any] | pd.Series[Any]) -> str:
    """Write an architecture as the report does: layers x nodes."""
    return f"{cell['layers']:.0f} \N{MULTIPLICATION SIGN} {cell['nodes']:.0f}"


def _by_activation(rows: pd.DataFrame, metric: str) -> dict[str, pd.DataFrame]:
    """Return the row with the lowest error of each activation."""
    networks = grid(rows).sort_values(metric, na_position="last")
    return {name: of(networks, activation=name).iloc[:1] for name in ACTIVATIONS}


def _best(study: Study, rows: pd.DataFrame) -> Finding:
    """Ask of every activation whether Table IV's architecture is the best here."""
    answers, lines = [], []
    for name in ACTIVATIONS:
        own = of(grid(rows), activation=name).sort_values(study.metric)
        place = printed_best(name)
        mine = of(own, layers=place["layers"], nodes=place["nodes"])
        rest = own.drop(mine.index)
        error, lead = study.lowest(mine), study.lowest(rest)
        answers.append(ties.lower(error, lead))
        first = min(error, lead, key=ties.worst_last)
        tied = sum(ties.lower(first, e) is None for e in study.errors(own))
        rank = int((own[study.metric] < error).sum()) + 1
        lines.append(
            f"{ACTIVATIONS[name]} {shape(place)}: {sig(error)}, rank {rank} of "
            f"{len(own)}; {tied} tie with the lowest, {sig(study.lowest(own))}"
            f" of {shape(own.iloc[0])}"
        )
    return all_of(answers), "\n".join(lines)


def _reached(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare the lowest error of each activation with Table IV's."""
    ratios = best_of_all(rows)
    text = ", ".join(f"{ACTIVATIONS[name]} {r:.3f}" for name, r in ratios.items())
    holds = all(ratio <= MARGIN for ratio in ratios.values())
    return holds, (
        f"ours, with the noise of the report's test set, divided by Table IV's: {text}"
    )


def _gap(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare the gap between train and test error with that of Table IV."""
    answers: list[bool | None] = []
    lines = []
    for name, row in _by_activation(rows, study.metric).items():
        ours, theirs = (
            1 - float(train) / float(test)
            for train, test in (
                [as_on_seed_0(row, part).item() for part in _PARTS],
                [printed_best(name)[part] for part in _PARTS],
            )
        )
        answers.append(bool(ours > 0 and abs(ours - theirs) <= _ABOUT))
        lines.append(f"{ACTIVATIONS[name]} {ours:.1%} (printed {theirs:.1%})")
    data = dataset(study.experiment.dataset, 0)
    noise = 1 - data.noise_train / data.noise_test
    return all_of(answers), (
        f"train below test MSE, both with the noise of the report's data, by "
        f"{', '.join(lines)}; the noise alone by {noise:.1%}; about: within "
        f"{100 * _ABOUT:g} points of the printed"
    )


def _overfits(study: Study, rows: pd.DataFrame) -> Finding:
    """Take the realized noise of either part out of the gap."""
    data, answers, lines = data_of(study, rows), [], []
    for name, row in _by_activation(rows, study.metric).items():
        train = row["train_mse"].item() - data.noise_train
        test = row["excess"].item()
        answers.append(Gap.of_noise(study, row).narrower(Gap.of(study, row)))
        lines.append(f"{ACTIVATIONS[name]}: {sig(test)} test, {sig(train)} train")
    share = 1 - data.noise_train / data.noise_test
    return all_of(answers), (
        f"the noise alone is {share:.1%} lower in the training part; above the noise:\n"
        + "\n".join(lines)
    )


def _wider(study: Study, rows: pd.DataFrame) -> Finding:
    """Ask whether a middle width beats both the narrowest and the widest."""
    answers, lines = [], []
    for (name, depth), cells in _shallow(rows).groupby(
        ["activation", "layers"], sort=False
    ):
        cells = cells.sort_values("nodes")
        inner, ends = study.lowest(cells.iloc[1:-1]), study.errors(cells.iloc[[0, -1]])
        narrow, wide = cells["nodes"].iloc[[0, -1]]
        answers.append(all_of([ties.lower(inner, end) for end in ends]))
        lines.append(
            f"{ACTIVATIONS[str(name)]}, {depth} layers: lowest "
            f"between {sig(inner)}, {narrow} nodes {sig(ends[0])}, {wide} nodes "
            f"{sig(ends[1])}"
        )
    return mostly(answers), "\n".join([counted(answers), *lines])


def _shallow(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the networks with one or two hidden layers."""
    networks = grid(rows)
    return networks[networks["layers"] <= 2]


def _deep(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the networks with five or more hidden layers."""
    networks = grid(rows)
    return networks[networks["layers"] >= 5]


def _medians(rows: pd.DataFrame, metric: str) -> dict[str, float]:
    """Return the median error of each activation, one that diverged the largest."""
    return {name: median(of(rows, activation=name)[metric]) for name in ACTIVATIONS}


def _sigmoid_shallow(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare the medians of shallow networks."""
    medians = _medians(_shallow(rows), study.metric)
    named = {ACTIVATIONS[name]: error for name, error in medians.items()}
    words = f"median {study.measure} with one or two layers"
    return lower_of_all(named, ACTIVATIONS["sigmoid"], words)


def _leaky_deep(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare ReLU and leaky ReLU in deep networks."""
    medians = _medians(_deep(rows), study.metric)
    named = {ACTIVATIONS[name]: medians[name] for name in ("leaky_relu", "relu")}
    words = f"median {study.measure} with five to seven layers"
    return lower_of_all(named, ACTIVATIONS["leaky_relu"], words)


def _sigmoid_vanishes(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare deep and shallow sigmoid networks of two nodes."""
    narrow = of(grid(rows), activation="sigmoid", nodes=2)
    narrow = narrow.sort_values("layers")
    errors = dict(zip(narrow["layers"], study.errors(narrow), strict=True))
    text = ", ".join(f"{sig(v)} with {layers}" for layers, v in errors.items())
    first = min(errors)
    answers = [ties.lower(errors[first], errors[n]) for n in errors if n >= 6]
    return all_of(answers) if answers else None, (
        f"{study.measure} of sigmoid networks with 2 nodes per layer, by layers: {text}"
    )


def _relu_middle(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare the middle of ReLU's grid with its border."""
    cells = of(grid(rows), activation="relu")
    inside = pd.Series(True, index=cells.index)
    for name in ("layers", "nodes"):
        inside &= ~cells[name].isin([cells[name].min(), cells[name].max()])
    best = [
        part.sort_values(study.metric, na_position="last").iloc[:1]
        for part in (cells[inside], cells[~inside])
    ]
    middle, border = (study.lowest(row) for row in best)
    words = " and ".join(
        f"{sig(study.lowest(row))} ({shape(row.iloc[0])})" for row in best
    )
    return ties.lower(middle, border), (
        f"lowest in the middle and on the border: {words}, {ties.apart(middle, border)}"
    )


def _relu_narrow(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare two nodes with the best width at every depth."""
    answers, parts = [], []
    for depth, cells in of(grid(rows), activation="relu").groupby("layers"):
        narrow = study.lowest(of(cells, nodes=2))
        wider = median(cells[cells["nodes"].between(4, 64)][study.metric])
        answers.append(ties.lower(wider, narrow))
        parts.append(f"{depth}: {sig(narrow)} and {sig(wider)}")
    return all_of(answers), (
        f"2 nodes, and the median of 4 to 64, by layers: {'; '.join(parts)}"
    )


def _relu_wide(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare 128 nodes with 4 to 32 nodes in deep networks."""
    answers, parts = [], []
    for depth, cells in of(_deep(rows), activation="relu").groupby("layers"):
        wide = study.lowest(of(cells, nodes=128))
        middle = median(cells[cells["nodes"].between(4, 32)][study.metric])
        answers.append(ties.lower(middle, wide))
        parts.append(f"{depth}: {sig(wide)} and {sig(middle)}")
    return all_of(answers) if answers else None, (
        f"128 nodes, and the median of 4 to 32, by layers: {'; '.join(parts)}"
    )


def _sigmoid_prefers_shallow(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare the best shallow and the best deep sigmoid network."""
    parts = [
        of(part, activation="sigmoid").sort_values(study.metric).iloc[:1]
        for part in (_shallow(rows), _deep(rows))
    ]
    errors = [study.lowest(part) for part in parts]
    return ties.lower(*errors), (
        f"lowest {study.measure} {sig(errors[0])} with one or two layers, "
        f"{sig(errors[1])} with five to seven, {ties.apart(*errors)}"
    )


def _alike(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare the best of the three activations, pair by pair."""
    errors = {n: study.lowest(r) for n, r in _by_activation(rows, study.metric).items()}
    same = [ties.alike(a, b) for a, b in combinations(errors.values(), 2)]
    text = ", ".join(
        f"{ACTIVATIONS[name]} {sig(error)}" for name, error in errors.items()
    )
    return all(same), f"lowest {study.measure}: {text}"


def stable(study: Study, rows: pd.DataFrame) -> Finding:
    """Count the networks of ReLU and leaky ReLU that learned nothing.

    Parameters
    ----------
    study : Study
    rows : DataFrame
        The study's rows of one seed.

    Returns
    -------
    Finding
    """
    networks = grid(rows)
    lost = stuck(study, networks).groupby(networks["activation"]).agg(["sum", "size"])
    counts = {
        name: (int(lost["sum"][name]), int(lost["size"][name])) for name in ACTIVATIONS
    }
    text = ", ".join(f"{ACTIVATIONS[n]} {a} of {b}" for n, (a, b) in counts.items())
    relu, leaky = (counts[name][0] for name in ("relu", "leaky_relu"))
    return None if relu == leaky else leaky < relu, (
        f"networks with a test MSE above half the variance of the targets: {text}"
    )


_TEXT = "section IV.B"
#: Sentence, its place in the report, and its test.
CLAIMS: list[tuple[str, str, Test]] = [
    ("The best architectures are 7 \N{MULTIPLICATION SIGN} 8 (sigmoid), 6 "
     "\N{MULTIPLICATION SIGN} 16 (ReLU) and 6 \N{MULTIPLICATION SIGN} 128 (leaky "
     "ReLU).", "Table IV", _best),
    (f"The best of each activation has the test MSE of Table IV (at most {MARGIN} "
     "times as much).", "Table IV", _reached),
    ("The training errors of the best networks are smaller than their test errors, "
     "by about 11 %.", "Table IV", _gap),
    ("That gap shows some overfitting; here after taking out the noise of either part.",
     _TEXT, _overfits),
    ("In networks with few layers more nodes improve the accuracy, up to a point.",
     "Figs. 14 to 16", _wider),
    ("Sigmoid does relatively well in networks with few layers.", _TEXT,
     _sigmoid_shallow),
    ("Deep sigmoid networks with few nodes have large errors, as gradients vanish.",
     "Fig. 14", _sigmoid_vanishes),
    ("ReLU is best at intermediate numbers of layers and nodes.", "Fig. 15",
     _relu_middle),
    ("With too few nodes ReLU's errors are consistently higher.", "Fig. 15",
     _relu_narrow),
    ("Very wide layers degrade deep ReLU networks.", "Fig. 15", _relu_wide),
    ("Leaky ReLU does slightly better than ReLU in deeper networks.", "Fig. 16",
     _leaky_deep),
    ("Leaky ReLU is stable over more architectures than ReLU.", "Fig. 16", stable),
    ("Sigmoid suits shallow networks better than deep ones.", _TEXT,
     _sigmoid_prefers_shallow),
    ("At their best the three activations do not differ (by more than "
     f"{ties.TIE:.0%}).", _TEXT, _alike),
]  # fmt: skip
