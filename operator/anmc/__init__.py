"""Operator that keeps Mobile Commons and Action Network in step."""
