"""What a client took for its task, and whether that is good enough."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from bench.clients.work import Task, Work
from bench.simulated import Traffic

MOST_TIME: Final = 1.10
MOST_CALLS: Final = 1.05
"""Times the floor that our clients may take (performance.md 2)."""

MOST_REFUSED: Final = 0.001
"""Share of our calls that may be answered by 429 (performance.md 2)."""

JUDGED_FROM: Final = 1000
"""Records below which nothing is judged: finding out what a service bears is a large part of little work."""


class Verdict(StrEnum):
    """What is made of a measurement."""

    OK = "ok"
    MISSED = "missed"
    NONE = "-"


@dataclass(frozen=True, slots=True)
class Measurement:
    """One row of the benchmark."""

    task: Task
    work: Work
    traffic: Traffic

    @property
    def is_complete(self) -> bool:
        """Tell whether everything was done; a walk may also end before its last, empty page."""
        return self.work.done == self.task.records and not self.work.ended_by

    @property
    def time_ratio(self) -> float:
        """Return the seconds it took for each that it has to take."""
        return self.work.seconds / self.task.floor.seconds

    @property
    def calls_ratio(self) -> float:
        """Return the calls made for each that had to be made."""
        return self.traffic.calls / self.task.floor.calls

    @property
    def refused_share(self) -> float:
        """Return how many of the calls were answered by 429."""
        return self.traffic.refused / self.traffic.calls if self.traffic.calls else 0.0

    @property
    def verdict(self) -> Verdict:
        """Judge our own clients, once there is enough work to judge by."""
        if not self.task.is_ours or self.task.records < JUDGED_FROM:
            return Verdict.NONE
        is_met = (
            self.time_ratio <= MOST_TIME
            and self.calls_ratio <= MOST_CALLS
            and self.refused_share <= MOST_REFUSED
            and self.is_complete
        )
        return Verdict.OK if is_met else Verdict.MISSED

    def document(self) -> dict[str, Any]:
        """Return the row as JSON-ready data."""
        return {
            "case": self.task.case,
            "client": self.task.client,
            "records": self.task.records,
            "done": self.work.done,
            "ended_by": self.work.ended_by,
            "calls": self.traffic.calls,
            "floor_calls": self.task.floor.calls,
            "calls_ratio": self.calls_ratio,
            "seconds": self.work.seconds,
            "floor_seconds": self.task.floor.seconds,
            "time_ratio": self.time_ratio,
            "refused": self.traffic.refused,
            "refused_share": self.refused_share,
            "max_calls_per_second": self.traffic.per_second,
            "peak_concurrency": self.traffic.at_a_time,
            "verdict": str(self.verdict),
        }
