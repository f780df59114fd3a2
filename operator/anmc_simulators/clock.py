"""The clock of the simulated services, which a test can move forward."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta


def _wall() -> datetime:
    return datetime.now(UTC)


class Clock:
    """Wall-clock time plus an offset; both services of one process share one clock.

    A test hands in a `wall` of its own that stands still, so that only `advance` moves the time.
    """

    def __init__(self, wall: Callable[[], datetime] = _wall) -> None:
        self._wall = wall
        self._offset = timedelta()

    def instant(self) -> datetime:
        """Return the present in UTC to the microsecond, for lags and latencies."""
        return self._wall() + self._offset

    def now(self) -> datetime:
        """Return the present in UTC, in whole seconds, as both services keep their times."""
        return self.instant().replace(microsecond=0)

    def advance(self, by: timedelta) -> None:
        """Move the clock forward; what was written before keeps its time."""
        if by < timedelta():
            raise ValueError("a service's clock never goes back; advance by a positive duration")
        self._offset += by
