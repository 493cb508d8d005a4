"""The page on paper: HTML becomes a PDF file by WeasyPrint, an optional library."""

from __future__ import annotations

from pathlib import Path

HINT = (
    "--format pdf needs WeasyPrint: install it with `pip install 'perceptrons[pdf]'`; "
    "it also needs the Pango library of the system (`apt install libpango-1.0-0 "
    "libpangoft2-1.0-0`, `brew install pango`)."
)


def can_convert() -> bool:
    """Tell whether WeasyPrint and the libraries below it are installed."""
    try:
        import weasyprint  # noqa: F401
    except (ImportError, OSError):
        # OSError: the package is there, Pango is not.
        return False
    return True


def convert(html: str, folder: Path) -> bytes:
    """Return a page as a PDF file.

    Parameters
    ----------
    html : str
    folder : Path
        What its links are relative to.

    Returns
    -------
    bytes
    """
    from weasyprint import HTML

    content: bytes = HTML(string=html, base_url=f"{folder.resolve()}/").write_pdf()
    return content
