"""`make demo`: the whole sync, told as a story with a check at every step."""
