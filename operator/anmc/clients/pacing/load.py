"""Whether many requests at a time make each of them slower."""

from dataclasses import dataclass, field
from typing import Final

from anmc.clients.pacing.averages import MovingAverage

RISE: Final = 2.0
"""Times as long as among few, beyond which latency has risen: then twice the requests brought no more answers."""

SLACK: Final = 0.25
"""Seconds longer that are no rise: what new connections and a busy machine of ours cost."""

RECENT_CALLS: Final = 32
"""Calls over which latency is averaged, so that a few slow answers are no rise."""

ENOUGH_AMONG_FEW: Final = 25
ENOUGH_AMONG_MANY: Final = 50
"""Calls before an average says anything: those of one first round-trip; those of the doubled one."""


@dataclass(slots=True)
class _Latencies:
    among_few: MovingAverage = field(default_factory=lambda: MovingAverage(recent=RECENT_CALLS))
    among_many: MovingAverage = field(default_factory=lambda: MovingAverage(recent=RECENT_CALLS))


class LoadedLatency:
    """Compares requests that started among many with those of the same kind that started among at most `few`.

    Means are compared and not the lowest value seen: the fastest of many answers is always far below their mean,
    and would make every ordinary answer a rise. A service that gets slower for reasons of its own is slow for few
    requests as well, and that moves what is compared with (decision 0005).
    """

    def __init__(self, *, few: int) -> None:
        self._few = few
        self._kinds: dict[str, _Latencies] = {}

    def rose(self, kind: str, seconds: float, among: int) -> bool:
        """Take in a request's duration; say whether the average among many has risen."""
        latencies = self._kinds.setdefault(kind, _Latencies())
        few, many = latencies.among_few, latencies.among_many
        if among <= self._few:
            few.add(seconds)
            return False
        many.add(seconds)
        is_telling = few.count >= ENOUGH_AMONG_FEW and many.count >= ENOUGH_AMONG_MANY
        return is_telling and many.value > max(few.value * RISE, few.value + SLACK)

    def forget_load(self) -> None:
        """Begin anew to measure among many: their number has changed."""
        for latencies in self._kinds.values():
            latencies.among_many = MovingAverage(recent=RECENT_CALLS)
