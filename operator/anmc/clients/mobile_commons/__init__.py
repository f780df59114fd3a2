"""Client of Mobile Commons."""
