"""Metrics of which a minute's count, sum, least and greatest value are kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the table."""
    is_postgresql = op.get_context().dialect.name == "postgresql"
    collation = "C" if is_postgresql else None
    op.create_table(
        "statistic_sets",
        sa.Column("namespace", sa.String(255, collation), nullable=False),
        sa.Column("dimensions", sa.String(1024, collation), nullable=False),
        sa.Column("name", sa.String(255, collation), nullable=False),
        sa.Column("timestamp", sa.Double(), nullable=False),
        sa.Column("source", sa.String(32, collation), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.Double(), nullable=False),
        sa.Column("minimum", sa.Double(), nullable=False),
        sa.Column("maximum", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint(
            "namespace", "dimensions", "name", "timestamp", "source", name="pk_statistic_sets"
        ),
    )
    op.create_index("ix_statistic_sets_timestamp", "statistic_sets", ["timestamp"])


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("statistic_sets")
