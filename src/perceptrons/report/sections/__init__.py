"""One module per study: how its records become claims, tables and pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from perceptrons.report.section import Section
from perceptrons.report.sections import (
    gradient_check,
    gradient_descent,
    learning_rates,
    optimizers,
)
from perceptrons.report.study import Study

#: Builders by name of the study. Each takes the study and, by name, all studies of
#: this report, since some claims compare two.
SECTIONS: dict[str, Callable[[Study, Mapping[str, Study]], Section]] = {
    "gradient-descent": gradient_descent.section,
    "learning-rates": learning_rates.section,
    "optimizers": optimizers.section,
    "gradient-check": gradient_check.section,
}
