"""Tables II and III and Fig. 4: plain SGD, RMSProp and Adam over learning rates."""

from __future__ import annotations

from typing import Any

from perceptrons.report import figures
from perceptrons.report.beside import beside_published
from perceptrons.report.claims import Row, pick_one
from perceptrons.report.contests import Trend, contest
from perceptrons.report.picks import LINEAR, NETWORKS, OLS, least, pick
from perceptrons.report.section import Picture, Table
from perceptrons.report.study import Study
from perceptrons.report.tables import OPTIMIZERS, against_rates, histories, published

_LABELS = ["hidden_layer_sizes", "solver", "learning_rate_init"]


def tables(study: Study) -> list[Table]:
    """Set Tables II and III beside our numbers."""
    one, two = _sizes(study)
    return [_table(study, "II", one), _table(study, "III", two)]


def pictures(study: Study) -> list[Picture]:
    """Draw cost, mean G_t and errors of both networks side by side."""
    one, two = _sizes(study)
    pairs = zip(_pictures(study, "a", one), _pictures(study, "b", two), strict=True)
    return [picture for pair in pairs for picture in pair]


def _sizes(study: Study) -> dict[str, str]:
    """Return the hidden layers of both networks and what they are called."""
    networks = study.table[study.table["kind"] == "network"]
    one, two = dict.fromkeys(networks["hidden_layer_sizes"])
    return {one: f"one layer ({one})", two: f"two layers ({two})"}


def _table(study: Study, number: str, size: str) -> Table:
    """Set Table II or III beside our numbers."""
    printed = published("optimizers_mse").rename(
        columns={
            "hidden_layers": "hidden_layer_sizes",
            "optimizer": "solver",
            "learning_rate": "learning_rate_init",
        }
    )
    printed["hidden_layer_sizes"] = printed["hidden_layer_sizes"].str.replace(",", ", ")
    printed = printed[printed["hidden_layer_sizes"] == size]
    ols = published("gradient_descent_mse")
    printed_ols = pick_one(ols, study.metric, model="ols_degree_8")
    beside = beside_published(study, printed, _LABELS, printed_ols)
    return Table(
        f"table-{number.lower()}",
        f"Table {number}: {_sizes(study)[size]}, optimizers and learning rates",
        beside.drop(columns="hidden layers"),
        "Same conclusion: does the network predict better than OLS?",
    )


def _pictures(study: Study, letter: str, size: str) -> list[Picture]:
    """Draw errors, and cost and mean G_t of RMSProp, for one network."""
    of_size = study.table[study.table["hidden_layer_sizes"] == size]
    rmsprop = study.chosen(hidden_layer_sizes=size, solver="rmsprop")
    ols = study.table[study.table["kind"] == "ols"]["test_mse"].mean()
    words = _sizes(study)[size]
    number = "II" if letter == "a" else "III"
    return [
        Picture(
            f"figure-4{letter}-cost",
            f"Fig. 4: RMSProp's cost histories, {words}",
            "Mean cost of each epoch's batches at four learning rates.",
            histories(rmsprop, "cost", "learning_rate_init"),
            lambda data: figures.histories(
                data, "training cost (mean squared error)", "learning rate"
            ),
        ),
        Picture(
            f"figure-4{letter}-mean-square",
            f"RMSProp's mean G_t, {words}",
            "Mean over all parameters of the running mean of squared gradients, eq. "
            "(24), after each epoch; the report explains Fig. 4 by it.",
            histories(rmsprop, "mean_square", "learning_rate_init"),
            lambda data: figures.histories(
                data, "mean G_t (squared gradient)", "learning rate"
            ),
        ),
        Picture(
            f"optimizers-{letter}",
            f"MSE against the learning rate, {words}",
            f"The numbers of Table {number}. A cross marks training that diverged.",
            against_rates(of_size, "solver"),
            lambda data: figures.against_rate(data, "optimizer", ols),
        ),
    ]


_EACH = ["hidden_layer_sizes"]
_BY_SOLVER: dict[str, dict[str, Any]] = {
    name: {"solver": name, "kind": "network"} for name in OPTIMIZERS
}
_RATES = [pick(f"at {rate:g}", learning_rate_init=rate) for rate in (0.01, 0.1, 0.2)]
_LOWEST = pick("at the lowest rate", learning_rate_init=least)
_ONE, _TWO = pick("one layer", layers=1), pick("two layers", layers=2)
_SGD, _RMSPROP, _ADAM = (
    pick(word, **_BY_SOLVER[name]) for name, word in OPTIMIZERS.items()
)
_TABLES = "Tables II and III"
CLAIMS = [
    Row("Plain SGD does better with a higher learning rate.", _TABLES,
        Trend(True, _SGD.where, _EACH)),
    Row("RMSProp does worse with a higher learning rate.", _TABLES,
        Trend(False, _RMSPROP.where, _EACH)),
    contest("RMSProp is unstable at the higher rates: its cost jumps more from epoch "
            "to epoch than at the lowest rate.", "Fig. 4", _LOWEST, _RATES,
            among=_RMSPROP.where, each=_EACH, measures=["jumps"]),
    contest("At high rates RMSProp's G_t become small: below that at the lowest rate.",
            "section IV.A.1", _RATES, _LOWEST, among=_RMSPROP.where, each=_EACH,
            measures=["mean_square"]),
    contest("RMSProp at the lowest rate beats OLS.", _TABLES, _LOWEST, OLS,
            among=_RMSPROP.where, each=_EACH),
    contest("RMSProp at the lowest rate beats OLS; here the best linear model.",
            _TABLES,
            _LOWEST, LINEAR, among=_RMSPROP.where, each=_EACH),
    contest("Adam is the best performer at its best rate, each optimizer's rate chosen "
            "by {measure}.", _TABLES, _ADAM, [_SGD, _RMSPROP], among=NETWORKS,
            each=_EACH),
    contest("The two-layer network performs better, each with the optimizer and rate "
            "chosen by {measure}.", _TABLES, _TWO, _ONE, among=NETWORKS),
    contest("Adam is unstable at the higher rates in the two-layer network.",
            "Table III", _LOWEST, _RATES, among={**_BY_SOLVER["adam"], "layers": 2},
            measures=["jumps"]),
    contest("At its best, chosen by {measure}, the two-layer network has the larger "
            "gap between training and test error.", _TABLES, _ONE, _TWO, among=NETWORKS,
            measures=["gap"]),
    contest("The two-layer network with optimized settings has the lowest error and "
            "outperforms OLS.", "section V", _TWO, [_ONE, OLS], among=NETWORKS),
    contest("The two-layer network with optimized settings outperforms linear models; "
            "here the best of them.", "section V", _TWO, LINEAR, among=NETWORKS),
]  # fmt: skip
