"""The documentation site: what `scripts/docs` builds from docs/ and the docstrings."""

from typing import Any

from docutils import nodes
from sphinx import addnodes

import perceptrons

project = "perceptrons"
author = "The perceptrons developers"
version = release = perceptrons.__version__
html_show_copyright = False

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["report"]
templates_path = ["_templates"]
nitpicky = True
myst_heading_anchors = 3

# The docstrings say types in words; signatures give names and defaults.
autodoc_typehints = "none"
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "inherited-members": True}
autosummary_generate_overwrite = True
numpydoc_show_class_members = False

sphinx_gallery_conf = {
    "examples_dirs": "../examples/gallery",
    "gallery_dirs": "gallery",
    "subsection_order": [
        f"../examples/gallery/{part}"
        for part in ("networks", "training", "tables", "elsewhere")
    ],
    "within_subsection_order": "ExampleTitleSortKey",
    "show_signature": False,
    "download_all_examples": False,
    "show_memory": False,
    "min_reported_time": 1e9,  # times are those of the machine that built the site
    "write_computation_times": False,
    "abort_on_example_error": True,
}

html_theme = "pydata_sphinx_theme"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_title = "perceptrons"
html_theme_options = {
    "navbar_align": "left",
    "show_prev_next": False,
    "footer_start": [],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
    "back_to_top_button": False,
}
html_sidebars = {
    "index": [],
    "contributing": [],
    "changelog": [],
    "architecture": [],
}
html_show_sourcelink = False


def skip_foreign(
    app: Any, what: str, name: str, member: Any, skip: bool, options: Any
) -> bool | None:
    """Leave out what classes inherit from other libraries."""
    source = getattr(member, "fget", None) or member
    home = getattr(source, "__module__", None) or "perceptrons"
    return None if home.startswith("perceptrons") else True


def link_report(app: Any, doctree: nodes.document) -> None:
    """Let links to the report lead to its copy beside the site's pages.

    The parser takes a link to a file that is no page for a download.
    """
    for node in list(doctree.findall(addnodes.download_reference)):
        if node["reftarget"].endswith("report/index.html"):
            link = nodes.reference("", "", *node.children, refuri="report/index.html")
            node.replace_self(link)


def setup(app: Any) -> None:
    """Connect the functions above."""
    app.connect("autodoc-skip-member", skip_foreign)
    # Before downloads are copied.
    app.connect("doctree-read", link_report, priority=400)
