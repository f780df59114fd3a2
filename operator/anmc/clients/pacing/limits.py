"""What a limit is asked and told; how it decides is its own matter."""

from dataclasses import dataclass
from typing import Protocol

from anmc.clients.failures import Cause, TryFailed


@dataclass(frozen=True, slots=True)
class Start:
    """A request that has started: after how many halvings of its limit, among how many in flight with it."""

    halvings: int
    among: int


@dataclass(frozen=True, slots=True)
class End:
    """How a request ended, after so many seconds; `failure` is None for every answer that is no failed try.

    `kind` names requests that take about equally long; None for those whose duration depends on what they return.
    """

    seconds: float
    kind: str | None = None
    failure: TryFailed | None = None

    @property
    def was_worked_on(self) -> bool:
        """Whether the duration says how long the service takes, and not how fast it refuses or is out of reach."""
        failure = self.failure
        return failure is None or (failure.cause in {Cause.INVALID, Cause.TIMEOUT} and not failure.is_unsent)


class Limit(Protocol):
    """How many requests of a credential may start. Without a clock of its own: `now` is the pacer's, in seconds.

    `ceiling` is what the integrations that use the credential allow at most.
    """

    ceiling: float

    def allowed(self, now: float, /) -> float:
        """Return what the limit allows now, in its own unit; changes nothing, so any thread may ask."""
        ...

    def opens_at(self, now: float, in_flight: int, /) -> float | None:
        """Return from when on one more may start; None: not before one of those in flight has ended."""
        ...

    def start(self, now: float, in_flight: int, /) -> Start:
        """Note that a request starts; `in_flight` counts it."""
        ...

    def end(self, start: Start, end: End, now: float, in_flight: int, /) -> bool:
        """Learn from the end of a request, `in_flight` still counts it; return whether that halved the limit."""
        ...
