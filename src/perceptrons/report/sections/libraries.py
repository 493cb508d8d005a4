"""Figs. 6 to 13: the same network in this library and in three others."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd

from perceptrons.report import figures, ties
from perceptrons.report.answers import Answer, same
from perceptrons.report.claims import Finding, Row, all_of
from perceptrons.report.contests import Contest, contest
from perceptrons.report.measures import data_of
from perceptrons.report.picks import LINEAR, OLS, chosen, least, most, of, pick
from perceptrons.report.section import Picture, Table
from perceptrons.report.study import Study
from perceptrons.report.tables import (
    RUNS,
    headed,
    histories,
    over_seeds,
    own_results,
    published,
    shaped,
)
from perceptrons.study.libraries import (
    LIBRARIES,
    NOT_INSTALLED,
    SAME_GRADIENT,
    missing,
)

#: The report's own program, or here this library.
OURS = LIBRARIES[0]

# Names of the published file; "ffnn" is the report's own program.
_NAMES = {"ffnn": OURS, "pytorch": "PyTorch", "keras": "Keras"}


@dataclass(frozen=True)
class Setting:
    """A network and a number of epochs: two figures of the report.

    Parameters
    ----------
    where : mapping
        Its values in the study's table.
    printed : DataFrame
        The report's rows, by library.
    figure : int
        Number of the report's figure of cost histories; predictions are the next.
    network : str
        In the report's words: "1 x 10".
    """

    where: Mapping[str, Any]
    printed: pd.DataFrame
    figure: int
    network: str


def settings(study: Study) -> list[Setting]:
    """Return the report's settings, simple network first, shortest training first.

    Where training is shortened, shorter ones stand in their order for the report's.
    """
    rows = of_setting(study.table)
    theirs = _printed()
    networks = zip(
        theirs["hidden_layers"].unique(), rows["hidden_layer_sizes"].unique(),
        strict=True,
    )  # fmt: skip
    # A single length, where both were shortened to it, stands for the first.
    lengths = zip(
        sorted(theirs["epochs"].unique()), sorted(rows["max_iter"].unique()),
        strict=False,
    )  # fmt: skip
    return [
        Setting(
            {"hidden_layer_sizes": sizes, "max_iter": length},
            of(theirs, hidden_layers=network, epochs=epochs).set_index("library"),
            6 + 2 * i,
            network.replace("x", " x "),
        )
        for i, ((network, sizes), (epochs, length)) in enumerate(
            itertools.product(list(networks), list(lengths))
        )
    ]


def _printed() -> pd.DataFrame:
    """Return the printed errors and seconds, libraries in our names."""
    table = published("libraries_time_and_test_mse")
    return table.replace({"library": _NAMES})


def of_setting(rows: pd.DataFrame, **where: Any) -> pd.DataFrame:
    """Return the rows of a setting, one per library and seed; of all if none is given.

    Other starts are left out.
    """
    return rows[_where(**where)(rows)]


def tables(study: Study) -> list[Table]:
    """Set the printed numbers beside ours."""
    return [_beside_published(study), _others(study)]


def pictures(study: Study) -> list[Picture]:
    """Draw Figs. 6 to 13."""
    return [p for setting in settings(study) for p in _pictures(study, setting)]


def hints(study: Study) -> list[str]:
    """Say which libraries are missing, and how to get them."""
    return [
        f"{name} is not installed, and its rows are gaps: install it with `{hint}` "
        "and run the same command again."
        for name, hint in missing().items()
    ]


def failures(study: Study) -> list[str]:
    """Return which library computed another gradient, a sentence each."""
    rows = study.table[study.table["kind"] == "library"]
    worst = rows.groupby("library", sort=False)["gradient_rel"].max()
    return [
        f"{study.experiment.name}: the gradient of {library} differs from ours by "
        f"{share:.2g} of its largest entry, more than {SAME_GRADIENT[str(library)]:g}."
        for library, share in worst.items()
        if share > SAME_GRADIENT[str(library)]
    ]


def _beside_published(study: Study) -> Table:
    """Set test MSE and seconds beside the printed ones."""
    rows = [row for setting in settings(study) for row in _setting(study, setting)]
    return Table(
        "table",
        "Figs. 6 to 13: test MSE and seconds",
        headed(pd.DataFrame(rows)),
        "Same conclusion: does the network learn the function, its test MSE below "
        "twice the realized noise of the test set? Ratio: seconds of the library over "
        "those of our own in the same setting, the report's FFNN or perceptrons; same "
        "order: is the library slower than our own in both? The printed seconds are "
        "another machine's.",
    )


def _setting(study: Study, setting: Setting) -> list[dict[str, Any]]:
    """Return the rows of one setting."""
    own = of_setting(study.table, **setting.where)
    ours = over_seeds(own, ["library"]).set_index("library").to_dict("index")
    noise = [data_of(rows).noise_test for _, rows in own.groupby("seed")]
    learned = 2.0 * sum(noise) / len(noise)
    printed = setting.printed.to_dict("index")
    rows = []
    for library, here in ours.items():
        there = printed[library]
        ratio_there = there["seconds"] / printed[OURS]["seconds"]
        ratio_here = here["seconds"] / ours[OURS]["seconds"]
        rows.append(
            {
                "network": setting.network,
                "epochs": int(setting.where["max_iter"]),
                "library": library,
                "test published": there["test_mse"],
                "test ours": here["test_mse"],
                "test difference": here["test_mse"] - there["test_mse"],
                "spread": here["spread"],
                "same conclusion?": _learning(there["test_mse"], here, learned),
                "excess": here["excess"],
                "error_f": here["error_f"],
                "n_parameters": here["n_parameters"],
                "seconds published": there["seconds"],
                "seconds ours": here["seconds"],
                "ratio published": ratio_there,
                "ratio ours": ratio_here,
                "same order?": _order(ratio_there, ratio_here, library == OURS),
                RUNS: here[RUNS],
            }
        )
    return rows


def _learning(there: float, here: Mapping[Hashable, Any], bound: float) -> Answer:
    """Say whether the printed and our network learn the function."""
    if math.isnan(here["test_mse"]):
        return Answer(None, str(here["ended"]))
    return same(there < bound, here["test_mse"] < bound, "learned it")


def _order(theirs: float, ours: float, is_own: bool) -> Answer | str:
    """Say whether a library is slower than our own both there and here."""
    if is_own:
        return "the yardstick"
    if math.isnan(ours):
        return Answer(None, "no time here")
    return same(ties.faster(1.0, theirs), ties.faster(1.0, ours), "slower than our own")


def _others(study: Study) -> Table:
    """Show the runs from scikit-learn's narrow uniform start, and those of SGD."""
    kinds = study.table["kind"].isin(["library", "network"])
    rows = study.table[kinds & (study.table["init"] != study.experiment.base["init"])]
    own = rows.assign(
        library=rows["library"].fillna(OURS),
        solver=rows["solver"].fillna("adam"),
        max_iter=rows["max_iter"].astype(int),
    )
    labels = ["library", "solver", "hidden_layer_sizes", "max_iter"]
    return Table(
        "other-start",
        "From scikit-learn's own kind of start",
        own_results(own, labels, study.metric).rename(columns={"max_iter": "epochs"}),
        "Weights and biases uniform within sqrt(2 / (n_in + n_out)), as scikit-learn "
        "draws them for the sigmoid. SGD has scikit-learn's default momentum 0.9, and "
        "its full 300 epochs always.",
    )


