"""One module per study: how its records become claims, tables and pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module

from perceptrons.report.section import Section
from perceptrons.report.study import Study
from perceptrons.study.shipped import BUILTIN


def _build(name: str, study: Study, others: Mapping[str, Study]) -> Section:
    """Call ``section`` of the module of that name, imported when first needed."""
    module = import_module(f"{__name__}.{name.replace('-', '_')}")
    section: Section = module.section(study, others)
    return section


#: Builders by name of the study: ``section`` of the module of that name. Each takes
#: the study and, by name, all studies of this report, since some claims compare two.
SECTIONS: dict[str, Callable[[Study, Mapping[str, Study]], Section]] = {
    name: partial(_build, name) for name in BUILTIN
}
