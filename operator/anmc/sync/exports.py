"""What a push does with one profile: look at it, match it, decide, write (sync.md 5)."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from anmc.api.names import Category, Reason
from anmc.rules.consent import read_membership
from anmc.rules.decisions import MatchedPerson, NewPerson, PersonMatch, PushDecision, PushFacts, PushNeed
from anmc.rules.fields import settle
from anmc.rules.match import column_person_id, is_older
from anmc.rules.outcomes import Outcome, strongest
from anmc.rules.phone import PhoneProblem
from anmc.rules.push import decide_data, decide_opt_in, decide_opt_out, triage_push
from anmc.rules.records import NumberHash, Person, PersonId, Phone, Profile
from anmc.rules.remembered import Link, LinkState
from anmc.rules.stored import not_kept_by_person, not_kept_by_profile
from anmc.sync.book import RunBook
from anmc.sync.dead_letters import trace_of_profile
from anmc.sync.failures import CREATE_LIMIT_REACHED, RecordFailed, blaming
from anmc.sync.identity import bury, remember_link
from anmc.sync.matching import PersonMatcher
from anmc.sync.opt_outs import OptOuts
from anmc.sync.ports import Changes, Known, Service
from anmc.sync.run import RunContext
from anmc.sync.sightings import rewritten_person, rewritten_profile
from anmc.sync.tally import Detail
from anmc.sync.withdrawals import Withdrawals


class Exporter:
    """Handles the profiles of one push; opt-outs are staged, all else is written at once."""

    def __init__(self, context: RunContext, book: RunBook, opt_outs: OptOuts, withdrawals: Withdrawals) -> None:
        self._context = context
        self._book = book
        self._opt_outs = opt_outs
        self._withdrawals = withdrawals
        self._sightings = context.sightings
        self._matcher = PersonMatcher(context)

    async def handle(self, profiles: Sequence[Profile], *, lower_bound: datetime) -> None:
        """Decide about profiles side by side; the failure of one is its outcome, and the others go on.

        `lower_bound` is that of the walk that brought them (sync.md C10).
        """
        numbers = {profile.id: self._sightings.number_hash(profile.number) for profile in profiles}
        known = await self._context.memory.recall(
            profiles=numbers, numbers=[number for number in numbers.values() if number is not None]
        )
        linked = [link.person_id for link in known.link_of_profile.values()]
        named = [column_person_id(profile, self._context.policy) for profile in profiles]
        people = await self._context.memory.recall(people=[*linked, *(each for each in named if each is not None)])
        for profile in profiles:
            self._book.take_up(profile.id, known.profiles.get(profile.id), profile_id=profile.id)
        async with asyncio.TaskGroup() as group:
            for profile in profiles:
                group.create_task(self._handle(profile, numbers[profile.id], known, people, lower_bound))

    async def _handle(
        self, profile: Profile, number: NumberHash | None, known: Known, people: Known, lower_bound: datetime
    ) -> None:
        link = known.link_of_profile.get(profile.id)
        if link is not None and link.state is LinkState.RETIRED:
            link = None  # a profile that was deleted and is back is matched as a new one (M13)
        named = column_person_id(profile, self._context.policy)
        claimant = link.person_id if link is not None else named
        reading = read_membership(profile, self._context.policy.scope)
        facts = PushFacts(
            profile=profile,
            phone=self._sightings.phone(profile.number),
            membership=reading,
            link=link,
            seen=known.profiles.get(profile.id),
            person_seen=people.people.get(link.person_id) if link else None,
            holders=known.holders.get(number, frozenset()) if number is not None else frozenset(),
            alias_of=people.aliases.get(named) if named is not None else None,
            gone_at=people.tombstones.get(claimant) if claimant is not None else None,
            suppression=None if number is None else self._book.observe(reading, number, known),
            lower_bound=self._book.letters.lower_bound(profile.id, lower_bound),
        )
        triage = triage_push(facts, self._context.policy, self._context.hasher)
        try:
            if isinstance(triage, Outcome):
                self._conclude(facts, triage)
            elif triage is PushNeed.REPAIR and isinstance(facts.phone, Phone):
                self._withdrawals.repair(facts, facts.phone)
            elif isinstance(facts.phone, Phone):
                await self._match_and_decide(facts, facts.phone, triage)
            else:
                await self._decide_without_number(facts, facts.phone, triage)
        except RecordFailed as failure:
            self._conclude(facts, failure.outcome)

    async def _decide_without_number(self, facts: PushFacts, problem: PhoneProblem, need: PushNeed) -> None:
        """Nobody can be looked up, but an opt-out still reaches the linked person (sync.md I4)."""
        if need is PushNeed.OPT_OUT_MATCH and facts.link is not None:
            await self._opt_out(facts, None, MatchedPerson(facts.link.person_id, None))
        else:
            self._conclude(facts, Outcome(Category.NO_EXPORT, problem.reason))

    async def _match_and_decide(self, facts: PushFacts, phone: Phone, need: PushNeed) -> None:
        policy, hasher = self._context.policy, self._context.hasher
        with blaming(Service.ACTION_NETWORK):
            match = await self._matcher.match(facts, phone, need)
        person = match.person if isinstance(match, MatchedPerson) else None
        if need is PushNeed.OPT_OUT_MATCH:
            await self._opt_out(facts, phone, match)
            return
        if need is PushNeed.LINKED_PERSON and isinstance(match, MatchedPerson):
            decision = decide_data(facts, match, policy, hasher)
        else:
            decision = decide_opt_in(facts, match, policy, hasher)
        if decision.create is not None and not self._context.creations.claim():
            decision = PushDecision(CREATE_LIMIT_REACHED)
        if self._context.is_dry:
            self._conclude(facts, decision.outcome)
        else:
            await self._apply(facts, phone, person, decision)

    async def _opt_out(self, facts: PushFacts, phone: Phone | None, match: PersonMatch) -> None:
        """Stage an opt-out for everybody who has to hear of it; one that concerns nobody is handled with that."""
        decision = decide_opt_out(facts, match)
        if decision.opt_out:
            self._opt_outs.stage(facts, phone, decision)
            return
        await bury(self._context, facts.link, decision.gone)
        if facts.suppression is not None:
            self._book.handled(facts.suppression)
        self._conclude(facts, decision.outcome)

    async def _apply(self, facts: PushFacts, phone: Phone, read: Person | None, decision: PushDecision) -> None:
        """Write one decision to Action Network, then to Mobile Commons; each answer is remembered at once."""
        await bury(self._context, facts.link, decision.gone)
        person, update = read, dict(decision.profile_update)
        if decision.create is not None:
            person, decision = await self._create(facts, phone, decision, decision.create)
            update[self._context.policy.constituent_column] = person.id
        elif decision.update is not None and read is not None:
            written = decision.update[1]
            person = await self._update(read, decision.outcome, written)
            decision = _noting(decision, not_kept_by_person(self._context.policy.mappings, written, person.values))
        profile = facts.profile
        if update:
            self._context.floor[Service.MOBILE_COMMONS] += 1
            with blaming(Service.MOBILE_COMMONS):
                answer = await self._context.mobile_commons.update_profile(phone, update)
            profile = rewritten_profile(profile, answer, update)
            decision = _noting(decision, not_kept_by_profile(self._context.policy.mappings, update, profile.values))
        if person is not None and (decision.link_to or decision.create or decision.settle):
            await self._remember_link(facts, profile, person, phone, decision)
        linked_to = person.id if person is not None else None
        self._conclude(replace(facts, profile=profile), decision.outcome, linked_to=linked_to)

    async def _create(
        self, facts: PushFacts, phone: Phone, decision: PushDecision, new: NewPerson
    ) -> tuple[Person, PushDecision]:
        """Create a person. The link is known at once: whatever comes next, nobody is created twice.

        One who was there already is not ours: a pull has still to look at what the person says (sync.md A3).
        """
        action_network = self._context.action_network
        self._context.floor[Service.ACTION_NETWORK] += 1
        requested_at = self._context.now(Service.ACTION_NETWORK)
        with blaming(Service.ACTION_NETWORK):
            person = await action_network.create_person(new)
        if is_older(person, requested_at):
            outcome = strongest((decision.outcome,), notes=(Reason.CREATE_HIT_EXISTING,))
            decision = replace(decision, outcome=outcome)
            entry = self._sightings.written_person(person, outcome, read=None, written=new.values, before=None)
        else:
            entry = self._sightings.created_person(person, decision.outcome)
        await self._context.remember(Changes(people=[entry]))
        await self._remember_link(facts, facts.profile, person, phone, decision)
        return person, decision

    async def _update(self, read: Person, outcome: Outcome, values: Mapping[str, str]) -> Person:
        self._context.floor[Service.ACTION_NETWORK] += 1
        before = (await self._context.memory.recall(people=[read.id])).people.get(read.id)
        with blaming(Service.ACTION_NETWORK):
            answer = await self._context.action_network.update_person(read.id, values)
        person = rewritten_person(read, answer, values)
        entry = self._sightings.written_person(person, outcome, read=read, written=values, before=before)
        await self._context.remember(Changes(people=[entry]))
        return person

    async def _remember_link(
        self, facts: PushFacts, profile: Profile, person: Person, phone: Phone, decision: PushDecision
    ) -> None:
        settled = settle(self._context.policy.mappings, profile, person, decision.settle, self._context.hasher)
        # Somebody who was made anew has settled nothing with the profile yet.
        earlier = facts.link.settled if facts.link is not None and decision.create is None else {}
        link = Link(
            profile_id=profile.id,
            person_id=person.id,
            number_hash=self._context.hasher.number(phone),
            settled={**earlier, **settled},
        )
        await remember_link(self._context, link, decision.merged)

    def _conclude(self, facts: PushFacts, outcome: Outcome, *, linked_to: PersonId | None = None) -> None:
        """Count a profile's outcome and enter its form as handled."""
        person_id = linked_to or (facts.link.person_id if facts.link else None)
        trace = trace_of_profile(facts, now=self._context.now())
        self._book.count(Detail(facts.profile.id, outcome, person_id, facts.profile.id), facts.seen, trace=trace)
        self._book.enter(profiles=[self._sightings.handled_profile(facts.profile, outcome)])


def _noting(decision: PushDecision, notes: Sequence[Reason]) -> PushDecision:
    """Name what a service has not kept, unless something worse is named (sync.md F15)."""
    return replace(decision, outcome=strongest((decision.outcome,), notes=notes)) if notes else decision