def _pictures(study: Study, setting: Setting) -> list[Picture]:
    """Draw the cost histories and the predictions of one setting."""
    rows = of_setting(study.table, **setting.where)
    rows = rows[rows["reason"] != NOT_INSTALLED]
    gaps = ", ".join(missing())
    gap = f" Not installed, and so not drawn: {gaps}." if gaps else ""
    words = f"{setting.network}, {setting.where['max_iter']:.0f} epochs"
    costs, predicted = setting.figure, setting.figure + 1
    return [
        Picture(
            f"figure-{costs}",
            f"Fig. {costs}: cost histories, {words}",
            f"Mean squared error of each epoch's batches, eq. (6) for all four.{gap}",
            histories([study.record(key) for key in rows["key"]], "cost", "library"),
            partial(
                figures.histories,
                ylabel="training cost (mean squared error)",
                legend="library",
            ),
        ),
        Picture(
            f"figure-{predicted}",
            f"Fig. {predicted}: predictions, {words}",
            f"Predictions for the test set of seed {study.seeds[0]}, over its noisy "
            f"points and the function behind them.{gap}",
            study.predictions(of(rows, seed=study.seeds[0]), "library"),
            figures.predictions,
        ),
    ]


def _as_similar_as_printed(a: float, b: float) -> bool:
    """Tell whether a is above b by no more than printed errors called similar are."""
    after_first = _printed().groupby(["hidden_layers", "epochs"], sort=False)
    apart = [
        errors.max() / errors.min()
        for (network, epochs), errors in after_first["test_mse"]
        if (network, epochs) != ("1x10", 300)
    ]
    return bool(a <= max(apart) * (1.0 + ties.TIE) * b)


