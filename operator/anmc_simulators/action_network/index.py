"""What filters see of a list: every field as it was some time ago."""

import heapq
import itertools
import math
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol, assert_never, cast

from anmc_simulators.action_network.filters import Clause, Filter, Operator
from anmc_simulators.action_network.person import Field, Person
from anmc_simulators.action_network.switches import Order
from anmc_simulators.clock import Clock
from anmc_simulators.kept_queries import KeptQueries
from anmc_simulators.positions import Positions
from anmc_simulators.register import Register, Source
from anmc_simulators.timeline import Timeline

_EXACT: Final = frozenset({Field.IDENTIFIER, Field.EMAIL_ADDRESS, Field.PHONE_NUMBER})
_DATES: Final = (Field.CREATED_DATE, Field.MODIFIED_DATE)


class SeededPeople(Source[Person], Protocol):
    """People who are made whenever somebody asks; `modified` is their `created`."""

    def position_of(self, field: Field, value: str) -> int | None:
        """Return the position that holds an identifier, e-mail address or number, as it was seeded."""
        ...


@dataclass(frozen=True, slots=True)
class _Write:
    time: datetime
    before: Person | None


class Index:
    """The people of one list by position, by exact value, and by filter."""

    def __init__(self, *, clock: Clock, lags: Mapping[Field, timedelta]) -> None:
        self._clock = clock
        self._dice = random.Random(1)
        self._people = Register[Person]()
        self._seeded: list[SeededPeople] = []
        self._dates: Mapping[Field, Timeline] = {field: Timeline() for field in _DATES}
        self._exact: dict[tuple[Field, str], int] = {}
        self._recent: dict[int, list[_Write]] = {}
        self._formerly: defaultdict[tuple[Field, str], set[int]] = defaultdict(set)
        self._due: list[tuple[datetime, int]] = []
        self._queries = KeptQueries[Filter](
            find=self._find, holds=lambda wanted, position: self._found(position, wanted)
        )
        self._by_date: tuple[Filter, list[int]] | None = None
        self.trail(lags)

    def __len__(self) -> int:
        return len(self._people)

    def __iter__(self) -> Iterator[Person]:
        return iter(self._people)

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
        return self._people.find(position)

    def holder(self, field: Field, value: str) -> Person | None:
        """Return who holds this identifier, e-mail address or number now, without any lag."""
        position = self._position_of(field, value)
        return None if position is None else self._people.at(position)

    def written(self, field: Field) -> Iterator[str]:
        """Return the identifiers, e-mail addresses in lower case, or numbers of everybody who is not as seeded."""
        return (value for of, value in self._exact if of is field)

    def admit(self, people: SeededPeople, positions: Iterable[int], *, by_date: Mapping[float, Iterable[int]]) -> None:
        """Add seeded people at these positions, ascending, also by their date of creation; filters see them at once."""
        self._seeded.append(people)
        self._people.admit(people, positions)
        for timeline in self._dates.values():
            timeline.extend(by_date)
        self._queries.clear()
        self._by_date = None

    def put(self, person: Person, *, settled: bool = False) -> None:
        """Store a person; `settled` means that filters see it at once, as something written long ago."""
        before = self.at(person.position)
        if before is not None:
            self._forget_exact(before)
        self._people.put(person.position, person)
        self._exact.update((key, person.position) for key in _exact_keys(person))
        self._move(before, person)
        if not settled:
            self._remember(person.position, before)
        self._refresh(person.position)

    def remove(self, person: Person) -> None:
        """Take a person out; filters and pages lose it at once.

        Raises:
            KeyError: nobody stands at that position.
        """
        standing = self.at(person.position)
        if standing is None:
            raise KeyError(person.position)
        self._forget_exact(standing)
        self._move(standing, None)
        self._people.remove(person.position)
        self._keep_writes(person.position, [])
        self._queries.discard(person.position)
        self._by_date = None

    def page(self, wanted: Filter, *, page: int, size: int, order: Order = Order.INSERTION) -> list[Person]:
        """Return page `page`, from 1, of the people that a filter finds."""
        self._settle()
        positions = self._positions(wanted)
        match order:
            case Order.INSERTION:
                found = positions.page(page, size=size)
            case Order.SHUFFLED:
                everybody = list(positions)
                found = self._dice.sample(everybody, len(everybody))[(page - 1) * size : page * size]
            case Order.BY_MODIFIED_DATE:
                found = self._sorted_by_date(wanted)[(page - 1) * size : page * size]
            case _:
                assert_never(order)
        return [self._people.at(position) for position in found]

    def count(self, wanted: Filter) -> int:
        """Return how many people a filter finds."""
        self._settle()
        return len(self._positions(wanted))

    def _positions(self, wanted: Filter) -> Positions:
        if not wanted:
            return self._people.positions
        exact = next((clause for clause in wanted if _is_exact(clause)), None)
        return Positions(self._find_exact(exact, wanted)) if exact else self._queries.positions(wanted)

    def _sorted_by_date(self, wanted: Filter) -> list[int]:
        if self._by_date is None or self._by_date[0] != wanted:
            found = set(self._positions(wanted))
            self._by_date = wanted, [position for position in self._dates[Field.MODIFIED_DATE] if position in found]
        return self._by_date[1]

    def _position_of(self, field: Field, value: str) -> int | None:
        key = _exact_key(field, value)
        if key in self._exact:
            return self._exact[key]
        seeded = (people.position_of(*key) for people in self._seeded)
        return next(
            (position for position in seeded if position is not None and self._people.is_seeded(position)), None
        )

    def _find_exact(self, exact: Clause, wanted: Filter) -> list[int]:
        # Whoever was written a moment ago may still be found under an old value.
        holder = self._position_of(exact.field, str(exact.value))
        candidates = {holder, *self._formerly.get(_exact_key(exact.field, str(exact.value)), ())}
        return sorted(position for position in candidates if position is not None and self._found(position, wanted))

    def _find(self, wanted: Filter) -> Iterable[int]:
        """Return whom a filter finds, in no order; a window of one date is found without a look at anybody else."""
        positions: Iterable[int] = self._people.positions
        rest = wanted
        if field := next((clause.field for clause in wanted if clause.field in _DATES), None):
            window = self._dates[field].between(*_bounds(clause for clause in wanted if clause.field is field))
            # Everybody is at hand in ascending order, which spares the sorting of a million.
            positions = window if len(window) < len(self._people) else positions
            rest = tuple(clause for clause in wanted if clause.field is not field)
        if self._recent or rest:
            positions = [
                position
                for position in positions
                if position not in self._recent and (not rest or self._found(position, rest))
            ]
        return itertools.chain(positions, (position for position in self._recent if self._found(position, wanted)))

    def _found(self, position: int, wanted: Filter) -> bool:
        for clause in wanted:
            seen = self._as_seen(position, clause.field)
            if seen is None or not clause.holds(seen):
                return False
        return True

    def _as_seen(self, position: int, field: Field) -> Person | None:
        if writes := self._recent.get(position):
            now = self._clock.instant()
            for write in writes:
                if write.time + self._lags[field] > now:
                    return write.before
        return self._people.at(position)

    def _move(self, before: Person | None, after: Person | None) -> None:
        """Let the windows follow somebody who came, changed, or went."""
        for field, timeline in self._dates.items():
            old, new = (None if person is None else _time(person, field) for person in (before, after))
            if old == new:
                continue
            if before is not None and old is not None:
                timeline.discard(before.position, old)
            if after is not None and new is not None:
                timeline.add(after.position, new)

    def _remember(self, position: int, before: Person | None) -> None:
        if not self._steps:
            return
        now = self._clock.instant()
        self._keep_writes(position, [*self._recent.get(position, ()), _Write(now, before)])
        for lag in self._steps:
            heapq.heappush(self._due, (now + lag, position))

    def _settle(self) -> None:
        """Let the filters catch up with the writes whose lag has passed."""
        now = self._clock.instant()
        while self._due and self._due[0][0] <= now:
            _, position = heapq.heappop(self._due)
            if position not in self._recent:
                continue
            writes, longest = self._recent[position], max(self._lags.values())
            self._keep_writes(position, [write for write in writes if write.time + longest > now])
            self._refresh(position)

    def _refresh(self, position: int) -> None:
        self._queries.refresh(position)
        self._by_date = None

    def _keep_writes(self, position: int, writes: list[_Write]) -> None:
        """Remember these writes of a position and no others."""
        for key in _former_keys(self._recent.pop(position, ())):
            self._formerly[key].discard(position)
            if not self._formerly[key]:
                del self._formerly[key]
        if writes:
            self._recent[position] = writes
            for key in _former_keys(writes):
                self._formerly[key].add(position)

    def _forget_exact(self, person: Person) -> None:
        for key in _exact_keys(person):
            self._exact.pop(key, None)


