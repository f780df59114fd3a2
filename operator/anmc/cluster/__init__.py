"""The Kubernetes API server, as far as the operator reads and writes it."""
