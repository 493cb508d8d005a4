"""Figs. 6 to 13: the same network in this library and in three others."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from perceptrons.report import figures, ties
from perceptrons.report.claims import Finding, Row, all_of, sig
from perceptrons.report.contests import (
    LINEAR,
    OLS,
    chosen,
    contest,
    least,
    most,
    pick,
)
from perceptrons.report.section import Picture, Table
from perceptrons.report.study import Study, dataset
from perceptrons.report.tables import (
    RUNS,
    headed,
    histories,
    over_seeds,
    own_results,
    published,
)
from perceptrons.study.libraries import (
    LIBRARIES,
    NOT_INSTALLED,
    SAME_GRADIENT,
    missing,
)


def tables(study: Study) -> list[Table]:
    """Set the printed numbers beside ours."""
    return [_beside_published(study), _gradients(study), _others(study)]


def pictures(study: Study) -> list[Picture]:
    """Draw Figs. 6 to 13."""
    return [p for cell in cells(study) for p in _pictures(study, cell)]


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
    failures = []
    for library, group in rows.groupby("library", sort=False):
        worst = group["gradient_rel"].max()
        if worst > SAME_GRADIENT[str(library)]:
            failures.append(
                f"{study.experiment.name}: the gradient of {library} differs from ours "
                f"by {worst:.2g} of its largest entry, more than "
                f"{SAME_GRADIENT[str(library)]:g}."
            )
    return failures


def _beside_published(study: Study) -> Table:
    """Set test MSE and seconds beside the printed ones."""
    rows = [row for cell in cells(study) for row in _setting(study, cell)]
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


def _setting(study: Study, cell: Cell) -> list[dict[str, Any]]:
    """Return the rows of one setting."""
    found = over_seeds(of_cell(study.table, study, cell), ["library"])
    ours = {str(row["library"]): row for row in found.to_dict("records")}
    noise = ours[OURS]["test_mse"] - ours[OURS]["excess"]
    theirs = printed(cell)
    rows = []
    for library, here in ours.items():
        there = theirs[library]
        ratio_there = there.seconds / theirs[OURS].seconds
        ratio_here = here["seconds"] / ours[OURS]["seconds"]
        rows.append(
            {
                "network": cell.network,
                "epochs": cell.epochs,
                "library": library,
                "test published": there.test_mse,
                "test ours": here["test_mse"],
                "test difference": here["test_mse"] - there.test_mse,
                "spread": here["spread"],
                "same conclusion?": _learning(there.test_mse, here, noise),
                "excess": here["excess"],
                "error_f": here["error_f"],
                "n_parameters": here["n_parameters"],
                "seconds published": there.seconds,
                "seconds ours": here["seconds"],
                "ratio published": ratio_there,
                "ratio ours": ratio_here,
                "same order?": _order(ratio_there, ratio_here, library == OURS),
                RUNS: here[RUNS],
            }
        )
    return rows


def _learning(there: float, here: Mapping[Hashable, Any], noise: float) -> str:
    """Say whether the printed and our network learn the function."""
    if math.isnan(here["test_mse"]):
        return f"not decidable: {here['ended']}"
    printed_one, ours = learned(there, noise), learned(here["test_mse"], noise)
    if printed_one == ours:
        return "yes: both learn it" if ours else "yes: neither learns it"
    return f"no: only the {'one here' if ours else 'printed'} learns it"


def _order(theirs: float, ours: float, is_own: bool) -> str:
    """Say whether a library is slower than our own both there and here."""
    if is_own:
        return "the yardstick"
    if math.isnan(ours):
        return "not decidable: no time here"
    there, here = ties.faster(1.0, theirs), ties.faster(1.0, ours)
    if there is None or here is None:
        where = "printed" if there is None else "our"
        return f"not decidable: the {where} times are a tie"
    words = {True: "slower", False: "faster"}
    if there == here:
        return f"yes: both {words[there]} than our own"
    return f"no: {words[there]} there, {words[here]} here"


def _gradients(study: Study) -> Table:
    """Show how far the gradients of the libraries are from ours."""
    rows = study.table[(study.table["kind"] == "library")]
    rows = rows[rows["library"] != OURS]
    worst = (
        rows.groupby(["library", "hidden_layer_sizes"], sort=False)
        .agg(by=("engine", "first"), gradient_rel=("gradient_rel", "max"))
        .reset_index()
    )
    worst["passes below"] = [SAME_GRADIENT[name] for name in worst["library"]]
    worst["by"] = worst["by"].replace("", NOT_INSTALLED)
    return Table(
        "gradients",
        "The same gradient",
        worst.rename(
            columns={
                "hidden_layer_sizes": "hidden layers",
                "gradient_rel": "largest relative difference",
                "by": "computed by",
            }
        ),
        "Gradient of the cost over all training rows at the first weights, in float64: "
        "largest difference from perceptrons, relative to its largest entry. Keras on "
        "PyTorch multiplies in float32.",
    )


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


def _pictures(study: Study, cell: Cell) -> list[Picture]:
    """Draw the cost histories and the predictions of one setting."""
    records = [
        study.records[i]
        for i in of_cell(study.table, study, cell).index
        if study.records[i].result.reason != NOT_INSTALLED
    ]
    gaps = ", ".join(missing())
    gap = f" Not installed, and so not drawn: {gaps}." if gaps else ""
    words = f"{cell.network}, {cell.epochs} epochs"
    costs, predicted = cell.figures
    return [
        Picture(
            f"figure-{costs}",
            f"Fig. {costs}: cost histories, {words}",
            f"Mean squared error of each epoch's batches, eq. (6) for all four.{gap}",
            histories(records, "cost", "library"),
            lambda data: figures.histories(
                data, "training cost (mean squared error)", "library"
            ),
        ),
        Picture(
            f"figure-{predicted}",
            f"Fig. {predicted}: predictions, {words}",
            f"Predictions for the test set of seed {study.seeds[0]}, over its noisy "
            f"points and the function behind them.{gap}",
            _predictions(study, cell),
            figures.predictions,
        ),
    ]


def _predictions(study: Study, cell: Cell) -> pd.DataFrame:
    """Return the first seed's predictions, ordered by x."""
    seed = study.seeds[0]
    data = dataset(study.experiment.dataset, seed)
    columns = {"x": data.X_test[:, 0], "y": data.y_test, "f": data.f_test}
    rows = of_cell(study.table, study, cell)
    for _, row in rows[rows["seed"] == seed].iterrows():
        if row["reason"] != NOT_INSTALLED:
            columns[row["library"]] = study.curves(row["key"])["predicted"]
    return pd.DataFrame(columns).sort_values("x", ignore_index=True)


