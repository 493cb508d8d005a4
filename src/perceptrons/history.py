"""What training leaves behind: one row per epoch, and an outcome with its reason."""

from __future__ import annotations

import html
import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from perceptrons import extras

if TYPE_CHECKING:
    import matplotlib.axes
    import pandas as pd

Array = NDArray[np.floating[Any]]
Reason = Literal[
    "converged", "no improvement", "limit reached", "diverged", "interrupted"
]


class DivergedError(ValueError):
    """Training of an estimator diverged before any epoch ended with finite weights."""


@dataclass
class History:
    """One row per epoch.

    Several fits of one estimator (``warm_start``, ``partial_fit``) follow one another.

    Parameters
    ----------
    columns : dict of str to list of float
        "epoch", "loss" (the objective, penalty included), "validation_loss" (without
        penalty) and "validation_score" (NaN where nothing was held out),
        "learning_rate" (of the epoch's last step), "seconds" (of this epoch,
        validation included). By default all are empty.
    """

    columns: dict[str, list[float]] = field(
        default_factory=lambda: {
            "epoch": [],
            "loss": [],
            "validation_loss": [],
            "validation_score": [],
            "learning_rate": [],
            "seconds": [],
        }
    )

    def __len__(self) -> int:
        """Return the number of epochs."""
        return len(self.columns["epoch"])

    def __repr__(self) -> str:
        """Return the number of epochs and the last loss."""
        if not len(self):
            return "History(no epochs)"
        return f"History({len(self)} epochs, last loss {self.columns['loss'][-1]:.6g})"

    def _repr_html_(self) -> str:
        """Return the curve of the loss, or the text where nothing can draw it."""
        try:
            axes = new_axes(figsize=(5, 3)) if len(self) else None
        except ModuleNotFoundError:
            axes = None
        if axes is None:
            return html.escape(repr(self))
        svg: str = self.plot(axes)._repr_svg_()  # type: ignore[attr-defined]
        return svg[svg.index("<svg") :]

    def extend(self, **rows: Iterable[float]) -> None:
        """Add epochs.

        Parameters
        ----------
        **rows : iterable of float
            The values of each column.
        """
        for name, column in self.columns.items():
            column.extend(rows[name])

    def append(self, later: History) -> None:
        """Let another history follow, its epochs counted on.

        Parameters
        ----------
        later : History
            Left as it is.
        """
        epochs = range(len(self) + 1, len(self) + len(later) + 1)
        self.extend(**{**later.columns, "epoch": epochs})

    def to_frame(self) -> pd.DataFrame:
        """Return the columns as a pandas DataFrame."""
        with extras.study("to_frame"):
            import pandas as pd

        return pd.DataFrame(self.columns)

    def plot(self, ax: matplotlib.axes.Axes | None = None) -> matplotlib.axes.Axes:
        """Draw training and validation loss against the epoch.

        The axis is a log axis where the losses span more than a factor of 10.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        matplotlib Axes
        """
        ax = new_axes() if ax is None else ax
        epochs = np.arange(1, len(self) + 1)
        ax.plot(epochs, self.columns["loss"], label="training")
        if np.isfinite(self.columns["validation_loss"]).any():
            ax.plot(epochs, self.columns["validation_loss"], label="validation")
        ax.set(xlabel="epoch", ylabel="loss")
        lines = np.concatenate([line.get_ydata() for line in ax.lines])
        lines = lines[np.isfinite(lines)]
        if len(lines) and 0 < 10 * lines.min() < lines.max():
            ax.set_yscale("log")
        ax.legend()
        return ax


@dataclass(frozen=True)
class Outcome:
    """How one training ended.

    Parameters
    ----------
    reason : str
        "converged" (the training loss, or L-BFGS' gradient, met ``tol``, or L-BFGS'
        objective no longer falls in float64), "no
        improvement" (of the validation score, or in L-BFGS' line search), "limit
        reached" (epochs, function calls or seconds), "diverged" (no longer finite)
        or "interrupted" (Ctrl-C or a callback).
    message : str
        A sentence, with a remedy where one is due.
    epochs : int
        Finished epochs (iterations of L-BFGS) of this fit.
    best_epoch : int
        The epoch whose weights are kept, counted within this fit; 0 if those of
        before.
    seconds : float
    engine, engine_reason : str
        Who computed, and why that one.
    by_callback : bool
        Whether a callback ended training.
    """

    reason: Reason
    message: str
    epochs: int
    best_epoch: int
    seconds: float
    engine: str = ""
    engine_reason: str = ""
    by_callback: bool = False

    def __repr__(self) -> str:
        """Return what is asked for most."""
        by = f", {self.engine}" if self.engine else ""
        return (
            f"Outcome({self.reason!r} after {self.epochs} epochs, best "
            f"{self.best_epoch}, {self.seconds:.2g} s{by})"
        )

    def _repr_html_(self) -> str:
        """Return every field in a table."""
        shown = {**vars(self), "seconds": f"{self.seconds:.3g}"}
        rows = "".join(
            f"<tr><th>{name}</th><td>{html.escape(str(value))}</td></tr>"
            for name, value in shown.items()
        )
        return f"<table><tbody>{rows}</tbody></table>"


@dataclass(frozen=True)
class EpochState:
    """What a callback's ``on_epoch_end(state)`` sees; arrays are read-only views.

    Parameters
    ----------
    epoch : int
        Counted within this fit, from 1.
    loss, validation_loss, validation_score, learning_rate, seconds : float
        As in :class:`History`; ``seconds`` since the fit began.
    coefs, intercepts : list of ndarray
        Weights (n_in, n_out) and biases (n_out,) of each layer.
    optimizer_state : dict
        The rule's state, such as RMSProp's "mean_square"; empty for L-BFGS.
    course : object
        The training itself, for :class:`perceptrons.Checkpoint`.
    """

    epoch: int
    loss: float
    validation_loss: float
    validation_score: float
    learning_rate: float
    seconds: float
    coefs: list[Array]
    intercepts: list[Array]
    optimizer_state: dict[str, Any]
    course: Any = field(default=None, repr=False)


def new_axes(**given: Any) -> matplotlib.axes.Axes:
    """Return axes of a figure of their own, which show themselves in a notebook."""
    with extras.study("plot"):
        from matplotlib.axes import Axes
        from matplotlib.figure import Figure

    figure = Figure(layout="constrained", **given)

    class Shown(Axes):
        """Axes that show their figure."""

        def _repr_svg_(self) -> str:
            stream = io.StringIO()
            figure.savefig(stream, format="svg")
            # Narrow windows shrink it, where they would cut it off.
            fit = '<svg style="max-width: 100%; height: auto"'
            return stream.getvalue().replace("<svg", fit, 1)

    axes: Axes = figure.add_subplot(axes_class=Shown)
    return axes
