"""Everything that can go wrong on purpose, one class for each name."""
