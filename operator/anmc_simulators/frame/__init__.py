"""What every request of both services goes through: limits, latency, faults, the journal."""
