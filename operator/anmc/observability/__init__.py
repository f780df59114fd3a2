"""What people who run the operator see: metrics, logs, health."""
