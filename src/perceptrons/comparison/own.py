"""The user's own candidates, checked before minutes of training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perceptrons.comparison.candidate import Candidate


def own_candidates(
    estimators: Mapping[str, Any], taken: list[str], classes: bool
) -> list[Candidate]:
    """Return the user's candidates.

    Parameters
    ----------
    estimators : mapping of str to estimator
    taken : list of str
        Names they must not have.
    classes : bool
        Whether they must give probabilities.

    Returns
    -------
    list of Candidate

    Raises
    ------
    ValueError
        If a name is taken.
    TypeError
        If they are no mapping, a name is no text, or one is no estimator or gives no
        probabilities where classes are compared.
    """
    if not isinstance(estimators, Mapping):
        raise TypeError(
            "candidates must be a mapping of names to estimators, got "
            f"{type(estimators).__name__}; write {{'name': estimator}}."
        )
    for name, estimator in estimators.items():
        if not isinstance(name, str):
            raise TypeError(
                f"candidates must have names that are text, got {name!r}; write "
                f"{str(name)!r}."
            )
        if name in taken:
            raise ValueError(
                f"candidates must not use the name {name!r}, which is taken: "
                f"{', '.join(taken)}; choose another."
            )
        _check_estimator(name, estimator, classes)
    return [
        Candidate(name, "user", estimator, type(estimator).__name__)
        for name, estimator in estimators.items()
    ]


def _check_estimator(name: str, estimator: Any, classes: bool) -> None:
    """Refuse what scikit-learn could not clone, fit and ask for predictions."""
    needed = ["fit", "predict_proba" if classes else "predict", "get_params"]
    lacking = [method for method in needed if not hasattr(estimator, method)]
    if not lacking and not isinstance(estimator, type):
        return
    remedy = "give an estimator of scikit-learn, or one derived from its BaseEstimator"
    if isinstance(estimator, type):
        remedy = f"call the class: {estimator.__name__}()"
    elif lacking == ["predict_proba"]:
        remedy = "CalibratedClassifierCV gives probabilities to a classifier without"
    raise TypeError(
        f"candidates[{name!r}] must be an estimator with {', '.join(needed)}, got "
        f"{estimator!r}; {remedy}."
    )