def _keras_grows_least(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare how much longer the complex network takes."""
    main = of_setting(shaped(rows))
    seconds = main.pivot(index=["layers", "library"], columns="max_iter")["seconds"]
    growth = seconds.loc[main["layers"].max()] / seconds.loc[main["layers"].min()]
    answers, lines = [], []
    for epochs, by in growth.items():
        answers += [
            ties.faster(by["Keras"], by[name]) for name in LIBRARIES if name != "Keras"
        ]
        text = ", ".join(f"{name} {by[name]:.3g}" for name in LIBRARIES)
        lines.append(f"{epochs:.0f} epochs: {text} times as long")
    return all_of(answers), "\n".join(lines)


def _no_clear_best(study: Study, rows: pd.DataFrame) -> Finding:
    """Look for a library that is clearly fastest and nowhere less accurate."""
    if rows["reason"].eq(NOT_INSTALLED).any():
        return None, "a library is missing"
    for name in LIBRARIES:
        own = pick(name, library=name)
        others = [pick(other, library=other) for other in LIBRARIES if other != name]
        first, _ = Contest(
            own, others, _where(), _SETTING, ties.faster, measures=["seconds"]
        )(study, rows)
        worse, _ = Contest(
            others, own, _where(), _SETTING, agree=lambda answers: True in answers
        )(study, rows)
        if first and not worse:
            return (
                False,
                f"{name} is fastest in every setting and nowhere less accurate",
            )
    return True, "none is fastest in every setting and nowhere less accurate"


def _same_gradient(study: Study, rows: pd.DataFrame) -> Finding:
    """Take the largest difference of every library's gradient from ours."""
    found = rows[(rows["kind"] == "library") & (rows["library"] != OURS)]
    worst = found.groupby("library", sort=False)["gradient_rel"].max().to_dict()
    known = {str(name): value for name, value in worst.items() if value == value}
    if not known:
        return None, "no other library is installed"
    good = all(value <= SAME_GRADIENT[name] for name, value in known.items())
    text = ", ".join(f"{name} {value:.1e}" for name, value in known.items())
    return good, f"largest difference of one gradient from ours, relative: {text}"


_TEXT = "section IV.A.2"
_THEIRS = (
    "The FFNN is the authors' own program. Here perceptrons stands in its place: the "
    "table has its numbers, which say nothing of that program."
)
_SETTING = ["hidden_layer_sizes", "max_iter"]
_OWN, _SKLEARN, _TORCH, _KERAS = (pick(name, library=name) for name in LIBRARIES)
_SIMPLE, _COMPLEX = pick("simple", layers=least), pick("complex", layers=most)


def _where(**where: Any) -> Callable[[pd.DataFrame], pd.Series[bool]]:
    """Return a condition: the report's settings, and these among them."""

    def keep(rows: pd.DataFrame) -> pd.Series[bool]:
        main = rows["kind"].eq("library") & rows["init"].ne("auto")
        found = chosen(rows[main], where)
        return found.reindex(rows.index, fill_value=False)

    return keep


def _after_first(rows: pd.DataFrame) -> pd.Series[bool]:
    """Tell which runs are of all settings but the first."""
    first = _where(layers=least)(rows) & _where(max_iter=least)(rows)
    return _where()(rows) & ~first


CLAIMS = [
    contest("After 300 epochs the simple network has learned the function in the FFNN, "
            "in PyTorch and in Keras, but not in scikit-learn: 0.078, perhaps in a "
            "local minimum.", "Fig. 6", [_OWN, _TORCH, _KERAS], _SKLEARN,
            among=_where(layers=least, max_iter=least), by=ties.learns_alone),
    contest("In the other settings all four reach similar test MSEs: no farther apart "
            "than the printed ones and a tie.", _TEXT, pick("highest", "highest"),
            pick("lowest"), among=_after_first, each=_SETTING,
            by=_as_similar_as_printed),
    Row("The FFNN has the lowest test MSE of the four, but with the complex network "
        "after 1000 epochs the highest.", _TEXT, _THEIRS),
    contest("scikit-learn reaches the lowest training cost in these settings, perhaps "
            "by overfitting.", "Figs. 8, 10, 12", _SKLEARN, [_OWN, _TORCH, _KERAS],
            among=_after_first, each=_SETTING, measures=["train_mse"]),
    Row("The cost history of the FFNN is the noisiest of the four.",
        "Figs. 6, 8, 10, 12", _THEIRS),
    Row("The FFNN is one of the fastest.", _TEXT, _THEIRS),
    contest("scikit-learn is faster than PyTorch and Keras.", _TEXT, _SKLEARN,
            [_TORCH, _KERAS], among=_where(), each=_SETTING, by=ties.faster,
            measures=["seconds"]),
    contest("Keras takes longest.", _TEXT, [_OWN, _SKLEARN, _TORCH], _KERAS,
            among=_where(), each=_SETTING, by=ties.faster, measures=["seconds"]),
    Row("Keras' time grows least from the simple to the complex network.", _TEXT,
        _keras_grows_least),
    Row("There is no clear best model both in time and performance.", _TEXT,
        _no_clear_best),
    contest("With the simple network there are no oscillations near the ends, as "
            "linear regression has them: nearer to the function there than OLS.",
            "Figs. 7 and 9", _SIMPLE, OLS, among=_where(layers=least, max_iter=most),
            each=["library"], measures=["edge"]),
    contest("Even a simple network recreates the function without noise better than "
            "linear regression, here a polynomial of degree 8.",
            "Figs. 7 and 9, section V", _SIMPLE, OLS,
            among=_where(layers=least, max_iter=most), each=["library"],
            measures=["error_f"]),
    contest("Even a simple network recreates the function without noise better than "
            "linear regression; here the best linear model.",
            "Figs. 7 and 9, section V", _SIMPLE, LINEAR,
            among=_where(layers=least, max_iter=most), each=["library"],
            measures=["error_f"]),
    contest("Complex networks oscillate near the ends: farther from the function there "
            "than simple ones, after 300 epochs.", "Fig. 11", _SIMPLE, _COMPLEX,
            among=_where(max_iter=least), each=["library"], measures=["edge"]),
    contest("Complex networks oscillate near the ends, after 1000 epochs.", "Fig. 13",
            _SIMPLE, _COMPLEX, among=_where(max_iter=most), each=["library"],
            measures=["edge"]),
    contest("Complex networks risk overfitting: after 1000 epochs they are farther "
            "from the function without noise than simple ones.",
            "Figs. 11 and 13, section V",
            _SIMPLE, _COMPLEX, among=_where(max_iter=most), each=["library"],
            measures=["error_f"]),
    Row("All four behave alike, which validates the FFNN; tested here by one gradient "
        "from the same weights.", "section V", _same_gradient),
]  # fmt: skip
