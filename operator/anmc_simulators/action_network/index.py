"""What filters see of a list: every field as it was some time ago."""

import heapq
import itertools
import random
from bisect import bisect_left, insort
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, assert_never

from anmc_simulators.action_network.filters import Clause, Filter, Operator
from anmc_simulators.action_network.person import Field, Person
from anmc_simulators.action_network.switches import Order
from anmc_simulators.clock import Clock

KEPT_QUERIES: Final = 8
"""Answers kept up to date, so that a walk of 4,000 pages computes its set of people once, not 4,000 times."""


@dataclass(frozen=True, slots=True)
class _Write:
    time: datetime
    before: Person | None


class Index:
    """The people of one list by position, by exact value, and by filter."""

    def __init__(self, *, clock: Clock, lags: Mapping[Field, timedelta]) -> None:
        self._clock = clock
        self._dice = random.Random(1)
        self._people: dict[int, Person] = {}
        self._order: list[int] = []
        self._exact: dict[tuple[Field, str], int] = {}
        self._recent: dict[int, list[_Write]] = {}
        self._due: list[tuple[datetime, int]] = []
        self._queries: OrderedDict[Filter, list[int]] = OrderedDict()
        self._by_date: tuple[Filter, list[int]] | None = None
        self.trail(lags)

    def __len__(self) -> int:
        return len(self._people)

    def __iter__(self) -> Iterator[Person]:
        return (self._people[position] for position in self._order)

    def trail(self, lags: Mapping[Field, timedelta]) -> None:
        """Let filters trail writes by these lags from now on, also those writes that are still trailing."""
        self._lags = lags
        self._steps = sorted({lag for lag in lags.values() if lag})
        self._queries.clear()
        self._by_date = None
        for position, writes in self._recent.items():
            for write, lag in itertools.product(writes, self._steps or [timedelta()]):
                heapq.heappush(self._due, (write.time + lag, position))

    def at(self, position: int) -> Person | None:
        """Return who stands at this position now."""
        return self._people.get(position)

    def holder(self, field: Field, value: str) -> Person | None:
        """Return who holds this identifier, e-mail address or number now, without any lag."""
        position = self._exact.get(_exact_key(field, value))
        return None if position is None else self._people[position]

    def put(self, person: Person, *, settled: bool = False) -> None:
        """Store a person; `settled` means that filters see it at once, as something written long ago."""
        before = self._people.get(person.position)
        if before is None:
            insort(self._order, person.position)
        else:
            self._forget_exact(before)
        self._people[person.position] = person
        self._exact.update((key, person.position) for key in _exact_keys(person))
        if not settled:
            self._remember(person.position, before)
        self._refresh(person.position)

    def remove(self, person: Person) -> None:
        """Take a person out; filters and pages lose it at once."""
        self._forget_exact(self._people.pop(person.position))
        self._recent.pop(person.position, None)
        self._by_date = None
        for positions in (self._order, *self._queries.values()):
            _discard(positions, person.position)

    def page(self, wanted: Filter, *, page: int, size: int, order: Order = Order.INSERTION) -> list[Person]:
        """Return page `page`, from 1, of the people that a filter finds."""
        self._settle()
        positions = self._ordered(wanted, order)
        return [self._people[position] for position in positions[(page - 1) * size : page * size]]

    def count(self, wanted: Filter) -> int:
        """Return how many people a filter finds."""
        self._settle()
        return len(self._positions(wanted))

    def _ordered(self, wanted: Filter, order: Order) -> list[int]:
        positions = self._positions(wanted)
        match order:
            case Order.INSERTION:
                return positions
            case Order.SHUFFLED:
                return self._dice.sample(positions, len(positions))
            case Order.BY_MODIFIED_DATE:
                if self._by_date is None or self._by_date[0] != wanted:
                    self._by_date = wanted, sorted(positions, key=lambda at: (self._people[at].modified, at))
                return self._by_date[1]
            case _:
                assert_never(order)

    def _positions(self, wanted: Filter) -> list[int]:
        if not wanted:
            return self._order
        exact = [clause for clause in wanted if _is_exact(clause)]
        if exact:
            # Whoever was written a moment ago may still be found under an old value.
            candidates = {self._exact.get(_exact_key(exact[0].field, str(exact[0].value))), *self._recent}
            return sorted(position for position in candidates if position is not None and self._found(position, wanted))
        if wanted not in self._queries:
            self._queries[wanted] = [position for position in self._order if self._found(position, wanted)]
            if len(self._queries) > KEPT_QUERIES:
                self._queries.popitem(last=False)
        self._queries.move_to_end(wanted)
        return self._queries[wanted]

    def _found(self, position: int, wanted: Filter) -> bool:
        for clause in wanted:
            seen = self._as_seen(position, clause.field)
            if seen is None or not clause.holds(seen):
                return False
        return True

    def _as_seen(self, position: int, field: Field) -> Person | None:
        now = self._clock.instant()
        for write in self._recent.get(position, ()):
            if write.time + self._lags[field] > now:
                return write.before
        return self._people[position]

    def _remember(self, position: int, before: Person | None) -> None:
        if not self._steps:
            return
        now = self._clock.instant()
        self._recent.setdefault(position, []).append(_Write(now, before))
        for lag in self._steps:
            heapq.heappush(self._due, (now + lag, position))

    def _settle(self) -> None:
        """Let the filters catch up with the writes whose lag has passed."""
        now = self._clock.instant()
        while self._due and self._due[0][0] <= now:
            _, position = heapq.heappop(self._due)
            if position not in self._recent:
                continue
            late = [write for write in self._recent[position] if write.time + max(self._lags.values()) > now]
            if late:
                self._recent[position] = late
            else:
                del self._recent[position]
            self._refresh(position)

    def _refresh(self, position: int) -> None:
        self._by_date = None
        for wanted, positions in self._queries.items():
            _discard(positions, position)
            if self._found(position, wanted):
                insort(positions, position)

    def _forget_exact(self, person: Person) -> None:
        for key in _exact_keys(person):
            self._exact.pop(key, None)


def _exact_keys(person: Person) -> Iterable[tuple[Field, str]]:
    yield from ((Field.IDENTIFIER, identifier) for identifier in person.identifiers)
    if person.email:
        yield _exact_key(Field.EMAIL_ADDRESS, person.email)
    if person.phone:
        yield Field.PHONE_NUMBER, person.phone


def _exact_key(field: Field, value: str) -> tuple[Field, str]:
    """Return the key of a value; two spellings of an address are one address."""
    return field, value.lower() if field is Field.EMAIL_ADDRESS else value


def _is_exact(clause: Clause) -> bool:
    fields = (Field.IDENTIFIER, Field.EMAIL_ADDRESS, Field.PHONE_NUMBER)
    return clause.operator is Operator.EQ and clause.field in fields


def _discard(positions: list[int], position: int) -> None:
    at = bisect_left(positions, position)
    if at < len(positions) and positions[at] == position:
        del positions[at]
