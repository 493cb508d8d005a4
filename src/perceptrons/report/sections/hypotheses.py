"""What section II.F of the report expects, and its main conclusion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from perceptrons.report import ties
from perceptrons.report.claims import (
    Claim,
    Finding,
    Row,
    all_of,
    judge,
    mostly,
    sig,
    together,
)
from perceptrons.report.contests import Contest, contest
from perceptrons.report.picks import LINEAR, NETWORKS, OLS, grid, least, most, of, pick
from perceptrons.report.sections import images
from perceptrons.report.study import Study
from perceptrons.report.tables import ACTIVATIONS

SOURCE = "section II.F"

# Scatter of a test MSE on 300 rows with normal noise, sqrt(2 / 300).
_SCATTER = 0.08


def verdicts(studies: Mapping[str, Study]) -> list[Claim]:
    """Judge every hypothesis that one of these studies can decide.

    Parameters
    ----------
    studies : mapping of name to Study
        The studies of this report.
    """
    return [
        replace(claim, source=f"{claim.source}; study {name}")
        for name, rows in ROWS.items()
        if name in studies
        for claim in judge(studies[name], rows, studies)
    ]


def _costly(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare error, parameters and seconds of OLS and the best network."""
    ols = of(rows, kind="ols")
    best = grid(rows).sort_values(study.metric, na_position="last").iloc[:1]
    errors = [study.lowest(row) for row in (best, ols)]
    sizes = [int(row["n_parameters"].item()) for row in (best, ols)]
    near = bool(abs(errors[0] / errors[1] - 1) <= _SCATTER)
    parts = ", ".join(
        f"{word} {study.measure} {sig(error)}, {size} parameters, "
        f"{sig(row['seconds'].item())} s"
        for word, row, error, size in zip(
            ("best network", "OLS"), (best, ols), errors, sizes, strict=True
        )
    )
    return all_of([near, sizes[1] < sizes[0]]), (
        f"{parts}\ncomparable: apart by no more than the scatter of the test set, "
        f"{_SCATTER:.0%}; efficiency by parameters, as other runs may have shared the "
        "cores"
    )


def _differ(a: float, b: float) -> bool | None:
    """Tell whether two errors differ; None for a tie."""
    return None if ties.lower(a, b) is None else True


def _largest(rows: pd.DataFrame) -> pd.Series[bool]:
    """Tell which networks have most parameters."""
    networks = rows["n_parameters"].where(rows["kind"].eq("network"))
    return networks.eq(networks.max()) & rows["clip_norm"].isna()


def _of_perceptrons(rows: pd.DataFrame) -> pd.Series[bool]:
    """Tell which trainings are this library's, from the report's start."""
    return rows["library"].eq("perceptrons") & rows["init"].ne("auto")


_SAME = ["hidden_layer_sizes"]
_SIGMOID, _RELU, _LEAKY = (
    pick(words, **NETWORKS, activation=name) for name, words in ACTIVATIONS.items()
)
_ANY = pick("the best network", **NETWORKS)
_L1, _L2, _NONE = (
    pick(words, norm=name)
    for name, words in (("l1", "L1"), ("l2", "L2"), ("none", "no penalty"))
)
_BEST = pick("the best penalty", norm=["l1", "l2"])
_SPREAD = (pick("the lowest"), pick("the highest", "highest"))

