"""Errors that travel inside an answer (mobile-commons-api.md 2)."""

from typing import Final

INVALID_PHONE: Final = 5
"""The id that `profile` answers both for a malformed number and for one without a profile."""


class Refused(Exception):
    """An application error of the service, with its id."""

    def __init__(self, identity: int, message: str) -> None:
        super().__init__(message)
        self.identity = identity
