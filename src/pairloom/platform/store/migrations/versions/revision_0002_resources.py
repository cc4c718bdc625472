"""Resources of every kind; the tuning job that a training job is part of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table and the column."""
    op.create_table(
        "resources",
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("name", sa.String(63), nullable=False),
        sa.Column("request", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("modified_at", sa.Double(), nullable=False),
        sa.Column("stop_requested", sa.Boolean(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("runner_id", sa.String(255)),
        sa.Column("lease_until", sa.Double()),
        sa.Column("state", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "name", name="pk_resources"),
    )
    op.create_index("ix_resources_created_at", "resources", ["created_at"])
    op.create_index("ix_resources_status", "resources", ["status"])
    op.add_column("training_jobs", sa.Column("tuning_job", sa.String(63)))
    op.create_index("ix_training_jobs_tuning_job", "training_jobs", ["tuning_job"])


def downgrade() -> None:
    """Drop the table and the column."""
    op.drop_index("ix_training_jobs_tuning_job", "training_jobs")
    op.drop_column("training_jobs", "tuning_job")
    op.drop_table("resources")
