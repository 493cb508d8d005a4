"""What a study contributes to the page, before it is drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pandas as pd
from matplotlib.figure import Figure

from perceptrons.report.claims import Claim
from perceptrons.report.study import Study


@dataclass(frozen=True)
class Table:
    """A table of the page.

    Parameters
    ----------
    name : str
        Of its CSV file, after the study's.
    title : str
    data : DataFrame
    note : str
        One sentence below the title.
    folded : bool
        Whether the page shows it only on request.
    """

    name: str
    title: str
    data: pd.DataFrame
    note: str = ""
    folded: bool = False


@dataclass(frozen=True)
class Picture:
    """A figure of the page and the numbers it is drawn from.

    Parameters
    ----------
    name : str
        Of its files, after the study's.
    title, caption : str
    data : DataFrame
    draw : callable
        data -> Figure.
    """

    name: str
    title: str
    caption: str
    data: pd.DataFrame
    draw: Callable[[pd.DataFrame], Figure]


@dataclass(frozen=True)
class Section:
    """All that the page says about one study.

    Parameters
    ----------
    study : Study
    claims : list of Claim
    tables : list of Table
    pictures : list of Picture
    hints : list of str
        What is missing and how to get it.
    failures : list of str
        Checks that failed, a sentence each.
    """

    study: Study
    claims: list[Claim]
    tables: list[Table]
    pictures: list[Picture]
    hints: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
