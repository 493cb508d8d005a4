"""Data for experiments: find the files they need, or let a stand-in serve."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from rich.console import Console

from perceptrons.data import mnist, source
from perceptrons.study.errors import ExperimentError
from perceptrons.study.plan import Experiment


def supply(
    experiments: Iterable[Experiment],
    data_dir: Path | None = None,
    *,
    quick: bool = False,
    console: Console | None = None,
) -> tuple[list[Experiment], Path | None]:
    """Find the files of the data sets that are not shipped.

    An experiment that needs files which are not at hand, or is run quickly, is asked of
    its stand-in instead.

    Parameters
    ----------
    experiments : iterable of Experiment
    data_dir : Path, optional
        The only folder to look in, if given.
    quick : bool, default=False
        Neither read nor download files where there is a stand-in.
    console : Console, optional
        Told what is missing, or not read.

    Returns
    -------
    experiments : list of Experiment
        In the same order.
    folder : Path or None
        Where the files are; None if no experiment is left that needs them.

    Raises
    ------
    ExperimentError
        If a file is damaged or may not be read, the given folder lacks them, or an
        experiment without a stand-in needs files that are not at hand.
    """
    experiments = list(experiments)
    replaced = quick and any(e.stand_in for e in experiments)
    if replaced:
        experiments = [e.standing_in() if e.stand_in else e for e in experiments]
    if not any(map(_needs_files, experiments)):
        if replaced and data_dir is not None and console:
            console.print(
                f"--quick does not read {data_dir}; the digits of scikit-learn take "
                "MNIST's place."
            )
        return experiments, None
    try:
        folder = mnist.find(data_dir, download=not quick)
        mnist.read(folder)
    except mnist.DamagedDataError as error:
        raise ExperimentError(str(error)) from None
    except mnist.MissingDataError as error:
        stuck = [e.name for e in experiments if _needs_files(e) and not e.stand_in]
        if data_dir is not None or stuck:
            raise ExperimentError(str(error)) from None
        if console:
            console.print(f"{error} The digits of scikit-learn take its place.")
        return [e.standing_in() if _needs_files(e) else e for e in experiments], None
    except OSError as error:
        raise ExperimentError(
            f"MNIST's files cannot be read: {error}; make them readable, or name "
            "another folder by --data."
        ) from None
    return experiments, folder


def _needs_files(experiment: Experiment) -> bool:
    """Tell whether one of its data sets is read from files that are not shipped."""
    return any(source(name).files for name in experiment.datasets)
