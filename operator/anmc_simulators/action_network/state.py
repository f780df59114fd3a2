"""The lists of Action Network: one group of people per API key."""

import itertools
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from anmc_simulators.action_network.filters import Filter
from anmc_simulators.action_network.index import Index, SeededPeople
from anmc_simulators.action_network.person import Field, Person
from anmc_simulators.action_network.switches import ActionNetworkSwitches, MergedId, lags
from anmc_simulators.between_pages import BetweenPages
from anmc_simulators.clock import Clock
from anmc_simulators.faults import Faults
from anmc_simulators.journal import Journal
from anmc_simulators.switches import Switchboard

DEFAULT_LAG: Final = timedelta(seconds=ActionNetworkSwitches().lag_modified_date)
"""How far filters by date trail a write unless somebody wants it otherwise; the service's lag is unmeasured."""

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
    """The people that one API key can see; the list of a personal account has no tags.

    `is_taken` tells whether a record of any list has an identifier: they are unique over all of them.
    """

    def __init__(
        self,
        *,
        name: str,
        personal: bool,
        clock: Clock,
        switches: Switchboard[ActionNetworkSwitches],
        is_taken: Callable[[str], bool],
    ) -> None:
        self.name = name
        self.personal = personal
        self.custom_fields: dict[str, CustomField] = {}
        self._clock = clock
        self._switches = switches
        self._is_taken = is_taken
        self._index = Index(clock=clock, lags=lags(switches.settings))
        self._indexed_by = switches.settings
        self._next_position = 0
        self._merged: dict[str, str] = {}
        self._background: list[tuple[datetime, Callable[[], object]]] = []

    def __len__(self) -> int:
        return len(self._index)

    def __iter__(self) -> Iterator[Person]:
        return iter(self._index)

    @property
    def settings(self) -> ActionNetworkSwitches:
        """Return how the service behaves at this moment."""
        return self._switches.settings

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

    def put(self, person: Person, *, acted: bool = False) -> Person:
        """Store a person and return the record as stored, its `modified_date` moved if the change moves it.

        `acted` says that the person took part in an action, which moves the date by itself.

        Raises:
            ValueError: somebody else on the list holds the e-mail address or the number.
        """
        before = self._index.at(person.position)
        if before is not None and (acted or self._is_change(before, person)):
            person = replace(person, modified=self._clock.now())
        self._check_unique(person)
        self._trail_as_set()
        self._index.put(person)
        # Somebody who is on the list was not merged into anybody, or was put on it again.
        self._merged.pop(person.id, None)
        return person

    def put_settled(self, person: Person) -> None:
        """Store a person as written long ago: no lag, and the dates as they are."""
        self._check_unique(person)
        self._index.put(person, settled=True)

    def remove(self, person: Person, *, merged_into: Person | None = None) -> None:
        """Delete a person for good, or one who is not on the list yet not at all; the id is gone.

        The id of a merged person may lead to the survivor (action-network-api.md 14).
        """
        if self.has(person):
            self._index.remove(person)
        if merged_into is not None:
            self._merged[person.id] = merged_into.id

    def has(self, person: Person) -> bool:
        """Tell whether the person is on the list, and no draft."""
        return self._index.at(person.position) is not None

    def with_id(self, person_id: str) -> Person | None:
        """Return the current record with this id."""
        if self.settings.merged_id is MergedId.SURVIVOR:
            while person_id in self._merged:
                person_id = self._merged[person_id]
        return self.with_identifier(f"action_network:{person_id}")

    def with_identifier(self, identifier: str) -> Person | None:
        """Return who has this identifier, given with its prefix."""
        return self._index.holder(Field.IDENTIFIER, identifier)

    def with_identifiers(self, person: Person, identifiers: Iterable[str]) -> Person:
        """Return the person with those identifiers of other systems that are free; none is ever removed."""
        free = [one for one in dict.fromkeys(identifiers) if one not in person.identifiers and not self._is_taken(one)]
        return replace(person, foreign_identifiers=(*person.foreign_identifiers, *free))

    def with_email(self, email: str) -> Person | None:
        """Return who holds this address, in any spelling."""
        return self._index.holder(Field.EMAIL_ADDRESS, email)

    def with_phone(self, digits: str) -> Person | None:
        """Return who holds this number, given as digits with country code."""
        return self._index.holder(Field.PHONE_NUMBER, digits)

    def written_contacts(self) -> Iterator[str]:
        """Return the addresses and numbers of everybody who is not as seeded."""
        return itertools.chain(self._index.written(Field.EMAIL_ADDRESS), self._index.written(Field.PHONE_NUMBER))

    def page(self, wanted: Filter, *, page: int, size: int) -> list[Person]:
        """Return one page of what a filter finds; empty beyond the end."""
        self._trail_as_set()
        return self._index.page(wanted, page=page, size=size, order=self.settings.order)

    def count(self, wanted: Filter) -> int:
        """Return how many people a filter finds."""
        self._trail_as_set()
        return self._index.count(wanted)

    def later(self, act: Callable[[], object]) -> None:
        """Take an act on for background processing (action-network-api.md 7)."""
        delay = timedelta(seconds=self.settings.background_delay_seconds)
        self._background.append((self._clock.instant() + delay, act))

    def catch_up(self) -> None:
        """Perform the background acts that are due, in the order they came."""
        now = self._clock.instant()
        due = [act for time, act in self._background if time <= now]
        self._background = [(time, act) for time, act in self._background if time > now]
        for act in due:
            act()

    def tick(self, person: Person, field: str) -> Person:
        """Tick a checkbox as the person would on a form."""
        return self._set_custom_field(person, field, TICKED)

    def untick(self, person: Person, field: str) -> Person:
        """Write a checkbox's opposite, which a form by itself never sends."""
        return self._set_custom_field(person, field, UNTICKED)

    def _set_custom_field(self, person: Person, field: str, value: str) -> Person:
        return self.put(replace(person, custom_fields={**person.custom_fields, field: value}))

    def _is_change(self, before: Person, after: Person) -> bool:
        if self.settings.moves_on_status_change:
            return after != replace(before, modified=after.modified)
        return after.differs_beyond_status(before)

    def _trail_as_set(self) -> None:
        if self._indexed_by is not self.settings:
            self._indexed_by = self.settings
            self._index.trail(lags(self.settings))

    def _check_unique(self, person: Person) -> None:
        for holder in (self.with_email(person.email), self.with_phone(person.phone)):
            if holder is not None and holder.position != person.position:
                raise ValueError("another person on this list has that e-mail address or number")


