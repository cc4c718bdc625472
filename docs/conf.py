"""The documentation site: `make docs`."""

from __future__ import annotations

project = "Pairloom"
author = "The Pairloom developers"

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinxcontrib.mermaid",
]
myst_fence_as_directive = ["mermaid"]
myst_heading_anchors = 3
autodoc_typehints = "none"
autodoc_member_order = "bysource"
napoleon_google_docstring = False

html_theme = "furo"
html_title = "Pairloom"
