"""The push: new opt-ins, opt-outs and edits go from Mobile Commons to Action Network (sync.md 5)."""

import asyncio
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from anmc.api.names import Category, Direction, Reason
from anmc.errors import PersonGone
from anmc.rules.consent import WISH_TEXT, Membership, Wish, read_membership
from anmc.rules.decisions import MatchedPerson, PersonMatch, PushDecision, PushFacts, PushNeed
from anmc.rules.fields import settle
from anmc.rules.fingerprint import subscription_stamp
from anmc.rules.outcomes import Outcome
from anmc.rules.phone import PhoneProblem
from anmc.rules.push import decide_data, decide_opt_in, decide_opt_out, triage_push
from anmc.rules.records import NumberHash, Person, PersonId, Phone, Profile, ProfileId, SubscriberRow
from anmc.rules.remembered import Link, PersonSeen, ProfileSeen
from anmc.rules.windows import next_push_watermark, push_lower_bound
from anmc.sync import ledger
from anmc.sync.failures import RECORD_ERRORS, failed
from anmc.sync.matching import PersonMatcher
from anmc.sync.ports import Changes, Known, Positions, Service
from anmc.sync.release import release_opt_ins
from anmc.sync.run import RunContext, RunEnd, end_of
from anmc.sync.tally import Detail, Tally

PROFILES_PER_CALL = 1000
"""Profiles of one page (mobile-commons-api.md 4)."""


@dataclass(frozen=True, slots=True)
class StagedOptOut:
    """An opt-out that waits for the end of the reads (sync.md C13)."""

    facts: PushFacts
    phone: Phone | None
    decision: PushDecision


async def push(context: RunContext) -> RunEnd:
    """Run one push.

    Raises:
        AnmcError: the run ends early; positions stay where they were, finished records stay finished.
    """
    return await _Push(context).run()