class ActionNetwork:
    """The service: its groups by API key. `lag` is a short way to set both of the dates in `settings`."""

    def __init__(
        self,
        clock: Clock,
        journal: Journal,
        *,
        faults: Faults | None = None,
        lag: timedelta | None = None,
        settings: ActionNetworkSwitches | None = None,
    ) -> None:
        settings = settings or ActionNetworkSwitches()
        if lag is not None:
            seconds = lag.total_seconds()
            settings = replace(settings, lag_created_date=seconds, lag_modified_date=seconds)
        self.clock = clock
        self.journal = journal
        self.faults = faults or Faults()
        self.switches = Switchboard(settings)
        self.between_pages = BetweenPages()
        self.groups: dict[str, Group] = {}

    def add_group(
        self, key: str, *, name: str = "Example Group", custom_fields: Iterable[str] = (), personal: bool = False
    ) -> Group:
        """Create a list with a key of its own, or add custom fields to the list that the key opens."""
        group = self.groups.get(key)
        if group is None:
            group = self.groups[key] = Group(
                name=name, personal=personal, clock=self.clock, switches=self.switches, is_taken=self._is_taken
            )
        group.add_custom_fields(custom_fields)
        return group

    def group_with_key(self, key: str) -> Group | None:
        """Return the list that a key opens, caught up with its background work."""
        group = self.groups.get(key)
        if group is not None:
            group.catch_up()
        return group

    def revoke_key(self, key: str) -> None:
        """Revoke a key for good; nobody sees its list again.

        Raises:
            KeyError: no list has that key.
        """
        del self.groups[key]

    def replace_key(self, key: str, *, by: str) -> None:
        """Revoke a key and open its list with another one.

        Raises:
            KeyError: no list has that key.
            ValueError: the new key is in use.
        """
        if by in self.groups:
            raise ValueError("the new key is in use")
        self.groups[by] = self.groups.pop(key)

    def _is_taken(self, identifier: str) -> bool:
        return any(group.with_identifier(identifier) for group in self.groups.values())
