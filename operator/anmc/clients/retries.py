"""When a try is repeated, and after how long."""

import math
from collections.abc import Callable
from datetime import datetime
from enum import Enum, auto
from typing import Final

from tenacity import RetryCallState

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


def give_up(monotonic: Callable[[], float], *, latest: float) -> Callable[[RetryCallState], bool]:
    """Return tenacity's stop: no more tries than the failure allows, and none that begins after `latest`."""

    def is_over(state: RetryCallState) -> bool:
        failure = state.outcome.exception() if state.outcome else None
        tries = failure.tries if isinstance(failure, CallFailed) else 1
        return state.attempt_number >= tries or monotonic() + state.upcoming_sleep > latest

    return is_over


def back_off(first_wait: float, jitter: Callable[[], float]) -> Callable[[RetryCallState], float]:
    """Return tenacity's wait: the larger of `Retry-After` and a doubling back-off with jitter.

    `first_wait` is that before the second try, in seconds; `jitter` returns 0 to 1.
    """

    def seconds(state: RetryCallState) -> float:
        failure = state.outcome.exception() if state.outcome else None
        asked = failure.retry_after or 0.0 if isinstance(failure, TryFailed) else 0.0
        own = first_wait * 2.0 ** (state.attempt_number - 1) + jitter()
        return min(MAX_WAIT, max(asked, own))

    return seconds
