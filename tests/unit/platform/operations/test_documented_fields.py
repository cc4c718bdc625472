from __future__ import annotations

from pathlib import Path

from pairloom.platform.jobs.training_job_fields import IGNORED, REFUSED
from pairloom.platform.operations import OPERATIONS


def test_page_names_every_operation_and_every_field_that_is_not_honoured(repository: Path) -> None:
    page = (repository / "docs" / "platform-api.md").read_text(encoding="utf-8")
    assert [name for _, name in OPERATIONS if name not in page] == []
    rows = [f"| `{field}` | {why} |" for field, why in {**IGNORED, **REFUSED}.items()]
    assert [row for row in rows if row not in page] == []
    assert page.count("\n| `") == len(rows)
