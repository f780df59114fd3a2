"""The clock of the simulated services, which a test can move forward."""

from datetime import UTC, datetime, timedelta


class Clock:
    """Wall-clock time plus an offset; both services of one process share one clock."""

    def __init__(self) -> None:
        self._offset = timedelta()

    def now(self) -> datetime:
        """Return the present in UTC, in whole seconds, as both services keep their times."""
        return (datetime.now(UTC) + self._offset).replace(microsecond=0)

    def advance(self, by: timedelta) -> None:
        """Move the clock forward; what was written before keeps its time."""
        if by < timedelta():
            raise ValueError("a service's clock never goes back; advance by a positive duration")
        self._offset += by
