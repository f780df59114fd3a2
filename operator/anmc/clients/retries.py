"""When a try is repeated, and after how long."""

import math
from collections.abc import Callable
from datetime import datetime
from enum import Enum, auto
from typing import Final

from anmc.clients.failures import CallFailed, Doubtful, TryFailed
from anmc.clients.times import read_http_date

MAX_WAIT: Final = 60.0
"""Longest wait between two tries in seconds, whatever the service asks for; after the last try the run ends."""


class Repeat(Enum):
    """Which failed tries of a call may be repeated."""

    FREELY = auto()
    """Reads, and writes that change nothing when done twice."""
    UNLESS_RECEIVED = auto()
    """Writes that may send a text, create somebody or need a reading first: only what cannot have been applied."""

    def allows(self, failure: BaseException) -> bool:
        """Say whether the same request may be sent again without looking, and whether that is of any use."""
        match failure:
            case TryFailed():
                return self is Repeat.FREELY or failure.is_unsent
            case Doubtful():
                return self is Repeat.FREELY
            case _:
                return False


def read_retry_after(header: str | None, *, now: datetime) -> float | None:
    """Return the seconds that a `Retry-After` header asks for, clamped to 0 to `MAX_WAIT`; None if unusable."""
    if header is None:
        return None
    date = read_http_date(header)
    try:
        seconds = (date - now).total_seconds() if date else float(header)
    except ValueError:
        return None
    return None if math.isnan(seconds) else min(max(seconds, 0.0), MAX_WAIT)


def wait_before_next(failure: CallFailed, tries: int, *, first_wait: float, jitter: Callable[[], float]) -> float:
    """Return the seconds after the last of so many tries: the larger of `Retry-After` and a doubling back-off.

    `first_wait` is that before the second try, in seconds; `jitter` returns 0 to 1, which is added.
    """
    asked = failure.retry_after or 0.0 if isinstance(failure, TryFailed) else 0.0
    return min(MAX_WAIT, max(asked, first_wait * 2.0 ** (tries - 1) + jitter()))
