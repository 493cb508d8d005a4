"""The result of a comparison: what it found, its figure and its page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from perceptrons.comparison.findings import Findings

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Comparison(Findings):
    """The result of :func:`perceptrons.compare`.

    See Also
    --------
    perceptrons.comparison.findings.Findings : its fields, table and fitted models.
    """

    # Drawing takes a second to import, and who asks for the verdict needs none.

    def plot(self) -> Figure:
        """Return a forest plot: the gain of every candidate with its interval."""
        from perceptrons.comparison import figures

        return figures.forest(self)

    def save(self, folder: str | Path) -> Path:
        """Write the page, whole or not at all.

        Parameters
        ----------
        folder : str or Path
            Made if missing.

        Returns
        -------
        Path
            Of index.html.
        """
        from perceptrons.comparison import page

        return page.write(self, Path(folder))
