"""The lists of Action Network: one group of people per API key."""

import itertools
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from anmc_simulators.action_network.filters import Filter
from anmc_simulators.action_network.index import Index, SeededPeople, default_lags
from anmc_simulators.action_network.person import Field, Person
from anmc_simulators.clock import Clock
from anmc_simulators.faults import Faults
from anmc_simulators.journal import Journal

DEFAULT_LAG: Final = timedelta(seconds=5)
"""How far the `modified_date` filter trails a write (action-network-api.md 15); the service's lag is unmeasured."""

TICKED: Final = "1"
UNTICKED: Final = "0"
"""What a ticked box of a form reads as, and what a pipeline writes for the opposite (action-network-api.md 10.1)."""


@dataclass(frozen=True, slots=True)
class CustomField:
    """A custom field of a group; it has a name and no type, every value is a string."""

    name: str
    created: datetime
    numeric_id: int


class Group:
    """The people that one API key can see."""

    def __init__(self, *, name: str, clock: Clock, lags: Mapping[Field, timedelta]) -> None:
        self.name = name
        self.custom_fields: dict[str, CustomField] = {}
        self._clock = clock
        self._index = Index(clock=clock, lags=lags)
        self._next_position = 0

    def __len__(self) -> int:
        return len(self._index)

    def __iter__(self) -> Iterator[Person]:
        return iter(self._index)

    def add_custom_fields(self, names: Iterable[str]) -> None:
        """Create the custom fields that are missing."""
        for name in names:
            number = len(self.custom_fields) + 1
            self.custom_fields.setdefault(name, CustomField(name, self._clock.now(), number))

    def draft(self, *, person_id: str | None = None, created: datetime | None = None) -> Person:
        """Return a new person with a place on the list, who is not on it before `put`."""
        time = created or self._clock.now()
        return Person(person_id or str(uuid.uuid4()), self.reserve(1).start, time, time)

    def reserve(self, places: int) -> range:
        """Return the next places on the list, which nobody else gets."""
        first = self._next_position
        self._next_position += places
        return range(first, self._next_position)

    def admit(self, people: SeededPeople, positions: Iterable[int], *, by_date: Mapping[float, Iterable[int]]) -> None:
        """Put seeded people on the list, as written long ago; arguments as of `Index.admit`."""
        self._index.admit(people, positions, by_date=by_date)

    def put(self, person: Person) -> Person:
        """Store a person and return the record as stored, its `modified_date` moved if the change moves it.

        Raises:
            ValueError: somebody else on the list holds the e-mail address or the number.
        """
        before = self._index.at(person.position)
        if before is not None and person.differs_beyond_status(before):
            person = replace(person, modified=self._clock.now())
        self._check_unique(person)
        self._index.put(person)
        return person

    def put_settled(self, person: Person) -> None:
        """Store a person as written long ago: no lag, and the dates as they are."""
        self._check_unique(person)
        self._index.put(person, settled=True)

    def remove(self, person: Person) -> None:
        """Delete a person for good; the id answers 404 from now on."""
        self._index.remove(person)

    def with_id(self, person_id: str) -> Person | None:
        """Return the current record with this id."""
        return self._index.holder(Field.IDENTIFIER, f"action_network:{person_id}")

    def with_email(self, email: str) -> Person | None:
        """Return who holds this address, given in lower case."""
        return self._index.holder(Field.EMAIL_ADDRESS, email)

    def with_phone(self, digits: str) -> Person | None:
        """Return who holds this number, given as digits with country code."""
        return self._index.holder(Field.PHONE_NUMBER, digits)

    def written_contacts(self) -> Iterator[str]:
        """Return the addresses and numbers of everybody who is not as seeded."""
        return itertools.chain(self._index.written(Field.EMAIL_ADDRESS), self._index.written(Field.PHONE_NUMBER))

    def page(self, wanted: Filter, *, page: int, size: int) -> list[Person]:
        """Return one page of what a filter finds; empty beyond the end."""
        return self._index.page(wanted, page=page, size=size)

    def tick(self, person: Person, field: str) -> Person:
        """Tick a checkbox as the person would on a form."""
        return self._set_custom_field(person, field, TICKED)

    def untick(self, person: Person, field: str) -> Person:
        """Write a checkbox's opposite, which a form by itself never sends."""
        return self._set_custom_field(person, field, UNTICKED)

    def _set_custom_field(self, person: Person, field: str, value: str) -> Person:
        return self.put(replace(person, custom_fields={**person.custom_fields, field: value}))

    def _check_unique(self, person: Person) -> None:
        for holder in (self.with_email(person.email), self.with_phone(person.phone)):
            if holder is not None and holder.position != person.position:
                raise ValueError("another person on this list has that e-mail address or number")


class ActionNetwork:
    """The service: its groups by API key."""

    def __init__(
        self, clock: Clock, journal: Journal, *, faults: Faults | None = None, lag: timedelta = DEFAULT_LAG
    ) -> None:
        self.clock = clock
        self.journal = journal
        self.faults = faults or Faults()
        self.groups: dict[str, Group] = {}
        self._lags = default_lags(lag)

    def add_group(self, key: str, *, name: str = "Example Group", custom_fields: Iterable[str] = ()) -> Group:
        """Create a list with a key of its own, or add custom fields to the list that the key opens."""
        group = self.groups.setdefault(key, Group(name=name, clock=self.clock, lags=self._lags))
        group.add_custom_fields(custom_fields)
        return group

    def replace_key(self, key: str, *, by: str) -> None:
        """Revoke a key and open its list with another one.

        Raises:
            KeyError: no list has that key.
            ValueError: the new key is in use.
        """
        if by in self.groups:
            raise ValueError("the new key is in use")
        self.groups[by] = self.groups.pop(key)
