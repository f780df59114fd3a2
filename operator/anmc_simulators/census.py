"""The people of one seeding: who they are, and who of them is found on which list."""

from array import array
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from anmc_simulators.invented import DAYS_KNOWN, Box, Invented, Inventor, Membership

STAY: Final = timedelta(days=7)
"""How long after joining those who have opted out did so."""


@dataclass(frozen=True, slots=True)
class Cohort:
    """Consecutive places with somebody at each but those passed over, invented whenever somebody asks.

    `settled` is the time of the seeding, from which `days_known` count back.
    """

    inventor: Inventor
    places: range
    passed_over: frozenset[int]
    settled: datetime

    @property
    def people(self) -> int:
        """Return how many people there are."""
        return len(self.places) - len(self.passed_over)

    def at(self, offset: int) -> Invented:
        """Invent the person so many places behind the first."""
        return self.inventor.at(self.places[offset])

    def offset_of(self, place: int | None) -> int | None:
        """Return how far behind the first a place is; None for one of another cohort."""
        return place - self.places.start if place is not None and place in self.places else None

    def joined(self, days_known: int) -> datetime:
        """Return when somebody came who is known for so many days."""
        return self.settled - timedelta(days=days_known)


class Members:
    """Some of a cohort by offset: in ascending order, and by a time in seconds since the epoch."""

    def __init__(self) -> None:
        self._offsets = array("q")
        self._by_time: defaultdict[float, array[int]] = defaultdict(partial(array, "q"))

    def add(self, offset: int, time: float) -> None:
        """Note the next one."""
        self._offsets.append(offset)
        self._by_time[time].append(offset)

    def positions(self, first: int) -> "array[int]":
        """Return where they stand on a list on which the cohort begins at `first`."""
        return _moved(self._offsets, first)

    def by_time(self, first: int) -> Mapping[float, "array[int]"]:
        """Return the same by time."""
        return {time: _moved(offsets, first) for time, offsets in self._by_time.items()}


@dataclass(frozen=True, slots=True)
class Census:
    """Who is on which list: people and profiles by when they came, subscriptions by when they last changed.

    `counts` says how many there are of each kind, by its name.
    """

    people: Members = field(default_factory=Members)
    profiles: Members = field(default_factory=Members)
    subscriptions: Members = field(default_factory=Members)
    counts: defaultdict[str, int] = field(default_factory=partial(defaultdict, int))


def take_census(cohort: Cohort) -> Census:
    """Go from place to place; a million of them take a few seconds, and nothing but the cohort is touched."""
    census = Census()
    times = [cohort.joined(days).timestamp() for days in range(DAYS_KNOWN.stop)]
    for place, kind, days_known in cohort.inventor.slots(cohort.places):
        if place in cohort.passed_over:
            continue
        offset, joined = place - cohort.places.start, times[days_known]
        census.counts[kind.name] += 1
        if kind.box is not Box.NO_PERSON:
            census.people.add(offset, joined)
        if kind.membership is not Membership.NO_PROFILE:
            census.profiles.add(offset, joined)
            left = joined + STAY.total_seconds() if kind.membership is Membership.OPTED_OUT else joined
            census.subscriptions.add(offset, left)
    return census


def _moved(offsets: "array[int]", first: int) -> "array[int]":
    return array("q", map(first.__add__, offsets))
