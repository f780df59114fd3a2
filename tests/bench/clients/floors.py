"""What no client can beat: the fewest calls, and the seconds that the services' limits leave (performance.md 1)."""

import math
from dataclasses import dataclass
from typing import Final

from bench.simulated import CALLS_PER_SECOND

PEOPLE_PER_PAGE: Final = 25
"""Most that Action Network serves on a page (action-network-api.md 1)."""


@dataclass(frozen=True, slots=True)
class Floor:
    """The least that some work takes."""

    calls: int
    seconds: float


def reading(people: int, *, latency: float) -> Floor:
    """Return the floor of a walk over people; `latency` in seconds. The end of the walk is an empty page."""
    pages = math.ceil(people / PEOPLE_PER_PAGE)
    return Floor(calls=pages + 1, seconds=pages / CALLS_PER_SECOND + latency)


def updating(updates: int, *, latency: float, at_a_time: int) -> Floor:
    """Return the floor of single writes to Mobile Commons, `at_a_time` of them in flight."""
    return Floor(calls=updates, seconds=updates * latency / at_a_time)
