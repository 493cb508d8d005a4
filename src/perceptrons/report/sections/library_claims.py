"""What the report says about the four libraries, tested on ours."""

from __future__ import annotations

import math
from collections.abc import Callable

import pandas as pd

from perceptrons.report import ties
from perceptrons.report.claims import Finding, Test, all_of, sig, unrest
from perceptrons.report.sections.library_cells import (
    OURS,
    TIMING,
    Cell,
    cells,
    faster,
    learned,
    of_cell,
    printed,
)
from perceptrons.report.study import Study
from perceptrons.study.libraries import LIBRARIES, SAME_GRADIENT

#: Numbers of one setting by library, and an answer.
Judge = Callable[[dict[str, float]], bool | None]


def _values(
    study: Study, rows: pd.DataFrame, cell: Cell, column: str
) -> dict[str, float]:
    """Return one column of a setting by library; NaN where a library is missing."""
    own = of_cell(rows, study, cell)
    found = dict(zip(own["library"], study.errors(own, column), strict=True))
    return {library: found.get(library, math.nan) for library in LIBRARIES}


def _text(values: dict[str, float], unit: str = "") -> str:
    """Write numbers by library."""
    return ", ".join(
        f"{name} {sig(value) + unit if math.isfinite(value) else 'missing'}"
        for name, value in values.items()
    )


def _present(values: dict[str, float]) -> dict[str, float]:
    """Return the numbers that are there."""
    return {name: value for name, value in values.items() if math.isfinite(value)}


def _below(a: float, b: float) -> bool | None:
    """Tell whether a is lower than b; None for a tie or a missing number."""
    return None if math.isnan(a) or math.isnan(b) else ties.lower(a, b)


def _everywhere(column: str, answer: Judge, unit: str = "") -> Test:
    """Ask the same of the numbers of every setting."""

    def test(study: Study, rows: pd.DataFrame) -> Finding:
        answers, lines = [], []
        for cell in cells(study):
            values = _values(study, rows, cell, column)
            answers.append(answer(values))
            lines.append(f"{cell.words}: {_text(values, unit)}")
        return all_of(answers), "\n".join(lines)

    return test


def _scikit_learn_is_stuck(study: Study, rows: pd.DataFrame) -> Finding:
    """See whether scikit-learn alone fails to learn in the first setting."""
    first = cells(study)[0]
    errors = _values(study, rows, first, "test_mse")
    noise = errors[OURS] - _values(study, rows, first, "excess")[OURS]
    lines = [f"{first.words}: {_text(errors)}"]
    others = rows[(rows["hidden_layer_sizes"] == first.sizes)]
    for _, row in others[others["kind"] == "network"].iterrows():
        lines.append(
            "SGD with momentum 0.9, scikit-learn's default for that solver, in the "
            f"place of Adam: {sig(row['test_mse'])}, from its own kind of start"
        )
    stuck = not learned(errors["scikit-learn"], noise)
    rest = [error for name, error in errors.items() if name != "scikit-learn"]
    if stuck and any(map(math.isnan, rest)):
        return None, "\n".join(lines)
    return stuck and all(learned(error, noise) for error in rest), "\n".join(lines)


