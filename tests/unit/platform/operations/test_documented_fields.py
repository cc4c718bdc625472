from __future__ import annotations

from pathlib import Path

import pytest

from pairloom.platform.jobs.field_fates import FieldFates
from pairloom.platform.jobs.training_job_fields import TRAINING_JOB_FIELDS
from pairloom.platform.operations import OPERATIONS
from pairloom.platform.operations.hosting_fields import (
    ENDPOINT_CONFIG_FIELDS,
    ENDPOINT_FIELDS,
    INVOCATION_FIELDS,
    MODEL_FIELDS,
    WEIGHTS_FIELDS,
)
from pairloom.platform.transform.transform_job_fields import TRANSFORM_JOB_FIELDS

# By the heading of the section that tells them.
FATES = {
    "A training job's request": [TRAINING_JOB_FIELDS],
    "A transform job's request": [TRANSFORM_JOB_FIELDS],
    "A model's request": [MODEL_FIELDS],
    "An endpoint configuration's request": [ENDPOINT_CONFIG_FIELDS],
    "An endpoint's request": [ENDPOINT_FIELDS, WEIGHTS_FIELDS],
    "An invocation": [INVOCATION_FIELDS],
}


@pytest.fixture
def page(repository: Path) -> str:
    return (repository / "docs" / "platform-api.md").read_text(encoding="utf-8")


def test_page_names_every_operation(page: str) -> None:
    assert [name for _, name in OPERATIONS if name not in page] == []


@pytest.mark.parametrize("heading", FATES)
def test_page_names_every_field_that_is_not_honoured(heading: str, page: str) -> None:
    section = page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    told = [line for line in section.splitlines() if line.startswith("| `")]
    assert told == [row for fates in FATES[heading] for row in _rows(fates)]


def test_every_table_of_fields_is_tested(page: str) -> None:
    sections = page.split("\n## ")
    assert [text.partition("\n")[0] for text in sections if "\n| `" in text] == list(FATES)


def _rows(fates: FieldFates) -> list[str]:
    """Return the rows of both tables; a container is told of once, for its first place."""
    return [
        f"| `{field}` | {why} |"
        for told in (fates.ignored, fates.refused)
        for field, why in told.items()
        if not field.startswith("Containers.")
    ]
