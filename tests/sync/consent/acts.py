"""What people and staff do in either service, in the words in which a story tells it."""

from dataclasses import dataclass, replace
from typing import Any

from hypothesis.vendor.pretty import RepresentationPrinter
from typing_extensions import override

from anmc.rules.states import Membership
from anmc_simulators.action_network.contacts import merge
from anmc_simulators.action_network.person import Person
from anmc_simulators.mobile_commons.records import BY_STOP_WORD, Profile, Source
from sync.consent.town import NUMBERS, Town
from sync.consent.witness import Witness
from sync.world import FIELD


@dataclass(frozen=True, slots=True)
class Act:
    """One act: a method of `People` with its arguments."""

    name: str
    arguments: tuple[Any, ...] = ()

    @override
    def __repr__(self) -> str:
        return f"{self.name}({', '.join(map(repr, self.arguments))})"

    def _repr_pretty_(self, printer: RepresentationPrinter, _cycle: bool, /) -> None:  # noqa: FBT001
        """Look the same where hypothesis tells a story; the protocol is IPython's."""
        printer.text(repr(self))


class People:
    """Performs acts; one that cannot be done, as by somebody who is not there, does nothing.

    `who` counts the people of Action Network in the order of their list, round and round.
    """

    def __init__(self, town: Town, witness: Witness) -> None:
        self._town = town
        self._witness = witness
        self._company = town.company
        self._commons = town.simulation.mobile_commons
        self._group = town.group

    def perform(self, act: Act) -> None:
        """Let an act happen, in a second of its own."""
        self._town.waits(seconds=1)
        with self._witness.watching_an_act():
            getattr(self, act.name)(*act.arguments)

    # Mobile Commons.

    def joins(self, name: str, campaign: str) -> None:
        """Text the keyword of a campaign: opt in, confirm, come back."""
        self._commons.text_keyword(self._company, NUMBERS[name], self._town.campaigns[campaign].id)
        self._came_in(name)

    def signs_up_on_the_web(self, name: str, campaign: str) -> None:
        """Fill in a web form of Mobile Commons."""
        number, into = NUMBERS[name], self._town.campaigns[campaign]
        profile = self._profile(name) or self._company.add_profile(number, source=Source("Web"))
        if into.id in profile.subscriptions:
            self._company.rejoin(profile.subscriptions[into.id])
        else:
            self._company.subscribe(profile, into, source="Web")
        self._came_in(name)

    def stops(self, name: str) -> None:
        """Text STOP, which ends everything."""
        if self._profile(name):
            self._commons.text_stop(NUMBERS[name])
            self._witness.opted_out(NUMBERS[name])

    def takes_stop_back(self, name: str) -> None:
        """Text OOPS."""
        profile = self._profile(name)
        if profile and profile.opted_out_source == BY_STOP_WORD:
            self._commons.text_oops(NUMBERS[name])
            self._came_in(name)

    def leaves(self, name: str, campaign: str) -> None:
        """Leave one campaign."""
        profile, left = self._profile(name), self._town.campaigns[campaign]
        if profile and left.id in profile.subscriptions:
            self._company.leave(profile.subscriptions[left.id], source="By hand")
            self._witness.opted_out(NUMBERS[name])

    def is_taken_off_by_staff(self, name: str) -> None:
        """Be opted out of everything by staff."""
        if profile := self._profile(name):
            self._company.opt_out_by_api(profile)
            self._witness.opted_out(NUMBERS[name])

    def loses_the_phone(self, name: str) -> None:
        """Have a number that takes no texts any more."""
        if self._profile(name):
            self._commons.clean(self._company, NUMBERS[name])

    def edits_profile(self, name: str, first_name: str) -> None:
        """Change a profile by hand."""
        if self._profile(name):
            self._town.edits_profile(NUMBERS[name], first_name=first_name)

    def uploads_profile(self, name: str, email: str) -> None:
        """Upload a profile, which subscribes nobody."""
        self._commons.upload(self._company, NUMBERS[name], {"email": email})

    def deletes_profile(self, name: str) -> None:
        """Delete a profile with its memberships."""
        if profile := self._profile(name):
            self._company.remove(profile)

    def merges_profiles(self, survivor: str, removed: str) -> None:
        """Merge two profiles; memberships that only one of them has go over to the other."""
        kept, gone = self._profile(survivor), self._profile(removed)
        if kept and gone and kept is not gone:
            before = self._town.membership(NUMBERS[survivor])
            self._company.merge(kept, gone)
            if before is not Membership.ACTIVE:
                self._came_in(survivor)

    # Action Network.

    def adds_somebody(self, name: str | None, wish: str | None, email: str) -> None:
        """Put somebody on the list, unless number or address is another's."""
        number = NUMBERS[name] if name else ""
        is_free = self._town.terms.shares_numbers or not self._town.holders(number)
        if (number or email) and (not number or is_free) and not self._group.with_email(email):
            fields = {} if wish is None else {FIELD: wish}
            self._group.put(replace(self._group.draft(), phone=number, email=email, custom_fields=fields))

    def fills_box(self, who: int, text: str | None) -> None:
        """Tick or untick the box, write something else into it, or take the field away."""
        if person := self._person(who):
            others = {name: value for name, value in person.custom_fields.items() if name != FIELD}
            fields = others if text is None else {**others, FIELD: text}
            self._group.put(replace(person, custom_fields=fields))

    def uploads_flags(self) -> None:
        """Tick the boxes of everybody at once."""
        for person in list(self._group):
            self._group.put(replace(person, custom_fields={**person.custom_fields, FIELD: "1"}))

    def edits_somebody(self, who: int, given_name: str) -> None:
        """Change somebody's name."""
        if person := self._person(who):
            self._group.put(replace(person, given_name=given_name))

    def gets_number(self, who: int, name: str | None) -> None:
        """Change somebody's number; where numbers are not shared, it is taken away from its holder."""
        number = NUMBERS[name] if name else ""
        person = self._person(who)
        if person is None or person.phone == number or not (number or person.email):
            return
        if number and not self._town.terms.shares_numbers:
            for holder in self._town.holders(number):
                self._group.put(replace(holder, phone=""))
        self._group.put(replace(person, phone=number))

    def merges_people(self, who: int, removed: int) -> None:
        """Merge two people."""
        kept, gone = self._person(who), self._person(removed)
        if kept and gone and kept.position != gone.position:
            self._witness.person_goes(gone.id)
            self._group.put(merge(self._group, kept, gone, survivor=kept))

    def deletes_somebody(self, who: int) -> None:
        """Delete somebody."""
        if person := self._person(who):
            self._remove(person)

    def bounces(self, who: int) -> None:
        """Let a text of Action Network bounce."""
        if person := self._person(who):
            self._group.put(replace(person, sms_status="bouncing"))

    # Both, or neither.

    def is_imported_anew(self, name: str) -> None:
        """Be deleted on both sides, then uploaded with a ticked box: what a clean-up does with old lists."""
        self.deletes_profile(name)
        for person in self._town.holders(NUMBERS[name]):
            self._remove(person)
        self.adds_somebody(name, "1", "")

    def time_passes(self, hours: float) -> None:
        """Let time pass."""
        self._town.waits(hours=hours)

    def process_restarts(self) -> None:
        """Begin a new process of the operator, unless one is at work."""
        self._town.restarts()

    def store_is_lost(self) -> None:
        """Lose what the operator remembers."""
        self._town.restarts(loses_store=True)
        self._witness.store_is_lost()

    def _remove(self, person: Person) -> None:
        self._witness.person_goes(person.id)
        self._group.remove(person)

    def _came_in(self, name: str) -> None:
        self._witness.acted(NUMBERS[name])

    def _profile(self, name: str) -> Profile | None:
        return self._company.profiles.get(NUMBERS[name])

    def _person(self, who: int) -> Person | None:
        people = list(self._group)
        return people[who % len(people)] if people else None
