"""Records in the order in which they were made, with windows over the time of their last change."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from anmc_simulators.kept_queries import KeptQueries
from anmc_simulators.register import Register, Source
from anmc_simulators.timeline import Timeline

Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class Window:
    """From when to when, both included, in seconds since the epoch, and through which path; blank stands for any."""

    earliest: float = -math.inf
    latest: float = math.inf
    path: str = ""

    @classmethod
    def of(cls, earliest: datetime | None, latest: datetime | None, *, path: str = "") -> "Window":
        """Return the window between two times; None leaves it open."""
        return cls(
            -math.inf if earliest is None else earliest.timestamp(),
            math.inf if latest is None else latest.timestamp(),
            path,
        )

    def admits(self, time: float) -> bool:
        """Tell whether a time lies in the window."""
        return self.earliest <= time <= self.latest


ALWAYS = Window()


class Listing(Generic[Record]):
    """Records by number. One that changes in place has to be put again, or windows miss the change.

    A seeded record is another object at every call, and it came through no path. Whoever changes one puts it here,
    or the change is lost.
    """

    def __init__(
        self,
        *,
        number: Callable[[Record], int],
        time: Callable[[Record], datetime],
        path: Callable[[Record], str] = lambda _record: "",
    ) -> None:
        self._number = number
        self._time = time
        self._path = path
        self._records = Register[Record]()
        self._timeline = Timeline()
        self._times: dict[int, float] = {}
        """Where the timeline has those that were put."""
        self._windows = KeptQueries[Window](find=self._find, holds=self._holds)

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[Record]:
        return iter(self._records)

    def at(self, number: int) -> Record:
        """Return the record of a number that has one."""
        return self._records.at(number)

    def is_seeded(self, number: int) -> bool:
        """Tell whether the number has a record that was never put."""
        return self._records.is_seeded(number)

    def put(self, record: Record) -> None:
        """Store a record, new or changed."""
        number, time = self._number(record), self._time(record).timestamp()
        before = self._time_of(number)
        self._records.put(number, record)
        self._times[number] = time
        if time != before:
            if before is not None:
                self._timeline.discard(number, before)
            self._timeline.add(number, time)
        self._windows.refresh(number)

    def remove(self, record: Record) -> None:
        """Take a record out."""
        number = self._number(record)
        if (time := self._time_of(number)) is not None:
            self._timeline.discard(number, time)
        self._times.pop(number, None)
        self._records.remove(number)
        self._windows.discard(number)

    def admit(self, source: Source[Record], numbers: Iterable[int], *, by_time: Mapping[float, Iterable[int]]) -> None:
        """Add seeded records at these numbers, ascending, also by the time of their last change."""
        self._records.admit(source, numbers)
        self._timeline.extend(by_time)
        self._windows.clear()

    def page(self, window: Window, *, page: int, limit: int) -> list[Record]:
        """Return one page, from 1, of what lies in a window; empty beyond the end."""
        numbers = self._records.positions if window == ALWAYS else self._windows.positions(window)
        return [self._records.at(number) for number in numbers.page(page, size=limit)]

    def _find(self, window: Window) -> Iterable[int]:
        numbers: Iterable[int] = self._timeline.between(window.earliest, window.latest)
        if window.path:
            return (number for number in numbers if self._came_by(window.path, number))
        return numbers

    def _holds(self, window: Window, number: int) -> bool:
        time = self._time_of(number)
        return time is not None and window.admits(time) and (not window.path or self._came_by(window.path, number))

    def _came_by(self, path: str, number: int) -> bool:
        return number in self._times and self._path(self._records.at(number)) == path

    def _time_of(self, number: int) -> float | None:
        if number in self._times:
            return self._times[number]
        return self._time(self._records.at(number)).timestamp() if self._records.is_seeded(number) else None
