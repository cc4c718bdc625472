"""Run migrations on the connection that `pairloom.platform.store.database` hands over."""

from __future__ import annotations

from alembic import context

from pairloom.platform.store.tables import Table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    transactional_ddl=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
