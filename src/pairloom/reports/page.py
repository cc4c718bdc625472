"""The page of a report: one file that needs nothing else, no network and no script."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pairloom.reports.pictures.picture import Picture
from pairloom.reports.tables import Table


@dataclass(slots=True, kw_only=True)
class Section:
    """A part of the page under its own heading."""

    name: str
    title: str
    text: str = ""
    pictures: list[Picture] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)


def render_page(title: str, summary: str, sections: Sequence[Section]) -> str:
    """Return the page as HTML; every text is escaped."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.filters["data_address"] = _data_address
    template = environment.get_template("page.html.jinja")
    return template.render(title=title, summary=summary, sections=sections)


def _data_address(picture: Picture) -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode(picture.svg).decode('ascii')}"
