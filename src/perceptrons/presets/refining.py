"""Going on with fitted networks on new rows."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perceptrons.many import run_all
from perceptrons.presets.race import Network
from perceptrons.presets.rows import Rows

Array = NDArray[np.floating[Any]]

EPOCHS = 20
# Of the learning rate that training began with.
RATE = 0.3


def refined(
    networks: Sequence[Network],
    inputs: Array,
    Y: Array,
    rows: Rows,
    l2: float,
    n_jobs: int | None,
) -> list[Network]:
    """Return copies of the networks, trained on.

    Parameters
    ----------
    networks : sequence of Network
        By the fold each holds out.
    inputs : ndarray of shape (n, m)
        Encoded new rows.
    Y : ndarray of shape (n,) or (n, K)
    rows : Rows
        Their weights and folds.
    l2 : float
        Penalty: the prior counts against the rows of before as well.
    n_jobs : int or None
    """
    copies = [copy.deepcopy(network) for network in networks]

    def fit(fold: int) -> Network:
        kept = rows.fold != fold
        if kept.any():
            copies[fold].set_params(
                early_stopping=False,
                warm_start=True,
                l2=l2,
                learning_rate_init=RATE * copies[fold].learning_rate_init,
                batch_size=min(int(kept.sum()), copies[fold].batch_size),
                max_iter=EPOCHS,
                n_iter_no_change=EPOCHS,
            )
            copies[fold].fit(inputs[kept], Y[kept], rows.weights[kept])
        # What comes later begins at the same rate.
        copies[fold].set_params(learning_rate_init=networks[fold].learning_rate_init)
        return copies[fold]

    run_all(fit, [1.0] * len(copies), n_jobs, False, None)
    return copies
