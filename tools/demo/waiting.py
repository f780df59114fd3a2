"""Waiting for something to become true, with a deadline."""

import time
from collections.abc import Callable
from typing import Final, TypeVar

from demo.errors import DemoError

DEADLINE: Final = 60.0
"""Seconds. Nothing that is waited for takes more than twenty, on two busy cores."""

_PAUSE: Final = 0.1

_Found = TypeVar("_Found")


def wait_for(what: str, look: Callable[[], _Found | None]) -> _Found:
    """Look until there is something other than None.

    Raises:
        DemoError: `what` did not happen in time.
    """
    deadline = time.monotonic() + DEADLINE
    while (found := look()) is None:
        if time.monotonic() > deadline:
            raise DemoError(f"waited {DEADLINE:.0f} s in vain until {what}")
        time.sleep(_PAUSE)
    return found