#: The report's own program, or here this library.
OURS = LIBRARIES[0]

# Names of the published file; "ffnn" is the report's own program.
_NAMES = {"ffnn": OURS, "pytorch": "PyTorch", "keras": "Keras"}


@dataclass(frozen=True)
class Cell:
    """A network and a number of epochs: two figures of the report.

    Parameters
    ----------
    sizes : str
        Hidden layers as in the study's table: "10".
    epochs : int
    figures : (int, int)
        Numbers of its figures: cost histories, predictions.
    printed : (str, int)
        Network and epochs as in the published file.
    """

    sizes: str
    epochs: int
    figures: tuple[int, int]
    printed: tuple[str, int]

    @property
    def network(self) -> str:
        """The network in the report's words: "1 x 10"."""
        return self.printed[0].replace("x", " x ")

    @property
    def words(self) -> str:
        """Network and epochs for a line of evidence."""
        return f"{self.network}, {self.epochs} epochs"


def cells(study: Study) -> list[Cell]:
    """Return the report's settings, simple network first, shortest training first.

    Where training is shortened, shorter ones stand in their order for the report's.
    """
    rows = _main(study.table, study)
    theirs = published("libraries_time_and_test_mse")
    sizes = list(dict.fromkeys(rows["hidden_layer_sizes"]))
    lengths = sorted(rows["max_iter"].astype(int).unique())
    networks = zip(theirs["hidden_layers"].unique(), sizes, strict=True)
    # A single length, where both were shortened to it, stands for the first.
    trainings = list(zip(sorted(theirs["epochs"].unique()), lengths, strict=False))
    settings = itertools.product(networks, trainings)
    return [
        Cell(size, int(length), (6 + 2 * i, 7 + 2 * i), (network, int(epochs)))
        for i, ((network, size), (epochs, length)) in enumerate(settings)
    ]


