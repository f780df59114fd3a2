"""The pull: recent changes of Action Network go to Mobile Commons, opt-ins last (sync.md 6)."""

import asyncio
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from anmc.api.names import Direction, InitialSync, Reason
from anmc.rules.consent import NEVER, Wish, read_membership, read_wish
from anmc.rules.decisions import PullDecision, PullFacts
from anmc.rules.fields import settle
from anmc.rules.match import match_profile
from anmc.rules.outcomes import Outcome
from anmc.rules.pull import decide_pull, recognise
from anmc.rules.records import NumberHash, Person, PersonId, Phone, Profile
from anmc.rules.remembered import Link, PersonSeen, ProfileSeen, QueuedOptIn
from anmc.rules.windows import is_eligible, next_pull_watermark, pull_filter_bound, pull_lower_bound
from anmc.sync import ledger
from anmc.sync.failures import RECORD_ERRORS, failed
from anmc.sync.ports import Changes, Known, Positions, Service
from anmc.sync.release import deferred, release_opt_ins
from anmc.sync.run import RunContext, RunEnd, end_of
from anmc.sync.tally import Detail, Tally

PEOPLE_PER_CALL = 25
"""People of one page (action-network-api.md 1)."""

NUMBERS_PER_CALL = 50
"""Numbers of one bulk look-up (mobile-commons-api.md U15)."""

