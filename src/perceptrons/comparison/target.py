"""What is predicted: amounts or classes, chosen from the target and said."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from perceptrons import _checks
from perceptrons.tables import DataError
from perceptrons.tables.cells import Cells
from perceptrons.tables.numerals import GAP_WORDS, Form
from perceptrons.tables.settle import Reading
from perceptrons.tables.values import EXACT, LARGEST, numbers

Task = Literal["regression", "classification"]
TASKS: tuple[Task, ...] = ("regression", "classification")

#: So many distinct whole numbers are classes at most.
MOST_WHOLE_CLASSES = 10

#: A target that varies less is taken for constant by some estimators: scikit-learn's
#: Lasso knows no penalty below 1e-15, and its path spans three powers of ten.
SMALLEST = 1e-10

#: A class of fewer rows cannot be in every one of five folds.
LEAST_CLASS_ROWS = 5


@dataclass(frozen=True)
class Target:
    """The target and the task that it sets.

    Parameters
    ----------
    values : ndarray of shape (n,)
        float64 for regression; whole numbers, booleans or text for classes.
    task : {"regression", "classification"}
    reason : str
        Why this task, one sentence.
    keep : ndarray of bool, of the shape given
        Rows that `values` has.
    warnings : list of str
    """

    values: NDArray[Any]
    task: Task
    reason: str
    keep: NDArray[np.bool_]
    warnings: list[str]


def choose(cells: Cells, reading: Reading, task: str | None) -> Target:
    """Choose the task and take the target's values.

    Text, booleans and at most ten distinct whole numbers are classes; other numbers
    are amounts. Rows without a target, and rows of classes too rare for five folds,
    are left out.

    Parameters
    ----------
    cells : Cells
    reading : Form or DateForm or None
        How its text was read.
    task : {"regression", "classification"}, optional
        Overrides the choice.

    Returns
    -------
    Target

    Raises
    ------
    DataError
        For a target of one value, of dates, of complex or infinite values, that varies
        by next to nothing, or that does not suit the task.
    """
    if task is not None:
        _checks.choice("task", task, TASKS)
    name = cells.name
    keep = ~cells.missing
    if not keep.any():
        raise DataError(f"The target {name!r} holds no values; name another column.")
    warnings = list(_told(cells, reading))
    if not keep.all():
        count = int((~keep).sum())
        lack = "it lacks" if count == 1 else "they lack"
        warnings.append(f"{_left_out(count)}, for {lack} {name!r}.")
    present = cells.take(keep)
    values, kind = _values(present, reading)
    if np.unique(values).size == 1:
        raise DataError(
            f"The target {name!r} has one value, {values[0]}, in all rows; there is "
            "nothing to predict."
        )
    own, reason = _own_task(values, kind, name)
    if task == "regression" and kind == "text":
        raise DataError(
            f"The target {name!r} is text, such as {str(values[0])!r}, and a "
            "regression needs numbers; leave out task, or name another target."
        )
    if task is not None and task != own:
        reason = f"{name!r} is treated as {_WORDS[task]}, as asked for."
    if (task or own) == "regression":
        amounts = values.astype(np.float64)
        spread = float(np.ptp(amounts))
        if spread < SMALLEST:
            raise DataError(
                f"The target {name!r} varies by {spread:.2g} only, and less than "
                f"{SMALLEST:g} is lost in computing; give it in a smaller unit."
            )
        return Target(amounts, "regression", reason, keep, warnings)
    common = _common(values, name, warnings)
    keep[keep] = common
    return Target(values[common], "classification", reason, keep, warnings)


_WORDS = {"regression": "an amount", "classification": "classes"}


def _told(cells: Cells, reading: Reading) -> Iterator[str]:
    """Say how the target was read, where that could be wrong."""
    special = reading.sentence() if isinstance(reading, Form) else ""
    if special:
        yield f"The target {cells.name!r}: {special}"
    if cells.storage != "text":
        return
    if cells.blanks:
        yield (
            f"The target {cells.name!r}: blanks at the ends of {cells.blanks:,} cells "
            "are left out."
        )
    words = [level for level in cells.levels if level.lower() in GAP_WORDS]
    if words:
        yield (
            f"The target {cells.name!r}: {', '.join(map(repr, words))} counts as a "
            "class; if it means missing, say so (--gaps)."
        )


def _values(present: Cells, reading: Reading) -> tuple[NDArray[Any], str]:
    """Return the values and whether they are "numbers", "booleans" or "text"."""
    name = present.name
    if present.storage == "date":
        raise DataError(
            f"The target {name!r} holds dates; derive a number to predict from them, "
            "such as the days since a fixed date."
        )
    if present.storage == "other":
        what = "complex numbers" if present.what == "complex" else present.what
        raise DataError(
            f"The target {name!r} holds {what}, such as {present.levels[0]}; predict "
            "a number or a class that is made of them."
        )
    if present.storage == "boolean":
        return present.values.astype(np.bool_), "booleans"
    if present.storage == "text":
        return np.array([str(text) for text in present.texts()]), "text"
    odd = [w for w in _words(reading) if w.lower() not in GAP_WORDS]
    if odd:
        raise DataError(
            f"The target {name!r} holds numbers, but also "
            f"{', '.join(map(repr, odd))}; write numbers there, or leave the cells "
            "empty (or name the word with --gaps) to leave out their rows."
        )
    if present.storage == "integer" and present.values.dtype != object:
        return present.values.astype(np.int64), "numbers"
    if present.values.dtype == object and np.unique(present.values).size <= (
        MOST_WHOLE_CLASSES
    ):
        return np.array([str(value) for value in present.values]), "text"
    values = numbers(present, None)
    infinite = int((np.abs(values) > LARGEST).sum())
    if infinite:
        raise DataError(
            f"The target {name!r} holds {infinite} infinite values (or beyond "
            f"{LARGEST:g}); leave the cells empty to leave out their rows."
        )
    whole = (values == np.round(values)).all() and np.abs(values).max() < EXACT
    return (values.astype(np.int64) if whole else values), "numbers"


def _words(reading: Reading) -> tuple[str, ...]:
    """Return the words that were read as gaps."""
    return reading.gaps if isinstance(reading, Form) else ()


def _own_task(values: NDArray[Any], kind: str, name: str) -> tuple[Task, str]:
    """Choose the task from the values."""
    distinct = np.unique(values).size
    if kind != "numbers":
        return "classification", f"{name!r} is {_BE[kind]}: {distinct} classes."
    if values.dtype == np.int64 and distinct <= MOST_WHOLE_CLASSES:
        several = distinct > 2
        reason = (
            f"{name!r} has {distinct} distinct whole numbers, at most "
            f"{MOST_WHOLE_CLASSES}, so they are classes"
            f"{', whose order no model uses' if several else ''}; if they are "
            f"{'grades or amounts' if several else 'amounts'}, ask for the task "
            f"regression{', which uses it' if several else ''}."
        )
        return "classification", reason
    reason = f"{name!r} is a number of {distinct:,} distinct values: an amount."
    return "regression", reason


_BE = {"booleans": "true or false", "text": "text"}


def _common(values: NDArray[Any], name: str, warnings: list[str]) -> NDArray[np.bool_]:
    """Return which rows are of classes with enough rows, and say which are not."""
    labels, codes, counts = np.unique(values, return_inverse=True, return_counts=True)
    rare = counts < LEAST_CLASS_ROWS
    common = ~rare[codes]
    if (~rare).sum() < 2 or common.mean() < 0.5:
        raise DataError(
            f"The target {name!r} has {labels.size:,} classes in {values.size:,} rows, "
            f"and {int(rare.sum()):,} of them have fewer than {LEAST_CLASS_ROWS} rows; "
            "name a target of fewer classes, pool the rare ones, or, for numbers, ask "
            "for the task regression."
        )
    if rare.any():
        shown = ", ".join(repr(label.item()) for label in labels[rare][:5])
        more = f" and {rare.sum() - 5} more" if rare.sum() > 5 else ""
        warnings.append(
            f"{_left_out(int((~common).sum()))}, for their classes of {name!r} have "
            f"fewer than {LEAST_CLASS_ROWS} rows: {shown}{more}."
        )
    return common


def _left_out(count: int) -> str:
    """Say how many rows are not used."""
    return "1 row is left out" if count == 1 else f"{count:,} rows are left out"
