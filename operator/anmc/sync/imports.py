"""What a pull does with one person: look at it, decide, write, stage the opt-in (sync.md 6)."""

import asyncio
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from anmc.api.names import Direction, Reason
from anmc.rules.consent import NEVER, Wish, read_membership, read_wish
from anmc.rules.dead_letters import Trace
from anmc.rules.decisions import PullDecision, PullFacts
from anmc.rules.fields import settle
from anmc.rules.match import match_profile
from anmc.rules.outcomes import Outcome
from anmc.rules.pull import decide_pull, recognise
from anmc.rules.records import NumberHash, Person, PersonId, Phone, Profile
from anmc.rules.remembered import Link, PersonSeen
from anmc.rules.windows import is_eligible
from anmc.sync.book import RunBook
from anmc.sync.failures import UNREADABLE, RecordFailed, blaming
from anmc.sync.ports import Changes, Known, Service
from anmc.sync.run import RunContext
from anmc.sync.sightings import rewritten_person, rewritten_profile
from anmc.sync.staging import OptIns
from anmc.sync.tally import Detail

NUMBERS_PER_CALL: Final = 50
"""Numbers of one bulk look-up (mobile-commons-api.md U15)."""


@dataclass(frozen=True, slots=True)
class Eligibility:
    """Who may be created and opted in by this run (sync.md Q0, W6)."""

    since: datetime
    opens_to_all: bool = False
    only_links: bool = False
    also: frozenset[PersonId] = frozenset()
    """People on whom an earlier run failed that included them."""

    def includes(self, person: Person, wish: Wish, seen: PersonSeen | None) -> bool:
        """Say whether a person is one of them."""
        return not self.only_links and is_eligible(
            person.modified_date,
            self.since,
            turned_true=wish is Wish.TRUE and seen is not None and seen.stated_wish is not Wish.TRUE,
            full=self.opens_to_all or person.id in self.also,
        )


@dataclass(frozen=True, slots=True)
class _Subject:
    """A person with the number's profile and what the store knows of both."""

    person: Person
    number: NumberHash | None
    profile: Profile | None
    known: Known
    known_profiles: Known

    @property
    def seen(self) -> PersonSeen | None:
        return self.known.people.get(self.person.id)

    @property
    def link(self) -> Link | None:
        return self.known.link_of_person.get(self.person.id)


