"""What a pull does with one person: look at it, decide, write, stage the opt-in (sync.md 6)."""

import asyncio
import math
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from anmc.api.names import Direction, Reason
from anmc.rules.consent import NEVER, MembershipReading, Wish, overtake_attempt, read_membership, read_wish
from anmc.rules.dead_letters import Trace
from anmc.rules.decisions import Ambiguous, PullDecision, PullFacts
from anmc.rules.fields import settle
from anmc.rules.gone import is_missed
from anmc.rules.match import Claims, column_person_id, match_profile
from anmc.rules.outcomes import Outcome, strongest
from anmc.rules.pull import decide_pull, recognise
from anmc.rules.records import NumberHash, Person, PersonId, Phone, Profile
from anmc.rules.remembered import Attempt, Link, LinkState, PersonSeen, Suppression
from anmc.rules.stored import not_kept_by_person, not_kept_by_profile
from anmc.rules.windows import is_eligible
from anmc.rules.withdrawal import WithdrawalStep
from anmc.sync.book import RunBook
from anmc.sync.disputes import Dispute, Disputes
from anmc.sync.failures import CREATE_LIMIT_REACHED, UNREADABLE, RecordFailed, blaming
from anmc.sync.identity import break_link, remember_link, retire_link
from anmc.sync.ports import Changes, Known, Service
from anmc.sync.run import RunContext
from anmc.sync.sightings import rewritten_person, rewritten_profile
from anmc.sync.staging import OptIns
from anmc.sync.tally import Detail
from anmc.sync.withdrawals import Reading, Withdrawals

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
            turned_true=turned_true(wish, seen),
            full=self.opens_to_all or person.id in self.also,
        )


def turned_true(wish: Wish, seen: PersonSeen | None) -> bool:
    """Say whether a reading sees the stated wish of a person become True; the first one of all sees nothing become."""
    return wish is Wish.TRUE and seen is not None and seen.stated_wish is not Wish.TRUE


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

    @property
    def profile_gone_at(self) -> datetime | None:
        return self.known_profiles.tombstones.get(self.link.profile_id) if self.link else None

    @property
    def profile_link(self) -> Link | None:
        return self.known_profiles.link_of_profile.get(self.profile.id) if self.profile else None


