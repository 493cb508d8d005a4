"""Feed-forward neural networks for regression and classification.

Estimators with scikit-learn's contract, and the parts they are made of. Importing the
package loads nothing; each name is loaded when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from perceptrons import activations as activations
    from perceptrons import losses as losses
    from perceptrons import optimizers as optimizers
    from perceptrons import presets as presets
    from perceptrons import schedules as schedules
    from perceptrons.checkpoints import Checkpoint as Checkpoint
    from perceptrons.comparison.compare import compare as compare
    from perceptrons.derivatives import check_gradient as check_gradient
    from perceptrons.distillation import distill as distill
    from perceptrons.estimators import MLPClassifier as MLPClassifier
    from perceptrons.estimators import MLPRegressor as MLPRegressor
    from perceptrons.files import TRUSTED as TRUSTED
    from perceptrons.files import load as load
    from perceptrons.intervals import predict_interval as predict_interval
    from perceptrons.many import fit_folds as fit_folds
    from perceptrons.many import fit_many as fit_many
    from perceptrons.search import GridSearch as GridSearch
    from perceptrons.search import RandomSearch as RandomSearch

    __version__: str

__all__ = [
    "TRUSTED",
    "Checkpoint",
    "GridSearch",
    "MLPClassifier",
    "MLPRegressor",
    "RandomSearch",
    "__version__",
    "activations",
    "check_gradient",
    "compare",
    "distill",
    "fit_folds",
    "fit_many",
    "load",
    "losses",
    "optimizers",
    "predict_interval",
    "presets",
    "schedules",
]

_HOMES = {
    "Checkpoint": "perceptrons.checkpoints",
    "TRUSTED": "perceptrons.files",
    "check_gradient": "perceptrons.derivatives",
    "compare": "perceptrons.comparison.compare",
    "distill": "perceptrons.distillation",
    "fit_folds": "perceptrons.many",
    "fit_many": "perceptrons.many",
    "load": "perceptrons.files",
    "MLPClassifier": "perceptrons.estimators",
    "GridSearch": "perceptrons.search",
    "MLPRegressor": "perceptrons.estimators",
    "RandomSearch": "perceptrons.search",
    "predict_interval": "perceptrons.intervals",
}
_MODULES = ("activations", "losses", "optimizers", "presets", "schedules")


def __getattr__(name: str) -> Any:
    """Load a public name when it is first touched (PEP 562)."""
    if name in _HOMES:
        from perceptrons import extras

        with extras.study(f"perceptrons.{name}"):
            return getattr(import_module(_HOMES[name]), name)
    if name == "__version__":
        return _find_version()
    if name in _MODULES:
        return import_module(f"perceptrons.{name}")
    raise AttributeError(f"module 'perceptrons' has no attribute {name!r}")


def _find_version() -> str:
    """Return the version written at build time, or that of the installed package."""
    try:
        version: str = import_module("perceptrons._version").version
    except ModuleNotFoundError:
        from importlib.metadata import PackageNotFoundError
        from importlib.metadata import version as installed

        try:
            return installed("perceptrons")
        except PackageNotFoundError:
            return "0+unknown"
    return version


def __dir__() -> list[str]:
    """List the public names."""
    return __all__