#: Name of the study that decides -> hypotheses.
ROWS: dict[str, list[Row]] = {
    "linear-baselines": [
        contest("OLS performs better than Ridge and Lasso: on a simple problem a "
                "penalty only adds bias.", SOURCE, pick("OLS", kind="ols"),
                [pick("Ridge", kind="ridge"), pick("Lasso", kind="lasso")],
                among={"dataset": "runge", "solver": None, "folds": None}),
    ],
    "regularization": [
        contest("L1 and L2 handle overfitting better than no penalty: a narrower gap "
                "between test and training error.", SOURCE, [_L1, _L2], _NONE,
                among=NETWORKS, each=["activation"], measures=["gap"], agree=mostly),
        contest("A network with L2 outperforms OLS.", SOURCE,
                pick("L2", **NETWORKS, norm="l2"), OLS),
        contest("A network with L2 outperforms OLS; here the best linear model.",
                SOURCE,
                pick("L2", **NETWORKS, norm="l2"), LINEAR),
        contest("L1 performs slightly worse than L2.", SOURCE, _L2, _L1, among=NETWORKS,
                each=["activation"], agree=mostly),
        contest("L1 may lead to sparser models: more weights of the best network are "
                "below 0.001 in size than under L2.", SOURCE, _L1, _L2, among=NETWORKS,
                each=["activation"], measures=["near_zero"], by=ties.higher,
                agree=mostly),
        contest("A penalty improves generalization in more complex models; here the "
                "largest of the three networks.", SOURCE, _BEST, _NONE, among=_largest),
    ],
    "architectures": [
        contest("Networks avoid the oscillations of polynomials near the boundary.",
                SOURCE, [_SIGMOID, _RELU, _LEAKY], OLS, measures=["edge"]),
        Row("On simple data networks and linear models perform comparably, networks at "
            "a lower computational efficiency.", SOURCE, _costly),
        Row("ReLU outperforms sigmoid.", SOURCE, together(
            Contest(_RELU, _SIGMOID, NETWORKS, _SAME, agree=mostly),
            Contest(_RELU, _SIGMOID))),
        contest("ReLU learns faster than sigmoid.", SOURCE, _RELU, _SIGMOID,
                among=NETWORKS, each=_SAME, measures=["epochs_to_learn"], agree=mostly),
        contest("ReLU learns more stably than sigmoid; of architectures with which "
                "both learn something.", SOURCE, _RELU, _SIGMOID, among=NETWORKS,
                each=_SAME,
                measures=["relative_jumps"], agree=mostly),
        contest("Leaky ReLU behaves similarly to ReLU: alike at most architectures.",
                SOURCE, _LEAKY, _RELU, among=NETWORKS, each=_SAME, by=ties.alike,
                agree=mostly),
        contest("Leaky ReLU is slightly more robust than ReLU, as it avoids dead "
                "neurons: fewer networks learn nothing.", SOURCE,
                pick("leaky ReLU", "lost", activation="leaky_relu"),
                pick("ReLU", "lost", activation="relu"), among=NETWORKS, by=ties.fewer),
        contest("Neural networks outperform linear regression for nonlinear problems; "
                "here on Runge's function against OLS of degree 8.", "abstract", _ANY,
                OLS),
        contest("Neural networks outperform linear regression for nonlinear problems; "
                "here on Runge's function against the best linear model.", "abstract",
                _ANY, LINEAR),
        contest("The added complexity of networks is not always necessary: on Runge's "
                "function the best linear model is as good as the best network.",
                "abstract", LINEAR, _ANY, by=ties.not_lost_to),
    ],
    "mnist-architectures": images.claims([
        Row("ReLU outperforms sigmoid; here on MNIST.", SOURCE, together(
            Contest(_RELU, _SIGMOID),
            Contest(pick("median ReLU", "median", activation="relu"),
                    pick("median sigmoid", "median", activation="sigmoid")))),
    ]),
    "mnist-regularization": images.claims([
        contest("L1 and L2 handle overfitting better than no penalty; here on MNIST.",
                SOURCE, [_L1, _L2], _NONE, measures=["gap"]),
        contest("A penalty improves generalization in more complex models; here on "
                "MNIST.", SOURCE, _BEST, _NONE),
    ]),
    "learning-rates": [
        contest("The learning rate affects the final performance.", SOURCE, *_SPREAD,
                among=NETWORKS, each=["model"], by=_differ),
    ],
    "optimizers": [
        contest("The learning rate affects the final performance; here with other "
                "optimizers.", SOURCE, *_SPREAD, among=NETWORKS,
                each=["hidden_layer_sizes", "solver"], by=_differ),
    ],
    "libraries": [
        contest("The number of epochs affects the final performance; of perceptrons.",
                SOURCE, pick("the fewest epochs", max_iter=least),
                pick("the most epochs", max_iter=most),
                among=_of_perceptrons,
                each=["hidden_layer_sizes"], by=_differ),
    ],
}  # fmt: skip
