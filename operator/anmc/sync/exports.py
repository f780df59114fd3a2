"""What a push does with one profile: look at it, match it, decide, write (sync.md 5)."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from anmc.api.names import Category
from anmc.rules.consent import read_membership
from anmc.rules.decisions import MatchedPerson, NewPerson, PersonMatch, PushDecision, PushFacts, PushNeed
from anmc.rules.fields import settle
from anmc.rules.outcomes import Outcome
from anmc.rules.phone import PhoneProblem
from anmc.rules.push import decide_data, decide_opt_in, decide_opt_out, triage_push
from anmc.rules.records import NumberHash, Person, PersonId, Phone, Profile
from anmc.rules.remembered import Link, PersonSeen
from anmc.sync.book import RunBook
from anmc.sync.dead_letters import trace_of_profile
from anmc.sync.failures import RecordFailed, blaming
from anmc.sync.matching import PersonMatcher
from anmc.sync.opt_outs import OptOuts
from anmc.sync.ports import Changes, Known, Service
from anmc.sync.run import RunContext
from anmc.sync.sightings import rewritten_person, rewritten_profile
from anmc.sync.tally import Detail


class Exporter:
    """Handles the profiles of one push; opt-outs are staged, all else is written at once."""

    def __init__(self, context: RunContext, book: RunBook, opt_outs: OptOuts, *, lower_bound: datetime) -> None:
        self._context = context
        self._book = book
        self._opt_outs = opt_outs
        self._lower_bound = lower_bound
        self._sightings = context.sightings
        self._matcher = PersonMatcher(context)

    async def handle(self, profiles: Sequence[Profile]) -> None:
        """Decide about profiles side by side; the failure of one is its outcome, and the others go on."""
        numbers = {profile.id: self._sightings.number_hash(profile.number) for profile in profiles}
        known = await self._context.memory.recall(
            profiles=numbers, numbers=[number for number in numbers.values() if number is not None]
        )
        linked = [link.person_id for link in known.link_of_profile.values()]
        people = (await self._context.memory.recall(people=linked)).people
        async with asyncio.TaskGroup() as group:
            for profile in profiles:
                group.create_task(self._handle(profile, numbers[profile.id], known, people))

    async def _handle(
        self, profile: Profile, number: NumberHash | None, known: Known, people: Mapping[PersonId, PersonSeen]
    ) -> None:
        link = known.link_of_profile.get(profile.id)
        reading = read_membership(profile, self._context.policy.scope)
        facts = PushFacts(
            profile=profile,
            phone=self._sightings.phone(profile.number),
            membership=reading,
            link=link,
            seen=known.profiles.get(profile.id),
            person_seen=people.get(link.person_id) if link else None,
            suppression=None if number is None else self._book.observe(reading, number, known),
            lower_bound=self._book.letters.lower_bound(profile.id, self._lower_bound),
        )
        triage = triage_push(facts, self._context.policy, self._context.hasher)
        try:
            if isinstance(triage, Outcome):
                self._conclude(facts, triage)
            elif isinstance(facts.phone, Phone):
                holders = known.holders.get(self._context.hasher.number(facts.phone), frozenset())
                await self._match_and_decide(facts, facts.phone, triage, holders_known=holders)
            else:
                self._decide_without_number(facts, facts.phone, triage)
        except RecordFailed as failure:
            self._conclude(facts, failure.outcome)

    def _decide_without_number(self, facts: PushFacts, problem: PhoneProblem, need: PushNeed) -> None:
        """Nobody can be looked up, but an opt-out still reaches the linked person (sync.md I4)."""
        if need is PushNeed.OPT_OUT_MATCH and facts.link is not None:
            self._opt_out(facts, None, MatchedPerson(facts.link.person_id, None), holders_known=frozenset())
        else:
            self._conclude(facts, Outcome(Category.NO_EXPORT, problem.reason))

    async def _match_and_decide(
        self, facts: PushFacts, phone: Phone, need: PushNeed, *, holders_known: frozenset[PersonId]
    ) -> None:
        policy, hasher = self._context.policy, self._context.hasher
        with blaming(Service.ACTION_NETWORK):
            match = await self._matcher.match(facts, phone, need)
        person = match.person if isinstance(match, MatchedPerson) else None
        if need is PushNeed.OPT_OUT_MATCH:
            self._opt_out(facts, phone, match, holders_known=holders_known)
            return
        if need is PushNeed.LINKED_PERSON and person is not None:
            decision = decide_data(facts, person, policy, hasher)
        else:
            decision = decide_opt_in(facts, match, policy, hasher)
        if self._context.is_dry:
            self._conclude(facts, decision.outcome)
        else:
            await self._apply(facts, phone, person, decision)

    def _opt_out(
        self, facts: PushFacts, phone: Phone | None, match: PersonMatch, *, holders_known: frozenset[PersonId]
    ) -> None:
        """Stage an opt-out for everybody who has to hear of it; one that concerns nobody is handled with that."""
        decision = decide_opt_out(facts, match)
        if decision.opt_out and not self._context.is_dry:
            self._opt_outs.stage(facts, phone, decision, holders_known=holders_known)
            return
        if facts.suppression is not None:
            self._book.handled(facts.suppression)
        self._conclude(facts, decision.outcome)

    async def _apply(self, facts: PushFacts, phone: Phone, read: Person | None, decision: PushDecision) -> None:
        """Write one decision to Action Network, then to Mobile Commons; each answer is remembered at once."""
        person, update = read, dict(decision.profile_update)
        if decision.create is not None:
            person = await self._create(facts, phone, decision, decision.create)
            update[self._context.policy.constituent_column] = person.id
        elif decision.update is not None and read is not None:
            person = await self._update(read, decision.outcome, decision.update[1])
        profile = facts.profile
        if update:
            self._context.floor[Service.MOBILE_COMMONS] += 1
            with blaming(Service.MOBILE_COMMONS):
                answer = await self._context.mobile_commons.update_profile(phone, update)
            profile = rewritten_profile(profile, answer, update)
        if person is not None and (decision.link_to or decision.create or decision.settle):
            await self._remember_link(facts, profile, person, phone, decision)
        linked_to = person.id if person is not None else None
        self._conclude(replace(facts, profile=profile), decision.outcome, linked_to=linked_to)

    async def _create(self, facts: PushFacts, phone: Phone, decision: PushDecision, new: NewPerson) -> Person:
        """Create a person. The link is known at once: whatever comes next, nobody is created twice."""
        self._context.floor[Service.ACTION_NETWORK] += 1
        with blaming(Service.ACTION_NETWORK):
            person = await self._context.action_network.create_person(new)
        entry = self._sightings.created_person(person, decision.outcome)
        await self._context.remember(Changes(people=[entry]))
        await self._remember_link(facts, facts.profile, person, phone, decision)
        return person

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
        link = Link(
            profile_id=profile.id,
            person_id=person.id,
            number_hash=self._context.hasher.number(phone),
            settled={**(facts.link.settled if facts.link else {}), **settled},
        )
        await self._context.remember(Changes(links=[link]))

    def _conclude(self, facts: PushFacts, outcome: Outcome, *, linked_to: PersonId | None = None) -> None:
        """Count a profile's outcome and enter its form as handled."""
        person_id = facts.link.person_id if facts.link else linked_to
        trace = trace_of_profile(facts, now=self._context.now())
        self._book.count(Detail(facts.profile.id, outcome, person_id, facts.profile.id), facts.seen, trace=trace)
        self._book.enter(profiles=[self._sightings.handled_profile(facts.profile, outcome)])
