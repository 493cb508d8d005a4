"""The files of a page: gathered first, then all written or none."""

from __future__ import annotations

import os
import warnings
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from perceptrons.report import drawing
from perceptrons.report.files import carrying_link, part_of


@dataclass
class Files:
    """What will be written, by path in the folder."""

    contents: dict[str, bytes] = field(default_factory=dict)

    def csv(self, name: str, table: pd.DataFrame) -> dict[str, Any]:
        """Add a table and return its link."""
        content = table.to_csv(index=False).encode()
        self.contents[f"tables/{name}.csv"] = content
        link = carrying_link(content)
        return {
            "name": f"{name}.csv",
            "link": link or f"tables/{name}.csv",
            "carried": bool(link),
        }

    def picture(
        self, name: str, title: str, caption: str, figure: Figure, table: pd.DataFrame
    ) -> dict[str, Any]:
        """Add a figure and its numbers and return what the template prints."""
        with warnings.catch_warnings():
            # Browsers have the letters that matplotlib's own font lacks.
            warnings.filterwarnings("ignore", "Glyph .* missing from font")
            svg = drawing.draw(figure).svg
        self.contents[f"figures/{name}.svg"] = svg
        return {
            "name": name,
            "title": title,
            "caption": caption,
            "svg": drawing.inline_svg(svg, name, title),
            "csv": self.csv(name, table),
        }

    def write(self, folder: Path) -> None:
        """Write all files, or none: beside their places first, then into them.

        Parameters
        ----------
        folder : Path
            Made if missing; other files in it stay.

        Raises
        ------
        OSError
            If something cannot be written. What was there is then there still, unless
            the disk refused to rename what it had taken.
        """
        paths = {folder / name: content for name, content in self.contents.items()}
        parts = {path: part_of(path) for path in paths}
        # Whatever was not there before must not be there after a failure.
        new = [path for path in paths if not path.exists()]
        folders = [*reversed(folder.parents), folder, *(path.parent for path in paths)]
        made = [place for place in dict.fromkeys(folders) if not place.exists()]
        try:
            for path, content in paths.items():
                path.parent.mkdir(parents=True, exist_ok=True)
                parts[path].write_bytes(content)
            for path, part in parts.items():
                os.replace(part, path)
        except BaseException:
            # One that cannot be removed must not keep the others, nor hide the cause.
            for path in (*parts.values(), *new):
                with suppress(OSError):
                    path.unlink()
            for place in reversed(made):
                with suppress(OSError):
                    place.rmdir()
            raise
