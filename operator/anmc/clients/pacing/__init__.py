"""When a request may start: one pacer per credential, shared by every integration that uses it."""
