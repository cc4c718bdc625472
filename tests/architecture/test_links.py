from __future__ import annotations

import re
from pathlib import Path

LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")


def test_links_of_every_page_lead_to_a_file(project_files: tuple[Path, ...]) -> None:
    pages = [file for file in project_files if file.suffix == ".md"]
    assert pages, "no pages found"
    broken = [
        f"{page}: {link}"
        for page in pages
        for link in LINK.findall(page.read_text(encoding="utf-8"))
        if not (page.parent / link).exists()
    ]
    assert broken == []
