"""What was seen, what is due, which run follows: Kopf watches, the scheduler decides."""