def _main(rows: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Return the rows of the report's settings, other starts left out."""
    init = study.experiment.base["init"]
    main: pd.DataFrame = rows[(rows["kind"] == "library") & (rows["init"] == init)]
    return main


def of_cell(rows: pd.DataFrame, study: Study, cell: Cell) -> pd.DataFrame:
    """Return the rows of one setting, one per library and seed."""
    main = _main(rows, study)
    return main[
        (main["hidden_layer_sizes"] == cell.sizes) & (main["max_iter"] == cell.epochs)
    ]


@dataclass(frozen=True)
class Training:
    """Error and seconds of one library in one setting."""

    test_mse: float
    seconds: float


def printed(cell: Cell) -> dict[str, Training]:
    """Return the printed numbers of a setting by library, in our names."""
    network, epochs = cell.printed
    table = published("libraries_time_and_test_mse")
    table = table[(table["hidden_layers"] == network) & (table["epochs"] == epochs)]
    found = {
        _NAMES.get(name, name): Training(float(error), float(seconds))
        for name, error, seconds in zip(
            table["library"], table["test_mse"], table["seconds"], strict=True
        )
    }
    return {library: found[library] for library in LIBRARIES}


def learned(test_mse: float, noise: float) -> bool:
    """Tell whether a network has learned the function, rather than its mean."""
    return test_mse < 2.0 * noise


def _values(
    study: Study, rows: pd.DataFrame, cell: Cell, column: str
) -> dict[str, float]:
    """Return one column of a setting by library; NaN where a library is missing."""
    own = of_cell(rows, study, cell)
    found = dict(zip(own["library"], study.errors(own, column), strict=True))
    return {library: found.get(library, math.nan) for library in LIBRARIES}


def _text(values: dict[str, float], unit: str = "") -> str:
    """Write numbers by library."""
    return ", ".join(
        f"{name} {sig(value) + unit if math.isfinite(value) else 'missing'}"
        for name, value in values.items()
    )


def _present(values: dict[str, float]) -> dict[str, float]:
    """Return the numbers that are there."""
    return {name: value for name, value in values.items() if math.isfinite(value)}


def _similar(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare the largest and smallest error, but for the first setting."""
    answers: list[bool | None] = []
    lines = []
    after_first = cells(study)[1:]
    apart = max(
        max(errors) / min(errors)
        for errors in (
            [training.test_mse for training in printed(cell).values()]
            for cell in after_first
        )
    )
    bound = apart * (1.0 + ties.TIE)
    for cell in after_first:
        errors = _values(study, rows, cell, "test_mse")
        there = _present(errors).values()
        ratio = max(there, default=math.nan) / min(there, default=math.nan)
        whole = len(there) == len(LIBRARIES)
        answers.append(False if ratio > bound else True if whole else None)
        lines.append(
            f"{cell.words}: {_text(errors)}; largest over smallest {ratio:.3g}"
        )
    lines.append(
        f"similar: at most {bound:.3g} times; the printed ones, called similar, lie up "
        f"to {apart:.3g} times apart, and {ties.TIE:.0%} is a tie"
    )
    return all_of(answers), "\n".join(lines)


def _keras_grows_least(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare how much longer the complex network takes."""
    answers, lines = [], []
    settings = cells(study)
    for length in dict.fromkeys(cell.epochs for cell in settings):
        simple, complex_ = (cell for cell in settings if cell.epochs == length)
        small = _values(study, rows, simple, "seconds")
        large = _values(study, rows, complex_, "seconds")
        growth = {name: large[name] / small[name] for name in LIBRARIES}
        others = [name for name in LIBRARIES if name != "Keras"]
        answers += [ties.faster(growth["Keras"], growth[name]) for name in others]
        lines.append(f"{length} epochs: {_text(growth)} times as long")
    return all_of(answers), "\n".join(lines)


def _no_clear_best(study: Study, rows: pd.DataFrame) -> Finding:
    """Look for a library that is clearly fastest and nowhere less accurate."""
    settings = cells(study)
    seconds = [_values(study, rows, cell, "seconds") for cell in settings]
    errors = [_values(study, rows, cell, "test_mse") for cell in settings]
    if any(len(_present(values)) < len(LIBRARIES) for values in seconds):
        return None, "a library is missing"
    for name in LIBRARIES:
        others = [other for other in LIBRARIES if other != name]
        first = all(ties.faster(v[name], v[other]) for v in seconds for other in others)
        worse = any(ties.lower(e[other], e[name]) for e in errors for other in others)
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


def _main_runs(rows: pd.DataFrame) -> pd.Series[bool]:
    """Tell which runs are the report's settings: other starts are left out."""
    return rows["kind"].eq("library") & rows["init"].ne("auto")


def _where(**where: Any) -> Callable[[pd.DataFrame], pd.Series[bool]]:
    """Return a condition: the report's settings, and these among them."""

    def keep(rows: pd.DataFrame) -> pd.Series[bool]:
        main = _main_runs(rows)
        found = chosen(rows[main], where)
        return found.reindex(rows.index, fill_value=False)

    return keep


def _after_first(rows: pd.DataFrame) -> pd.Series[bool]:
    """Tell which runs are of all settings but the first."""
    first = _where(layers=least)(rows) & _where(max_iter=least)(rows)
    return _main_runs(rows) & ~first


CLAIMS = [
    contest("After 300 epochs the simple network has learned the function in the FFNN, "
            "in PyTorch and in Keras, but not in scikit-learn: 0.078, perhaps in a "
            "local minimum.", "Fig. 6", [_OWN, _TORCH, _KERAS], _SKLEARN,
            among=_where(layers=least, max_iter=least), by=ties.learns_alone),
    Row("In the other settings all four reach similar test MSEs.", _TEXT, _similar),
    Row("The FFNN has the lowest test MSE of the four, but with the complex network "
        "after 1000 epochs the highest.", _TEXT, _THEIRS),
    contest("scikit-learn reaches the lowest training cost in these settings, perhaps "
            "by overfitting.", "Figs. 8, 10, 12", _SKLEARN, [_OWN, _TORCH, _KERAS],
            among=_after_first, each=_SETTING, measures=["train_mse"]),
    Row("The cost history of the FFNN is the noisiest of the four.",
        "Figs. 6, 8, 10, 12", _THEIRS),
    Row("The FFNN is one of the fastest.", _TEXT, _THEIRS),
    contest("scikit-learn is faster than PyTorch and Keras.", _TEXT, _SKLEARN,
            [_TORCH, _KERAS], among=_main_runs, each=_SETTING, by=ties.faster,
            measures=["seconds"]),
    contest("Keras takes longest.", _TEXT, [_OWN, _SKLEARN, _TORCH], _KERAS,
            among=_main_runs, each=_SETTING, by=ties.faster, measures=["seconds"]),
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
