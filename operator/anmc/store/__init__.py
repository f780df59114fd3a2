"""What the operator remembers between runs, kept in SQLite or PostgreSQL."""
