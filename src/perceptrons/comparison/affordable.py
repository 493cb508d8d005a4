"""What takes longer than the network is left out of a comparison, and said so."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from perceptrons.comparison.candidate import Candidate


def ridge_work(n_rows: int, n_columns: int) -> float:
    """Return the multiplications of a ridge regression with its decomposition.

    Parameters
    ----------
    n_rows, n_columns : int
        Of the columns that it gets.
    """
    # X^T X, X V, and a decomposition of some ten cubes.
    least = min(n_rows, n_columns)
    return 2.0 * n_rows * n_columns * least + 10.0 * least**3


def network_work(n_rows: int, n_columns: int) -> float:
    """Return about how many multiplications the network's training takes.

    The preset's race trains some eighteen networks on 4/5 of the rows each, with 40 to
    200 epochs that make up 5,000 steps; a step goes forward once and twice back.

    Parameters
    ----------
    n_rows, n_columns : int
        Of the prepared training rows of a fold.
    """
    weights = 64 * n_columns + 64 * 64
    batch = float(np.clip(n_rows / 32, 16, 128))
    epochs = float(np.clip(5000 * batch / n_rows, 40, 200))
    return 18 * 3 * 0.8 * weights * n_rows * epochs


def affordable(
    candidates: Iterable[Candidate], n_rows: int, n_columns: int
) -> tuple[list[Candidate], list[str]]:
    """Return who takes no longer than the network, and a sentence for each other.

    Parameters
    ----------
    candidates : iterable of Candidate
    n_rows, n_columns : int
        Of the prepared training rows of a fold.

    Returns
    -------
    list of Candidate
    list of str
    """
    most = network_work(n_rows, n_columns)
    fitting, left_out = [], []
    for entry in candidates:
        if entry.work <= most:
            fitting.append(entry)
            continue
        left_out.append(
            f"{entry.name[0].upper()}{entry.name[1:]} ({entry.description}) was left "
            f"out: on {n_rows:,} rows of {n_columns} prepared columns it would take "
            "longer than the network."
        )
    return fitting, left_out
