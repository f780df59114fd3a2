"""Client of Action Network."""
