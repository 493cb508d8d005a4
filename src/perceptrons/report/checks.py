"""Claims that must hold at full size: each trains its own networks and is judged.

``perceptrons report --check`` runs them all; the same as tests marked slow.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from perceptrons import MLPClassifier, MLPRegressor, fit_many
from perceptrons.data import load_mnist, runge
from perceptrons.data.mnist import DamagedDataError
from perceptrons.metrics import mean_squared_error
from perceptrons.report.limits import LEAST_MNIST_ACCURACY, MARGIN
from perceptrons.report.sections.grids import best_of_all
from perceptrons.report.tables import frame
from perceptrons.schedules import Cosine
from perceptrons.study.experiment import builtin
from perceptrons.study.records import Store
from perceptrons.study.runner import execute


@dataclass(frozen=True)
class Outcome:
    """What a check found.

    Parameters
    ----------
    holds : bool or None
        None: it could not be tried; the numbers say why and what to do.
    numbers : str
        What the answer rests on.
    """

    holds: bool | None
    numbers: str


#: Takes the number of fits at a time, and the folder with MNIST's files, if given.
Check = Callable[[int, Path | None], Outcome]


def _small_network_reaches_the_noise(jobs: int, data_dir: Path | None) -> Outcome:
    """Train the report's network by another setting than the report's.

    At a constant rate the batches' noise keeps Adam about 10 % above the noise floor;
    here the rate falls to zero on a cosine, every epoch shuffles all rows, and the
    weights start by this library's own rule.
    """
    data = runge(0)
    networks = [
        MLPRegressor(
            "mean_squared_error",
            (16,),
            "logistic",
            solver="adam",
            alpha=0.0,
            batch_size=20,
            learning_rate_init=0.01,
            schedule=Cosine(),
            max_iter=300,
            tol=0.0,
            n_iter_no_change=300,
            random_state=seed,
        )
        for seed in range(5)
    ]
    fit_many(networks, data.X_train, data.y_train, n_jobs=jobs)
    errors = [mean_squared_error(data.y_test, m.predict(data.X_test)) for m in networks]
    error, noise = float(np.median(errors)), data.noise_test
    return Outcome(
        abs(error - noise) <= 0.05 * noise,
        f"median test MSE {error:.6f}, noise {noise:.6f}: {error / noise - 1:+.1%}; "
        f"lowest {min(errors):.6f}, highest {max(errors):.6f}",
    )


def _wide_network_reads_digits(jobs: int, data_dir: Path | None) -> Outcome:
    """Train the report's setting on MNIST, from this library's start and from its."""
    try:
        data = load_mnist("official", data_dir)
    except (OSError, DamagedDataError) as error:
        return Outcome(None, str(error))
    networks = [
        MLPClassifier(
            (128,),
            "logistic",
            solver="adam",
            alpha=0.0,
            batch_size=1000,
            replacement=True,
            learning_rate_init=0.01,
            max_iter=30,
            tol=0.0,
            n_iter_no_change=30,
            init=init,
            random_state=0,
        )
        for init in ("auto", "standard_normal")
    ]
    fit_many(networks, data.X_train, data.y_train, n_jobs=jobs)
    auto, normal = (network.score(data.X_test, data.y_test) for network in networks)
    return Outcome(
        auto >= LEAST_MNIST_ACCURACY,
        f"test accuracy {auto:.2%} with init='auto', {normal:.2%} with the report's "
        "standard normal start",
    )


def _best_of_all_reach_table_iv(jobs: int, data_dir: Path | None) -> Outcome:
    """Train all architectures of Table IV's study on the report's own data."""
    runs = builtin("architectures").runs(seeds=[0])
    with TemporaryDirectory() as folder, Store(Path(folder)) as store:
        execute(runs, store, jobs=jobs)
        ratios = best_of_all(frame(store.get(run) for run in runs))
    return Outcome(
        all(ratio <= MARGIN for ratio in ratios.values()),
        ", ".join(f"{name} {ratio:.4f}" for name, ratio in ratios.items()),
    )


#: Sentence -> check.
CHECKS: dict[str, Check] = {
    "A sigmoid network 1 x 16 trained by Adam on shuffled batches, from init='auto', "
    "its rate falling to zero on a cosine, comes, in the median of 5 starts, within "
    "5 % of the realized noise of its test set.": _small_network_reaches_the_noise,
    "A sigmoid network 1 x 128 without a penalty, from init='auto', recognizes at "
    f"least {LEAST_MNIST_ACCURACY:.1%} of MNIST's official test images.": (
        _wide_network_reads_digits
    ),
    "The best of 49 architectures of each activation has, on the report's own data, at "
    f"most {MARGIN} times the test MSE of Table IV.": _best_of_all_reach_table_iv,
}


def perform(sentence: str, jobs: int, data_dir: Path | None = None) -> Outcome:
    """Perform one check.

    Parameters
    ----------
    sentence : str
        A key of ``CHECKS``.
    jobs : int >= 1
        Fits at a time.
    data_dir : Path, optional
        Folder with MNIST's files.

    Returns
    -------
    Outcome
    """
    with warnings.catch_warnings():
        # The number of epochs is part of every claim.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return CHECKS[sentence](jobs, data_dir)
