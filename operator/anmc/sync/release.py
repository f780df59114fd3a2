"""Opt-in calls: queued decisions are checked once more, recorded, made and judged (sync.md C12 to C15, C18)."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from anmc.api.names import Category, Reason
from anmc.errors import OutcomeUnknown, PersonGone, PhoneRejected, ServiceRefused
from anmc.rules.consent import NEVER, judge_opt_in, may_opt_in, observe_membership, read_membership, read_wish
from anmc.rules.outcomes import Outcome, strongest
from anmc.rules.records import Person, PersonId, Phone, Profile
from anmc.rules.remembered import Attempt, AttemptResult, PersonSeen, QueuedOptIn
from anmc.rules.states import Membership
from anmc.sync import ledger
from anmc.sync.failures import RECORD_ERRORS, failed
from anmc.sync.ports import Changes, Known, Service
from anmc.sync.run import RunContext
from anmc.sync.tally import Detail

BATCH: Final = 50
"""Queued opt-ins checked together: the numbers of one bulk look-up (sync.md 9)."""

_DROPPED: Final[Mapping[Reason, Outcome]] = {
    Reason.NOT_OPTED_IN: Outcome(Category.HELD, Reason.NO_LONGER_REQUESTED),
    Reason.OPT_IN_FIELD_UNREADABLE: Outcome(Category.HELD, Reason.OPT_IN_FIELD_UNREADABLE),
    Reason.PREVIOUSLY_OPTED_OUT: Outcome(Category.HELD, Reason.PREVIOUSLY_OPTED_OUT),
    Reason.ALREADY_SUBSCRIBED: Outcome(Category.NO_DIFFERENCE, Reason.ALREADY_SUBSCRIBED),
    Reason.AWAITING_CONFIRMATION: Outcome(Category.DEFERRED_SUBSCRIPTION, Reason.AWAITING_CONFIRMATION),
    Reason.UNDELIVERABLE: Outcome(Category.HELD, Reason.UNDELIVERABLE),
    Reason.MEMBERSHIP_UNCLEAR: Outcome(Category.HELD, Reason.MEMBERSHIP_UNCLEAR),
    Reason.NO_OPT_IN_PATH: Outcome(Category.HELD, Reason.NO_OPT_IN_PATH),
    Reason.REFUSED_BY_VENDOR: Outcome(Category.HELD, Reason.REFUSED_BY_VENDOR),
}
"""What a queued opt-in becomes when the last check refuses it (sync.md C15); it leaves the queue."""

_GONE: Final = Outcome(Category.PROCESSING_ERROR, Reason.PERSON_GONE)
_PHONE_CHANGED: Final = Outcome(Category.HELD, Reason.PHONE_CHANGED)
_PROFILE_DELETED: Final = Outcome(Category.UNABLE_TO_UPDATE, Reason.PROFILE_DELETED)

_WAITING: Final = frozenset({Reason.OUTSIDE_SEND_WINDOW, Reason.DAILY_CAP_REACHED})
"""Reasons of an opt-in that stays in the queue."""

_OPEN_ATTEMPT: Final = frozenset({AttemptResult.INTENDED, AttemptResult.UNKNOWN})
"""Calls whose answer nobody has seen: what Mobile Commons shows now is their answer (sync.md C18)."""

MAX_CALLS: Final = 2
"""Opt-in calls for one number and campaign: one, and one more if its outcome stayed unknown (sync.md C18)."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A queued opt-in with the person as this run read it."""

    entry: QueuedOptIn
    person: Person
    phone: Phone


async def release_opt_ins(context: RunContext, staged: Mapping[PersonId, Person] | None = None) -> None:
    """Make the opt-in calls that are due, as far as the daily cap goes; the rest stays queued.

    `staged` are the people whom this run has read and queued; the others are read by id first (sync.md C15).
    """
    release = _Release(context, staged or {})
    await release.run()