def _exact_keys(person: Person) -> Iterable[tuple[Field, str]]:
    yield from ((Field.IDENTIFIER, identifier) for identifier in person.identifiers)
    if person.email:
        yield _exact_key(Field.EMAIL_ADDRESS, person.email)
    if person.phone:
        yield Field.PHONE_NUMBER, person.phone


def _former_keys(writes: Iterable[_Write]) -> set[tuple[Field, str]]:
    return {key for write in writes if write.before is not None for key in _exact_keys(write.before)}


def _exact_key(field: Field, value: str) -> tuple[Field, str]:
    """Return the key of a value; two spellings of an address are one address."""
    return field, value.lower() if field is Field.EMAIL_ADDRESS else value


def _is_exact(clause: Clause) -> bool:
    return clause.operator is Operator.EQ and clause.field in _EXACT


def _bounds(clauses: Iterable[Clause]) -> tuple[float, float]:
    """Return the earliest and the latest time that clauses about one date admit, in seconds since the epoch."""
    earliest, latest = -math.inf, math.inf
    for clause in clauses:
        time = cast("datetime", clause.value).timestamp()
        match clause.operator:
            case Operator.EQ:
                earliest, latest = max(earliest, time), min(latest, time)
            case Operator.GT:
                earliest = max(earliest, math.nextafter(time, math.inf))
            case Operator.LT:
                latest = min(latest, math.nextafter(time, -math.inf))
            case _:
                assert_never(clause.operator)
    return earliest, latest


def _time(person: Person, date: Field) -> float:
    return (person.created if date is Field.CREATED_DATE else person.modified).timestamp()
