"""Networks for tables with nothing left to set, as scikit-learn estimators.

>>> from perceptrons.presets import tabular_classifier, tabular_regressor

A network is only as good as its settings, and those that suit one table do not suit
the next. The estimators here race encodings, penalties and depths over the folds of an
inner cross-validation, leave behind those that do worse, and average the networks of
the rest with linear models. docs/presets.md gives the reason of every choice and what
was measured.
"""

from perceptrons.presets.classifier import TabularClassifier, tabular_classifier
from perceptrons.presets.regressor import TabularRegressor, tabular_regressor

__all__ = [
    "TabularClassifier",
    "TabularRegressor",
    "tabular_classifier",
    "tabular_regressor",
]
