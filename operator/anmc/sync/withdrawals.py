"""Opt-outs on their way to Mobile Commons: staged while reading, approved by the safety limit, made, remembered."""

import asyncio
from collections.abc import Collection, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Final

from anmc.api.names import Category, Direction, Reason
from anmc.errors import PersonGone
from anmc.rules.consent import MembershipReading, read_membership, read_wish
from anmc.rules.decisions import PushFacts
from anmc.rules.outcomes import Outcome, is_settled, strongest
from anmc.rules.records import NumberHash, Person, PersonId, Phone, Profile, SubscriberRow
from anmc.rules.remembered import PersonSeen, ProfileSeen, StagedOptOut, Suppression
from anmc.rules.states import Membership
from anmc.rules.withdrawal import (
    WithdrawalStep,
    enter_withdrawal,
    judge_withdrawal,
    opts_out,
    read_sms_status,
    read_withdrawal,
)
from anmc.sync.book import RunBook
from anmc.sync.failures import RECORD_ERRORS, RecordFailed, blaming, failed
from anmc.sync.ports import Changes, Known, Pages, Priority, Service
from anmc.sync.run import RunContext
from anmc.sync.tally import Detail

BATCH: Final = 50
"""Opt-outs made between two commits."""

_LIMIT_REACHED: Final = Outcome(Category.HELD, Reason.OPT_OUT_LIMIT_REACHED)
_NOT_CONFIRMED: Final = Outcome(Category.UNABLE_TO_UPDATE, Reason.OUTCOME_UNKNOWN)
_NOTHING: Final = Outcome(Category.NO_DIFFERENCE, Reason.NOTHING_TO_CARRY)


@dataclass(frozen=True, slots=True)
class Reading:
    """A person as a pull reads it: with its number, and what Mobile Commons and the store say of it.

    `membership` is None where the profile cannot be read. `numbers` are all that the person is known by, the old one
    of a link included (sync.md M11).
    """

    person: Person
    phone: Phone | None
    number: NumberHash | None
    numbers: frozenset[NumberHash]
    seen: PersonSeen | None
    membership: MembershipReading | None
    suppression: Suppression | None
    known: Known


