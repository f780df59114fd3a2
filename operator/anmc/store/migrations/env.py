"""Run migrations on the connection that `anmc.store.revisions` hands over."""

from alembic import context

from anmc.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite alters few things in place
)
with context.begin_transaction():
    context.run_migrations()
