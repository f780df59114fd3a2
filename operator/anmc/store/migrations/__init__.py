"""Steps of the schema, applied by Alembic."""
