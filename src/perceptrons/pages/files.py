"""The files of a page: gathered first, then all written or none."""

from __future__ import annotations

import base64
import gzip
import os
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from perceptrons.pages.drawing import Drawing, inline_svg

# A larger CSV file stays beside the page, since all in it would be there twice, and is
# compressed: pandas, R and DuckDB read it as it is.
_CARRIED = 64 * 1024


@dataclass
class Files:
    """What will be written, by path in the folder."""

    contents: dict[str, bytes] = field(default_factory=dict)

    def csv(self, name: str, table: pd.DataFrame) -> dict[str, Any]:
        """Add a table and return its name and, unless it is large, itself as a link."""
        content = table.to_csv(index=False).encode()
        small, file = len(content) <= _CARRIED, f"{name}.csv"
        data = f"data:text/csv;base64,{base64.b64encode(content).decode()}"
        if not small:
            content, file = gzip.compress(content, mtime=0), f"{file}.gz"
        self.contents[f"tables/{file}"] = content
        return {"name": file, "carried": data if small else ""}

    def picture(
        self,
        name: str,
        title: str,
        caption: str,
        drawing: Drawing,
        table: pd.DataFrame,
    ) -> dict[str, Any]:
        """Add a drawing and its numbers and return what a template prints.

        Parameters
        ----------
        name, title, caption : str
        drawing : Drawing
        table : DataFrame
            What it was drawn from.
        """
        self.contents[f"figures/{name}.svg"] = drawing.svg
        if drawing.pdf:
            self.contents[f"figures/{name}.pdf"] = drawing.pdf
        return {
            "name": name,
            "title": title,
            "caption": caption,
            "svg": inline_svg(drawing.svg, name, title),
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
        # One name per file: what a killed process left is replaced, not added to.
        parts = {path: path.with_name(f".{path.name}.part") for path in paths}
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
