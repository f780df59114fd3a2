"""Clients of both services: typed calls over one shared transport."""