class Withdrawals:
    """The opt-outs that one run finds or has to bring to Mobile Commons (sync.md C8, C13, P18, Q9, Q25)."""

    def __init__(self, context: RunContext, book: RunBook) -> None:
        self._context = context
        self._book = book
        self._fresh: dict[NumberHash, StagedOptOut] = {}
        self._phones: dict[NumberHash, Phone] = {}
        self._profiles: dict[NumberHash, PushFacts] = {}
        self._leaving: set[PersonId] = set()
        self._outcomes: dict[str, Outcome] = {}

    def judge(self, reading: Reading) -> WithdrawalStep:
        """Decide what becomes of a person's withdrawal, and keep it in the transaction that stores the new wish."""
        context, person, number = self._context, reading.person, reading.number
        wish = read_wish(person.values.get(context.policy.opt_in_field))
        waiting = reading.known.staged.get(number) if number is not None else None
        step = judge_withdrawal(
            withdrawal := read_withdrawal(person, wish, reading.seen, now=context.now()),
            staged=waiting if waiting is not None and waiting.person_id == person.id else None,
            wish=wish,
            sms=read_sms_status(person.sms_status),
            membership=reading.membership or _UNREAD,
            suppression=reading.suppression,
            policy=context.policy,
        )
        if reading.phone is not None and number is not None:
            self._phones[number] = reading.phone
        if withdrawal is not None and step in {WithdrawalStep.STAGE, WithdrawalStep.RECORD}:
            entries = [
                StagedOptOut(
                    each,
                    person.id,
                    None,
                    withdrawal.at,
                    withdrawal.reason,
                    Direction.PULL,
                    opts_out=each != number or reading.membership is None or opts_out(reading.membership),
                )
                for each in sorted(reading.numbers)
            ]
            self._keep(entries, person.id, reading.known, step)
        elif step is WithdrawalStep.REPAIR and number is not None and reading.suppression is not None:
            if waiting is not None:
                return WithdrawalStep.KEEP
            self._keep([_repair(reading.suppression, Direction.PULL, person_id=person.id)], person.id)
        elif step in {WithdrawalStep.REVOKE, WithdrawalStep.VOID} and waiting is not None:
            self._leaving.discard(person.id)
            self._book.enter(unstaged=[waiting.number_hash])
        return step

    def is_leaving(self, step: WithdrawalStep, number: NumberHash | None, known: Known) -> bool:
        """Say whether an opt-out of a number is on its way, by whomever: nothing opts it in meanwhile (C13)."""
        if step in {WithdrawalStep.REVOKE, WithdrawalStep.VOID} or number is None:
            return False
        return step is not WithdrawalStep.NONE or number in known.staged or number in self._fresh

    def waits(self, person_id: PersonId) -> bool:
        """Say whether an opt-out that this run has staged for a person is still to be made."""
        return person_id in self._leaving

    def concluded(self, person_id: PersonId, outcome: Outcome) -> None:
        """Note what this run has counted of a person whose opt-out waits."""
        if person_id in self._leaving:
            self._outcomes[person_id] = outcome

    def repair(self, facts: PushFacts, phone: Phone) -> None:
        """Stage the opt-out of a member who is active against the ledger (P18)."""
        if facts.suppression is None:
            return
        number = facts.suppression.number_hash
        self._phones[number], self._profiles[number] = phone, facts
        person_id = facts.link.person_id if facts.link else None
        entry = _repair(facts.suppression, Direction.PUSH, person_id=person_id)
        self._keep([replace(entry, profile_id=facts.profile.id)], person_id)

    async def waiting(self) -> list[StagedOptOut]:
        """Return the opt-outs that the safety limit of this run decides on."""
        direction = self._context.order.direction
        stored = {each.number_hash: each for each in await self._context.memory.staged_opt_outs()}
        staged = {**stored, **self._fresh} if self._context.is_dry else stored
        return [each for each in staged.values() if each.direction is direction and not each.is_approved]

    async def count_linked(self, waiting: Collection[StagedOptOut]) -> int:
        """Count those whom the safety limit counts: linked people with something to opt out of (S1)."""
        ending = [each for each in waiting if each.opts_out]
        known = await self._context.memory.recall(
            people=[each.person_id for each in ending if each.person_id],
            profiles=[each.profile_id for each in ending if each.profile_id],
        )
        return sum(
            each.person_id in known.link_of_person or each.profile_id in known.link_of_profile for each in ending
        )

    async def hold(self, waiting: Iterable[StagedOptOut]) -> None:
        """Say of each that the limit keeps it; all stay staged (S1)."""
        for each in waiting:
            if each.opts_out:
                await self._conclude(each, _LIMIT_REACHED)
        await self._book.commit()

    async def approve(self, waiting: Sequence[StagedOptOut]) -> None:
        """Enter them into the ledger: from here on nobody opts these numbers in, whatever the calls do (C7)."""
        for start in range(0, len(waiting), BATCH):
            batch = waiting[start : start + BATCH]
            known = await self._context.memory.recall(numbers=[each.number_hash for each in batch])
            entries = [enter_withdrawal(known.suppressions.get(each.number_hash), each) for each in batch]
            approved = [replace(each, is_approved=True) for each in batch if self._is_to_call(each)]
            done = [each.number_hash for each in batch if not self._is_to_call(each)]
            await self._context.remember(Changes(suppressions=entries, staged=approved, unstaged=done))

    async def apply(self, approved: Sequence[StagedOptOut] | None = None) -> None:
        """Make the opt-outs that the limit has let pass, those of earlier runs that failed included (W12)."""
        if approved is None:
            approved = [each for each in await self._context.memory.staged_opt_outs() if each.is_approved]
        for start in range(0, len(approved), BATCH):
            batch = approved[start : start + BATCH]
            await self._context.progress.claim()
            await self._apply(batch)
            await self._book.commit()

    async def plan(self, waiting: Iterable[StagedOptOut]) -> None:
        """Count what a dry run would do."""
        for each in waiting:
            if self._is_to_call(each):
                await self._conclude(each, _done(each))

    def _is_to_call(self, staged: StagedOptOut) -> bool:
        return staged.opts_out and self._context.policy.carries_withdrawals

    def _keep(
        self,
        entries: Sequence[StagedOptOut],
        person_id: PersonId | None,
        known: Known | None = None,
        step: WithdrawalStep = WithdrawalStep.STAGE,
    ) -> None:
        dequeued = [person_id] if person_id is not None else []
        if any(self._is_to_call(each) for each in entries):
            self._leaving.update(dequeued)
        if step is WithdrawalStep.RECORD and known is not None:
            ledger = [enter_withdrawal(known.suppressions.get(each.number_hash), each) for each in entries]
            self._book.enter(suppressions=ledger, dequeued=dequeued)
            return
        self._fresh.update((each.number_hash, each) for each in entries)
        self._book.enter(staged=entries, dequeued=dequeued)

    async def _apply(self, batch: Sequence[StagedOptOut]) -> None:
        missing = [each for each in batch if each.number_hash not in self._phones]
        lost = await self._find_phones(missing)
        async with asyncio.TaskGroup() as group:
            for each in batch:
                phone = self._phones.get(each.number_hash)
                if phone is not None:
                    group.create_task(self._opt_out(each, phone, is_retry=each.number_hash not in self._fresh))
                elif each.number_hash in lost:
                    await self._finish(each, _NOTHING)

    async def _opt_out(self, staged: StagedOptOut, phone: Phone, *, is_retry: bool) -> None:
        """Opt out, unless the person has come back by an act of their own since (C6, C8)."""
        context, number = self._context, staged.number_hash
        known = await context.memory.recall(numbers=[number])
        if is_retry:
            await self._take_up(staged)
        try:
            with blaming(Service.MOBILE_COMMONS):
                if is_retry and not await self._is_still_wanted(staged, phone, known):
                    await self._finish(staged, _NOTHING)
                    return
                context.floor[Service.MOBILE_COMMONS] += 1
                answer = await context.mobile_commons.opt_out(phone, campaign_id=context.policy.scope)
        except RecordFailed as failure:
            await self._conclude(staged, failure.outcome)
            return
        if answer is None:  # no profile has the number: nothing to leave
            await self._finish(staged, _NOTHING)
            return
        reading = read_membership(answer, context.policy.scope)
        if reading.membership is not Membership.OPTED_OUT:
            await self._conclude(staged, _NOT_CONFIRMED)
            return
        entry = self._book.observe(reading, number, known)
        if entry is not None:
            self._book.handled(entry)
        await self._finish(staged, _done(staged))

    async def _take_up(self, staged: StagedOptOut) -> None:
        """Note that an opt-out of an earlier run is tried again, under the record that it will count as."""
        person_id, profile_id = staged.person_id, staged.profile_id
        known = await self._context.memory.recall(
            people=[person_id] if person_id else [], profiles=[profile_id] if profile_id else []
        )
        if person_id is not None:
            self._book.take_up(person_id, known.people.get(person_id), person_id=person_id, profile_id=profile_id)
        elif profile_id is not None:
            self._book.take_up(profile_id, known.profiles.get(profile_id), profile_id=profile_id)

    async def _is_still_wanted(self, staged: StagedOptOut, phone: Phone, known: Known) -> bool:
        """Read the number once more: time has passed since the opt-out was staged."""
        profile = await self._context.mobile_commons.get_profile(phone, priority=Priority.OPT_OUT)
        if profile is None:
            return False
        reading = read_membership(profile, self._context.policy.scope)
        entry = self._book.observe(reading, staged.number_hash, known)
        return opts_out(reading) and (entry is None or entry.is_live)

    async def _find_phones(self, missing: Sequence[StagedOptOut]) -> frozenset[NumberHash]:
        """Find the numbers of opt-outs from earlier runs; return those that nobody has any more.

        The store has no numbers: the person tells it, else Mobile Commons is searched for its hash (C8).
        """
        unknown: set[NumberHash] = set()
        for each in missing:
            phone = None
            if each.person_id is not None:
                try:
                    self._context.floor[Service.ACTION_NETWORK] += 1
                    person = await self._context.action_network.get_person(each.person_id, priority=Priority.OPT_OUT)
                    phone = self._context.sightings.phone(person.number)
                except PersonGone:
                    pass
                except RECORD_ERRORS as error:
                    await self._conclude(each, failed(error, Service.ACTION_NETWORK))
                    continue
            if isinstance(phone, Phone) and self._context.hasher.number(phone) == each.number_hash:
                self._phones[each.number_hash] = phone
            else:
                unknown.add(each.number_hash)
        if not unknown or not await self._search(unknown):
            return frozenset()
        return frozenset(unknown.difference(self._phones))

    async def _search(self, wanted: Collection[NumberHash]) -> bool:
        """Walk the members for numbers known by their hash; return whether all of the walk could be read."""
        commons, campaign = self._context.mobile_commons, self._context.policy.scope or self._context.policy.target
        walk: Pages[SubscriberRow] | Pages[Profile]
        if campaign is not None:
            walk = commons.iter_subscribers(campaign, changed_from=None)
        else:
            walk = commons.iter_profiles(updated_from=None)
        async with aclosing(walk) as pages:
            async for page in pages:
                if not page.is_complete or page.unreadable:
                    return False
                for record in page.records:
                    phone = self._context.sightings.phone(record.number)
                    if isinstance(phone, Phone) and (number := self._context.hasher.number(phone)) in wanted:
                        self._phones[number] = phone
                if all(number in self._phones for number in wanted):
                    break
        return True

    async def _finish(self, staged: StagedOptOut, outcome: Outcome) -> None:
        self._book.enter(unstaged=[staged.number_hash])
        await self._conclude(staged, outcome)

    async def _conclude(self, staged: StagedOptOut, outcome: Outcome) -> None:
        """Count an opt-out, together with what this run has done for the same record before (O1)."""
        if (facts := self._profiles.get(staged.number_hash)) is not None:
            entry = self._context.sightings.handled_profile(facts.profile, outcome)
            self._count(staged, facts.profile.id, outcome, facts.seen)
            self._book.enter(profiles=[entry])
        elif staged.person_id is not None:
            seen = (await self._context.memory.recall(people=[staged.person_id])).people.get(staged.person_id)
            outcome = self._count(staged, staged.person_id, outcome, seen)
            if seen is not None:
                self._book.enter(people=[self._context.sightings.released_person(seen, outcome)])
        elif staged.profile_id is not None:
            before = (await self._context.memory.recall(profiles=[staged.profile_id])).profiles.get(staged.profile_id)
            outcome = self._count(staged, staged.profile_id, outcome, before)
            if before is not None:
                run_id, settled = self._context.order.id, is_settled(outcome)
                self._book.enter(profiles=[replace(before, outcome=outcome, is_settled=settled, run_id=run_id)])

    def _count(
        self, staged: StagedOptOut, record: str, outcome: Outcome, seen: PersonSeen | ProfileSeen | None
    ) -> Outcome:
        earlier = self._outcomes.get(record)
        if earlier is None and seen is not None and seen.run_id == self._context.order.id:
            earlier = seen.outcome
        if earlier is not None:
            outcome = strongest((outcome, earlier))
        self._book.count(Detail(record, outcome, staged.person_id, staged.profile_id), seen, instead_of=earlier)
        self._outcomes[record] = outcome
        return outcome


_UNREAD: Final = MembershipReading(Membership.UNCLEAR, None)
"""Stands for a profile that cannot be read: whatever it says, the opt-out is carried."""


def _repair(suppression: Suppression, direction: Direction, *, person_id: PersonId | None) -> StagedOptOut:
    return StagedOptOut(
        suppression.number_hash, person_id, None, suppression.opted_out_at, Reason.SUPPRESSED, direction
    )


def _done(staged: StagedOptOut) -> Outcome:
    return Outcome(Category.OPTED_OUT_IN_MOBILE_COMMONS, staged.reason)
