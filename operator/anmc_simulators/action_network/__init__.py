"""Action Network API v2 as its contract describes it (action-network-api.md)."""
