"""A figure as inline SVG for the page, and as SVG and PDF files."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass

from matplotlib import rc_context
from matplotlib.figure import Figure

from perceptrons.report.figures import BLUE, GRID, INK, MUTED

_PAGE_COLORS = {
    INK: "currentColor",
    MUTED: "var(--muted)",
    GRID: "var(--grid)",
    BLUE: "var(--blue)",
}

# Undated, so that the same numbers give the same file.
_NO_DATE = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}


@dataclass(frozen=True)
class Drawing:
    """A figure as two files.

    Parameters
    ----------
    svg, pdf : bytes
    """

    svg: bytes
    pdf: bytes


def draw(figure: Figure) -> Drawing:
    """Render a figure; the same figure gives the same bytes.

    Parameters
    ----------
    figure : Figure
        Its layout is fixed once, for both.
    """
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    return Drawing(_save(figure, "svg"), _save(figure, "pdf"))


def _save(figure: Figure, kind: str) -> bytes:
    """Return the figure as a file of this kind."""
    buffer = io.BytesIO()
    with rc_context({"svg.hashsalt": "perceptrons", "svg.fonttype": "none"}):
        figure.savefig(buffer, format=kind, metadata=_NO_DATE[kind])
    return buffer.getvalue()


def inline_svg(svg: bytes, name: str, title: str) -> str:
    """Return an SVG file as an ``<svg>`` element that takes the page's colors.

    Parameters
    ----------
    svg : bytes
        From :func:`draw`.
    name : str
        Prefix of every id, so that several drawings share a page.
    title : str
        Read out by screen readers.
    """
    text = svg.decode()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    # The figure's white background; everything else is drawn without one.
    text = re.sub(r'<g id="patch_1">.*?</g>', "", text, count=1, flags=re.DOTALL)
    text = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', text)
    text = re.sub(r'href="#([^"]+)"', rf'href="#{name}-\1"', text)
    text = re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", text)
    for color, own in _PAGE_COLORS.items():
        text = text.replace(color, own)
    # The page sets the width; the viewBox keeps the shape.
    text = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", text, count=1)
    label = title.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    return text.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)
