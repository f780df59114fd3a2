"""The rule book as pure functions: snapshots in, decisions out."""
