"""How long what has failed rests before it is tried again: a record (sync.md W12), the weekly sweep (W4)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

FIRST_WAIT: Final = timedelta(minutes=5)
LONGEST_WAIT: Final = timedelta(hours=24)
"""The wait after the first failure, doubled by each further one up to the longest (sync.md W12)."""

_MAX_DOUBLINGS: Final = 9
"""After so many the wait is the longest one; more would only make the number large."""

_EARLY: Final = 20
"""By which part of its wait a try may come early: ticks are not equally spaced to the second, and one night of the year
has 23 hours. Without it a wait of five minutes would last ten, and one of a night two."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """Failures in a row, at least one, and when the next try is due."""

    failures: int
    next_try_at: datetime

    @classmethod
    def after(cls, failures: int, run_started_at: datetime) -> "Backoff":
        """Return the rest after so many failures, the last one in a run that began at the given time."""
        return cls(failures, run_started_at + wait_after(failures))

    def is_over(self, run_started_at: datetime) -> bool:
        """Say whether a run may try again."""
        return run_started_at >= self.next_try_at - wait_after(self.failures) / _EARLY


def wait_after(failures: int) -> timedelta:
    """Return how long something rests after so many failures, at least one."""
    doublings = min(failures - 1, _MAX_DOUBLINGS)
    return min(FIRST_WAIT * (1 << doublings), LONGEST_WAIT)