class _Release:
    def __init__(self, context: RunContext, staged: Mapping[PersonId, Person]) -> None:
        self._context = context
        self._staged = staged
        self._sightings = context.sightings
        self._examined: set[PersonId] = set()

    async def run(self) -> None:
        context = self._context
        now = context.now()
        used = await context.memory.count_attempts_since(context.send_window.local_day_start(now))
        budget = max(0, context.order.max_opt_ins_per_day - used)
        queue = await context.memory.queued_opt_ins(due=now, limit=budget)
        for start in range(0, len(queue), BATCH):
            await context.progress.claim()
            await self._release(queue[start : start + BATCH])
            context.check_failures()
            await context.progress.page_done(context.tally.records_read)
        await self._wait_for_tomorrow(now)

    async def _wait_for_tomorrow(self, now: datetime) -> None:
        """Say of those staged by this run that the cap keeps them waiting."""
        known = await self._context.memory.recall(people=self._staged)
        for person in self._staged.values():
            seen = known.people.get(person.id)
            if person.id in self._examined or seen is None or seen.outcome.reason is Reason.OUTSIDE_SEND_WINDOW:
                continue
            phone = self._sightings.phone(person.number)
            if isinstance(phone, Phone) and self._context.send_window.is_open(phone, now):
                await self._conclude(person, seen, deferred(seen.outcome, Reason.DAILY_CAP_REACHED))

    async def _release(self, batch: Sequence[QueuedOptIn]) -> None:
        candidates = [candidate for candidate in await self._read(batch) if candidate is not None]
        if not candidates:
            return
        profiles = await self._context.mobile_commons.find_profiles([candidate.phone for candidate in candidates])
        by_number = {self._sightings.number_hash(profile.number): profile for profile in profiles}
        known = await self._context.memory.recall(
            people=[candidate.person.id for candidate in candidates],
            numbers=[candidate.entry.number_hash for candidate in candidates],
        )
        async with asyncio.TaskGroup() as group:
            for candidate in candidates:
                profile = by_number.get(candidate.entry.number_hash)
                group.create_task(self._check_and_call(candidate, profile, known))

    async def _read(self, batch: Sequence[QueuedOptIn]) -> list[_Candidate | None]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._candidate(entry)) for entry in batch]
        return [task.result() for task in tasks]

    async def _candidate(self, entry: QueuedOptIn) -> _Candidate | None:
        self._examined.add(entry.person_id)
        person = self._staged.get(entry.person_id)
        try:
            if person is None:
                self._context.floor[Service.ACTION_NETWORK] += 1
                person = await self._context.action_network.get_person(entry.person_id)
        except RECORD_ERRORS as error:
            gone = isinstance(error, PersonGone)
            await self._count_unread(entry, _GONE if gone else failed(error, Service.ACTION_NETWORK), drop=gone)
            return None
        phone = self._sightings.phone(person.number)
        if not isinstance(phone, Phone) or self._context.hasher.number(phone) != entry.number_hash:
            await self._count_unread(entry, _PHONE_CHANGED, drop=True)
            return None
        return _Candidate(entry, person, phone)

    async def _check_and_call(self, candidate: _Candidate, profile: Profile | None, known: Known) -> None:
        """Ask for everything once more with what was read just now, and only then call."""
        context, policy = self._context, self._context.policy
        number, person = candidate.entry.number_hash, candidate.person
        seen = known.people.get(person.id)
        if profile is None:
            await self._conclude(person, seen, _PROFILE_DELETED, drop=True)
            return
        if policy.opt_in_path is None or policy.target is None:
            await self._conclude(person, seen, _DROPPED[Reason.NO_OPT_IN_PATH], drop=True)
            return
        attempt = known.attempts.get((number, policy.target))
        reading = read_membership(profile, policy.scope)
        suppression = await ledger.observe(context, reading, number, known)
        if attempt is not None and attempt.result in _OPEN_ATTEMPT and reading.membership is not Membership.NEVER:
            await self._judge(candidate, seen, attempt, profile)
            return
        refusal = may_opt_in(
            wish=read_wish(person.values.get(policy.opt_in_field)),
            eligible=True,
            sms_status=person.sms_status,
            membership=reading,
            suppression=suppression,
            attempt=attempt,
            opt_in_path=policy.opt_in_path,
        )
        if refusal is not None:
            await self._conclude(person, seen, _DROPPED[refusal], drop=True)
        elif attempt is not None and attempt.calls >= MAX_CALLS:
            await self._conclude(person, seen, Outcome(Category.HELD, Reason.REFUSED_BY_VENDOR), drop=True)
        elif not context.send_window.is_open(candidate.phone, context.now()):
            await self._wait(candidate, seen)
        else:
            await self._call(candidate, seen, attempt, policy.opt_in_path, policy.target)

    async def _wait(self, candidate: _Candidate, seen: PersonSeen | None) -> None:
        not_before = self._context.send_window.next_open(candidate.phone, self._context.now())
        await self._context.remember(Changes(queued=[replace(candidate.entry, not_before=not_before)]))
        before = seen.outcome if seen else Outcome(Category.HELD, Reason.OUTSIDE_SEND_WINDOW)
        await self._conclude(candidate.person, seen, deferred(before, Reason.OUTSIDE_SEND_WINDOW))

    async def _call(
        self, candidate: _Candidate, seen: PersonSeen | None, earlier: Attempt | None, path: str, target: str
    ) -> None:
        context, calls = self._context, earlier.calls if earlier else 0
        attempt = Attempt(candidate.entry.number_hash, target, intended_at=context.now(), calls=calls + 1)
        await context.remember(Changes(attempts=[attempt]))
        context.floor[Service.MOBILE_COMMONS] += 1
        try:
            profile = await context.mobile_commons.opt_in(candidate.phone, path)
            if read_membership(profile, target) == NEVER:
                profile = await context.mobile_commons.get_profile(candidate.phone) or profile
        except (PhoneRejected, ServiceRefused) as error:
            refused = replace(attempt, result=AttemptResult.FAILED)
            outcome = failed(error, Service.MOBILE_COMMONS)
            await context.remember(Changes(attempts=[refused]))
            await self._conclude(candidate.person, seen, outcome, drop=True)
        except RECORD_ERRORS as error:
            # Sent without an answer, or never sent: read first, then at most one more call (C18).
            sent = isinstance(error, OutcomeUnknown)
            open_attempt = replace(attempt, result=AttemptResult.UNKNOWN, calls=attempt.calls if sent else calls)
            await context.remember(Changes(attempts=[open_attempt]))
            await self._conclude(candidate.person, seen, failed(error, Service.MOBILE_COMMONS))
        else:
            await self._judge(candidate, seen, attempt, profile)

    async def _judge(self, candidate: _Candidate, seen: PersonSeen | None, attempt: Attempt, profile: Profile) -> None:
        """Take the subscription that Mobile Commons shows for the answer, never the word success."""
        result, category, reason = judge_opt_in(profile, attempt.campaign_id)
        known = await self._context.memory.recall(profiles=[profile.id], numbers=[attempt.number_hash])
        outcome = self._context.reported(Outcome(category, reason))
        before = known.profiles.get(profile.id)
        suppression = observe_membership(
            read_membership(profile, self._context.policy.scope),
            known.suppressions.get(attempt.number_hash),
            attempt.number_hash,
            attempt=attempt,
            now=self._context.now(),
        )
        echo = [self._sightings.handled_profile(profile, before.outcome)] if before and before.is_settled else []
        await self._context.remember(
            Changes(
                attempts=[replace(attempt, result=result)],
                suppressions=[suppression] if suppression else [],
                profiles=echo,
            )
        )
        await self._conclude(candidate.person, seen, outcome, drop=True)

    async def _count_unread(self, entry: QueuedOptIn, outcome: Outcome, *, drop: bool) -> None:
        self._context.tally.count(Detail(entry.person_id, outcome, entry.person_id))
        await self._context.remember(Changes(dequeued=[entry.person_id] if drop else []))

    async def _conclude(self, person: Person, seen: PersonSeen | None, outcome: Outcome, *, drop: bool = False) -> None:
        """Count the outcome, in place of what this run said of the person before, and remember it."""
        earlier = seen.outcome if seen is not None and seen.run_id == self._context.order.id else None
        self._context.tally.count(Detail(person.id, outcome, person.id), instead_of=earlier)
        entry = self._sightings.handled_person(person, outcome, before=seen)
        await self._context.remember(Changes(people=[entry], dequeued=[person.id] if drop else []))


def deferred(outcome: Outcome, reason: Reason) -> Outcome:
    """Say of an outcome that its opt-in waits: an import stays one, nothing done becomes Held (sync.md Q1, Q2, O1)."""
    waited_before = outcome.reason in _WAITING
    done = replace(outcome, reason=Reason.APPLIED) if waited_before else outcome
    return strongest((done, Outcome(Category.HELD, reason)))
