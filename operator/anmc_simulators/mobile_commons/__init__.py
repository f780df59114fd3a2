"""Mobile Commons as a local server, written from its wire contract (mobile-commons-api.md)."""
