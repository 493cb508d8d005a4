"""The settings in which the libraries are compared, and their printed numbers."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import pandas as pd

from perceptrons.report import tables
from perceptrons.report.study import Study
from perceptrons.study.libraries import LIBRARIES

#: The report's own program, or here this library.
OURS = LIBRARIES[0]

#: The same training takes up to this much longer from one time to the next on a
#: machine with other work: closer times are a tie.
TIMING = 1.25

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
    theirs = tables.published("libraries_time_and_test_mse")
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
    table = tables.published("libraries_time_and_test_mse")
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


def faster(a: float, b: float) -> bool | None:
    """Tell whether a time is shorter than another; None for a tie or a gap."""
    if math.isnan(a) or math.isnan(b) or max(a, b) <= TIMING * min(a, b):
        return None
    return a < b