class _Push:
    def __init__(self, context: RunContext) -> None:
        self._context = context
        self._sightings = context.sightings
        self._matcher = PersonMatcher(context)
        self._handled: set[ProfileId] = set()
        self._staged: list[StagedOptOut] = []
        self._lower_bound: datetime

    async def run(self) -> RunEnd:
        context, order = self._context, self._context.order
        stored = await context.memory.positions(Direction.PUSH)
        if order.resumed_from is not None:
            self._lower_bound = order.resumed_from.lower_bound
            context.tally = Tally.from_data(order.resumed_from.tally)
        else:
            self._lower_bound = push_lower_bound(_older(stored.watermark, order.known_watermark), order.active_since)

        run_start = await self._read_profiles()
        await self._read_subscribers()
        for staged in self._staged:
            await self._apply_opt_out(staged)
        if order.releases_opt_ins and not context.is_dry:
            await release_opt_ins(context)
        return await self._finish(stored, run_start)

    async def _read_profiles(self) -> datetime:
        run_start, read = None, 0
        async for page in self._context.mobile_commons.iter_profiles(updated_from=self._lower_bound):
            run_start = run_start or page.read_at
            read += len(page.records)
            await self._handle_page(page.records)
        self._context.floor[Service.MOBILE_COMMONS] += max(1, math.ceil(read / PROFILES_PER_CALL) + bool(read))
        return run_start or self._context.now()

    async def _read_subscribers(self) -> None:
        """Look up the profiles of subscriptions that moved without their profile (sync.md W4)."""
        policy = self._context.policy
        campaign = policy.scope or policy.target
        if campaign is None:
            return
        read = 0
        async for page in self._context.mobile_commons.iter_subscribers(campaign, changed_from=self._lower_bound):
            read += len(page.records)
            phones = await self._unknown_numbers(page.records)
            self._context.floor[Service.MOBILE_COMMONS] += math.ceil(len(phones) / 50)
            await self._handle_page(await self._context.mobile_commons.find_profiles(phones) if phones else [])
        self._context.floor[Service.MOBILE_COMMONS] += max(1, math.ceil(read / PROFILES_PER_CALL) + bool(read))

    async def _unknown_numbers(self, rows: Sequence[SubscriberRow]) -> list[Phone]:
        fresh = [row for row in rows if row.profile_id not in self._handled and self._is_recent(row)]
        known = await self._context.memory.recall(profiles=[row.profile_id for row in fresh])
        phones = []
        for row in fresh:
            seen = known.profiles.get(row.profile_id)
            stamp = subscription_stamp(row.activated_at, row.opted_out_at, self._context.hasher)
            phone = self._sightings.phone(row.number)
            if (seen is None or seen.subscription_stamp != stamp) and isinstance(phone, Phone):
                phones.append(phone)
        return phones

    def _is_recent(self, row: SubscriberRow) -> bool:
        """A server may ignore the filter and send the whole campaign (mobile-commons-api.md U4)."""
        dates = [date for date in (row.activated_at, row.opted_out_at) if date is not None]
        return not dates or max(dates) >= self._lower_bound

    async def _handle_page(self, profiles: Sequence[Profile]) -> None:
        if not profiles:
            return
        numbers = {profile.id: self._sightings.number_hash(profile.number) for profile in profiles}
        known = await self._context.memory.recall(
            profiles=numbers, numbers=[number for number in numbers.values() if number is not None]
        )
        fresh = [profile for profile in profiles if not self._is_repeat(profile, known.profiles.get(profile.id))]
        self._handled.update(numbers)
        if fresh:
            await self._context.progress.claim()
            linked = [link.person_id for link in known.link_of_profile.values()]
            people = (await self._context.memory.recall(people=linked)).people
            async with asyncio.TaskGroup() as group:
                for profile in fresh:
                    group.create_task(self._handle(profile, numbers[profile.id], known, people))
            self._context.check_failures()
            await self._context.remember(Changes(positions={Direction.PUSH: await self._positions_in_hand()}))
        await self._context.progress.page_done(self._context.tally.records_read)

    async def _positions_in_hand(self) -> Positions:
        stored = await self._context.memory.positions(Direction.PUSH)
        return replace(stored, checkpoint=self._context.checkpoint(lower_bound=self._lower_bound, next_page=1))

    def _is_repeat(self, profile: Profile, seen: ProfileSeen | None) -> bool:
        """The overlap of two windows, or our own write coming back (sync.md W9)."""
        if seen is None or not seen.is_settled:
            return profile.id in self._handled
        return seen.fingerprint == self._sightings.profile_fingerprint(profile)

    async def _handle(
        self, profile: Profile, number: NumberHash | None, known: Known, people: Mapping[PersonId, PersonSeen]
    ) -> None:
        """Decide about one profile and do it; its failure is its outcome, and the others go on."""
        link = known.link_of_profile.get(profile.id)
        reading = read_membership(profile, self._context.policy.scope)
        suppression = await ledger.observe(self._context, reading, number, known)
        facts = PushFacts(
            profile=profile,
            phone=self._sightings.phone(profile.number),
            membership=reading,
            link=link,
            seen=known.profiles.get(profile.id),
            person_seen=people.get(link.person_id) if link else None,
            suppression=suppression,
            lower_bound=self._lower_bound,
        )
        try:
            triage = triage_push(facts, self._context.policy, self._context.hasher)
            if isinstance(triage, Outcome):
                await self._conclude(facts, triage)
            elif isinstance(facts.phone, Phone):
                await self._decide(facts, facts.phone, triage)
            else:
                await self._decide_without_number(facts, facts.phone, triage)
        except RECORD_ERRORS as error:
            await self._conclude(facts, failed(error, Service.ACTION_NETWORK))

    async def _decide_without_number(self, facts: PushFacts, problem: PhoneProblem, need: PushNeed) -> None:
        """Nobody can be looked up, but an opt-out still reaches the linked person (sync.md I4)."""
        if need is PushNeed.OPT_OUT_MATCH and facts.link is not None:
            await self._stage_opt_out(facts, None, MatchedPerson(facts.link.person_id, None))
        else:
            await self._conclude(facts, Outcome(Category.NO_EXPORT, problem.reason))

    async def _stage_opt_out(self, facts: PushFacts, phone: Phone | None, match: PersonMatch) -> None:
        decision = decide_opt_out(facts, match)
        if decision.opt_out and not self._context.is_dry:
            self._staged.append(StagedOptOut(facts, phone, decision))
        else:
            await self._conclude(facts, decision.outcome, handled_opt_out=True)

    async def _decide(self, facts: PushFacts, phone: Phone, need: PushNeed) -> None:
        policy, hasher = self._context.policy, self._context.hasher
        match = await self._matcher.match(facts, phone, need)
        if need is PushNeed.OPT_OUT_MATCH:
            await self._stage_opt_out(facts, phone, match)
            return
        if need is PushNeed.LINKED_PERSON and isinstance(match, MatchedPerson) and match.person is not None:
            decision = decide_data(facts, match.person, policy, hasher)
        else:
            decision = decide_opt_in(facts, match, policy, hasher)
        await self._apply(facts, phone, match, decision)

    async def _apply(self, facts: PushFacts, phone: Phone, match: PersonMatch, decision: PushDecision) -> None:
        """Write one decision to both services and remember what they answered."""
        if self._context.is_dry:
            await self._conclude(facts, decision.outcome)
            return
        profile, person = facts.profile, match.person if isinstance(match, MatchedPerson) else None
        read, people = person, []
        seen = await self._person_seen(read)
        if decision.create is not None:
            self._context.floor[Service.ACTION_NETWORK] += 1
            person = await self._context.action_network.create_person(decision.create)
            people = [self._sightings.handled_person(person, decision.outcome, before=None, wish_written=True)]
        elif decision.update is not None:
            self._context.floor[Service.ACTION_NETWORK] += 1
            person_id, values = decision.update
            person = await self._context.action_network.update_person(person_id, values)
            people = [self._sightings.written_person(person, decision.outcome, read=read, before=seen)]
        if person is not None and decision.create is not None:
            column = self._context.policy.constituent_column
            decision = replace(decision, profile_update={**decision.profile_update, column: person.id})
            # A link is known at once: should the process die before the id is on the profile, nobody is created twice.
            await self._context.remember(Changes(people=people, links=[self._link(profile, person, phone, decision)]))
        if decision.profile_update:
            self._context.floor[Service.MOBILE_COMMONS] += 1
            profile = await self._context.mobile_commons.update_profile(phone, decision.profile_update)
        links = []
        if person is not None and (decision.link_to or decision.create or decision.settle):
            links = [self._link(profile, person, phone, decision, before=facts.link)]
        await self._conclude(replace(facts, profile=profile), decision.outcome, people=people, links=links)

    async def _person_seen(self, person: Person | None) -> PersonSeen | None:
        if person is None:
            return None
        return (await self._context.memory.recall(people=[person.id])).people.get(person.id)

    def _link(
        self, profile: Profile, person: Person, phone: Phone, decision: PushDecision, *, before: Link | None = None
    ) -> Link:
        settled = settle(self._context.policy.mappings, profile, person, decision.settle, self._context.hasher)
        return Link(
            profile_id=profile.id,
            person_id=person.id,
            number_hash=self._context.hasher.number(phone),
            settled={**(before.settled if before else {}), **settled},
        )

    async def _apply_opt_out(self, staged: StagedOptOut) -> None:
        """Tell Action Network of one opt-out, for everybody who holds the number (sync.md C9, A1)."""
        facts, decision = staged.facts, staged.decision
        try:
            people = await self._write_opt_outs(staged)
        except RECORD_ERRORS as error:
            await self._conclude(facts, failed(error, Service.ACTION_NETWORK))
            self._context.check_failures()
            return
        outcome = decision.outcome if people else Outcome(Category.NO_EXPORT, Reason.OPT_OUT_WITHOUT_MATCH)
        seen = await self._context.memory.recall(people=[person.id for person in people])
        links = []
        if decision.link_to is not None and facts.link is None:
            links = [
                Link(facts.profile.id, person.id, self._context.hasher.number(staged.phone))
                for person in people
                if staged.phone is not None and person.id == decision.link_to
            ]
        await self._conclude(
            facts,
            outcome,
            handled_opt_out=True,
            links=links,
            people=[
                self._sightings.written_person(person, outcome, read=None, before=seen.people.get(person.id))
                for person in people
            ],
        )

    async def _write_opt_outs(self, staged: StagedOptOut) -> list[Person]:
        written: dict[PersonId, Person] = {}
        look_up = False
        for person_id in staged.decision.opt_out:
            self._context.floor[Service.ACTION_NETWORK] += 1
            try:
                written[person_id] = await self._write_false(person_id)
            except PersonGone:
                look_up = True
            else:
                look_up = look_up or self._sightings.phone(written[person_id].number) != staged.phone
        if look_up and staged.phone is not None:
            for person in await self._matcher.holders(staged.phone):
                if person.id not in written:
                    written[person.id] = await self._write_false(person.id)
        return list(written.values())

    async def _write_false(self, person_id: PersonId) -> Person:
        values = {self._context.policy.opt_in_field: WISH_TEXT[Wish.FALSE]}
        return await self._context.action_network.update_person(person_id, values)

    async def _conclude(
        self,
        facts: PushFacts,
        outcome: Outcome,
        *,
        handled_opt_out: bool = False,
        people: Sequence[PersonSeen] = (),
        links: Collection[Link] = (),
    ) -> None:
        """Count a profile's outcome and remember it."""
        outcome = self._context.reported(outcome)
        seen = facts.seen
        earlier = seen.outcome if seen is not None and seen.run_id == self._context.order.id else None
        person_id = facts.link.person_id if facts.link else next((link.person_id for link in links), None)
        self._context.tally.count(Detail(facts.profile.id, outcome, person_id, facts.profile.id), instead_of=earlier)
        suppressions = []
        if handled_opt_out and facts.suppression is not None and facts.membership.membership is Membership.OPTED_OUT:
            suppressions = [replace(facts.suppression, handled_at=facts.membership.at)]
        await self._context.remember(
            Changes(
                people=people,
                profiles=[self._sightings.handled_profile(facts.profile, outcome)],
                links=list(links),
                suppressions=suppressions,
            )
        )

    async def _finish(self, stored: Positions, run_start: datetime) -> RunEnd:
        """Move the watermark, unless a record's work is undone and in no queue (sync.md I11)."""
        positions = replace(stored, checkpoint=None)
        if not self._context.tally.unfinished:
            positions = replace(positions, watermark=next_push_watermark(run_start))
        await self._context.remember(Changes(positions={Direction.PUSH: positions}))
        return end_of(self._context, window_from=self._lower_bound, window_to=run_start, positions=positions)


def _older(first: datetime | None, second: datetime | None) -> datetime | None:
    """The older of the store's and the object's position; one alone counts (sync.md 1)."""
    return min((position for position in (first, second) if position is not None), default=None)
