"""A figure as inline SVG for the page, and as SVG and PDF files.

Values are in the SVG itself, as titles that a browser shows on hover, no script needed:
an artist whose gid is from :func:`tip` carries that text; a curve, a line with a gid or
a label, its name and its lowest and last value, and its markers, where they are few,
their coordinates. The page's script goes further and shows the nearest point of every
curve; the scales of the axes, which it needs, are an attribute of the drawing.
"""

from __future__ import annotations

import io
import json
import re
import warnings
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from perceptrons.pages.style import BLUE, GRID, INK, MUTED

_PAGE_COLORS = {
    INK: "currentColor",
    MUTED: "var(--muted)",
    GRID: "var(--grid)",
    BLUE: "var(--blue)",
}

_TIP = "tip:"

# More markers than this on one curve get no titles of their own.
_FEW = 60


@dataclass(frozen=True)
class Drawing:
    """A figure as files.

    Parameters
    ----------
    svg : bytes
    pdf : bytes, default=b""
        Nothing if it was not wanted.
    """

    svg: bytes
    pdf: bytes = b""


def tip(text: str) -> str:
    """Return the gid that gives an artist a text on hover.

    Parameters
    ----------
    text : str
        Such as a cell's exact value and where it stands.
    """
    return _TIP + text


def draw(figure: Figure, *, paper: bool = True) -> Drawing:
    """Render a figure; the same figure gives the same bytes.

    Parameters
    ----------
    figure : Figure
        Its layout is fixed once, for both files.
    paper : bool, default=True
        Make a PDF file, too.
    """
    with warnings.catch_warnings():
        # Browsers have the letters that matplotlib's own font lacks.
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        return _drawn(figure, paper)


def _drawn(figure: Figure, paper: bool) -> Drawing:
    """Render a figure."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    curves = _name_curves(figure)
    # The canvases' own methods: savefig would draw everything once more for each.
    svg, pdf = io.BytesIO(), io.BytesIO()
    with rc_context({"svg.hashsalt": "perceptrons", "svg.fonttype": "none"}):
        # Undated, so that the same numbers give the same file.
        on_svg: Any = FigureCanvasSVG(figure)
        on_svg.print_svg(svg, metadata={"Date": None})
        if paper:
            on_pdf: Any = FigureCanvasPdf(figure)
            on_pdf.print_pdf(pdf, metadata={"CreationDate": None})
    return Drawing(_titled(svg.getvalue().decode(), figure, curves), pdf.getvalue())


def _name_curves(figure: Figure) -> dict[str, tuple[Axes, Line2D, str]]:
    """Give every named line a gid and return the lines, with their names, by it."""
    curves: dict[str, tuple[Axes, Line2D, str]] = {}
    for axes in figure.axes:
        for line in axes.lines:
            name = line.get_gid() or str(line.get_label())
            if not name.startswith(("_", _TIP)):
                curves[f"curve{len(curves)}"] = (axes, line, name)
                line.set_gid(f"curve{len(curves) - 1}")
    return curves


def _titled(
    svg: str, figure: Figure, curves: dict[str, tuple[Axes, Line2D, str]]
) -> bytes:
    """Turn gids into titles, and write the scales of the axes into the drawing."""
    # The attribute is escaped as the text of an element needs it.
    svg = re.sub(rf'<g id="{_TIP}([^"]*)">', r'<g class="tip"><title>\1</title>', svg)
    height = figure.bbox.height
    for gid, (axes, line, name) in curves.items():
        opening = f'<g id="{gid}">'
        start = svg.find(opening)
        if start < 0:
            continue
        end = svg.index("</g>", start)
        if "<g " in svg[start + len(opening) : end]:
            # Markers are a group of their own.
            end = svg.index("</g>", end + 1)
        body = _marked(svg[start + len(opening) : end], axes, name, height)
        index = figure.axes.index(axes)
        head = (
            f'<g id="{gid}" class="curve" data-axes="{index}" '
            f'data-name="{escape(name)}"><title>{escape(_summary(line, name))}</title>'
        )
        svg = svg[:start] + head + body + svg[end:]
    scales = escape(json.dumps([_scale(axes, height) for axes in figure.axes]))
    return svg.replace("<svg", f'<svg data-axes="{scales}"', 1).encode()


def _marked(body: str, axes: Axes, name: str, height: float) -> str:
    """Give the markers of a curve their coordinates as titles, if they are few."""
    markers = re.compile(r'<use ([^>]*)x="([^"]+)" y="([^"]+)"([^>]*)/>')
    if len(markers.findall(body)) > _FEW:
        return body

    def title(found: re.Match[str]) -> str:
        place = float(found[2]), height - float(found[3])
        x, y = axes.transData.inverted().transform(place)
        text = f"{name}: {axes.get_xlabel()} {x:.4g}, {axes.get_ylabel()} {y:.4g}"
        return f"{found[0][:-2]}><title>{escape(text)}</title></use>"

    return markers.sub(title, body)


def _summary(line: Line2D, name: str) -> str:
    """Say a curve's name, its lowest value and its last."""
    x, y = (np.asarray(part, float) for part in line.get_data())
    finite = np.flatnonzero(np.isfinite(y))
    if not finite.size:
        return name
    low, last = finite[np.argmin(y[finite])], finite[-1]
    return f"{name}: lowest {y[low]:.4g} at {x[low]:.4g}, last {y[last]:.4g}"


def _scale(axes: Axes, height: float) -> dict[str, Any]:
    """Return what turns a place in the drawing into values."""
    left, bottom, right, top = axes.bbox.extents
    return {
        "x": axes.get_xlabel(),
        "y": axes.get_ylabel(),
        "box": [
            round(float(v), 3) for v in (left, height - bottom, right, height - top)
        ],
        "lim": [float(v) for v in (*axes.get_xlim(), *axes.get_ylim())],
        "log": [axes.get_xscale() == "log", axes.get_yscale() == "log"],
    }


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
    text = re.sub(r'\b(?:d|x|y)="[^"]*"', _shortened, text)
    label = escape(title)
    return text.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)


def _shortened(attribute: re.Match[str]) -> str:
    """Drop the digits of coordinates that no screen shows: half of a drawing's size."""
    return re.sub(r"(\.\d\d)\d+", r"\1", attribute[0])