EVERYBODY = datetime(1970, 1, 1, tzinfo=UTC)
"""Lower bound of a full read: before either service existed."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """Bounds of this pull; `opens_to_all` lifts the age limit of Q0."""

    lower_bound: datetime
    eligible_since: datetime
    opens_to_all: bool


async def pull(context: RunContext) -> RunEnd:
    """Run one pull.

    Raises:
        AnmcError: the run ends early; positions stay where they were, finished records stay finished.
    """
    return await _Pull(context).run()


class _Pull:
    def __init__(self, context: RunContext) -> None:
        self._context = context
        self._sightings = context.sightings
        self._staged: dict[PersonId, Person] = {}
        self._plan: _Plan

    async def run(self) -> RunEnd:
        context, order = self._context, self._context.order
        stored = await context.memory.positions(Direction.PULL)
        self._plan = self._make_plan(stored)
        stored = replace(stored, eligible_since=self._plan.eligible_since)
        first_page = 1
        if order.resumed_from is not None:
            first_page = max(1, order.resumed_from.next_page - 1)
            context.tally = Tally.from_data(order.resumed_from.tally)

        run_start, read = await self._read(stored, first_page)
        context.floor[Service.ACTION_NETWORK] += math.ceil(read / PEOPLE_PER_CALL) + 1
        if not context.is_dry:
            await release_opt_ins(context, self._staged)
        return await self._finish(stored, run_start)

    def _make_plan(self, stored: Positions) -> _Plan:
        """Fix the bounds (sync.md W5, W6); a resumed run keeps its own."""
        order, now = self._context.order, self._context.now()
        is_first = stored.watermark is None and order.known_watermark is None
        watermark = min((mark for mark in (stored.watermark, order.known_watermark) if mark), default=None)
        window = pull_lower_bound(watermark, now, order.lookback)
        reads_all = order.full or (is_first and order.initial_sync is not InitialSync.WINDOW)
        since = stored.eligible_since
        if since is None:
            if not is_first:  # the store was lost: what it knew of eligibility is gone with it
                since = order.active_since - order.lookback
            elif order.initial_sync is InitialSync.LINK_ONLY:
                since = now
            else:
                since = window
        return _Plan(
            lower_bound=order.resumed_from.lower_bound if order.resumed_from else EVERYBODY if reads_all else window,
            eligible_since=since,
            opens_to_all=order.full or (is_first and order.initial_sync is InitialSync.FULL),
        )

    async def _read(self, stored: Positions, first_page: int) -> tuple[datetime, int]:
        """Walk the people, decide and write page by page; return the start in service time, and how many."""
        context, run_start, read = self._context, None, 0
        bound = pull_filter_bound(self._plan.lower_bound)
        async for page in context.action_network.iter_people(modified_after=bound, first_page=first_page):
            run_start = run_start or page.read_at
            if not page.records:
                continue
            read += len(page.records)
            await self._handle_page(page.records)
            context.check_failures()
            checkpoint = context.checkpoint(lower_bound=self._plan.lower_bound, next_page=page.number + 1)
            await context.remember(Changes(positions={Direction.PULL: replace(stored, checkpoint=checkpoint)}))
            await context.progress.page_done(context.tally.records_read)
        return run_start or context.now(), read

    async def _handle_page(self, people: Sequence[Person]) -> None:
        numbers = {person.id: self._sightings.number_hash(person.number) for person in people}
        hashes = [number for number in numbers.values() if number is not None]
        known = await self._context.memory.recall(people=numbers, numbers=hashes)
        fresh = [person for person in people if not self._is_done(person, known.people.get(person.id))]
        undecided = []
        for person in fresh:
            recognised = recognise(person, known.people.get(person.id), self._sightings.person_fingerprint(person))
            if recognised is None:
                undecided.append(person)
            else:
                await self._conclude(person, recognised, known)
        profiles = await self._find_profiles(undecided)
        linked = await self._context.memory.recall(profiles=[profile.id for profile in profiles.values()])
        shared = _shared(numbers, known)
        async with asyncio.TaskGroup() as group:
            for person in undecided:
                number = numbers[person.id]
                profile = profiles.get(number) if number is not None else None
                group.create_task(
                    self._handle(person, number, profile, known, linked, shared_number=person.id in shared)
                )

    def _is_done(self, person: Person, seen: PersonSeen | None) -> bool:
        """Handled by this run already: pages shift, and a resumed run reads one page again."""
        return (
            seen is not None
            and seen.run_id == self._context.order.id
            and seen.modified_date == person.modified_date
            and not (self._context.order.resumed_from and not seen.is_settled)
        )

    async def _find_profiles(self, people: Sequence[Person]) -> Mapping[NumberHash, Profile]:
        readings = [self._sightings.phone(person.number) for person in people]
        phones = {reading for reading in readings if isinstance(reading, Phone)}
        if not phones:
            return {}
        self._context.floor[Service.MOBILE_COMMONS] += math.ceil(len(phones) / NUMBERS_PER_CALL)
        profiles = await self._context.mobile_commons.find_profiles(phones)
        hashed = ((self._sightings.number_hash(profile.number), profile) for profile in profiles)
        return {number: profile for number, profile in hashed if number is not None}

    async def _handle(
        self,
        person: Person,
        number: NumberHash | None,
        profile: Profile | None,
        known: Known,
        linked: Known,
        *,
        shared_number: bool,
    ) -> None:
        """Decide about one person and do it; its failure is its outcome, and the others go on."""
        seen, policy = known.people.get(person.id), self._context.policy
        link = known.link_of_person.get(person.id)
        wish = read_wish(person.values.get(policy.opt_in_field))
        reading = read_membership(profile, policy.scope) if profile else NEVER
        attempt = known.attempts.get((number, policy.target)) if number and policy.target else None
        suppression = await ledger.observe(self._context, reading, number, known)
        other = linked.link_of_profile.get(profile.id) if profile else None
        facts = PullFacts(
            person=person,
            phone=self._sightings.phone(person.number),
            wish=wish,
            link=link,
            seen=seen,
            match=match_profile(profile, person=person, link=other or link, policy=policy),
            membership=reading,
            suppression=suppression,
            attempt=attempt,
            shared_number=shared_number,
            eligible=is_eligible(
                person.modified_date,
                self._plan.eligible_since,
                turned_true=wish.wish is Wish.TRUE and seen is not None and seen.stated_wish is not Wish.TRUE,
                full=self._plan.opens_to_all,
            ),
        )
        decision = decide_pull(facts, policy, self._context.hasher)
        try:
            await self._apply(facts, decision, known, linked)
        except RECORD_ERRORS as error:
            await self._conclude(person, failed(error, Service.MOBILE_COMMONS), known)

    async def _apply(
        self,
        facts: PullFacts,
        decision: PullDecision,
        known: Known,
        linked: Known,
    ) -> None:
        """Write one decision to both services and remember what they answered (sync.md Q24)."""
        person, context = facts.person, self._context
        if context.is_dry or not isinstance(facts.phone, Phone):
            await self._conclude(person, decision.outcome, known)
            return
        number = context.hasher.number(facts.phone)
        profile = read = facts.match if isinstance(facts.match, Profile) else None
        profiles: list[ProfileSeen] = []
        if decision.profile_update is not None:
            context.floor[Service.MOBILE_COMMONS] += 1
            profile = await context.mobile_commons.update_profile(facts.phone, decision.profile_update)
            before = linked.profiles.get(profile.id)
            if echo := self._sightings.written_profile(profile, decision.outcome, read=read, before=before):
                profiles.append(echo)
        if decision.person_update:
            context.floor[Service.ACTION_NETWORK] += 1
            person = await context.action_network.update_person(person.id, decision.person_update)
        links = []
        if profile is not None and (decision.link or decision.settle):
            settled = settle(context.policy.mappings, profile, person, decision.settle, context.hasher)
            # A profile that came back under a new id has settled nothing yet.
            earlier = facts.link.settled if facts.link and facts.link.profile_id == profile.id else {}
            links = [Link(profile.id, person.id, number, {**earlier, **settled})]
        outcome, queued = decision.outcome, []
        if decision.stage_opt_in:
            outcome, entry = self._stage(person, facts.phone, number, outcome)
            queued = [entry]
        await self._conclude(person, outcome, known, profile=profile, profiles=profiles, links=links, queued=queued)

    def _stage(self, person: Person, phone: Phone, number: NumberHash, outcome: Outcome) -> tuple[Outcome, QueuedOptIn]:
        """Queue an opt-in: for the end of the reads, or for the next opening of its window (sync.md C13, C14)."""
        now, window = self._context.now(), self._context.send_window
        self._staged[person.id] = person
        not_before = now
        if not window.is_open(phone, now):
            not_before = window.next_open(phone, now)
            outcome = deferred(outcome, Reason.OUTSIDE_SEND_WINDOW)
        return outcome, QueuedOptIn(person.id, number, decided_at=now, not_before=not_before)

    async def _conclude(
        self,
        person: Person,
        outcome: Outcome,
        known: Known,
        *,
        profile: Profile | None = None,
        profiles: Sequence[ProfileSeen] = (),
        links: Sequence[Link] = (),
        queued: Sequence[QueuedOptIn] = (),
    ) -> None:
        """Count a person's outcome and remember it, the staged opt-in in the same transaction."""
        outcome = self._context.reported(outcome)
        seen = known.people.get(person.id)
        link = known.link_of_person.get(person.id)
        profile_id = profile.id if profile else link.profile_id if link else None
        earlier = seen.outcome if seen is not None and seen.run_id == self._context.order.id else None
        self._context.tally.count(Detail(person.id, outcome, person.id, profile_id), instead_of=earlier)
        entry = self._sightings.handled_person(person, outcome, before=seen)
        await self._context.remember(Changes(people=[entry], profiles=profiles, links=links, queued=queued))

    async def _finish(self, stored: Positions, run_start: datetime) -> RunEnd:
        """Move the watermark, unless a record's work is undone and in no queue (sync.md I11)."""
        positions = replace(stored, checkpoint=None)
        if not self._context.tally.unfinished:
            positions = replace(positions, watermark=next_pull_watermark(run_start))
        await self._context.remember(Changes(positions={Direction.PULL: positions}))
        return end_of(self._context, window_from=self._plan.lower_bound, window_to=run_start, positions=positions)


def _shared(numbers: Mapping[PersonId, NumberHash | None], known: Known) -> frozenset[PersonId]:
    """People whose number somebody else holds too, on this page or as the store knows (sync.md M3, M15)."""
    on_page = Counter(number for number in numbers.values() if number is not None)
    return frozenset(
        person_id
        for person_id, number in numbers.items()
        if number is not None and (on_page[number] > 1 or known.holders.get(number, frozenset()) - {person_id})
    )
