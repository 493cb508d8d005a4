"""One module per study: a table of claims, tables and pictures.

Each module offers ``CLAIMS``, rows of :mod:`perceptrons.report.claims`; ``tables`` and
``pictures``, functions of the study; and, where it has more to say, ``hints`` and
``failures``, likewise.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from perceptrons.report.claims import failed, judge
from perceptrons.report.section import Section
from perceptrons.report.study import Study


def build(study: Study, others: Mapping[str, Study]) -> Section:
    """Put together the section of a built-in study.

    Parameters
    ----------
    study : Study
    others : mapping of name to Study
        All studies of this report, since some claims compare two.

    Returns
    -------
    Section
    """
    module = import_module(f"{__name__}.{study.experiment.name.replace('-', '_')}")
    claims = judge(study, module.CLAIMS, others)
    lost = [] if study.shortened else failed(module.CLAIMS, claims)
    return Section(
        study=study,
        claims=claims,
        tables=module.tables(study),
        pictures=module.pictures(study),
        hints=module.hints(study) if hasattr(module, "hints") else [],
        failures=[
            *(module.failures(study) if hasattr(module, "failures") else []),
            *lost,
        ],
    )