class Importer:
    """Handles the people of one pull; opt-ins are staged, all else is written at once."""

    def __init__(
        self,
        context: RunContext,
        book: RunBook,
        opt_ins: OptIns,
        withdrawals: Withdrawals,
        eligibility: Eligibility,
    ) -> None:
        self._context = context
        self._book = book
        self._opt_ins = opt_ins
        self._withdrawals = withdrawals
        self._eligibility = eligibility
        self._sightings = context.sightings
        self._disputes = Disputes(context, book, opt_ins)

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
                self._book.take_up(person.id, seen, person_id=person.id)
                undecided.append(person)
            elif seen is None or seen.run_id != self._context.order.id:
                self._conclude(_Subject(person, numbers[person.id], None, known, Known()), recognised)
        profiles, unreadable = await self._find_profiles(undecided)
        linked = await self._recall_profiles(profiles.values(), known)
        mates = _mates(numbers)
        async with asyncio.TaskGroup() as group:
            for person in undecided:
                number = numbers[person.id]
                profile = profiles.get(number) if number is not None else None
                subject = _Subject(person, number, profile, known, linked)
                if number in unreadable:  # whether there is a profile, and what it says of consent, is not known
                    self._withdraw(subject, None, known.suppressions.get(number))
                    self._conclude(subject, UNREADABLE)
                else:
                    group.create_task(self._handle(subject, on_page=frozenset(numbers), mates=mates[person.id]))

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
        self._context.look_for_vendor_sync(found.profiles)
        hashed = ((self._sightings.number_hash(profile.number), profile) for profile in found.profiles)
        profiles = {number: profile for number, profile in hashed if number is not None}
        return profiles, frozenset(self._context.hasher.number(phone) for phone in found.unreadable)

    async def settle_disputes(self) -> None:
        """Decide about those whose number or profile was somebody else's, now that all is read (sync.md M8, W7)."""
        while batch := self._disputes.take(NUMBERS_PER_CALL):
            numbers = {each.person.id: self._sightings.number_hash(each.person.number) for each in batch}
            known = await self._context.memory.recall(
                people=numbers, numbers=[number for number in numbers.values() if number is not None]
            )
            entries = {each.person.id: each.entry for each in batch}
            known = replace(known, people={**known.people, **entries})
            profiles, unreadable = await self._find_profiles([each.person for each in batch])
            linked = await self._recall_profiles(profiles.values(), known)
            async with asyncio.TaskGroup() as group:
                for each in batch:
                    number = numbers[each.person.id]
                    if number is None or number in unreadable:
                        continue
                    subject = _Subject(each.person, number, profiles.get(number), known, linked)
                    group.create_task(self._settle(each, subject, number))
            await self._book.commit()

    async def _settle(self, dispute: Dispute, subject: _Subject, number: NumberHash) -> None:
        self._book.take_up(dispute.person.id, dispute.entry, person_id=dispute.person.id)
        facts = replace(self._facts(subject, shared_number=False), eligible=dispute.eligible)
        try:
            with blaming(Service.ACTION_NETWORK):
                facts = await self._disputes.judge(
                    dispute, facts, number, self._holders(subject), self._claims(subject)
                )
            decision = decide_pull(facts, self._context.policy, self._context.hasher)
            await self._apply(subject, facts, decision)
        except RecordFailed as failure:
            await self._fail(subject, failure)

    def _holders(self, subject: _Subject) -> frozenset[PersonId]:
        """Return who was last seen with the number (sync.md M3)."""
        return frozenset() if subject.number is None else subject.known.holders.get(subject.number, frozenset())

    def _claims(self, subject: _Subject) -> Claims | None:
        if subject.profile is None:
            return None
        aliases = subject.known_profiles.aliases
        return Claims.of(subject.profile, link=subject.profile_link, policy=self._context.policy, aliases=aliases)

    async def _recall_profiles(self, profiles: Collection[Profile], known: Known) -> Known:
        """Return what is known of profiles, of those whom they name, and of profiles that were deleted."""
        named = (column_person_id(profile, self._context.policy) for profile in profiles)
        deleted = (link.profile_id for link in known.link_of_person.values() if link.state is LinkState.RETIRED)
        return await self._context.memory.recall(
            people=[each for each in named if each is not None], profiles=[*(each.id for each in profiles), *deleted]
        )

    async def _handle(self, subject: _Subject, *, on_page: frozenset[PersonId], mates: frozenset[PersonId]) -> None:
        """Decide about one person of a page; `mates` are others of it with the same number.

        What the page shows of a person counts, not what the store knew.
        """
        others = self._holders(subject) - on_page
        try:
            subject = await self._confirm_absence(subject)
        except RecordFailed as failure:
            self._withdraw(subject, None, None)  # kept whatever else fails (I4)
            await self._fail(subject, failure)
            return
        try:
            facts = self._facts(subject, shared_number=bool(mates or others))
            decision = decide_pull(facts, self._context.policy, self._context.hasher)
            entry = await self._apply(subject, facts, decision)
        except RecordFailed as failure:
            await self._fail(subject, failure)
            return
        if isinstance(facts.match, Ambiguous) or facts.shared_number:
            self._disputes.add(Dispute(subject.person, eligible=facts.eligible, entry=entry, mates=mates))

    async def _fail(self, subject: _Subject, failure: RecordFailed) -> None:
        self._conclude(subject, failure.outcome)
        if failure.outcome.reason is Reason.PERSON_GONE:  # Q16
            await break_link(self._context, subject.link)

    async def _confirm_absence(self, subject: _Subject) -> _Subject:
        """Ask for the number of a linked profile that the weekly walks have missed; without one it is gone (M13)."""
        link, phone = subject.link, self._sightings.phone(subject.person.number)
        if link is None or subject.profile is not None or not isinstance(phone, Phone):
            return subject
        if link.number_hash != subject.number or not is_missed(link.missed_walks):
            return subject
        self._context.floor[Service.MOBILE_COMMONS] += 1
        with blaming(Service.MOBILE_COMMONS):
            profile = await self._context.mobile_commons.get_profile(phone)
        if profile is None:
            await retire_link(self._context, link)
        return replace(subject, profile=profile)

    def _facts(self, subject: _Subject, *, shared_number: bool) -> PullFacts:
        person, profile, policy = subject.person, subject.profile, self._context.policy
        known, number = subject.known, subject.number
        reading = read_membership(profile, policy.scope) if profile else NEVER
        wish = read_wish(person.values.get(policy.opt_in_field))
        suppression = known.suppressions.get(number) if number is not None else None
        if number is not None and profile is not None:
            suppression = self._book.observe(reading, number, known)
        step = self._withdraw(subject, reading, suppression)
        return PullFacts(
            person=person,
            phone=self._sightings.phone(person.number),
            wish=wish,
            link=subject.link,
            seen=subject.seen,
            match=match_profile(
                profile,
                person=person,
                link=subject.profile_link,
                policy=policy,
                aliases=subject.known_profiles.aliases,
            ),
            membership=reading,
            suppression=suppression,
            attempt=self._attempt(subject, wish.wish, reading, shared_number=shared_number),
            shared_number=shared_number,
            eligible=self._eligibility.includes(person, wish.wish, subject.seen),
            profile_gone_at=subject.profile_gone_at,
            withdrawal=step,
            is_leaving=self._withdrawals.is_leaving(step, number, known),
        )

    def _attempt(
        self, subject: _Subject, wish: Wish, reading: MembershipReading, *, shared_number: bool
    ) -> Attempt | None:
        """Return our newest call for the number; one that a new wish overtakes is stored with that wish (sync.md C12).

        While several hold the number, nobody knows whose call it was.
        """
        before = self._book.attempt(subject.number, subject.known)
        is_new = turned_true(wish, subject.seen) and not shared_number
        attempt = overtake_attempt(before, reading, turned_true=is_new)
        if attempt is not None and attempt != before:
            self._book.enter(attempts=[attempt])
        return attempt

    def _withdraw(
        self, subject: _Subject, membership: MembershipReading | None, suppression: Suppression | None
    ) -> WithdrawalStep:
        phone, link, seen = self._sightings.phone(subject.person.number), subject.link, subject.seen
        numbers = (subject.number, link.number_hash if link else None, seen.number_hash if seen else None)
        return self._withdrawals.judge(
            Reading(
                person=subject.person,
                phone=phone if isinstance(phone, Phone) else None,
                number=subject.number,
                numbers=frozenset(number for number in numbers if number is not None),
                seen=seen,
                membership=membership,
                suppression=suppression,
                known=subject.known,
            )
        )

    async def _apply(self, subject: _Subject, facts: PullFacts, decision: PullDecision) -> PersonSeen:
        """Write one decision to both services; each answer is remembered at once (sync.md Q24)."""
        if decision.creates_profile and not self._context.creations.claim():
            decision = PullDecision(CREATE_LIMIT_REACHED)
        outcome, wait = decision.outcome, None
        if decision.stage_opt_in and isinstance(facts.phone, Phone):
            wait = self._opt_ins.foresee(facts.phone)
            outcome = self._opt_ins.outcome(outcome, wait)
        if self._context.is_dry or not isinstance(facts.phone, Phone) or subject.number is None:
            return self._conclude(subject, outcome)
        profile, person = subject.profile, facts.person
        mappings = self._context.policy.mappings
        notes: tuple[Reason, ...] = ()
        if decision.profile_update is not None:
            profile = await self._write_profile(subject, facts.phone, decision.profile_update, outcome)
            notes += not_kept_by_profile(mappings, decision.profile_update, profile.values)
        entry = self._sightings.handled_person(person, outcome, before=subject.seen)
        if decision.person_update:
            person = await self._write_person(person, decision.person_update)
            notes += not_kept_by_person(mappings, decision.person_update, person.values)
            entry = self._sightings.written_person(
                person, outcome, read=facts.person, written=decision.person_update, before=entry
            )
        if profile is not None and (decision.link or decision.settle):
            settled = settle(mappings, profile, person, decision.settle, self._context.hasher)
            before = facts.link
            # A profile that came back under a new id has settled nothing yet.
            earlier = before.settled if before is not None and before.profile_id == profile.id else {}
            link = Link(profile.id, person.id, subject.number, {**earlier, **settled})
            await remember_link(self._context, link, facts.merged)
        if decision.stage_opt_in:
            self._book.enter(queued=[self._opt_ins.stage(person, facts.phone, subject.number, wait)])
        outcome = strongest((outcome,), notes=notes)  # F15
        return self._conclude(replace(subject, profile=profile), outcome, entry=entry)

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

    def _conclude(self, subject: _Subject, outcome: Outcome, *, entry: PersonSeen | None = None) -> PersonSeen:
        """Count a person's outcome and enter the form read as handled; return the entry."""
        person, link = subject.person, subject.link
        if self._eligibility.only_links and outcome.reason is Reason.NOT_RECENT:
            outcome = replace(outcome, reason=Reason.LINK_ONLY)  # W6
        profile_id = subject.profile.id if subject.profile else link.profile_id if link else None
        wish = read_wish(person.values.get(self._context.policy.opt_in_field)).wish
        trace = Trace(Direction.PULL, is_eligible=self._eligibility.includes(person, wish, subject.seen))
        waits = person.id in self._opt_ins.people or self._withdrawals.waits(person.id)
        detail = Detail(person.id, outcome, person.id, profile_id)
        self._book.count(detail, subject.seen, trace=trace, is_finished=not waits)
        self._withdrawals.concluded(person.id, outcome)
        entry = entry or self._sightings.handled_person(person, outcome, before=subject.seen)
        entry = replace(entry, outcome=outcome)
        self._book.enter(people=[entry])
        return entry


def _mates(numbers: Mapping[PersonId, NumberHash | None]) -> Mapping[PersonId, frozenset[PersonId]]:
    """Return who else of a page holds each person's number; nobody where there is no number."""
    holders: defaultdict[NumberHash, set[PersonId]] = defaultdict(set)
    for person_id, number in numbers.items():
        if number is not None:
            holders[number].add(person_id)
    return {
        person_id: frozenset(holders[number] - {person_id}) if number is not None else frozenset()
        for person_id, number in numbers.items()
    }
