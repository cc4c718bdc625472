"""Names are compared and sorted by code points, on PostgreSQL as on SQLite."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

COLUMNS = {
    "training_jobs": {"name": 63, "status": 32, "tuning_job": 63},
    "training_job_transitions": {"job_name": 63},
    "resources": {"kind": 32, "name": 63, "status": 32},
    "log_streams": {"group_name": 512, "name": 512},
    "log_events": {"group_name": 512, "stream": 512},
    "metrics": {"namespace": 255, "dimensions": 1024, "name": 255},
    "tags": {"arn": 256, "key": 128},
    "roles": {"name": 64},
}


def upgrade() -> None:
    """Give the columns the collation that knows no language."""
    _collate("C")


def downgrade() -> None:
    """Give them back the database's own."""
    _collate("default")


def _collate(collation: str) -> None:
    if op.get_context().dialect.name != "postgresql":
        return
    for table, columns in COLUMNS.items():
        for column, length in columns.items():
            op.alter_column(table, column, type_=sa.String(length, collation=collation))