def _similar(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare the largest and smallest error, but for the first setting."""
    answers: list[bool | None] = []
    lines = []
    after_first = cells(study)[1:]
    apart = max(
        max(errors) / min(errors)
        for errors in (
            [training.test_mse for training in printed(cell).values()]
            for cell in after_first
        )
    )
    bound = apart * (1.0 + ties.TIE)
    for cell in after_first:
        errors = _values(study, rows, cell, "test_mse")
        there = _present(errors).values()
        ratio = max(there, default=math.nan) / min(there, default=math.nan)
        whole = len(there) == len(LIBRARIES)
        answers.append(False if ratio > bound else True if whole else None)
        lines.append(
            f"{cell.words}: {_text(errors)}; largest over smallest {ratio:.3g}"
        )
    lines.append(
        f"similar: at most {bound:.3g} times; the printed ones, called similar, lie up "
        f"to {apart:.3g} times apart, and {ties.TIE:.0%} is a tie"
    )
    return all_of(answers), "\n".join(lines)


def _best_but_last(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare our error with every other library's."""
    answers, lines = [], []
    *others, last = cells(study)
    for cell in (*others, last):
        errors = _values(study, rows, cell, "test_mse")
        for name in LIBRARIES[1:]:
            pair = errors[OURS], errors[name]
            answers.append(_below(*(pair if cell in others else pair[::-1])))
        lines.append(f"{cell.words}: {_text(errors)}")
    return all_of(answers), "\n".join(lines)


def _scikit_learn_fits_closest(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare training errors on one scale, and on scikit-learn's own."""
    answers, lines = [], []
    for cell in cells(study)[1:]:
        errors = _values(study, rows, cell, "train_mse")
        lowest = errors["scikit-learn"]
        answers += [_below(lowest, errors[n]) for n in LIBRARIES if n != "scikit-learn"]
        (key,) = of_cell(rows, study, cell).query("library == 'scikit-learn'")["key"]
        own = study.curves(key)["cost"][-1] / 2.0
        lines.append(f"{cell.words}: {_text(errors)}")
        lines.append(f"scikit-learn's own loss_curve_, half of eq. (6): {sig(own)}")
    return all_of(answers), "\n".join(lines)


def _ours_is_noisiest(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare how much the costs jump."""
    answers, lines = [], []
    for cell in cells(study):
        found = of_cell(rows, study, cell)
        pairs = zip(found["library"], found["key"], strict=True)
        jumps = {name: unrest(study.curves(key)["cost"]) for name, key in pairs}
        known = {name: value for name, value in jumps.items() if math.isfinite(value)}
        others = [value for name, value in known.items() if name != OURS]
        below = [ties.lower(value, known.get(OURS, math.nan)) for value in others]
        whole = len(known) == len(LIBRARIES)
        answers.append(all_of([*below, *([] if whole else [None])]))
        lines.append(f"{cell.words}: {_text(jumps)}")
    lines.append("mean abs(ln c_t+1 / c_t) of the cost c over the second half")
    return all_of(answers), "\n".join(lines)


def _ours_is_among_the_fastest(seconds: dict[str, float]) -> bool | None:
    """Tell whether no library is clearly faster than ours."""
    quicker = [faster(seconds[name], seconds[OURS]) for name in LIBRARIES[1:]]
    if True in quicker:
        return False
    return True if len(_present(seconds)) == len(LIBRARIES) else None


def _scikit_learn_beats_frameworks(seconds: dict[str, float]) -> bool | None:
    """Compare scikit-learn with PyTorch and Keras."""
    frameworks = seconds["PyTorch"], seconds["Keras"]
    return all_of([faster(seconds["scikit-learn"], other) for other in frameworks])


def _keras_is_slowest(seconds: dict[str, float]) -> bool | None:
    """Compare Keras with all others."""
    others = [name for name in LIBRARIES if name != "Keras"]
    return all_of([faster(seconds[name], seconds["Keras"]) for name in others])


def _keras_grows_least(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare how much longer the complex network takes."""
    answers, lines = [], []
    settings = cells(study)
    for length in dict.fromkeys(cell.epochs for cell in settings):
        simple, complex_ = (cell for cell in settings if cell.epochs == length)
        small = _values(study, rows, simple, "seconds")
        large = _values(study, rows, complex_, "seconds")
        growth = {name: large[name] / small[name] for name in LIBRARIES}
        others = [name for name in LIBRARIES if name != "Keras"]
        answers += [faster(growth["Keras"], growth[name]) for name in others]
        lines.append(f"{length} epochs: {_text(growth)} times as long")
    return all_of(answers), "\n".join(lines)


def _no_clear_best(study: Study, rows: pd.DataFrame) -> Finding:
    """Look for a library that is clearly fastest and nowhere less accurate."""
    settings = cells(study)
    seconds = [_values(study, rows, cell, "seconds") for cell in settings]
    errors = [_values(study, rows, cell, "test_mse") for cell in settings]
    if any(len(_present(values)) < len(LIBRARIES) for values in seconds):
        return None, "a library is missing"
    for name in LIBRARIES:
        others = [other for other in LIBRARIES if other != name]
        first = all(faster(v[name], v[other]) for v in seconds for other in others)
        worse = any(ties.lower(e[other], e[name]) for e in errors for other in others)
        if first and not worse:
            return (
                False,
                f"{name} is fastest in every setting and nowhere less accurate",
            )
    return True, "none is fastest in every setting and nowhere less accurate"


def _beats_polynomial(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare the simple networks' error against f with that of least squares."""
    simple = cells(study)[0].sizes
    longest = [cell for cell in cells(study) if cell.sizes == simple][-1]
    errors = _values(study, rows, longest, "error_f")
    ols = study.lowest(rows[rows["kind"] == "ols"], "error_f")
    found = [ties.lower(error, ols) for error in _present(errors).values()]
    return all_of(found), (
        f"error against f, {longest.words}: {_text(errors)}; OLS, degree 8, {sig(ols)}"
    )


def _complex_overfits(study: Study, rows: pd.DataFrame) -> Finding:
    """Compare simple and complex networks after the longest training."""
    settings = cells(study)
    length = max(cell.epochs for cell in settings)
    simple, complex_ = (cell for cell in settings if cell.epochs == length)
    answers, lines = [], []
    for column, words in (("train_mse", "train MSE"), ("error_f", "error against f")):
        small = _values(study, rows, simple, column)
        large = _values(study, rows, complex_, column)
        names = [name for name in LIBRARIES if math.isfinite(small[name])]
        if column == "error_f":
            answers += [ties.lower(small[name], large[name]) for name in names]
        lines.append(f"{words}, {simple.words}: {_text(small)}")
        lines.append(f"{words}, {complex_.words}: {_text(large)}")
    return all_of(answers), "\n".join(lines)


def _same_gradient(study: Study, rows: pd.DataFrame) -> Finding:
    """Take the largest difference of every library's gradient from ours."""
    found = rows[(rows["kind"] == "library") & (rows["library"] != OURS)]
    worst = found.groupby("library", sort=False)["gradient_rel"].max().to_dict()
    known = {str(name): value for name, value in worst.items() if value == value}
    if not known:
        return None, "no other library is installed"
    good = all(value <= SAME_GRADIENT[name] for name, value in known.items())
    text = ", ".join(f"{name} {value:.1e}" for name, value in known.items())
    return good, f"largest difference of one gradient from ours, relative: {text}"


_TEXT = "section IV.A.2"
CLAIMS: list[tuple[str, str, Test]] = [
    ("After 300 epochs the simple network has learned the function in the FFNN, in "
     "PyTorch and in Keras, but not in scikit-learn: 0.078, perhaps in a local "
     "minimum.", "Fig. 6", _scikit_learn_is_stuck),
    ("In the other settings all four reach similar test MSEs.", _TEXT, _similar),
    ("The FFNN has the lowest test MSE of the four, but with the complex network after "
     "1000 epochs the highest.", _TEXT, _best_but_last),
    ("scikit-learn reaches the lowest training cost in these settings, perhaps by "
     "overfitting.", "Figs. 8, 10, 12", _scikit_learn_fits_closest),
    ("The cost history of the FFNN is the noisiest of the four.", "Figs. 6, 8, 10, 12",
     _ours_is_noisiest),
    ("The FFNN is one of the fastest: no library is faster by more than "
     f"{TIMING - 1:.0%}.", _TEXT,
     _everywhere("seconds", _ours_is_among_the_fastest, " s")),
    ("scikit-learn is faster than PyTorch and Keras.", _TEXT,
     _everywhere("seconds", _scikit_learn_beats_frameworks, " s")),
    ("Keras takes longest.", _TEXT, _everywhere("seconds", _keras_is_slowest, " s")),
    ("Keras' time grows least from the simple to the complex network.", _TEXT,
     _keras_grows_least),
    ("There is no clear best model both in time and performance.", _TEXT,
     _no_clear_best),
    ("Even a simple network recreates the function without noise better than linear "
     "regression, here a polynomial of degree 8.", "Figs. 7 and 9, section V",
     _beats_polynomial),
    ("Complex networks risk overfitting: after 1000 epochs they are farther from the "
     "function without noise than simple ones.", "Figs. 11 and 13, section V",
     _complex_overfits),
    ("All four behave alike, which validates the FFNN; tested here by one gradient "
     "from the same weights.", "section V", _same_gradient),
]  # fmt: skip
