"""Faults that a test or a user orders for the next calls of an operation."""

from dataclasses import asdict, dataclass, replace
from typing import Any, Final

SERVICES: Final = frozenset({"action-network", "mobile-commons"})
"""The services by the names that the journal uses; another name would never match, so it is refused."""

ANY_OPERATION: Final = "*"
"""Stands for every operation of a service that has no fault of its own."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to a call; `latency` in seconds, `status` answered instead of handling it.

    `times` is how many more calls it happens to; None until it is cleared.
    """

    latency: float = 0
    status: int | None = None
    times: int | None = None


class Faults:
    """The faults in force, at most one for each operation of a service."""

    def __init__(self) -> None:
        self._faults: dict[tuple[str, str], Fault] = {}

    def set(
        self,
        service: str,
        operation: str = ANY_OPERATION,
        *,
        latency: float = 0,
        status: int | None = None,
        times: int | None = None,
    ) -> None:
        """Order a fault; it replaces the one that the operation had.

        Raises:
            ValueError: the service is unknown, or the fault would do nothing or something impossible.
        """
        if service not in SERVICES:
            raise ValueError(f"service must be one of {', '.join(sorted(SERVICES))}")
        if latency < 0:
            raise ValueError("latency must not be negative")
        if status is not None and not 400 <= status <= 599:
            raise ValueError("status must be from 400 to 599")
        if times is not None and times < 1:
            raise ValueError("times must be at least 1; leave it out for a fault that stays")
        if not latency and status is None:
            raise ValueError("a fault needs a latency, a status or both")
        self._faults[service, operation] = Fault(latency, status, times)

    def take(self, service: str, operation: str) -> Fault | None:
        """Return the fault for this call, if any, and count it; an operation's own fault goes before `*`."""
        for key in ((service, operation), (service, ANY_OPERATION)):
            fault = self._faults.get(key)
            if fault is None:
                continue
            if fault.times == 1:
                del self._faults[key]
            elif fault.times is not None:
                self._faults[key] = replace(fault, times=fault.times - 1)
            return fault
        return None

    def clear(self) -> None:
        """Withdraw every fault."""
        self._faults.clear()

    def document(self) -> list[dict[str, Any]]:
        """Return the faults still in force as JSON-ready data."""
        return [
            {"service": service, "operation": operation, **asdict(fault)}
            for (service, operation), fault in sorted(self._faults.items())
        ]
