"""When a credential's service counts as failing, and when as working again."""

from dataclasses import dataclass
from typing import Final

FAILURES: Final = 5
"""Failed tries in a row, of all calls with one credential, before its service counts as failing.

As many as one call makes (action-network-api.md 3.3): less would report every short hiccup.
"""


@dataclass(frozen=True, slots=True)
class Recovery:
    """A streak that is over: its failed tries, and the seconds since the first of them."""

    failures: int
    seconds: float


class Streak:
    """Counts failed tries in a row."""

    def __init__(self) -> None:
        self._failures = 0
        self._began_at = 0.0

    def failed(self, now: float) -> bool:
        """Count a failed try; return whether the service counts as failing from now on."""
        if not self._failures:
            self._began_at = now
        self._failures += 1
        return self._failures == FAILURES

    def answered(self, now: float) -> Recovery | None:
        """End the streak; return it if it had made the service count as failing."""
        failures, self._failures = self._failures, 0
        return Recovery(failures, now - self._began_at) if failures >= FAILURES else None
