"""Looking inside a network: its layers, a drawing, every step of backpropagation."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from perceptrons.history import new_axes
from perceptrons.objective import Problem

if TYPE_CHECKING:
    import matplotlib.axes

Array = NDArray[np.floating[Any]]

# A unit whose slope stays below this share of 1 on so many rows learns next to nothing.
SATURATED_SLOPE, SATURATED_ROWS = 0.01, 0.95
# Units of a layer that a drawing shows.
MOST_DRAWN = 12


@dataclass(frozen=True)
class Gradients:
    """Every quantity of backpropagation, layer by layer, in float64.

    Parameters
    ----------
    z : list of ndarray of shape (n, width)
        z(l) = a(l-1) W(l) + b(l), eq. (1) of the report; the last are the raw outputs.
    a : list of ndarray
        a(0) = X and a(l) = sigma(z(l)), eq. (2); the last are the predictions. One
        more than ``z``.
    delta : list of ndarray of shape (n, width)
        dJ/dz(l), eqs. (8) and (9), J the mean loss over the rows.
    coefs, intercepts : list of ndarray
        dJ/dW(l) = a(l-1)^T delta(l), and dJ/db(l), the sum of delta(l) over the rows.
    loss : float
        J, without penalty, as all of the above.
    """

    z: list[Array]
    a: list[Array]
    delta: list[Array]
    coefs: list[Array]
    intercepts: list[Array]
    loss: float

    def __repr__(self) -> str:
        """Return shapes, not numbers."""
        shapes = ", ".join(str(W.shape) for W in self.coefs)
        return f"Gradients(loss={self.loss:.6g}, {len(self.delta)} layers: {shapes})"


@dataclass(frozen=True)
class Summary:
    """A network in a table; prints as text, shows as HTML in a notebook.

    Parameters
    ----------
    title : str
    header : list of str
    rows : list of list of str
        A row per layer.
    notes : list of str
    """

    title: str
    header: list[str]
    rows: list[list[str]]
    notes: list[str]

    def __str__(self) -> str:
        """Return aligned columns."""
        table = [self.header, *self.rows]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = [
            "  ".join(
                cell.ljust(width) if place == 0 else cell.rjust(width)
                for place, (cell, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in table
        ]
        rule = "-" * max(map(len, lines))
        return "\n".join([self.title, rule, lines[0], rule, *lines[1:], *self.notes])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """Return a table of HTML."""
        head = _html_row(self.header, "th")
        body = "".join(_html_row(row, "td") for row in self.rows)
        notes = "".join(f"<p>{html.escape(note)}</p>" for note in self.notes)
        return (
            f"<table><caption>{html.escape(self.title)}</caption>"
            f"<thead>{head}</thead><tbody>{body}</tbody></table>{notes}"
        )


def _html_row(row: list[str], tag: str) -> str:
    """Return a row of HTML, aligned as the text is."""
    cells = (
        f'<{tag} style="text-align: {"right" if place else "left"}; padding: 0 0.5em">'
        f"{html.escape(cell)}</{tag}>"
        for place, cell in enumerate(row)
    )
    return f"<tr>{''.join(cells)}</tr>"


class Inspectable:
    """What a fitted network tells of itself."""

    _problem: Any
    coefs_: list[Array]
    intercepts_: list[Array]

    def summary(self, X: Any = None) -> Summary:
        """Return layers, activations and numbers of parameters.

        Parameters
        ----------
        X : array-like of shape (n, d), default=None
            Rows on which to look for hidden units that are dead (their slope is 0 for
            every row, so no gradient reaches them) and saturated (the size of their
            slope is below 0.01 for 95 % of the rows).

        Returns
        -------
        Summary
        """
        check_is_fitted(self, "coefs_")
        problem = self._problem
        header = ["layer", "units", "activation", "parameters"]
        units = None if X is None else self._idle_units(X)
        if units is not None:
            header += ["dead", "saturated"]
        names = [called(activation) for activation in problem.activations]
        names.append(f"{problem.loss.link.name} (link)")
        rows, total = [], 0
        for layer, (W, b) in enumerate(zip(self.coefs_, self.intercepts_, strict=True)):
            hidden = layer < len(names) - 1
            size, total = W.size + b.size, total + W.size + b.size
            row = [f"hidden {layer + 1}" if hidden else "output"]
            row += [str(len(b)), names[layer], f"{size:,}"]
            if units is not None:
                row += [str(n) for n in units[layer]] if hidden else ["", ""]
            rows.append(row)
        outcome = self.outcome_  # type: ignore[attr-defined]
        first = ["input", str(problem.architecture.sizes[0]), "", ""]
        notes = [
            f"{total:,} parameters in {self.coefs_[0].dtype}; loss "
            f"{type(problem.loss).__name__}.",
            f"{outcome.reason} after {outcome.epochs} epochs, the weights of epoch "
            f"{outcome.best_epoch} kept; engine {outcome.engine}.",
        ]
        rows.insert(0, first + [""] * (len(header) - len(first)))
        return Summary(type(self).__name__, header, rows, notes)

    def gradients(self, X: Any, y: Any) -> Gradients:
        """Return every quantity of backpropagation on these rows.

        Parameters
        ----------
        X : array-like of shape (n, d)
        y : array-like of shape (n,) or (n, K)

        Returns
        -------
        Gradients
        """
        check_is_fitted(self, "coefs_")
        rows, Y = self._validate_held_out(X, y)  # type: ignore[attr-defined]
        rows = rows.toarray() if hasattr(rows, "toarray") else rows
        problem, rows = self._problem, np.asarray(rows, np.float64)
        weights = [np.asarray(W, np.float64) for W in self.coefs_]
        z, a, slopes = forward_pass(problem, self.coefs_, self.intercepts_, rows)
        a[-1] = problem.loss.link.value(z[-1])
        Y = np.asarray(Y, np.float64)
        delta = [problem.loss.slope(z[-1], Y, np.empty_like(z[-1])) / len(rows)]
        for W, slope in zip(weights[:0:-1], slopes[::-1], strict=True):
            delta.insert(0, (delta[0] @ W.T) * slope)
        return Gradients(
            z,
            a,
            delta,
            [before.T @ d for before, d in zip(a, delta, strict=False)],
            [d.sum(axis=0) for d in delta],
            float(problem.loss.value(z[-1], Y).mean()),
        )

    def draw(self, ax: matplotlib.axes.Axes | None = None) -> matplotlib.axes.Axes:
        """Draw units and weights: blue for positive, red for negative, by size.

        Of a layer of more than 12 units the first are drawn and the others counted.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        matplotlib Axes
        """
        check_is_fitted(self, "coefs_")
        sizes = self._problem.architecture.sizes
        ax = new_axes() if ax is None else ax
        shown = [min(size, MOST_DRAWN) for size in sizes]
        for layer, W in enumerate(self.coefs_):
            W = W[: shown[layer], : shown[layer + 1]]
            largest = np.abs(W).max() or 1.0
            for i, j in np.ndindex(W.shape):
                share = float(W[i, j] / largest)
                ax.plot(
                    [layer, layer + 1],
                    [_height(i, shown[layer]), _height(j, shown[layer + 1])],
                    color="tab:blue" if share > 0 else "tab:red",
                    linewidth=0.2 + 1.8 * abs(share),
                    alpha=0.15 + 0.7 * abs(share),
                    zorder=1,
                )
        lowest = _height(max(shown) - 1, max(shown))
        for layer, (size, n) in enumerate(zip(sizes, shown, strict=True)):
            heights = [_height(unit, n) for unit in range(n)]
            ax.scatter([layer] * n, heights, s=120, color="white", edgecolor="black",
                       zorder=2)  # fmt: skip
            ax.annotate(
                f"{size}" if size == n else f"{size}\n{n} drawn", (layer, lowest),
                (0, -14), textcoords="offset points", ha="center", va="top",
            )  # fmt: skip
        ax.set_axis_off()
        return ax

    def _idle_units(self, X: Any) -> list[tuple[int, int]]:
        """Return how many units of each hidden layer are dead, and saturated."""
        rows = self._check_rows(X, accept_sparse=False)  # type: ignore[attr-defined]
        _, _, slopes = forward_pass(
            self._problem, self.coefs_, self.intercepts_, np.asarray(rows, np.float64)
        )
        found = []
        for slope in slopes:
            dead = (slope == 0).all(axis=0)
            flat = (np.abs(slope) < SATURATED_SLOPE).mean(axis=0) >= SATURATED_ROWS
            found.append((int(dead.sum()), int((flat & ~dead).sum())))
        return found


def called(activation: Any) -> str:
    """Return the name of an activation, without its default settings."""
    return type(activation).__name__


def _height(unit: int, n: int) -> float:
    """Return where a unit of n is drawn."""
    return (n - 1) / 2 - unit


def forward_pass(
    problem: Problem, coefs: Sequence[Array], intercepts: Sequence[Array], rows: Array
) -> tuple[list[Array], list[Array], list[Array]]:
    """Return z and a of every layer and the hidden slopes, in float64."""
    z: list[Array] = []
    a, slopes = [rows], []
    for layer, (W, b) in enumerate(zip(coefs, intercepts, strict=True)):
        Z = a[-1] @ np.asarray(W, np.float64) + b
        z.append(Z)
        if layer == len(problem.activations):
            a.append(Z)
            break
        activation = problem.activations[layer]
        a.append(activation.value(Z, np.empty_like(Z)))
        slopes.append(activation.slope(Z.copy(), a[-1], np.empty_like(Z)))
    return z, a, slopes
