"""Records in the order in which they were made, with windows over the dates of their changes."""

import math
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Generic, TypeVar, assert_never

from anmc_simulators.kept_queries import KeptQueries
from anmc_simulators.positions import Positions
from anmc_simulators.register import Register, Source
from anmc_simulators.timeline import Timeline

Record = TypeVar("Record")

CHANGED: Final = "changed"
"""The date that every listing has: when the record last changed."""


class Order(StrEnum):
    """How a page is sorted: by number, which is the order of insertion, by last change, or anew each time."""

    OLDEST_FIRST = "oldest first"
    NEWEST_FIRST = "newest first"
    OLDEST_CHANGE_FIRST = "oldest change first"
    NEWEST_CHANGE_FIRST = "newest change first"
    SHUFFLED = "shuffled"


@dataclass(frozen=True, slots=True)
class Window:
    """From when to when a date lies, in seconds since the epoch, both included, and through which path, if not any."""

    earliest: float = -math.inf
    latest: float = math.inf
    date: str = CHANGED
    path: str = ""

    @property
    def is_open(self) -> bool:
        """Tell whether all of time is inside, records without the date too."""
        return self.earliest == -math.inf and self.latest == math.inf

    def admits(self, time: float) -> bool:
        """Tell whether a time lies in the window."""
        return self.earliest <= time <= self.latest


class Listing(Generic[Record]):
    """Records by number. One that changes in place has to be put again, or windows miss the change.

    A seeded record is another object at every look, and it came through no path. Whoever changes one puts it here,
    or the change is lost.
    """

    def __init__(
        self,
        *,
        number: Callable[[Record], int],
        dates: Mapping[str, Callable[[Record], datetime | None]],
        path: Callable[[Record], str] = lambda _record: "",
    ) -> None:
        self._number = number
        self._dates = dates
        self._path = path
        self._dice = random.Random(1)
        self._records = Register[Record]()
        self._timelines = {name: Timeline() for name in dates}
        self._times: dict[int, Mapping[str, float]] = {}
        """Where the timelines have those that were put."""
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
        number, times = self._number(record), self._times_of_record(record)
        self._move(number, self._times_at(number), times)
        self._records.put(number, record)
        self._times[number] = times
        self._windows.refresh(number)

    def remove(self, number: int) -> None:
        """Take the record of a number out, if it has one."""
        self._move(number, self._times_at(number), {})
        self._times.pop(number, None)
        self._records.remove(number)
        self._windows.discard(number)

    def admit(
        self,
        source: Source[Record],
        numbers: Iterable[int],
        *,
        by_date: Mapping[str, Mapping[float, Iterable[int]]],
    ) -> None:
        """Add seeded records at these numbers, ascending, also by each of their dates."""
        self._records.admit(source, numbers)
        for name, timeline in self._timelines.items():
            timeline.extend(by_date[name])
        self._windows.clear()

    def page(self, window: Window, *, page: int, limit: int, order: Order = Order.OLDEST_FIRST) -> list[Record]:
        """Return one page, from 1, of what lies in a window; empty beyond the end."""
        first, behind = (page - 1) * limit, page * limit
        match order:
            case Order.OLDEST_FIRST:
                numbers = self._positions(window).page(page, size=limit)
            case Order.NEWEST_FIRST:
                numbers = self._positions(window).page(page, size=limit, highest_first=True)
            case Order.OLDEST_CHANGE_FIRST:
                numbers = self._by_change(window)[first:behind]
            case Order.NEWEST_CHANGE_FIRST:
                numbers = self._by_change(window)[::-1][first:behind]
            case Order.SHUFFLED:
                everything = list(self._positions(window))
                numbers = self._dice.sample(everything, len(everything))[first:behind]
            case _:
                assert_never(order)
        return [self._records.at(number) for number in numbers]

    def _positions(self, window: Window) -> Positions:
        is_everything = window.is_open and not window.path
        return self._records.positions if is_everything else self._windows.positions(window)

    def _by_change(self, window: Window) -> Sequence[int]:
        if window.date == CHANGED and not window.path:
            return self._timelines[CHANGED].between(window.earliest, window.latest)
        found = set(self._positions(window))
        return [number for number in self._timelines[CHANGED] if number in found]

    def _find(self, window: Window) -> Iterable[int]:
        numbers: Iterable[int] = self._records.positions
        if not window.is_open:
            numbers = self._timelines[window.date].between(window.earliest, window.latest)
        return (number for number in numbers if self._came_by(window.path, number)) if window.path else numbers

    def _holds(self, window: Window, number: int) -> bool:
        time = self._times_at(number).get(window.date)
        is_inside = window.is_open or (time is not None and window.admits(time))
        return is_inside and (not window.path or self._came_by(window.path, number))

    def _came_by(self, path: str, number: int) -> bool:
        return number in self._times and self._path(self._records.at(number)) == path

    def _move(self, number: int, before: Mapping[str, float], after: Mapping[str, float]) -> None:
        for name, timeline in self._timelines.items():
            if before.get(name) == after.get(name):
                continue
            if name in before:
                timeline.discard(number, before[name])
            if name in after:
                timeline.add(number, after[name])

    def _times_at(self, number: int) -> Mapping[str, float]:
        if number in self._times:
            return self._times[number]
        return self._times_of_record(self._records.at(number)) if self._records.is_seeded(number) else {}

    def _times_of_record(self, record: Record) -> Mapping[str, float]:
        times = ((name, date(record)) for name, date in self._dates.items())
        return {name: time.timestamp() for name, time in times if time is not None}