class Importer:
    """Handles the people of one pull; opt-ins are staged, all else is written at once."""

    def __init__(self, context: RunContext, book: RunBook, opt_ins: OptIns, eligibility: Eligibility) -> None:
        self._context = context
        self._book = book
        self._opt_ins = opt_ins
        self._eligibility = eligibility
        self._sightings = context.sightings

    async def handle(self, people: Sequence[Person]) -> None:
        """Decide about the people of one page side by side; the failure of one is its outcome."""
        numbers = {person.id: self._sightings.number_hash(person.number) for person in people}
        hashes = [number for number in numbers.values() if number is not None]
        known = await self._context.memory.recall(people=numbers, numbers=hashes)
        undecided = []
        for person in people:
            seen = known.people.get(person.id)
            if self._is_done(person, seen):
                continue
            recognised = recognise(person, seen, self._sightings.person_fingerprint(person))
            if recognised is None:
                undecided.append(person)
            elif seen is None or seen.run_id != self._context.order.id:
                self._conclude(_Subject(person, numbers[person.id], None, known, Known()), recognised)
        profiles, unreadable = await self._find_profiles(undecided)
        linked = await self._context.memory.recall(profiles=[profile.id for profile in profiles.values()])
        shared = _shared(numbers, known)
        async with asyncio.TaskGroup() as group:
            for person in undecided:
                number = numbers[person.id]
                profile = profiles.get(number) if number is not None else None
                subject = _Subject(person, number, profile, known, linked)
                if number in unreadable:  # whether there is a profile, and what it says of consent, is not known
                    self._conclude(subject, UNREADABLE)
                else:
                    group.create_task(self._handle(subject, shared_number=person.id in shared))

    def _is_done(self, person: Person, seen: PersonSeen | None) -> bool:
        """Handled by this run already: pages shift, and a resumed run reads one page again."""
        return (
            seen is not None
            and seen.run_id == self._context.order.id
            and seen.modified_date == person.modified_date
            and not (self._context.order.resumed_from and not seen.is_settled)
        )

    async def _find_profiles(
        self, people: Sequence[Person]
    ) -> tuple[Mapping[NumberHash, Profile], frozenset[NumberHash]]:
        """Return the profiles of people by number, and the numbers whose profile cannot be read."""
        readings = [self._sightings.phone(person.number) for person in people]
        phones = {reading for reading in readings if isinstance(reading, Phone)}
        if not phones:
            return {}, frozenset()
        self._context.floor[Service.MOBILE_COMMONS] += math.ceil(len(phones) / NUMBERS_PER_CALL)
        found = await self._context.mobile_commons.find_profiles(phones)
        hashed = ((self._sightings.number_hash(profile.number), profile) for profile in found.profiles)
        profiles = {number: profile for number, profile in hashed if number is not None}
        return profiles, frozenset(self._context.hasher.number(phone) for phone in found.unreadable)

    async def _handle(self, subject: _Subject, *, shared_number: bool) -> None:
        facts = self._facts(subject, shared_number=shared_number)
        decision = decide_pull(facts, self._context.policy, self._context.hasher)
        try:
            await self._apply(subject, facts, decision)
        except RecordFailed as failure:
            self._conclude(subject, failure.outcome)

    def _facts(self, subject: _Subject, *, shared_number: bool) -> PullFacts:
        person, profile, policy = subject.person, subject.profile, self._context.policy
        known, number = subject.known, subject.number
        reading = read_membership(profile, policy.scope) if profile else NEVER
        wish = read_wish(person.values.get(policy.opt_in_field))
        suppression = known.suppressions.get(number) if number is not None else None
        if number is not None and profile is not None:
            suppression = self._book.observe(reading, number, known)
        return PullFacts(
            person=person,
            phone=self._sightings.phone(person.number),
            wish=wish,
            link=subject.link,
            seen=subject.seen,
            match=match_profile(
                profile,
                person=person,
                link=subject.known_profiles.link_of_profile.get(profile.id) if profile else None,
                policy=policy,
            ),
            membership=reading,
            suppression=suppression,
            attempt=self._book.attempt(number, known),
            shared_number=shared_number,
            eligible=self._eligibility.includes(person, wish.wish, subject.seen),
        )

    async def _apply(self, subject: _Subject, facts: PullFacts, decision: PullDecision) -> None:
        """Write one decision to both services; each answer is remembered at once (sync.md Q24)."""
        outcome, wait = decision.outcome, None
        if decision.stage_opt_in and isinstance(facts.phone, Phone):
            wait = self._opt_ins.foresee(facts.phone)
            outcome = self._opt_ins.outcome(outcome, wait)
        if self._context.is_dry or not isinstance(facts.phone, Phone) or subject.number is None:
            self._conclude(subject, outcome)
            return
        profile, person = subject.profile, facts.person
        if decision.profile_update is not None:
            profile = await self._write_profile(subject, facts.phone, decision.profile_update, outcome)
        entry = self._sightings.handled_person(person, outcome, before=subject.seen)
        if decision.person_update:
            person = await self._write_person(person, decision.person_update)
            entry = self._sightings.written_person(
                person, outcome, read=facts.person, written=decision.person_update, before=entry
            )
        if profile is not None and (decision.link or decision.settle):
            mappings, hasher = self._context.policy.mappings, self._context.hasher
            settled = settle(mappings, profile, person, decision.settle, hasher)
            before = subject.link
            # A profile that came back under a new id has settled nothing yet.
            earlier = before.settled if before is not None and before.profile_id == profile.id else {}
            link = Link(profile.id, person.id, subject.number, {**earlier, **settled})
            await self._context.remember(Changes(links=[link]))
        if decision.stage_opt_in:
            self._book.enter(queued=[self._opt_ins.stage(person, facts.phone, subject.number, wait)])
        self._conclude(replace(subject, profile=profile), outcome, entry=entry)

    async def _write_profile(
        self, subject: _Subject, phone: Phone, values: Mapping[str, str], outcome: Outcome
    ) -> Profile:
        """Create or update the profile; the write is remembered, so that no push takes it for a change."""
        self._context.floor[Service.MOBILE_COMMONS] += 1
        with blaming(Service.MOBILE_COMMONS):
            answer = await self._context.mobile_commons.update_profile(phone, values)
        if subject.profile is None:
            profile, echo = answer, self._sightings.created_profile(answer, outcome)
        else:
            profile = rewritten_profile(subject.profile, answer, values)
            before = subject.known_profiles.profiles.get(profile.id)
            echo = self._sightings.written_profile(profile, read=subject.profile, before=before)
        if echo is not None:
            await self._context.remember(Changes(profiles=[echo]))
        return profile

    async def _write_person(self, person: Person, values: Mapping[str, str]) -> Person:
        self._context.floor[Service.ACTION_NETWORK] += 1
        with blaming(Service.ACTION_NETWORK):
            answer = await self._context.action_network.update_person(person.id, values)
        return rewritten_person(person, answer, values)

    def _conclude(self, subject: _Subject, outcome: Outcome, *, entry: PersonSeen | None = None) -> None:
        """Count a person's outcome and enter the form read as handled."""
        person, link = subject.person, subject.link
        if self._eligibility.only_links and outcome.reason is Reason.NOT_RECENT:
            outcome = replace(outcome, reason=Reason.LINK_ONLY)  # W6
        profile_id = subject.profile.id if subject.profile else link.profile_id if link else None
        wish = read_wish(person.values.get(self._context.policy.opt_in_field)).wish
        trace = Trace(Direction.PULL, is_eligible=self._eligibility.includes(person, wish, subject.seen))
        self._book.count(Detail(person.id, outcome, person.id, profile_id), subject.seen, trace=trace)
        entry = entry or self._sightings.handled_person(person, outcome, before=subject.seen)
        self._book.enter(people=[replace(entry, outcome=outcome)])


def _shared(numbers: Mapping[PersonId, NumberHash | None], known: Known) -> frozenset[PersonId]:
    """People whose number somebody else holds too, on this page or as the store knows (sync.md M3, M15).

    What the page shows of a person counts, not what the store knew.
    """
    on_page = Counter(number for number in numbers.values() if number is not None)
    return frozenset(
        person_id
        for person_id, number in numbers.items()
        if number is not None
        and (on_page[number] > 1 or any(each not in numbers for each in known.holders.get(number, frozenset())))
    )
