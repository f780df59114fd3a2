"""Waiting for something to become true, with a limit."""

import time
from collections.abc import Callable
from typing import Final, TypeVar

LIMIT: Final = 60.0
"""Seconds; far above what anything takes on two busy cores, so that only a defect meets it."""

_PAUSE: Final = 0.1

_Found = TypeVar("_Found")


class NeverHappened(AssertionError):
    """What a test waited for did not come."""


def wait_for(what: str, look: Callable[[], _Found | None], *, limit: float = LIMIT) -> _Found:
    """Look until there is something other than None; `limit` in seconds.

    Raises:
        NeverHappened: it did not come in time.
    """
    deadline = time.monotonic() + limit
    while (found := look()) is None:
        if time.monotonic() > deadline:
            raise NeverHappened(f"waited {limit:.0f} s in vain until {what}")
        time.sleep(_PAUSE)
    return found
